package apigatewayv2

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/openapi"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// definition reads a document, and wants that its warnings are no reason to fail.
func definition(body, basepath *string, strict *bool) (openapi.API, error) {
	base := strings.ToLower(aws.ToString(basepath))
	switch base {
	case "", openapi.Ignore, openapi.Prepend, openapi.Split:
	default:
		return openapi.API{}, invalid("Invalid basepath value: %s. It is ignore, prepend or split.", base)
	}
	d, err := openapi.Read([]byte(aws.ToString(body)), base)
	if err != nil {
		return d, invalid("%s", upper(err.Error()))
	}
	if aws.ToBool(strict) && len(d.Warnings) > 0 {
		return d, invalid("Warnings found during import:\n\t%s", strings.Join(d.Warnings, "\n\t"))
	}
	return d, nil
}

// define makes an API what a document says. Stages stay.
func (a *api) define(ctx context.Context, d openapi.API) error {
	a.Name, a.Version, a.Description = &d.Title, filled(d.Version), filled(d.Description)
	a.CorsConfiguration, a.Warnings = d.Cors, d.Warnings
	if d.Closed != nil {
		a.DisableExecuteApiEndpoint = d.Closed
	}
	for k, v := range d.Tags {
		a.Tags[k] = v
	}
	if err := checkTags(a.Tags); err != nil {
		return err
	}
	if err := a.check(); err != nil {
		return err
	}
	if len(d.Routes) > maxRoutes || len(d.Authorizers) > maxAuthorizers {
		return invalid("An API has at most %d routes and %d authorizers", maxRoutes, maxAuthorizers)
	}
	a.Routes, a.Integrations, a.Authorizers = map[string]types.Route{}, map[string]types.Integration{}, map[string]types.Authorizer{}
	ids, names := make([]string, len(d.Integrations)), map[string]string{}
	for n, i := range d.Integrations {
		if err := checkIntegration(&i); err != nil {
			return err
		}
		if err := mayPass(ctx, i.CredentialsArn); err != nil {
			return err
		}
		ids[n] = identity.RandomID(7)
		i.IntegrationId, i.ApiGatewayManaged = &ids[n], aws.Bool(false)
		a.Integrations[ids[n]] = i
	}
	for name, x := range d.Authorizers {
		id := identity.RandomID(6)
		x.AuthorizerId, names[name] = &id, id
		if err := a.checkAuthorizer(&x); err != nil {
			return err
		}
		if err := mayPass(ctx, x.AuthorizerCredentialsArn); err != nil {
			return err
		}
		a.Authorizers[id] = x
	}
	for _, r := range d.Routes {
		to := types.Route{RouteId: aws.String(identity.RandomID(7)), RouteKey: aws.String(r.Key), OperationName: filled(r.Operation), ApiGatewayManaged: aws.Bool(false),
			ApiKeyRequired: aws.Bool(false), AuthorizationType: types.AuthorizationTypeNone}
		if r.Integration >= 0 {
			to.Target = aws.String("integrations/" + ids[r.Integration])
		}
		switch {
		case r.IAM:
			to.AuthorizationType = types.AuthorizationTypeAwsIam
		case r.Authorizer != "":
			to.AuthorizerId, to.AuthorizationType = aws.String(names[r.Authorizer]), types.AuthorizationTypeCustom
			if d.Authorizers[r.Authorizer].AuthorizerType == types.AuthorizerTypeJwt {
				to.AuthorizationType, to.AuthorizationScopes = types.AuthorizationTypeJwt, r.Scopes
			}
		}
		if err := a.checkRoute(to); err != nil {
			return err
		}
		a.Routes[*to.RouteId] = to
	}
	return nil
}

func filled(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// mayPass wants that the caller may pass a role that a document names.
func mayPass(ctx context.Context, role *string) error {
	if role == nil {
		return nil
	}
	ok, err := wire.May(ctx, wire.Target{Action: "iam:PassRole", Resource: *role, Context: authz.Context{"iam:PassedToService": {principal}}})
	if err == nil && !ok {
		err = &types.AccessDeniedException{Message: aws.String("The caller may not pass the role " + *role + " to API Gateway.")}
	}
	return err
}

// ImportApi makes an API of an OpenAPI document.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html
func (s *Service) ImportApi(ctx context.Context, in *apigatewayv2.ImportApiInput) (*apigatewayv2.ImportApiOutput, error) {
	d, err := definition(in.Body, in.Basepath, in.FailOnWarnings)
	if err != nil {
		return nil, err
	}
	a := s.blankAPI(ctx)
	if err := a.define(ctx, d); err != nil {
		return nil, err
	}
	k := here(ctx, a.ApiId)
	if err := s.Store.Update(ctx, func(tx *store.Tx) error {
		err := s.apis.Insert(tx, k, a)
		if err == store.ErrExists { // the same call came before
			a, err = s.find(tx, k)
		}
		return err
	}); err != nil {
		return nil, err
	}
	return like[apigatewayv2.ImportApiOutput](s.shown(ctx, a)), nil
}

// ReimportApi puts an OpenAPI document in the place of what an API was. Stages stay as they are.
func (s *Service) ReimportApi(ctx context.Context, in *apigatewayv2.ReimportApiInput) (*apigatewayv2.ReimportApiOutput, error) {
	d, err := definition(in.Body, in.Basepath, in.FailOnWarnings)
	if err != nil {
		return nil, err
	}
	var a api
	if err := s.deploy(ctx, in.ApiId, func(_ *store.Tx, has *api) error {
		err := has.define(ctx, d)
		a = *has
		return err
	}); err != nil {
		return nil, err
	}
	return like[apigatewayv2.ReimportApiOutput](s.shown(ctx, a)), nil
}
