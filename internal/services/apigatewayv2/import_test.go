package apigatewayv2_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

const pets = `
openapi: "3.0.1"
info:
  title: pets
  version: "1.2"
servers:
  - url: https://example.com/{base}
    variables: {base: {default: shop}}
x-amazon-apigateway-cors:
  allowOrigins: ["https://a.example"]
  maxAge: 60
tags:
  - name: team
    x-amazon-apigateway-tag-value: zoo
paths:
  /pets/{id}:
    get:
      operationId: getPet
      responses:
        200: {description: ok}
      x-amazon-apigateway-integration: {$ref: "#/components/x-amazon-apigateway-integrations/fn"}
      security:
        - jwt: [read]
    post:
      x-amazon-apigateway-integration: {$ref: "#/components/x-amazon-apigateway-integrations/fn"}
      security: [{sigv4: []}]
    trace: {}
  /$default:
    x-amazon-apigateway-any-method:
      isDefaultRoute: true
      x-amazon-apigateway-integration:
        type: http_proxy
        httpMethod: ANY
        uri: https://example.com/other
        payloadFormatVersion: "1.0"
        requestParameters: {"append:header.x": "$context.requestId"}
      security: [{key: []}]
components:
  x-amazon-apigateway-integrations:
    fn:
      type: AWS_PROXY
      httpMethod: POST
      uri: arn:aws:lambda:us-east-1:123456789012:function:fn
      payloadFormatVersion: "2.0"
      timeoutInMillis: 5000
  securitySchemes:
    sigv4: {type: apiKey, name: Authorization, in: header, x-amazon-apigateway-authtype: awsSigv4}
    jwt:
      type: oauth2
      x-amazon-apigateway-authorizer:
        type: jwt
        identitySource: $request.header.Authorization
        jwtConfiguration: {issuer: "https://issuer.example", audience: [me]}
    key:
      type: apiKey
      name: X-Key
      in: header
      x-amazon-apigateway-authorizer:
        type: request
        identitySource: "$request.header.X-Key, $context.routeKey"
        authorizerUri: arn:aws:lambda:us-east-1:123456789012:function:auth
        authorizerPayloadFormatVersion: "2.0"
        authorizerResultTtlInSeconds: 30
        enableSimpleResponses: true
`

func (f *fixture) routes(api string) map[string]types.Route {
	out := map[string]types.Route{}
	for _, r := range must(f.GetRoutes(f.ctx, &apigatewayv2.GetRoutesInput{ApiId: &api}))(f).Items {
		out[*r.RouteKey] = r
	}
	return out
}

func TestImportAndExport(t *testing.T) {
	f := open(t)
	a := must(f.ImportApi(f.ctx, &apigatewayv2.ImportApiInput{Body: aws.String(pets), Basepath: aws.String("prepend")}))(f)
	if *a.Name != "pets" || *a.Version != "1.2" || len(a.CorsConfiguration.AllowOrigins) != 1 || a.Tags["team"] != "zoo" || len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "TRACE") {
		t.Errorf("imported %+v", a)
	}
	_, err := f.ImportApi(f.ctx, &apigatewayv2.ImportApiInput{Body: aws.String(pets), FailOnWarnings: aws.Bool(true)})
	f.fails(err, "BadRequestException", "TRACE")
	check := func(api, prefix string) {
		t.Helper()
		r := f.routes(api)
		get, post, other := r["GET "+prefix+"/pets/{id}"], r["POST "+prefix+"/pets/{id}"], r["$default"]
		if len(r) != 3 || get.AuthorizationType != types.AuthorizationTypeJwt || len(get.AuthorizationScopes) != 1 || aws.ToString(get.OperationName) != "getPet" ||
			post.AuthorizationType != types.AuthorizationTypeAwsIam || other.AuthorizationType != types.AuthorizationTypeCustom {
			t.Fatalf("routes %+v", r)
		}
		i := must(f.GetIntegration(f.ctx, &apigatewayv2.GetIntegrationInput{ApiId: &api, IntegrationId: aws.String(strings.TrimPrefix(*other.Target, "integrations/"))}))(f)
		if i.IntegrationType != types.IntegrationTypeHttpProxy || *i.IntegrationUri != "https://example.com/other" || i.RequestParameters["append:header.x"] != "$context.requestId" {
			t.Errorf("integration %+v", i)
		}
		x := must(f.GetAuthorizer(f.ctx, &apigatewayv2.GetAuthorizerInput{ApiId: &api, AuthorizerId: other.AuthorizerId}))(f)
		if len(x.IdentitySource) != 2 || !*x.EnableSimpleResponses || *x.AuthorizerResultTtlInSeconds != 30 {
			t.Errorf("authorizer %+v", x)
		}
	}
	check(*a.ApiId, "/shop")
	if r := f.routes(*a.ApiId); *r["GET /shop/pets/{id}"].Target != *r["POST /shop/pets/{id}"].Target {
		t.Error("a shared integration became two")
	}
	must(f.ReimportApi(f.ctx, &apigatewayv2.ReimportApiInput{ApiId: a.ApiId, Body: aws.String(pets)}))(f)
	check(*a.ApiId, "")
	for _, kind := range []string{"JSON", "YAML"} {
		out := must(f.ExportApi(f.ctx, &apigatewayv2.ExportApiInput{ApiId: a.ApiId, Specification: aws.String("OAS30"), OutputType: &kind}))(f)
		if (kind == "JSON") != strings.HasPrefix(string(out.Body), "{") {
			t.Errorf("%s: %.60s", kind, out.Body)
		}
		again := must(f.ImportApi(f.ctx, &apigatewayv2.ImportApiInput{Body: aws.String(string(out.Body)), FailOnWarnings: aws.Bool(true)}))(f)
		check(*again.ApiId, "")
		if again.CorsConfiguration == nil || again.Tags["team"] != "zoo" {
			t.Errorf("%s: imported again %+v", kind, again)
		}
	}
	out := must(f.ExportApi(f.ctx, &apigatewayv2.ExportApiInput{ApiId: a.ApiId, Specification: aws.String("OAS30"), OutputType: aws.String("JSON"), IncludeExtensions: aws.Bool(false)}))(f)
	if strings.Contains(string(out.Body), "x-amazon") {
		t.Errorf("extensions in %s", out.Body)
	}
	_, err = f.ExportApi(f.ctx, &apigatewayv2.ExportApiInput{ApiId: a.ApiId, Specification: aws.String("OAS30"), OutputType: aws.String("JSON"), StageName: aws.String("none")})
	f.fails(err, "NotFoundException", "stage")
}
