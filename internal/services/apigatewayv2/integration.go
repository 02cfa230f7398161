package apigatewayv2

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/gateway"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/payload"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// checkIntegration wants an integration that an HTTP API can have, and gives it what it leaves out.
func checkIntegration(i *types.Integration) error {
	if i.ConnectionType == types.ConnectionTypeVpcLink || i.ConnectionId != nil {
		return invalid("VPC links are not implemented by Atelier; the connection type is INTERNET.")
	}
	i.ConnectionType = types.ConnectionTypeInternet
	if i.TimeoutInMillis == nil {
		i.TimeoutInMillis = aws.Int32(30000)
	}
	if i.PayloadFormatVersion == nil || *i.PayloadFormatVersion == "" {
		i.PayloadFormatVersion = aws.String(payload.V1)
	}
	if len(i.RequestTemplates) > 0 || i.TemplateSelectionExpression != nil || i.PassthroughBehavior != "" || i.ContentHandlingStrategy != "" {
		return invalid("Templates, pass-through behavior and content handling are supported only for WebSocket APIs")
	}
	switch role := aws.ToString(i.CredentialsArn); {
	case role == "":
		i.CredentialsArn = nil
	case !strings.Contains(role, ":role/"):
		return invalid("Invalid credentials: Atelier takes the ARN of a role.")
	}
	switch i.IntegrationType {
	case types.IntegrationTypeHttpProxy:
		i.IntegrationMethod = orDefault(i.IntegrationMethod, "ANY")
		if i.IntegrationSubtype != nil {
			return invalid("Integration subtype is supported only for AWS_PROXY integrations")
		}
		if *i.PayloadFormatVersion != payload.V1 {
			return invalid("PayloadFormatVersion of an HTTP_PROXY integration must be 1.0")
		}
	case types.IntegrationTypeAwsProxy:
		if i.IntegrationSubtype != nil {
			if i.CredentialsArn == nil {
				return invalid("Credentials are required for the integration subtype %s", *i.IntegrationSubtype)
			}
			if i.IntegrationUri != nil || *i.PayloadFormatVersion != payload.V1 {
				return invalid("Integrations with a subtype have no URI, and the payload format version 1.0")
			}
			break
		}
		i.IntegrationMethod = orDefault(i.IntegrationMethod, "POST")
	default:
		return invalid("Integration type %s is not supported for HTTP APIs; it is AWS_PROXY or HTTP_PROXY", i.IntegrationType)
	}
	if i.IntegrationMethod != nil && !gateway.Method(*i.IntegrationMethod) {
		return invalid("Invalid HTTP method specified: %s", *i.IntegrationMethod)
	}
	if err := gateway.Check(*i); err != nil {
		return invalid("%s", upper(err.Error()))
	}
	return nil
}

func orDefault(s *string, value string) *string {
	if aws.ToString(s) == "" {
		return &value
	}
	return s
}

func (a *api) integration(id *string) (types.Integration, error) {
	i, ok := a.Integrations[aws.ToString(id)]
	if !ok {
		return i, missing("Invalid Integration identifier specified")
	}
	return i, nil
}

func tls(in *types.TlsConfigInput) *types.TlsConfig {
	if in == nil {
		return nil
	}
	return &types.TlsConfig{ServerNameToVerify: in.ServerNameToVerify}
}

// CreateIntegration makes an integration.
// Source: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations.html
func (s *Service) CreateIntegration(ctx context.Context, in *apigatewayv2.CreateIntegrationInput) (*apigatewayv2.CreateIntegrationOutput, error) {
	i := types.Integration{IntegrationId: aws.String(newID(ctx, 7)), ApiGatewayManaged: aws.Bool(false), RequestParameters: in.RequestParameters,
		ResponseParameters: in.ResponseParameters, RequestTemplates: in.RequestTemplates, TlsConfig: tls(in.TlsConfig)}
	merge(&i, in)
	if err := checkIntegration(&i); err != nil {
		return nil, err
	}
	if err := s.deploy(ctx, in.ApiId, func(_ *store.Tx, a *api) error {
		if len(a.Integrations) >= maxIntegrations {
			return invalid("The number of integrations exceeds the limit of %d", maxIntegrations)
		}
		a.Integrations[*i.IntegrationId] = i
		return nil
	}); err != nil {
		return nil, err
	}
	return like[apigatewayv2.CreateIntegrationOutput](i), nil
}

// GetIntegration tells of an integration.
func (s *Service) GetIntegration(ctx context.Context, in *apigatewayv2.GetIntegrationInput) (*apigatewayv2.GetIntegrationOutput, error) {
	a, err := s.read(ctx, in.ApiId)
	if err != nil {
		return nil, err
	}
	i, err := a.integration(in.IntegrationId)
	if err != nil {
		return nil, err
	}
	return like[apigatewayv2.GetIntegrationOutput](i), nil
}

// GetIntegrations lists the integrations of an API.
func (s *Service) GetIntegrations(ctx context.Context, in *apigatewayv2.GetIntegrationsInput) (*apigatewayv2.GetIntegrationsOutput, error) {
	a, err := s.read(ctx, in.ApiId)
	if err != nil {
		return nil, err
	}
	items, next, err := page(ctx, sorted(a.Integrations), func(i types.Integration) string { return *i.IntegrationId }, in.MaxResults, in.NextToken)
	return &apigatewayv2.GetIntegrationsOutput{Items: items, NextToken: next}, err
}

// UpdateIntegration changes an integration. Parameters are amended: one that is given as "" goes.
func (s *Service) UpdateIntegration(ctx context.Context, in *apigatewayv2.UpdateIntegrationInput) (*apigatewayv2.UpdateIntegrationOutput, error) {
	var i types.Integration
	err := s.deploy(ctx, in.ApiId, func(_ *store.Tx, a *api) (err error) {
		if i, err = a.integration(in.IntegrationId); err != nil {
			return err
		}
		merge(&i, in)
		i.RequestParameters = amended(i.RequestParameters, in.RequestParameters, blank)
		i.ResponseParameters = amended(i.ResponseParameters, in.ResponseParameters, func(m map[string]string) bool { return len(m) == 0 })
		if i.RequestTemplates = in.RequestTemplates; in.TlsConfig != nil {
			i.TlsConfig = tls(in.TlsConfig)
		}
		if err := checkIntegration(&i); err != nil {
			return err
		}
		a.Integrations[*i.IntegrationId] = i
		return nil
	})
	if err != nil {
		return nil, err
	}
	return like[apigatewayv2.UpdateIntegrationOutput](i), nil
}

// DeleteIntegration removes an integration that no route has.
func (s *Service) DeleteIntegration(ctx context.Context, in *apigatewayv2.DeleteIntegrationInput) (*apigatewayv2.DeleteIntegrationOutput, error) {
	return &apigatewayv2.DeleteIntegrationOutput{}, s.deploy(ctx, in.ApiId, func(_ *store.Tx, a *api) error {
		if _, err := a.integration(in.IntegrationId); err != nil {
			return err
		}
		var keys []string
		for _, r := range a.Routes {
			if aws.ToString(r.Target) == "integrations/"+*in.IntegrationId {
				keys = append(keys, *r.RouteKey)
			}
		}
		if len(keys) > 0 {
			slices.Sort(keys)
			return conflict("Cannot delete Integration '%s'. The integration is referenced by Route with key '%s'.", *in.IntegrationId, keys[0])
		}
		delete(a.Integrations, *in.IntegrationId)
		return nil
	})
}
