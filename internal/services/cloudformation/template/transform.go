package template

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// transform does the template's transforms: includes first, then what AWS::LanguageExtensions writes anew.
func (b *Bound) transform(ctx context.Context) error {
	v, err := b.include(ctx, b.root, 0)
	if err != nil {
		return err
	}
	root := v.(map[string]any)
	if slices.Contains(b.Template.Transforms, extensions) {
		if b.model, err = modelOf(root, b.Template.Transforms); err != nil {
			return err
		}
		x := &expansion{e: b.evaluator(ctx, nobody{}), spent: 0}
		x.e.within = "Fn::ForEach"
		x.e.pure = errorf("%sFn::ForEach cannot refer to resources", extensionsFailed)
		for _, section := range []string{"Resources", "Conditions", "Outputs"} {
			if root[section] == nil {
				continue
			}
			if root[section], err = x.expand(root[section], 0); err != nil {
				return err
			}
		}
	}
	b.root = root
	b.model, err = modelOf(root, b.Template.Transforms)
	return err
}

// include puts what AWS::Include names into the template.
func (b *Bound) include(ctx context.Context, v any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errShape
	}
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			if k == "Fn::Transform" {
				parts, err := b.included(ctx, x)
				if err != nil {
					return nil, err
				}
				maps.Copy(out, parts)
				continue
			}
			r, err := b.include(ctx, x, depth+1)
			if err != nil {
				return nil, err
			}
			out[k] = r
		}
		if t, ok := v["Transform"].(map[string]any); ok && depth == 0 && t["Name"] == includes {
			parts, err := b.included(ctx, t)
			if err != nil {
				return nil, err
			}
			maps.Copy(out, parts)
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			r, err := b.include(ctx, x, depth+1)
			if err != nil {
				return nil, err
			}
			out[i] = r
		}
		return out, nil
	}
	return v, nil
}

func (b *Bound) included(ctx context.Context, v any) (map[string]any, error) {
	t, _ := v.(map[string]any)
	p, _ := t["Parameters"].(map[string]any)
	if t["Name"] != includes {
		return nil, errorf("Transform %v is not implemented by Atelier.", t["Name"])
	}
	e := b.evaluator(ctx, nobody{})
	location, err := e.value(p["Location"])
	if err != nil {
		return nil, err
	}
	at, ok := location.(string)
	if !ok || b.env.Include == nil {
		return nil, errorf("Transform AWS::Include failed with: The location parameter is not a valid S3 uri.")
	}
	body, err := b.env.Include(ctx, at)
	if err != nil {
		return nil, err
	}
	return decode(body)
}

// expansion writes Fn::ForEach out.
type expansion struct {
	e     *evaluator
	spent int
}

const loop = "Fn::ForEach::"

func (x *expansion) expand(v any, depth int) (any, error) {
	if x.spent++; x.spent > 100_000 || depth > maxDepth {
		return nil, errorf("%sthe template is too large", extensionsFailed)
	}
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if !strings.HasPrefix(k, loop) {
				r, err := x.expand(v[k], depth+1)
				if err != nil {
					return nil, err
				}
				out[k] = r
				continue
			}
			if err := x.each(out, v[k], depth); err != nil {
				return nil, err
			}
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, y := range v {
			r, err := x.expand(y, depth+1)
			if err != nil {
				return nil, err
			}
			out[i] = r
		}
		return out, nil
	}
	return v, nil
}

// each writes one loop out: its variable, the values, and what is written for each.
func (x *expansion) each(out map[string]any, v any, depth int) error {
	list, ok := v.([]any)
	if !ok || len(list) != 3 {
		return errorf("%sFn::ForEach layout is incorrect", extensionsFailed)
	}
	name, nok := list[0].(string)
	body, bok := list[2].(map[string]any)
	if !nok || !bok {
		return errorf("%sFn::ForEach layout is incorrect", extensionsFailed)
	}
	over, err := x.e.value(list[1])
	if err != nil {
		return err
	}
	items, ok := over.([]any)
	if !ok {
		return errorf("%sFn::ForEach could not resolve its collection", extensionsFailed)
	}
	for _, item := range items {
		values := []any{item}
		if inner, many := item.([]any); many {
			values = inner
		}
		for _, it := range values {
			word, ok := plain(it)
			if !ok {
				return errorf("%sFn::ForEach goes over strings", extensionsFailed)
			}
			made, err := x.expand(x.put(body, name, word), depth+1)
			if err != nil {
				return err
			}
			for k, m := range made.(map[string]any) {
				if _, twice := out[k]; twice {
					return errorf("%sFn::ForEach writes %s more than once", extensionsFailed, k)
				}
				out[k] = m
			}
		}
	}
	return nil
}

// put writes a value in the place of a loop's variable: ${Name}, &{Name} (without what is no letter or digit) and Ref.
func (x *expansion) put(v any, name, word string) any {
	x.spent++
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["Ref"].(string); ok && len(v) == 1 && ref == name {
			return word
		}
		out := make(map[string]any, len(v))
		for k, y := range v {
			out[replaced(k, name, word)] = x.put(y, name, word)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, y := range v {
			out[i] = x.put(y, name, word)
		}
		return out
	case string:
		return replaced(v, name, word)
	}
	return v
}

func replaced(s, name, word string) string {
	plain := strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return c
		}
		return -1
	}, word)
	return strings.NewReplacer("${"+name+"}", word, "&{"+name+"}", plain).Replace(s)
}
