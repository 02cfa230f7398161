package routing

import (
	"maps"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	f := func(key string, want bool) {
		t.Helper()
		k, err := Parse(key)
		if (err == nil) != want {
			t.Errorf("%q: %v, want %v", key, err, want)
		}
		if err == nil && k.Text != key {
			t.Errorf("%q: text %q", key, k.Text)
		}
	}
	f("$default", true)
	f("GET /", true)
	f("GET /pets", true)
	f("ANY /pets/{id}/toys/{toy-id}", true)
	f("ANY /{proxy+}", true)
	f("OPTIONS /a/{b+}", true)
	f("", false)
	f("GET", false)
	f("GET pets", false)
	f("get /pets", false)
	f("FETCH /pets", false)
	f("GET  /pets", false)
	f("GET /pets?x", false)
	f("GET /{proxy+}/more", false)
	f("GET /{}", false)
	f("GET /a{b}", false)
	f("GET /{a}/{a}", false)
	f("GET /{a", false)
	f("$other", false)
	f("GET /"+strings.Repeat("a/", 70), false)
}

func TestSame(t *testing.T) {
	f := func(a, b string, want bool) {
		t.Helper()
		x, errX := Parse(a)
		y, errY := Parse(b)
		if errX != nil || errY != nil || x.Same(y) != want {
			t.Errorf("%q, %q: want %v", a, b, want)
		}
	}
	f("GET /a/{x}", "GET /a/{y}", true)
	f("GET /a/{x}", "GET /a/{x+}", false)
	f("GET /a/{x}", "ANY /a/{x}", false)
	f("GET /a", "GET /b", false)
	f("$default", "$default", true)
	f("$default", "GET /", false)
}

func TestFind(t *testing.T) {
	var table Table[string]
	for _, key := range []string{"GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "POST /pets", "ANY /pets", "GET /a/b/c",
		"POST /a/{x}/c", "GET /", "GET /q/{proxy+}", "GET /{x}/b", "ANY /only/{v}/end", "GET /only/{v}/{w}"} {
		k, err := Parse(key)
		if err != nil {
			t.Fatal(key, err)
		}
		table.Add(k, key)
	}
	f := func(method, path, want string, vars map[string]string) {
		t.Helper()
		got, ok := table.Find(method, path)
		if !ok || got.Value != want || !maps.Equal(got.Variables, vars) {
			t.Errorf("%s %s: got %q %v, want %q %v", method, path, got.Value, got.Variables, want, vars)
		}
	}
	f("GET", "/pets/dog/1", "GET /pets/dog/1", nil)
	f("GET", "/pets/dog/2", "GET /pets/dog/{id}", map[string]string{"id": "2"})
	f("GET", "/pets/dog/a%2Fb", "GET /pets/dog/{id}", map[string]string{"id": "a/b"})
	f("GET", "/pets/cat/1", "GET /pets/{proxy+}", map[string]string{"proxy": "cat/1"})
	f("POST", "/test/5", "ANY /{proxy+}", map[string]string{"proxy": "test/5"})
	f("POST", "/pets/dog/1", "ANY /{proxy+}", map[string]string{"proxy": "pets/dog/1"})
	f("POST", "/pets", "POST /pets", nil)
	f("PUT", "/pets", "ANY /pets", nil)
	f("GET", "/", "GET /", nil)
	f("POST", "/a/b/c", "POST /a/{x}/c", map[string]string{"x": "b"})
	f("GET", "/a/b/c", "GET /a/b/c", nil)
	f("GET", "/only/1/end", "ANY /only/{v}/end", map[string]string{"v": "1"})
	f("GET", "/only/1/other", "GET /only/{v}/{w}", map[string]string{"v": "1", "w": "other"})
	f("GET", "/only/1/", "ANY /{proxy+}", map[string]string{"proxy": "only/1/"})
	f("GET", "/%70ets/dog/1", "GET /pets/dog/1", nil)
	f("GET", "/q/b", "GET /{x}/b", map[string]string{"x": "q"})
	f("GET", "/q/c", "GET /q/{proxy+}", map[string]string{"proxy": "c"})
	f("GET", "/x//y", "ANY /{proxy+}", map[string]string{"proxy": "x//y"})
	if got, ok := table.Find("POST", "/"); ok {
		t.Errorf("POST /: got %q", got.Value)
	}
	table.Add(Key{Text: Default}, Default)
	f("POST", "/", Default, nil)
}

func TestFindIsBounded(t *testing.T) {
	var table Table[int]
	for i := range 60 { // each level has text and variable: every way is tried
		for _, s := range []string{"a", "{v}"} {
			key := "GET /"
			for j := range i {
				key += map[bool]string{true: "a", false: "{v" + string(rune('A'+j%26)) + string(rune('a'+j/26)) + "}"}[j%2 == 0] + "/"
			}
			if k, err := Parse(key + s); err == nil {
				table.Add(k, i)
			}
		}
	}
	table.Find("POST", "/"+strings.Repeat("a/", 10000)+"a")
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"$default", "GET /pets/{id}", "ANY /{proxy+}", "GET /{a}/{b}/", "POST /%2f"} {
		f.Add(s, "/pets/1")
	}
	f.Fuzz(func(t *testing.T, key, path string) {
		k, err := Parse(key)
		if err != nil {
			return
		}
		if !k.Same(k) {
			t.Errorf("%q is not the same as itself", key)
		}
		var table Table[bool]
		table.Add(k, true)
		if found, ok := table.Find(k.Method, path); ok && len(found.Variables) != len(k.Variables()) {
			t.Errorf("%q on %q: %v", key, path, found.Variables)
		}
	})
}
