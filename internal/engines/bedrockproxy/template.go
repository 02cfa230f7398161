package bedrockproxy

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strconv"
	"strings"
)

var placeholder = regexp.MustCompile(`\{\{\s*([\w.-]+)\s*\}\}`)

// expand puts the members of a record where a template names them. What a record holds is never read as a template itself. A record
// that is text stands for any one name.
func expand(template string, record any) (string, error) {
	var missing error
	out := placeholder.ReplaceAllStringFunc(template, func(m string) string {
		name := placeholder.FindStringSubmatch(m)[1]
		v, ok := member(record, name)
		if !ok {
			if missing == nil {
				missing = absent(name)
			}
			return ""
		}
		if s, ok := v.(string); ok {
			return s
		}
		return string(encode(v))
	})
	return out, missing
}

func absent(name string) error {
	return refusal("The record has no " + strconv.Quote(name) + ", which the template names.")
}

// fill expands the texts of a JSON document. A text that is a name and nothing else becomes the member as it is.
func fill(template, record any) (any, error) {
	switch t := template.(type) {
	case string:
		if m := placeholder.FindString(t); m == t && m != "" {
			name := placeholder.FindStringSubmatch(t)[1]
			v, ok := member(record, name)
			if !ok {
				return nil, absent(name)
			}
			return v, nil
		}
		return expand(t, record)
	case []any:
		out := make([]any, len(t))
		for i, x := range t {
			v, err := fill(x, record)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	case map[string]any:
		out := map[string]any{}
		for k, x := range t {
			v, err := fill(x, record)
			if err != nil {
				return nil, err
			}
			out[k] = v
		}
		return out, nil
	}
	return template, nil
}

// member finds what a name stands for: a member, a member of a member, or a column.
func member(record any, name string) (any, bool) {
	if text, ok := record.(string); ok {
		return text, true
	}
	v := record
	for _, step := range strings.Split(name, ".") {
		switch x := v.(type) {
		case map[string]any:
			next, ok := x[step]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(x) {
				return nil, false
			}
			v = x[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// decode reads one JSON document into to and gives it back; nil when it is none. Numbers stay as they are written.
func decode(b []byte, to *any) any {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if d.Decode(to) != nil {
		return nil
	}
	if _, err := d.Token(); err != io.EOF {
		return nil
	}
	return *to
}

// encode writes JSON as it is usual outside of HTML.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // documents that were read, and texts
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
