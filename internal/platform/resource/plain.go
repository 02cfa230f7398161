package resource

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Verb is a method of an SDK's client: it fills its input with the properties that it has fields for (all of them when strict), and gives its output.
type Verb func(ctx context.Context, r Request, properties map[string]any, strict bool) (output any, err error)

// Do makes a verb of a method.
func Do[C, I, O, F any](client func(Request) C, method func(C, context.Context, *I, ...func(*F)) (*O, error)) Verb {
	return func(ctx context.Context, r Request, properties map[string]any, strict bool) (any, error) {
		in := new(I)
		if !strict {
			has := map[string]any{}
			for name, v := range properties {
				if named(reflect.ValueOf(in).Elem(), name).IsValid() {
					has[name] = v
				}
			}
			properties = has
		}
		if err := Fill(in, properties); err != nil {
			return nil, err
		}
		return method(client(r), ctx, in)
	}
}

// Plain is a type that is made, read, changed and removed by one call each.
type Plain struct {
	Name, NameProperty string
	NameMax            int
	// ID is the field of Create's output that is the physical ID; empty: the ID is the name.
	ID string
	// Key gives the fields of the inputs of Get, Update and Delete that name the resource. Nil: the field ID (NameProperty, without one) is the ID.
	Key func(r Request) map[string]any
	// Within is the path of the field of the outputs of Create and Get that holds the resource; a second one after a comma is Get's.
	Within string
	// Form gives properties in the names of the SDK; it is asked for all of them, and for one by one.
	Form func(properties map[string]any) map[string]any
	// Attributes are the fields of Get's output that attributes are, by attribute; "" for the physical ID.
	Attributes map[string]string
	// Reset is what properties become that an update takes away.
	Reset map[string]any
	// Apart are properties that Create does not fill, Untold those that Read does not tell: Get has them in another form.
	Apart, Untold []string
	// Token is the field of Create's input for a client token.
	Token                       string
	Create, Get, Update, Delete Verb
	// Retag changes tags, after an update. Nil: they are not changed.
	Retag func(ctx context.Context, r Request, set map[string]string, remove []string) error
	// Status is the field of Get's output that says how far the resource is, Done what it is then, and Reason the field that says why it failed.
	// What is none of Done and no progress (Creating, InProgress) is failure.
	Status, Reason string
	Done           []string
	// Identify, see Type. Nil, with a name and no ID: the name.
	Identify func(r Request) string
}

// Type is the type; what is not plain about it can then be set.
func (p Plain) Type() Type {
	t := Type{Name: p.Name, NameProperty: p.NameProperty, NameMax: p.NameMax, Create: p.create, Delete: p.delete, Read: p.read, Identify: p.Identify}
	if p.Identify == nil && p.ID == "" {
		t.Identify = func(r Request) string { return r.Named(p.NameProperty) }
	}
	if p.Update != nil {
		t.Update = p.update
	}
	if p.Status != "" {
		t.Ready, t.Gone = p.ready, p.gone
	}
	return t
}

func (p Plain) form(properties map[string]any) map[string]any {
	if p.Form == nil {
		return properties
	}
	return p.Form(properties)
}

func (p Plain) key(r Request) map[string]any {
	switch {
	case p.Key != nil:
		return p.Key(r)
	case p.ID != "":
		return map[string]any{p.ID: r.ID}
	}
	return map[string]any{p.NameProperty: r.ID}
}

// with adds to properties.
func with(properties map[string]any, more map[string]any) map[string]any {
	out := Renamed(properties)
	for name, v := range more {
		out[name] = v
	}
	return out
}

func (p Plain) create(ctx context.Context, r Request) (State, error) {
	given := Renamed(r.Properties)
	for _, name := range p.Apart {
		delete(given, name)
	}
	if p.NameProperty != "" {
		given[p.NameProperty] = r.Named(p.NameProperty)
	}
	given = p.form(given)
	if p.Token != "" {
		given[p.Token] = r.Token
	}
	out, err := p.Create(ctx, r.Once(), given, true)
	if err != nil {
		return State{}, err
	}
	within, _, _ := strings.Cut(p.Within, ",")
	switch {
	case p.ID != "":
		r.ID = text(Field(Field(out, within), p.ID))
	case p.Identify != nil:
		r.ID = p.Identify(r)
	default:
		r.ID = r.Named(p.NameProperty)
	}
	if len(p.Attributes) == 0 {
		return State{ID: r.ID}, nil
	}
	s, err := p.read(ctx, r)
	return State{ID: r.ID, Attributes: s.Attributes}, err
}

