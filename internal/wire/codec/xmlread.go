package codec

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"
)

// xmlNode is one element of a request document.
type xmlNode struct {
	name  string
	attrs []xml.Attr
	text  strings.Builder
	kids  []*xmlNode
}

// parseXML reads a document into a tree. Nesting is bounded; entities beyond XML's own and DTDs are refused by the parser.
func parseXML(body []byte) (*xmlNode, error) {
	if !utf8.Valid(body) {
		return nil, &syntaxError{"the body is not valid UTF-8"}
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	var root *xmlNode
	var open []*xmlNode
	for {
		tok, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, &syntaxError{"the XML is not well-formed"}
		}
		switch t := tok.(type) {
		case xml.StartElement:
			n := &xmlNode{name: t.Name.Local, attrs: t.Copy().Attr}
			if len(open) >= maxDepth {
				return nil, tooDeep()
			}
			if len(open) > 0 {
				top := open[len(open)-1]
				top.kids = append(top.kids, n)
			} else if root != nil {
				return nil, &syntaxError{"the XML has two roots"}
			} else {
				root = n
			}
			open = append(open, n)
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1].name != t.Name.Local {
				return nil, &syntaxError{"the XML is not well-formed"}
			}
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text.Write(t)
			}
		case xml.Directive:
			return nil, &syntaxError{"the XML must not have a document type"}
		}
	}
	if len(open) > 0 || root == nil {
		return nil, &syntaxError{"the XML is not complete"}
	}
	return root, nil
}

func (x *xmlNode) named(name string) []*xmlNode {
	var out []*xmlNode
	for _, k := range x.kids {
		if k.name == name {
			out = append(out, k)
		}
	}
	return out
}

type xmlReader struct{ svc *Service }

func (d xmlReader) structure(members []*slot, x *xmlNode, v reflect.Value) error {
	for _, m := range members {
		f := v.FieldByIndex(m.index)
		if m.ref.XMLAttribute {
			_, local, found := strings.Cut(m.wire, ":")
			if !found {
				local = m.wire
			}
			for _, a := range x.attrs {
				if a.Name.Local == local {
					if err := setText(m, f, a.Value, iso8601); err != nil {
						return err
					}
				}
			}
			continue
		}
		found := x.named(m.wire)
		if len(found) == 0 && m.node.kind == listKind && (m.ref.Flattened || m.node.shape.Flattened) && m.node.elem.wire != "" {
			found = x.named(m.node.elem.wire)
		}
		if len(found) == 0 {
			continue
		}
		if err := d.value(m, found, f); err != nil {
			return err
		}
	}
	return nil
}

// value reads the elements that carry a member: one, or all of a flattened list or map.
func (d xmlReader) value(m *slot, found []*xmlNode, v reflect.Value) error {
	n, x := m.node, found[len(found)-1]
	flat := m.ref.Flattened || n.shape.Flattened
	switch n.kind {
	case structKind:
		return d.structure(n.members, x, m.alloc(v))
	case listKind:
		items := found
		if !flat {
			if items = x.named(n.elem.elementName("member")); len(items) == 0 {
				items = x.named("member")
			}
		}
		out := reflect.MakeSlice(n.typ, len(items), len(items))
		for i, item := range items {
			if err := d.value(n.elem, []*xmlNode{item}, out.Index(i)); err != nil {
				return err
			}
		}
		m.alloc(v).Set(out)
		return nil
	case mapKind:
		entries := found
		if !flat {
			entries = x.named("entry")
		}
		out := reflect.MakeMap(n.typ)
		for _, e := range entries {
			key, value := reflect.New(n.typ.Key()).Elem(), reflect.New(n.elem.typ).Elem()
			k, val := e.named(n.key.elementName("key")), e.named(n.elem.elementName("value"))
			if len(k) == 0 {
				return &typeError{"a map entry has no key in " + m.label()}
			}
			if err := d.value(n.key, k, key); err != nil {
				return err
			}
			if len(val) > 0 {
				if err := d.value(n.elem, val, value); err != nil {
					return err
				}
			}
			out.SetMapIndex(key, value)
		}
		m.alloc(v).Set(out)
		return nil
	case unionKind:
		if len(x.kids) == 0 {
			return notOneMember(n)
		}
		u, err := d.svc.variantNamed(n, x.kids[0].name)
		if err != nil {
			return err
		}
		if u == nil {
			return notOneMember(n)
		}
		p := reflect.New(u.variant)
		if err := d.value(u, x.named(u.wire), p.Elem().FieldByIndex(u.index)); err != nil {
			return err
		}
		v.Set(p)
		return nil
	case documentKind:
		return nil // no XML API has them
	}
	return setText(m, v, x.text.String(), iso8601)
}
