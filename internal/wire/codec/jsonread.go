package codec

import (
	"bytes"
	"math"
	"reflect"
	"strconv"

	"github.com/atelier-studio/atelier/internal/wire/facts"
)

// json reads an awsJson request.
func (d *decoder) json(m *message, in reflect.Value) error {
	if m.node == nil { // there is nothing to read, but nonsense is still refused
		empty := &node{kind: structKind, shape: &facts.Shape{}}
		return d.svc.readJSON(empty, d.body, reflect.ValueOf(&struct{}{}).Elem())
	}
	if m.stream != nil && d.stream != nil {
		d.events = d.svc.newEventReader(m.stream, d.stream, protoJSON)
		first, err := d.events.initial()
		if err != nil {
			return err
		}
		return d.svc.readJSON(m.node, first, in)
	}
	return d.svc.readJSON(m.node, d.body, in)
}

// readJSON reads a whole body into a structure. An empty body is an empty structure.
func (s *Service) readJSON(n *node, body []byte, v reflect.Value) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	r, err := newJSONReader(s, body)
	if err != nil {
		return err
	}
	if r.null() {
		return r.end()
	}
	if r.peek() != '{' {
		if _, err := r.any(); err != nil {
			return err
		}
		return &typeError{"the body is not an object"}
	}
	if err := r.structure(n, v); err != nil {
		return err
	}
	return r.end()
}

// value reads one value into v; null leaves it alone.
func (d *jsonReader) value(m *slot, v reflect.Value) error {
	c := d.peek()
	if c == 'n' {
		if !d.word("null") {
			return d.bad()
		}
		return nil
	}
	n := m.node
	switch n.kind {
	case structKind:
		if c != '{' {
			return d.mismatch(c, m)
		}
		return d.structure(n, m.alloc(v))
	case listKind:
		if c != '[' {
			return d.mismatch(c, m)
		}
		return d.list(n, m.alloc(v))
	case mapKind:
		if c != '{' {
			return d.mismatch(c, m)
		}
		return d.dictionary(n, m.alloc(v))
	case unionKind:
		if c != '{' {
			return d.mismatch(c, m)
		}
		return d.union(n, v)
	case documentKind:
		doc, err := d.any()
		if err != nil {
			return err
		}
		return d.svc.setDocument(v, doc)
	case boolKind:
		switch {
		case d.word("true"):
			m.alloc(v).SetBool(true)
		case d.word("false"):
			m.alloc(v).SetBool(false)
		default:
			return d.mismatch(c, m)
		}
		return nil
	}
	if c == '"' {
		return d.text(m, v)
	}
	if c != '-' && (c < '0' || c > '9') {
		return d.mismatch(c, m)
	}
	return d.numeric(m, v)
}

func (d *jsonReader) text(m *slot, v reflect.Value) error {
	b, err := d.str()
	if err != nil {
		return err
	}
	switch m.node.kind {
	case intKind:
		return d.mismatch('"', m)
	case floatKind: // only the numbers that JSON can't write come as strings
		if s := string(b); s != "NaN" && s != "Infinity" && s != "-Infinity" {
			return d.mismatch('"', m)
		}
	}
	return setText(m, v, string(b), unix)
}

func (d *jsonReader) numeric(m *slot, v reflect.Value) error {
	text, err := d.number()
	if err != nil {
		return err
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return &typeError{"a number is too large for " + m.label()}
	}
	switch m.node.kind {
	case floatKind:
		m.alloc(v).SetFloat(f)
	case intKind:
		i, err := strconv.ParseInt(text, 10, 64)
		if err != nil { // 1.0 and 1e3 are whole numbers too
			if f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
				return &typeError{text + " can not be converted to an integer for " + m.label()}
			}
			i = int64(f)
		}
		if v = m.alloc(v); v.OverflowInt(i) {
			return &typeError{text + " is out of range for " + m.label()}
		}
		v.SetInt(i)
	case timeKind:
		t, err := timeOf(f)
		if err != nil {
			return &typeError{"cannot read a timestamp for " + m.label()}
		}
		m.alloc(v).Set(reflect.ValueOf(t))
	default:
		return d.mismatch('0', m)
	}
	return nil
}

func (d *jsonReader) mismatch(c byte, m *slot) error {
	found := "NUMBER_VALUE"
	switch c {
	case '{':
		found = "START_OBJECT"
	case '[':
		found = "START_ARRAY"
	case '"':
		found = "STRING_VALUE"
	case 't':
		found = "TRUE_VALUE"
	case 'f':
		found = "FALSE_VALUE"
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
	default:
		return d.bad()
	}
	return &typeError{found + " can not be converted to a " + m.node.shape.Type + " for " + m.label()}
}

func (d *jsonReader) structure(n *node, v reflect.Value) error {
	return d.object(func(name []byte) error {
		m := n.byWire[string(name)]
		if m == nil {
			_, err := d.any()
			return err
		}
		return d.value(m, v.FieldByIndex(m.index))
	})
}

func (d *jsonReader) list(n *node, v reflect.Value) error {
	out := reflect.MakeSlice(n.typ, 0, 4)
	err := d.array(func() error {
		if d.null() {
			if n.elem.typ.Kind() == reflect.Pointer || n.elem.typ.Kind() == reflect.Interface {
				out = reflect.Append(out, reflect.Zero(n.elem.typ))
			}
			return nil // only sparse lists hold null
		}
		out = reflect.Append(out, reflect.Zero(n.elem.typ))
		return d.value(n.elem, out.Index(out.Len()-1))
	})
	v.Set(out)
	return err
}

func (d *jsonReader) dictionary(n *node, v reflect.Value) error {
	out := reflect.MakeMap(n.typ)
	err := d.object(func(name []byte) error {
		key := reflect.New(n.typ.Key()).Elem()
		key.SetString(string(name))
		if d.null() {
			if n.elem.typ.Kind() == reflect.Pointer || n.elem.typ.Kind() == reflect.Interface {
				out.SetMapIndex(key, reflect.Zero(n.elem.typ))
			}
			return nil
		}
		value := reflect.New(n.elem.typ).Elem()
		if err := d.value(n.elem, value); err != nil {
			return err
		}
		out.SetMapIndex(key, value)
		return nil
	})
	v.Set(out)
	return err
}

func (d *jsonReader) union(n *node, v reflect.Value) error {
	return d.object(func(name []byte) error {
		if string(name) == "__type" || d.null() {
			if d.i < len(d.b) && d.peek() == '"' {
				_, err := d.str()
				return err
			}
			return nil
		}
		key := string(name)
		m, err := d.svc.variantNamed(n, key)
		if err != nil {
			return err
		}
		if m == nil || !v.IsNil() {
			return notOneMember(n)
		}
		p := reflect.New(m.variant)
		if err := d.value(m, p.Elem().FieldByIndex(m.index)); err != nil {
			return err
		}
		v.Set(p)
		return nil
	})
}

func notOneMember(n *node) error {
	return &typeError{"exactly one known member must be set in " + n.name}
}

func (s *Service) setDocument(v reflect.Value, doc any) error {
	if s.document != nil && v.NumMethod() > 0 {
		doc = s.document(doc)
	}
	if doc == nil {
		return nil
	}
	if !reflect.TypeOf(doc).AssignableTo(v.Type()) {
		return &typeError{"this service takes no documents"}
	}
	v.Set(reflect.ValueOf(doc))
	return nil
}
