package expression

import (
	"strings"
	"testing"
)

type values map[string]string

func (v values) Value(x Variable) (string, bool) {
	s, ok := v[x.String()]
	return s, ok
}

func TestFill(t *testing.T) {
	source := values{"$request.header.accept": "text/html", "$request.path.id": "7", "$context.requestId": "r-1", "$stageVariables.env": "test",
		"$request.body.a.0.b c": "deep", "$request.path": "", "$context.identity.sourceIp": "10.0.0.1"}
	f := func(text, want string) {
		t.Helper()
		x, err := Parse(text, roots...)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got := x.Fill(source, "-"); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	f("plain", "plain")
	f("$request.header.accept", "text/html")
	f("/v1/$request.path.id", "/v1/7")
	f("/v1/${request.path.id}x", "/v1/7x")
	f("$context.requestId.", "r-1.")
	f(`{"ip":"$context.identity.sourceIp","id":"$context.requestId"}`, `{"ip":"10.0.0.1","id":"r-1"}`)
	f("$stageVariables.env$stageVariables.none", "test-")
	f("$request.body.a[0]['b c']", "deep")
	f("$5 for $default, ${else} $$", "$5 for $default, ${else} $$")
	f("$contexts.requestId", "$contexts.requestId")
	f("$context", "$context")
}

func TestParseRefuses(t *testing.T) {
	f := func(text string, allowed ...string) {
		t.Helper()
		if _, err := Parse(text, allowed...); err == nil {
			t.Errorf("%q was read", text)
		}
	}
	f("${context.requestId", roots...)
	f("$context.", roots...)
	f("$request..name", roots...)
	f("$response.header.x", "request")
	f(strings.Repeat("x", maxText+1))
	f(strings.Repeat("$context.a ", maxParts), roots...)
	f("$context"+strings.Repeat(".a", maxSteps+1), roots...)
}

func TestAlone(t *testing.T) {
	f := func(text string, want bool) {
		t.Helper()
		x, err := Parse(text, roots...)
		if err != nil || (x.Alone() != nil) != want {
			t.Errorf("%q: %v %v", text, x, err)
		}
	}
	f("$request.header.a", true)
	f("${request.header.a}", true)
	f("a", false)
	f("$request.header.a ", false)
}

func TestWithin(t *testing.T) {
	document := []byte(`{"a":[{"b":"text \u00e4"},2,{"c":null}],"o":{"x": 1, "y":[true]}}`)
	f := func(want string, ok bool, path ...string) {
		t.Helper()
		if got, has := Within(document, path); got != want || has != ok {
			t.Errorf("%v: got %q %v, want %q %v", path, got, has, want, ok)
		}
	}
	f("text ä", true, "a", "0", "b")
	f("2", true, "a", "1")
	f("", false, "a", "2", "c")
	f("", false, "a", "3")
	f("", false, "a", "x")
	f(`{"x":1,"y":[true]}`, true, "o")
	f("true", true, "o", "y", "0")
	f("", false, "o", "x", "z")
	f(string(document), true)
	if _, ok := Within([]byte("no json"), []string{"a"}); ok {
		t.Error("no json has a")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"$request.header.a", "${context.b}", "$request.body.a[0]['b']", "$$", "a$stageVariables.x", "${request.body.a"} {
		f.Add(s, []byte(`{"a":[{"b":1}]}`))
	}
	f.Fuzz(func(t *testing.T, text string, document []byte) {
		x, err := Parse(text, roots...)
		if err != nil {
			return
		}
		for _, v := range x.Variables() {
			if len(v.Path) == 0 {
				t.Errorf("%q: %v", text, v)
			}
			Within(document, v.Path)
		}
		x.Fill(values{}, "-")
	})
}
