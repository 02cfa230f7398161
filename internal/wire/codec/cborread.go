package codec

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// newCBORMode reads hostile input: nesting and sizes are bounded, text must be UTF-8.
func newCBORMode() (cbor.DecMode, error) {
	return cbor.DecOptions{MaxNestedLevels: maxDepth, DefaultMapType: reflect.TypeFor[map[string]any](),
		TimeTag: cbor.DecTagOptional, MaxArrayElements: 1 << 20, MaxMapPairs: 1 << 20}.DecMode()
}

// cbor reads an rpcv2Cbor request.
func (d *decoder) cbor(m *message, in reflect.Value) error {
	if m.node == nil || len(d.body) == 0 {
		return nil
	}
	return d.svc.readCBOR(m.node, d.body, in)
}

func (s *Service) readCBOR(n *node, body []byte, v reflect.Value) error {
	mode, err := s.cborMode()
	if err != nil {
		return fmt.Errorf("cannot read CBOR: %w", err)
	}
	var doc any
	if err := mode.Unmarshal(body, &doc); err != nil {
		return &syntaxError{"the body is not valid CBOR"}
	}
	fields, ok := doc.(map[string]any)
	if !ok {
		return &typeError{"the body is not a map"}
	}
	return cborReader{s}.structure(n, fields, v)
}

type cborReader struct{ svc *Service }

func (d cborReader) structure(n *node, fields map[string]any, v reflect.Value) error {
	for _, m := range n.members {
		x, ok := fields[m.wire]
		if !ok || x == nil {
			continue
		}
		if err := d.value(m, x, v.FieldByIndex(m.index)); err != nil {
			return err
		}
	}
	return nil
}

func mismatch(m *slot) error {
	return &typeError{"a value can not be converted to a " + m.node.shape.Type + " for " + m.label()}
}

func (d cborReader) value(m *slot, x any, v reflect.Value) error {
	n := m.node
	switch n.kind {
	case structKind:
		if fields, ok := x.(map[string]any); ok {
			return d.structure(n, fields, m.alloc(v))
		}
	case listKind:
		if items, ok := x.([]any); ok {
			return d.list(n, items, m.alloc(v))
		}
	case mapKind:
		if fields, ok := x.(map[string]any); ok {
			return d.dictionary(n, fields, m.alloc(v))
		}
	case unionKind:
		if fields, ok := x.(map[string]any); ok {
			return d.union(n, fields, v)
		}
	case documentKind:
		return d.svc.setDocument(v, x)
	case stringKind:
		if s, ok := x.(string); ok {
			m.alloc(v).SetString(s)
			return nil
		}
	case boolKind:
		if b, ok := x.(bool); ok {
			m.alloc(v).SetBool(b)
			return nil
		}
	case blobKind:
		if b, ok := x.([]byte); ok && n.typ.Kind() == reflect.Slice {
			m.alloc(v).SetBytes(b)
			return nil
		}
	case intKind:
		if i, ok := wholeNumber(x); ok {
			if v = m.alloc(v); !v.OverflowInt(i) {
				v.SetInt(i)
				return nil
			}
		}
	case floatKind:
		if f, ok := anyNumber(x); ok {
			m.alloc(v).SetFloat(f)
			return nil
		}
	case timeKind:
		t, ok := x.(time.Time)
		if f, number := anyNumber(x); number {
			var err error
			t, err = timeOf(f)
			ok = err == nil
		}
		if ok && t.Year() >= 1 && t.Year() <= 9999 {
			m.alloc(v).Set(reflect.ValueOf(t.UTC().Round(time.Millisecond)))
			return nil
		}
	}
	return mismatch(m)
}

func wholeNumber(x any) (int64, bool) {
	switch i := x.(type) {
	case uint64:
		return int64(i), i <= math.MaxInt64
	case int64:
		return i, true
	case float64:
		return int64(i), i == math.Trunc(i) && math.Abs(i) < 1<<53
	}
	return 0, false
}

func anyNumber(x any) (float64, bool) {
	switch i := x.(type) {
	case uint64:
		return float64(i), true
	case int64:
		return float64(i), true
	case float64:
		return i, true
	case float32:
		return float64(i), true
	case big.Int:
		f, _ := new(big.Float).SetInt(&i).Float64()
		return f, true
	}
	return 0, false
}

func (d cborReader) list(n *node, items []any, v reflect.Value) error {
	out := reflect.MakeSlice(n.typ, 0, len(items))
	sparse := n.elem.typ.Kind() == reflect.Pointer || n.elem.typ.Kind() == reflect.Interface
	for _, x := range items {
		if x == nil && !sparse {
			continue
		}
		out = reflect.Append(out, reflect.Zero(n.elem.typ))
		if x == nil {
			continue
		}
		if err := d.value(n.elem, x, out.Index(out.Len()-1)); err != nil {
			return err
		}
	}
	v.Set(out)
	return nil
}

func (d cborReader) dictionary(n *node, fields map[string]any, v reflect.Value) error {
	out := reflect.MakeMap(n.typ)
	sparse := n.elem.typ.Kind() == reflect.Pointer || n.elem.typ.Kind() == reflect.Interface
	for name, x := range fields {
		key, value := reflect.New(n.typ.Key()).Elem(), reflect.New(n.elem.typ).Elem()
		key.SetString(name)
		if x == nil && !sparse {
			continue
		}
		if x != nil {
			if err := d.value(n.elem, x, value); err != nil {
				return err
			}
		}
		out.SetMapIndex(key, value)
	}
	v.Set(out)
	return nil
}

func (d cborReader) union(n *node, fields map[string]any, v reflect.Value) error {
	for name, x := range fields {
		if name == "__type" || x == nil {
			continue
		}
		m, err := d.svc.variantNamed(n, name)
		if err != nil {
			return err
		}
		if m == nil || !v.IsNil() {
			return notOneMember(n)
		}
		p := reflect.New(m.variant)
		if err := d.value(m, x, p.Elem().FieldByIndex(m.index)); err != nil {
			return err
		}
		v.Set(p)
	}
	return nil
}
