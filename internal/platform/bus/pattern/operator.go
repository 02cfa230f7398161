package pattern

import (
	"encoding/json"
	"net/netip"
	"strings"
)

// operator finds what reads the operand of an operator; nil for a name that is none.
func operator(name string) func(v any) (matcher, error) {
	switch name {
	case "prefix":
		return edge(name, func(s string) matcher { return prefix{s} }, func(s string) matcher { return foldPrefix{s} })
	case "suffix":
		return edge(name, func(s string) matcher { return suffix{s} }, func(s string) matcher { return foldSuffix{s} })
	case "equals-ignore-case":
		return word(name, func(s string) matcher { return fold{s} })
	case "wildcard":
		return readWildcard
	case "anything-but":
		return readAnythingBut
	case "numeric":
		return readNumeric
	case "cidr":
		return readCIDR
	case "exists":
		return readExists
	}
	return nil
}

func readMatchers(name string, list []any) ([]matcher, error) {
	if len(list) == 0 {
		return nil, refuse("Empty arrays are not allowed")
	}
	out := make([]matcher, 0, len(list))
	for _, v := range list {
		switch v := v.(type) {
		case []any:
			return nil, refuse("Match value of %q must be a string, a number, true, false, null or an object", name)
		case *object:
			if len(v.names) != 1 {
				return nil, refuse("Only one key is allowed in a match expression")
			}
			read := operator(v.names[0])
			if read == nil {
				return nil, refuse("Unrecognized match type %s", v.names[0])
			}
			m, err := read(v.values[0])
			if err != nil {
				return nil, err
			}
			out = append(out, m)
		default:
			out = append(out, literal{v})
		}
	}
	return out, nil
}

func word(name string, make func(string) matcher) func(any) (matcher, error) {
	return func(v any) (matcher, error) {
		s, ok := v.(string)
		if !ok {
			return nil, refuse("%s match pattern must be a string", name)
		}
		return make(s), nil
	}
}

// edge reads prefix and suffix, which may be asked for in any case.
func edge(name string, plain, folded func(string) matcher) func(any) (matcher, error) {
	return func(v any) (matcher, error) {
		if o, ok := v.(*object); ok {
			if len(o.names) != 1 || o.names[0] != "equals-ignore-case" {
				return nil, refuse("Unsupported %s pattern", name)
			}
			return word(name, folded)(o.values[0])
		}
		return word(name, plain)(v)
	}
}

func readWildcard(v any) (matcher, error) {
	s, ok := v.(string)
	if !ok {
		return nil, refuse("wildcard match pattern must be a string")
	}
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			if i++; i == len(s) || s[i] != '*' && s[i] != '\\' {
				return nil, refuse("Invalid escape character at pos %d", i-1)
			}
		case s[i] == '*' && i+1 < len(s) && s[i+1] == '*':
			return nil, refuse("Consecutive wildcard characters at pos %d", i)
		}
	}
	return wildcard{s}, nil
}

func readAnythingBut(v any) (matcher, error) {
	switch v := v.(type) {
	case *object:
		if len(v.names) != 1 {
			return nil, refuse("Only one key is allowed in a match expression")
		}
		switch v.names[0] {
		case "prefix", "suffix", "equals-ignore-case", "wildcard":
		default:
			return nil, refuse("Unsupported anything-but pattern: %s", v.names[0])
		}
		read := operator(v.names[0])
		list, ok := v.values[0].([]any)
		if !ok {
			list = []any{v.values[0]}
		}
		return none(list, read)
	case []any:
		return none(v, scalar)
	}
	return none([]any{v}, scalar)
}

func scalar(v any) (matcher, error) {
	switch v.(type) {
	case string, json.Number:
		return literal{v}, nil
	}
	return nil, refuse("Inside anything but list, start|null|boolean is not supported.")
}

func none(list []any, read func(any) (matcher, error)) (matcher, error) {
	if len(list) == 0 {
		return nil, refuse("Empty arrays are not allowed")
	}
	var m anythingBut
	for _, v := range list {
		one, err := read(v)
		if err != nil {
			return nil, err
		}
		m.none = append(m.none, one)
	}
	return m, nil
}

func readNumeric(v any) (matcher, error) {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return nil, refuse("Invalid member in numeric match: an array of operators and numbers is expected")
	}
	if len(list) != 2 && len(list) != 4 {
		return nil, refuse("Numeric match takes one or two pairs of an operator and a number")
	}
	var m numeric
	for i := 0; i < len(list); i += 2 {
		op, ok := list[i].(string)
		if !ok {
			return nil, refuse("Invalid member in numeric match: %v", list[i])
		}
		n, ok := list[i+1].(json.Number)
		if !ok {
			return nil, refuse("Value of %s must be numeric", op)
		}
		x, err := n.Float64()
		if err != nil {
			return nil, refuse("Value of %s must be numeric", op)
		}
		switch {
		case op == "=" && len(list) == 2:
			m.low, m.onlyEquals = x, true
		case strings.HasPrefix(op, ">") && !m.hasLow && (op == ">" || op == ">=") && i == 0:
			m.low, m.hasLow, m.openLow = x, true, op == ">"
		case strings.HasPrefix(op, "<") && !m.hasHigh && (op == "<" || op == "<="):
			m.high, m.hasHigh, m.openHigh = x, true, op == "<"
			if i == 0 && len(list) == 4 {
				return nil, refuse("Too many elements in numeric expression")
			}
		default:
			return nil, refuse("Unrecognized numeric range operator: %s", op)
		}
	}
	if m.hasLow && m.hasHigh && m.low >= m.high {
		return nil, refuse("Bottom must be less than top")
	}
	return m, nil
}

func readCIDR(v any) (matcher, error) {
	s, ok := v.(string)
	if !ok {
		return nil, refuse("CIDR match pattern must be a string")
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return nil, refuse("Malformed CIDR, one '/' required")
	}
	return network{p.Masked()}, nil
}

func readExists(v any) (matcher, error) {
	b, ok := v.(bool)
	if !ok {
		return nil, refuse("exists match pattern must be either true or false.")
	}
	if b {
		return present{}, nil
	}
	return absent, nil
}
