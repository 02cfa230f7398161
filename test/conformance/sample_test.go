package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/wire/facts"
)

// invalid stands for a string that isn't UTF-8.
type invalid struct{}

const broken = "a\xff\xfeb"

// MarshalJSON gives a mark that encode puts the broken bytes in for: JSON itself can't carry them.
func (invalid) MarshalJSON() ([]byte, error) { return []byte(`"INVALID-UTF-8"`), nil }

// examples are tried in turn for a member that has a pattern.
var examples = []string{"abcdefgh", "a", "AKIAIOSFODNN7EXAMPLE", "123456789012", "arn:aws:iam::123456789012:role/abcdefgh", "a@example.com",
	"o-abcdefghij", "r-abcd", "ou-abcd-abcdefgh", "p-abcdefgh", "car-abcdefgh", "h-abcdefgh", "v1", "123456", "https://example.com/a/b", "/",
	"abcdefghijklmnopqrstuvwxyz", "12345678-1234-1234-1234-123456789012", "arn:aws:organizations::123456789012:account/o-abcdefghij/123456789012"}

// sample is a value that the shape allows, with nothing but what is required.
func (b *breaker) sample(s *facts.Shape, depth int) any {
	switch s.Type {
	case "structure":
		m := map[string]any{}
		if depth < 8 {
			for _, name := range s.Required {
				m[name] = b.sample(b.facts.Shapes[s.Members[name].Shape], depth+1)
			}
		}
		return m
	case "list":
		if s.Min == nil || depth > 8 {
			return []any{}
		}
		return slices.Repeat([]any{b.sample(b.facts.Shapes[s.Member.Shape], depth+1)}, int(*s.Min))
	case "map":
		return map[string]any{}
	case "integer", "long", "float", "double":
		if s.Min != nil {
			return int64(*s.Min)
		}
		return 1
	case "boolean":
		return true
	case "timestamp":
		return 1700000000
	case "blob":
		return "YWJj"
	}
	if len(s.Enum) > 0 {
		return s.Enum[0]
	}
	pattern, err := regexp.Compile("^(?:" + s.Pattern + ")$")
	for _, e := range examples {
		if (s.Min == nil || float64(len(e)) >= *s.Min) && (s.Max == nil || float64(len(e)) <= *s.Max) && (err != nil || s.Pattern == "" || pattern.MatchString(e)) {
			return e
		}
	}
	return "abcdefgh"
}

// encode writes the request's document.
func (b *breaker) encode(tree map[string]any) []byte {
	switch b.protocol {
	case "json":
		return b.json(tree)
	case "rest-json":
		return b.rest(tree)
	}
	form := url.Values{"Action": {b.operation}, "Version": {b.facts.Metadata.APIVersion}}
	if in := b.facts.Operations[b.operation].Input; in != nil {
		b.flatten(form, "", b.facts.Shapes[in.Shape], tree)
	}
	return []byte(form.Encode())
}

func (b *breaker) json(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		b.t.Fatal(err)
	}
	return bytes.ReplaceAll(out, []byte("INVALID-UTF-8"), []byte(broken))
}

// flatten writes a value in the query protocol's way.
func (b *breaker) flatten(form url.Values, at string, s *facts.Shape, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, x := range v {
			key, of := name, &facts.Shape{Type: "string"}
			if ref := s.Members[name]; ref != nil {
				of = b.facts.Shapes[ref.Shape]
				if ref.LocationName != "" {
					key = ref.LocationName
				}
			}
			if at != "" {
				key = at + "." + key
			}
			b.flatten(form, key, of, x)
		}
	case []any:
		if len(v) == 0 {
			form.Set(at, "")
		}
		of := &facts.Shape{Type: "string"}
		if !s.Flattened {
			at += ".member"
		}
		if s.Member != nil {
			of = b.facts.Shapes[s.Member.Shape]
		}
		for i, x := range v {
			b.flatten(form, at+"."+strconv.Itoa(i+1), of, x)
		}
	case invalid:
		form.Set(at, broken)
	case int:
		if s.Type == "timestamp" {
			form.Set(at, "2023-11-14T22:13:20Z")
			return
		}
		form.Set(at, strconv.Itoa(v))
	default:
		form.Set(at, strings.ToValidUTF8(fmt.Sprint(v), "?"))
	}
}

func with(m map[string]any, name string, v any) map[string]any {
	m = maps.Clone(m)
	m[name] = v
	return m
}

func without(m map[string]any, name string) map[string]any {
	m = maps.Clone(m)
	delete(m, name)
	return m
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
