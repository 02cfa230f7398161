package expression

import "unicode/utf8"

// pattern is what LIKE compares with: text in which some characters stand for one other, or for any number of others.
type pattern []element

type element struct {
	char rune
	wild byte // '_' one character, '%' any number, 0 char itself
}

// compilePattern reads a pattern; escape is 0 for none. ok is false when there is nothing behind an escape.
func compilePattern(s string, escape rune) (out pattern, ok bool) {
	escaped := false
	for _, c := range s {
		switch {
		case escaped:
			out, escaped = append(out, element{char: c}), false
		case escape != 0 && c == escape:
			escaped = true
		case c == '%' && len(out) > 0 && out[len(out)-1].wild == '%':
		case c == '%' || c == '_':
			out = append(out, element{wild: byte(c)})
		default:
			out = append(out, element{char: c})
		}
	}
	return out, !escaped
}

// match goes back at most to the last % it passed, so its time is bounded by the product of both lengths.
func (p pattern) match(s string) bool {
	at, i := 0, 0
	star, from := -1, 0
	for i < len(s) {
		c, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case at < len(p) && p[at].wild == '%':
			star, from = at, i
			at++
		case at < len(p) && (p[at].wild == '_' || p[at].wild == 0 && p[at].char == c):
			at++
			i += n
		case star >= 0:
			_, n := utf8.DecodeRuneInString(s[from:])
			from += n
			at, i = star+1, from
		default:
			return false
		}
	}
	for at < len(p) && p[at].wild == '%' {
		at++
	}
	return at == len(p)
}
