package authz

import "strings"

// family is the type that an operator compares.
type family uint8

const (
	famString family = iota
	famFold
	famLike
	famNumeric
	famDate
	famBool
	famBinary
	famIP
	famARN
	famNull
)

// order is how numbers and dates compare.
type order uint8

const (
	orderEqual order = iota
	orderLess
	orderLessEqual
	orderGreater
	orderGreaterEqual
)

// operator is a condition operator without qualifiers.
type operator struct {
	family family
	order  order
	negate bool
}

// qualifier is the set qualifier of a multivalued key.
type qualifier uint8

const (
	noQualifier qualifier = iota
	anyValue
	allValues
)

// condition is one key under one operator.
type condition struct {
	operator
	qualifier qualifier
	ifExists  bool
	key       string
	values    []operand
}

// operatorNamed knows the operators, whatever their case.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func operatorNamed(name string) (operator, bool) {
	ordered := func(rest string, f family) (operator, bool) {
		switch rest {
		case "equals":
			return operator{family: f}, true
		case "notequals":
			return operator{family: f, negate: true}, true
		case "lessthan":
			return operator{family: f, order: orderLess}, true
		case "lessthanequals":
			return operator{family: f, order: orderLessEqual}, true
		case "greaterthan":
			return operator{family: f, order: orderGreater}, true
		case "greaterthanequals":
			return operator{family: f, order: orderGreaterEqual}, true
		}
		return operator{}, false
	}
	name = strings.ToLower(name)
	switch name {
	case "stringequals":
		return operator{family: famString}, true
	case "stringnotequals":
		return operator{family: famString, negate: true}, true
	case "stringequalsignorecase":
		return operator{family: famFold}, true
	case "stringnotequalsignorecase":
		return operator{family: famFold, negate: true}, true
	case "stringlike":
		return operator{family: famLike}, true
	case "stringnotlike":
		return operator{family: famLike, negate: true}, true
	case "bool":
		return operator{family: famBool}, true
	case "binaryequals":
		return operator{family: famBinary}, true
	case "ipaddress":
		return operator{family: famIP}, true
	case "notipaddress":
		return operator{family: famIP, negate: true}, true
	case "arnequals", "arnlike":
		return operator{family: famARN}, true
	case "arnnotequals", "arnnotlike":
		return operator{family: famARN, negate: true}, true
	case "null":
		return operator{family: famNull}, true
	}
	if rest, ok := strings.CutPrefix(name, "numeric"); ok {
		return ordered(rest, famNumeric)
	}
	if rest, ok := strings.CutPrefix(name, "date"); ok {
		return ordered(rest, famDate)
	}
	return operator{}, false
}

func (s *statement) readConditions(statement node, variables bool) error {
	n, ok := statement.member("Condition")
	if !ok {
		return nil
	}
	if n.kind != nodeObject {
		return errSyntax
	}
	for i, name := range n.names {
		c := condition{}
		if prefix, rest, ok := strings.Cut(name, ":"); ok {
			switch strings.ToLower(prefix) {
			case "foranyvalue":
				c.qualifier = anyValue
			case "forallvalues":
				c.qualifier = allValues
			default:
				return errSyntax
			}
			name = rest
		}
		if rest, ok := cutSuffixFold(name, "IfExists"); ok {
			c.ifExists, name = true, rest
		}
		op, ok := operatorNamed(name)
		if !ok || op.family == famNull && c.ifExists || n.items[i].kind != nodeObject {
			return errSyntax
		}
		c.operator = op
		for j, key := range n.items[i].names {
			if !strings.Contains(key, ":") {
				return malformed(msgVendor)
			}
			one := c
			one.key = key
			list, ok := n.items[i].items[j].strings(true)
			if !ok {
				return errSyntax
			}
			for _, text := range list {
				v, ok := op.operand(text, variables)
				switch {
				case !ok && op.family == famDate:
					return malformed(msgLegacy)
				case !ok:
					return errSyntax
				}
				one.values = append(one.values, v)
			}
			s.conditions = append(s.conditions, one)
		}
	}
	return nil
}

func cutSuffixFold(s, suffix string) (string, bool) {
	if n := len(s) - len(suffix); n >= 0 && strings.EqualFold(s[n:], suffix) {
		return s[:n], true
	}
	return s, false
}

// holds asks the condition of the request.
func (c *condition) holds(e *evaluation) bool {
	one, many, ok := e.lookup(c.key)
	if c.family == famNull {
		for i := range c.values {
			if c.values[i].truth != ok {
				return true
			}
		}
		return false
	}
	if !ok {
		e.miss(c.key)
		switch {
		case c.ifExists || c.qualifier == allValues:
			return true
		case c.qualifier == anyValue:
			return false
		}
		// A negated operator asks that no value be the given one, and there is none.
		return c.negate
	}
	if many == nil {
		return c.fits(one, e) != c.negate
	}
	switch c.qualifier {
	case anyValue:
		for _, v := range many {
			if c.fits(v, e) != c.negate {
				return true
			}
		}
		return false
	case allValues:
		if len(many) == 1 && many[0] == "" {
			return true // an empty string is an empty set
		}
		for _, v := range many {
			if c.fits(v, e) == c.negate {
				return false
			}
		}
		return true
	}
	found := false
	for _, v := range many {
		found = found || c.fits(v, e)
	}
	return found != c.negate
}

// fits tells whether value is as one of the policy's values wants it, negation aside.
func (c *condition) fits(value string, e *evaluation) bool {
	given := c.convert(value)
	for i := range c.values {
		if c.values[i].accepts(&c.operator, value, &given, e) {
			return true
		}
	}
	return false
}
