package template

import (
	"context"
	"strings"
)

const (
	loop      = "Fn::ForEach::"
	maxNested = 5       // loops within loops
	maxMade   = 4 << 20 // nodes and bytes that loops write
)

// expansion writes the loops of Fn::ForEach out.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-foreach.html
type expansion struct {
	e    *evaluator
	made int
}

var errLoop = &Error{extensionsFailed + "Fn::ForEach layout is incorrect"}

func (b *Bound) expand(ctx context.Context, root map[string]any) (map[string]any, error) {
	m := &model{parameters: b.m.parameters, extended: true}
	var err error
	if m.mappings, err = members(root, "Mappings", maxMappings); err != nil {
		return nil, err
	}
	if m.conditions, err = members(root, "Conditions", 0); err != nil {
		return nil, err
	}
	b.m = m
	e := b.evaluator(ctx, &recorder{})
	e.within = "Fn::ForEach"
	e.pure = errorf("%sFn::ForEach could not resolve its collection: it must not depend on any resources", extensionsFailed)
	c := &conditions{decided: map[string]bool{}, e: e}
	e.decide = c.decide
	x := &expansion{e: e}
	out := make(map[string]any, len(root))
	for k, v := range root {
		out[k] = v
	}
	for _, section := range []string{"Conditions", "Resources", "Outputs"} {
		if v, has := root[section]; has {
			if out[section], err = x.within(v, 0); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// make counts what is written.
func (x *expansion) make(n int) error {
	if x.made += n; x.made > maxMade {
		return errorf("%sTemplate may not exceed %d bytes in size.", extensionsFailed, MaxFromS3)
	}
	return nil
}

// within writes out the loops that v holds; nested of them are around it.
func (x *expansion) within(v any, nested int) (any, error) {
	if err := x.make(1); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range sorted(v) {
			if strings.HasPrefix(k, loop) {
				if err := x.loop(out, k, v[k], nested+1); err != nil {
					return nil, err
				}
				continue
			}
			r, err := x.within(v[k], nested)
			if err != nil {
				return nil, err
			}
			if _, twice := out[k]; twice {
				return nil, errorf("%sFn::ForEach writes the key %s again", extensionsFailed, k)
			}
			out[k] = r
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, y := range v {
			r, err := x.within(y, nested)
			if err != nil {
				return nil, err
			}
			out[i] = r
		}
		return out, nil
	}
	return v, nil
}

// loop writes out one loop: its variable, the collection, and what is written for each of its members.
func (x *expansion) loop(out map[string]any, name string, v any, nested int) error {
	list, ok := v.([]any)
	if !ok || len(list) != 3 || !alphanumeric.MatchString(strings.TrimPrefix(name, loop)) {
		return errLoop
	}
	variable, named := list[0].(string)
	body, ok := list[2].(map[string]any)
	if !ok || !named || !alphanumeric.MatchString(variable) {
		return errLoop
	}
	if nested > maxNested {
		return errorf("%sFn::ForEach may be nested at most %d times", extensionsFailed, maxNested)
	}
	members, err := x.collection(list[1])
	if err != nil {
		return err
	}
	for _, member := range members {
		r := &replacement{x: x, variable: variable, value: member, texts: strings.NewReplacer("${"+variable+"}", member, "&{"+variable+"}", bare(member))}
		v, err := r.in(body)
		if err != nil {
			return err
		}
		made, err := x.within(v, nested)
		if err != nil {
			return err
		}
		for k, v := range made.(map[string]any) {
			if _, twice := out[k]; twice {
				return errorf("%sFn::ForEach writes the key %s again", extensionsFailed, k)
			}
			out[k] = v
		}
	}
	return nil
}

// collection is what a loop goes over: texts, and lists of texts that functions give.
func (x *expansion) collection(v any) ([]string, error) {
	v, err := x.e.value(v)
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok {
		return nil, errLoop
	}
	var out []string
	for _, item := range list {
		inner, many := item.([]any)
		if !many {
			inner = []any{item}
		}
		for _, i := range inner {
			s, ok := plain(i)
			if !ok {
				return nil, errLoop
			}
			out = append(out, s)
		}
	}
	return out, nil
}

// replacement puts a value in the place of a loop's variable: ${Name}, &{Name} (letters and digits of the value only) and Ref.
type replacement struct {
	x               *expansion
	variable, value string
	texts           *strings.Replacer
}

func (r *replacement) in(v any) (any, error) {
	if err := r.x.make(1); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case map[string]any:
		if name, arg, ok := call(v); ok && name == "Ref" && arg == r.variable {
			return r.value, nil
		}
		out := make(map[string]any, len(v))
		for _, k := range sorted(v) {
			key, err := r.text(k)
			if err != nil {
				return nil, err
			}
			x, err := r.in(v[k])
			if err != nil {
				return nil, err
			}
			if _, twice := out[key]; twice {
				return nil, errorf("%sFn::ForEach writes the key %s again", extensionsFailed, key)
			}
			out[key] = x
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, y := range v {
			x, err := r.in(y)
			if err != nil {
				return nil, err
			}
			out[i] = x
		}
		return out, nil
	case string:
		return r.text(v)
	}
	return v, nil
}

func (r *replacement) text(s string) (string, error) {
	if !strings.Contains(s, "{"+r.variable+"}") {
		return s, nil
	}
	if err := r.x.make(len(s) + strings.Count(s, "{"+r.variable+"}")*len(r.value)); err != nil {
		return "", err
	}
	return r.texts.Replace(s), nil
}

func bare(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return c
		}
		return -1
	}, s)
}
