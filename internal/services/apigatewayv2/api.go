package apigatewayv2

import (
	"context"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// api is an HTTP API with all that belongs to it but its deployments. Parts are by id, stages by name.
type api struct {
	types.Api
	Routes       map[string]types.Route
	Integrations map[string]types.Integration
	Authorizers  map[string]types.Authorizer
	Stages       map[string]types.Stage
}

// The quotas of an API.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const (
	maxRoutes       = 300
	maxIntegrations = 300
	maxAuthorizers  = 10
	maxStages       = 10
)

const (
	routeSelection = "$request.method $request.path"
	keySelection   = "$request.header.x-api-key"
)

// find reads an API.
func (s *Service) find(tx *store.Tx, k store.Key) (api, error) {
	a, err := s.apis.Get(tx, k)
	if absent(err) {
		err = missing("Invalid API identifier specified %s:%s", k.Account, k.ID)
	}
	return a, err
}

// read gives an API of the caller's.
func (s *Service) read(ctx context.Context, id *string) (a api, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		a, err = s.find(tx, here(ctx, id))
		return err
	})
	return a, err
}

// change reads, changes and writes an API of the caller's.
func (s *Service) change(ctx context.Context, id *string, f func(tx *store.Tx, a *api) error) error {
	k := here(ctx, id)
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		a, err := s.find(tx, k)
		if err != nil {
			return err
		}
		if err := f(tx, &a); err != nil {
			return err
		}
		return s.apis.Put(tx, k, a)
	})
}

// deploy is change for what deployments hold: stages that deploy by themselves get the change at once.
func (s *Service) deploy(ctx context.Context, id *string, f func(tx *store.Tx, a *api) error) error {
	return s.change(ctx, id, func(tx *store.Tx, a *api) error {
		if err := f(tx, a); err != nil {
			return err
		}
		return s.autoDeploy(tx, here(ctx, id), a, wire.CallOf(ctx).Time)
	})
}

// shown is an API as its caller sees it.
func (s *Service) shown(ctx context.Context, a api) types.Api {
	out := a.Api
	out.ApiEndpoint = aws.String(s.endpoint(wire.CallOf(ctx).Host, aws.ToString(a.ApiId)))
	return out
}

// endpoint is where an API is reached by who called host.
func (s *Service) endpoint(host, id string) string {
	base := "http://" + host
	if name, _, err := net.SplitHostPort(host); host == "" || err == nil && name == "atelier.internal" || host == "atelier.internal" {
		base = s.URL
	}
	return base + "/_atelier/execute-api/" + id
}

// blankAPI is an API without routes.
func (s *Service) blankAPI(ctx context.Context) api {
	return api{Api: types.Api{ApiId: aws.String(newID(ctx, 10)), ProtocolType: types.ProtocolTypeHttp, CreatedDate: aws.Time(wire.CallOf(ctx).Time),
		RouteSelectionExpression: aws.String(routeSelection), ApiKeySelectionExpression: aws.String(keySelection), DisableExecuteApiEndpoint: aws.Bool(false),
		IpAddressType: types.IpAddressTypeIpv4, Tags: map[string]string{}},
		Routes: map[string]types.Route{}, Integrations: map[string]types.Integration{}, Authorizers: map[string]types.Authorizer{}, Stages: map[string]types.Stage{}}
}

