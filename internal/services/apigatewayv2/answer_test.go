package apigatewayv2_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func TestCORS(t *testing.T) {
	f := open(t)
	u := f.backend()
	a := must(f.CreateApi(f.ctx, &apigatewayv2.CreateApiInput{Name: aws.String("c"), ProtocolType: types.ProtocolTypeHttp, Target: aws.String(u.String()),
		CorsConfiguration: &types.Cors{AllowOrigins: []string{"https://a.example", "http://*"}, AllowMethods: []string{"GET", "POST"}, AllowHeaders: []string{"X-A", "x-b"},
			ExposeHeaders: []string{"X-C"}, MaxAge: aws.Int32(300), AllowCredentials: aws.Bool(true)}}))(f)
	api := *a.ApiId
	pre := f.get("OPTIONS", api, "/x", "", "Origin", "https://a.example", "Access-Control-Request-Method", "GET")
	if h := pre.header; pre.status != 204 || h.Get("Access-Control-Allow-Origin") != "https://a.example" || h.Get("Access-Control-Allow-Methods") != "GET,POST" ||
		h.Get("Access-Control-Allow-Headers") != "x-a,x-b" || h.Get("Access-Control-Max-Age") != "300" || h.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("preflight: %+v", pre)
	}
	if pre = f.get("OPTIONS", api, "/x", "", "Origin", "https://b.example", "Access-Control-Request-Method", "GET"); pre.status != 204 ||
		pre.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("preflight of a stranger: %+v", pre)
	}
	if got := f.get("GET", api, "/x", "", "Origin", "http://any.example:8080"); got.status != 200 || got.header.Get("Access-Control-Allow-Origin") != "http://any.example:8080" ||
		got.header.Get("Access-Control-Expose-Headers") != "x-c" {
		t.Errorf("got %+v", got)
	}
	if got := f.get("GET", api, "/x", ""); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("the backend's header came through: %+v", got.header)
	}
	if got := f.get("OPTIONS", api, "/x", "", "Origin", "https://a.example"); got.status != 200 {
		t.Errorf("an OPTIONS that is no preflight: %+v", got)
	}
	must(f.DeleteCorsConfiguration(f.ctx, &apigatewayv2.DeleteCorsConfigurationInput{ApiId: &api}))(f)
	if got := f.get("GET", api, "/x", "", "Origin", "https://a.example"); got.header.Get("Access-Control-Allow-Origin") != "https://backend.example" {
		t.Errorf("without configuration: %+v", got.header)
	}
}

func TestThrottling(t *testing.T) {
	f := open(t)
	api := f.api()
	target := f.calling(api, "two", "2.0")
	f.answers(func(string, []byte) (string, bool) { return `"ok"`, false })
	f.route(api, "GET /free", target)
	f.route(api, "GET /tight", target)
	must(f.UpdateStage(f.ctx, &apigatewayv2.UpdateStageInput{ApiId: &api, StageName: aws.String("$default"), RouteSettings: map[string]types.RouteSettings{
		"GET /tight": {ThrottlingBurstLimit: aws.Int32(2), ThrottlingRateLimit: aws.Float64(0.001)}}}))(f)
	for n, want := range []int{200, 200, 429, 429} {
		if a := f.get("GET", api, "/tight", ""); a.status != want {
			t.Errorf("request %d: %d, want %d", n, a.status, want)
		}
	}
	f.route(api, "GET /more", target) // a change of the API does not fill the buckets
	f.want(f.get("GET", api, "/tight", ""), 429, `{"message":"Too Many Requests"}`)
	f.want(f.get("GET", api, "/free", ""), 200, "ok")
	must(f.UpdateStage(f.ctx, &apigatewayv2.UpdateStageInput{ApiId: &api, StageName: aws.String("$default"),
		DefaultRouteSettings: &types.RouteSettings{ThrottlingBurstLimit: aws.Int32(1), ThrottlingRateLimit: aws.Float64(0.001)}}))(f)
	f.want(f.get("GET", api, "/free", ""), 200, "ok")
	f.want(f.get("GET", api, "/more", ""), 429, `{"message":"Too Many Requests"}`)
	must(f.DeleteRouteSettings(f.ctx, &apigatewayv2.DeleteRouteSettingsInput{ApiId: &api, StageName: aws.String("$default"), RouteKey: aws.String("GET /tight")}))(f)
	f.want(f.get("GET", api, "/tight", ""), 429, `{"message":"Too Many Requests"}`)
}

