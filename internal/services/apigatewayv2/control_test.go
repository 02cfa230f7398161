package apigatewayv2_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
)

func TestRefusals(t *testing.T) {
	f := open(t)
	api := f.api()
	http := types.ProtocolTypeHttp
	create := func(change func(*apigatewayv2.CreateApiInput)) error {
		in := &apigatewayv2.CreateApiInput{Name: aws.String("x"), ProtocolType: http}
		change(in)
		_, err := f.CreateApi(f.ctx, in)
		return err
	}
	bad := func(err error, message string) { t.Helper(); f.fails(err, "BadRequestException", message) }
	bad(create(func(in *apigatewayv2.CreateApiInput) { in.ProtocolType = types.ProtocolTypeWebsocket }), "WebSocket APIs are not implemented")
	bad(create(func(in *apigatewayv2.CreateApiInput) { in.RouteKey = aws.String("GET /") }), "Target must be specified")
	bad(create(func(in *apigatewayv2.CreateApiInput) { in.Target = aws.String("ftp://x") }), "Invalid HTTP endpoint")
	bad(create(func(in *apigatewayv2.CreateApiInput) {
		in.CorsConfiguration = &types.Cors{AllowCredentials: aws.Bool(true), AllowOrigins: []string{"*"}}
	}), "allowCredentials")
	bad(create(func(in *apigatewayv2.CreateApiInput) { in.Tags = map[string]string{"aws:x": "y"} }), "aws:")

	_, err := f.GetApi(f.ctx, &apigatewayv2.GetApiInput{ApiId: aws.String("none")})
	f.fails(err, "NotFoundException", "Invalid API identifier specified "+f.root.Principal.Account+":none")
	_, err = f.GetRoute(f.ctx, &apigatewayv2.GetRouteInput{ApiId: &api, RouteId: aws.String("none")})
	f.fails(err, "NotFoundException", "Invalid Route identifier specified")
	_, err = f.GetIntegration(f.ctx, &apigatewayv2.GetIntegrationInput{ApiId: &api, IntegrationId: aws.String("none")})
	f.fails(err, "NotFoundException", "Invalid Integration identifier specified")
	_, err = f.GetStage(f.ctx, &apigatewayv2.GetStageInput{ApiId: &api, StageName: aws.String("none")})
	f.fails(err, "NotFoundException", "Invalid stage identifier specified")

	target := f.calling(api, "two", "2.0")
	f.route(api, "GET /a/{x}", target)
	route := func(key string, change func(*apigatewayv2.CreateRouteInput)) error {
		in := &apigatewayv2.CreateRouteInput{ApiId: &api, RouteKey: &key}
		if change != nil {
			change(in)
		}
		_, err := f.CreateRoute(f.ctx, in)
		return err
	}
	f.fails(route("GET /a/{y}", nil), "ConflictException", "Route with key GET /a/{y} already exists")
	bad(route("FETCH /a", nil), "route key is not formatted properly")
	bad(route("GET /b", func(in *apigatewayv2.CreateRouteInput) { in.Target = aws.String("integrations/none") }), "Invalid target")
	bad(route("GET /b", func(in *apigatewayv2.CreateRouteInput) { in.AuthorizationType = types.AuthorizationTypeJwt }), "needs an authorizer")
	bad(route("GET /b", func(in *apigatewayv2.CreateRouteInput) { in.ApiKeyRequired = aws.Bool(true) }), "WebSocket")
	bad(route("GET /b", func(in *apigatewayv2.CreateRouteInput) { in.AuthorizationScopes = []string{"s"} }), "only with JWT")
	_, err = f.DeleteIntegration(f.ctx, &apigatewayv2.DeleteIntegrationInput{ApiId: &api, IntegrationId: aws.String(strings.TrimPrefix(target, "integrations/"))})
	f.fails(err, "ConflictException", "referenced by Route with key 'GET /a/{x}'")

	integration := func(kind types.IntegrationType, uri string, change func(*apigatewayv2.CreateIntegrationInput)) error {
		in := &apigatewayv2.CreateIntegrationInput{ApiId: &api, IntegrationType: kind, PayloadFormatVersion: aws.String("1.0")}
		if uri != "" {
			in.IntegrationUri = &uri
		}
		if change != nil {
			change(in)
		}
		_, err := f.CreateIntegration(f.ctx, in)
		return err
	}
	bad(integration(types.IntegrationTypeMock, "", nil), "not supported for HTTP APIs")
	bad(integration(types.IntegrationTypeAwsProxy, "arn:aws:sqs:us-east-1:1:q", nil), "Invalid function ARN")
	bad(integration(types.IntegrationTypeHttpProxy, "https://{host}/x", nil), "HTTP endpoint")
	bad(integration(types.IntegrationTypeHttpProxy, "https://u:p@host/x", nil), "HTTP endpoint")
	bad(integration(types.IntegrationTypeHttpProxy, "https://h", func(in *apigatewayv2.CreateIntegrationInput) { in.ConnectionType = types.ConnectionTypeVpcLink }), "VPC links are not implemented")
	bad(integration(types.IntegrationTypeHttpProxy, "https://h", func(in *apigatewayv2.CreateIntegrationInput) {
		in.RequestParameters = map[string]string{"overwrite:header.Authorization": "x"}
	}), "Invalid mapping expression parameter specified: overwrite:header.Authorization")
	bad(integration(types.IntegrationTypeHttpProxy, "https://h", func(in *apigatewayv2.CreateIntegrationInput) {
		in.RequestParameters = map[string]string{"append:header.x": "${request.header.a"}
	}), "Invalid mapping expression specified")
	role := aws.String("arn:aws:iam::" + f.root.Principal.Account + ":role/r")
	bad(integration(types.IntegrationTypeAwsProxy, "", func(in *apigatewayv2.CreateIntegrationInput) {
		in.IntegrationSubtype, in.CredentialsArn = aws.String("StepFunctions-StartExecution"), role
	}), "not implemented by Atelier")
	bad(integration(types.IntegrationTypeAwsProxy, "", func(in *apigatewayv2.CreateIntegrationInput) {
		in.IntegrationSubtype, in.CredentialsArn = aws.String("SQS-SendMessage"), role
	}), "QueueUrl is required")
	bad(integration(types.IntegrationTypeAwsProxy, "", func(in *apigatewayv2.CreateIntegrationInput) { in.IntegrationSubtype = aws.String("SQS-SendMessage") }), "Credentials are required")

	authorizer := func(change func(*apigatewayv2.CreateAuthorizerInput)) error {
		in := &apigatewayv2.CreateAuthorizerInput{ApiId: &api, Name: aws.String("a"), AuthorizerType: types.AuthorizerTypeRequest, IdentitySource: []string{},
			AuthorizerUri: aws.String(f.arn("a")), AuthorizerPayloadFormatVersion: aws.String("2.0")}
		change(in)
		_, err := f.CreateAuthorizer(f.ctx, in)
		return err
	}
	bad(authorizer(func(in *apigatewayv2.CreateAuthorizerInput) { in.AuthorizerPayloadFormatVersion = nil }), "AuthorizerPayloadFormatVersion")
	bad(authorizer(func(in *apigatewayv2.CreateAuthorizerInput) { in.IdentitySource = []string{"$request.body.x"} }), "mapping expression")
	bad(authorizer(func(in *apigatewayv2.CreateAuthorizerInput) { in.AuthorizerResultTtlInSeconds = aws.Int32(5) }), "identity sources")
	bad(authorizer(func(in *apigatewayv2.CreateAuthorizerInput) {
		in.AuthorizerPayloadFormatVersion, in.EnableSimpleResponses = aws.String("1.0"), aws.Bool(true)
	}), "2.0")

	stage := func(name string, change func(*apigatewayv2.CreateStageInput)) error {
		in := &apigatewayv2.CreateStageInput{ApiId: &api, StageName: &name}
		change(in)
		_, err := f.CreateStage(f.ctx, in)
		return err
	}
	f.fails(stage("$default", func(*apigatewayv2.CreateStageInput) {}), "ConflictException", "Stage already exists")
	bad(stage("a b", func(*apigatewayv2.CreateStageInput) {}), "Stage name")
	bad(stage("s", func(in *apigatewayv2.CreateStageInput) { in.StageVariables = map[string]string{"a-b": "x"} }), "Stage variable")
	f.fails(stage("s", func(in *apigatewayv2.CreateStageInput) { in.DeploymentId = aws.String("none") }), "NotFoundException", "deployment")
	f.fails(stage("s", func(in *apigatewayv2.CreateStageInput) {
		in.RouteSettings = map[string]types.RouteSettings{"GET /none": {}}
	}), "NotFoundException", "GET /none")
	logs := func(arn, format string) func(*apigatewayv2.CreateStageInput) {
		return func(in *apigatewayv2.CreateStageInput) {
			in.AccessLogSettings = &types.AccessLogSettings{DestinationArn: &arn, Format: &format}
		}
	}
	group := "arn:aws:logs:us-east-1:" + f.root.Principal.Account + ":log-group:g"
	bad(stage("s", logs("arn:aws:s3:::b", "$context.requestId")), "log group")
	bad(stage("s", logs("arn:aws:logs:us-east-1:123456789012:log-group:g", "$context.requestId")), "of the API's account")
	bad(stage("s", logs(group, "$context.status")), "requestId")
	bad(stage("s", logs(group, "$context.requestId\n$context.status")), "single line")
	bad(stage("s", logs(group, "$context.requestId $request.body")), "not known here")
}

