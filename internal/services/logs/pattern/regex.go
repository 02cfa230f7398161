package pattern

import (
	"regexp"
	"strings"
)

// regexAllowed is what a regular expression may have beside letters and digits.
const regexAllowed = ":_#=@/;,-^$?[]{}|\\*+. "

// regex reads %…%. Go's engine takes time that is linear in the message, whatever the expression.
func (p *parser) regex() (*regexp.Regexp, error) {
	end := strings.IndexByte(p.text[p.at+1:], '%')
	if end < 0 {
		return nil, p.fail("regular expression is not closed by %%")
	}
	text := p.text[p.at+1 : p.at+1+end]
	if text == "" {
		return nil, p.fail("regular expression is empty")
	}
	for i := range len(text) {
		c := text[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(regexAllowed, c) >= 0 {
			continue
		}
		if c == '(' || c == ')' {
			if i > 0 && text[i-1] == '\\' {
				continue
			}
		}
		p.at += 1 + i
		return nil, p.fail("character %q is not supported in regular expressions", c)
	}
	r, err := regexp.Compile(text)
	if err != nil {
		return nil, p.fail("regular expression is not valid")
	}
	p.at += end + 2
	p.regexes++
	return r, nil
}

// wild is a text in which * stands for any characters.
type wild struct {
	parts []string // between the stars
}

func newWild(text string) wild { return wild{strings.Split(text, "*")} }

// any tells whether it is a star alone.
func (w wild) any() bool {
	for _, p := range w.parts {
		if p != "" {
			return false
		}
	}
	return len(w.parts) > 1
}

func (w wild) match(s string) bool {
	if len(w.parts) == 1 {
		return s == w.parts[0]
	}
	first, last := w.parts[0], w.parts[len(w.parts)-1]
	if len(s) < len(first)+len(last) || !strings.HasPrefix(s, first) || !strings.HasSuffix(s, last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, p := range w.parts[1 : len(w.parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return true
}
