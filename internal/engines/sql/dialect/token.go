package dialect

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxStatement is the longest statement, in bytes, as in Athena.
// Source: https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
const MaxStatement = 262144

// maxDepth bounds nesting, so that no statement exhausts a stack here or in the engine.
const maxDepth = 150

type kind uint8

const (
	eof    kind = iota
	word        // unquoted identifier or keyword; text is lower case
	quoted      // "identifier"; text is lower case, as names are compared without case
	str         // 'text'
	uniStr      // U&'text'
	bin         // X'hex'
	integer
	decimal
	double
	symbol
)

// Pos is a place in the statement; both count from 1.
type Pos struct{ Line, Column int }

type token struct {
	kind kind
	text string
	raw  string // as it was written
	pos  Pos
	off  int // byte offset in the statement
}

func (t token) is(s string) bool { return (t.kind == word || t.kind == symbol) && t.text == s }

// lexer cuts a statement into tokens.
type lexer struct {
	in        string
	off       int
	line, col int
}

func lex(sql string) ([]token, error) {
	if len(sql) > MaxStatement {
		return nil, errorf(Syntax, Pos{1, 1}, "the statement is longer than %d bytes", MaxStatement)
	}
	if !utf8.ValidString(sql) {
		return nil, errorf(Syntax, Pos{1, 1}, "the statement is not UTF-8")
	}
	if strings.IndexByte(sql, 0) >= 0 {
		return nil, errorf(Syntax, Pos{1, 1}, "the statement has a NUL character")
	}
	l := &lexer{in: sql, line: 1, col: 1}
	var out []token
	for {
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		if t.kind == eof {
			return out, nil
		}
	}
}

func (l *lexer) pos() Pos { return Pos{l.line, l.col} }

func (l *lexer) advance(n int) {
	for _, r := range l.in[l.off : l.off+n] {
		if r == '\n' {
			l.line, l.col = l.line+1, 1
		} else {
			l.col++
		}
	}
	l.off += n
}

func (l *lexer) skip() error {
	for l.off < len(l.in) {
		rest := l.in[l.off:]
		switch {
		case strings.HasPrefix(rest, "--"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			l.advance(n)
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return errorf(Syntax, l.pos(), "a comment is not closed")
			}
			l.advance(n + 4)
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\n' || rest[0] == '\r':
			l.advance(1)
		default:
			return nil
		}
	}
	return nil
}

func (l *lexer) next() (token, error) {
	if err := l.skip(); err != nil {
		return token{}, err
	}
	t := token{pos: l.pos(), off: l.off}
	if l.off >= len(l.in) {
		t.raw = "<EOF>"
		return t, nil
	}
	n, err := l.scan(&t, l.in[l.off:])
	if err != nil {
		return token{}, err
	}
	t.raw = l.in[l.off : l.off+n]
	l.advance(n)
	return t, nil
}

// scan fills kind and text, and gives the length of the token.
func (l *lexer) scan(t *token, s string) (int, error) {
	c := s[0]
	switch {
	case c == '\'':
		return l.delimited(t, s, str, 0)
	case c == '"':
		n, err := l.delimited(t, s, quoted, 0)
		t.text = strings.ToLower(t.text)
		if err == nil && t.text == "" {
			err = errorf(Syntax, t.pos, "Zero-length delimited identifier not allowed")
		}
		if err == nil && !PlainName(t.text) {
			err = errorf(Syntax, t.pos, "control characters are not allowed in a name")
		}
		return n, err
	case c == '`':
		return 0, errorf(Syntax, t.pos, "backquoted identifiers are not supported; use double quotes to quote identifiers")
	case (c == 'x' || c == 'X') && len(s) > 1 && s[1] == '\'':
		return l.delimited(t, s, bin, 1)
	case (c == 'u' || c == 'U') && strings.HasPrefix(s[1:], "&'"):
		return l.delimited(t, s, uniStr, 2)
	case isDigit(c), c == '.' && len(s) > 1 && isDigit(s[1]):
		return scanNumber(t, s)
	}
	if r, _ := utf8.DecodeRuneInString(s); r == '_' || unicode.IsLetter(r) {
		n := strings.IndexFunc(s, func(r rune) bool {
			return r != '_' && r != '@' && r != '$' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
		})
		if n < 0 {
			n = len(s)
		}
		t.kind, t.text = word, strings.ToLower(s[:n])
		return n, nil
	}
	for _, op := range []string{"<>", "!=", "<=", ">=", "||", "->", "=>"} {
		if strings.HasPrefix(s, op) {
			t.kind, t.text = symbol, op
			return len(op), nil
		}
	}
	if strings.IndexByte("()[]{},.;?:+-*/%<>=|^$", c) >= 0 {
		t.kind, t.text = symbol, s[:1]
		return 1, nil
	}
	r, _ := utf8.DecodeRuneInString(s)
	return 0, errorf(Syntax, t.pos, "unexpected character %q", r)
}

