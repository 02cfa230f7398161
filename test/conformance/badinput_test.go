package conformance

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/app"
	"github.com/atelier-studio/atelier/internal/platform/config"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/atelier-studio/atelier/internal/wire/facts"
	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// coverage lists what the program serves.
func coverage(t *testing.T) []wire.Coverage {
	t.Helper()
	cfg := app.Config{Config: config.Default(), Logger: slog.New(slog.DiscardHandler)}
	cfg.Listen, cfg.DataDir = "127.0.0.1:0", t.TempDir()
	s, err := app.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list, err := s.Chain().Coverage()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(list, func(c wire.Coverage) bool { return len(c.Served) == 0 })
}

// TestBadInput sends every served operation what its model forbids.
func TestBadInput(t *testing.T) {
	list := coverage(t)
	s := harness.Start(t)
	for _, c := range list {
		f, err := facts.Load(c.Service)
		if err != nil {
			t.Fatal(err)
		}
		spoken := f.Metadata.Spoken()
		i := slices.IndexFunc(spoken, func(p string) bool { return p == "query" || p == "json" || p == "rest-json" })
		if i < 0 {
			t.Errorf("%s speaks %s, which have no bad input yet", c.Service, spoken)
			continue
		}
		protocol := spoken[i]
		t.Run(c.Service, func(t *testing.T) {
			sent := 0
			for _, name := range c.Served {
				b := breaker{t: t, server: s, facts: f, protocol: protocol, operation: name}
				b.operationFails()
				sent += b.sent
			}
			t.Logf("%d operations, %d requests", len(c.Served), sent)
		})
	}
	if err := s.Healthy(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

type breaker struct {
	t         *testing.T
	server    *harness.Server
	facts     *facts.Service
	protocol  string
	operation string
	sent      int

	target string // path and query of what was encoded last, in REST
	header http.Header
}

func (b *breaker) operationFails() {
	shape := &facts.Shape{Type: "structure"}
	if in := b.facts.Operations[b.operation].Input; in != nil {
		shape = b.facts.Shapes[in.Shape]
	}
	base, _ := b.sample(shape, 0).(map[string]any)
	b.tree("valid", base, false)
	for _, name := range shape.Required {
		must := shape.Members[name].Location != "uri" // a path without it may be another operation's
		b.tree("without "+name, without(base, name), must)
	}
	for _, name := range sorted(shape.Members) {
		b.member(base, name, shape.Members[name])
	}
	b.documents(base, shape)
}

// member breaks one member in every way that its shape allows.
func (b *breaker) member(base map[string]any, name string, ref *facts.Ref) {
	s := b.facts.Shapes[ref.Shape]
	put := func(what string, v any, must bool) { b.tree(name+" "+what, with(base, name, v), must) }
	typed := b.typed(ref)
	put("invalid UTF-8", invalid{}, s.Type == "string")
	switch s.Type {
	case "string":
		if typed {
			put("number", 1, true)
			put("list", []any{"x"}, true)
			put("object", map[string]any{"x": "y"}, true)
		}
		if len(s.Enum) > 0 {
			put("unknown enum value", "no-such-value", true)
		}
		if s.Max != nil && *s.Max < 1<<18 {
			put("too long", strings.Repeat("a", int(*s.Max)+1), true)
		}
		if s.Min != nil && *s.Min > 0 {
			put("empty", "", typed)
		}
		put("300,000 characters", strings.Repeat("ä", 150_000), false)
		put("with a null byte", "a\x00b", false)
		put("deep JSON", strings.Repeat(`{"Statement":[`, 200), false)
		put("deep policy", `{"Version":"2012-10-17","Statement":`+strings.Repeat("[", 200)+strings.Repeat("]", 200)+"}", false)
	case "integer", "long":
		put("word", "many", true)
		put("out of range", "99999999999999999999999", true)
		if s.Max != nil {
			put("too large", int64(*s.Max)+1, true)
		}
		if s.Min != nil {
			put("too small", int64(*s.Min)-1, false) // 0 may mean that there is none
		}
	case "boolean":
		put("word", "maybe", true)
	case "timestamp":
		put("word", "yesterday", true)
	case "list":
		if typed {
			put("word", "x", true)
			put("object", map[string]any{"x": 1}, true)
		}
		element := b.sample(b.facts.Shapes[s.Member.Shape], 1)
		empty, _ := element.(map[string]any) // in a form, an element without members is no element at all
		if s.Max != nil && *s.Max < 2000 && (typed || empty == nil || len(empty) > 0) {
			put("too many", slices.Repeat([]any{element}, int(*s.Max)+1), true)
		}
		if of := b.facts.Shapes[s.Member.Shape]; of.Type == "structure" {
			one, _ := b.sample(of, 1).(map[string]any)
			for _, r := range of.Required {
				put("element without "+r, []any{without(one, r)}, true)
			}
		}
	case "structure", "map":
		if typed {
			put("word", "x", true)
			put("list", []any{1}, true)
		}
	}
}

// documents breaks the request's document as a whole.
func (b *breaker) documents(base map[string]any, shape *facts.Shape) {
	whole := b.encode(base)
	if b.protocol == "rest-json" {
		b.restDocuments(whole, shape)
	} else if b.protocol == "json" {
		b.body("200-deep object", []byte(strings.Repeat(`{"A":`, 200)+"1"+strings.Repeat("}", 200)), false)
		b.body("200-deep list", []byte(`{"A":`+strings.Repeat("[", 200)+strings.Repeat("]", 200)+"}"), false)
		for _, name := range sorted(shape.Members) {
			b.body("200-deep "+name, []byte(`{"`+name+`":`+strings.Repeat("[", 200)+strings.Repeat("]", 200)+"}"), true)
			break
		}
		b.body("half a document", []byte(`{"A": "b`), true)
		b.body("a list", []byte(`[]`), true)
		b.body("a word", []byte(`yes`), true)
		b.body("two documents", append(slices.Clone(whole), whole...), true)
		b.body("invalid UTF-8 key", []byte("{\"\xff\xfe\":1}"), true)
	} else {
		for _, name := range sorted(shape.Members) {
			b.body("200-deep "+name, append(slices.Clone(whole), "&"+name+strings.Repeat(".member.1", 200)+"=x"...), false)
			b.body("200 levels of "+name, append(slices.Clone(whole), "&"+strings.Repeat(name+".", 200)+"x=x"...), false)
			b.body("index of "+name, append(slices.Clone(whole), "&"+name+".member.999999999=x"...), false)
			b.body("negative index of "+name, append(slices.Clone(whole), "&"+name+".member.-1=x"...), false)
		}
		b.body("bad escape", append(slices.Clone(whole), "&A=%zz"...), true)
		b.body("invalid UTF-8 name", append(slices.Clone(whole), "&%ff%fe=x"...), false)
	}
	b.truncated(whole)
}

func (b *breaker) tree(what string, tree map[string]any, must bool) {
	b.body(what, b.encode(tree), must)
}

// build makes the signed request.
func (b *breaker) build(body []byte) *http.Request {
	m := &b.facts.Metadata
	var r *http.Request
	switch b.protocol {
	case "json":
		r = jsonRequest(b.t, b.server.URL, m, b.operation, body)
	case "rest-json":
		r = b.restRequest(body)
	default:
		r = request(b.t, http.MethodPost, b.server.URL+"/", body)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return signing{who: b.server.Root(), service: m.Signing()}.sign(b.t, r, body)
}

func (b *breaker) body(what string, body []byte, must bool) {
	b.t.Helper()
	a, err := send(b.build(body))
	b.judge(what, a, err, must)
}

// judge holds an answer to the rules. must: the request can't succeed.
func (b *breaker) judge(what string, a answer, err error, must bool) {
	b.t.Helper()
	b.sent++
	switch {
	case err != nil:
		b.t.Errorf("%s, %s: no answer: %v", b.operation, what, err)
	case a.status >= 500:
		b.t.Errorf("%s, %s: %d %s", b.operation, what, a.status, a.code)
	case a.status == http.StatusRequestHeaderFieldsTooLarge && b.protocol == "rest-json": // net/http says so before any protocol is known
	case a.status >= 400 && a.code == "":
		b.t.Errorf("%s, %s: %d without a code: %.200s", b.operation, what, a.status, a.body)
	case must && a.status < 400:
		b.t.Errorf("%s, %s: %d", b.operation, what, a.status)
	}
}

// truncated announces a whole body and sends half of it.
func (b *breaker) truncated(whole []byte) {
	if len(whole) < 4 {
		return
	}
	r := b.build(whole)
	u, err := url.Parse(b.server.URL)
	if err != nil {
		b.t.Fatal(err)
	}
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		b.t.Fatal(err)
	}
	defer c.Close()
	var head bytes.Buffer
	fmt.Fprintf(&head, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", r.Method, r.URL.RequestURI(), u.Host, len(whole))
	if err := r.Header.Write(&head); err != nil {
		b.t.Fatal(err)
	}
	head.WriteString("\r\n")
	head.Write(whole[:len(whole)/2])
	if _, err := io.Copy(c, &head); err != nil {
		b.t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		b.t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), r)
	var a answer
	if err == nil {
		a, err = read(resp)
	}
	b.judge("truncated body", a, err, true)
}
