package lambda

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestReply(t *testing.T) {
	f := func(payload string, status int, body, content string) {
		t.Helper()
		w := httptest.NewRecorder()
		reply(w, []byte(payload))
		if w.Code != status || w.Body.String() != body || w.Header().Get("Content-Type") != content {
			t.Errorf("%s: %d %s %s", payload, w.Code, w.Body, w.Header().Get("Content-Type"))
		}
	}
	const fault = "{\"Message\":\"Internal Server Error\"}\n"
	f(`"text"`, 200, "text", "application/json")
	f(`{"a":1}`, 200, `{"a":1}`, "application/json")
	f(`[1]`, 200, `[1]`, "application/json")
	f(`{"statusCode":404,"body":"none","headers":{"content-type":"text/plain"}}`, 404, "none", "text/plain")
	f(`{"statusCode":"204"}`, 204, "", "application/json")
	f(`{"statusCode":200,"body":{"a":1}}`, 200, `{"a":1}`, "application/json")
	f(`{"statusCode":200,"body":"aGk=","isBase64Encoded":true}`, 200, "hi", "application/json")
	f(`{"statusCode":200,"body":"%","isBase64Encoded":true}`, 502, fault, "application/json")
	f(`{"statusCode":"ok"}`, 502, fault, "application/json")
	f(`{"statusCode":99}`, 502, fault, "application/json")
	f(`{"statusCode":200,"headers":[]}`, 502, fault, "application/json")
}

func FuzzReply(f *testing.F) {
	f.Add([]byte(`{"statusCode":404,"body":"none","headers":{"content-type":"text/plain"},"cookies":["a=b"]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		w := httptest.NewRecorder()
		reply(w, payload)
		if w.Code < 200 || w.Code > 599 {
			t.Errorf("%s: %d", payload, w.Code)
		}
	})
}

func TestStreamed(t *testing.T) {
	f := func(content string, status int, body string, parts ...string) {
		t.Helper()
		w := httptest.NewRecorder()
		a := &streamed{w: w}
		a.Start(content)
		for _, p := range parts {
			if n, err := a.Write([]byte(p)); err != nil || n != len(p) {
				t.Errorf("%q: %d %v", p, n, err)
			}
		}
		if w.Code != status || w.Body.String() != body {
			t.Errorf("%q: %d %q", parts, w.Code, w.Body)
		}
	}
	zero := string(prelude)
	f("text/plain", 200, "ab", "a", "b")
	f(integration, 201, "ab", `{"statusCode":201}`+zero+"a", "b")
	f(integration, 201, "ab", `{"status`, `Code":201}`+zero[:3], zero[3:]+"a", "b")
	w := httptest.NewRecorder()
	a := &streamed{w: w}
	a.Start(integration)
	if _, err := a.Write([]byte("nonsense" + zero)); err == nil || a.begun {
		t.Error("nonsense was taken for status and headers")
	}
	a = &streamed{w: w}
	a.Start(integration)
	if _, err := a.Write(make([]byte, 7)); err != nil {
		t.Error(err)
	}
	if _, err := a.Write([]byte("x" + string(make([]byte, 7)) + string(bytesOf(maxPrelude)))); err == nil {
		t.Error("status and headers never ended")
	}
}

func bytesOf(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'x'
	}
	return b
}

func TestCross(t *testing.T) {
	c := &types.Cors{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"GET"}, AllowCredentials: aws.Bool(true), ExposeHeaders: []string{"x"}}
	f := func(method, origin, asked string, answered bool, allowed string) {
		t.Helper()
		r := httptest.NewRequest(method, "/", nil)
		for name, v := range map[string]string{"Origin": origin, "Access-Control-Request-Method": asked} {
			if v != "" {
				r.Header.Set(name, v)
			}
		}
		w := httptest.NewRecorder()
		if got := cross(w, r, c); got != answered || w.Header().Get("Access-Control-Allow-Origin") != allowed {
			t.Errorf("%s %s %s: %v %v", method, origin, asked, got, w.Header())
		}
	}
	f(http.MethodGet, "", "", false, "")
	f(http.MethodGet, "https://a.example", "", false, "https://a.example")
	f(http.MethodGet, "https://b.example", "", false, "")
	f(http.MethodOptions, "https://a.example", "GET", true, "https://a.example")
	f(http.MethodOptions, "https://a.example", "", false, "https://a.example")
	f(http.MethodOptions, "https://b.example", "GET", true, "")
}
