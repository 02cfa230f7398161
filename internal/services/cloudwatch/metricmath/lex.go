package metricmath

import (
	"fmt"
	"strconv"
	"strings"
)

// Error is what is wrong with an expression. Its text is for the caller.
type Error struct{ text string }

func (e *Error) Error() string { return e.text }

func wrong(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

type kind int

const (
	end kind = iota
	number
	text
	name // of a metric or an expression: begins with a small letter
	word // a function or a choice: begins with a capital
	sign
)

type token struct {
	kind  kind
	text  string
	value float64
	at    int
}

func (t token) is(s string) bool {
	return (t.kind == sign || t.kind == word) && t.text == s
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// lex splits an expression.
func lex(s string) ([]token, error) {
	var out []token
	for i := 0; i < len(s); {
		c, from := s[i], i
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case digit(c) || c == '.' && i+1 < len(s) && digit(s[i+1]):
			for i < len(s) && (digit(s[i]) || s[i] == '.' || (s[i] == 'e' || s[i] == 'E') && i+1 < len(s) && (digit(s[i+1]) || s[i+1] == '-' && i+2 < len(s) && digit(s[i+2]))) {
				if s[i] == 'e' || s[i] == 'E' {
					i++ // and its sign or first digit with it
				}
				i++
			}
			v, err := strconv.ParseFloat(s[from:i], 64)
			if err != nil {
				return nil, wrong("Invalid number %s", s[from:i])
			}
			out = append(out, token{number, s[from:i], v, from})
		case letter(c):
			for i < len(s) && (letter(s[i]) || digit(s[i])) {
				i++
			}
			k := word
			if c >= 'a' && c <= 'z' {
				k = name
			}
			out = append(out, token{kind: k, text: s[from:i], at: from})
		case c == '\'' || c == '"':
			var b strings.Builder
			for i++; ; i++ {
				if i >= len(s) {
					return nil, wrong("Unterminated string at position %d", from)
				}
				if s[i] == '\\' && i+1 < len(s) && (s[i+1] == c || s[i+1] == '\\') {
					i++
				} else if s[i] == c {
					break
				}
				b.WriteByte(s[i])
			}
			i++
			out = append(out, token{kind: text, text: b.String(), at: from})
		default:
			n := 1
			if i+1 < len(s) {
				switch s[i : i+2] {
				case "==", "!=", "<=", ">=", "&&", "||":
					n = 2
				}
			}
			if n == 1 && !strings.ContainsRune("+-*/^()[],<>", rune(c)) {
				return nil, wrong("Unexpected character at position %d", from)
			}
			i += n
			out = append(out, token{kind: sign, text: s[from:i], at: from})
		}
	}
	return append(out, token{kind: end, at: len(s)}), nil
}
