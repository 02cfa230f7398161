package codec

import (
	"fmt"
	"reflect"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/wire/facts"
)

type kind uint8

const (
	structKind kind = iota
	listKind
	mapKind
	stringKind
	intKind
	floatKind
	boolKind
	blobKind
	timeKind
	documentKind
	unionKind
)

type nodeKey struct {
	shape string
	typ   reflect.Type
}

// node joins a shape with the Go type that holds it.
type node struct {
	name    string
	shape   *facts.Shape
	kind    kind
	typ     reflect.Type // never a pointer
	members []*slot
	byWire  map[string]*slot
	elem    *slot // of lists and maps
	key     *slot
	union   sync.Map // member name or reflect.Type -> *slot, for unions
}

// slot is a place that holds a value: a member, an element, a key.
type slot struct {
	ref      *facts.Ref
	name     string // of the member, "" otherwise
	wire     string // in documents
	query    string // in ec2 parameters
	index    []int  // of the struct field
	typ      reflect.Type
	ptr      bool
	node     *node
	required bool
	format   string // of timestamps, "" when the protocol decides
	variant  reflect.Type
}

// plan returns the node of a shape held by t. Recursive shapes find their own unfinished node, hence the lock around all.
func (s *Service) node(shape string, t reflect.Type) (*node, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.build(shape, t)
}

func (s *Service) build(shape string, t reflect.Type) (*node, error) {
	key := nodeKey{shape, t}
	if n := s.nodes[key]; n != nil {
		return n, nil
	}
	sh := s.facts.Shapes[shape]
	if sh == nil {
		return nil, fmt.Errorf("cannot plan %s: no such shape", shape)
	}
	n := &node{name: shape, shape: sh, typ: t}
	s.nodes[key] = n
	if err := s.fill(n, t); err != nil {
		delete(s.nodes, key)
		return nil, fmt.Errorf("%s: %w", shape, err)
	}
	return n, nil
}

func (s *Service) fill(n *node, t reflect.Type) (err error) {
	sh, k := n.shape, t.Kind()
	fits := false
	switch sh.Type {
	case "structure":
		switch {
		case sh.Document:
			n.kind, fits = documentKind, k == reflect.Interface
		case k == reflect.Interface: // not all models mark their unions; the SDK's types do
			n.kind, fits = unionKind, true
		default:
			if n.kind, fits = structKind, k == reflect.Struct; fits {
				err = s.fields(n)
			}
		}
	case "list":
		if n.kind, fits = listKind, k == reflect.Slice; fits {
			n.elem, err = s.slot(sh.Member, t.Elem())
		}
	case "map":
		if n.kind, fits = mapKind, k == reflect.Map; fits {
			if n.key, err = s.slot(sh.Key, t.Key()); err == nil {
				n.elem, err = s.slot(sh.Value, t.Elem())
			}
		}
	case "string", "character":
		if n.kind, fits = stringKind, k == reflect.String; t == reflect.TypeFor[time.Time]() {
			n.kind, fits = timeKind, true // the SDK keeps a few older types that the API has changed since
		}
	case "integer", "long", "short", "byte", "bigInteger":
		if n.kind, fits = intKind, k >= reflect.Int && k <= reflect.Int64; k == reflect.String {
			n.kind, fits = stringKind, true
		}
	case "float", "double", "bigDecimal":
		n.kind, fits = floatKind, k == reflect.Float32 || k == reflect.Float64
	case "boolean":
		n.kind, fits = boolKind, k == reflect.Bool
	case "blob":
		n.kind, fits = blobKind, k == reflect.Slice && t.Elem().Kind() == reflect.Uint8 || k == reflect.Interface
	case "timestamp":
		n.kind, fits = timeKind, t == reflect.TypeFor[time.Time]()
	}
	if err == nil && !fits {
		err = fmt.Errorf("%s can't be held by %s", sh.Type, t)
	}
	return err
}

func (s *Service) fields(n *node) error {
	fields := map[string]reflect.StructField{}
	for i := range n.typ.NumField() {
		if f := n.typ.Field(i); f.IsExported() && f.Name != "ResultMetadata" {
			fields[fold(f.Name)] = f
		}
	}
	n.byWire = map[string]*slot{}
	for name, ref := range n.shape.Members {
		if sh := s.facts.Shapes[ref.Shape]; sh != nil && sh.EventStream {
			continue // streams travel beside the struct
		}
		f, ok := fields[fold(name)]
		if !ok {
			continue // the API is newer than the SDK here: nobody could read the member
		}
		m, err := s.slot(ref, f.Type)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		m.name, m.index = name, f.Index
		m.wire, m.query = wireName(name, ref)
		for _, r := range n.shape.Required {
			m.required = m.required || r == name
		}
		n.members = append(n.members, m)
		n.byWire[m.wire] = m
	}
	sort.Slice(n.members, func(i, j int) bool { return n.members[i].name < n.members[j].name })
	return nil
}

