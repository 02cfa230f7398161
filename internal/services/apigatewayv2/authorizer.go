package apigatewayv2

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/gateway"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// answerLife is how long an authorizer's answer counts when nobody says otherwise, in seconds.
const answerLife = 300

// checkAuthorizer wants an authorizer that works, and gives it what it leaves out.
func (a *api) checkAuthorizer(x *types.Authorizer) error {
	for id, other := range a.Authorizers {
		if id != *x.AuthorizerId && aws.ToString(other.Name) == aws.ToString(x.Name) {
			return conflict("Authorizer with name %s already exists for this API", *x.Name)
		}
	}
	switch x.AuthorizerType {
	case types.AuthorizerTypeJwt:
		if x.AuthorizerUri != nil || x.AuthorizerPayloadFormatVersion != nil || x.EnableSimpleResponses != nil || x.AuthorizerResultTtlInSeconds != nil {
			return invalid("Authorizer URI, payload format version, simple responses and TTL are supported only for REQUEST authorizers")
		}
	case types.AuthorizerTypeRequest:
		if x.JwtConfiguration != nil {
			return invalid("JWT configuration is supported only for JWT authorizers")
		}
		if x.EnableSimpleResponses == nil {
			x.EnableSimpleResponses = aws.Bool(false)
		}
		if x.AuthorizerResultTtlInSeconds == nil {
			x.AuthorizerResultTtlInSeconds = aws.Int32(0)
			if len(x.IdentitySource) > 0 {
				*x.AuthorizerResultTtlInSeconds = answerLife
			}
		}
	}
	if x.IdentityValidationExpression != nil {
		return invalid("Identity validation expressions are not supported for HTTP APIs")
	}
	switch role := aws.ToString(x.AuthorizerCredentialsArn); {
	case role == "":
		x.AuthorizerCredentialsArn = nil
	case !strings.Contains(role, ":role/"):
		return invalid("Invalid credentials: Atelier takes the ARN of a role.")
	}
	if err := gateway.CheckAuthorizer(*x); err != nil {
		return invalid("%s", upper(err.Error()))
	}
	return nil
}

func (a *api) authorizer(id *string) (types.Authorizer, error) {
	x, ok := a.Authorizers[aws.ToString(id)]
	if !ok {
		return x, missing("Invalid Authorizer identifier specified")
	}
	return x, nil
}

// CreateAuthorizer makes an authorizer.
// Source: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-authorizers.html
func (s *Service) CreateAuthorizer(ctx context.Context, in *apigatewayv2.CreateAuthorizerInput) (*apigatewayv2.CreateAuthorizerOutput, error) {
	x := types.Authorizer{AuthorizerId: aws.String(newID(ctx, 6))}
	merge(&x, in)
	if err := s.deploy(ctx, in.ApiId, func(_ *store.Tx, a *api) error {
		if len(a.Authorizers) >= maxAuthorizers {
			return invalid("The number of authorizers exceeds the limit of %d", maxAuthorizers)
		}
		if err := a.checkAuthorizer(&x); err != nil {
			return err
		}
		a.Authorizers[*x.AuthorizerId] = x
		return nil
	}); err != nil {
		return nil, err
	}
	return like[apigatewayv2.CreateAuthorizerOutput](x), nil
}

// GetAuthorizer tells of an authorizer.
func (s *Service) GetAuthorizer(ctx context.Context, in *apigatewayv2.GetAuthorizerInput) (*apigatewayv2.GetAuthorizerOutput, error) {
	a, err := s.read(ctx, in.ApiId)
	if err != nil {
		return nil, err
	}
	x, err := a.authorizer(in.AuthorizerId)
	if err != nil {
		return nil, err
	}
	return like[apigatewayv2.GetAuthorizerOutput](x), nil
}

// GetAuthorizers lists the authorizers of an API.
func (s *Service) GetAuthorizers(ctx context.Context, in *apigatewayv2.GetAuthorizersInput) (*apigatewayv2.GetAuthorizersOutput, error) {
	a, err := s.read(ctx, in.ApiId)
	if err != nil {
		return nil, err
	}
	items, next, err := page(ctx, sorted(a.Authorizers), func(x types.Authorizer) string { return *x.AuthorizerId }, in.MaxResults, in.NextToken)
	return &apigatewayv2.GetAuthorizersOutput{Items: items, NextToken: next}, err
}

// UpdateAuthorizer changes an authorizer.
func (s *Service) UpdateAuthorizer(ctx context.Context, in *apigatewayv2.UpdateAuthorizerInput) (*apigatewayv2.UpdateAuthorizerOutput, error) {
	var x types.Authorizer
	err := s.deploy(ctx, in.ApiId, func(_ *store.Tx, a *api) (err error) {
		if x, err = a.authorizer(in.AuthorizerId); err != nil {
			return err
		}
		if in.AuthorizerType != "" && in.AuthorizerType != x.AuthorizerType {
			return invalid("The type of an authorizer cannot be changed")
		}
		if c := in.JwtConfiguration; c != nil && x.JwtConfiguration != nil {
			merged := *x.JwtConfiguration
			merge(&merged, c)
			in.JwtConfiguration = &merged
		}
		merge(&x, in)
		if err := a.checkAuthorizer(&x); err != nil {
			return err
		}
		a.Authorizers[*x.AuthorizerId] = x
		return nil
	})
	if err != nil {
		return nil, err
	}
	for name := range s.stageNames(ctx, in.ApiId) {
		s.gateway.Reset(*in.ApiId, name) // what it said by its old settings
	}
	return like[apigatewayv2.UpdateAuthorizerOutput](x), nil
}

func (s *Service) stageNames(ctx context.Context, id *string) map[string]types.Stage {
	a, _ := s.read(ctx, id) // an API that is gone has no stages
	return a.Stages
}

// DeleteAuthorizer removes an authorizer that no route has.
func (s *Service) DeleteAuthorizer(ctx context.Context, in *apigatewayv2.DeleteAuthorizerInput) (*apigatewayv2.DeleteAuthorizerOutput, error) {
	return &apigatewayv2.DeleteAuthorizerOutput{}, s.deploy(ctx, in.ApiId, func(_ *store.Tx, a *api) error {
		if _, err := a.authorizer(in.AuthorizerId); err != nil {
			return err
		}
		for _, r := range a.Routes {
			if aws.ToString(r.AuthorizerId) == *in.AuthorizerId {
				return conflict("Cannot delete Authorizer '%s'. The authorizer is referenced by Route with key '%s'.", *in.AuthorizerId, *r.RouteKey)
			}
		}
		delete(a.Authorizers, *in.AuthorizerId)
		return nil
	})
}

// ResetAuthorizersCache forgets what the authorizers of a stage have answered.
func (s *Service) ResetAuthorizersCache(ctx context.Context, in *apigatewayv2.ResetAuthorizersCacheInput) (*apigatewayv2.ResetAuthorizersCacheOutput, error) {
	a, err := s.read(ctx, in.ApiId)
	if err != nil {
		return nil, err
	}
	if _, err := a.stage(in.StageName); err != nil {
		return nil, err
	}
	s.gateway.Reset(*in.ApiId, *in.StageName)
	return &apigatewayv2.ResetAuthorizersCacheOutput{}, nil
}
