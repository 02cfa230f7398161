package apigatewayv2_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

func echo(_ string, event []byte) (string, bool) {
	b, _ := json.Marshal(map[string]any{"statusCode": 200, "headers": map[string]string{"content-type": "application/json"}, "body": string(event)})
	return string(b), false
}

func TestFunction(t *testing.T) {
	f := open(t)
	api := f.api()
	f.route(api, "POST /pets/{id}", f.calling(api, "two", "2.0"))
	f.route(api, "ANY /old/{proxy+}", f.calling(api, "one", "1.0"))
	f.route(api, "$default", f.calling(api, "other:live", "2.0"))
	f.answers(echo)
	a := f.get("POST", api, "/pets/6?a=1&a=2", `{"k":1}`, "Content-Type", "application/json", "Cookie", "c=1", "X-Many", "1", "X-Many", "2")
	var event struct {
		Version, RouteKey, RawPath, RawQueryString, Body string
		Cookies                                          []string
		Headers, PathParameters, QueryStringParameters   map[string]string
		RequestContext                                   struct {
			AccountID, APIID, DomainName, Stage string
			HTTP                                struct{ Method, Path, SourceIP string }
		}
	}
	f.ok(json.Unmarshal([]byte(a.body), &event))
	if a.status != 200 || event.Version != "2.0" || event.RouteKey != "POST /pets/{id}" || event.RawPath != "/pets/6" || event.PathParameters["id"] != "6" || event.Body != `{"k":1}` ||
		event.QueryStringParameters["a"] != "1,2" || event.Headers["x-many"] != "1,2" || len(event.Cookies) != 1 || event.RequestContext.APIID != api ||
		event.RequestContext.DomainName != api+".execute-api.us-east-1.amazonaws.com" || event.RequestContext.HTTP.SourceIP != "127.0.0.1" ||
		event.RequestContext.AccountID != f.root.Principal.Account {
		t.Errorf("got %+v", a)
	}
	if h := event.Headers; h["content-length"] != "7" || h["x-forwarded-for"] != "127.0.0.1" || h["x-forwarded-proto"] != "http" || h["x-forwarded-port"] == "" ||
		!strings.HasPrefix(h["x-amzn-trace-id"], "Root=1-") || !strings.HasPrefix(h["host"], "127.0.0.1:") {
		t.Errorf("headers %v", h)
	}
	if a.header.Get("Apigw-Requestid") == "" {
		t.Error("no request id")
	}
	f.get("GET", api, "/old/", "")
	f.get("GET", api, "/old", "")
	if a := f.get("GET", api, "/old/a/b", ""); !strings.Contains(a.body, `"version":"1.0"`) || !strings.Contains(a.body, `"resource":"/old/{proxy+}"`) {
		t.Errorf("got %+v", a)
	}
	var sources []string
	for _, c := range f.called() {
		if c.as.Name != "apigateway.amazonaws.com" {
			t.Errorf("called by %+v", c.as)
		}
		sources = append(sources, c.name+" "+strings.Join(c.as.Context["aws:SourceArn"], ""))
	}
	base := "arn:aws:execute-api:us-east-1:" + f.root.Principal.Account + ":" + api + "/$default/"
	for i, want := range []string{"two " + base + "POST/pets/{id}", "live " + base + "$default", "live " + base + "$default", "one " + base + "GET/old/{proxy+}"} {
		if sources[i] != want {
			t.Errorf("call %d: %s, want %s", i, sources[i], want)
		}
	}
}

