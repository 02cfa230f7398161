package apigatewayv2

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/routing"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// checkRoute wants a route that fits its API.
func (a *api) checkRoute(r types.Route) error {
	key, err := routing.Parse(aws.ToString(r.RouteKey))
	if err != nil {
		return invalid("%s", upper(err.Error()))
	}
	for id, other := range a.Routes {
		if k, err := routing.Parse(aws.ToString(other.RouteKey)); err == nil && id != *r.RouteId && k.Same(key) {
			return conflict("Route with key %s already exists for this API", *r.RouteKey)
		}
	}
	if aws.ToBool(r.ApiKeyRequired) || r.ModelSelectionExpression != nil || len(r.RequestModels) > 0 || len(r.RequestParameters) > 0 ||
		r.RouteResponseSelectionExpression != nil {
		return invalid("API keys, models, request parameters and route responses are supported only for WebSocket APIs")
	}
	if r.Target != nil {
		id, ok := strings.CutPrefix(*r.Target, "integrations/")
		if _, known := a.Integrations[id]; !ok || !known {
			return invalid("Invalid target %s: it names no integration of this API", *r.Target)
		}
	}
	return a.checkAuthorization(r)
}

func (a *api) checkAuthorization(r types.Route) error {
	authorizer, known := a.Authorizers[aws.ToString(r.AuthorizerId)]
	want := types.AuthorizerTypeJwt
	switch r.AuthorizationType {
	case types.AuthorizationTypeCustom:
		want = types.AuthorizerTypeRequest
	case types.AuthorizationTypeJwt:
	default:
		if r.AuthorizerId != nil && *r.AuthorizerId != "" {
			return invalid("An authorizer cannot be given with the authorization type %s", r.AuthorizationType)
		}
		if len(r.AuthorizationScopes) > 0 {
			return invalid("Authorization scopes are supported only with JWT authorizers")
		}
		return nil
	}
	if !known || authorizer.AuthorizerType != want {
		return invalid("The authorization type %s needs an authorizer of type %s of this API", r.AuthorizationType, want)
	}
	if len(r.AuthorizationScopes) > 0 && want != types.AuthorizerTypeJwt {
		return invalid("Authorization scopes are supported only with JWT authorizers")
	}
	return nil
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func (a *api) route(id *string) (types.Route, error) {
	r, ok := a.Routes[aws.ToString(id)]
	if !ok {
		return r, missing("Invalid Route identifier specified")
	}
	return r, nil
}

// CreateRoute makes a route.
// Source: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-routes.html
func (s *Service) CreateRoute(ctx context.Context, in *apigatewayv2.CreateRouteInput) (*apigatewayv2.CreateRouteOutput, error) {
	r := types.Route{RouteId: aws.String(newID(ctx, 7)), ApiGatewayManaged: aws.Bool(false), ApiKeyRequired: aws.Bool(false),
		AuthorizationType: types.AuthorizationTypeNone, RequestModels: in.RequestModels, RequestParameters: in.RequestParameters}
	merge(&r, in)
	err := s.deploy(ctx, in.ApiId, func(_ *store.Tx, a *api) error {
		if len(a.Routes) >= maxRoutes {
			return invalid("The number of routes exceeds the limit of %d", maxRoutes)
		}
		if err := a.checkRoute(r); err != nil {
			return err
		}
		a.Routes[*r.RouteId] = r
		return nil
	})
	if err != nil {
		return nil, err
	}
	return like[apigatewayv2.CreateRouteOutput](r), nil
}

// GetRoute tells of a route.
func (s *Service) GetRoute(ctx context.Context, in *apigatewayv2.GetRouteInput) (*apigatewayv2.GetRouteOutput, error) {
	a, err := s.read(ctx, in.ApiId)
	if err != nil {
		return nil, err
	}
	r, err := a.route(in.RouteId)
	if err != nil {
		return nil, err
	}
	return like[apigatewayv2.GetRouteOutput](r), nil
}

// GetRoutes lists the routes of an API.
func (s *Service) GetRoutes(ctx context.Context, in *apigatewayv2.GetRoutesInput) (*apigatewayv2.GetRoutesOutput, error) {
	a, err := s.read(ctx, in.ApiId)
	if err != nil {
		return nil, err
	}
	items, next, err := page(ctx, sorted(a.Routes), func(r types.Route) string { return *r.RouteId }, in.MaxResults, in.NextToken)
	return &apigatewayv2.GetRoutesOutput{Items: items, NextToken: next}, err
}

// UpdateRoute changes a route.
func (s *Service) UpdateRoute(ctx context.Context, in *apigatewayv2.UpdateRouteInput) (*apigatewayv2.UpdateRouteOutput, error) {
	var r types.Route
	err := s.deploy(ctx, in.ApiId, func(_ *store.Tx, a *api) (err error) {
		if r, err = a.route(in.RouteId); err != nil {
			return err
		}
		merge(&r, in)
		r.RequestModels, r.RequestParameters = in.RequestModels, in.RequestParameters
		if t := in.AuthorizationType; t != "" && t != types.AuthorizationTypeJwt && t != types.AuthorizationTypeCustom {
			r.AuthorizerId, r.AuthorizationScopes = in.AuthorizerId, in.AuthorizationScopes
		}
		if err := a.checkRoute(r); err != nil {
			return err
		}
		a.Routes[*r.RouteId] = r
		return nil
	})
	if err != nil {
		return nil, err
	}
	return like[apigatewayv2.UpdateRouteOutput](r), nil
}

// DeleteRoute removes a route.
func (s *Service) DeleteRoute(ctx context.Context, in *apigatewayv2.DeleteRouteInput) (*apigatewayv2.DeleteRouteOutput, error) {
	return &apigatewayv2.DeleteRouteOutput{}, s.deploy(ctx, in.ApiId, func(_ *store.Tx, a *api) error {
		if _, err := a.route(in.RouteId); err != nil {
			return err
		}
		delete(a.Routes, *in.RouteId)
		return nil
	})
}
