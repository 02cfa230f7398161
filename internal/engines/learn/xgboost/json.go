package xgboost

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// jsonReader reads JSON as XGBoost writes it, with NaN and Infinity as numbers.
type jsonReader struct {
	b     []byte
	at    int
	depth int
}

func parseJSON(b []byte) (any, error) {
	r := &jsonReader{b: b}
	v, err := r.value()
	if err == nil && r.peek() != 0 {
		err = r.wrong("something follows its end")
	}
	return v, err
}

func (r *jsonReader) wrong(why string) error {
	return fmt.Errorf("at byte %d of its JSON: %s", r.at, why)
}

// peek skips white space and gives the next byte, 0 at the end.
func (r *jsonReader) peek() byte {
	for r.at < len(r.b) {
		switch c := r.b[r.at]; c {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return c
		}
	}
	return 0
}

func (r *jsonReader) value() (any, error) {
	switch c := r.peek(); c {
	case '{':
		return r.object()
	case '[':
		return r.list()
	case '"':
		return r.text()
	case 't':
		return true, r.word("true")
	case 'f':
		return false, r.word("false")
	case 'n':
		return nil, r.word("null")
	default:
		return r.number()
	}
}

func (r *jsonReader) word(w string) error {
	if len(r.b)-r.at < len(w) || string(r.b[r.at:r.at+len(w)]) != w {
		return r.wrong("it is no value")
	}
	r.at += len(w)
	return nil
}

func (r *jsonReader) number() (any, error) {
	from := r.at
	for r.at < len(r.b) {
		c := r.b[r.at]
		if c == ',' || c == ']' || c == '}' || c <= ' ' || r.at-from > 40 {
			break
		}
		r.at++
	}
	s := string(r.b[from:r.at])
	switch s {
	case "NaN":
		return math.NaN(), nil
	case "Infinity":
		return math.Inf(1), nil
	case "-Infinity":
		return math.Inf(-1), nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) || s == "" || s[0] > '9' {
		return nil, r.wrong("it is no value")
	}
	return f, nil
}

func (r *jsonReader) text() (string, error) {
	from := r.at
	for r.at++; r.at < len(r.b) && r.at-from < maxString; r.at++ {
		switch r.b[r.at] {
		case '\\':
			r.at++
		case '"':
			r.at++
			raw := r.b[from:r.at]
			var s string
			if err := json.Unmarshal(raw, &s); err != nil {
				return "", r.wrong("it is no string")
			}
			return s, nil
		}
	}
	return "", r.wrong("a string has no end")
}

func (r *jsonReader) object() (any, error) {
	if r.depth++; r.depth > maxDepth {
		return nil, errDeep
	}
	defer func() { r.depth-- }()
	o := object{}
	for r.at++; ; r.at++ {
		c := r.peek()
		if c == '}' && len(o) == 0 {
			r.at++
			return o, nil
		}
		if c != '"' {
			return nil, r.wrong("a key is missing")
		}
		key, err := r.text()
		if err != nil {
			return nil, err
		}
		if r.peek() != ':' {
			return nil, r.wrong("a colon is missing")
		}
		r.at++
		if o[key], err = r.value(); err != nil {
			return nil, err
		}
		switch r.peek() {
		case ',':
		case '}':
			r.at++
			return o, nil
		default:
			return nil, r.wrong("an object has no end")
		}
	}
}

func (r *jsonReader) list() (any, error) {
	if r.depth++; r.depth > maxDepth {
		return nil, errDeep
	}
	defer func() { r.depth-- }()
	var l list
	for r.at++; ; r.at++ {
		if r.peek() == ']' && l.numbers == nil && l.others == nil {
			r.at++
			return l.value(), nil
		}
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		l.add(v)
		switch r.peek() {
		case ',':
		case ']':
			r.at++
			return l.value(), nil
		default:
			return nil, r.wrong("a list has no end")
		}
	}
}
