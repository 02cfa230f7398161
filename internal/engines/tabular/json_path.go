package tabular

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// ErrPath is the error of a JSON path that is not understood.
var ErrPath = errors.New("not a JSON path")

// Path tells where in a document the rows are. Of JsonPath it knows what Glue's classifiers do: $ .name ['name'] [0] [*] .*
// https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html#custom-classifier-json
type Path struct {
	text  string
	steps []step
}

type step struct {
	name  string
	index int // -1 for a name
	every bool
}

const maxSteps = 32

// ParsePath reads a JSON path. The error is ErrPath.
func ParsePath(s string) (Path, error) {
	p := Path{text: s}
	bad := func(why string) (Path, error) { return Path{}, fmt.Errorf("%w: %s in %.100q", ErrPath, why, s) }
	rest, ok := strings.CutPrefix(s, "$")
	if !ok {
		return bad("no $ at the beginning")
	}
	for rest != "" {
		if len(p.steps) == maxSteps {
			return bad("too many steps")
		}
		var st step
		var err string
		if st, rest, err = cutStep(rest); err != "" {
			return bad(err)
		}
		p.steps = append(p.steps, st)
	}
	return p, nil
}

// String is the path as it was written.
func (p Path) String() string { return p.text }

func cutStep(s string) (st step, rest, err string) {
	st.index = -1
	if s[0] == '.' {
		n := strings.IndexAny(s[1:], ".[")
		if n < 0 {
			n = len(s) - 1
		}
		name := s[1 : 1+n]
		if name == "" {
			return st, "", "an empty name"
		}
		st.name, st.every = name, name == "*"
		return st, s[1+n:], ""
	}
	if s[0] != '[' || len(s) < 3 {
		return st, "", "neither . nor ["
	}
	if q := s[1]; q == '\'' || q == '"' {
		n := strings.IndexByte(s[2:], q)
		if n < 0 || !strings.HasPrefix(s[2+n+1:], "]") {
			return st, "", "an unclosed name"
		}
		st.name = s[2 : 2+n]
		return st, s[2+n+2:], ""
	}
	in, rest, ok := strings.Cut(s[1:], "]")
	if !ok {
		return st, "", "an unclosed ["
	}
	if in == "*" {
		st.every = true
		return st, rest, ""
	}
	i, e := strconv.Atoi(in)
	if e != nil || i < 0 {
		return st, "", "neither * nor a number in []"
	}
	st.index = i
	return st, rest, ""
}

// walk calls visit at each value that the steps lead to; visit reads it.
func walk(dec *jsontext.Decoder, steps []step, visit func() error) error {
	if len(steps) == 0 {
		return visit()
	}
	st := steps[0]
	switch dec.PeekKind() {
	case '[':
		if st.index < 0 && !st.every {
			return dec.SkipValue()
		}
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
		for i := 0; dec.PeekKind() != ']'; i++ {
			if err := follow(dec, st.every || i == st.index, steps, visit); err != nil {
				return err
			}
		}
	case '{':
		if st.index >= 0 {
			return dec.SkipValue()
		}
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
		for dec.PeekKind() != '}' {
			key, err := dec.ReadToken()
			if err != nil {
				return err
			}
			if err := follow(dec, st.every || key.String() == st.name, steps, visit); err != nil {
				return err
			}
		}
	default:
		return dec.SkipValue()
	}
	_, err := dec.ReadToken()
	return err
}

func follow(dec *jsontext.Decoder, on bool, steps []step, visit func() error) error {
	if on {
		return walk(dec, steps[1:], visit)
	}
	return dec.SkipValue()
}
