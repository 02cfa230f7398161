package resource

import (
	"encoding/json"
	"reflect"
	"slices"
	"time"
)

// Tell is the inverse of Fill: of the properties that are wanted, those that fields of an SDK's output tell, in the form that they are wanted
// in (a policy is an object where it was given as one, tags a list of pairs).
func Tell(output any, wanted map[string]any) map[string]any {
	out := map[string]any{}
	v := reflect.Indirect(reflect.ValueOf(output))
	if v.Kind() != reflect.Struct {
		return out
	}
	for name, w := range wanted {
		if field := named(v, name); field.IsValid() {
			if has, ok := tell(field, w); ok {
				out[name] = has
			}
		}
	}
	return out
}

// tell gives a field's value in the form of wanted; ok is false when it has none.
func tell(v reflect.Value, wanted any) (any, bool) {
	if v.Type() == moment {
		return v.Interface().(time.Time).UTC().Format(time.RFC3339), true
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil, false
		}
		if s := v.Elem(); s.Kind() == reflect.String && s.Len() == 0 {
			return "", true
		}
		return tell(v.Elem(), wanted)
	case reflect.String:
		if v.Len() == 0 {
			return nil, false
		}
		switch wanted.(type) {
		case map[string]any, []any:
			if d := decoded(v.String()); d != nil {
				return d, true
			}
		}
		return v.String(), true
	case reflect.Bool, reflect.Int, reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64:
		b, err := json.Marshal(v.Interface())
		if v.Kind() == reflect.Bool {
			return v.Bool(), true
		}
		return json.Number(b), err == nil
	case reflect.Struct:
		m, _ := wanted.(map[string]any)
		return Tell(v.Interface(), m), true
	case reflect.Slice:
		return tellSlice(v, wanted)
	case reflect.Map:
		return tellMap(v, wanted)
	}
	return nil, false
}

func tellSlice(v reflect.Value, wanted any) (any, bool) {
	if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
		return nil, false
	}
	list, isList := wanted.([]any)
	out := make([]any, v.Len())
	for i := range out {
		var w any
		switch {
		case i < len(list):
			w = list[i]
		case len(list) > 0:
			w = list[len(list)-1]
		}
		if isList && paired(v.Type().Elem()) {
			w = map[string]any{"Key": "", "Value": ""}
		}
		out[i], _ = tell(v.Index(i), w)
	}
	if isList && paired(v.Type().Elem()) { // tags are a set
		out = inOrder(out, list)
	}
	if m, ok := wanted.(map[string]any); ok {
		if paired(v.Type().Elem()) {
			tags := map[string]any{}
			for i := range v.Len() {
				p := Tell(v.Index(i).Interface(), map[string]any{"Key": "", "Value": ""})
				tags[text(p["Key"])] = text(p["Value"])
			}
			return tags, true
		}
		if v.Len() == 1 {
			return tell(v.Index(0), m)
		}
	}
	if !isList && len(out) == 1 && wanted != nil {
		return out[0], true
	}
	return out, true
}

// inOrder gives pairs in the order that they are wanted in, and then the others.
func inOrder(pairs, wanted []any) []any {
	place := func(p any) int {
		m, _ := p.(map[string]any)
		i := slices.IndexFunc(wanted, func(w any) bool { m2, _ := w.(map[string]any); return text(m2["Key"]) == text(m["Key"]) })
		if i < 0 {
			return len(wanted)
		}
		return i
	}
	slices.SortStableFunc(pairs, func(a, b any) int { return place(a) - place(b) })
	return pairs
}

func tellMap(v reflect.Value, wanted any) (any, bool) {
	if v.IsNil() {
		return nil, false
	}
	values := map[string]any{}
	for _, k := range v.MapKeys() {
		values[k.String()], _ = tell(v.MapIndex(k), "")
	}
	list, ok := wanted.([]any)
	if !ok {
		return values, true
	}
	var pairs []any // in the order that they are wanted, then the others
	add := func(k string) {
		if e, ok := values[k]; ok {
			delete(values, k)
			pairs = append(pairs, map[string]any{"Key": k, "Value": e})
		}
	}
	for _, m := range Objects(list) {
		add(text(m["Key"]))
	}
	for k := range values {
		add(k)
	}
	return pairs, true
}

// decoded is JSON as templates have it; nil when it is none.
func decoded(s string) any {
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		return nil
	}
	return v
}

// Told gives text in the form of what is wanted: an object where that is one.
func Told(s string, wanted any) any {
	v, _ := tell(reflect.ValueOf(s), wanted)
	return v
}