func TestParameterMapping(t *testing.T) {
	f := open(t)
	api, u := f.api(), f.backend()
	i := must(f.CreateIntegration(f.ctx, &apigatewayv2.CreateIntegrationInput{ApiId: &api, IntegrationType: types.IntegrationTypeHttpProxy,
		IntegrationUri: aws.String(u.String() + "/pets/{id}?fixed=1"), IntegrationMethod: aws.String("POST"), RequestParameters: map[string]string{
			"append:header.X-New": "$request.header.X-Old", "remove:header.X-Old": "''", "overwrite:header.X-Static": "v/${context.stage}/$request.path.id",
			"append:querystring.added": "$request.body.a[0].b", "remove:querystring.gone": "''", "overwrite:querystring.q": "$stageVariables.none"},
		ResponseParameters: map[string]map[string]string{"404": {"overwrite:statuscode": "403", "append:header.X-Why": "$response.body.method", "remove:header.Set-Cookie": "''"},
			"200": {"append:header.X-Type": "$response.header.Content-Type"}}}))(f)
	f.route(api, "PUT /animals/{id}", "integrations/"+*i.IntegrationId)
	var told struct {
		Method, URI, Body string
		Header            http.Header
	}
	got := f.get("PUT", api, "/animals/a%2Fb?gone=1&q=2", `{"a":[{"b":"deep"}]}`, "X-Old", "old", "Connection", "X-Hop", "X-Hop", "no")
	f.ok(json.Unmarshal([]byte(got.body), &told))
	if told.Method != "POST" || told.URI != "/pets/a/b?fixed=1&added=deep&q=" || told.Header.Get("X-New") != "old" || told.Header.Get("X-Old") != "" ||
		told.Header.Get("X-Static") != "v/$default/a/b" || told.Header.Get("X-Hop") != "" || told.Body != `{"a":[{"b":"deep"}]}` ||
		!strings.HasPrefix(told.Header.Get("Forwarded"), "for=127.0.0.1;host=") || told.Header.Get("Via") == "" {
		t.Errorf("got %+v", told)
	}
	if got.header.Get("X-Type") != "application/json" {
		t.Errorf("headers %v", got.header)
	}
	got = f.get("PUT", api, "/animals/1", "", "X-Status", "404")
	if got.status != 403 || got.header.Get("X-Why") != "POST" || got.header.Get("Set-Cookie") != "" {
		t.Errorf("got %+v", got)
	}
	out := must(f.UpdateIntegration(f.ctx, &apigatewayv2.UpdateIntegrationInput{ApiId: &api, IntegrationId: i.IntegrationId,
		RequestParameters:  map[string]string{"append:header.X-New": "", "overwrite:path": "/other/$request.path.id"},
		ResponseParameters: map[string]map[string]string{"404": {}}}))(f)
	if len(out.RequestParameters) != 6 || len(out.ResponseParameters) != 1 {
		t.Errorf("updated: %v %v", out.RequestParameters, out.ResponseParameters)
	}
	got = f.get("PUT", api, "/animals/7", "", "X-Status", "404")
	f.ok(json.Unmarshal([]byte(got.body), &told))
	if got.status != 404 || told.URI != "/other/7?fixed=1&added=&q=" {
		t.Errorf("got %d %+v", got.status, told)
	}
}