// CreateApi makes an API; with a target one that answers at once.
// Source: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html
func (s *Service) CreateApi(ctx context.Context, in *apigatewayv2.CreateApiInput) (*apigatewayv2.CreateApiOutput, error) {
	if in.ProtocolType != types.ProtocolTypeHttp {
		return nil, invalid("WebSocket APIs are not implemented by Atelier; the protocol type is HTTP.")
	}
	if in.RouteKey != nil && in.Target == nil {
		return nil, invalid("Target must be specified when a route key is specified")
	}
	a := s.blankAPI(ctx)
	merge(&a.Api, in)
	if err := a.check(); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	maps.Copy(a.Tags, in.Tags)
	k := here(ctx, a.ApiId)
	if err := s.Store.Update(ctx, func(tx *store.Tx) error {
		if in.Target != nil {
			if err := a.quick(in.Target, in.CredentialsArn, in.RouteKey, wire.CallOf(ctx).Time); err != nil {
				return err
			}
			if err := s.autoDeploy(tx, k, &a, wire.CallOf(ctx).Time); err != nil {
				return err
			}
		}
		err := s.apis.Insert(tx, k, a)
		if err == store.ErrExists { // the same call came before
			a, err = s.find(tx, k)
		}
		return err
	}); err != nil {
		return nil, err
	}
	return like[apigatewayv2.CreateApiOutput](s.shown(ctx, a)), nil
}

// check wants what an HTTP API is.
func (a *api) check() error {
	if e := aws.ToString(a.RouteSelectionExpression); e != routeSelection && e != "${request.method} ${request.path}" {
		return invalid("Route selection expression must be %s for an HTTP API", routeSelection)
	}
	return checkCors(a.CorsConfiguration)
}

// GetApi tells of an API.
func (s *Service) GetApi(ctx context.Context, in *apigatewayv2.GetApiInput) (*apigatewayv2.GetApiOutput, error) {
	a, err := s.read(ctx, in.ApiId)
	if err != nil {
		return nil, err
	}
	return like[apigatewayv2.GetApiOutput](s.shown(ctx, a)), nil
}

// GetApis lists the APIs of an account.
func (s *Service) GetApis(ctx context.Context, in *apigatewayv2.GetApisInput) (*apigatewayv2.GetApisOutput, error) {
	k, list := here(ctx, nil), []types.Api{}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := s.apis.List(tx, store.Range{Account: k.Account, Region: k.Region})
		for _, r := range rows {
			list = append(list, s.shown(ctx, r.Value))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b types.Api) int { return strings.Compare(*a.ApiId, *b.ApiId) })
	items, next, err := page(ctx, list, func(a types.Api) string { return *a.ApiId }, in.MaxResults, in.NextToken)
	return &apigatewayv2.GetApisOutput{Items: items, NextToken: next}, err
}

// UpdateApi changes an API; the target, role and route key are those of a quick create.
func (s *Service) UpdateApi(ctx context.Context, in *apigatewayv2.UpdateApiInput) (*apigatewayv2.UpdateApiOutput, error) {
	var a api
	err := s.deploy(ctx, in.ApiId, func(tx *store.Tx, has *api) error {
		merge(&has.Api, in)
		if err := has.check(); err != nil {
			return err
		}
		if in.Target != nil || in.CredentialsArn != nil || in.RouteKey != nil {
			if err := has.requick(in.Target, in.CredentialsArn, in.RouteKey); err != nil {
				return err
			}
		}
		a = *has
		return nil
	})
	if err != nil {
		return nil, err
	}
	return like[apigatewayv2.UpdateApiOutput](s.shown(ctx, a)), nil
}

// DeleteApi removes an API with all that belongs to it.
func (s *Service) DeleteApi(ctx context.Context, in *apigatewayv2.DeleteApiInput) (*apigatewayv2.DeleteApiOutput, error) {
	k := here(ctx, in.ApiId)
	return &apigatewayv2.DeleteApiOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.find(tx, k); err != nil {
			return err
		}
		domains, err := s.domains.List(tx, store.Range{Account: k.Account, Region: k.Region})
		if err != nil {
			return err
		}
		for _, d := range domains {
			for _, m := range d.Value.Mappings {
				if *m.ApiId == k.ID {
					return conflict("API is mapped to the domain name %s; delete the API mapping first", d.Key.ID)
				}
			}
		}
		if _, err := s.deployments.DeleteAll(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + "/"}); err != nil {
			return err
		}
		return s.apis.Delete(tx, k)
	})
}
