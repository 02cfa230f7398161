package eventbridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// reserved are the variables that a template has without asking.
// Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
type reserved struct{ rule, name, ingested string }

// maxPath is how long a path may be, and how many steps it has.
const maxPath = 256

var errPath = errors.New("it is no JSON path of the form $.a.b[0]")

// readPath reads a path: "$" and steps by name or index.
func readPath(path string) (steps []any, err error) {
	rest, ok := strings.CutPrefix(path, "$")
	if !ok || len(path) > maxPath {
		return nil, errPath
	}
	for rest != "" {
		switch {
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[") + 1
			if end == 0 {
				end = len(rest)
			}
			name := rest[1:end]
			if name == "" || name == "*" {
				return nil, errPath
			}
			steps, rest = append(steps, name), rest[end:]
		case rest[0] == '[':
			end := strings.IndexByte(rest, ']')
			if end < 2 {
				return nil, errPath
			}
			inside := rest[1:end]
			if q := inside[0]; (q == '\'' || q == '"') && len(inside) > 2 && inside[len(inside)-1] == q {
				steps = append(steps, inside[1:len(inside)-1])
			} else if n, err := strconv.Atoi(inside); err == nil && n >= 0 {
				steps = append(steps, n)
			} else {
				return nil, errPath
			}
			rest = rest[end+1:]
		default:
			return nil, errPath
		}
	}
	return steps, nil
}

// at follows a path into a document.
func at(document []byte, path string) (json.RawMessage, bool) {
	steps, err := readPath(path)
	if err != nil {
		return nil, false
	}
	v := json.RawMessage(document)
	for _, step := range steps {
		switch step := step.(type) {
		case string:
			var o map[string]json.RawMessage
			if json.Unmarshal(v, &o) != nil {
				return nil, false
			}
			var ok bool
			if v, ok = o[step]; !ok {
				return nil, false
			}
		case int:
			var list []json.RawMessage
			if json.Unmarshal(v, &list) != nil || step >= len(list) {
				return nil, false
			}
			v = list[step]
		}
	}
	return v, true
}

// checkTransformer checks the paths and names of an input transformer.
func checkTransformer(x *types.InputTransformer) error {
	for name, path := range x.InputPathsMap {
		if strings.HasPrefix(name, "aws.") || strings.ContainsAny(name, "<>") {
			return fmt.Errorf("%q cannot be a variable", name)
		}
		if _, err := readPath(path); err != nil {
			return fmt.Errorf("path of %s: %w", name, err)
		}
	}
	missing := ""
	known := func(name string) (json.RawMessage, bool) {
		_, ok := x.InputPathsMap[name]
		if !ok && !strings.HasPrefix(name, "aws.events.") {
			missing = name
		}
		return json.RawMessage("null"), true
	}
	fill(aws.ToString(x.InputTemplate), known)
	if missing != "" {
		return fmt.Errorf("the template asks for %s, which InputPathsMap does not have", missing)
	}
	return nil
}

// input is what a target gets of an event.
func input(t types.Target, document []byte, r reserved) string {
	switch {
	case t.Input != nil:
		return *t.Input
	case t.InputPath != nil:
		if v, ok := at(document, *t.InputPath); ok {
			return string(v)
		}
		return ""
	case t.InputTransformer == nil:
		return string(document)
	}
	text := func(s string) json.RawMessage {
		b, _ := json.Marshal(s) // of text that is always possible
		return b
	}
	return fill(aws.ToString(t.InputTransformer.InputTemplate), func(name string) (json.RawMessage, bool) {
		switch name {
		case "aws.events.rule-arn":
			return text(r.rule), true
		case "aws.events.rule-name":
			return text(r.name), true
		case "aws.events.event.ingestion-time":
			return text(r.ingested), true
		case "aws.events.event", "aws.events.event.json":
			return document, true
		}
		path, ok := t.InputTransformer.InputPathsMap[name]
		if !ok {
			return nil, false
		}
		v, _ := at(document, path)
		return v, true
	})
}

// fill puts values into a template's <names>: as JSON, or within quotes as what the text of a string may hold. What is not
// there is nothing within quotes, and an empty string outside.
func fill(template string, value func(name string) (json.RawMessage, bool)) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(template); {
		c := template[i]
		if c == '\\' && i+1 < len(template) {
			if quoted || template[i+1] != '<' && template[i+1] != '>' {
				b.WriteByte(c)
			}
			b.WriteByte(template[i+1])
			i += 2
			continue
		}
		if c == '"' {
			quoted = !quoted
		}
		if c == '<' {
			if end := strings.IndexByte(template[i:], '>'); end > 1 {
				if v, ok := value(template[i+1 : i+end]); ok {
					b.WriteString(inserted(v, quoted))
					i += end + 1
					continue
				}
			}
		}
		b.WriteByte(c)
		i++
	}
	return b.String()
}

func inserted(v json.RawMessage, quoted bool) string {
	switch {
	case len(v) == 0 && quoted:
		return ""
	case len(v) == 0:
		return `""`
	case !quoted:
		return string(v)
	case v[0] == '"':
		return string(v[1 : len(v)-1])
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	_ = e.Encode(string(v)) // of text that is always possible
	out := strings.TrimSpace(text.String())
	return out[1 : len(out)-1]
}
