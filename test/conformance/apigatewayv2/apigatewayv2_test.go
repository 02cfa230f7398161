package apigatewayv2_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/go-jose/go-jose/v4"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// TestHTTPAPI has a function answer in both formats, once its policy lets the API in, and callers prove who they are in each way.
func TestHTTPAPI(t *testing.T) {
	f := open(t)
	two := f.integrate("2.0")
	f.route("POST /pets/{id}", two)
	f.route("ANY /old/{proxy+}", f.integrate("1.0"))
	f.route("GET /fail", two)
	const failed = `{"message":"Internal Server Error"}`
	f.want(f.get("POST", "/pets/6", ""), 500, failed) // the function's policy does not know the API
	f.permit("pets", "/*/*/pets/{id}")
	a := f.get("POST", "/pets/a%20b?q=1&q=2", "\x00\xff", "Content-Type", "application/octet-stream", "Cookie", "c=1; d=2")
	if x := f.read(a); x.Route != "POST /pets/{id}" || x.Parameters["id"] != "a b" || x.Query["q"] != "1,2" || len(x.Cookies) != 2 || x.Body != "AP8=" || !x.Encoded {
		t.Errorf("got %+v", x)
	}
	if c := a.header.Values("Set-Cookie"); len(c) != 2 {
		t.Errorf("cookies %v", c)
	}
	f.want(f.get("GET", "/old/x", ""), 500, failed)
	f.permit("all", "/*")
	a = f.want(f.get("PATCH", "/old/x/y?q=1&q=2", "text"), 201, "/old/{proxy+} PATCH map[proxy:x/y] map[q:[1 2]] text")
	if v := a.header.Values("X-Many"); len(v) != 2 {
		t.Errorf("header %v", v)
	}
	f.want(f.get("GET", "/fail", ""), 500, failed)
	f.want(f.get("GET", "/none", ""), 404, `{"message":"Not Found"}`)
	pre := f.get("OPTIONS", "/pets/6", "", "Origin", "https://a.example", "Access-Control-Request-Method", "POST")
	if pre.status != 204 || pre.header.Get("Access-Control-Allow-Origin") != "https://a.example" {
		t.Errorf("preflight %+v", pre)
	}
	t.Run("IAM", func(t *testing.T) { f.signed(t, two) })
	t.Run("JWT", func(t *testing.T) { f.tokens(t, two) })
	t.Run("Lambda", func(t *testing.T) { f.asked(t, two) })
	t.Run("Logs", func(t *testing.T) { f.logged(t, two) })
}

