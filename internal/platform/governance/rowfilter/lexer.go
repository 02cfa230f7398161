package rowfilter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind uint8

const (
	end    kind = iota
	word        // a keyword or a column
	quoted      // a column in double quotes
	text        // a string
	number
	sign // = <> < <= > >= ( ) , . -
)

type token struct {
	kind kind
	text string // of a sign in its usual form, of quoted and text without quotes
	at   int
}

// next reads the token at the position.
func (p *parser) next() (token, error) {
	for p.at < len(p.in) && strings.IndexByte(" \t\r\n", p.in[p.at]) >= 0 {
		p.at++
	}
	t := token{at: p.at}
	if p.at == len(p.in) {
		return t, nil
	}
	rest := p.in[p.at:]
	r, size := utf8.DecodeRuneInString(rest)
	switch {
	case r == utf8.RuneError && size == 1:
		return t, p.fault(t.at, "the text is not UTF-8")
	case r == '\'':
		return p.delimited(t, text, '\'')
	case r == '"':
		return p.delimited(t, quoted, '"')
	case r >= '0' && r <= '9':
		n := numberLength(rest)
		if n < len(rest) && begins(rest[n:]) {
			return t, p.fault(t.at, "the number does not end")
		}
		t.kind, t.text = number, rest[:n]
	case begins(rest):
		n := strings.IndexFunc(rest, func(r rune) bool { return !inWord(r) })
		if n < 0 {
			n = len(rest)
		}
		t.kind, t.text = word, rest[:n]
	default:
		for _, s := range []string{"<=", ">=", "<>", "!=", "=", "<", ">", "(", ")", ",", ".", "-"} {
			if strings.HasPrefix(rest, s) {
				t.kind, t.text = sign, s
				p.at += len(s)
				if s == "!=" {
					t.text = "<>"
				}
				return t, nil
			}
		}
		return t, p.fault(t.at, "the character "+string(r)+" is not expected")
	}
	p.at += len(t.text)
	return t, nil
}

// delimited reads up to the closing quote; two of them are one that belongs to the text.
func (p *parser) delimited(t token, k kind, quote byte) (token, error) {
	var b strings.Builder
	for i := p.at + 1; i < len(p.in); i++ {
		c := p.in[i]
		if c == 0 {
			return t, p.fault(i, "there is a NUL")
		}
		if c != quote {
			b.WriteByte(c)
			continue
		}
		if i+1 < len(p.in) && p.in[i+1] == quote {
			b.WriteByte(c)
			i++
			continue
		}
		t.kind, t.text = k, b.String()
		p.at = i + 1
		if !utf8.ValidString(t.text) {
			return t, p.fault(t.at, "the text is not UTF-8")
		}
		return t, nil
	}
	return t, p.fault(t.at, "the quote is not closed")
}

func begins(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return r == '_' || r != utf8.RuneError && unicode.IsLetter(r)
}

func inWord(r rune) bool {
	return r == '_' || r == '$' || r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// numberLength measures digits, a fraction and an exponent.
func numberLength(s string) int {
	digits := func(i int) int {
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i
	}
	n := digits(0)
	if n+1 < len(s) && s[n] == '.' && digits(n+1) > n+1 {
		n = digits(n + 1)
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		i := n + 1
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if digits(i) > i {
			n = digits(i)
		}
	}
	return n
}
