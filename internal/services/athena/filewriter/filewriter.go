// Package filewriter writes rows of the SQL engine as the files of a table: Parquet, JSON lines, and Hive's text.
package filewriter

import (
	"compress/gzip"
	"fmt"
	"io"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/klauspost/compress/zstd"
)

// The formats.
const (
	Parquet = "PARQUET"
	JSON    = "JSON"
	Text    = "TEXTFILE"
)

// Column is a column of a file.
type Column struct {
	Name string
	Type *sql.Type
}

// Options say how a file is written.
type Options struct {
	Format      string
	Compression string // upper case: NONE, GZIP, SNAPPY, ZSTD; "" is GZIP
	Delimiter   string // of Text; "" is \x01
	Null        string // of Text; "" is \N
}

// Check refuses what cannot be written.
func (o Options) Check() error {
	allowed := map[string]string{Parquet: "NONE GZIP SNAPPY ZSTD UNCOMPRESSED", JSON: "NONE GZIP ZSTD", Text: "NONE GZIP ZSTD"}[o.Format]
	if allowed == "" {
		return fmt.Errorf("format %s cannot be written by Atelier: use PARQUET, JSON or TEXTFILE", o.Format)
	}
	for _, a := range strings.Fields(allowed) {
		if o.Compression == "" || o.Compression == a {
			return nil
		}
	}
	return fmt.Errorf("compression %s cannot be used for %s", o.Compression, o.Format)
}

// Extension is what the name of a file ends in.
func (o Options) Extension() string {
	if o.Format == Parquet {
		return ""
	}
	switch o.Compression {
	case "", "GZIP":
		return ".gz"
	case "ZSTD":
		return ".zst"
	}
	return ""
}

// Writer writes one file.
type Writer interface {
	// Rows writes rows of a chunk: of each the values of the columns at the given places.
	Rows(c *sql.Chunk, rows []int) error
	// Close ends the file. It doesn't close what the file is written to.
	Close() error
}

// New begins a file. places are the indexes of the columns in the chunks that will come.
func New(w io.Writer, o Options, columns []Column, places []int) (Writer, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Format == Parquet {
		return newParquet(w, o, columns, places)
	}
	l := &lines{columns: columns, places: places, o: o}
	switch o.Compression {
	case "", "GZIP":
		l.w = gzip.NewWriter(w)
	case "ZSTD":
		z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, fmt.Errorf("cannot compress: %w", err)
		}
		l.w = z
	default:
		l.w = plain{w}
	}
	if l.o.Delimiter == "" {
		l.o.Delimiter = "\x01"
	}
	if l.o.Null == "" {
		l.o.Null = `\N`
	}
	return l, nil
}

type plain struct{ io.Writer }

func (plain) Close() error { return nil }

// lines is a file of lines.
type lines struct {
	w       io.WriteCloser
	o       Options
	columns []Column
	places  []int
	b       []byte
}

// Rows writes a line each.
func (l *lines) Rows(c *sql.Chunk, rows []int) error {
	for _, row := range rows {
		l.b = l.b[:0]
		if l.o.Format == JSON {
			l.b = append(l.b, '{')
		}
		for i, column := range l.columns {
			v := c.Columns[l.places[i]][row]
			if l.o.Format == JSON {
				if i > 0 {
					l.b = append(l.b, ',')
				}
				l.b = append(appendString(l.b, column.Name), ':')
				l.b = appendJSON(l.b, column.Type, v)
				continue
			}
			if i > 0 {
				l.b = append(l.b, l.o.Delimiter...)
			}
			l.b = l.text(l.b, column.Type, v, 2)
		}
		if l.o.Format == JSON {
			l.b = append(l.b, '}')
		}
		l.b = append(l.b, '\n')
		if _, err := l.w.Write(l.b); err != nil {
			return fmt.Errorf("cannot write a file: %w", err)
		}
	}
	return nil
}

// Close ends the compression.
func (l *lines) Close() error { return l.w.Close() }

// text writes a value as Hive's text has it: what is within it is set apart by the next control characters.
func (l *lines) text(b []byte, t *sql.Type, v any, level byte) []byte {
	between := func(i int) {
		if i > 0 {
			b = append(b, level)
		}
	}
	switch v := v.(type) {
	case nil:
		return append(b, l.o.Null...)
	case sql.List:
		for i, e := range v {
			between(i)
			b = l.text(b, t.Elems[0], e, level+1)
		}
		return b
	case sql.Row:
		for i, e := range v {
			between(i)
			b = l.text(b, t.Elems[i], e, level+1)
		}
		return b
	case sql.Map:
		for i, e := range v {
			between(i)
			b = append(l.text(b, t.Elems[0], e.Key, level+2), level+1)
			b = l.text(b, t.Elems[1], e.Value, level+2)
		}
		return b
	case string:
		return append(b, strings.ReplaceAll(v, "\n", " ")...)
	}
	return sql.Append(b, t, v)
}