func TestFunctionAnswers(t *testing.T) {
	f := open(t)
	api := f.api()
	f.route(api, "GET /two", f.calling(api, "two", "2.0"))
	f.route(api, "GET /one", f.calling(api, "one", "1.0"))
	f.route(api, "GET /none", "")
	g := func(path, answer string, failure bool, status int, body string) answer2 {
		t.Helper()
		f.answers(func(string, []byte) (string, bool) { return answer, failure })
		a := f.get("GET", api, path, "")
		f.want(a, status, body)
		return answer2{a}
	}
	g("/two", `{"statusCode":201,"body":"aGk=","isBase64Encoded":true,"cookies":["a=1","b=2"]}`, false, 201, "hi").has(t, "Set-Cookie", "a=1", "b=2")
	g("/two", `{"hello":1}`, false, 200, `{"hello":1}`).has(t, "Content-Type", "application/json")
	g("/two", `"hello"`, false, 200, `hello`)
	g("/one", `{"statusCode":200,"multiValueHeaders":{"X-A":["1","2"]},"body":"x"}`, false, 200, "x").has(t, "X-A", "1", "2")
	const failed, busy = `{"message":"Internal Server Error"}`, `{"message":"Service Unavailable"}`
	g("/one", `"hello"`, false, 500, failed)
	g("/two", `{"errorMessage":"boom"}`, true, 500, failed)
	g("/two", `!403 AccessDeniedException`, false, 500, failed)
	g("/two", `!404 ResourceNotFoundException`, false, 500, failed)
	g("/two", `!429 TooManyRequestsException`, false, 503, busy)
	g("/none", ``, false, 500, failed)
	g("/nowhere", ``, false, 404, `{"message":"Not Found"}`)
	f.want(f.get("GET", "nonsense00", "/", ""), 404, `{"message":"Not Found"}`)
}

type answer2 struct{ answer }

func (a answer2) has(t *testing.T, name string, values ...string) {
	t.Helper()
	if got := a.header.Values(name); strings.Join(got, "|") != strings.Join(values, "|") {
		t.Errorf("%s is %v, want %v", name, got, values)
	}
}

func TestTimeoutAndSize(t *testing.T) {
	f := open(t)
	api := f.api()
	i := must(f.CreateIntegration(f.ctx, &apigatewayv2.CreateIntegrationInput{ApiId: &api, IntegrationType: types.IntegrationTypeAwsProxy,
		IntegrationUri: aws.String(f.arn("slow")), PayloadFormatVersion: aws.String("2.0"), TimeoutInMillis: aws.Int32(50)}))(f)
	f.route(api, "POST /slow", "integrations/"+*i.IntegrationId)
	f.answers(func(string, []byte) (string, bool) { return "~", false }) // for ever
	f.want(f.get("POST", api, "/slow", ""), 503, `{"message":"Service Unavailable"}`)
	u := f.backend()
	h := must(f.CreateIntegration(f.ctx, &apigatewayv2.CreateIntegrationInput{ApiId: &api, IntegrationType: types.IntegrationTypeHttpProxy,
		IntegrationUri: aws.String(u.String()), IntegrationMethod: aws.String("ANY")}))(f)
	f.route(api, "POST /size", "integrations/"+*h.IntegrationId)
	f.want(f.get("POST", api, "/size", strings.Repeat("x", 10<<20+1)), 413, `{"message":"Request Entity Too Large"}`)
	if a := f.get("POST", api, "/size", strings.Repeat("x", 1<<20)); a.status != 200 {
		t.Errorf("1 MB: %d", a.status)
	}
}

