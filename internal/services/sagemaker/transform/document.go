package transform

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// object is a JSON object that keeps the order of its members.
type object struct {
	keys   []string
	values map[string]any
}

func newObject() *object { return &object{values: map[string]any{}} }

func (o *object) set(k string, v any) {
	if _, has := o.values[k]; !has {
		o.keys = append(o.keys, k)
	}
	o.values[k] = v
}

// MarshalJSON writes the members in their order.
func (o *object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, k := range o.keys {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := encode(k)
		if err != nil {
			return nil, err
		}
		value, err := encode(o.values[k])
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encode writes JSON as it is usual outside of HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// maxDepth is how deep documents may be.
const maxDepth = 200

// decode reads one JSON document. Numbers stay as they are written.
func decode(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	v, err := value(d, 0)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("something follows the document")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("a record is no JSON: %w", err)
	}
	return v, nil
}

func value(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("it is too deep")
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		o := newObject()
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := value(d, depth+1)
			if err != nil {
				return nil, err
			}
			o.set(k.(string), v)
		}
		_, err := d.Token()
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
		_, err := d.Token()
		return list, err
	}
	return t, nil
}

// Kind is what records are written in.
type Kind int

// The kinds. Opaque ones can be neither filtered nor joined.
const (
	Opaque Kind = iota
	CSV
	JSON
)

// KindOf tells the kind of a content type.
func KindOf(contentType string) Kind {
	name, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	switch strings.TrimSpace(name) {
	case "text/csv":
		return CSV
	case "application/json", "application/jsonlines", "application/x-jsonlines", "application/jsonl":
		return JSON
	}
	return Opaque
}

// parse reads a record: a list of columns or a document.
func (k Kind) parse(b []byte) (any, error) {
	if k == JSON {
		return decode(b)
	}
	r := csv.NewReader(bytes.NewReader(b))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	row, err := r.Read()
	if err == io.EOF {
		row = []string{""}
	} else if err != nil {
		return nil, fmt.Errorf("a record is no CSV: %w", err)
	}
	out := make([]any, len(row))
	for i, c := range row {
		out[i] = c
	}
	return out, nil
}

// write writes what parse reads, or what was chosen of it.
func (k Kind) write(v any) ([]byte, error) {
	if k == JSON {
		return encode(v)
	}
	row, ok := v.([]any)
	if !ok {
		row = []any{v}
	}
	cells := make([]string, len(row))
	for i, c := range row {
		s, ok := c.(string)
		if !ok {
			b, err := encode(c)
			if err != nil {
				return nil, err
			}
			s = string(b)
		}
		cells[i] = s
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	err := w.Write(cells)
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
