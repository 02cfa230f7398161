package codec

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"sort"
	"unicode/utf8"
)

// jsonWriter appends JSON text.
type jsonWriter struct {
	svc *Service
	b   []byte
	err error
}

// structure writes an object of these members.
func (w *jsonWriter) structure(members []*slot, v reflect.Value) {
	w.b = append(w.b, '{')
	w.fields(members, v, true)
	w.b = append(w.b, '}')
}

func (w *jsonWriter) fields(members []*slot, v reflect.Value, first bool) {
	for _, m := range members {
		held, ok := m.value(v.FieldByIndex(m.index))
		if !ok && !(m.required && (m.node.kind == listKind || m.node.kind == mapKind)) {
			continue // clients index required lists without asking, so those are written even when nil
		}
		if !first {
			w.b = append(w.b, ',')
		}
		first = false
		w.b = appendJSONString(w.b, m.wire)
		w.b = append(w.b, ':')
		w.value(m, held)
	}
}

func (w *jsonWriter) value(m *slot, v reflect.Value) {
	n := m.node
	switch n.kind {
	case structKind:
		w.structure(n.members, v)
	case listKind:
		w.b = append(w.b, '[')
		for i := range v.Len() {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.element(n.elem, v.Index(i))
		}
		w.b = append(w.b, ']')
	case mapKind:
		w.b = append(w.b, '{')
		for i, k := range sortedKeys(v) {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.b = appendJSONString(w.b, k.String())
			w.b = append(w.b, ':')
			w.element(n.elem, v.MapIndex(k))
		}
		w.b = append(w.b, '}')
	case unionKind:
		u := v.Elem()
		if u.Kind() == reflect.Pointer {
			u = u.Elem()
		}
		x, err := w.svc.variant(n, u.Type())
		if err != nil {
			w.fail(err)
			return
		}
		w.b = append(w.b, '{')
		w.b = appendJSONString(w.b, x.wire)
		w.b = append(w.b, ':')
		w.element(x, u.FieldByIndex(x.index))
		w.b = append(w.b, '}')
	case documentKind:
		w.document(v.Interface())
	default:
		w.scalar(m, v)
	}
}

// element writes what a list, map or union holds; nothing is null there.
func (w *jsonWriter) element(m *slot, v reflect.Value) {
	held, ok := v, true
	if v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		held, ok = m.value(v)
	}
	if !ok {
		w.b = append(w.b, "null"...)
		return
	}
	w.value(m, held)
}

func (w *jsonWriter) scalar(m *slot, v reflect.Value) {
	switch m.node.kind {
	case stringKind:
		w.b = appendJSONString(w.b, v.String())
	case floatKind:
		f := v.Float()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			w.b = append(appendFloat(append(w.b, '"'), v), '"')
			return
		}
		w.b = appendFloat(w.b, v)
	case blobKind:
		var raw []byte
		switch x := v.Interface().(type) {
		case []byte:
			raw = x
		case io.Reader:
			var err error
			if raw, err = io.ReadAll(x); err != nil {
				w.fail(fmt.Errorf("cannot read %s: %w", m.label(), err))
			}
		}
		w.b = append(base64.StdEncoding.AppendEncode(append(w.b, '"'), raw), '"')
	case timeKind:
		if m.format == "" || m.format == unix {
			w.b = appendText(w.b, m, v, unix)
			return
		}
		w.b = append(appendText(append(w.b, '"'), m, v, unix), '"')
	default:
		w.b = appendText(w.b, m, v, "")
	}
}

func (w *jsonWriter) document(doc any) {
	raw, err := documentJSON(doc)
	if err != nil {
		w.fail(err)
		return
	}
	w.b = append(w.b, raw...)
}

// documentJSON gives the JSON text of a document, the SDK's kind or plain Go.
func documentJSON(doc any) ([]byte, error) {
	if m, ok := doc.(interface{ MarshalSmithyDocument() ([]byte, error) }); ok {
		return m.MarshalSmithyDocument()
	}
	return json.Marshal(doc)
}

func (w *jsonWriter) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	return keys
}

// appendJSONString quotes s. Bytes that are no UTF-8 become U+FFFD: the answer must stay valid.
func appendJSONString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			if r, size := utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
			b = append(append(b, s[start:i]...), `\ufffd`...)
			i++
			start = i
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