func wireName(name string, ref *facts.Ref) (doc, ec2 string) {
	doc = name
	if ref.LocationName != "" {
		doc = ref.LocationName
	}
	if ec2 = ref.QueryName; ec2 == "" {
		ec2 = strings.ToUpper(doc[:1]) + doc[1:]
	}
	return doc, ec2
}

// fold makes member and field names comparable: the SDK capitalises, drops underscores and adds one to reserved names.
func fold(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

func (s *Service) slot(ref *facts.Ref, t reflect.Type) (*slot, error) {
	m := &slot{ref: ref, typ: t, format: ref.TimestampFormat}
	if t.Kind() == reflect.Pointer {
		m.ptr, t = true, t.Elem()
	}
	n, err := s.build(ref.Shape, t)
	if err != nil {
		return nil, err
	}
	m.node = n
	if m.format == "" {
		m.format = n.shape.TimestampFormat
	}
	m.wire = ref.LocationName
	return m, nil
}

// message plans an input or output. ref is nil when the operation has none.
func (s *Service) message(ref *facts.Ref, t reflect.Type, request bool) (*message, error) {
	m := &message{ref: ref}
	if ref == nil {
		return m, nil
	}
	var err error
	if m.node, err = s.node(ref.Shape, t); err != nil {
		return nil, err
	}
	sh := m.node.shape
	for _, f := range m.node.members {
		switch {
		case f.ref.Location == "uri" && request:
			m.labels = append(m.labels, f)
		case f.ref.Location == "querystring" && request:
			m.queries = append(m.queries, f)
		case f.ref.Location == "header" || f.ref.Location == "headers":
			m.headers = append(m.headers, f)
		case f.ref.Location == "statusCode":
			m.status = f
		case f.name == sh.Payload:
			m.payload = f
		default:
			m.body = append(m.body, f)
		}
	}
	for name, r := range sh.Members {
		if e := s.facts.Shapes[r.Shape]; e != nil && e.EventStream {
			m.stream = &slot{ref: r, name: name, node: &node{name: r.Shape, shape: e, kind: unionKind}}
		}
	}
	return m, nil
}

// variant returns the member of a union that a value of type t is.
func (s *Service) variant(n *node, t reflect.Type) (*slot, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if m, ok := n.union.Load(t); ok {
		return m.(*slot), nil
	}
	name := ""
	for _, v := range s.variants {
		if v.typ == t && v.shape == n.name {
			name = v.member
		}
	}
	for member := range n.shape.Members {
		if i := strings.LastIndex(t.Name(), "Member"); name == "" && strings.HasSuffix(fold(t.Name()), "member"+fold(member)) && i > 0 {
			if n.typ == nil || n.typ.Name() == "" || fold(t.Name()) == fold(n.typ.Name())+"member"+fold(member) {
				name = member
			}
		}
	}
	ref := n.shape.Members[name]
	if ref == nil || t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("cannot encode %s as a member of %s", t, n.name)
	}
	f, ok := t.FieldByName("Value")
	if !ok {
		return nil, fmt.Errorf("cannot encode %s: it has no Value", t)
	}
	s.mu.Lock()
	m, err := s.slot(ref, f.Type)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	m.name, m.index, m.variant = name, f.Index, t
	m.wire, m.query = wireName(name, ref)
	n.union.Store(t, m)
	return m, nil
}

// variantNamed returns the member of a union by its name in documents, nil when the union has none.
func (s *Service) variantNamed(n *node, wire string) (*slot, error) {
	if m, ok := n.union.Load(wire); ok {
		return m.(*slot), nil
	}
	for member, ref := range n.shape.Members {
		if doc, _ := wireName(member, ref); doc != wire {
			continue
		}
		for _, v := range s.variants {
			union := n.name // streams have no field, hence no Go type to take the name from
			if n.typ != nil && n.typ.Name() != "" {
				union = n.typ.Name()
			}
			named := fold(v.typ.Name()) == fold(union)+"member"+fold(member)
			if v.shape == n.name && v.member == member || v.shape == "" && named {
				m, err := s.variant(n, v.typ)
				if err == nil {
					n.union.Store(wire, m)
				}
				return m, err
			}
		}
		return nil, fmt.Errorf("cannot decode union %s: no type is listed for member %s", n.name, member)
	}
	return nil, nil
}

// alloc gives the place for a value, making what a pointer points to.
func (m *slot) alloc(v reflect.Value) reflect.Value {
	if m.ptr {
		p := reflect.New(m.node.typ)
		v.Set(p)
		return p.Elem()
	}
	return v
}

// value gives what is held and whether there is something. Plain numbers, booleans and times are always there; an empty
// enum is not.
func (m *slot) value(v reflect.Value) (reflect.Value, bool) {
	switch v.Kind() {
	case reflect.Pointer:
		return v.Elem(), !v.IsNil()
	case reflect.Slice, reflect.Map, reflect.Interface:
		return v, !v.IsNil()
	case reflect.String:
		return v, m.name == "" || v.Len() > 0
	}
	return v, true
}
