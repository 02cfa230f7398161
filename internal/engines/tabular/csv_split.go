package tabular

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// dialect is how a CSV file is written.
type dialect struct {
	delim, quote, escape, end byte // 0 for none; end is what ends a line
}

// field is one value of a record. Its text is valid until the next record.
type field struct {
	text   []byte
	quoted bool
}

// splitter cuts text into records. It takes what others refuse: text after a closing quote, quotes inside of a plain value.
type splitter struct {
	dialect
	buf     []byte
	pos     int
	r       io.Reader // nil when buf is all
	max     int       // bytes in a record
	open    bool      // the last record ended inside of quotes
	fields  []field
	scratch []byte
}

var errMore = errors.New("the record goes on behind the buffer")

func splitBytes(b []byte, d dialect) *splitter { return &splitter{dialect: d, buf: b} }

func splitReader(r io.Reader, d dialect, max int) *splitter {
	return &splitter{dialect: d, r: r, max: max}
}

// next gives the next record that is not blank; io.EOF after the last.
func (s *splitter) next() ([]field, error) {
	for {
		start := s.pos
		rec, err := s.record()
		if err == errMore {
			s.pos = start
			if err := s.fill(); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(rec) == 1 && !rec[0].quoted && len(bytes.TrimSpace(rec[0].text)) == 0 {
			continue
		}
		return rec, nil
	}
}

// fill brings more text behind what is left of the buffer.
func (s *splitter) fill() error {
	rest := len(s.buf) - s.pos
	if rest > s.max {
		return fmt.Errorf("cannot split a record of more than %d bytes: %w", s.max, ErrTooLarge)
	}
	grown := s.buf
	if cap(s.buf) < 2*rest+4096 {
		grown = make([]byte, max(64<<10, 4*rest))
	}
	copy(grown[:rest], s.buf[s.pos:])
	grown = grown[:cap(grown)]
	n, err := io.ReadAtLeast(s.r, grown[rest:], 1)
	s.buf, s.pos = grown[:rest+n], 0
	if err == io.EOF {
		s.r = nil
		return nil
	}
	return err
}

// record cuts one record at pos.
func (s *splitter) record() ([]field, error) {
	s.fields, s.scratch, s.open = s.fields[:0], s.scratch[:0], false
	if s.pos >= len(s.buf) {
		if s.r != nil {
			return nil, errMore
		}
		return nil, io.EOF
	}
	for {
		var ended bool
		var err error
		if s.quote != 0 && s.pos < len(s.buf) && s.buf[s.pos] == s.quote {
			ended, err = s.quotedField()
		} else {
			ended, err = s.plainField()
		}
		if err != nil || ended {
			return s.fields, err
		}
	}
}

// plainField cuts up to the next delimiter or line end, and tells whether it was the record's last.
func (s *splitter) plainField() (bool, error) {
	b, i := s.buf, s.pos
	for ; i < len(b); i++ {
		c := b[i]
		if c == s.delim && s.delim != 0 || c == s.end {
			break
		}
		if c == s.escape && s.escape != 0 {
			i++
		}
	}
	if i >= len(b) {
		if s.r != nil {
			return false, errMore
		}
		s.add(trimReturn(b[s.pos:]), false)
		s.pos = len(b)
		return true, nil
	}
	text, last := b[s.pos:i], b[i] == s.end
	if last {
		text = trimReturn(text)
	}
	s.add(text, false)
	s.pos = i + 1
	return last, nil
}

func (s *splitter) quotedField() (bool, error) {
	b, i := s.buf, s.pos+1
	from := len(s.scratch)
	plain := i // what was copied up to here
	copied := false
	for i < len(b) {
		c := b[i]
		if c == s.escape && s.escape != 0 && s.escape != s.quote && i+1 < len(b) {
			s.scratch, copied = append(append(s.scratch, b[plain:i]...), b[i+1]), true
			i += 2
			plain = i
			continue
		}
		if c != s.quote {
			i++
			continue
		}
		if i+1 < len(b) && b[i+1] == s.quote {
			s.scratch, copied = append(s.scratch, b[plain:i+1]...), true
			i += 2
			plain = i
			continue
		}
		if i+1 == len(b) && s.r != nil {
			return false, errMore
		}
		break
	}
	if i >= len(b) {
		if s.r != nil {
			return false, errMore
		}
		s.open = true
	}
	text := b[plain:min(i, len(b))]
	i++
	rest := i
	for i < len(b) && b[i] != s.delim && b[i] != s.end {
		i++
	}
	if i >= len(b) && s.r != nil {
		return false, errMore
	}
	tail := []byte(nil)
	if rest < len(b) {
		tail = bytes.TrimRight(b[rest:i], " \r")
	}
	if copied || len(tail) > 0 {
		s.scratch = append(append(s.scratch, text...), tail...)
		text = s.scratch[from:len(s.scratch):len(s.scratch)]
	}
	s.add(text, true)
	s.pos = min(i+1, len(b))
	return i >= len(b) || b[i] == s.end, nil
}

func (s *splitter) add(text []byte, quoted bool) {
	s.fields = append(s.fields, field{text: text, quoted: quoted})
}

func trimReturn(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\r' {
		return b[:n-1]
	}
	return b
}
