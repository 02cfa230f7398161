package tabular

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// looks is what a piece of text looks like; sets of them are kept of a column.
type looks uint16

const (
	looksBoolean looks = 1 << iota
	looksInteger
	looksHuge // an integer beyond 64 bits
	looksDouble
	looksDate
	looksTimestamp
	looksString
	looksNull // a marker of a missing value
)

// look tells what a value looks like: 0 when it is empty.
func look(b []byte) looks {
	if len(b) == 0 {
		return 0
	}
	switch c := b[0]; {
	case c >= '0' && c <= '9':
		if len(b) >= 10 && b[4] == '-' {
			return lookTime(b)
		}
		return lookNumber(b)
	case c == '-' || c == '+' || c == '.':
		return lookNumber(b)
	case (c|0x20 == 't' || c|0x20 == 'f') && len(b) <= 5:
		if bytes.EqualFold(b, []byte("true")) || bytes.EqualFold(b, []byte("false")) {
			return looksBoolean
		}
	case c == 'N' && len(b) == 3, c == 'I' && len(b) == 8:
		if string(b) == "NaN" || string(b) == "Infinity" {
			return looksDouble
		}
	}
	return looksString
}

// lookNumber tells integers from fractions, without reading their value.
func lookNumber(b []byte) looks {
	i := 0
	if b[0] == '-' || b[0] == '+' {
		i++
	}
	from := i
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	digits := i - from
	if i == len(b) && digits > 0 {
		return lookInteger(b, digits)
	}
	if i < len(b) && b[i] == '.' {
		from = i + 1
		for i++; i < len(b) && b[i]-'0' <= 9; i++ {
		}
		digits += i - from
	}
	if digits == 0 {
		if string(bytes.TrimLeft(b, "+-")) == "Infinity" {
			return looksDouble
		}
		return looksString
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '-' || b[i] == '+') {
			i++
		}
		from = i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		if i == from {
			return looksString
		}
	}
	if i < len(b) {
		return looksString
	}
	return looksDouble
}

func lookInteger(b []byte, digits int) looks {
	if digits < 19 {
		return looksInteger
	}
	if _, err := strconv.ParseInt(string(b), 10, 64); err == nil {
		return looksInteger
	}
	if digits <= maxPrecision {
		return looksHuge
	}
	return looksDouble
}

// lookTime knows the dates and times that Hive reads, and ISO 8601.
func lookTime(b []byte) looks {
	_, k := parseTime(b)
	return k
}

func digits2(b []byte) (int, bool) {
	if len(b) < 2 || b[0]-'0' > 9 || b[1]-'0' > 9 {
		return 0, false
	}
	return int(b[0]-'0')*10 + int(b[1]-'0'), true
}

// parseTime reads 2006-01-02 and 2006-01-02[ T]15:04[:05[.999999999]][Z|±07:00].
func parseTime(b []byte) (t time.Time, k looks) {
	k = looksString
	if len(b) < 10 || b[4] != '-' || b[7] != '-' {
		return
	}
	century, ok0 := digits2(b)
	year, ok1 := digits2(b[2:])
	month, ok2 := digits2(b[5:])
	day, ok3 := digits2(b[8:])
	if !ok0 || !ok1 || !ok2 || !ok3 || month < 1 || month > 12 || day < 1 || day > daysIn(century*100+year, month) {
		return
	}
	t = time.Date(century*100+year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if len(b) == 10 {
		return t, looksDate
	}
	d, ok := parseClock(b[10:])
	if !ok {
		return
	}
	return t.Add(d), looksTimestamp
}

// parseClock reads the time of day and takes the zone off it.
func parseClock(b []byte) (d time.Duration, ok bool) {
	if b[0] != ' ' && b[0] != 'T' {
		return 0, false
	}
	h, ok1 := digits2(b[1:])
	if !ok1 || h > 23 || len(b) < 6 || b[3] != ':' {
		return 0, false
	}
	m, ok2 := digits2(b[4:])
	if !ok2 || m > 59 {
		return 0, false
	}
	d = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	b = b[6:]
	if len(b) > 0 && b[0] == ':' {
		s, ok3 := digits2(b[1:])
		if !ok3 || s > 59 {
			return 0, false
		}
		d += time.Duration(s) * time.Second
		b = b[3:]
		if len(b) > 1 && (b[0] == '.' || b[0] == ',') {
			i, unit := 1, 100*time.Millisecond
			for ; i < len(b) && b[i]-'0' <= 9; i++ {
				d += time.Duration(b[i]-'0') * unit
				unit /= 10
			}
			if i == 1 || i > 10 {
				return 0, false
			}
			b = b[i:]
		}
	}
	return parseZone(d, b)
}

func parseZone(d time.Duration, b []byte) (time.Duration, bool) {
	if len(b) == 0 || string(b) == "Z" {
		return d, true
	}
	if b[0] == ' ' {
		b = b[1:]
	}
	if string(b) == "UTC" {
		return d, true
	}
	if len(b) < 3 || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	h, ok := digits2(b[1:])
	m := 0
	if rest := bytes.TrimPrefix(b[3:], []byte(":")); len(rest) > 0 {
		var ok2 bool
		m, ok2 = digits2(rest)
		ok = ok && ok2 && len(rest) == 2
	}
	if !ok || h > 15 || m > 59 {
		return 0, false
	}
	off := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if b[0] == '+' {
		off = -off
	}
	return d + off, true
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// typeOf is the type of a column that was seen to hold such values.
func (k looks) typeOf() Type {
	switch k &^ looksNull {
	case 0:
		return Of(Void)
	case looksBoolean:
		return Of(Boolean)
	case looksInteger:
		return Of(BigInt)
	case looksHuge, looksHuge | looksInteger:
		return DecimalOf(maxPrecision, 0)
	case looksDate:
		return Of(Date)
	case looksTimestamp, looksTimestamp | looksDate:
		return Of(Timestamp)
	}
	if k&^(looksNull|looksInteger|looksHuge|looksDouble) == 0 {
		return Of(Double)
	}
	return Of(String)
}

// value reads text as a type; nil when it is not of the type, as Hive reads it.
func value(b []byte, t Type) any {
	switch t.Kind {
	case String, Char, Varchar, Void:
		return string(b)
	case Binary:
		return bytes.Clone(b)
	}
	b = bytes.TrimSpace(b)
	switch t.Kind {
	case Boolean:
		if look(b) == looksBoolean {
			return b[0]|0x20 == 't'
		}
	case TinyInt, SmallInt, Int, BigInt:
		if n, err := strconv.ParseInt(string(b), 10, 64); err == nil {
			return n
		}
	case Float, Double:
		if k := look(b); k&(looksInteger|looksHuge|looksDouble) != 0 {
			if f, err := strconv.ParseFloat(string(b), 64); err == nil || math.IsInf(f, 0) {
				return f
			}
		}
	case Decimal:
		if k := look(b); k&(looksInteger|looksHuge|looksDouble) != 0 {
			return string(b)
		}
	case Date:
		if d, k := parseTime(b); k == looksDate || k == looksTimestamp {
			return d.Truncate(24 * time.Hour)
		}
	case Timestamp:
		if d, k := parseTime(b); k != looksString {
			return d
		}
	}
	return nil
}
