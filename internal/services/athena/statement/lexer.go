package statement

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pos is a place in the text, from 1.
type Pos struct{ Line, Column int }

// Error is what is wrong with a statement, and where.
type Error struct {
	Pos  Pos
	Text string
}

// Error has the form that Athena gives it.
func (e *Error) Error() string {
	return fmt.Sprintf("line %d:%d: %s", e.Pos.Line, e.Pos.Column, e.Text)
}

type kind int

const (
	end    kind = iota
	word        // unquoted
	quoted      // "…": a name, or a string in Hive's statements
	ticked      // `…`
	text        // '…'
	number      // 1, 1.5, 1e3
	symbol      // one character
)

type token struct {
	kind     kind
	text     string // as it is meant: without quotes
	pos      Pos
	from, to int // in bytes
}

func (t token) is(w string) bool { return t.kind == word && strings.EqualFold(t.text, w) }

func (t token) sym(s string) bool { return t.kind == symbol && t.text == s }

// shown is the token as errors name it.
func (t token) shown() string {
	switch t.kind {
	case end:
		return "<EOF>"
	case text:
		return "'" + t.text + "'"
	}
	return t.text
}

// maxTokens bounds a statement; the API's limit on its length is far below.
const maxTokens = 300_000

// lex cuts a statement into tokens, the last of which is an end. In Hive's statements a backslash hides a quote, in Trino's
// it does not.
func lex(s string) ([]token, error) {
	var out []token
	escapes := false
	pos := Pos{1, 1}
	i := 0
	step := func(n int) {
		for _, r := range s[i : i+n] {
			if r == '\n' {
				pos = Pos{pos.Line + 1, 1}
			} else {
				pos.Column++
			}
		}
		i += n
	}
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		rest := s[i:]
		switch {
		case r == '\uFEFF' || unicode.IsSpace(r):
			step(size)
			continue
		case strings.HasPrefix(rest, "--"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			step(n)
			continue
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return nil, &Error{pos, "comment is not closed"}
			}
			step(n + 4)
			continue
		}
		t := token{pos: pos, from: i}
		n := size
		switch {
		case r == '\'' || r == '"' || r == '`':
			body, length := quote(rest, byte(r), escapes)
			if length == 0 {
				return nil, &Error{pos, "quote is not closed"}
			}
			t.kind, t.text, n = map[rune]kind{'\'': text, '"': quoted, '`': ticked}[r], body, length
		case r == '_' || unicode.IsLetter(r):
			n = span(rest, func(r rune) bool { return r == '_' || r == '@' || unicode.IsLetter(r) || unicode.IsDigit(r) })
			t.kind, t.text = word, rest[:n]
		case r >= '0' && r <= '9':
			n = span(rest, func(r rune) bool { return r == '_' || r == '.' || unicode.IsLetter(r) || unicode.IsDigit(r) })
			t.kind, t.text = number, rest[:n]
		default:
			t.kind, t.text = symbol, rest[:n]
		}
		step(n)
		t.to = i
		if len(out) < 2 && t.kind == word {
			escapes = hive(append(out, t))
		}
		if out = append(out, t); len(out) > maxTokens {
			return nil, &Error{t.pos, "statement is too long"}
		}
	}
	return append(out, token{kind: end, pos: pos, from: i, to: i}), nil
}

// hive tells by its first words that a statement is Hive's.
func hive(first []token) bool {
	if len(first) == 2 {
		t := first[1]
		return first[0].is("alter") || first[0].is("create") && (t.is("external") || t.is("database") || t.is("schema"))
	}
	return first[0].is("alter")
}

func span(s string, in func(rune) bool) int {
	for i, r := range s {
		if !in(r) {
			return i
		}
	}
	return len(s)
}

// quote reads what stands in quotes, where the quote itself is written twice. With escapes a backslash and what follows it
// belong together and stay as they are: see unescape.
func quote(s string, q byte, escapes bool) (body string, length int) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && escapes && q != '`' && i+1 < len(s):
			b.WriteString(s[i : i+2])
			i++
		case s[i] != q:
			b.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == q:
			b.WriteByte(q)
			i++
		default:
			return b.String(), i + 1
		}
	}
	return "", 0
}

// unescape reads a string of Hive: backslash and a letter, three octal digits, or u and four hexadecimal ones.
// Source: https://cwiki.apache.org/confluence/display/Hive/LanguageManual+Types
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if r, n := coded(s[i:]); n > 0 {
			b.WriteRune(r)
			i += n - 1
			continue
		}
		switch s[i] {
		case '0':
			b.WriteByte(0)
		case 'b':
			b.WriteByte('\b')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'Z':
			b.WriteByte(0x1a)
		case '%', '_':
			b.WriteByte('\\')
			b.WriteByte(s[i])
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// coded reads a character given by its number.
func coded(s string) (rune, int) {
	if len(s) >= 5 && s[0] == 'u' {
		if v, ok := digits(s[1:5], 16); ok {
			return v, 5
		}
	}
	if len(s) >= 3 && s[0] <= '1' {
		if v, ok := digits(s[:3], 8); ok {
			return v, 3
		}
	}
	return 0, 0
}

func digits(s string, base rune) (v rune, ok bool) {
	for _, r := range s {
		d := strings.IndexRune("0123456789abcdef", unicode.ToLower(r))
		if d < 0 || rune(d) >= base {
			return 0, false
		}
		v = v*base + rune(d)
	}
	return v, true
}
