package authz

import "strings"

// readVariable reads ${…} at the head of s and gives the element and its length; 0 when there is none.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func readVariable(s string) (elem, int) {
	if !strings.HasPrefix(s, "${") {
		return elem{}, 0
	}
	end := closing(s)
	if end < 0 {
		return elem{}, 0
	}
	inner := s[2:end]
	switch inner {
	case "*", "?", "$":
		return elem{op: opLiteral, text: inner}, end + 1
	}
	v := elem{op: opVariable, text: strings.TrimSpace(inner)}
	if key, def, ok := strings.Cut(inner, ","); ok {
		def = strings.TrimSpace(def)
		if len(def) >= 2 && def[0] == '\'' && def[len(def)-1] == '\'' {
			v.text, v.fallback, v.hasFall = strings.TrimSpace(key), def[1:len(def)-1], true
		}
	}
	return v, end + 1
}

// closing finds the brace that ends a variable, leaving out braces within a quoted default.
func closing(s string) int {
	quoted := false
	for i := 2; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case s[i] == '}' && !quoted:
			return i
		}
	}
	return -1
}

// resolve gives the variable's value. A key with several values has none as a variable.
func (el *elem) resolve(e *evaluation) (string, bool) {
	one, many, ok := e.lookup(el.text)
	switch {
	case ok && len(many) == 1:
		return many[0], true
	case ok && many == nil:
		return one, true
	case el.hasFall:
		return el.fallback, true
	}
	if !ok {
		e.miss(el.text)
	}
	return "", false
}
