package codec

import (
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxViolations bounds the answer to a request that is wrong everywhere.
const maxViolations = 50

// validator collects what breaks the API's constraints.
type validator struct {
	svc       *Service
	found     []string
	sensitive int
}

func (s *Service) validate(n *node, v reflect.Value) *ValidationError {
	c := validator{svc: s}
	c.structure(n, v, nil)
	if len(c.found) == 0 {
		return nil
	}
	return &ValidationError{Violations: c.found}
}

// path is where a value is; it is only written out for a violation.
type path struct {
	up    *path
	name  string
	index int // of a list's element, from 1; 0 when none
}

func (p *path) String() string {
	if p == nil {
		return ""
	}
	at := p.name
	if at != "" {
		at = strings.ToLower(at[:1]) + at[1:]
	}
	if p.index > 0 {
		at = strconv.Itoa(p.index) + ".member"
	}
	if p.up == nil {
		return at
	}
	return p.up.String() + "." + at
}

func (c *validator) add(value string, p *path, constraint string) {
	if len(c.found) >= maxViolations {
		return
	}
	at := " at '" + p.String() + "' failed to satisfy constraint: " + constraint
	if c.sensitive == 0 {
		at = " " + value + at
	}
	c.found = append(c.found, "Value"+at)
}

func (c *validator) structure(n *node, v reflect.Value, up *path) {
	for _, m := range n.members {
		at := path{up: up, name: m.name}
		held, ok := m.value(v.FieldByIndex(m.index))
		if !ok {
			if m.required {
				c.add("null", &at, "Member must not be null")
			}
			continue
		}
		if v.FieldByIndex(m.index).Kind() == reflect.Int32 && held.IsZero() || v.FieldByIndex(m.index).Kind() == reflect.Int64 && held.IsZero() {
			continue // a plain number can't tell 0 from absent
		}
		c.value(m, held, &at)
	}
}

func (c *validator) value(m *slot, v reflect.Value, at *path) {
	n := m.node
	if n.shape.Sensitive {
		c.sensitive++
		defer func() { c.sensitive-- }()
	}
	for _, constraint := range c.broken(m, v) {
		c.add("'"+show(v)+"'", at, constraint)
	}
	switch n.kind {
	case structKind:
		c.structure(n, v, at)
	case listKind:
		c.list(n, v, at)
	case mapKind:
		c.dictionary(n, v, at)
	case unionKind:
		u := reflect.Indirect(v.Elem())
		if x, err := c.svc.variant(n, u.Type()); err == nil {
			if held, ok := x.value(u.FieldByIndex(x.index)); ok {
				c.value(x, held, &path{up: at, name: x.name})
			}
		}
	}
}

func (n *node) nested() bool {
	return n.kind == structKind || n.kind == listKind || n.kind == mapKind || n.kind == unionKind
}

// list reports scalars on the list itself, as AWS does, and everything else on the element.
func (c *validator) list(n *node, v reflect.Value, at *path) {
	if n.elem.node.kind == boolKind || n.elem.node.kind == documentKind {
		return
	}
	for i := range v.Len() {
		held, ok := n.elem.value(v.Index(i))
		if !ok {
			continue
		}
		if n.elem.node.nested() {
			c.value(n.elem, held, &path{up: at, index: i + 1})
		} else if len(c.broken(n.elem, held)) > 0 {
			c.elements(n.elem, v, at, "Member must satisfy constraint: ")
			return
		}
	}
}

func (c *validator) dictionary(n *node, v reflect.Value, at *path) {
	for _, k := range sortedKeys(v) {
		if len(c.broken(n.key, k)) > 0 {
			c.elements(n.key, v, at, "Map keys must satisfy constraint: ")
			break
		}
	}
	for _, k := range sortedKeys(v) {
		held, ok := n.elem.value(v.MapIndex(k))
		if !ok {
			continue
		}
		if n.elem.node.nested() {
			c.value(n.elem, held, &path{up: &path{up: at, name: k.String()}, name: "member"})
		} else if len(c.broken(n.elem, held)) > 0 {
			c.elements(n.elem, v, at, "Map value must satisfy constraint: ")
			return
		}
	}
}

func (c *validator) elements(m *slot, v reflect.Value, at *path, form string) {
	if m.node.shape.Sensitive {
		c.sensitive++
		defer func() { c.sensitive-- }()
	}
	c.add("'"+show(v)+"'", at, form+"["+strings.Join(c.constraints(m), ", ")+"]")
}

// constraints lists all that an element must satisfy.
func (c *validator) constraints(m *slot) []string {
	sh := m.node.shape
	var out []string
	length := m.node.kind == stringKind || m.node.kind == blobKind
	if sh.Max != nil {
		out = append(out, limit(length, "less", *sh.Max))
	}
	if sh.Min != nil {
		out = append(out, limit(length, "greater", *sh.Min))
	}
	if sh.Pattern != "" {
		out = append(out, "Member must satisfy regular expression pattern: "+sh.Pattern)
	}
	if len(sh.Enum) > 0 {
		out = append(out, "Member must satisfy enum value set: ["+strings.Join(sh.Enum, ", ")+"]")
	}
	return out
}

func limit(length bool, than string, x float64) string {
	verb := "Member must have value "
	if length {
		verb = "Member must have length "
	}
	return verb + than + " than or equal to " + strconv.FormatFloat(x, 'f', -1, 64)
}

// broken lists the constraints that a value itself breaks.
func (c *validator) broken(m *slot, v reflect.Value) []string {
	sh := m.node.shape
	var size float64
	length := true
	switch m.node.kind {
	case stringKind:
		size = float64(utf8.RuneCountInString(v.String()))
	case listKind, mapKind:
		size = float64(v.Len())
	case blobKind:
		if v.Kind() != reflect.Slice {
			return nil
		}
		size = float64(v.Len())
	case intKind:
		size, length = float64(v.Int()), false
	case floatKind:
		size, length = v.Float(), false
	default:
		return nil
	}
	var out []string
	if sh.Max != nil && size > *sh.Max {
		out = append(out, limit(length, "less", *sh.Max))
	}
	if sh.Min != nil && size < *sh.Min {
		out = append(out, limit(length, "greater", *sh.Min))
	}
	if m.node.kind != stringKind {
		return out
	}
	text := v.String()
	if sh.Pattern != "" && !c.svc.matches(sh.Pattern, text) {
		out = append(out, "Member must satisfy regular expression pattern: "+sh.Pattern)
	}
	enum := sh.Enum
	if len(m.ref.Enum) > 0 {
		enum = m.ref.Enum
	}
	if len(enum) > 0 && !contains(enum, text) {
		out = append(out, "Member must satisfy enum value set: ["+strings.Join(enum, ", ")+"]")
	}
	return out
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
