package insights

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// value is nil, a string, a float64, a bool, a stamp, or what JSON has: map[string]any and []any.
type value any

// stamp is a time in milliseconds since 1970, which is shown as a date.
type stamp int64

const stampForm = "2006-01-02 15:04:05.000"

// show writes a value as a result has it; "" for none.
func show(v value) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return showNumber(v)
	case bool:
		if v {
			return "1"
		}
		return "0"
	case stamp:
		return time.UnixMilli(int64(v)).UTC().Format(stampForm)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// showNumber has four decimals at most.
func showNumber(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return strconv.FormatInt(int64(f), 10)
	}
	if r := math.Round(f*1e4) / 1e4; math.Abs(f) < 1e11 && r != 0 {
		f = r
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// num reads a value as a number.
func num(v value) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case stamp:
		return float64(v), true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case string:
		if v == "" || len(v) > 64 {
			return 0, false
		}
		if c := v[0]; !digit(c) && c != '-' && c != '+' && c != '.' {
			return 0, false
		}
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return 0, false
}

// truth reads a value as a condition.
func truth(v value) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v == "true" || v == "1"
	}
	f, ok := num(v)
	return ok && f != 0
}

// compare orders values: numbers by size, others by text, none first.
func compare(a, b value) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	x, xok := num(a)
	y, yok := num(b)
	switch {
	case xok && yok:
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	case xok:
		return -1
	case yok:
		return 1
	}
	return strings.Compare(show(a), show(b))
}

// same tells whether values are equal.
func same(a, b value) bool { return a != nil && b != nil && compare(a, b) == 0 }
