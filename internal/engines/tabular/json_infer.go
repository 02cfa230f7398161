package tabular

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// JSONClassifier takes JSON whose rows are where the path leads, as Glue's custom JSON classifier. With no path each
// value is a row, and an array makes one column of that name, as Glue's own classifier has it.
type JSONClassifier struct {
	Path Path
}

var jsonOptions = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// jsonTally is what was read of a sample.
type jsonTally struct {
	rows        shape
	arrays      shape // rows that are arrays themselves
	scalars     shape
	records     int64
	bad         int64
	bytes       int64
	documents   int64
	lines       int64 // documents that take one line
	first       jsontext.Kind
	interrupted bool
}

func (c JSONClassifier) classify(s *sample) (Schema, bool) {
	text := bytes.TrimLeft(s.text, " \t\r\n")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return Schema{}, false
	}
	t := c.read(text, s.whole)
	if t.records == 0 && !t.interrupted || t.bad > t.records {
		return Schema{}, false
	}
	out := Schema{Format: JSON, Classification: string(JSON), Layout: Document, Path: c.Path.text, Records: t.records, Bad: t.bad}
	out.Columns = t.columns()
	if len(out.Columns) == 0 {
		return Schema{}, false
	}
	switch {
	case t.first == '[' && t.documents <= 1:
		out.Layout = Rowset
	case t.lines == t.documents && t.documents > 0:
		out.Layout = Lines
	}
	if t.records > 0 {
		out.AverageRecord = t.bytes / t.records
	}
	return out, true
}

// read takes all documents. When one is broken it begins anew, line by line, so that one line does not spoil the rest.
func (c JSONClassifier) read(text []byte, whole bool) *jsonTally {
	t := &jsonTally{first: jsontext.Kind(text[0])}
	r := shaper{dec: jsontext.NewDecoder(bytes.NewBuffer(text), jsonOptions...), left: maxShapes}
	for {
		at := r.dec.InputOffset()
		err := walk(r.dec, c.Path.steps, func() error { return t.row(&r) })
		switch {
		case err == nil:
			t.documents++
			t.bytes = r.dec.InputOffset()
			if bytes.IndexByte(bytes.TrimSpace(text[at:t.bytes]), '\n') < 0 {
				t.lines++
			}
		case err == io.EOF:
			return t
		case errors.Is(err, io.ErrUnexpectedEOF) && (!whole || t.records > 0 && bytes.IndexByte(bytes.TrimSpace(text[at:]), '\n') < 0):
			if t.interrupted = !whole; whole {
				t.bad++
			}
			return t
		default:
			return c.readLines(text, whole)
		}
	}
}

// readLines takes the lines that are documents, and counts those that are not.
func (c JSONClassifier) readLines(text []byte, whole bool) *jsonTally {
	t := &jsonTally{first: jsontext.Kind(text[0])}
	r := shaper{dec: jsontext.NewDecoder(bytes.NewBuffer(nil), jsonOptions...), left: maxShapes}
	for len(text) > 0 && (t.bad < 10 || t.bad <= t.documents) {
		line, rest, ended := bytes.Cut(text, []byte("\n"))
		text = rest
		if line = bytes.TrimSpace(line); len(line) == 0 || !ended && !whole {
			continue
		}
		if !jsontext.Value(line).IsValid(jsonOptions...) {
			t.bad++
			continue
		}
		r.dec.Reset(bytes.NewBuffer(line), jsonOptions...)
		if walk(r.dec, c.Path.steps, func() error { return t.row(&r) }) == nil {
			t.documents++
			t.lines++
			t.bytes += int64(len(line) + 1)
		}
	}
	return t
}

func (t *jsonTally) row(r *shaper) (err error) {
	switch r.dec.PeekKind() {
	case '{':
		err = r.read(&t.rows, 0)
	case '[':
		err = r.read(&t.arrays, 0)
	default:
		err = r.read(&t.scalars, 0)
	}
	if err == nil {
		t.records++
	}
	return err
}

// columns are the fields of the rows. Rows that are arrays make a column of their own.
func (t *jsonTally) columns() []Column {
	var out []Column
	if s := t.rows.structOf(); s.Kind == Struct {
		raw := make([]string, 0, len(s.Fields))
		for _, f := range s.Fields {
			raw = append(raw, f.Name)
		}
		for i, n := range columnNames(raw) {
			out = append(out, Column{Name: n, Source: raw[i], Type: bounded(s.Fields[i].Type)})
		}
		return out
	}
	if t.arrays.kinds != 0 {
		return []Column{{Name: "array", Type: bounded(t.arrays.typeOf())}}
	}
	if t.scalars.kinds != 0 {
		return []Column{{Name: "value", Type: t.scalars.typeOf()}}
	}
	return nil
}
