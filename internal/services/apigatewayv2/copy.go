package apigatewayv2

import (
	"maps"
	"reflect"
)

// like makes an output that has what a document has: API Gateway's outputs have the members of what they tell of.
func like[O any](documents ...any) *O {
	out := new(O)
	for _, d := range documents {
		assign(reflect.ValueOf(out).Elem(), reflect.ValueOf(d), true)
	}
	return out
}

// merge writes what an input gives into a document, but for maps, of which each has its own rules.
func merge(document, in any) {
	assign(reflect.ValueOf(document).Elem(), reflect.ValueOf(in).Elem(), false)
}

func assign(to, from reflect.Value, all bool) {
	for i := range from.NumField() {
		f := from.Type().Field(i)
		if !f.IsExported() || from.Field(i).IsZero() || !all && f.Type.Kind() == reflect.Map {
			continue
		}
		if t := to.FieldByName(f.Name); t.IsValid() && t.Type() == f.Type {
			t.Set(from.Field(i))
		}
	}
}

// amended is a map with the changes of an update; an entry that becomes empty goes.
func amended[V any](has, change map[string]V, empty func(V) bool) map[string]V {
	if change == nil {
		return has
	}
	out := maps.Clone(has)
	if out == nil {
		out = map[string]V{}
	}
	for k, v := range change {
		if empty(v) {
			delete(out, k)
		} else {
			out[k] = v
		}
	}
	return out
}

func blank(s string) bool { return s == "" }
