package codec

import (
	"net/url"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// params are query parameters sorted by name, so that what lies below a prefix is one range.
type params []param

type param struct{ name, value string }

// parseForm reads name=value pairs from the query string and the body.
func parseForm(texts ...string) (params, error) {
	var out params
	for _, text := range texts {
		for text != "" {
			var pair string
			pair, text, _ = strings.Cut(text, "&")
			if pair == "" {
				continue
			}
			name, value, _ := strings.Cut(pair, "=")
			n, err := url.QueryUnescape(name)
			if err != nil {
				return nil, &syntaxError{"a parameter is not URL-encoded"}
			}
			v, err := url.QueryUnescape(value)
			if err != nil {
				return nil, &syntaxError{"a parameter is not URL-encoded"}
			}
			if !utf8.ValidString(n) || !utf8.ValidString(v) {
				return nil, &syntaxError{"a parameter is not valid UTF-8"}
			}
			if strings.Count(n, ".") > 2*maxDepth {
				return nil, tooDeep()
			}
			out = append(out, param{n, v})
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].name < out[j].name })
	return out, nil
}

func (p params) from(name string) int {
	return sort.Search(len(p), func(i int) bool { return p[i].name >= name })
}

func (p params) get(name string) (string, bool) {
	if i := p.from(name); i < len(p) && p[i].name == name {
		return p[i].value, true
	}
	return "", false
}

// below gives the parameters that start with prefix and a dot.
func (p params) below(prefix string) params {
	return p[p.from(prefix+"."):p.from(prefix+"/")] // '/' follows '.'
}

// indices gives the numbers that follow prefix, in numeric order.
func (p params) indices(prefix string) []int {
	var out []int
	for _, x := range p {
		digits, _, _ := strings.Cut(x.name[len(prefix)+1:], ".")
		if i, err := strconv.Atoi(digits); err == nil && i >= 0 && strconv.Itoa(i) == digits && (len(out) == 0 || out[len(out)-1] != i) {
			out = append(out, i)
		}
	}
	sort.Ints(out)
	return out
}

// query reads an awsQuery or ec2Query request.
func (d *decoder) query(m *message, in reflect.Value, ec2 bool) error {
	p, err := parseForm(d.r.URL.RawQuery, string(d.body))
	if err != nil || m.node == nil {
		return err
	}
	q := queryReader{d.svc, ec2}
	return q.structure(m.node, p, "", in)
}

type queryReader struct {
	svc *Service
	ec2 bool
}

func (q queryReader) structure(n *node, p params, prefix string, v reflect.Value) error {
	for _, m := range n.members {
		name := m.wire
		if q.ec2 {
			name = m.query
		}
		if prefix != "" {
			name = prefix + "." + name
		}
		if err := q.member(m, p, prefix, name, v.FieldByIndex(m.index)); err != nil {
			return err
		}
	}
	return nil
}

// member reads one member. Flattened lists appear under their element's name in some clients.
func (q queryReader) member(m *slot, p params, prefix, name string, v reflect.Value) error {
	n := m.node
	flat := q.ec2 || m.ref.Flattened || n.shape.Flattened
	if n.kind == listKind && flat && n.elem.wire != "" && len(p.below(name)) == 0 {
		alias := n.elem.wire
		if prefix != "" {
			alias = prefix + "." + alias
		}
		if len(p.below(alias)) > 0 {
			name = alias
		}
	}
	return q.value(m, p, name, v, flat)
}

func (q queryReader) value(m *slot, p params, name string, v reflect.Value, flat bool) error {
	n := m.node
	text, set := p.get(name)
	sub := p.below(name)
	switch n.kind {
	case structKind:
		if len(sub) == 0 {
			return nil
		}
		return q.structure(n, sub, name, m.alloc(v))
	case listKind:
		return q.list(n, sub, name, m.alloc(v), flat, set && text == "")
	case mapKind:
		return q.dictionary(n, sub, name, m.alloc(v), flat)
	case unionKind:
		return q.union(n, sub, name, v)
	case documentKind:
		return nil // no query API has them
	}
	if !set {
		return nil
	}
	return setText(m, v, text, iso8601)
}

// union sets v to the one member that is given.
func (q queryReader) union(n *node, p params, name string, v reflect.Value) error {
	for member, ref := range n.shape.Members {
		wire, _ := wireName(member, ref)
		full := name + "." + wire
		if _, set := p.get(full); !set && len(p.below(full)) == 0 {
			continue
		}
		if !v.IsNil() {
			return &typeError{name + " must have exactly one member"}
		}
		m, err := q.svc.variantNamed(n, wire)
		if err != nil {
			return err
		}
		box := reflect.New(m.variant)
		if err := q.value(m, p, full, box.Elem().FieldByIndex(m.index), false); err != nil {
			return err
		}
		v.Set(box)
	}
	return nil
}

func (q queryReader) list(n *node, p params, name string, v reflect.Value, flat, empty bool) error {
	if empty {
		v.Set(reflect.MakeSlice(n.typ, 0, 0))
		return nil
	}
	if !flat {
		alt := name + ".member"
		name += "." + n.elem.elementName("member")
		if sub := p.below(name); len(sub) > 0 {
			p = sub
		} else {
			name, p = alt, p.below(alt)
		}
	}
	idx := p.indices(name)
	if len(idx) == 0 {
		return nil
	}
	out := reflect.MakeSlice(n.typ, len(idx), len(idx))
	for i, x := range idx {
		if err := q.value(n.elem, p, name+"."+strconv.Itoa(x), out.Index(i), q.ec2); err != nil {
			return err
		}
	}
	v.Set(out)
	return nil
}

func (q queryReader) dictionary(n *node, p params, name string, v reflect.Value, flat bool) error {
	if !flat {
		name += ".entry"
		p = p.below(name)
	}
	idx := p.indices(name)
	if len(idx) == 0 {
		return nil
	}
	out := reflect.MakeMap(n.typ)
	for _, x := range idx {
		entry := name + "." + strconv.Itoa(x)
		key := reflect.New(n.typ.Key()).Elem()
		value := reflect.New(n.elem.typ).Elem()
		if err := q.value(n.key, p, entry+"."+n.key.elementName("key"), key, false); err != nil {
			return err
		}
		if err := q.value(n.elem, p, entry+"."+n.elem.elementName("value"), value, false); err != nil {
			return err
		}
		out.SetMapIndex(key, value)
	}
	v.Set(out)
	return nil
}

func (m *slot) elementName(otherwise string) string {
	if m.wire != "" {
		return m.wire
	}
	return otherwise
}