func TestPages(t *testing.T) {
	f := open(t)
	api := f.api()
	for _, key := range []string{"GET /a", "GET /b", "GET /c"} {
		f.route(api, key, "")
	}
	var token *string
	seen := map[string]bool{}
	for range 3 {
		out := must(f.GetRoutes(f.ctx, &apigatewayv2.GetRoutesInput{ApiId: &api, MaxResults: aws.String("1"), NextToken: token}))(f)
		for _, r := range out.Items {
			seen[*r.RouteKey] = true
		}
		token = out.NextToken
	}
	if len(seen) != 3 || token != nil {
		t.Errorf("saw %v, then %v", seen, token)
	}
	_, err := f.GetRoutes(f.ctx, &apigatewayv2.GetRoutesInput{ApiId: &api, MaxResults: aws.String("x")})
	f.fails(err, "BadRequestException", "maxResults")
	_, err = f.GetRoutes(f.ctx, &apigatewayv2.GetRoutesInput{ApiId: &api, NextToken: aws.String("x")})
	f.fails(err, "BadRequestException", "nextToken")
	if l := must(f.GetVpcLinks(f.ctx, &apigatewayv2.GetVpcLinksInput{}))(f); len(l.Items) != 0 {
		t.Errorf("VPC links %v", l.Items)
	}
}

