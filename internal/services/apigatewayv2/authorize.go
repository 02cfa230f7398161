package apigatewayv2

import (
	"context"
	"net/url"
	"reflect"
	"strings"
	"sync"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/atelier-studio/atelier/internal/wire/facts"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// principal is the service as functions' policies and roles name it.
const principal = "apigateway.amazonaws.com"

// op lists a handler. It is authorized as API Gateway does it: by the HTTP method, on the path of its own API.
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html
func op[I, O any](f func(context.Context, *I) (*O, error)) wire.Operation {
	name := strings.TrimSuffix(reflect.TypeFor[I]().Name(), "Input")
	bound := sync.OnceValues(func() (facts.HTTP, error) {
		f, err := facts.Load("apigatewayv2")
		if err != nil {
			return facts.HTTP{}, err
		}
		return f.Operations[name].HTTP, nil
	})
	return wire.Op(f, wire.On(func(ctx context.Context, in *I) ([]wire.Target, error) {
		h, err := bound()
		if err != nil {
			return nil, err
		}
		v := reflect.ValueOf(in).Elem()
		targets := []wire.Target{{Action: "apigateway:" + h.Method,
			Resource: "arn:aws:apigateway:" + wire.CallOf(ctx).Region + "::" + expand(strings.TrimPrefix(h.URI, "/v2"), v)}}
		for _, member := range []string{"CredentialsArn", "AuthorizerCredentialsArn"} {
			if f := v.FieldByName(member); f.IsValid() && !f.IsNil() && f.Elem().String() != "" {
				targets = append(targets, wire.Target{Action: "iam:PassRole", Resource: f.Elem().String(),
					Context: authz.Context{"iam:PassedToService": {principal}}})
			}
		}
		return targets, nil
	}))
}

// expand fills a path's template from an input's members.
func expand(template string, in reflect.Value) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(template, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		var name string
		name, template, _ = strings.Cut(rest, "}")
		if name == "resource-arn" {
			b.WriteString(url.QueryEscape(*in.FieldByName("ResourceArn").Interface().(*string)))
			continue
		}
		value, _ := in.FieldByName(strings.ToUpper(name[:1]) + name[1:]).Interface().(*string)
		b.WriteString(aws.ToString(value))
	}
}