func (p Plain) update(ctx context.Context, r Request) (State, error) {
	now := Renamed(r.Properties)
	for name, v := range p.Reset {
		if r.Old[name] != nil && now[name] == nil {
			now[name] = v
		}
	}
	for _, name := range p.Apart {
		delete(now, name)
	}
	if _, err := p.Update(ctx, r, with(p.form(now), p.key(r)), false); err != nil {
		return State{ID: r.ID, Attributes: r.Attributes}, err
	}
	if p.Retag != nil {
		if err := r.Retag("Tags", func(tags map[string]string) error { return p.Retag(ctx, r, tags, nil) },
			func(keys []string) error { return p.Retag(ctx, r, nil, keys) }); err != nil {
			return State{ID: r.ID, Attributes: r.Attributes}, err
		}
	}
	if len(p.Attributes) == 0 {
		return State{ID: r.ID}, nil
	}
	s, err := p.read(ctx, r)
	return State{ID: r.ID, Attributes: s.Attributes}, err
}

func (p Plain) delete(ctx context.Context, r Request) error {
	_, err := p.Delete(ctx, r, p.key(r), false)
	return err
}

func (p Plain) ready(ctx context.Context, r Request) (State, bool, error) {
	out, err := p.Get(ctx, r, p.key(r), false)
	if err != nil {
		return State{}, false, err
	}
	_, within, _ := strings.Cut(p.Within, ",")
	has := Field(out, within)
	switch status := fmt.Sprint(Field(has, p.Status)); {
	case slices.Contains(p.Done, status):
		s, err := p.told(r, out)
		return State{ID: r.ID, Attributes: s.Attributes}, err == nil, err
	case strings.HasSuffix(strings.ToLower(status), "ing") || strings.EqualFold(strings.ReplaceAll(status, "_", ""), "InProgress"):
		return State{}, false, nil
	default:
		reason, _ := Field(has, p.Reason).(string)
		return State{}, false, fmt.Errorf("the resource is %s: %s", status, reason)
	}
}

func (p Plain) gone(ctx context.Context, r Request) (bool, error) {
	_, err := p.Get(ctx, r, p.key(r), false)
	if Gone(err) {
		return true, nil
	}
	return false, err
}

func (p Plain) read(ctx context.Context, r Request) (State, error) {
	out, err := p.Get(ctx, r, p.key(r), false)
	if err != nil {
		return State{}, err
	}
	return p.told(r, out)
}

// told is what an output of Get tells of the resource.
func (p Plain) told(r Request, out any) (State, error) {
	first, second, two := strings.Cut(p.Within, ",")
	if !two {
		second = first
	}
	has := Field(out, second)
	if v := reflect.ValueOf(has); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return State{}, ErrGone
	}
	s := State{ID: r.ID, Properties: map[string]any{}}
	for attribute, path := range p.Attributes {
		if s.Attributes == nil {
			s.Attributes = map[string]any{}
		}
		if path == "" {
			s.Attributes[attribute] = r.ID
		} else if v := Field(has, path); v != nil {
			s.Attributes[attribute], _ = tell(reflect.ValueOf(v), "")
		}
	}
	for name, wanted := range r.Properties {
		if slices.Contains(p.Untold, name) {
			continue
		}
		form := p.form(map[string]any{name: wanted})
		if told := Tell(has, form); len(told) > 0 {
			if s.Properties[name] = wanted; !same(any(told), any(form)) {
				s.Properties[name] = told[name]
				if _, ok := told[name]; !ok {
					for _, v := range told {
						s.Properties[name] = v
					}
				}
			}
		}
	}
	return s, nil
}

// Field is the field of an SDK's output at a path with dots; nil when it is not set, and the output itself for "".
func Field(output any, path string) any {
	v := reflect.ValueOf(output)
	if path == "" {
		return output
	}
	for _, name := range strings.Split(path, ".") {
		if v = reflect.Indirect(v); v.Kind() == reflect.Slice && v.Len() > 0 { // the first of a list
			v = v.Index(0)
		}
		if v.Kind() != reflect.Struct {
			return nil
		}
		if v = v.FieldByName(name); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() || v.Kind() == reflect.Slice && v.Len() == 0 {
			return nil
		}
	}
	if v = reflect.Indirect(v); v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct {
		v = v.Index(0)
	}
	return v.Interface()
}
