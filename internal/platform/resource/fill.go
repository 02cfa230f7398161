package resource

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fill sets the fields of an SDK's input to the properties of the same names (the first letter's case aside), down to the leaves. Values
// take the form of their field, as CloudFormation lets them: "5" fills a number, 5 a string, "true" a bool, and a document (a policy, say)
// that is an object fills a string as JSON. A list of Key and Value pairs fills a map, and a map such a list.
//
// A property that no field has is an error that names it, so that nothing of a template is left out unnoticed; except names those at the top
// that the caller sets otherwise.
func Fill(input any, properties map[string]any, except ...string) error {
	return fillStruct(reflect.ValueOf(input).Elem(), properties, "", except)
}

func fillStruct(v reflect.Value, properties map[string]any, path string, except []string) error {
	for name, p := range properties {
		if p == nil || slices.Contains(except, name) {
			continue
		}
		field := named(v, name)
		if !field.IsValid() {
			return fmt.Errorf("the property %s is not supported yet", path+name)
		}
		if err := fill(field, p, path+name); err != nil {
			return err
		}
	}
	return nil
}

func named(v reflect.Value, name string) reflect.Value {
	if name == "" {
		return reflect.Value{}
	}
	return v.FieldByName(strings.ToUpper(name[:1]) + name[1:])
}

var moment = reflect.TypeFor[time.Time]()

func fill(v reflect.Value, p any, path string) error {
	wrong := func(want string) error { return fmt.Errorf("the property %s must be %s", path, want) }
	if v.Type() == moment {
		t, err := time.Parse(time.RFC3339, text(p))
		if err != nil {
			return wrong("a time such as 2026-01-02T15:04:05Z")
		}
		v.Set(reflect.ValueOf(t))
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return fill(v.Elem(), p, path)
	case reflect.String:
		v.SetString(text(p))
	case reflect.Bool:
		b, err := strconv.ParseBool(strings.ToLower(text(p)))
		if err != nil {
			return wrong("true or false")
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text(p), 10, v.Type().Bits())
		if err != nil {
			f, ferr := strconv.ParseFloat(text(p), 64)
			if n = int64(f); ferr != nil || float64(n) != f || v.OverflowInt(n) {
				return wrong("a whole number")
			}
		}
		v.SetInt(n)
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(text(p), v.Type().Bits())
		if err != nil {
			return wrong("a number")
		}
		v.SetFloat(f)
	case reflect.Struct:
		m, ok := p.(map[string]any)
		if !ok {
			return wrong("an object")
		}
		return fillStruct(v, m, path+".", nil)
	case reflect.Slice:
		return fillSlice(v, p, path)
	case reflect.Map:
		return fillMap(v, p, path)
	default:
		return fmt.Errorf("the property %s is not supported yet", path)
	}
	return nil
}

func fillSlice(v reflect.Value, p any, path string) error {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		v.SetBytes([]byte(text(p)))
		return nil
	}
	list, ok := p.([]any)
	if tags, isMap := p.(map[string]any); isMap && paired(v.Type().Elem()) && tags["Key"] == nil {
		ok = true
		for _, k := range slices.Sorted(maps.Keys(tags)) {
			list = append(list, map[string]any{"Key": k, "Value": tags[k]})
		}
	}
	if !ok { // one is a list of one
		list = []any{p}
	}
	s := reflect.MakeSlice(v.Type(), len(list), len(list))
	for i, e := range list {
		if err := fill(s.Index(i), e, path+"."+strconv.Itoa(i)); err != nil {
			return err
		}
	}
	v.Set(s)
	return nil
}

// paired says whether a type is of tags: a key and a value, no more.
func paired(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	_, key := t.FieldByName("Key")
	_, value := t.FieldByName("Value")
	return key && value && t.NumField() <= 3 // the SDK's marker
}

func fillMap(v reflect.Value, p any, path string) error {
	m := reflect.MakeMap(v.Type())
	set := func(key string, e any) error {
		value := reflect.New(v.Type().Elem()).Elem()
		if err := fill(value, e, path+"."+key); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), value)
		return nil
	}
	switch p := p.(type) {
	case map[string]any:
		for k, e := range p {
			if err := set(k, e); err != nil {
				return err
			}
		}
	case []any: // of pairs
		for _, e := range p {
			pair, ok := e.(map[string]any)
			if !ok || pair["Key"] == nil {
				return fmt.Errorf("the property %s must be an object, or a list of Key and Value", path)
			}
			if err := set(text(pair["Key"]), pair["Value"]); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("the property %s must be an object", path)
	}
	v.Set(m)
	return nil
}

// text is a value as a string: of objects and lists their JSON.
func text(p any) string {
	switch p := p.(type) {
	case nil:
		return ""
	case string:
		return p
	case bool:
		return strconv.FormatBool(p)
	case json.Number:
		return p.String()
	case float64:
		return strconv.FormatFloat(p, 'f', -1, 64)
	case int:
		return strconv.Itoa(p)
	}
	b, err := json.Marshal(p)
	if err != nil {
		return fmt.Sprint(p)
	}
	return string(b)
}

// same compares values as CloudFormation does: 5 is "5".
func same(a, b any) bool {
	if (a == nil) != (b == nil) {
		return false
	}
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k, e := range x {
			if _, has := y[k]; !has || !same(e, y[k]) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, same)
	}
	return text(a) == text(b)
}