func TestQueueIntegration(t *testing.T) {
	f := open(t)
	api := f.api()
	q := must(f.sqs.CreateQueue(f.ctx, &sqs.CreateQueueInput{QueueName: aws.String("q")}))(f)
	role := must(f.iam.CreateRole(f.ctx, &awsiam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)}))(f).Role.Arn
	i := must(f.CreateIntegration(f.ctx, &apigatewayv2.CreateIntegrationInput{ApiId: &api, IntegrationType: types.IntegrationTypeAwsProxy,
		IntegrationSubtype: aws.String("SQS-SendMessage"), CredentialsArn: role, PayloadFormatVersion: aws.String("1.0"),
		RequestParameters: map[string]string{"QueueUrl": *q.QueueUrl, "MessageBody": "$request.body.text",
			"MessageAttributes": `{"id":{"DataType":"String","StringValue":"${context.requestId}"}}`}}))(f)
	f.route(api, "POST /send", "integrations/"+*i.IntegrationId)
	if a := f.get("POST", api, "/send", `{"text":"hello"}`); a.status < 400 || !strings.Contains(a.body, "AccessDenied") {
		t.Errorf("a role without rights: %+v", a)
	}
	must(f.iam.PutRolePolicy(f.ctx, &awsiam.PutRolePolicyInput{RoleName: aws.String("r"), PolicyName: aws.String("p"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}`)}))(f)
	a := f.get("POST", api, "/send", `{"text":"hello"}`)
	if a.status != 200 || !strings.Contains(a.body, `"MessageId"`) || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %+v", a)
	}
	got := must(f.sqs.ReceiveMessage(f.ctx, &sqs.ReceiveMessageInput{QueueUrl: q.QueueUrl, MessageAttributeNames: []string{"All"}}))(f).Messages
	if len(got) != 1 || *got[0].Body != "hello" || *got[0].MessageAttributes["id"].StringValue != a.header.Get("Apigw-Requestid") {
		t.Errorf("got %+v", got)
	}
	if a := f.get("POST", api, "/send", `{}`); a.status != 400 {
		t.Errorf("without text: %+v", a)
	}
	r := must(f.CreateIntegration(f.ctx, &apigatewayv2.CreateIntegrationInput{ApiId: &api, IntegrationType: types.IntegrationTypeAwsProxy,
		IntegrationSubtype: aws.String("SQS-ReceiveMessage"), CredentialsArn: role, RequestParameters: map[string]string{"QueueUrl": *q.QueueUrl, "MaxNumberOfMessages": "10"}}))(f)
	f.route(api, "GET /receive", "integrations/"+*r.IntegrationId)
	f.get("POST", api, "/send", `{"text":"again"}`)
	if a := f.get("GET", api, "/receive", ""); a.status != 200 || !strings.Contains(a.body, `"Body":"again"`) {
		t.Errorf("got %+v", a)
	}
}

func TestAccessLogAndMetrics(t *testing.T) {
	f := open(t)
	api := f.api()
	f.route(api, "GET /x/{id}", f.calling(api, "two", "2.0"))
	f.answers(func(string, []byte) (string, bool) { return `{"statusCode":202,"body":"four"}`, false })
	group := "arn:aws:logs:us-east-1:" + f.root.Principal.Account + ":log-group:access:*"
	must(f.UpdateStage(f.ctx, &apigatewayv2.UpdateStageInput{ApiId: &api, StageName: aws.String("$default"), AccessLogSettings: &types.AccessLogSettings{
		DestinationArn: &group, Format: aws.String(`{"id":"$context.requestId","route":"$context.routeKey","status":$context.status,"n":$context.responseLength,` +
			`"lambda":"$context.integration.requestId $context.integrationStatus $context.integration.status","agent":"$context.identity.userAgent","error":"$context.error.message","none":"$context.nothing"}`)},
		DefaultRouteSettings: &types.RouteSettings{DetailedMetricsEnabled: aws.Bool(true)}}))(f)
	a := f.get("GET", api, "/x/1", "", "User-Agent", `evil" agent`)
	f.get("GET", api, "/none", "", "User-Agent", "b")
	f.soon("two lines", func() bool { f.mu.Lock(); defer f.mu.Unlock(); return len(f.logged) == 2 })
	prefix := "access " + api + "/_default delivery.logs.amazonaws.com "
	for i, want := range []string{`{"id":"` + a.header.Get("Apigw-Requestid") + `","route":"GET /x/{id}","status":202,"n":4,"lambda":"lambda-request 200 202","agent":"evil\" agent","error":"-","none":"-"}`,
		`"route":"-","status":404,"n":23,"lambda":"- - -","agent":"b","error":"Not Found","none":"-"}`} {
		line := strings.TrimPrefix(f.logged[i], prefix)
		if !strings.HasSuffix(line, want) || !json.Valid([]byte(line)) {
			t.Errorf("got  %s\nwant %s%s", f.logged[i], prefix, want)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	sums, routes := map[string]float64{}, 0
	for _, d := range f.measured {
		switch len(d.Dimensions) {
		case 2:
			sums[d.Name] += d.Value
		case 4:
			routes++
		}
	}
	if sums["Count"] != 2 || sums["4xx"] != 1 || sums["5xx"] != 0 || sums["Latency"] <= 0 || sums["IntegrationLatency"] <= 0 || sums["DataProcessed"] != 27 || routes != 6 {
		t.Errorf("measured %v, %d of routes", sums, routes)
	}
}