func TestDeployments(t *testing.T) {
	f := open(t)
	api := f.api()
	count := func() int {
		return len(must(f.GetDeployments(f.ctx, &apigatewayv2.GetDeploymentsInput{ApiId: &api}))(f).Items)
	}
	_, err := f.CreateDeployment(f.ctx, &apigatewayv2.CreateDeploymentInput{ApiId: &api})
	f.fails(err, "BadRequestException", "At least one route")
	f.route(api, "GET /a", "")
	f.route(api, "GET /b", "")
	if n := count(); n != 1 {
		t.Errorf("%d deployments of two changes, want the last", n)
	}
	d := must(f.CreateDeployment(f.ctx, &apigatewayv2.CreateDeploymentInput{ApiId: &api, Description: aws.String("by hand")}))(f)
	if *d.AutoDeployed || d.DeploymentStatus != types.DeploymentStatusDeployed {
		t.Errorf("made %+v", d)
	}
	_, err = f.CreateDeployment(f.ctx, &apigatewayv2.CreateDeploymentInput{ApiId: &api, StageName: aws.String("$default")})
	f.fails(err, "BadRequestException", "auto-deploy")
	must(f.UpdateDeployment(f.ctx, &apigatewayv2.UpdateDeploymentInput{ApiId: &api, DeploymentId: d.DeploymentId, Description: aws.String("other")}))(f)
	if g := must(f.GetDeployment(f.ctx, &apigatewayv2.GetDeploymentInput{ApiId: &api, DeploymentId: d.DeploymentId}))(f); *g.Description != "other" {
		t.Errorf("got %+v", g)
	}
	stage := must(f.GetStage(f.ctx, &apigatewayv2.GetStageInput{ApiId: &api, StageName: aws.String("$default")}))(f)
	_, err = f.DeleteDeployment(f.ctx, &apigatewayv2.DeleteDeploymentInput{ApiId: &api, DeploymentId: stage.DeploymentId})
	f.fails(err, "BadRequestException", "Active stages")
	must(f.DeleteDeployment(f.ctx, &apigatewayv2.DeleteDeploymentInput{ApiId: &api, DeploymentId: d.DeploymentId}))(f)
	must(f.DeleteStage(f.ctx, &apigatewayv2.DeleteStageInput{ApiId: &api, StageName: aws.String("$default")}))(f)
	must(f.DeleteApi(f.ctx, &apigatewayv2.DeleteApiInput{ApiId: &api}))(f)
	f.want(f.get("GET", api, "/a", ""), 404, `{"message":"Not Found"}`)
}

