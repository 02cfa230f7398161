package tabular

import (
	"bytes"
	"fmt"
	"io"
)

// Source is a file to read.
type Source struct {
	Name string // in messages, and as a hint how much to read first
	Size int64  // in bytes as it is stored; -1 when unknown
	at   io.ReaderAt
	open func() (io.ReadCloser, error)
}

// At is a file that is read at random: of Parquet only the footer is asked for.
func At(name string, r io.ReaderAt, size int64) Source {
	return Source{Name: name, Size: size, at: r}
}

// Stream is a file that is read from its beginning, each time it is opened.
func Stream(name string, size int64, open func() (io.ReadCloser, error)) Source {
	return Source{Name: name, Size: size, open: open}
}

// Bytes is a file in memory.
func Bytes(name string, b []byte) Source { return At(name, bytes.NewReader(b), int64(len(b))) }

// opened is a source of which the first bytes were read.
type opened struct {
	Source
	head []byte
	rest io.Reader // what follows head
	done io.Closer
	all  bool // head is all there is
}

// start reads the first n bytes, in one read.
func (s Source) start(n int) (*opened, error) {
	o := &opened{Source: s}
	if s.at != nil {
		n = int(min(int64(n), s.Size))
		o.head = make([]byte, n)
		got, err := s.at.ReadAt(o.head, 0)
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("cannot read %s: %w", s.Name, err)
		}
		o.head = o.head[:got]
		o.all = int64(got) >= s.Size || got < n
		o.rest = io.NewSectionReader(s.at, int64(got), s.Size-int64(got))
		return o, nil
	}
	r, err := s.open()
	if err != nil {
		return nil, fmt.Errorf("cannot open %s: %w", s.Name, err)
	}
	if s.Size >= 0 {
		n = int(min(int64(n), s.Size+1))
	}
	o.head = make([]byte, n)
	got, err := io.ReadFull(r, o.head)
	o.head, o.rest, o.done = o.head[:got], r, r
	switch err {
	case nil:
	case io.EOF, io.ErrUnexpectedEOF:
		o.all = true
	default:
		r.Close()
		return nil, fmt.Errorf("cannot read %s: %w", s.Name, err)
	}
	return o, nil
}

// reader is the whole file from its first byte.
func (o *opened) reader() io.Reader {
	if o.all {
		return bytes.NewReader(o.head)
	}
	return io.MultiReader(bytes.NewReader(o.head), o.rest)
}

// random is the whole file at random. A stream is taken into memory, up to limit bytes.
func (o *opened) random(limit int64) (io.ReaderAt, int64, error) {
	if o.at != nil {
		return o.at, o.Size, nil
	}
	b, err := io.ReadAll(io.LimitReader(o.reader(), limit+1))
	if err != nil {
		return nil, 0, fmt.Errorf("cannot read %s: %w", o.Name, err)
	}
	if int64(len(b)) > limit {
		return nil, 0, fmt.Errorf("cannot read %s from a stream: %w", o.Name, ErrTooLarge)
	}
	return bytes.NewReader(b), int64(len(b)), nil
}

func (o *opened) close() {
	if o.done != nil {
		o.done.Close()
	}
}
