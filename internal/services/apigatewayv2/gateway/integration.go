package gateway

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/expression"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/payload"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// integration is what a route calls, ready to be called.
type integration struct {
	function  string // ARN, maybe with a qualifier; "": none
	uri       string // of an HTTP integration; variables of the path are left in it
	method    string // of an HTTP integration, "ANY" for the request's
	service   *serviceCall
	role      string
	version   string
	timeout   time.Duration
	request   []change
	responses map[int][]change
}

const (
	maxWait = 30 * time.Second
	// maxPayload is the largest request and answer.
	// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
	maxPayload = 10 << 20
)

// Check tells what is wrong with an integration.
func Check(i types.Integration) error {
	_, err := compileIntegration(i, nil)
	return err
}

// compileIntegration makes an integration ready. Without variables (nil) it is for no stage yet.
func compileIntegration(i types.Integration, variables map[string]string) (*integration, error) {
	out := &integration{role: aws.ToString(i.CredentialsArn), version: aws.ToString(i.PayloadFormatVersion), timeout: maxWait}
	if i.TimeoutInMillis != nil {
		out.timeout = time.Duration(*i.TimeoutInMillis) * time.Millisecond
	}
	var err error
	if i.IntegrationSubtype != nil {
		if out.service, err = compileCall(*i.IntegrationSubtype, i.RequestParameters); err != nil {
			return nil, err
		}
	} else if out.request, err = parameters(i.RequestParameters, false); err != nil {
		return nil, err
	}
	for status, has := range i.ResponseParameters {
		n, err := strconv.Atoi(status)
		if err != nil || n < 200 || n > 599 {
			return nil, fmt.Errorf("invalid status code %q in response parameters", status)
		}
		changes, err := parameters(has, true)
		if err != nil {
			return nil, err
		}
		if out.responses == nil {
			out.responses = map[int][]change{}
		}
		out.responses[n] = changes
	}
	if out.service != nil {
		return out, nil
	}
	uri, err := filled(aws.ToString(i.IntegrationUri), variables)
	if err != nil {
		return nil, err
	}
	if i.IntegrationType == types.IntegrationTypeAwsProxy {
		if out.function, err = Function(uri); err != nil {
			return nil, err
		}
		if out.version != payload.V1 && out.version != payload.V2 {
			return nil, errors.New("payloadFormatVersion must be 1.0 or 2.0")
		}
		return out, nil
	}
	out.method = aws.ToString(i.IntegrationMethod)
	out.uri = uri
	return out, checkURL(uri)
}

// filled puts the stage's variables into a URI; when there is no stage yet, anything.
func filled(uri string, variables map[string]string) (string, error) {
	t, err := expression.Parse(uri, "stageVariables")
	if err != nil {
		return "", err
	}
	for _, v := range t.Variables() {
		if _, ok := stageSource(variables).Value(v); !ok && variables != nil {
			return "", fmt.Errorf("stage variable %s is not set", v)
		}
	}
	return t.Fill(stageSource(variables), "x"), nil
}

type stageSource map[string]string

// Value gives a stage variable.
func (s stageSource) Value(v expression.Variable) (string, bool) {
	value, ok := s[v.Path[0]]
	return value, ok && len(v.Path) == 1
}

var invocation = regexp.MustCompile(`^arn:aws:apigateway:[a-z0-9-]+:lambda:path/2015-03-31/functions/(.+)/invocations$`)

// Function reads the function that a URI names, which is an ARN of Lambda's or the path of its invocation.
func Function(uri string) (string, error) {
	name := uri
	if m := invocation.FindStringSubmatch(uri); m != nil {
		name = m[1]
	}
	a, err := arn.Parse(name)
	if err != nil || a.Service != "lambda" || !strings.HasPrefix(a.Resource, "function:") {
		return "", fmt.Errorf("invalid function ARN or invalid URI: %s", uri)
	}
	return name, nil
}

// checkURL wants an address whose host no request can choose.
func checkURL(uri string) error {
	host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(uri, "https://"), "http://"), "/")
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(host, "{}?#") {
		return fmt.Errorf("invalid HTTP endpoint specified for URI: %s", uri)
	}
	return nil
}

// Method tells whether an HTTP integration may be called by a method.
func Method(m string) bool {
	return slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY"}, m)
}
