package tabular

import (
	"bytes"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonLines leaves out lines that are no document.
func (r *rowReader) jsonLines(text io.Reader) error {
	places := r.places()
	path, err := r.path()
	if err != nil {
		return err
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(nil), jsonOptions...)
	return r.lines(text, func(line []byte) error {
		if line = bytes.TrimSpace(line); len(line) == 0 || !jsontext.Value(line).IsValid(jsonOptions...) {
			return nil
		}
		dec.Reset(bytes.NewBuffer(line), jsonOptions...)
		return walk(dec, path.steps, func() error { return r.jsonRow(dec, places) })
	})
}

// json reads documents that go over lines, or one that holds all rows.
func (r *rowReader) json(text io.Reader) error {
	places := r.places()
	path, err := r.path()
	if err != nil {
		return err
	}
	guard := &capReader{r: text, left: int64(r.o.MaxRecord)}
	dec := jsontext.NewDecoder(guard, jsonOptions...)
	for {
		err := walk(dec, path.steps, func() error {
			guard.left = int64(r.o.MaxRecord) // for the next row, with what is before it
			return r.jsonRow(dec, places)
		})
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return corrupt(err)
		}
	}
}

func corrupt(err error) error {
	if _, bad := err.(*jsontext.SyntacticError); bad || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return err
}

func (r *rowReader) path() (Path, error) {
	if r.schema.Path == "" {
		return Path{}, nil
	}
	return ParsePath(r.schema.Path)
}

// places are the columns by their lower-case names.
func (r *rowReader) places() map[string]int {
	at := make(map[string]int, len(r.schema.Columns))
	for i, c := range r.schema.Columns {
		at[c.Name] = i
	}
	return at
}

func (r *rowReader) jsonRow(dec *jsontext.Decoder, places map[string]int) error {
	if k := dec.PeekKind(); k != '{' {
		name := "value"
		if k == '[' {
			name = "array"
		}
		i, ok := places[name]
		if !ok {
			return dec.SkipValue()
		}
		v, err := readJSON(dec, r.schema.Columns[i].Type, 0)
		if err != nil {
			return err
		}
		r.row[i] = v
		return r.give()
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		key, err := dec.ReadToken()
		if err != nil {
			return err
		}
		i, ok := places[cleanName(key.String())]
		if !ok {
			if err := dec.SkipValue(); err != nil {
				return err
			}
			continue
		}
		if r.row[i], err = readJSON(dec, r.schema.Columns[i].Type, 0); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	return r.give()
}

// readJSON reads a value as a type. An object or an array in a column of text is its JSON.
func readJSON(dec *jsontext.Decoder, t Type, depth int) (any, error) {
	switch k := dec.PeekKind(); {
	case k == '{' && (t.Kind == Struct || t.Kind == Map) && depth < MaxDepth:
		return readObject(dec, t, depth)
	case k == '[' && t.Kind == Array && depth < MaxDepth:
		if _, err := dec.ReadToken(); err != nil {
			return nil, err
		}
		out := []any{}
		for dec.PeekKind() != ']' {
			v, err := readJSON(dec, *t.Elem, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		_, err := dec.ReadToken()
		return out, err
	}
	v, err := dec.ReadValue()
	if err != nil {
		return nil, err
	}
	return scalarJSON(v, t), nil
}

func readObject(dec *jsontext.Decoder, t Type, depth int) (any, error) {
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	out := map[string]any{}
	for dec.PeekKind() != '}' {
		key, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		name := key.String()
		var of Type
		if t.Kind == Map {
			of = *t.Elem
		} else if f, ok := t.field(name); ok {
			name, of = f.Name, f.Type
		} else {
			if err := dec.SkipValue(); err != nil {
				return nil, err
			}
			continue
		}
		if out[name], err = readJSON(dec, of, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := dec.ReadToken()
	return out, err
}

// field finds a member in any case.
func (t Type) field(name string) (Field, bool) {
	for _, f := range t.Fields {
		if f.Name == name {
			return f, true
		}
	}
	for _, f := range t.Fields {
		if cleanName(f.Name) == cleanName(name) {
			return f, true
		}
	}
	return Field{}, false
}

func scalarJSON(v jsontext.Value, t Type) any {
	switch v.Kind() {
	case 'n':
		return nil
	case 't', 'f':
		if t.Kind == Boolean {
			return v.Kind() == 't'
		}
	case '"':
		text, err := jsontext.AppendUnquote(nil, []byte(v))
		if err != nil && len(text) == 0 {
			return nil
		}
		return value(text, t)
	case '0':
		if t.Kind >= TinyInt && t.Kind <= BigInt {
			if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
				return n
			}
			return nil
		}
		return value(v, t)
	}
	if t.Kind == String {
		return string(v)
	}
	return nil
}