func TestStages(t *testing.T) {
	f := open(t)
	api := f.api()
	f.answers(func(name string, event []byte) (string, bool) {
		var e struct {
			RawPath        string
			StageVariables map[string]string
			RequestContext struct{ Stage string }
		}
		_ = json.Unmarshal(event, &e)
		return `"` + name + " " + e.RequestContext.Stage + " " + e.RawPath + " " + e.StageVariables["fn"] + `"`, false
	})
	i := must(f.CreateIntegration(f.ctx, &apigatewayv2.CreateIntegrationInput{ApiId: &api, IntegrationType: types.IntegrationTypeAwsProxy,
		IntegrationUri: aws.String(f.arn("${stageVariables.fn}")), PayloadFormatVersion: aws.String("2.0")}))(f)
	route := f.route(api, "GET /x", "integrations/"+*i.IntegrationId)
	must(f.CreateStage(f.ctx, &apigatewayv2.CreateStageInput{ApiId: &api, StageName: aws.String("dev"), StageVariables: map[string]string{"fn": "devfn"}}))(f)
	f.want(f.get("GET", api, "/dev/x", ""), 404, `{"message":"Not Found"}`) // nothing is deployed
	d := must(f.CreateDeployment(f.ctx, &apigatewayv2.CreateDeploymentInput{ApiId: &api, StageName: aws.String("dev")}))(f)
	f.want(f.get("GET", api, "/dev/x", ""), 200, "devfn dev /dev/x devfn")
	f.want(f.get("GET", api, "/x", ""), 500, `{"message":"Internal Server Error"}`) // the variable is not of this stage
	must(f.UpdateStage(f.ctx, &apigatewayv2.UpdateStageInput{ApiId: &api, StageName: aws.String("$default"), StageVariables: map[string]string{"fn": "deffn"}}))(f)
	f.want(f.get("GET", api, "/x", ""), 200, "deffn $default /x deffn")

	must(f.UpdateRoute(f.ctx, &apigatewayv2.UpdateRouteInput{ApiId: &api, RouteId: &route, RouteKey: aws.String("GET /y")}))(f)
	f.want(f.get("GET", api, "/y", ""), 200, "deffn $default /y deffn") // deployed by itself
	f.want(f.get("GET", api, "/dev/x", ""), 200, "devfn dev /dev/x devfn")
	f.want(f.get("GET", api, "/dev/y", ""), 404, `{"message":"Not Found"}`)
	must(f.CreateDeployment(f.ctx, &apigatewayv2.CreateDeploymentInput{ApiId: &api, StageName: aws.String("dev")}))(f)
	f.want(f.get("GET", api, "/dev/y", ""), 200, "devfn dev /dev/y devfn")
	must(f.UpdateStage(f.ctx, &apigatewayv2.UpdateStageInput{ApiId: &api, StageName: aws.String("dev"), DeploymentId: d.DeploymentId}))(f)
	f.want(f.get("GET", api, "/dev/x", ""), 200, "devfn dev /dev/x devfn") // rolled back

	a := f.request("GET", f.url+"/dev/x", "", "Host", api+".execute-api.us-east-1.localhost:4566")
	f.want(f.send(a), 200, "devfn dev /dev/x devfn")
	must(f.UpdateApi(f.ctx, &apigatewayv2.UpdateApiInput{ApiId: &api, DisableExecuteApiEndpoint: aws.Bool(true)}))(f)
	f.want(f.get("GET", api, "/dev/x", ""), 404, `{"message":"Not Found"}`)
}

func TestQuickCreateAndRestart(t *testing.T) {
	f := open(t)
	u := f.backend()
	a := must(f.CreateApi(f.ctx, &apigatewayv2.CreateApiInput{Name: aws.String("quick"), ProtocolType: types.ProtocolTypeHttp, Target: aws.String(u.String() + "/base")}))(f)
	if *a.ApiEndpoint != f.url+"/_atelier/execute-api/"+*a.ApiId {
		t.Errorf("endpoint %s", *a.ApiEndpoint)
	}
	got := f.send(f.request("PUT", *a.ApiEndpoint+"/some/where?q=1", "body"))
	var told struct{ Method, URI, Host, Body string }
	f.ok(json.Unmarshal([]byte(got.body), &told))
	if got.status != 200 || told.Method != "PUT" || told.URI != "/base/some/where?q=1" || told.Host != u.Host || told.Body != "body" {
		t.Errorf("got %+v", told)
	}
	if c := got.header.Values("Set-Cookie"); len(c) != 2 {
		t.Errorf("cookies %v", c)
	}
	again := openSame(f)
	if got := again.get("GET", *a.ApiId, "/x", ""); got.status != 200 {
		t.Errorf("after a restart: %+v", got)
	}
}

func BenchmarkFunction(b *testing.B) {
	f := openIn(b, b.TempDir())
	api := f.api()
	f.route(api, "GET /pets/{id}", f.calling(api, "two", "2.0"))
	f.function = func(string, []byte) (string, bool) { return `{"statusCode":200,"body":"x"}`, false }
	site := f.service.Sites()["execute-api"]
	r := httptest.NewRequest("GET", "http://"+api+".execute-api.us-east-1.localhost/pets/6?a=1", nil)
	r.Header.Set("User-Agent", "bench")
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		if site(api, w, r); w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}
