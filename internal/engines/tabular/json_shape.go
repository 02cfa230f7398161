package tabular

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxShapes is how many fields of all depths are told apart in a file. Objects that are used as maps have no end of them.
	maxShapes = 10000
	// mapped is how many fields are looked for one by one.
	mapped = 8
)

// shape is what was seen of the values at one place of a document.
type shape struct {
	kinds  jsonKinds
	fields []*member
	byName map[string]*member
	elem   *shape
}

type member struct {
	name string
	shape
}

type jsonKinds uint8

const (
	jsonBoolean jsonKinds = 1 << iota
	jsonInt               // of 32 bits
	jsonLong              // of 64
	jsonHuge
	jsonDouble
	jsonString
	jsonObject
	jsonArray
)

// shaper reads documents into shapes.
type shaper struct {
	dec  *jsontext.Decoder
	left int // new fields that may still be told apart
}

// read takes one value into s. What was read before an error counts.
func (r *shaper) read(s *shape, depth int) error {
	switch k := r.dec.PeekKind(); k {
	case '{':
		return r.object(s, depth)
	case '[':
		return r.array(s, depth)
	case 't', 'f':
		s.kinds |= jsonBoolean
	case '"':
		s.kinds |= jsonString
	case '0':
		v, err := r.dec.ReadValue()
		if err == nil {
			s.kinds |= numberKind(v)
		}
		return err
	}
	return r.dec.SkipValue()
}

func (r *shaper) object(s *shape, depth int) error {
	s.kinds |= jsonObject
	if depth >= MaxDepth {
		s.kinds |= jsonString
		return r.dec.SkipValue()
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return err
	}
	for i := 0; r.dec.PeekKind() != '}'; i++ {
		key, err := r.dec.ReadValue()
		if err != nil {
			return err
		}
		m := s.member(key, i, &r.left)
		if m == nil {
			if err := r.dec.SkipValue(); err != nil {
				return err
			}
			continue
		}
		if err := r.read(&m.shape, depth+1); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

func (r *shaper) array(s *shape, depth int) error {
	s.kinds |= jsonArray
	if depth >= MaxDepth {
		s.kinds |= jsonString
		return r.dec.SkipValue()
	}
	if s.elem == nil {
		s.elem = new(shape)
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return err
	}
	for r.dec.PeekKind() != ']' {
		if err := r.read(s.elem, depth+1); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

// member finds the field of a quoted name, which is most likely the i-th; nil when there are too many.
func (s *shape) member(quoted []byte, i int, left *int) *member {
	if len(quoted) < 2 {
		return nil
	}
	raw := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(raw, '\\') >= 0 {
		unquoted, err := jsontext.AppendUnquote(nil, quoted)
		if err != nil {
			return nil
		}
		raw = unquoted
	}
	if i < len(s.fields) && s.fields[i].name == string(raw) {
		return s.fields[i]
	}
	if s.byName == nil {
		for _, m := range s.fields {
			if m.name == string(raw) {
				return m
			}
		}
	} else if m := s.byName[string(raw)]; m != nil {
		return m
	}
	if *left <= 0 || !utf8.Valid(raw) {
		return nil
	}
	*left--
	m := &member{name: string(raw)}
	s.fields = append(s.fields, m)
	if len(s.fields) > mapped {
		if s.byName == nil {
			s.byName = make(map[string]*member, 2*mapped)
			for _, m := range s.fields {
				s.byName[m.name] = m
			}
		}
		s.byName[m.name] = m
	}
	return m
}

func numberKind(b []byte) jsonKinds {
	for _, c := range b {
		if c == '.' || c|0x20 == 'e' {
			return jsonDouble
		}
	}
	if len(b) < 10 {
		return jsonInt
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	switch {
	case err == nil && n == int64(int32(n)):
		return jsonInt
	case err == nil:
		return jsonLong
	case len(bytes.TrimLeft(b, "-")) <= maxPrecision:
		return jsonHuge
	}
	return jsonDouble
}

// typeOf is the type that holds all that was seen: what differs in more than its numbers is a string.
func (s *shape) typeOf() Type {
	const numbers = jsonInt | jsonLong | jsonHuge | jsonDouble
	switch s.kinds {
	case 0:
		return Of(Void)
	case jsonBoolean:
		return Of(Boolean)
	case jsonObject:
		return s.structOf()
	case jsonArray:
		return ArrayOf(s.elem.typeOf())
	}
	switch {
	case s.kinds&^numbers != 0:
		return Of(String)
	case s.kinds&jsonDouble != 0:
		return Of(Double)
	case s.kinds&jsonHuge != 0:
		return DecimalOf(maxPrecision, 0)
	case s.kinds&jsonLong != 0:
		return Of(BigInt)
	}
	return Of(Int)
}

// structOf has the fields in the order in which they were first seen. Names that differ in case only are one.
// An object that was always empty is text: there is no struct of nothing.
func (s *shape) structOf() Type {
	if len(s.fields) == 0 {
		return Of(Void)
	}
	var t Type
	t.Kind = Struct
	at := make(map[string]int, len(s.fields))
	for _, m := range s.fields {
		key, mt := cleanName(m.name), m.typeOf()
		if i, ok := at[key]; ok {
			t.Fields[i].Type = Widen(t.Fields[i].Type, mt)
			continue
		}
		at[key] = len(t.Fields)
		t.Fields = append(t.Fields, Field{Name: m.name, Type: mt})
	}
	return t
}
