package tabular

import (
	"bytes"
	"io"
	"slices"
)

// Header tells whether a CSV file begins with the names of its columns.
type Header uint8

const (
	Detect Header = iota
	Present
	Absent
)

// CSVClassifier takes files that its settings fit, as Glue's custom CSV classifier:
// https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html#custom-classifier-csv. The zero value finds all out.
type CSVClassifier struct {
	Delimiter, Quote byte // 0 to find out
	Header           Header
	Columns          []string // names, in place of those in the file
	Types            []Type   // by place; void to find out
	Single           bool     // one column will do
	KeepSpace        bool     // spaces around a value count
}

const (
	maxHeaderText = 150
	// MaxColumns is how many columns are looked at.
	MaxColumns = 10000
)

func (o CSVClassifier) classify(s *sample) (Schema, bool) { return o.infer(s, true) }

// tally is what was seen of all records.
type tally struct {
	first            []looks
	header           [][]byte
	rest             []looks
	records, usual   int64
	bytes            int
	null             string
	quoted, unclosed bool
}

func (o CSVClassifier) infer(s *sample, custom bool) (Schema, bool) {
	if o.Delimiter == '\n' || o.Delimiter == '\r' || o.Quote == '\n' || o.Quote == '\r' || o.Delimiter != 0 && o.Delimiter == o.Quote {
		return Schema{}, false
	}
	d, columns := sniff(s.text, dialect{delim: o.Delimiter, quote: o.Quote}, s.whole)
	if columns < 2 && !o.Single || columns < 1 || columns > MaxColumns {
		return Schema{}, false
	}
	if bytes.IndexByte(s.text, '\\') >= 0 && d.quote != 0 && escapes(s.text, d) {
		d.escape = '\\'
	}
	t := o.count(s, d, columns)
	if t.unclosed { // perhaps a lone quote took all that follows
		plain := d
		plain.quote, plain.escape = 0, 0
		if u := o.count(s, plain, columns); u.usual > t.usual+1 {
			d, t = plain, u
		}
	}
	if t.records < 2 && !custom || t.records < 1 || float64(t.usual) < enoughAlike*float64(t.records) && o.Delimiter == 0 {
		return Schema{}, false
	}
	if len(o.Columns) > 0 && len(o.Columns) != columns && len(o.Columns) != len(t.first) {
		return Schema{}, false
	}
	out := Schema{Format: CSV, Classification: string(CSV), Delimiter: d.delim, Null: t.null, Single: o.Single, Records: t.records, Ragged: t.records - t.usual,
		AverageRecord: int64(t.bytes) / t.records}
	if t.quoted {
		out.Quote, out.Escape = d.quote, d.escape
	}
	o.columns(&out, t, columns)
	out.Records -= int64(out.HeaderLines)
	return out, true
}

// count goes through the sample once.
func (o CSVClassifier) count(s *sample, d dialect, columns int) *tally {
	t := &tally{rest: make([]looks, columns)}
	sp := splitBytes(s.text, d)
	for {
		rec, err := sp.next()
		if err == io.EOF {
			return t
		}
		t.unclosed = sp.open
		if sp.pos >= len(s.text) && !s.whole && t.records > 0 {
			return t
		}
		t.bytes = sp.pos
		if t.records++; len(rec) == columns {
			t.usual++
		}
		if t.records == 1 {
			t.first = make([]looks, min(len(rec), MaxColumns))
			if len(rec) > columns {
				t.rest = append(t.rest, make([]looks, len(t.first)-columns)...)
			}
			t.header = make([][]byte, len(t.first))
			for i := range t.first {
				t.header[i] = bytes.Clone(rec[i].text)
			}
			t.see(rec, t.first, o.KeepSpace)
			continue
		}
		t.see(rec, t.rest, o.KeepSpace)
	}
}

func (t *tally) see(rec []field, into []looks, keep bool) {
	for i, f := range rec {
		if i >= len(into) {
			return
		}
		if f.quoted {
			t.quoted = true
		}
		if into[i]&looksString != 0 {
			continue
		}
		b := f.text
		if !keep {
			b = trimSpace(b)
		}
		k := look(b)
		if k == looksString && !f.quoted && t.isNull(b) {
			k = looksNull
		}
		into[i] |= k
	}
}

func trimSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// isNull knows the markers of missing values. A file has one.
func (t *tally) isNull(b []byte) bool {
	if t.null != "" {
		return string(b) == t.null
	}
	if s := string(b); s == `\N` || s == "NULL" || s == "null" {
		t.null = s
		return true
	}
	return false
}

// columns names and types the columns.
func (o CSVClassifier) columns(out *Schema, t *tally, n int) {
	header := o.Header == Present || o.Header == Detect && t.hasHeader()
	if o.Header == Detect && !header && len(o.Columns) > 0 {
		header = slices.EqualFunc(o.Columns, t.header, func(a string, b []byte) bool { return cleanName(a) == cleanName(string(b)) })
	}
	kinds := t.rest[:n]
	var raw []string
	if header {
		out.HeaderLines = 1
		n = max(n, len(t.header))
		if last := len(t.header) - 1; last > 0 && last == n-1 && len(t.header[last]) == 0 && t.rest[last] == 0 {
			n-- // each line ends with a delimiter
		}
		kinds = t.rest[:n]
		for _, h := range t.header[:min(n, len(t.header))] {
			raw = append(raw, string(h))
		}
	} else {
		kinds = slices.Clone(kinds)
		for i := range kinds {
			if i < len(t.first) {
				kinds[i] |= t.first[i]
			}
		}
	}
	source := raw
	if len(o.Columns) > 0 {
		raw = o.Columns
	}
	names := columnNames(append(slices.Clone(raw), make([]string, max(0, n-len(raw)))...))
	for i, k := range kinds {
		c := Column{Name: names[i], Type: k.typeOf()}
		if i < len(source) {
			c.Source = source[i]
		}
		if i < len(o.Types) && o.Types[i].Kind != Void {
			c.Type = o.Types[i]
		}
		out.Columns = append(out.Columns, c)
	}
}

// hasHeader follows the documented rules: every cell of the first record is text of less than 150 characters that may be a
// name, and some cell below is not text. The last may be empty, and the first, as data frames write their index.
func (t *tally) hasHeader() bool {
	last := len(t.first) - 1
	for i, k := range t.first {
		if k == 0 && (i == last || i == 0) {
			continue
		}
		if k != looksString || len(t.header[i]) >= maxHeaderText && i != last || !nameable(t.header[i]) {
			return false
		}
	}
	for _, k := range t.rest {
		if k&^(looksString|looksNull) != 0 {
			return true
		}
	}
	return false
}

func nameable(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
