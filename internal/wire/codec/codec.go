// Package codec turns requests of AWS's wire protocols into the SDK's input types and the SDK's outputs and errors into
// responses. It is driven by API facts through reflection plans that are compiled on first use; it knows no service.
package codec

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/fxamacker/cbor/v2"

	"github.com/atelier-studio/atelier/internal/wire/facts"
)

// Types is one operation with the struct types it takes and gives. Event is the element type of a streamed output.
type Types struct {
	Name  string
	In    reflect.Type
	Out   reflect.Type
	Event reflect.Type
}

// Option gives a service what the SDK's types alone can't tell.
type Option func(*Service)

// Unions lists the member types of the API's unions as nil pointers, (*types.AttributeValueMemberS)(nil). Needed to decode
// unions only; factsgen -unions prints the list.
func Unions(members ...any) Option {
	return func(s *Service) {
		for _, m := range members {
			t := reflect.TypeOf(m)
			for t.Kind() == reflect.Pointer {
				t = t.Elem()
			}
			s.variants = append(s.variants, variantType{typ: t})
		}
	}
}

// QueryCodes names the errors, by shape, that the service calls otherwise in its older query protocol. Clients that came from
// there read that code from a header.
// Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait
func QueryCodes(codes map[string]string) Option {
	return func(s *Service) { s.queryCodes = codes }
}

// ValidationCode is what the service calls a request that breaks the constraints of the API, where that is not ValidationException.
func ValidationCode(code string) Option { return func(s *Service) { s.invalid = code } }

// UnionMember names the type of one member of a union whose type name doesn't follow the SDK's rule.
func UnionMember(shape, member string, t reflect.Type) Option {
	return func(s *Service) { s.variants = append(s.variants, variantType{shape, member, t}) }
}

// Documents gives the constructor of the service's own document type, document.NewLazyDocument.
func Documents(f func(any) any) Option { return func(s *Service) { s.document = f } }

type variantType struct {
	shape, member string
	typ           reflect.Type
}

// Service decodes and encodes for one API. It is safe for concurrent use.
type Service struct {
	queryCodes map[string]string // by shape of error
	invalid    string            // code of requests that break constraints, "": that of the protocol
	facts      *facts.Service
	ops        map[string]*Operation
	routes     map[string][]*route // by method
	variants   []variantType
	document   func(any) any

	mu       sync.Mutex
	nodes    map[nodeKey]*node
	patterns sync.Map // pattern -> *regexp.Regexp, nil when RE2 can't express it
	buffers  sync.Pool
	cborMode func() (cbor.DecMode, error)
}

// Compile joins the facts of a service with the types of the operations that it serves. Operations of the facts that are not
// listed are known too, so that they can be answered by name.
func Compile(f *facts.Service, ops []Types, opts ...Option) (*Service, error) {
	s := &Service{facts: f, ops: map[string]*Operation{}, nodes: map[nodeKey]*node{}, routes: map[string][]*route{}}
	s.cborMode = sync.OnceValues(newCBORMode)
	s.buffers.New = func() any { b := make([]byte, 0, 1024); return &b }
	for _, opt := range opts {
		opt(s)
	}
	for name, o := range f.Operations {
		s.ops[name] = &Operation{svc: s, facts: o}
	}
	for _, t := range ops {
		o := s.ops[t.Name]
		switch {
		case o == nil:
			return nil, fmt.Errorf("cannot compile %s: it has no operation %s", f.Name, t.Name)
		case o.listed:
			return nil, fmt.Errorf("cannot compile %s: %s is listed twice", f.Name, t.Name)
		case t.In == nil || t.In.Kind() != reflect.Struct || t.Out == nil || t.Out.Kind() != reflect.Struct:
			return nil, fmt.Errorf("cannot compile %s: %s needs struct types", f.Name, t.Name)
		}
		o.types, o.listed = t, true
	}
	if s.speaks("rest-json") || s.speaks("rest-xml") {
		s.buildRoutes()
	}
	return s, nil
}

// Name is the service's name in the facts.
func (s *Service) Name() string { return s.facts.Name }

// Facts are the facts the service was compiled from.
func (s *Service) Facts() *facts.Service { return s.facts }

// Operation finds an operation by name, nil when the API has none.
func (s *Service) Operation(name string) *Operation { return s.ops[name] }

// Check compiles every listed operation now and tells what doesn't fit: unions without types, members without fields.
func (s *Service) Check() error {
	var bad []string
	for name, o := range s.ops {
		if !o.listed {
			continue
		}
		if _, err := o.plan(); err != nil {
			bad = append(bad, name+": "+err.Error())
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("cannot serve %s: %s", s.facts.Name, strings.Join(bad, "; "))
	}
	return nil
}

func (s *Service) speaks(protocol string) bool {
	for _, p := range s.facts.Metadata.Spoken() {
		if p == protocol {
			return true
		}
	}
	return false
}

func (s *Service) buffer() *[]byte {
	b := s.buffers.Get().(*[]byte)
	*b = (*b)[:0]
	return b
}

func (s *Service) release(b *[]byte) {
	if cap(*b) <= 1<<20 { // a rare large answer must not stay in memory
		s.buffers.Put(b)
	}
}
