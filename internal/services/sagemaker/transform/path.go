package transform

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Path chooses parts of a document: the subset of JSONPath that SageMaker has: $, .name, ['a','b'], [0,-1], [1:3] and *.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
type Path struct{ steps []step }

type step struct {
	names   []string
	indexes []int
	slice   *[2]*int
	all     bool
}

// several tells whether a step gives a list of what it chooses.
func (s step) several() bool { return s.all || s.slice != nil || len(s.names)+len(s.indexes) > 1 }

// maxPath is the most of an expression, in bytes, and maxSteps how many steps it has.
const (
	maxPath  = 256
	maxSteps = 32
)

// ParsePath reads an expression. "" and "$" choose all.
func ParsePath(text string) (Path, error) {
	var p Path
	if text == "" {
		return p, nil
	}
	rest, ok := strings.CutPrefix(text, "$")
	if !ok || len(text) > maxPath || !utf8.ValidString(text) {
		return p, fmt.Errorf("%q is no expression: it must begin with $", text)
	}
	for rest != "" {
		var s step
		var err error
		switch {
		case strings.HasPrefix(rest, ".*"):
			s.all, rest = true, rest[2:]
		case rest[0] == '.':
			n := strings.IndexAny(rest[1:], ".[") + 1
			if n == 0 {
				n = len(rest)
			}
			if s.names = []string{rest[1:n]}; s.names[0] == "" {
				err = errors.New("a name is missing")
			}
			rest = rest[n:]
		case rest[0] == '[':
			s, rest, err = bracket(rest[1:])
		default:
			err = fmt.Errorf("%q is not understood", rest)
		}
		if err == nil && len(p.steps) == maxSteps {
			err = errors.New("it has too many steps")
		}
		if err != nil {
			return Path{}, fmt.Errorf("%q is no expression: %w", text, err)
		}
		p.steps = append(p.steps, s)
	}
	return p, nil
}

// bracket reads what stands between brackets.
func bracket(text string) (s step, rest string, err error) {
	if strings.HasPrefix(text, "*]") {
		return step{all: true}, text[2:], nil
	}
	if text != "" && (text[0] == '\'' || text[0] == '"') {
		for {
			text = strings.TrimLeft(text, " ")
			if text == "" || text[0] != '\'' && text[0] != '"' {
				return s, "", errors.New("a name in quotes is missing")
			}
			name, after, ok := strings.Cut(text[1:], text[:1])
			if !ok {
				return s, "", errors.New("a quote is not closed")
			}
			s.names = append(s.names, name)
			text = strings.TrimLeft(after, " ")
			if strings.HasPrefix(text, "]") {
				return s, text[1:], nil
			}
			if text, ok = strings.CutPrefix(text, ","); !ok {
				return s, "", errors.New("a bracket is not closed")
			}
		}
	}
	inside, rest, ok := strings.Cut(text, "]")
	if !ok {
		return s, "", errors.New("a bracket is not closed")
	}
	if low, high, ranged := strings.Cut(inside, ":"); ranged {
		s.slice = &[2]*int{}
		for i, t := range []string{low, high} {
			if t = strings.TrimSpace(t); t != "" {
				n, err := strconv.Atoi(t)
				if err != nil {
					return s, "", fmt.Errorf("%q is no number", t)
				}
				s.slice[i] = &n
			}
		}
		return s, rest, nil
	}
	for _, t := range strings.Split(inside, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(t))
		if err != nil {
			return s, "", fmt.Errorf("%q is no number", t)
		}
		s.indexes = append(s.indexes, n)
	}
	return s, rest, nil
}

// errAbsent is a choice of what a document does not have.
var errAbsent = errors.New("the record has nothing there")

// All tells whether everything is chosen.
func (p Path) All() bool { return len(p.steps) == 0 }

// Choose gives what the expression chooses of a document: a value, or a list where it names several. Names in brackets give an object.
func (p Path) Choose(v any) (any, error) { return choose(v, p.steps) }

func choose(v any, steps []step) (any, error) {
	if len(steps) == 0 {
		return v, nil
	}
	s, rest := steps[0], steps[1:]
	switch v := v.(type) {
	case *object:
		return s.ofObject(v, rest)
	case []any:
		return s.ofList(v, rest)
	}
	return nil, errAbsent
}

func (s step) ofObject(o *object, rest []step) (any, error) {
	if s.all {
		list := []any{}
		for _, k := range o.keys {
			v, err := choose(o.values[k], rest)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	if len(s.names) == 0 {
		return nil, errAbsent
	}
	out := newObject()
	for _, name := range s.names {
		v, ok := o.values[name]
		if !ok {
			return nil, errAbsent
		}
		v, err := choose(v, rest)
		if err != nil {
			return nil, err
		}
		if !s.several() {
			return v, nil
		}
		out.set(name, v)
	}
	return out, nil
}

func (s step) ofList(list []any, rest []step) (any, error) {
	var chosen []any
	switch {
	case s.all:
		chosen = list
	case s.slice != nil:
		low, high := 0, len(list)
		at := func(n int) int {
			if n < 0 {
				n += len(list)
			}
			return min(max(n, 0), len(list))
		}
		if s.slice[0] != nil {
			low = at(*s.slice[0])
		}
		if s.slice[1] != nil {
			high = at(*s.slice[1])
		}
		chosen = slices.Clone(list[low:max(low, high)])
	default:
		if len(s.indexes) == 0 {
			return nil, errAbsent
		}
		for _, n := range s.indexes {
			if n < 0 {
				n += len(list)
			}
			if n < 0 || n >= len(list) {
				return nil, errAbsent
			}
			chosen = append(chosen, list[n])
		}
	}
	if !s.several() {
		return choose(chosen[0], rest)
	}
	out := make([]any, 0, len(chosen))
	for _, v := range chosen {
		v, err := choose(v, rest)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}
