package sql

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Values of a chunk: nil, bool, int64, *big.Int, float64, float32 (real), string (varchar, json, uuid), []byte, and:
type (
	Decimal     string // its text, with all digits of its scale
	Date        int32  // days since 1970
	Time        int64  // microseconds since midnight
	Timestamp   int64  // microseconds since 1970
	TimestampTZ int64  // microseconds since 1970 UTC
	Interval    struct {
		Months, Days int32
		Micros       int64
	}
	List  []any
	Row   []any
	Map   []Entry
	Entry struct{ Key, Value any }
)

// Text writes a value as Athena's results do; t gives the names of a row's fields and may be nil. nil is "".
// Source: https://docs.aws.amazon.com/athena/latest/ug/querying-arrays.html
func Text(t *Type, v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return string(Append(nil, t, v))
}

// Append appends a value's text.
func Append(b []byte, t *Type, v any) []byte {
	switch v := v.(type) {
	case nil:
		return b
	case bool:
		return strconv.AppendBool(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case *big.Int:
		return v.Append(b, 10)
	case float64:
		return appendFloat(b, v, 64)
	case float32:
		return appendFloat(b, float64(v), 32)
	case string:
		return append(b, v...)
	case Decimal:
		return append(b, v...)
	case []byte:
		return appendHex(b, v)
	case Date:
		return time.Unix(int64(v)*86400, 0).UTC().AppendFormat(b, "2006-01-02")
	case Time:
		return time.UnixMicro(int64(v)).UTC().AppendFormat(b, "15:04:05.000")
	case Timestamp:
		return time.UnixMicro(int64(v)).UTC().AppendFormat(b, "2006-01-02 15:04:05.000")
	case TimestampTZ:
		return append(time.UnixMicro(int64(v)).UTC().AppendFormat(b, "2006-01-02 15:04:05.000"), " UTC"...)
	case Interval:
		return appendInterval(b, t, v)
	case List:
		b = append(b, '[')
		for i, e := range v {
			b = appendElem(sep(b, i), elem(t, 0), e)
		}
		return append(b, ']')
	case Map:
		b = append(b, '{')
		for i, e := range v {
			b = append(appendElem(sep(b, i), elem(t, 0), e.Key), '=')
			b = appendElem(b, elem(t, 1), e.Value)
		}
		return append(b, '}')
	case Row:
		b = append(b, '{')
		for i, e := range v {
			b = sep(b, i)
			name := "field" + strconv.Itoa(i)
			if t != nil && i < len(t.Names) && t.Names[i] != "" {
				name = t.Names[i]
			}
			b = append(append(b, name...), '=')
			b = appendElem(b, elem(t, i), e)
		}
		return append(b, '}')
	}
	return fmt.Appendf(b, "%v", v)
}

func elem(t *Type, i int) *Type {
	if t == nil || i >= len(t.Elems) {
		return nil
	}
	return t.Elems[i]
}

func sep(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ", "...)
	}
	return b
}

func appendElem(b []byte, t *Type, v any) []byte {
	if v == nil {
		return append(b, "null"...)
	}
	return Append(b, t, v)
}

// appendHex writes bytes in pairs, as Athena shows a varbinary.
func appendHex(b, v []byte) []byte {
	for i, c := range v {
		if i > 0 {
			b = append(b, ' ')
		}
		b = hex.AppendEncode(b, []byte{c})
	}
	return b
}

// appendFloat writes a number as Java does: 1.0, 1.0E10, 1.0E-5.
func appendFloat(b []byte, v float64, bits int) []byte {
	switch a := math.Abs(v); {
	case math.IsNaN(v):
		return append(b, "NaN"...)
	case math.IsInf(v, 1):
		return append(b, "Infinity"...)
	case math.IsInf(v, -1):
		return append(b, "-Infinity"...)
	case a == 0 || a >= 1e-3 && a < 1e7:
		n := len(b)
		b = strconv.AppendFloat(b, v, 'f', -1, bits)
		if !strings.Contains(string(b[n:]), ".") {
			b = append(b, ".0"...)
		}
		return b
	}
	s := strconv.FormatFloat(v, 'e', -1, bits)
	m, e, _ := strings.Cut(s, "e")
	if !strings.Contains(m, ".") {
		m += ".0"
	}
	exp, _ := strconv.Atoi(e)
	b = append(append(b, m...), 'E')
	return strconv.AppendInt(b, int64(exp), 10)
}

func appendInterval(b []byte, t *Type, v Interval) []byte {
	if t != nil && t.Kind == "interval year to month" {
		sign := ""
		m := v.Months
		if m < 0 {
			sign, m = "-", -m
		}
		return fmt.Appendf(b, "%s%d-%d", sign, m/12, m%12)
	}
	micros := v.Micros + int64(v.Days)*86400e6 + int64(v.Months)*30*86400e6
	sign := ""
	if micros < 0 {
		sign, micros = "-", -micros
	}
	s := micros / 1e6
	return fmt.Appendf(b, "%s%d %02d:%02d:%02d.%03d", sign, s/86400, s/3600%24, s/60%60, s%60, micros/1000%1000)
}