func (f *fixture) signed(t *testing.T, target string) {
	f.route("POST /iam", target, func(in *apigatewayv2.CreateRouteInput) { in.AuthorizationType = types.AuthorizationTypeAwsIam })
	allow := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:` + f.admin.Account + ":" + f.api + `/*/POST/iam"}]}`
	may := harness.Must(f.server.User(f.ctx, f.admin, "may", allow))(t)
	mayNot := harness.Must(f.server.User(f.ctx, f.admin, "may-not", strings.Replace(allow, "POST", "GET", 1)))(t)
	sign := func(who harness.Caller) answer {
		r := f.request("POST", "/iam?b=2&a=1", "body")
		sum := sha256.Sum256([]byte("body"))
		if err := v4.NewSigner().SignHTTP(f.ctx, aws.Credentials{AccessKeyID: who.Key, SecretAccessKey: who.Secret}, r, hex.EncodeToString(sum[:]), "execute-api",
			harness.Region, time.Now()); err != nil {
			t.Fatal(err)
		}
		return f.send(r)
	}
	if x := f.read(sign(may)); x.Authorizer.IAM == nil || x.Authorizer.IAM.UserARN != may.ARN {
		t.Errorf("got %+v", x)
	}
	f.want(sign(mayNot), 403, `{"message":"Forbidden"}`)
	f.want(f.get("POST", "/iam", "body"), 403, `{"message":"Forbidden"}`)
}

func (f *fixture) tokens(t *testing.T, target string) {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(f)
	var url string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/keys") {
			_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Use: "sig", Algorithm: "ES256"}}})
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": url, "jwks_uri": url + "/keys"})
	}))
	defer s.Close()
	url = s.URL
	x := must(f.CreateAuthorizer(f.ctx, &apigatewayv2.CreateAuthorizerInput{ApiId: &f.api, Name: aws.String("jwt"), AuthorizerType: types.AuthorizerTypeJwt,
		IdentitySource: []string{"$request.header.Authorization"}, JwtConfiguration: &types.JWTConfiguration{Issuer: &url, Audience: []string{"me"}}}))(f)
	f.route("GET /jwt", target, func(in *apigatewayv2.CreateRouteInput) {
		in.AuthorizationType, in.AuthorizerId, in.AuthorizationScopes = types.AuthorizationTypeJwt, x.AuthorizerId, []string{"read"}
	})
	signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil))(f)
	token := func(scope string, life time.Duration) string {
		b := fmt.Sprintf(`{"iss":%q,"aud":"me","sub":"u","scope":%q,"exp":%d}`, url, scope, time.Now().Add(life).Unix())
		return "Bearer " + must(must(signer.Sign([]byte(b)))(f).CompactSerialize())(f)
	}
	if got := f.read(f.get("GET", "/jwt", "", "Authorization", token("read", time.Minute))); got.Authorizer.JWT == nil || got.Authorizer.JWT.Claims["sub"] != "u" {
		t.Errorf("got %+v", got)
	}
	f.want(f.get("GET", "/jwt", "", "Authorization", token("write", time.Minute)), 403, `{"message":"Forbidden"}`)
	f.want(f.get("GET", "/jwt", "", "Authorization", token("read", -time.Minute)), 401, `{"message":"Unauthorized"}`)
	f.want(f.get("GET", "/jwt", ""), 401, `{"message":"Unauthorized"}`)
}

func (f *fixture) asked(t *testing.T, target string) {
	x := must(f.CreateAuthorizer(f.ctx, &apigatewayv2.CreateAuthorizerInput{ApiId: &f.api, Name: aws.String("fn"), AuthorizerType: types.AuthorizerTypeRequest,
		IdentitySource: []string{"$request.header.X-Key"}, AuthorizerPayloadFormatVersion: aws.String("2.0"), EnableSimpleResponses: aws.Bool(true),
		AuthorizerUri: aws.String("arn:aws:apigateway:" + harness.Region + ":lambda:path/2015-03-31/functions/" + f.function + "/invocations")}))(f)
	f.route("GET /asked", target, func(in *apigatewayv2.CreateRouteInput) {
		in.AuthorizationType, in.AuthorizerId = types.AuthorizationTypeCustom, x.AuthorizerId
	})
	if got := f.read(f.get("GET", "/asked", "", "X-Key", "open")); got.Authorizer.Lambda["who"] != "web" {
		t.Errorf("got %+v", got)
	}
	f.want(f.get("GET", "/asked", "", "X-Key", "shut"), 403, `{"message":"Forbidden"}`)
	f.want(f.get("GET", "/asked", ""), 401, `{"message":"Unauthorized"}`)
}

func (f *fixture) logged(t *testing.T, target string) {
	f.route("GET /tight", target)
	logs := cloudwatchlogs.NewFromConfig(f.admin.Config())
	group := "access"
	must(logs.CreateLogGroup(f.ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group}))(f)
	must(f.UpdateStage(f.ctx, &apigatewayv2.UpdateStageInput{ApiId: &f.api, StageName: aws.String("$default"), RouteSettings: map[string]types.RouteSettings{
		"GET /tight": {ThrottlingBurstLimit: aws.Int32(1), ThrottlingRateLimit: aws.Float64(0.001)}},
		AccessLogSettings: &types.AccessLogSettings{DestinationArn: aws.String("arn:aws:logs:" + harness.Region + ":" + f.admin.Account + ":log-group:" + group),
			Format: aws.String(`$context.requestId $context.routeKey $context.status`)}}))(f)
	first := f.want(f.get("GET", "/tight", ""), 200, "")
	second := f.want(f.get("GET", "/tight", ""), 429, `{"message":"Too Many Requests"}`)
	var lines []string
	f.soon("access logs", func() bool {
		out := must(logs.FilterLogEvents(f.ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group}))(f)
		lines = nil
		for _, e := range out.Events {
			lines = append(lines, *e.Message)
		}
		return len(lines) == 2
	})
	for i, want := range []string{first.header.Get("Apigw-Requestid") + " GET /tight 200", second.header.Get("Apigw-Requestid") + " GET /tight 429"} {
		if lines[i] != want {
			t.Errorf("line %q, want %q", lines[i], want)
		}
	}
	metrics := cloudwatch.NewFromConfig(f.admin.Config())
	f.soon("metrics", func() bool {
		out := must(metrics.GetMetricStatistics(f.ctx, &cloudwatch.GetMetricStatisticsInput{Namespace: aws.String("AWS/ApiGateway"), MetricName: aws.String("4xx"),
			Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("ApiId"), Value: &f.api}}, StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now().Add(time.Hour)),
			Period: aws.Int32(3600), Statistics: []cloudwatchtypes.Statistic{cloudwatchtypes.StatisticSum}}))(f)
		sum := 0.0
		for _, p := range out.Datapoints {
			sum += *p.Sum
		}
		return sum >= 3
	})
}

// TestLatency tells what an API costs over its function, of warm ones.
func TestLatency(t *testing.T) {
	f := open(t)
	f.permit("all", "/*")
	f.route("GET /x", f.integrate("2.0"))
	const n = 200
	measure := func(call func()) time.Duration {
		for range 20 {
			call()
		}
		best := make([]time.Duration, 0, n)
		for range n {
			start := time.Now()
			call()
			best = append(best, time.Since(start))
		}
		return median(best)
	}
	through := measure(func() { f.want(f.get("GET", "/x", ""), 200, "route") })
	direct := measure(func() {
		must(f.lambda.Invoke(f.ctx, &lambda.InvokeInput{FunctionName: &f.function, Payload: []byte(`{"version":"2.0"}`)}))(f)
	})
	t.Logf("a warm function answers through an HTTP API in %v, by Invoke in %v (medians)", through, direct)
	if through > direct+100*time.Millisecond {
		t.Errorf("an HTTP API takes %v, Invoke %v", through, direct)
	}
}

func median(d []time.Duration) time.Duration {
	for i := range d {
		for j := i; j > 0 && d[j] < d[j-1]; j-- {
			d[j], d[j-1] = d[j-1], d[j]
		}
	}
	return d[len(d)/2]
}

func TestPython(t *testing.T) {
	s := harness.StartWith(t, harness.Options{Args: []string{"--deliver-to-loopback", "true"}})
	harness.Tell(t, harness.Must(s.Admin(t.Context()))(t), "apigatewayv2.py")
}
