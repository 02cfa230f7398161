package codec

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonReader scans one JSON text. It is a pull parser, because values go straight into the SDK's types.
type jsonReader struct {
	svc   *Service
	b     []byte
	i     int
	depth int
}

func newJSONReader(s *Service, b []byte) (*jsonReader, error) {
	if !utf8.Valid(b) {
		return nil, &syntaxError{"the body is not valid UTF-8"}
	}
	return &jsonReader{svc: s, b: b}, nil
}

func (d *jsonReader) bad() error {
	if d.i >= len(d.b) {
		return &syntaxError{"unexpected end of JSON"}
	}
	return &syntaxError{fmt.Sprintf("unexpected character in JSON at byte %d", d.i)}
}

// peek skips white space and returns the next byte, 0 at the end.
func (d *jsonReader) peek() byte {
	for d.i < len(d.b) {
		switch c := d.b[d.i]; c {
		case ' ', '\t', '\n', '\r':
			d.i++
		default:
			return c
		}
	}
	return 0
}

func (d *jsonReader) expect(c byte) error {
	if d.peek() != c {
		return d.bad()
	}
	d.i++
	return nil
}

func (d *jsonReader) word(w string) bool {
	if bytes.HasPrefix(d.b[d.i:], []byte(w)) {
		d.i += len(w)
		return true
	}
	return false
}

func (d *jsonReader) null() bool { return d.peek() == 'n' && d.word("null") }

func (d *jsonReader) enter() error {
	if d.depth++; d.depth > maxDepth {
		return tooDeep()
	}
	d.i++
	return nil
}

// object calls member for each name; member must consume the value.
func (d *jsonReader) object(member func(name []byte) error) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer func() { d.depth-- }()
	if d.peek() == '}' {
		d.i++
		return nil
	}
	for {
		if d.peek() != '"' {
			return d.bad()
		}
		name, err := d.str()
		if err != nil {
			return err
		}
		if err := d.expect(':'); err != nil {
			return err
		}
		if err := member(name); err != nil {
			return err
		}
		switch d.peek() {
		case ',':
			d.i++
		case '}':
			d.i++
			return nil
		default:
			return d.bad()
		}
	}
}

func (d *jsonReader) array(element func() error) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer func() { d.depth-- }()
	if d.peek() == ']' {
		d.i++
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		switch d.peek() {
		case ',':
			d.i++
		case ']':
			d.i++
			return nil
		default:
			return d.bad()
		}
	}
}

// str reads a string. The result may point into the text.
func (d *jsonReader) str() ([]byte, error) {
	d.i++
	start := d.i
	for ; d.i < len(d.b); d.i++ {
		switch c := d.b[d.i]; {
		case c == '"':
			d.i++
			return d.b[start : d.i-1], nil
		case c == '\\':
			return d.escaped(append([]byte(nil), d.b[start:d.i]...))
		case c < 0x20:
			return nil, d.bad()
		}
	}
	return nil, d.bad()
}

func (d *jsonReader) escaped(out []byte) ([]byte, error) {
	for d.i < len(d.b) {
		c := d.b[d.i]
		switch {
		case c == '"':
			d.i++
			return out, nil
		case c < 0x20:
			return nil, d.bad()
		case c != '\\':
			out = append(out, c)
			d.i++
			continue
		}
		if d.i+1 >= len(d.b) {
			return nil, d.bad()
		}
		e := d.b[d.i+1]
		if i := bytes.IndexByte([]byte(`"\/bfnrt`), e); i >= 0 {
			out = append(out, "\"\\/\b\f\n\r\t"[i])
			d.i += 2
			continue
		}
		r, ok := d.unicode()
		if !ok {
			return nil, d.bad()
		}
		if utf16.IsSurrogate(r) { // a lone half becomes U+FFFD, as encoding/json has it
			low, ok := d.unicode()
			if full := utf16.DecodeRune(r, low); ok && full != utf8.RuneError {
				r = full
			} else {
				if ok {
					d.i -= 6
				}
				r = utf8.RuneError
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return nil, d.bad()
}

// unicode reads \uXXXX.
func (d *jsonReader) unicode() (rune, bool) {
	if d.i+6 > len(d.b) || d.b[d.i] != '\\' || d.b[d.i+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(d.b[d.i+2:d.i+6]), 16, 32)
	if err != nil {
		return 0, false
	}
	d.i += 6
	return rune(n), true
}

// number reads the text of a number, by JSON's grammar.
func (d *jsonReader) number() (string, error) {
	start := d.i
	digits := func() bool {
		from := d.i
		for d.i < len(d.b) && d.b[d.i] >= '0' && d.b[d.i] <= '9' {
			d.i++
		}
		return d.i > from
	}
	at := func(chars string) bool { return d.i < len(d.b) && bytes.IndexByte([]byte(chars), d.b[d.i]) >= 0 }
	if at("-") {
		d.i++
	}
	if at("0") {
		d.i++
	} else if !digits() {
		return "", d.bad()
	}
	if at(".") {
		if d.i++; !digits() {
			return "", d.bad()
		}
	}
	if at("eE") {
		if d.i++; at("+-") {
			d.i++
		}
		if !digits() {
			return "", d.bad()
		}
	}
	return string(d.b[start:d.i]), nil
}

// any reads a value of unknown type: maps, slices, strings, booleans, int64 where it fits and float64 else.
func (d *jsonReader) any() (any, error) {
	switch c := d.peek(); {
	case c == '{':
		m := map[string]any{}
		err := d.object(func(name []byte) error {
			key := string(name)
			v, err := d.any()
			m[key] = v
			return err
		})
		return m, err
	case c == '[':
		l := []any{}
		err := d.array(func() error {
			v, err := d.any()
			l = append(l, v)
			return err
		})
		return l, err
	case c == '"':
		s, err := d.str()
		return string(s), err
	case c == '-' || c >= '0' && c <= '9':
		text, err := d.number()
		if err != nil {
			return nil, err
		}
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return i, nil
		}
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, &typeError{"a number is too large"}
		}
		return f, nil
	case d.word("true"):
		return true, nil
	case d.word("false"):
		return false, nil
	case d.word("null"):
		return nil, nil
	}
	return nil, d.bad()
}

// end makes sure that nothing follows.
func (d *jsonReader) end() error {
	if d.peek(); d.i < len(d.b) {
		return d.bad()
	}
	return nil
}
