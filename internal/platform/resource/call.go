package resource

import (
	"context"
	"maps"
	"slices"
	"strings"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Types completes types: Find is made of Identify and Read, and what is gone already is no error of Delete, and ErrGone of Read.
func Types(list ...Type) []Type {
	for i, t := range list {
		if remove := t.Delete; remove != nil {
			list[i].Delete = func(ctx context.Context, r Request) error {
				if err := remove(ctx, r); !Gone(err) {
					return err
				}
				return nil
			}
		}
		if t.Read == nil {
			continue
		}
		read := func(ctx context.Context, r Request) (State, error) {
			s, err := t.Read(ctx, r)
			if Gone(err) {
				err = ErrGone
			}
			return s, err
		}
		list[i].Read = read
		if t.Find == nil && t.Identify != nil {
			list[i].Find = func(ctx context.Context, r Request) (State, bool, error) {
				r.ID = t.Identify(r)
				s, err := read(ctx, r)
				if err == ErrGone {
					return State{}, false, nil
				}
				return s, err == nil, err
			}
		}
	}
	return list
}

// Call calls an SDK's method with the properties filled into its input (see Fill), and with what set says beside.
func Call[I, O, F any](ctx context.Context, method func(context.Context, *I, ...func(*F)) (*O, error), properties map[string]any, set func(*I), except ...string) (*O, error) {
	in := new(I)
	if err := Fill(in, properties, except...); err != nil {
		return nil, err
	}
	if set != nil {
		set(in)
	}
	return method(ctx, in)
}

// Named is the name that a property gives, or else the one that the stack gives.
func (r Request) Named(property string) string {
	if name := r.Text(property); name != "" {
		return name
	}
	return r.Name
}

// Renamed gives properties with some under other names: those of the SDK. Names come in pairs, the old and the new; a new one that is "" leaves
// the property out.
func Renamed(properties map[string]any, pairs ...string) map[string]any {
	out := maps.Clone(properties)
	if out == nil {
		out = map[string]any{}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if v, ok := out[pairs[i]]; ok {
			delete(out, pairs[i])
			if pairs[i+1] != "" {
				out[pairs[i+1]] = v
			}
		}
	}
	return out
}

// At is what lies in properties at a path with dots; nil when there is nothing.
func At(properties map[string]any, path string) any {
	var v any = properties
	for _, name := range strings.Split(path, ".") {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// Text is a value as a string: of objects and lists their JSON.
func Text(v any) string { return text(v) }

// Texts are the elements of a list as strings; one value is a list of one.
func Texts(v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		out := make([]string, len(v))
		for i, e := range v {
			out[i] = text(e)
		}
		return out
	}
	return []string{text(v)}
}

// Objects are the objects of a list.
func Objects(v any) []map[string]any {
	var out []map[string]any
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, e := range list {
		if m, ok := e.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// Pairs are tags, in either form that templates have them: a map, or a list of Key and Value.
func Pairs(v any) map[string]string {
	out := map[string]string{}
	if m, ok := v.(map[string]any); ok {
		for k, e := range m {
			out[k] = text(e)
		}
		return out
	}
	for _, m := range Objects(v) {
		out[text(m["Key"])] = text(m["Value"])
	}
	return out
}

// Retag brings tags from what they were to what they are: the ones to set, and then the keys to remove.
func (r Request) Retag(property string, set func(tags map[string]string) error, remove func(keys []string) error) error {
	old, now := Pairs(r.Old[property]), Pairs(r.Properties[property])
	added := map[string]string{}
	for k, v := range now {
		if before, ok := old[k]; !ok || before != v {
			added[k] = v
		}
	}
	var gone []string
	for _, k := range slices.Sorted(maps.Keys(old)) {
		if _, ok := now[k]; !ok {
			gone = append(gone, k)
		}
	}
	if len(gone) > 0 { // first, as there may be no room for both
		if err := remove(gone); err != nil {
			return err
		}
	}
	if len(added) > 0 {
		return set(added)
	}
	return nil
}

// Differ are the elements of two lists of strings that are only in the new one, and only in the old one.
func Differ(old, now any) (added, gone []string) {
	before, after := Texts(old), Texts(now)
	for _, e := range after {
		if !slices.Contains(before, e) {
			added = append(added, e)
		}
	}
	for _, e := range before {
		if !slices.Contains(after, e) {
			gone = append(gone, e)
		}
	}
	return added, gone
}

// Ordered is a set in the order that it is wanted in, and then what else there is.
func Ordered(has []string, wanted any) []any {
	has = slices.Sorted(slices.Values(has))
	out := []any{}
	for _, e := range Texts(wanted) {
		if i := slices.Index(has, e); i >= 0 {
			out, has = append(out, e), slices.Delete(has, i, i+1)
		}
	}
	for _, e := range has {
		out = append(out, e)
	}
	return out
}

// Reshaped gives a value with the keys of its objects, at any depth, under the names of the SDK.
func Reshaped(v any, names map[string]string) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if to, ok := names[k]; ok {
				k = to
			}
			out[k] = Reshaped(e, names)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = Reshaped(e, names)
		}
		return out
	}
	return v
}

// Same compares values as CloudFormation does: 5 is "5".
func Same(a, b any) bool { return same(a, b) }

// TokenHeader carries the token of a call whose input has none, so that it does once what is asked twice (wire.Call.Token).
const TokenHeader = "X-Atelier-Token"

// Once is the request with a configuration whose calls carry the request's token.
func (r Request) Once() Request {
	r.Config.APIOptions = append(slices.Clone(r.Config.APIOptions), smithyhttp.AddHeaderValue(TokenHeader, r.Token))
	return r
}
