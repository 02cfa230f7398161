package codec

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/atelier-studio/atelier/internal/wire/facts"
)

// Members gives access to an input or output by the API's member names.
type Members struct {
	node *node
	v    reflect.Value
}

// Members looks into an input or output of the operation. The zero Members, without members, is returned for anything else.
func (o *Operation) Members(value any) Members {
	p, err := o.plan()
	v := reflect.Indirect(reflect.ValueOf(value))
	if err != nil || !v.IsValid() {
		return Members{}
	}
	for _, m := range []*message{p.in, p.out} {
		if m.node != nil && m.node.typ == v.Type() {
			return Members{m.node, v}
		}
	}
	return Members{}
}

// ClientToken names the input member that makes a repeated request the same one, "" when there is none.
func (o *Operation) ClientToken() string {
	if o.facts.Input == nil || o.svc.facts.Shapes[o.facts.Input.Shape] == nil {
		return ""
	}
	for name, ref := range o.svc.facts.Shapes[o.facts.Input.Shape].Members {
		if ref.IdempotencyToken {
			return name
		}
	}
	return ""
}

// Pages names the members that carry pages, nil when the operation has none.
func (o *Operation) Pages() *facts.Paginator { return o.svc.facts.Paginators[o.facts.Name] }

func (m Members) slot(name string) *slot {
	if m.node == nil {
		return nil
	}
	for _, s := range m.node.members {
		if s.name == name {
			return s
		}
	}
	return nil
}

// Names lists the members, sorted.
func (m Members) Names() []string {
	var names []string
	if m.node != nil {
		for _, s := range m.node.members {
			names = append(names, s.name)
		}
	}
	return names
}

// Get returns a member's value without its pointer, and whether it is set.
func (m Members) Get(name string) (any, bool) {
	s := m.slot(name)
	if s == nil {
		return nil, false
	}
	v, ok := s.value(m.v.FieldByIndex(s.index))
	if !ok {
		return nil, false
	}
	return v.Interface(), true
}

// String returns a string member, "" when it isn't set.
func (m Members) String(name string) string {
	v, ok := m.Get(name)
	if r := reflect.ValueOf(v); ok && r.Kind() == reflect.String {
		return r.String()
	}
	return ""
}

// Set sets a member. The struct must have been given by pointer.
func (m Members) Set(name string, value any) error {
	s := m.slot(name)
	if s == nil || !m.v.CanSet() {
		return fmt.Errorf("cannot set %s: there is no such member", name)
	}
	v := reflect.ValueOf(value)
	if !v.IsValid() || !v.CanConvert(s.node.typ) {
		return fmt.Errorf("cannot set %s: %T is no %s", name, value, s.node.typ)
	}
	s.alloc(m.v.FieldByIndex(s.index)).Set(v.Convert(s.node.typ))
	return nil
}

// TagKeys returns the keys of tags to take off, which APIs name in several ways.
func (m Members) TagKeys() []string {
	for _, name := range []string{"TagKeys", "tagKeys", "TagsToRemove"} {
		if v, ok := m.Get(name); ok {
			keys, _ := v.([]string)
			return keys
		}
	}
	return nil
}

// Tags returns the tags of a request, which APIs write as a list of keys and values or as a map, under several names.
func (m Members) Tags() (map[string]string, bool) {
	for _, name := range []string{"Tags", "tags", "TagList", "TagSet"} {
		s := m.slot(name)
		if s == nil {
			continue
		}
		v, ok := s.value(m.v.FieldByIndex(s.index))
		if !ok {
			return nil, false
		}
		out := map[string]string{}
		switch {
		case s.node.kind == mapKind && s.node.elem.node.kind == stringKind:
			for _, k := range v.MapKeys() {
				if x, ok := s.node.elem.value(v.MapIndex(k)); ok {
					out[k.String()] = x.String()
				}
			}
			return out, true
		case s.node.kind == listKind && s.node.elem.node.kind == structKind:
			for i := range v.Len() {
				key, value := tag(s.node.elem, v.Index(i))
				out[key] = value
			}
			return out, true
		}
	}
	return nil, false
}

func tag(m *slot, v reflect.Value) (key, value string) {
	v, ok := m.value(v)
	if !ok {
		return "", ""
	}
	for _, f := range m.node.members {
		x, ok := f.value(v.FieldByIndex(f.index))
		if !ok || x.Kind() != reflect.String {
			continue
		}
		switch {
		case strings.EqualFold(f.name, "key") || strings.EqualFold(f.name, "tagKey"):
			key = x.String()
		case strings.EqualFold(f.name, "value") || strings.EqualFold(f.name, "tagValue"):
			value = x.String()
		}
	}
	return key, value
}
