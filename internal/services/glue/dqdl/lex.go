package dqdl

import (
	"strings"
	"unicode/utf8"
)

type kind byte

const (
	end kind = iota
	word
	number
	quoted
	sign // punctuation
)

// token is one word of the language. Of a quoted one text is what stands between the quotes, with escapes undone.
type token struct {
	kind kind
	text string
	at   Position
	pos  int // byte offset
}

func (t token) String() string {
	switch t.kind {
	case end:
		return "the end"
	case quoted:
		return quote(t.text)
	}
	return "'" + t.text + "'"
}

func (t token) is(text string) bool { return (t.kind == sign || t.kind == word) && t.text == text }

// lexer cuts a ruleset into tokens.
type lexer struct {
	in     string
	pos    int
	line   int
	column int
}

func (l *lexer) at() Position { return Position{l.line, l.column} }

// step goes on by n bytes.
func (l *lexer) step(n int) {
	for _, r := range l.in[l.pos : l.pos+n] {
		l.column++
		if r == '\n' {
			l.line, l.column = l.line+1, 1
		}
	}
	l.pos += n
}

func (l *lexer) blank() {
	for l.pos < len(l.in) {
		switch c := l.in[l.pos]; {
		case c == '#':
			n := strings.IndexByte(l.in[l.pos:], '\n')
			if n < 0 {
				n = len(l.in) - l.pos
			}
			l.step(n)
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			l.step(1)
		default:
			return
		}
	}
}

func letter(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// span counts the bytes from the position on that f takes.
func (l *lexer) span(f func(c byte) bool) int {
	n := 0
	for l.pos+n < len(l.in) && f(l.in[l.pos+n]) {
		n++
	}
	return n
}

func (l *lexer) next() (token, error) {
	l.blank()
	t := token{at: l.at(), pos: l.pos}
	if l.pos == len(l.in) {
		return t, nil
	}
	rest, n := l.in[l.pos:], 1
	switch c := rest[0]; {
	case letter(c):
		t.kind, n = word, l.span(func(c byte) bool { return letter(c) || digit(c) || c == '.' })
	case digit(c):
		t.kind, n = number, l.number()
	case c == '"':
		return l.quoted(t)
	case strings.HasPrefix(rest, ">=") || strings.HasPrefix(rest, "<=") || strings.HasPrefix(rest, "!="):
		t.kind, n = sign, 2
	case strings.IndexByte("()[]{},:=<>+-*/$", c) >= 0:
		t.kind = sign
	default:
		r, _ := utf8.DecodeRuneInString(rest)
		return t, wrong(t.at, "unexpected character %q", r)
	}
	t.text = rest[:n]
	l.step(n)
	return t, nil
}

// number counts the bytes of digits with at most one part behind a point.
func (l *lexer) number() int {
	n := l.span(digit)
	if rest := l.in[l.pos+n:]; len(rest) > 1 && rest[0] == '.' && digit(rest[1]) {
		n++
		for l.pos+n < len(l.in) && digit(l.in[l.pos+n]) {
			n++
		}
	}
	return n
}

// quoted reads a string. \" and \\ stand for a quote and a backslash, any other backslash for itself.
func (l *lexer) quoted(t token) (token, error) {
	var b strings.Builder
	rest := l.in[l.pos:]
	for i := 1; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '"':
			t.kind, t.text = quoted, b.String()
			l.step(i + 1)
			return t, nil
		case c == '\\' && i+1 < len(rest) && (rest[i+1] == '"' || rest[i+1] == '\\'):
			i++
			b.WriteByte(rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return t, wrong(t.at, "the string that begins here does not end")
}

// quote writes a string as quoted reads it.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
