package insights

import (
	"strings"
)

type kind uint8

const (
	end    kind = iota
	name        // field, function, keyword
	quoted      // `field`
	text
	numeral
	symbol
	expression // /regular expression/
)

type lexeme struct {
	kind     kind
	text     string
	from, to int
}

// lexer cuts a query. A slash begins a regular expression only where the parser expects one.
type lexer struct {
	source string
	at     int
}

func (l *lexer) fail(from int, message string) error { return &Error{from, l.at, message} }

func (l *lexer) space() {
	for l.at < len(l.source) {
		switch c := l.source[l.at]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			l.at++
		case c == '#':
			if n := strings.IndexByte(l.source[l.at:], '\n'); n >= 0 {
				l.at += n
			} else {
				l.at = len(l.source)
			}
		default:
			return
		}
	}
}

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '@' || c == '$' || c >= 0x80
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func (l *lexer) next(regex bool) (lexeme, error) {
	l.space()
	from := l.at
	give := func(k kind, t string) (lexeme, error) { return lexeme{k, t, from, l.at}, nil }
	if l.at >= len(l.source) {
		return give(end, "")
	}
	c := l.source[l.at]
	switch {
	case c == '"' || c == '\'':
		return l.text(c)
	case c == '`':
		n := strings.IndexByte(l.source[l.at+1:], '`')
		if n < 0 {
			return lexeme{}, l.fail(from, "backtick is not closed")
		}
		l.at += n + 2
		return give(quoted, l.source[from+1:l.at-1])
	case c == '/' && regex:
		return l.regex()
	case digit(c):
		for l.at < len(l.source) && (digit(l.source[l.at]) || l.source[l.at] == '.' || letter(l.source[l.at])) {
			l.at++ // 5m and 1e3 too
		}
		return give(numeral, l.source[from:l.at])
	case letter(c):
		for l.at < len(l.source) && (letter(l.source[l.at]) || digit(l.source[l.at]) || l.source[l.at] == '.') {
			l.at++
		}
		return give(name, l.source[from:l.at])
	}
	for _, s := range []string{"!=", "<=", ">=", "=~", "==", "&&", "||"} {
		if strings.HasPrefix(l.source[l.at:], s) && s != "||" {
			l.at += 2
			return give(symbol, s)
		}
	}
	l.at++
	return give(symbol, string(c))
}

func (l *lexer) text(quote byte) (lexeme, error) {
	from := l.at
	var b strings.Builder
	for l.at++; l.at < len(l.source); l.at++ {
		switch c := l.source[l.at]; {
		case c == quote:
			l.at++
			return lexeme{text, b.String(), from, l.at}, nil
		case c == '\\' && l.at+1 < len(l.source) && (l.source[l.at+1] == quote || l.source[l.at+1] == '\\'):
			l.at++
			b.WriteByte(l.source[l.at])
		default:
			b.WriteByte(c)
		}
	}
	return lexeme{}, l.fail(from, "quotation mark is not closed")
}

func (l *lexer) regex() (lexeme, error) {
	from := l.at
	var b strings.Builder
	for l.at++; l.at < len(l.source); l.at++ {
		switch c := l.source[l.at]; {
		case c == '/':
			l.at++
			return lexeme{expression, b.String(), from, l.at}, nil
		case c == '\\' && l.at+1 < len(l.source):
			l.at++
			if l.source[l.at] != '/' {
				b.WriteByte('\\')
			}
			b.WriteByte(l.source[l.at])
		default:
			b.WriteByte(c)
		}
	}
	return lexeme{}, l.fail(from, "regular expression is not closed")
}
