package expression

import (
	"fmt"
	"strings"
)

// Error is a filter that cannot be used. Its message is what the caller reads.
type Error struct {
	Message  string
	Position int // of the character it is about, from 1; 0: of none
}

// Error gives the message.
func (e *Error) Error() string { return e.Message }

type kind byte

const (
	end      kind = iota
	word          // key or keyword
	quoted        // key between double quotes or backticks
	text          // literal
	number        // literal
	operator      // = <> != > < >= <=
	symbol        // ( ) , { }
)

type token struct {
	kind kind
	text string // without quotes; operators as = <> > < >= <=
	at   int
}

// is tells whether the token is a keyword.
func (t token) is(keyword string) bool { return t.kind == word && strings.EqualFold(t.text, keyword) }

type lexer struct {
	source string
	at     int
}

func (l *lexer) fail(at int) error {
	return &Error{Message: fmt.Sprintf("Unsupported expression '%s' at position %d", l.source, at+1), Position: at + 1}
}

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func (l *lexer) space() {
	for l.at < len(l.source) && strings.IndexByte(" \t\r\n", l.source[l.at]) >= 0 {
		l.at++
	}
}

func (l *lexer) peek() byte {
	if l.at < len(l.source) {
		return l.source[l.at]
	}
	return 0
}

func (l *lexer) next() (token, error) {
	l.space()
	t := token{at: l.at}
	c := l.peek()
	switch {
	case l.at >= len(l.source):
	case c == '\'':
		t.kind = text
		return t, l.quote(&t, c)
	case c == '"' || c == '`':
		t.kind = quoted
		return t, l.quote(&t, c)
	case strings.IndexByte("(),{}", c) >= 0:
		l.at++
		t.kind, t.text = symbol, string(c)
	case strings.IndexByte("=<>!", c) >= 0:
		return t, l.operator(&t)
	case digit(c), (c == '-' || c == '+' || c == '.') && l.numberFollows():
		return t, l.number(&t)
	case letter(c):
		for letter(l.peek()) || digit(l.peek()) || l.peek() == '.' || l.peek() == '$' {
			l.at++
		}
		t.kind, t.text = word, l.source[t.at:l.at]
	default:
		return t, l.fail(t.at)
	}
	return t, nil
}

// quote reads up to the closing quote, which stands for itself when it is doubled.
func (l *lexer) quote(t *token, q byte) error {
	for l.at++; l.at < len(l.source); l.at++ {
		if l.source[l.at] != q {
			continue
		}
		l.at++
		if l.peek() != q {
			t.text = strings.ReplaceAll(l.source[t.at+1:l.at-1], string([]byte{q, q}), string(q))
			return nil
		}
	}
	return l.fail(t.at)
}

// operator reads a comparison, whose two characters may be apart: AWS itself writes "< >".
func (l *lexer) operator(t *token) error {
	t.kind, t.text = operator, string(l.source[l.at])
	l.at++
	was := l.at
	l.space()
	switch pair := t.text + string(l.peek()); pair {
	case "<>", "!=":
		t.text = "<>"
		l.at++
	case "<=", ">=":
		t.text = pair
		l.at++
	default:
		l.at = was
	}
	if t.text == "!" {
		return l.fail(t.at)
	}
	return nil
}

func (l *lexer) numberFollows() bool {
	rest := strings.TrimLeft(l.source[l.at:], "+-")
	if len(l.source)-l.at-len(rest) > 1 {
		return false
	}
	rest = strings.TrimPrefix(rest, ".")
	return rest != "" && digit(rest[0])
}

func (l *lexer) number(t *token) error {
	digits := func() {
		for digit(l.peek()) {
			l.at++
		}
	}
	t.kind = number
	if c := l.peek(); c == '-' || c == '+' {
		l.at++
	}
	digits()
	if l.peek() == '.' {
		l.at++
		digits()
	}
	if c := l.peek(); c == 'e' || c == 'E' {
		l.at++
		if c := l.peek(); c == '-' || c == '+' {
			l.at++
		}
		if !digit(l.peek()) {
			return l.fail(t.at)
		}
		digits()
	}
	if letter(l.peek()) {
		// A key may begin with digits, as in 2020_total, but then it has to be quoted.
		return l.fail(t.at)
	}
	t.text = strings.TrimPrefix(l.source[t.at:l.at], "+")
	return nil
}
