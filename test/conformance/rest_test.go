package conformance

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/atelier-studio/atelier/internal/wire/facts"
)

// typed tells whether a member is written in JSON, where a number isn't a string.
func (b *breaker) typed(ref *facts.Ref) bool {
	switch b.protocol {
	case "json":
		return true
	case "rest-json":
		return ref.Location == "" && !b.raw(ref)
	}
	return false
}

func (b *breaker) input() *facts.Shape {
	if in := b.facts.Operations[b.operation].Input; in != nil {
		return b.facts.Shapes[in.Shape]
	}
	return &facts.Shape{Type: "structure"}
}

// raw tells whether a member is the body itself, as it is.
func (b *breaker) raw(ref *facts.Ref) bool {
	in, of := b.input(), b.facts.Shapes[ref.Shape]
	return in.Payload != "" && in.Members[in.Payload] == ref && (of.Type == "blob" || of.Type == "string")
}

// rest puts the members of a REST request where they belong: into the path, the query, headers, and the body, which it returns.
func (b *breaker) rest(tree map[string]any) []byte {
	in := b.input()
	b.target, b.header = b.facts.Operations[b.operation].HTTP.URI, http.Header{}
	path, fixed, _ := strings.Cut(b.target, "?")
	query := []string{}
	if fixed != "" {
		query = append(query, fixed)
	}
	body := map[string]any{}
	var raw []byte
	for _, name := range sorted(in.Members) {
		ref := in.Members[name]
		v, given := tree[name]
		at := name
		if ref.LocationName != "" {
			at = ref.LocationName
		}
		switch {
		case ref.Location == "uri":
			text := ""
			if given {
				text = url.PathEscape(b.text(ref, v, false))
			}
			path = strings.NewReplacer("{"+at+"}", text, "{"+at+"+}", text).Replace(path)
		case !given:
		case ref.Location == "querystring":
			list, ok := v.([]any)
			if !ok {
				list = []any{v}
			}
			for _, x := range list {
				query = append(query, url.QueryEscape(at)+"="+url.QueryEscape(b.text(ref, x, false)))
			}
		case ref.Location == "header":
			if text := b.text(ref, v, true); !strings.ContainsFunc(text, unicode.IsControl) { // no client can send the others
				b.header.Set(at, text)
			}
		case ref.Location != "":
		case b.raw(ref):
			raw = []byte(b.text(ref, v, false))
		case in.Payload == name:
			return b.finish(path, query, b.json(b.named(b.facts.Shapes[ref.Shape], v)))
		default:
			body[at] = b.named(b.facts.Shapes[ref.Shape], v)
		}
	}
	if raw == nil && b.hasBody(in) {
		raw = b.json(body)
	}
	return b.finish(path, query, raw)
}

func (b *breaker) finish(path string, query []string, body []byte) []byte {
	if b.target = path; len(query) > 0 {
		b.target += "?" + strings.Join(query, "&")
	}
	return body
}

// hasBody tells whether something of the input is in the body.
func (b *breaker) hasBody(in *facts.Shape) bool {
	return slices.ContainsFunc(sorted(in.Members), func(name string) bool { return in.Members[name].Location == "" })
}

// named gives members the names that they have on the wire.
func (b *breaker) named(s *facts.Shape, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, x := range v {
			at, of := name, &facts.Shape{Type: "string"}
			if ref := s.Members[name]; ref != nil {
				of = b.facts.Shapes[ref.Shape]
				if ref.LocationName != "" {
					at = ref.LocationName
				}
			}
			out[at] = b.named(of, x)
		}
		return out
	case []any:
		of := &facts.Shape{Type: "string"}
		if s.Member != nil {
			of = b.facts.Shapes[s.Member.Shape]
		}
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = b.named(of, x)
		}
		return out
	}
	return v
}

// text writes a value outside of JSON.
func (b *breaker) text(ref *facts.Ref, v any, header bool) string {
	if _, ok := v.(invalid); ok {
		return broken
	}
	if _, ok := v.(int); ok && b.facts.Shapes[ref.Shape].Type == "timestamp" {
		if header {
			return "Tue, 14 Nov 2023 22:13:20 GMT"
		}
		return "2023-11-14T22:13:20Z"
	}
	return fmt.Sprint(v)
}

// restRequest is the request that was encoded last, with a body.
func (b *breaker) restRequest(body []byte) *http.Request {
	r := request(b.t, b.facts.Operations[b.operation].HTTP.Method, b.server.URL+b.target, body)
	r.Header = b.header.Clone()
	if len(body) > 0 && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// restDocuments breaks a REST request as a whole: its body, its query and its path.
func (b *breaker) restDocuments(whole []byte, shape *facts.Shape) {
	reads := b.hasBody(shape)
	if payload := shape.Members[shape.Payload]; payload != nil && b.raw(payload) {
		reads = false // any body will do
	}
	b.body("200-deep object", []byte(strings.Repeat(`{"A":`, 200)+"1"+strings.Repeat("}", 200)), false)
	b.body("200-deep list", []byte(`{"A":`+strings.Repeat("[", 200)+strings.Repeat("]", 200)+"}"), false)
	for _, name := range sorted(shape.Members) {
		if ref := shape.Members[name]; ref.Location == "" && shape.Payload == "" {
			if ref.LocationName != "" {
				name = ref.LocationName
			}
			b.body("200-deep "+name, []byte(`{"`+name+`":`+strings.Repeat("[", 200)+strings.Repeat("]", 200)+"}"), true)
			break
		}
	}
	b.body("half a document", []byte(`{"A": "b`), reads)
	b.body("a list", []byte(`[]`), reads)
	b.body("a word", []byte(`yes`), reads)
	b.body("two documents", append(slices.Clone(whole), whole...), reads && len(whole) > 0)
	b.body("invalid UTF-8 key", []byte("{\"\xff\xfe\":1}"), reads)
	target := b.target
	for what, query := range map[string]string{"bad escape": "A=%zz", "invalid UTF-8 parameter": "%ff%fe=x", "semicolons": "a;b;c=d"} {
		join := "?"
		if strings.Contains(target, "?") {
			join = "&"
		}
		b.target = target + join + query
		b.body(what, whole, false) // the signer leaves a bad escape out
	}
	for what, path := range map[string]string{"another path": "/no/such/path", "dots": "/../../etc/passwd", "slashes": "//" + strings.Repeat("/", 100)} {
		b.target = path
		b.body(what, whole, true)
	}
	b.target = target
}
