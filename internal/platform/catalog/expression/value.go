package expression

import (
	"cmp"
	"strconv"
	"strings"
)

// Null is what Hive writes where a partition has no value for a key.
const Null = "__HIVE_DEFAULT_PARTITION__"

// class is how values of a type are compared.
type class byte

const (
	characters class = iota
	integers
	decimals
	dates
	timestamps
)

// classOf reads a type's name, whose parameters don't matter; bits is an integer's size.
func classOf(name string) (c class, bits int, ok bool) {
	name, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(name)), "(")
	switch strings.TrimSpace(name) {
	case "string", "char", "varchar":
		return characters, 0, true
	case "tinyint":
		return integers, 8, true
	case "smallint":
		return integers, 16, true
	case "int", "integer":
		return integers, 32, true
	case "bigint", "long":
		return integers, 64, true
	case "decimal":
		return decimals, 0, true
	case "date":
		return dates, 0, true
	case "timestamp":
		return timestamps, 0, true
	}
	return 0, 0, false
}

// value is a literal or a partition's value, ready to be compared with another of its class.
type value struct {
	text    string
	whole   int64 // integers; days; seconds
	part    int64 // nanoseconds
	decimal decimal
}

// parse reads a value; ok is false when it is none of the class.
func (c class) parse(s string, bits int) (v value, ok bool) {
	v.text = s
	switch c {
	case integers:
		if len(s) == 0 || len(s) > 20 || strings.IndexByte(s, '_') >= 0 {
			return v, false
		}
		n, err := strconv.ParseInt(s, 10, bits)
		v.whole = n
		return v, err == nil
	case decimals:
		v.decimal, ok = parseDecimal(s)
		return v, ok
	case dates:
		v.whole, ok = parseDate(s)
		return v, ok
	case timestamps:
		v.whole, v.part, ok = parseTimestamp(s)
		return v, ok
	}
	return v, true
}

func (c class) compare(a, b value) int {
	switch c {
	case characters:
		return strings.Compare(a.text, b.text)
	case decimals:
		return a.decimal.compare(b.decimal)
	}
	if d := cmp.Compare(a.whole, b.whole); d != 0 {
		return d
	}
	return cmp.Compare(a.part, b.part)
}

// mismatch says in AWS's words that a value isn't of the class.
func (c class) mismatch(s string) string {
	switch c {
	case integers:
		return `"` + s + `" is not an integer.`
	case decimals:
		return s + " is not a decimal."
	case dates:
		return s + " is not a date."
	}
	return "Timestamp format must be yyyy-mm-dd hh:mm:ss[.fffffffff] " + s + " is not a timestamp."
}

// unlike says in AWS's words that LIKE is for text.
func (c class) unlike() string {
	return map[class]string{integers: "Integral", decimals: "Decimal", dates: "Date", timestamps: "Timestamp"}[c] + " data type doesn't support operation 'LIKE'"
}

// decimal is 0.d1d2d3… times ten to the power of point, of the digits in a and b.
type decimal struct {
	negative bool
	a, b     string // the first digit is not 0
	point    int
}

const maxExponent = 10000

func parseDecimal(s string) (d decimal, ok bool) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		d.negative = s[0] == '-'
		s = s[1:]
	}
	exponent := 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, valid := int64(0), len(s)-i-1 <= 6
		if valid {
			v, good := integers.parse(s[i+1:], 32)
			e, valid = v.whole, good
		}
		if !valid || e > maxExponent || e < -maxExponent {
			return d, false
		}
		exponent, s = int(e), s[:i]
	}
	d.a, d.b, _ = strings.Cut(s, ".")
	if d.a == "" && d.b == "" || !allDigits(d.a) || !allDigits(d.b) {
		return d, false
	}
	d.a = strings.TrimLeft(d.a, "0")
	d.point = len(d.a)
	if d.a == "" {
		zeros := len(d.b) - len(strings.TrimLeft(d.b, "0"))
		d.a, d.b, d.point = d.b[zeros:], "", -zeros
	}
	d.point += exponent
	return d, true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !digit(s[i]) {
			return false
		}
	}
	return true
}

func (d decimal) at(i int) byte {
	switch {
	case i < len(d.a):
		return d.a[i]
	case i < len(d.a)+len(d.b):
		return d.b[i-len(d.a)]
	}
	return '0'
}

func (d decimal) sign() int {
	for i := range len(d.a) + len(d.b) {
		if d.at(i) != '0' {
			if d.negative {
				return -1
			}
			return 1
		}
	}
	return 0
}

func (d decimal) compare(o decimal) int {
	s := d.sign()
	if c := cmp.Compare(s, o.sign()); c != 0 || s == 0 {
		return c
	}
	if c := cmp.Compare(d.point, o.point); c != 0 {
		return s * c
	}
	for i := range max(len(d.a)+len(d.b), len(o.a)+len(o.b)) {
		if c := cmp.Compare(d.at(i), o.at(i)); c != 0 {
			return s * c
		}
	}
	return 0
}

// span reads the n digits from i on.
func span(s string, i, n int) (int64, bool) {
	v := int64(0)
	for _, c := range []byte(s[i : i+n]) {
		if !digit(c) {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	return v, true
}

var monthDays = [...]int64{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// parseDate reads yyyy-mm-dd into a number that grows with the date.
func parseDate(s string) (int64, bool) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	y, ok1 := span(s, 0, 4)
	m, ok2 := span(s, 5, 2)
	d, ok3 := span(s, 8, 2)
	if !ok1 || !ok2 || !ok3 || m < 1 || m > 12 || d < 1 || d > monthDays[m-1] || m == 2 && d == 29 && (y%4 != 0 || y%100 == 0 && y%400 != 0) {
		return 0, false
	}
	return (y*12+m-1)*31 + d - 1, true
}

// parseTimestamp reads yyyy-mm-dd hh:mm:ss with up to nine digits behind a point.
func parseTimestamp(s string) (seconds, nanos int64, ok bool) {
	if len(s) < 19 || s[10] != ' ' && s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return 0, 0, false
	}
	day, ok0 := parseDate(s[:10])
	h, ok1 := span(s, 11, 2)
	m, ok2 := span(s, 14, 2)
	sec, ok3 := span(s, 17, 2)
	if !ok0 || !ok1 || !ok2 || !ok3 || h > 23 || m > 59 || sec > 59 {
		return 0, 0, false
	}
	if rest := s[19:]; rest != "" {
		if rest[0] != '.' || len(rest) < 2 || len(rest) > 10 {
			return 0, 0, false
		}
		n, valid := span(rest, 1, len(rest)-1)
		if !valid {
			return 0, 0, false
		}
		for range 10 - len(rest) {
			n *= 10
		}
		nanos = n
	}
	return ((day*24+h)*60+m)*60 + sec, nanos, true
}
