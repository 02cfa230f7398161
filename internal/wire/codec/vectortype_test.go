package codec

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/wire/facts"
)

// typeBuilder makes Go types of a vector's own model, shaped as the SDK's are.
type typeBuilder struct {
	shapes map[string]*facts.Shape
	unions []Option
	open   []string
	listed map[string]bool
}

func goName(member string) string { return strings.ToUpper(member[:1]) + member[1:] }

func (b *typeBuilder) message(r *facts.Ref) reflect.Type {
	if r == nil {
		return reflect.TypeFor[struct{}]()
	}
	return b.typ(r.Shape)
}

// typ returns nil for a recursive shape that is unrolled far enough: reflect can't make recursive types.
func (b *typeBuilder) typ(shape string) reflect.Type {
	depth := 0
	for _, o := range b.open {
		if o == shape {
			depth++
		}
	}
	if depth > 4 {
		return nil
	}
	b.open = append(b.open, shape)
	defer func() { b.open = b.open[:len(b.open)-1] }()
	sh := b.shapes[shape]
	switch sh.Type {
	case "structure":
		return b.structure(shape, sh)
	case "list":
		if e := b.typ(sh.Member.Shape); e != nil {
			return reflect.SliceOf(optional(e))
		}
		return nil
	case "map":
		if e := b.typ(sh.Value.Shape); e != nil {
			return reflect.MapOf(reflect.TypeFor[string](), optional(e))
		}
		return nil
	case "integer", "short", "byte":
		return reflect.TypeFor[int32]()
	case "long":
		return reflect.TypeFor[int64]()
	case "float":
		return reflect.TypeFor[float32]()
	case "double":
		return reflect.TypeFor[float64]()
	case "boolean":
		return reflect.TypeFor[bool]()
	case "blob":
		return reflect.TypeFor[[]byte]()
	case "timestamp":
		return reflect.TypeFor[time.Time]()
	}
	return reflect.TypeFor[string]()
}

func optional(t reflect.Type) reflect.Type {
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Interface:
		return t
	}
	return reflect.PointerTo(t)
}

func (b *typeBuilder) structure(shape string, sh *facts.Shape) reflect.Type {
	if sh.Document {
		return reflect.TypeFor[any]()
	}
	var fields []reflect.StructField
	for _, name := range sortedNames(sh.Members) {
		t := b.typ(sh.Members[name].Shape)
		if t == nil {
			continue
		}
		if sh.Union && !b.listed[shape+"."+name] { // the tag keeps members of one type apart
			value := reflect.StructField{Name: "Value", Type: optional(t), Tag: reflect.StructTag(`member:"` + shape + "." + name + `"`)}
			b.unions = append(b.unions, UnionMember(shape, name, reflect.StructOf([]reflect.StructField{value})))
			if b.listed == nil {
				b.listed = map[string]bool{}
			}
		}
		fields = append(fields, reflect.StructField{Name: goName(name), Type: optional(t)})
	}
	if sh.Union {
		return reflect.TypeFor[any]()
	}
	return reflect.StructOf(fields)
}

// filler sets a made type from the JSON of a vector.
type filler struct{ shapes map[string]*facts.Shape }

func (f filler) set(r *facts.Ref, v reflect.Value, x any) error {
	if x == nil {
		return nil
	}
	if v.Kind() == reflect.Pointer {
		p := reflect.New(v.Type().Elem())
		v.Set(p)
		v = p.Elem()
	}
	sh := f.shapes[r.Shape]
	switch {
	case sh.Document:
		v.Set(reflect.ValueOf(x))
		return nil
	case sh.Union:
		return f.union(r.Shape, sh, v, x.(map[string]any))
	}
	switch sh.Type {
	case "structure":
		for name, e := range x.(map[string]any) {
			field := v.FieldByName(goName(name))
			if !field.IsValid() {
				return fmt.Errorf("no member %s", name)
			}
			if err := f.set(sh.Members[name], field, e); err != nil {
				return err
			}
		}
	case "list":
		items := x.([]any)
		v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
		for i, e := range items {
			if err := f.set(sh.Member, v.Index(i), e); err != nil {
				return err
			}
		}
	case "map":
		v.Set(reflect.MakeMap(v.Type()))
		for k, e := range x.(map[string]any) {
			item := reflect.New(v.Type().Elem()).Elem()
			if err := f.set(sh.Value, item, e); err != nil {
				return err
			}
			v.SetMapIndex(reflect.ValueOf(k), item)
		}
	case "integer", "short", "byte", "long":
		v.SetInt(int64(x.(float64)))
	case "float", "double":
		switch n := x.(type) {
		case float64:
			v.SetFloat(n)
		case string:
			n64, err := parseFloat(n)
			if err != nil {
				return err
			}
			v.SetFloat(n64)
		}
	case "boolean":
		v.SetBool(x.(bool))
	case "blob":
		v.SetBytes([]byte(x.(string)))
	case "timestamp":
		s := x.(float64)
		v.Set(reflect.ValueOf(time.Unix(0, int64(math.Round(s*1000))*1e6).UTC()))
	default:
		v.SetString(fmt.Sprint(x))
	}
	return nil
}

func (f filler) union(shape string, sh *facts.Shape, v reflect.Value, members map[string]any) error {
	for name, e := range members {
		b := &typeBuilder{shapes: f.shapes}
		t := reflect.StructOf([]reflect.StructField{{Name: "Value", Type: optional(b.typ(sh.Members[name].Shape)),
			Tag: reflect.StructTag(`member:"` + shape + "." + name + `"`)}})
		p := reflect.New(t)
		if err := f.set(sh.Members[name], p.Elem().Field(0), e); err != nil {
			return err
		}
		v.Set(p)
	}
	return nil
}

// dump writes a value so that equal values give equal text; empty and absent lists differ.
func dump(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return "nil"
		}
		return dump(v.Elem())
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			return t.UTC().Format(time.RFC3339Nano)
		}
		var b strings.Builder
		if tag := v.Type(); tag.NumField() == 1 {
			b.WriteString(tag.Field(0).Tag.Get("member"))
		}
		b.WriteByte('{')
		for i := range v.NumField() {
			if s := dump(v.Field(i)); s != "nil" {
				fmt.Fprintf(&b, "%s:%s ", v.Type().Field(i).Name, s)
			}
		}
		return b.String() + "}"
	case reflect.Slice:
		if v.IsNil() {
			return "nil"
		}
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return fmt.Sprintf("%q", v.Bytes())
		}
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = dump(v.Index(i))
		}
		return "[" + strings.Join(parts, " ") + "]"
	case reflect.Map:
		if v.IsNil() {
			return "nil"
		}
		parts := make([]string, 0, v.Len())
		for _, k := range sortedKeys(v) {
			parts = append(parts, k.String()+":"+dump(v.MapIndex(k)))
		}
		return "map[" + strings.Join(parts, " ") + "]"
	case reflect.Int64: // documents hold int64 where JSON of the test holds float64
		return fmt.Sprint(v.Int())
	}
	return fmt.Sprint(v.Interface())
}
