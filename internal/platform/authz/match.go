package authz

import (
	"strings"
	"unicode/utf8"
)

// op is what one element of a pattern stands for.
type op uint8

const (
	opLiteral  op = iota
	opStar        // any run of characters, also none
	opOne         // one character
	opVariable    // the value of a policy variable, taken literally
)

type elem struct {
	op       op
	text     string // literal, or the variable's key
	fallback string
	hasFall  bool
}

// pattern is text with wildcards and variables, compiled once. The common forms have their own fast paths.
type pattern struct {
	shape shape
	text  string // of shapeExact and shapePrefix
	elems []elem
}

type shape uint8

const (
	shapeGeneral shape = iota
	shapeExact
	shapePrefix // text, then *
	shapeAny
)

// compile reads s. Without wildcards, * and ? are plain characters; without variables so is ${…}.
func compile(s string, wildcards, variables bool) pattern {
	var elems []elem
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			elems = append(elems, elem{op: opLiteral, text: lit.String()})
			lit.Reset()
		}
	}
	for i := 0; i < len(s); {
		switch {
		case wildcards && s[i] == '*':
			flush()
			if n := len(elems); n == 0 || elems[n-1].op != opStar {
				elems = append(elems, elem{op: opStar})
			}
			i++
		case wildcards && s[i] == '?':
			flush()
			elems = append(elems, elem{op: opOne})
			i++
		case variables && s[i] == '$':
			v, n := readVariable(s[i:])
			switch {
			case n == 0:
				lit.WriteByte('$')
				n = 1
			case v.op == opLiteral:
				lit.WriteString(v.text)
			default:
				flush()
				elems = append(elems, v)
			}
			i += n
		default:
			lit.WriteByte(s[i])
			i++
		}
	}
	flush()
	p := pattern{elems: elems}
	switch {
	case len(elems) == 0:
		p.shape = shapeExact
	case len(elems) == 1 && elems[0].op == opLiteral:
		p.shape, p.text = shapeExact, elems[0].text
	case len(elems) == 1 && elems[0].op == opStar:
		p.shape = shapeAny
	case len(elems) == 2 && elems[0].op == opLiteral && elems[1].op == opStar:
		p.shape, p.text = shapePrefix, elems[0].text
	}
	return p
}

// match tells whether all of s fits. A variable without a value fits nothing.
func (p *pattern) match(s string, e *evaluation) bool {
	switch p.shape {
	case shapeExact:
		return s == p.text
	case shapeAny:
		return true
	case shapePrefix:
		return strings.HasPrefix(s, p.text)
	}
	// Going back to the last star is enough: what an earlier star could give, the last one can take. So the work is at
	// most len(s)·len(elems), whatever the pattern.
	i, pos, star, from := 0, 0, -1, 0
	for {
		if i == len(p.elems) {
			if pos == len(s) {
				return true
			}
		} else {
			el := &p.elems[i]
			if el.op == opStar {
				if i == len(p.elems)-1 {
					return true
				}
				star, from = i, pos
				i++
				continue
			}
			n, ok := el.step(s[pos:], e)
			if ok {
				pos += n
				i++
				continue
			}
			if n < 0 {
				return false
			}
		}
		if star < 0 || from >= len(s) {
			return false
		}
		_, w := utf8.DecodeRuneInString(s[from:])
		from += w
		i, pos = star+1, from
	}
}

// step consumes the head of s and tells how many bytes; -1 when the element can never fit.
func (el *elem) step(s string, e *evaluation) (int, bool) {
	switch el.op {
	case opOne:
		if s == "" {
			return 0, false
		}
		_, w := utf8.DecodeRuneInString(s)
		return w, true
	case opLiteral:
		return len(el.text), strings.HasPrefix(s, el.text)
	}
	v, ok := el.resolve(e)
	if !ok {
		return -1, false
	}
	return len(v), strings.HasPrefix(s, v)
}

// expand writes the pattern out with its variables' values; for the operators that know no wildcards.
func (p *pattern) expand(e *evaluation) (string, bool) {
	if p.shape == shapeExact {
		return p.text, true
	}
	var b strings.Builder
	for i := range p.elems {
		v, ok := p.elems[i].text, true
		if p.elems[i].op == opVariable {
			v, ok = p.elems[i].resolve(e)
		}
		if !ok {
			return "", false
		}
		b.WriteString(v)
	}
	return b.String(), true
}

// resourcePattern is an ARN with wildcards. Each of the first five parts is matched by itself, so that a wildcard does
// not reach over a colon; the last takes the rest, colons and slashes included.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
type resourcePattern struct {
	any  bool
	head [5]pattern
	last pattern
}

// compileResource reads r. Parts that an incomplete ARN leaves out are wildcards. Variables stand in the last part only.
func compileResource(r string, variables bool) resourcePattern {
	if r == "*" {
		return resourcePattern{any: true}
	}
	p := resourcePattern{last: pattern{shape: shapeAny}}
	for i := range p.head {
		part, rest, more := strings.Cut(r, ":")
		p.head[i] = compile(part, true, false)
		if !more {
			for j := i + 1; j < len(p.head); j++ {
				p.head[j].shape = shapeAny
			}
			return p
		}
		r = rest
	}
	p.last = compile(r, true, variables)
	return p
}

func (p *resourcePattern) match(e *evaluation) bool {
	if p.any {
		return true
	}
	if !e.resource.ok {
		return false
	}
	// The parts that differ most come first.
	return p.head[2].match(e.resource.part[2], e) && p.head[4].match(e.resource.part[4], e) &&
		p.head[3].match(e.resource.part[3], e) && p.head[1].match(e.resource.part[1], e) &&
		p.head[0].match(e.resource.part[0], e) && p.last.match(e.resource.part[5], e)
}

// parts is an ARN taken apart.
type parts struct {
	part [6]string
	ok   bool
}

func split(arn string) (p parts) {
	for i := range 5 {
		part, rest, more := strings.Cut(arn, ":")
		if !more {
			return p
		}
		p.part[i] = part
		arn = rest
	}
	p.part[5] = arn
	p.ok = p.part[0] == "arn"
	return p
}
