package athena

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/atelier-studio/atelier/internal/engines/sql"
)

// spool is a result on its way to S3: a file that has no name, so that nothing of it outlives the process.
type spool struct {
	file *os.File
	w    *bufio.Writer
	line []byte
	text []byte
	size int64
}

func (q *session) spool() (*spool, error) {
	if err := os.MkdirAll(q.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot keep a result: %w", err)
	}
	f, err := os.CreateTemp(q.Dir, "result-*")
	if err != nil {
		return nil, fmt.Errorf("cannot keep a result: %w", err)
	}
	_ = os.Remove(f.Name()) // it stays while it is open
	return &spool{file: f, w: bufio.NewWriterSize(f, 128<<10)}, nil
}

func (s *spool) close() { _ = s.file.Close() }

// Write appends.
func (s *spool) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.size += int64(n)
	return n, err
}

// header writes the names of the columns as Athena does.
func (s *spool) header(list []sql.ResultColumn) error {
	s.line = s.line[:0]
	for i, c := range list {
		if i > 0 {
			s.line = append(s.line, ',')
		}
		s.line = appendQuoted(s.line, []byte(c.Name))
	}
	_, err := s.Write(append(s.line, '\n'))
	return err
}

// rows writes rows as Athena does: every value in quotes, NULL as nothing.
func (s *spool) rows(list []sql.ResultColumn, c *sql.Chunk) error {
	for row := range c.Len {
		s.line = s.line[:0]
		for i := range list {
			if i > 0 {
				s.line = append(s.line, ',')
			}
			v := c.Columns[i][row]
			if v == nil {
				continue
			}
			s.text = sql.Append(s.text[:0], list[i].Type, v)
			s.line = appendQuoted(s.line, s.text)
		}
		s.line = append(s.line, '\n')
		if _, err := s.Write(s.line); err != nil {
			return fmt.Errorf("cannot keep a result: %w", err)
		}
	}
	return nil
}

func appendQuoted(b, text []byte) []byte {
	b = append(b, '"')
	for {
		i := bytes.IndexByte(text, '"')
		if i < 0 {
			return append(append(b, text...), '"')
		}
		b = append(append(b, text[:i]...), '"', '"')
		text = text[i+1:]
	}
}

// upload writes the result of a query, with its description beside it.
func (q *session) upload(ctx context.Context, location string, out *spool) error {
	if err := q.writes(ctx, q.e, location, location+".metadata"); err != nil {
		return err
	}
	if err := out.rewind(); err != nil {
		return err
	}
	q.e.Rows.OutputBytes = out.size
	if err := q.object(ctx, location, out.file, q.e.ResultConfiguration); err != nil {
		return err
	}
	return q.object(ctx, location+".metadata", bytes.NewReader(describeResult(q.e)), q.e.ResultConfiguration)
}
