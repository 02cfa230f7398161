package insights

import (
	"encoding/json"
	"math"
	"net/netip"
	"strings"
	"unicode/utf8"
)

// function is a function of the language, with how many arguments it takes; most -1: any number.
type function struct {
	least, most int
	f           func(a []value) value
}

// maxText is how long a text may become by functions.
const maxText = 1 << 20

func numeric(f func(x float64) float64) function {
	return function{1, 1, func(a []value) value {
		x, ok := num(a[0])
		if !ok {
			return nil
		}
		if y := f(x); !math.IsNaN(y) && !math.IsInf(y, 0) {
			return y
		}
		return nil
	}}
}

func textual(f func(s string) value) function {
	return function{1, 1, func(a []value) value {
		if a[0] == nil {
			return nil
		}
		return f(show(a[0]))
	}}
}

func extreme(sign int) function {
	return function{1, -1, func(a []value) value {
		best := a[0]
		for _, v := range a[1:] {
			if v != nil && (best == nil || compare(v, best)*sign > 0) {
				best = v
			}
		}
		return best
	}}
}

func trimmed(cut func(s, set string) string) function {
	return function{1, 2, func(a []value) value {
		if a[0] == nil {
			return nil
		}
		set := " \t\r\n"
		if len(a) == 2 {
			set = show(a[1])
		}
		return cut(show(a[0]), set)
	}}
}

func address(test func(ip netip.Addr) bool) function {
	return textual(func(s string) value {
		ip, err := netip.ParseAddr(s)
		return err == nil && test(ip)
	})
}

func within(test func(ip netip.Addr) bool) function {
	return function{2, 2, func(a []value) value {
		ip, err := netip.ParseAddr(show(a[0]))
		subnet, err2 := netip.ParsePrefix(show(a[1]))
		return err == nil && err2 == nil && test(ip) && subnet.Contains(ip)
	}}
}

// functions lists what may be called in expressions. bin is handled by the parser, as it needs no argument but a period.
func functions(now int64) map[string]function {
	return map[string]function{
		"abs": numeric(math.Abs), "ceil": numeric(math.Ceil), "floor": numeric(math.Floor), "log": numeric(math.Log), "sqrt": numeric(math.Sqrt),
		"greatest": extreme(1), "least": extreme(-1),
		"ispresent": {1, 1, func(a []value) value { return a[0] != nil }},
		"coalesce": {1, -1, func(a []value) value {
			for _, v := range a {
				if v != nil {
					return v
				}
			}
			return nil
		}},
		"isempty":     {1, 1, func(a []value) value { return a[0] == nil || show(a[0]) == "" }},
		"isblank":     {1, 1, func(a []value) value { return a[0] == nil || strings.TrimSpace(show(a[0])) == "" }},
		"strlen":      textual(func(s string) value { return float64(utf8.RuneCountInString(s)) }),
		"toupper":     textual(func(s string) value { return strings.ToUpper(s) }),
		"tolower":     textual(func(s string) value { return strings.ToLower(s) }),
		"trim":        trimmed(strings.Trim),
		"ltrim":       trimmed(strings.TrimLeft),
		"rtrim":       trimmed(strings.TrimRight),
		"concat":      {1, -1, concat},
		"substr":      {2, 3, substr},
		"replace":     {3, 3, replace},
		"strcontains": {2, 2, func(a []value) value { return a[0] != nil && strings.Contains(show(a[0]), show(a[1])) }},
		"frommillis": {1, 1, func(a []value) value {
			if f, ok := num(a[0]); ok {
				return stamp(f)
			}
			return nil
		}},
		"tomillis": {1, 1, func(a []value) value {
			if f, ok := num(a[0]); ok {
				return f
			}
			return nil
		}},
		"now":            {0, 0, func([]value) value { return stamp(now) }},
		"isvalidip":      address(func(netip.Addr) bool { return true }),
		"isvalidipv4":    address(netip.Addr.Is4),
		"isvalidipv6":    address(netip.Addr.Is6),
		"isipinsubnet":   within(func(netip.Addr) bool { return true }),
		"isipv4insubnet": within(netip.Addr.Is4),
		"isipv6insubnet": within(netip.Addr.Is6),
		"jsonparse":      textual(jsonParse),
		"jsonstringify":  {1, 1, func(a []value) value { return show(a[0]) }},
	}
}

func jsonParse(s string) value {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

func concat(a []value) value {
	var b strings.Builder
	for _, v := range a {
		if b.Len() < maxText {
			b.WriteString(show(v))
		}
	}
	return b.String()
}

func substr(a []value) value {
	if a[0] == nil {
		return nil
	}
	s := []rune(show(a[0]))
	from, ok := num(a[1])
	if !ok || from < 0 || from > float64(len(s)) {
		return ""
	}
	s = s[int(from):]
	if len(a) == 3 {
		n, ok := num(a[2])
		if !ok || n < 0 {
			return ""
		}
		s = s[:min(int(min(n, maxText)), len(s))]
	}
	return string(s)
}

func replace(a []value) value {
	if a[0] == nil {
		return nil
	}
	s, old, now := show(a[0]), show(a[1]), show(a[2])
	if old == "" || len(s)+strings.Count(s, old)*len(now) > maxText {
		return s
	}
	return strings.ReplaceAll(s, old, now)
}

// floor cuts a time to a period, in milliseconds.
func floor(v value, period int64, up bool) value {
	f, ok := num(v)
	if !ok || period <= 0 {
		return nil
	}
	t := int64(f)
	n := t - ((t%period)+period)%period
	if up && n < t {
		n += period
	}
	return stamp(n)
}
