package authz

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// operand is one value of a condition in a policy, converted once.
type operand struct {
	text   pattern // strings
	arn    []pattern
	number float64
	nanos  int64 // dates: since 1970
	truth  bool
	bytes  []byte
	prefix netip.Prefix
}

// operand converts a policy's value; false when it cannot be one of the operator's type.
func (o operator) operand(s string, variables bool) (v operand, ok bool) {
	switch o.family {
	case famString, famFold:
		v.text = compile(s, false, variables)
	case famLike:
		v.text = compile(s, true, variables)
	case famNumeric:
		v.number, ok = readNumber(s)
		return v, ok
	case famDate:
		v.nanos, ok = readDate(s)
		return v, ok
	case famBool, famNull:
		v.truth, ok = readBool(s)
		return v, ok
	case famBinary:
		b, err := base64.StdEncoding.DecodeString(s)
		v.bytes = b
		return v, err == nil
	case famIP:
		v.prefix, ok = readPrefix(s)
		return v, ok
	case famARN:
		v.arn = compileARN(s, variables)
	}
	return v, true
}

// compileARN splits s at the colons that are not within a variable, so that it is matched part by part. Without a colon
// it is one part, so that "*" means any; between two and five parts it fits no ARN.
func compileARN(s string, variables bool) []pattern {
	var out []pattern
	start, inVariable := 0, false
	for i := 0; i < len(s) && len(out) < 5; i++ {
		switch {
		case variables && strings.HasPrefix(s[i:], "${"):
			inVariable = true
		case s[i] == '}':
			inVariable = false
		case s[i] == ':' && !inVariable:
			out = append(out, compile(s[start:i], true, variables))
			start = i + 1
		}
	}
	return append(out, compile(s[start:], true, variables))
}

// given is a request's value in the operator's type.
type given struct {
	ok     bool
	number float64
	nanos  int64
	truth  bool
	bytes  []byte
	addr   netip.Addr
	arn    parts
}

func (o operator) convert(s string) (g given) {
	switch o.family {
	case famNumeric:
		g.number, g.ok = readNumber(s)
	case famDate:
		g.nanos, g.ok = readDate(s)
	case famBool:
		g.truth, g.ok = readBool(s)
	case famBinary:
		b, err := base64.StdEncoding.DecodeString(s)
		g.bytes, g.ok = b, err == nil
	case famIP:
		a, err := netip.ParseAddr(s)
		g.addr, g.ok = a.Unmap().WithZone(""), err == nil
	case famARN:
		g.arn, g.ok = split(s), true
	default:
		g.ok = true
	}
	return g
}

// accepts tells whether the request's value fits this operand. A value of another type fits nothing.
func (v *operand) accepts(o *operator, s string, g *given, e *evaluation) bool {
	if !g.ok {
		return false
	}
	switch o.family {
	case famString, famLike:
		return v.text.match(s, e)
	case famFold:
		want, ok := v.text.expand(e)
		return ok && strings.EqualFold(want, s)
	case famNumeric:
		return o.order.holds(cmp.Compare(g.number, v.number))
	case famDate:
		return o.order.holds(cmp.Compare(g.nanos, v.nanos))
	case famBool:
		return g.truth == v.truth
	case famBinary:
		return bytes.Equal(g.bytes, v.bytes)
	case famIP:
		return v.prefix.Contains(g.addr)
	case famARN:
		if len(v.arn) == 1 {
			return v.arn[0].match(s, e)
		}
		if !g.arn.ok || len(v.arn) != len(g.arn.part) {
			return false
		}
		for i := range v.arn {
			if !v.arn[i].match(g.arn.part[i], e) {
				return false
			}
		}
		return true
	}
	return false
}

func (o order) holds(c int) bool {
	switch o {
	case orderLess:
		return c < 0
	case orderLessEqual:
		return c <= 0
	case orderGreater:
		return c > 0
	case orderGreaterEqual:
		return c >= 0
	}
	return c == 0
}

func readNumber(s string) (float64, bool) {
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

func readBool(s string) (truth, ok bool) {
	return strings.EqualFold(s, "true"), strings.EqualFold(s, "true") || strings.EqualFold(s, "false")
}

var dateForms = []string{
	time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02T15:04",
	"2006-01-02", "2006-01", "2006",
}

// readDate reads the W3C profile of ISO 8601, or seconds since 1970. A bare year is told from seconds by its length.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func readDate(s string) (int64, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && len(s) != 4 {
		return n * int64(time.Second), n > -9e9 && n < 9e9
	}
	for _, form := range dateForms {
		if t, err := time.Parse(form, s); err == nil {
			return t.UnixNano(), t.Year() > 1700 && t.Year() < 2250
		}
	}
	return 0, false
}

func readPrefix(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}
