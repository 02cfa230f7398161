package gateway

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/expression"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

func TestFunction(t *testing.T) {
	f := func(uri, want string) {
		t.Helper()
		if got, err := Function(uri); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q %v, want %q", uri, got, err, want)
		}
	}
	const arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
	f(arn, arn)
	f(arn+":live", arn+":live")
	f("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"+arn+"/invocations", arn)
	f("arn:aws:sqs:us-east-1:123456789012:q", "")
	f("arn:aws:lambda:us-east-1:123456789012:layer:l", "")
	f("https://example.com", "")
}

func TestReserved(t *testing.T) {
	f := func(key string, answer, want bool) {
		t.Helper()
		_, err := parameters(map[string]string{key: "x"}, answer)
		if (err == nil) != want || err != nil && !errors.Is(err, errParameter) {
			t.Errorf("%s: %v, want %v", key, err, want)
		}
	}
	f("append:header.x", false, true)
	f("remove:header.Set-Cookie", true, true)
	f("overwrite:querystring.a.b", false, true)
	f("overwrite:path", false, true)
	f("overwrite:statuscode", true, true)
	f("append:path", false, false)
	f("overwrite:path", true, false)
	f("overwrite:statuscode", false, false)
	f("append:querystring.x", true, false)
	f("append:header.a b", false, false)
	f("append:header.", false, false)
	f("change:header.x", false, false)
	for _, name := range []string{"Authorization", "Via", "x-amz-date", "X-Amzn-Trace-Id", "apigw-requestid", "Access-Control-Allow-Origin", "Content-Length", "Host2"} {
		f("overwrite:header."+name, false, name == "Host2")
	}
}

func TestHeaderInjection(t *testing.T) {
	changes, err := parameters(map[string]string{"append:header.x": "a$request.header.y"}, false)
	if err != nil {
		t.Fatal(err)
	}
	out := mapped(changes, http.Header{}, "", fixed("1\r\nEvil: 2"))
	if len(out.header) != 0 {
		t.Errorf("got %v", out.header)
	}
}

type fixed string

// Value is always the same.
func (f fixed) Value(expression.Variable) (string, bool) { return string(f), true }

func TestLoopback(t *testing.T) {
	for _, url := range []string{"http://127.0.0.1:1/", "http://[::1]:1/", "http://169.254.169.254/latest", "http://0.0.0.0:1/"} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = delivery.NewTransport(false).RoundTrip(r); err == nil || !strings.Contains(err.Error(), "may not be called") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestLimitsAreKept(t *testing.T) {
	var l limits
	s := func(burst int32) *types.RouteSettings {
		return &types.RouteSettings{ThrottlingBurstLimit: &burst, ThrottlingRateLimit: aws.Float64(1)}
	}
	a := l.of("api/s/", s(5))
	if l.of("api/s/", s(5)) != a || l.of("api/s/", s(6)) == a || l.of("api/s/", nil) != nil {
		t.Error("a bucket is not the one it was")
	}
	l.of("api/s/", s(1))
	l.of("other/s/", s(1))
	if l.forget("api"); len(l.kept) != 1 {
		t.Errorf("kept %v", l.kept)
	}
}

func FuzzParameters(f *testing.F) {
	f.Add("append:header.x", "$request.header.y")
	f.Add("overwrite:path", "/a/${request.path.id}")
	f.Fuzz(func(t *testing.T, key, value string) {
		for _, answer := range []bool{true, false} {
			changes, err := parameters(map[string]string{key: value}, answer)
			if err != nil {
				continue
			}
			for name, v := range mapped(changes, http.Header{}, "a=b", fixed("x\r\ny")).header {
				if strings.ContainsAny(name+v[0], "\r\n") {
					t.Errorf("%q: %q", name, v)
				}
			}
		}
	})
}

func FuzzLog(f *testing.F) {
	f.Add(`{"a":"$context.requestId"}`, "x")
	f.Add(`$context.requestId $context.status`, `"\`)
	f.Fuzz(func(t *testing.T, format, value string) {
		l, err := compileLog("arn:aws:logs:us-east-1:1:log-group:g", format, delivery.As{}, "s")
		if err != nil {
			return
		}
		if line := l.format.Fill(fixed(value), "-"); value == "" && strings.ContainsAny(line, "\r\n") {
			t.Errorf("%q", line)
		}
		if s := escaped(value, true); strings.ContainsAny(s, "\r\n") || !json.Valid([]byte(`"`+s+`"`)) {
			t.Errorf("%q became %q", value, s)
		}
	})
}