func TestTags(t *testing.T) {
	f := open(t)
	api := f.api()
	for _, arn := range []string{"arn:aws:apigateway:us-east-1::/apis/" + api, "arn:aws:apigateway:us-east-1::/apis/" + api + "/stages/$default"} {
		must(f.TagResource(f.ctx, &apigatewayv2.TagResourceInput{ResourceArn: &arn, Tags: map[string]string{"a": "1", "b": "2"}}))(f)
		must(f.UntagResource(f.ctx, &apigatewayv2.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"a"}}))(f)
		if got := must(f.GetTags(f.ctx, &apigatewayv2.GetTagsInput{ResourceArn: &arn}))(f).Tags; len(got) != 1 || got["b"] != "2" {
			t.Errorf("%s: %v", arn, got)
		}
	}
	_, err := f.GetTags(f.ctx, &apigatewayv2.GetTagsInput{ResourceArn: aws.String("arn:aws:apigateway:us-east-1::/apis/none")})
	f.fails(err, "NotFoundException", "Invalid API identifier")
}

func TestPolicies(t *testing.T) {
	f := open(t)
	api := f.api()
	must(f.iam.CreateUser(f.ctx, &awsiam.CreateUserInput{UserName: aws.String("u")}))(f)
	key := must(f.iam.CreateAccessKey(f.ctx, &awsiam.CreateAccessKeyInput{UserName: aws.String("u")}))(f).AccessKey
	config := f.config
	config.Credentials = credentials.NewStaticCredentialsProvider(*key.AccessKeyId, *key.SecretAccessKey, "")
	u := apigatewayv2.NewFromConfig(config)
	allow := func(action, resource string) {
		must(f.iam.PutUserPolicy(f.ctx, &awsiam.PutUserPolicyInput{UserName: aws.String("u"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}]}`)}))(f)
	}
	get := func() error { _, err := u.GetApi(f.ctx, &apigatewayv2.GetApiInput{ApiId: &api}); return err }
	route := func(role *string) error {
		_, err := u.CreateIntegration(f.ctx, &apigatewayv2.CreateIntegrationInput{ApiId: &api, IntegrationType: types.IntegrationTypeAwsProxy,
			IntegrationUri: aws.String(f.arn("x")), PayloadFormatVersion: aws.String("2.0"), CredentialsArn: role})
		return err
	}
	f.fails(get(), "AccessDeniedException", "apigateway:GET on resource: arn:aws:apigateway:us-east-1::/apis/"+api)
	allow("apigateway:GET", "arn:aws:apigateway:us-east-1::/apis/"+api)
	f.ok(get())
	f.fails(route(nil), "AccessDeniedException", "apigateway:POST on resource: arn:aws:apigateway:us-east-1::/apis/"+api+"/integrations")
	allow("apigateway:*", "arn:aws:apigateway:us-east-1::/*")
	f.ok(route(nil))
	f.fails(route(aws.String("arn:aws:iam::"+f.root.Principal.Account+":role/r")), "AccessDeniedException", "iam:PassRole")
	_, err := u.GetTags(f.ctx, &apigatewayv2.GetTagsInput{ResourceArn: aws.String("arn:aws:apigateway:us-east-1::/apis/" + api)})
	f.ok(err)
}

func TestDomains(t *testing.T) {
	f := open(t)
	api := f.api()
	f.route(api, "GET /x", f.calling(api, "two", "2.0"))
	f.answers(echo)
	d := must(f.CreateDomainName(f.ctx, &apigatewayv2.CreateDomainNameInput{DomainName: aws.String("api.example.com"),
		DomainNameConfigurations: []types.DomainNameConfiguration{{CertificateArn: aws.String("arn:aws:acm:us-east-1:1:certificate/c")}}}))(f)
	_, err := f.CreateDomainName(f.ctx, &apigatewayv2.CreateDomainNameInput{DomainName: aws.String("api.example.com")})
	f.fails(err, "ConflictException", "already exists")
	for _, bad := range []string{"localhost", "127.0.0.1", "a_b.example.com", "*.example.com", "x.amazonaws.com"} {
		_, err := f.CreateDomainName(f.ctx, &apigatewayv2.CreateDomainNameInput{DomainName: &bad})
		f.fails(err, "BadRequestException", "Invalid domain name")
	}
	at := func(host, path string) answer { return f.send(f.request("GET", f.url+path, "", "Host", host)) }
	f.want(at("api.example.com:4566", "/x"), 403, forbidden)
	m := must(f.CreateApiMapping(f.ctx, &apigatewayv2.CreateApiMappingInput{DomainName: d.DomainName, ApiId: &api, Stage: aws.String("$default"), ApiMappingKey: aws.String("v1/pets")}))(f)
	_, err = f.CreateApiMapping(f.ctx, &apigatewayv2.CreateApiMappingInput{DomainName: d.DomainName, ApiId: &api, Stage: aws.String("$default"), ApiMappingKey: aws.String("v1/pets")})
	f.fails(err, "ConflictException", "ApiMapping key already exists")
	_, err = f.CreateApiMapping(f.ctx, &apigatewayv2.CreateApiMappingInput{DomainName: d.DomainName, ApiId: &api, Stage: aws.String("none")})
	f.fails(err, "BadRequestException", "stage")
	if a := at("api.example.com:4566", "/v1/pets/x"); a.status != 200 || !strings.Contains(a.body, `"rawPath":"/v1/pets/x"`) || !strings.Contains(a.body, `"domainName":"api.example.com"`) {
		t.Errorf("got %+v", a)
	}
	f.want(at("api.example.com", "/v1/petsx/x"), 403, forbidden)
	alias, _, _ := strings.Cut(*d.DomainNameConfigurations[0].ApiGatewayDomainName, ".")
	if a := f.get("GET", alias, "/v1/pets/x", ""); a.status != 200 {
		t.Errorf("by its alias: %+v", a)
	}
	_, err = f.DeleteApi(f.ctx, &apigatewayv2.DeleteApiInput{ApiId: &api})
	f.fails(err, "ConflictException", "mapped")
	must(f.UpdateApiMapping(f.ctx, &apigatewayv2.UpdateApiMappingInput{DomainName: d.DomainName, ApiId: &api, ApiMappingId: m.ApiMappingId, ApiMappingKey: aws.String("v2")}))(f)
	if a := at("api.example.com", "/v2/x"); a.status != 200 {
		t.Errorf("after an update: %+v", a)
	}
	must(f.DeleteApiMapping(f.ctx, &apigatewayv2.DeleteApiMappingInput{DomainName: d.DomainName, ApiMappingId: m.ApiMappingId}))(f)
	must(f.DeleteDomainName(f.ctx, &apigatewayv2.DeleteDomainNameInput{DomainName: d.DomainName}))(f)
	if a := at("api.example.com", "/v2/x"); a.status == 200 {
		t.Errorf("after its end: %+v", a)
	}
	_, err = f.GetDomainName(context.Background(), &apigatewayv2.GetDomainNameInput{DomainName: d.DomainName})
	f.fails(err, "NotFoundException", "domain name")
}
