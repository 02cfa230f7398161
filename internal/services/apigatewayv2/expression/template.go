package expression

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	maxText  = 8 << 10
	maxParts = 200
	maxSteps = 32
)

// ErrSyntax is an expression that cannot be read.
var ErrSyntax = errors.New("invalid expression")

// Variable is a place in a request or an answer: "request.header.accept" is {request, [header accept]}.
type Variable struct {
	Root string // request, response, context or stageVariables
	Path []string
}

// String writes the variable as it was read.
func (v Variable) String() string { return "$" + v.Root + "." + strings.Join(v.Path, ".") }

// Source gives what variables stand for. What it has not is "", false.
type Source interface {
	Value(Variable) (string, bool)
}

// Template is text with variables in it.
type Template struct {
	parts []piece
}

type piece struct {
	text     string
	variable *Variable
}

// roots are the words that begin a variable. Any other dollar is text.
var roots = []string{"request", "response", "context", "stageVariables"}

// Parse reads a template whose variables begin with one of the roots given; with another root it is refused.
func Parse(text string, allowed ...string) (Template, error) {
	var t Template
	if len(text) > maxText {
		return t, fmt.Errorf("%w: longer than %d bytes", ErrSyntax, maxText)
	}
	for text != "" {
		i := strings.IndexByte(text, '$')
		if i < 0 {
			t.literal(text)
			break
		}
		t.literal(text[:i])
		v, n, err := scan(text[i:])
		if err != nil {
			return Template{}, err
		}
		if v == nil {
			t.literal(text[i : i+n])
		} else {
			if !slices.Contains(allowed, v.Root) {
				return Template{}, fmt.Errorf("%w: $%s is not known here", ErrSyntax, v.Root)
			}
			t.parts = append(t.parts, piece{variable: v})
		}
		if text = text[i+n:]; len(t.parts) > maxParts {
			return Template{}, fmt.Errorf("%w: more than %d parts", ErrSyntax, maxParts)
		}
	}
	return t, nil
}

func (t *Template) literal(s string) {
	if s == "" {
		return
	}
	if n := len(t.parts); n > 0 && t.parts[n-1].variable == nil {
		t.parts[n-1].text += s
		return
	}
	t.parts = append(t.parts, piece{text: s})
}

// scan reads a variable that begins with a dollar, and how long it is. One that is none is nil: then n bytes are text.
func scan(s string) (v *Variable, n int, err error) {
	rest, braced := strings.CutPrefix(s[1:], "{")
	root := word(rest)
	if !slices.Contains(roots, root) || !strings.HasPrefix(rest[len(root):], ".") {
		return nil, 1, nil
	}
	v = &Variable{Root: root}
	at := len(s) - len(rest) + len(root)
	for at < len(s) {
		step, size := next(s[at:])
		if size == 0 {
			break
		}
		v.Path = append(v.Path, step)
		if at += size; len(v.Path) > maxSteps {
			return nil, 0, fmt.Errorf("%w: more than %d steps", ErrSyntax, maxSteps)
		}
	}
	if braced {
		if at >= len(s) || s[at] != '}' {
			return nil, 0, fmt.Errorf("%w: ${ without }", ErrSyntax)
		}
		at++
	}
	if len(v.Path) == 0 {
		return nil, 0, fmt.Errorf("%w: $%s names nothing", ErrSyntax, root)
	}
	return v, at, nil
}

// next reads a step of a path: ".name", "[0]" or "['name']".
func next(s string) (step string, size int) {
	if name := word(strings.TrimPrefix(s, ".")); s[0] == '.' && name != "" {
		return name, len(name) + 1
	}
	if s[0] != '[' {
		return "", 0
	}
	end := strings.IndexByte(s, ']')
	if end < 2 {
		return "", 0
	}
	inner := s[1:end]
	if n := len(inner); n >= 3 && (inner[0] == '\'' || inner[0] == '"') && inner[n-1] == inner[0] {
		return inner[1 : n-1], end + 1
	}
	if strings.Trim(inner, "0123456789") == "" {
		return inner, end + 1
	}
	return "", 0
}

func word(s string) string {
	for i, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return s[:i]
		}
	}
	return s
}

// Variables lists the variables.
func (t Template) Variables() (out []Variable) {
	for _, p := range t.parts {
		if p.variable != nil {
			out = append(out, *p.variable)
		}
	}
	return out
}

// Alone is the one variable that the template is, nil when it is something else.
func (t Template) Alone() *Variable {
	if len(t.parts) == 1 {
		return t.parts[0].variable
	}
	return nil
}

// Fill writes the template with what its variables stand for, and missing in place of those that stand for nothing.
func (t Template) Fill(s Source, missing string) string {
	if len(t.parts) == 1 && t.parts[0].variable == nil {
		return t.parts[0].text
	}
	var b strings.Builder
	for _, p := range t.parts {
		if p.variable == nil {
			b.WriteString(p.text)
			continue
		}
		value, ok := s.Value(*p.variable)
		if !ok {
			value = missing
		}
		b.WriteString(value)
	}
	return b.String()
}
