package tabular

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"strings"
)

// Rows gives the rows of a file, by the columns of a schema that Infer or Merge gave. The slice is used again for the next
// row; what is in it is not. Values are nil, bool, int64, float64, string (of decimals and text), []byte, time.Time in UTC (of
// dates and timestamps), []any and map[string]any. What is not of its column's type is nil, as Hive reads it; lines that are
// broken are left out. An error is the last thing given.
func Rows(ctx context.Context, src Source, schema Schema, o Options) iter.Seq2[[]any, error] {
	o = o.withDefaults()
	return func(yield func([]any, error) bool) {
		r := rowReader{ctx: ctx, schema: schema, o: o, row: make([]any, len(schema.Columns)), yield: yield}
		if err := r.read(src); err != nil && err != errStop {
			yield(nil, fmt.Errorf("cannot read %s: %w", src.Name, err))
		}
	}
}

// errStop says that no more rows are wanted.
var errStop = fmt.Errorf("no more rows are wanted")

// firstRows is read before a file's format is looked at.
const firstRows = 64 << 10

type rowReader struct {
	ctx    context.Context
	schema Schema
	o      Options
	row    []any
	yield  func([]any, error) bool
	count  int
}

func (r *rowReader) read(src Source) error {
	if r.schema.Format == None {
		return nil
	}
	f, err := src.start(firstRows)
	if err != nil {
		return err
	}
	defer f.close()
	if len(f.head) == 0 {
		return nil
	}
	if r.schema.Format == Parquet {
		return r.parquet(f)
	}
	if !r.schema.Format.Readable() {
		return fmt.Errorf("%w: %s", ErrUnsupported, r.schema.Format)
	}
	plain, free, err := unpack(magicCompression(f.head), f.reader())
	if err != nil {
		return err
	}
	defer free()
	text := r.text(&capReader{r: plain, left: r.o.MaxBytes})
	switch {
	case r.schema.Format == CSV:
		return r.csv(text)
	case r.schema.Format == Grok:
		return r.grok(text)
	case r.schema.Layout == Lines:
		return r.jsonLines(text)
	}
	return r.json(text)
}

// text gives UTF-8 without a mark.
func (r *rowReader) text(in io.Reader) io.Reader {
	if r.schema.Encoding != "" && r.schema.Encoding != UTF8 {
		return textReader(in, r.schema.Encoding)
	}
	b := bufio.NewReaderSize(in, 64<<10)
	if mark, _ := b.Peek(len(utf8BOM)); bytes.Equal(mark, utf8BOM) {
		b.Discard(len(utf8BOM))
	}
	return b
}

// give hands out the row, and empties it.
func (r *rowReader) give() error {
	if r.count++; r.count%256 == 0 {
		if err := r.ctx.Err(); err != nil {
			return err
		}
	}
	if !r.yield(r.row, nil) {
		return errStop
	}
	clear(r.row)
	return nil
}

func (r *rowReader) csv(text io.Reader) error {
	d := dialect{delim: r.schema.Delimiter, quote: r.schema.Quote, escape: r.schema.Escape, end: '\n'}
	b := bufio.NewReaderSize(text, 64<<10)
	if head, _ := b.Peek(sniffBytes); bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
		d.end = '\r'
	}
	s := splitReader(b, d, r.o.MaxRecord)
	places := make([]int, len(r.schema.Columns))
	for i := range places {
		places[i] = i
	}
	for i := range r.schema.HeaderLines {
		rec, err := s.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if i == 0 {
			r.byHeader(rec, places)
		}
	}
	for {
		rec, err := s.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for i, c := range r.schema.Columns {
			if p := places[i]; p >= 0 && p < len(rec) {
				r.row[i] = r.cell(rec[p], c.Type)
			}
		}
		if err := r.give(); err != nil {
			return err
		}
	}
}

// byHeader finds the columns by the names in the file. When it has none of them, the places count.
func (r *rowReader) byHeader(rec []field, places []int) {
	raw := make([]string, len(rec))
	for i, f := range rec {
		raw[i] = string(f.text)
	}
	at := map[string]int{}
	for i, n := range columnNames(raw) {
		at[n] = i
	}
	found := make([]int, len(places))
	any := false
	for i, c := range r.schema.Columns {
		found[i] = -1
		if p, ok := at[c.Name]; ok {
			found[i], any = p, true
		}
	}
	if any {
		copy(places, found)
	}
}

func (r *rowReader) cell(f field, t Type) any {
	if len(f.text) == 0 && (!f.quoted || t.Kind != String) || !f.quoted && r.schema.Null != "" && string(f.text) == r.schema.Null {
		return nil
	}
	return value(f.text, t)
}

// lines calls do with each line; one that is longer than limit is an error, or left out.
func (r *rowReader) lines(text io.Reader, do func([]byte) error) error {
	s := bufio.NewScanner(text)
	s.Buffer(make([]byte, 0, 64<<10), r.o.MaxRecord)
	for s.Scan() {
		if err := do(s.Bytes()); err != nil {
			return err
		}
	}
	if s.Err() == bufio.ErrTooLong {
		return fmt.Errorf("a line of more than %d bytes: %w", r.o.MaxRecord, ErrTooLarge)
	}
	return s.Err()
}

func (r *rowReader) grok(text io.Reader) error {
	g, err := NewGrok(r.schema.Classification, r.schema.Pattern, r.schema.Patterns)
	if err != nil {
		return err
	}
	groups := make([]int, len(r.schema.Columns))
	for i, c := range r.schema.Columns {
		groups[i] = -1
		for j, of := range g.columns {
			if strings.EqualFold(of.Name, c.Name) {
				groups[i] = g.groups[j]
			}
		}
	}
	return r.lines(text, func(line []byte) error {
		if len(line) > maxLine {
			return nil
		}
		m := g.re.FindSubmatchIndex(line)
		if m == nil {
			return nil
		}
		for i, c := range r.schema.Columns {
			if k := groups[i]; k >= 0 && m[2*k] >= 0 && m[2*k+1] > m[2*k] {
				r.row[i] = value(line[m[2*k]:m[2*k+1]], c.Type)
			}
		}
		return r.give()
	})
}
