package xgboost

import (
	"encoding/binary"
	"fmt"
	"math"
)

// ubjReader reads Universal Binary JSON, draft 12: https://ubjson.org.
type ubjReader struct {
	b     []byte
	at    int
	depth int
}

func parseUBJ(b []byte) (any, error) {
	r := &ubjReader{b: b}
	kind, err := r.byte()
	if err != nil {
		return nil, err
	}
	return r.value(kind)
}

func (r *ubjReader) wrong(why string) error {
	return fmt.Errorf("at byte %d of its UBJ: %s", r.at, why)
}

func (r *ubjReader) byte() (byte, error) {
	for r.at < len(r.b) {
		r.at++
		if c := r.b[r.at-1]; c != 'N' { // which means nothing
			return c, nil
		}
	}
	return 0, r.wrong("it is cut off")
}

// sizes are those of numbers by their kind.
func size(kind byte) int {
	switch kind {
	case 'i', 'U':
		return 1
	case 'I':
		return 2
	case 'l', 'd':
		return 4
	case 'L', 'D':
		return 8
	}
	return 0
}

func number(kind byte, b []byte) float64 {
	switch kind {
	case 'i':
		return float64(int8(b[0]))
	case 'U':
		return float64(b[0])
	case 'I':
		return float64(int16(binary.BigEndian.Uint16(b)))
	case 'l':
		return float64(int32(binary.BigEndian.Uint32(b)))
	case 'L':
		return float64(int64(binary.BigEndian.Uint64(b)))
	case 'd':
		return float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	}
	return math.Float64frombits(binary.BigEndian.Uint64(b))
}

func (r *ubjReader) take(n int) ([]byte, error) {
	if n < 0 || n > len(r.b)-r.at {
		return nil, r.wrong("it is cut off")
	}
	r.at += n
	return r.b[r.at-n : r.at], nil
}

// length reads a whole number, its kind first.
func (r *ubjReader) length() (int, error) {
	kind, err := r.byte()
	if err != nil {
		return 0, err
	}
	n := size(kind)
	if n == 0 || kind == 'd' || kind == 'D' {
		return 0, r.wrong("a length is missing")
	}
	b, err := r.take(n)
	if err != nil {
		return 0, err
	}
	f := number(kind, b)
	if f < 0 || f > float64(len(r.b)) {
		return 0, r.wrong("a length is out of range")
	}
	return int(f), nil
}

func (r *ubjReader) text() (string, error) {
	n, err := r.length()
	if err != nil {
		return "", err
	}
	if n > maxString {
		return "", r.wrong("a string is too long")
	}
	b, err := r.take(n)
	return string(b), err
}

func (r *ubjReader) value(kind byte) (any, error) {
	switch kind {
	case '{':
		return r.object()
	case '[':
		return r.list()
	case 'S':
		return r.text()
	case 'C':
		b, err := r.take(1)
		return string(b), err
	case 'T', 'F':
		return kind == 'T', nil
	case 'Z':
		return nil, nil
	}
	n := size(kind)
	if n == 0 {
		return nil, r.wrong("it is no value")
	}
	b, err := r.take(n)
	if err != nil {
		return nil, err
	}
	return number(kind, b), nil
}

// head reads the kind and number of a container's elements, 0 and -1 when it doesn't say.
func (r *ubjReader) head() (kind byte, n int, err error) {
	n = -1
	if r.at < len(r.b) && r.b[r.at] == '$' {
		if r.at += 2; r.at >= len(r.b) || r.b[r.at] != '#' {
			return 0, 0, r.wrong("a count is missing")
		}
		kind = r.b[r.at-1]
	}
	if r.at < len(r.b) && r.b[r.at] == '#' {
		r.at++
		n, err = r.length()
	}
	return kind, n, err
}

func (r *ubjReader) list() (any, error) {
	if r.depth++; r.depth > maxDepth {
		return nil, errDeep
	}
	defer func() { r.depth-- }()
	kind, n, err := r.head()
	if err != nil {
		return nil, err
	}
	if kind != 0 {
		return r.typed(kind, n)
	}
	var l list
	for i := 0; n < 0 || i < n; i++ {
		c, err := r.byte()
		if err != nil {
			return nil, err
		}
		if c == ']' && n < 0 {
			break
		}
		v, err := r.value(c)
		if err != nil {
			return nil, err
		}
		l.add(v)
	}
	return l.value(), nil
}

// typed reads numbers of one kind. Kinds without bytes are refused: a short document would become a list of any length.
func (r *ubjReader) typed(kind byte, n int) (any, error) {
	step := size(kind)
	if step == 0 {
		return nil, r.wrong("a list has elements that are no numbers")
	}
	b, err := r.take(n * step)
	if err != nil {
		return nil, err
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = number(kind, b[i*step:])
	}
	return out, nil
}

func (r *ubjReader) object() (any, error) {
	if r.depth++; r.depth > maxDepth {
		return nil, errDeep
	}
	defer func() { r.depth-- }()
	kind, n, err := r.head()
	if err != nil {
		return nil, err
	}
	if kind != 0 {
		return nil, r.wrong("an object has a kind")
	}
	o := object{}
	for i := 0; n < 0 || i < n; i++ {
		if n < 0 && r.at < len(r.b) && r.b[r.at] == '}' {
			r.at++
			break
		}
		key, err := r.text()
		if err != nil {
			return nil, err
		}
		c, err := r.byte()
		if err != nil {
			return nil, err
		}
		if o[key], err = r.value(c); err != nil {
			return nil, err
		}
	}
	return o, nil
}
