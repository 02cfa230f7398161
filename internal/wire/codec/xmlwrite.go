package codec

import (
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/atelier-studio/atelier/internal/wire/facts"
)

// xmlWriter appends XML text, for restXml, awsQuery and ec2Query answers.
type xmlWriter struct {
	svc *Service
	b   []byte
	err error
}

func (w *xmlWriter) open(name string, ns facts.XMLNamespace, attrs func()) {
	w.b = append(w.b, '<')
	w.b = append(w.b, name...)
	if ns.URI != "" {
		w.b = append(w.b, " xmlns"...)
		if ns.Prefix != "" {
			w.b = append(append(w.b, ':'), ns.Prefix...)
		}
		w.b = append(w.b, '=', '"')
		w.b = appendXML(w.b, ns.URI)
		w.b = append(w.b, '"')
	}
	if attrs != nil {
		attrs()
	}
	w.b = append(w.b, '>')
}

func (w *xmlWriter) close(name string) {
	w.b = append(append(append(w.b, "</"...), name...), '>')
}

// text writes an element of plain text.
func (w *xmlWriter) text(name, text string) {
	w.open(name, facts.XMLNamespace{}, nil)
	w.b = appendXML(w.b, text)
	w.close(name)
}

func (w *xmlWriter) members(members []*slot, v reflect.Value) {
	for _, m := range members {
		if m.ref.XMLAttribute {
			continue
		}
		held, ok := m.value(v.FieldByIndex(m.index))
		if !ok && !(m.required && (m.node.kind == listKind || m.node.kind == mapKind)) {
			continue
		}
		w.element(m.wire, m, held)
	}
}

func (w *xmlWriter) attributes(members []*slot, v reflect.Value) {
	for _, m := range members {
		if !m.ref.XMLAttribute {
			continue
		}
		if held, ok := m.value(v.FieldByIndex(m.index)); ok {
			w.b = append(append(append(w.b, ' '), m.wire...), `="`...)
			w.b = appendXML(w.b, string(appendText(nil, m, held, iso8601)))
			w.b = append(w.b, '"')
		}
	}
}

// element writes a value under name, or several elements when it is flattened.
func (w *xmlWriter) element(name string, m *slot, v reflect.Value) {
	n := m.node
	ns := m.ref.XMLNamespace
	if ns.URI == "" && n.kind == structKind {
		ns = n.shape.XMLNamespace
	}
	flat := m.ref.Flattened || n.shape.Flattened
	switch n.kind {
	case structKind:
		w.open(name, ns, func() { w.attributes(n.members, v) })
		w.members(n.members, v)
		w.close(name)
	case listKind:
		item := name
		if !flat {
			w.open(name, ns, nil)
			item = n.elem.elementName("member")
		}
		for i := range v.Len() {
			w.item(item, n.elem, v.Index(i))
		}
		if !flat {
			w.close(name)
		}
	case mapKind:
		entry := name
		if !flat {
			w.open(name, ns, nil)
			entry = "entry"
		}
		for _, k := range sortedKeys(v) {
			w.open(entry, facts.XMLNamespace{}, nil)
			w.item(n.key.elementName("key"), n.key, k)
			w.item(n.elem.elementName("value"), n.elem, v.MapIndex(k))
			w.close(entry)
		}
		if !flat {
			w.close(name)
		}
	case unionKind:
		u := v.Elem()
		if u.Kind() == reflect.Pointer {
			u = u.Elem()
		}
		x, err := w.svc.variant(n, u.Type())
		if err != nil {
			w.err = err
			return
		}
		w.open(name, ns, nil)
		w.item(x.wire, x, u.FieldByIndex(x.index))
		w.close(name)
	case documentKind:
		raw, err := documentJSON(v.Interface())
		if err != nil {
			w.err = err
		}
		w.text(name, string(raw))
	default:
		w.open(name, ns, nil)
		if n.kind == stringKind {
			w.b = appendXML(w.b, v.String())
		} else {
			w.b = appendText(w.b, m, v, iso8601)
		}
		w.close(name)
	}
}

func (w *xmlWriter) item(name string, m *slot, v reflect.Value) {
	if v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		held, ok := m.value(v)
		if !ok {
			w.text(name, "")
			return
		}
		v = held
	}
	w.element(name, m, v)
}

// appendXML escapes text. Characters that XML 1.0 can't carry become U+FFFD.
func appendXML(b []byte, s string) []byte {
	if !strings.ContainsFunc(s, func(r rune) bool {
		return r < 0x20 || r == '&' || r == '<' || r == '>' || r == '"' || r == '\'' || r >= 0x7f
	}) {
		return append(b, s...)
	}
	for _, r := range s {
		switch {
		case r == '&':
			b = append(b, "&amp;"...)
		case r == '<':
			b = append(b, "&lt;"...)
		case r == '>':
			b = append(b, "&gt;"...)
		case r == '"':
			b = append(b, "&quot;"...)
		case r == '\'':
			b = append(b, "&apos;"...)
		case r == '\r':
			b = append(b, "&#xD;"...)
		case r == '\n':
			b = append(b, "&#xA;"...)
		case r == '\t':
			b = append(b, "&#x9;"...)
		case r == 0x85:
			b = append(b, "&#x85;"...)
		case r == 0x2028:
			b = append(b, "&#x2028;"...)
		case r < 0x20 || r == 0xFFFE || r == 0xFFFF:
			b = append(b, "\uFFFD"...)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}
