// Package pattern matches events against the event patterns of EventBridge, whose language SNS's filter policies and
// Lambda's event filters share.
//
// A pattern is a JSON object whose leaves are lists of what a field may be. An event matches when every field of the pattern
// does; a list in the event matches with any of its elements, and the fields of a pattern within a list of objects have to
// match in one and the same object. Numbers are compared as they are written, but for "numeric".
//
// Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
package pattern

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxDepth is how deep patterns and events may nest.
const maxDepth = 64

// Pattern is a parsed pattern. It is safe for use by many at once.
type Pattern struct{ root group }

// group is an object of a pattern: all fields, and of each list of alternatives at least one.
type group struct {
	fields []field
	ors    [][]group
}

type field struct {
	name string
	sub  *group    // of an object
	any  []matcher // of a leaf
}

// Error is a fault in a pattern.
type Error struct{ Reason string }

// Error says what is wrong in the words of EventBridge.
func (e *Error) Error() string { return "Event pattern is not valid. Reason: " + e.Reason }

func refuse(format string, args ...any) error {
	return &Error{Reason: fmt.Sprintf(format, args...)}
}

// Parse reads a pattern. Errors are *Error.
func Parse(document []byte) (*Pattern, error) {
	v, err := read(document)
	if err != nil {
		return nil, refuse("%v", err)
	}
	o, ok := v.(*object)
	if !ok {
		return nil, refuse("Filter is not an object")
	}
	g, err := readGroup(o, 0)
	if err != nil {
		return nil, err
	}
	return &Pattern{g}, nil
}

func readGroup(o *object, depth int) (g group, err error) {
	if len(o.names) == 0 {
		return g, refuse("Empty objects are not allowed")
	}
	if depth > maxDepth {
		return g, refuse("The pattern nests too deep")
	}
	for i, name := range o.names {
		v := o.values[i]
		if list, ok := v.([]any); ok && name == "$or" && alternatives(list) {
			var or []group
			for _, a := range list {
				sub, err := readGroup(a.(*object), depth+1)
				if err != nil {
					return g, err
				}
				or = append(or, sub)
			}
			g.ors = append(g.ors, or)
			continue
		}
		f := field{name: name}
		switch v := v.(type) {
		case *object:
			sub, err := readGroup(v, depth+1)
			if err != nil {
				return g, err
			}
			f.sub = &sub
		case []any:
			if f.any, err = readMatchers(name, v); err != nil {
				return g, err
			}
		default:
			return g, refuse("%q must be an object or an array", name)
		}
		g.fields = append(g.fields, f)
	}
	return g, nil
}

// alternatives tells an $or of the language from a field that is called so: it has two objects at least, none of which is an
// operator.
func alternatives(list []any) bool {
	for _, a := range list {
		o, ok := a.(*object)
		if !ok || len(o.names) == 1 && operator(o.names[0]) != nil {
			return false
		}
	}
	return len(list) > 1
}

// Event is a parsed event.
type Event struct{ root any }

// Read parses an event. Any JSON value will do, but only an object matches anything.
func Read(document []byte) (Event, error) {
	v, err := read(document)
	if err != nil {
		return Event{}, fmt.Errorf("cannot read event: %w", err)
	}
	return Event{v}, nil
}

// Match tells whether the event matches.
func (p *Pattern) Match(e Event) bool { return p.root.match(e.root) }

func (g *group) match(v any) bool {
	switch v := v.(type) {
	case []any:
		objects := false
		for _, e := range v {
			if o, ok := e.(*object); ok {
				objects = true
				if g.matchObject(o) {
					return true
				}
			}
		}
		return !objects && g.matchObject(nil)
	case *object:
		return g.matchObject(v)
	}
	return g.matchObject(nil) // what is not there may be asked not to be there
}

func (g *group) matchObject(o *object) bool {
	for i := range g.fields {
		f := &g.fields[i]
		v, there := o.get(f.name)
		if f.sub != nil {
			if !f.sub.match(v) {
				return false
			}
			continue
		}
		if !f.leaf(v, there) {
			return false
		}
	}
	for _, or := range g.ors {
		ok := false
		for i := range or {
			if ok = or[i].matchObject(o); ok {
				break
			}
		}
		if !ok {
			return false
		}
	}
	return true
}

func (f *field) leaf(v any, there bool) bool {
	for _, m := range f.any {
		if m == absent {
			if !there || !isLeaf(v) {
				return true
			}
			continue
		}
		if there && some(v, m) {
			return true
		}
	}
	return false
}

// isLeaf tells whether there is a value at all: objects, and lists of nothing else, are none.
func isLeaf(v any) bool {
	switch v := v.(type) {
	case *object:
		return false
	case []any:
		for _, e := range v {
			if isLeaf(e) {
				return true
			}
		}
		return false
	}
	return true
}

func some(v any, m matcher) bool {
	switch v := v.(type) {
	case *object:
		return false
	case []any:
		for _, e := range v {
			if some(e, m) {
				return true
			}
		}
		return false
	}
	return m.match(v)
}

// object keeps the order of its members, so that the first fault of a pattern is the one that is told.
type object struct {
	names  []string
	values []any
}

func (o *object) get(name string) (any, bool) {
	if o != nil {
		for i := len(o.names) - 1; i >= 0; i-- { // of members of one name the last counts
			if o.names[i] == name {
				return o.values[i], true
			}
		}
	}
	return nil, false
}

// read parses JSON into *object, []any, string, json.Number, bool and nil.
func read(document []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	v, err := value(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is something behind the document")
	}
	return v, nil
}

func value(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("the document nests too deep")
	}
	t, err := token(d)
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		o := &object{}
		for d.More() {
			name, err := token(d)
			if err != nil {
				return nil, err
			}
			v, err := value(d, depth+1)
			if err != nil {
				return nil, err
			}
			o.names, o.values = append(o.names, name.(string)), append(o.values, v)
		}
		_, err := token(d)
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := value(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := token(d)
		return list, err
	}
	return t, nil
}

func token(d *json.Decoder) (json.Token, error) {
	t, err := d.Token()
	if err != nil {
		return nil, errors.New("the document is not valid JSON: " + err.Error())
	}
	return t, nil
}
