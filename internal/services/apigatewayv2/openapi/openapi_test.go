package openapi

import (
	"errors"
	"strings"
	"testing"
)

func TestReadRefuses(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		if _, err := Read([]byte(body), ""); !errors.Is(err, ErrDocument) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", body, err, want)
		}
	}
	const head = `{"openapi":"3.0.1","info":{"title":"t","version":"1"},`
	f(``, "OpenAPI 3.0")
	f(`{`, "malformed")
	f(`a: [`, "malformed")
	f(`{"swagger":"2.0"}`, "OpenAPI 3.0")
	f(`{"openapi":"3.0.1","info":{}}`, "title")
	f(head+`"paths":[]}`, "paths")
	f(head+`"paths":{"/a":{"get":{"security":[{"none":[]}]}}}}`, "security scheme none")
	f(head+`"paths":{"/a":{"get":{"x-amazon-apigateway-integration":{"$ref":"#/x"}}}}}`, "#/x is not defined")
	f(head+`"components":{"securitySchemes":{"a":{"type":"apiKey","x-amazon-apigateway-authorizer":{"type":"token"}}}}}`, "not jwt or request")
	f(strings.Repeat("[", 200)+strings.Repeat("]", 200), "nested")
	f("a: &a [x,x,x,x,x,x,x,x,x]\n"+bomb(), "")
	f(strings.Repeat(" ", maxBody+1), "larger")
}

// bomb is a document that is small until it is read.
func bomb() string {
	var b strings.Builder
	for c := 'b'; c < 'k'; c++ {
		b.WriteString(string(c) + ": &" + string(c) + " [")
		b.WriteString(strings.TrimSuffix(strings.Repeat("*"+string(c-1)+",", 9), ",") + "]\n")
	}
	return b.String()
}

func TestBasepath(t *testing.T) {
	f := func(url, basepath, want string) {
		t.Helper()
		a, err := Read([]byte(`{"openapi":"3.0.1","info":{"title":"t","version":"1"},"servers":[{"url":"`+url+`"}],"paths":{"/a":{"get":{}}}}`), basepath)
		if err != nil || len(a.Routes) != 1 || a.Routes[0].Key != "GET "+want {
			t.Errorf("%s %s: %+v %v, want %s", url, basepath, a.Routes, err, want)
		}
	}
	f("https://x.example/v1/b", "", "/a")
	f("https://x.example/v1/b", Ignore, "/a")
	f("https://x.example/v1/b/", Prepend, "/v1/b/a")
	f("https://x.example/v1/b", Split, "/b/a")
	f("https://x.example/v1", Split, "/a")
	f("/v1", Prepend, "/v1/a")
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"openapi":"3.0.1","info":{"title":"t","version":"1"},"paths":{"/a":{"get":{"x-amazon-apigateway-integration":{"type":"HTTP_PROXY"}}}}}`))
	f.Add([]byte("openapi: 3.0.1\ninfo: {title: t}\npaths: {/$default: {x-amazon-apigateway-any-method: {}}}"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := Read(body, Prepend)
		if err != nil {
			return
		}
		for _, r := range a.Routes {
			if r.Integration >= len(a.Integrations) {
				t.Errorf("route %+v", r)
			}
		}
		_, _ = Write(a, "", true, false)
	})
}
