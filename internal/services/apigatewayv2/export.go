package apigatewayv2

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/gateway"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/openapi"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/routing"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// ExportApi writes an API as an OpenAPI document: as it is, or as a stage serves it.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-export.html
func (s *Service) ExportApi(ctx context.Context, in *apigatewayv2.ExportApiInput) (*apigatewayv2.ExportApiOutput, error) {
	if aws.ToString(in.Specification) != "OAS30" {
		return nil, invalid("Invalid specification: %s. It is OAS30.", aws.ToString(in.Specification))
	}
	if v := aws.ToString(in.ExportVersion); v != "" && v != "1.0" {
		return nil, invalid("Invalid export version: %s. It is 1.0.", v)
	}
	kind := strings.ToUpper(aws.ToString(in.OutputType))
	if kind != "JSON" && kind != "YAML" {
		return nil, invalid("Invalid output type: %s. It is JSON or YAML.", kind)
	}
	k := here(ctx, in.ApiId)
	var a api
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		if a, err = s.find(tx, k); err != nil || in.StageName == nil {
			return err
		}
		g, err := a.stage(in.StageName)
		if err != nil {
			return err
		}
		d, err := s.deployed(tx, k, g.DeploymentId)
		a.become(d.Holds)
		return err
	}); err != nil {
		return nil, err
	}
	url := s.endpoint(wire.CallOf(ctx).Host, k.ID)
	if name := aws.ToString(in.StageName); name != "" && name != routing.Default {
		url += "/" + name
	}
	body, err := openapi.Write(a.document(), url, in.IncludeExtensions == nil || *in.IncludeExtensions, kind == "YAML")
	return &apigatewayv2.ExportApiOutput{Body: body}, err
}

// become takes what is deployed for what the API is.
func (a *api) become(d gateway.Deployed) {
	a.CorsConfiguration, a.Routes, a.Integrations, a.Authorizers = d.Cors, d.Routes, d.Integrations, d.Authorizers
}

// document is the API as a document has it.
func (a *api) document() openapi.API {
	out := openapi.API{Title: aws.ToString(a.Name), Version: aws.ToString(a.Version), Description: aws.ToString(a.Description), Cors: a.CorsConfiguration,
		Closed: a.DisableExecuteApiEndpoint, Tags: a.Tags, Authorizers: map[string]types.Authorizer{}}
	if out.Version == "" {
		out.Version = aws.ToTime(a.CreatedDate).UTC().Format("2006-01-02 15:04:05UTC")
	}
	places := map[string]int{}
	for _, i := range sorted(a.Integrations) {
		places["integrations/"+*i.IntegrationId] = len(out.Integrations)
		out.Integrations = append(out.Integrations, i)
	}
	for _, x := range a.Authorizers {
		out.Authorizers[*x.Name] = x
	}
	for _, r := range sorted(a.Routes) {
		to := openapi.Route{Key: *r.RouteKey, Operation: aws.ToString(r.OperationName), Integration: -1, IAM: r.AuthorizationType == types.AuthorizationTypeAwsIam,
			Scopes: r.AuthorizationScopes}
		if n, ok := places[aws.ToString(r.Target)]; ok {
			to.Integration = n
		}
		if x, ok := a.Authorizers[aws.ToString(r.AuthorizerId)]; ok {
			to.Authorizer = *x.Name
		}
		out.Routes = append(out.Routes, to)
	}
	return out
}