// delimited reads a token in quotes that begins skip bytes on; a doubled quote stands for one.
func (l *lexer) delimited(t *token, s string, k kind, skip int) (int, error) {
	q := s[skip]
	var b strings.Builder
	for i := skip + 1; i < len(s); i++ {
		if s[i] != q {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == q {
			b.WriteByte(q)
			i++
			continue
		}
		t.kind, t.text = k, b.String()
		return i + 1, nil
	}
	return 0, errorf(Syntax, t.pos, "mismatched input '%c'. A quote is not closed", q)
}

func scanNumber(t *token, s string) (int, error) {
	if len(s) > 2 && s[0] == '0' {
		for _, p := range []struct {
			mark  string
			chars string
			base  int
		}{{"xX", "0123456789abcdefABCDEF_", 16}, {"bB", "01_", 2}, {"oO", "01234567_", 8}} {
			if strings.IndexByte(p.mark, s[1]) < 0 {
				continue
			}
			n := 2
			for n < len(s) && strings.IndexByte(p.chars, s[n]) >= 0 {
				n++
			}
			v, ok := parseBase(strings.ReplaceAll(s[2:n], "_", ""), p.base)
			if !ok || n == 2 {
				return 0, errorf(Syntax, t.pos, "invalid numeric literal: %s", s[:n])
			}
			t.kind, t.text = integer, v
			return n, endOfNumber(t, s, n)
		}
	}
	digits := func(n int) int {
		for n < len(s) && (isDigit(s[n]) || s[n] == '_' && n > 0 && isDigit(s[n-1])) {
			n++
		}
		return n
	}
	t.kind = integer
	n := digits(0)
	if n < len(s) && s[n] == '.' {
		t.kind = decimal
		n = digits(n + 1)
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		m := n + 1
		if m < len(s) && (s[m] == '+' || s[m] == '-') {
			m++
		}
		if e := digits(m); e > m {
			t.kind, n = double, e
		}
	}
	t.text = strings.ReplaceAll(s[:n], "_", "")
	return n, endOfNumber(t, s, n)
}

func endOfNumber(t *token, s string, n int) error {
	if r, _ := utf8.DecodeRuneInString(s[n:]); n < len(s) && (r == '_' || unicode.IsLetter(r)) {
		return errorf(Syntax, t.pos, "identifiers must not start with a digit; surround the identifier with double quotes")
	}
	return nil
}

// PlainName tells whether a name has no control characters. Others can't be named in a statement.
func PlainName(s string) bool { return strings.IndexFunc(s, unicode.IsControl) < 0 }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func parseBase(s string, base int) (string, bool) {
	var v uint64
	for _, c := range strings.ToLower(s) {
		d := strings.IndexRune("0123456789abcdef", c)
		if d < 0 || v > (1<<63-1)/uint64(base) {
			return "", false
		}
		v = v*uint64(base) + uint64(d)
	}
	return fmt.Sprint(v), s != "" && v < 1<<63
}
