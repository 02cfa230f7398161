package codec

import (
	"regexp"
	"strconv"
	"strings"
)

// matches tests a whole value against a pattern of the API. A pattern that RE2 can't express constrains nothing.
func (s *Service) matches(pattern, text string) bool {
	c, ok := s.patterns.Load(pattern)
	if !ok {
		re, err := compilePattern(pattern)
		if err != nil {
			re = nil
		}
		c, _ = s.patterns.LoadOrStore(pattern, re)
	}
	re := c.(*regexp.Regexp)
	return re == nil || re.MatchString(text)
}

// compilePattern translates Java's syntax to Go's. The whole value must match.
func compilePattern(pattern string) (*regexp.Regexp, error) {
	return regexp.Compile(`^(?s:` + translate(pattern) + `)$`)
}

func translate(p string) string {
	p = surrogates().ReplaceAllString(p, `\x{10000}-\x{10FFFF}`)
	p = regexp.MustCompile(`\\u([0-9a-fA-F]{4})`).ReplaceAllString(p, `\x{$1}`)
	p = strings.NewReplacer(`\p{IsAlphabetic}`, `\p{L}`, `\p{IsLetter}`, `\p{L}`, `\p{IsDigit}`, `\p{Nd}`, `\Z`, `\z`, `\h`, `[\t ]`).Replace(posix(p))
	// RE2 counts to 1000. Larger bounds are opened: the length constraint beside the pattern holds them.
	return regexp.MustCompile(`(?:\\x)?\{(\d+)(,?)(\d*)\}`).ReplaceAllStringFunc(p, func(m string) string {
		if m[0] == '\\' { // a character's number, no count
			return m
		}
		low, high, ranged := strings.Cut(strings.Trim(m, "{}"), ",")
		a, err := strconv.Atoi(low)
		b := a
		if err == nil && ranged {
			if b, err = strconv.Atoi(high); high == "" {
				b, err = a, nil
			}
		}
		switch {
		case err != nil || b <= 1000:
			return m
		case a > 1000:
			return "*"
		}
		return "{" + low + ",}"
	})
}

// surrogates matches the ways in which Java patterns write what lies beyond 16 bits inside a class.
func surrogates() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\\uD800\\uDC00-\\uDBFF\\uDFFF|\\uD800-\\uDBFF\\uDC00-\\uDFFF|\\uD800-\\uDFFF`)
}

// posix writes Java's POSIX classes as Go's, which stand within brackets only.
func posix(p string) string {
	if !strings.Contains(p, `\p{`) {
		return p
	}
	var b strings.Builder
	within := false
	for i := 0; i < len(p); i++ {
		switch {
		case strings.HasPrefix(p[i:], `\p{`):
			name, _, _ := strings.Cut(p[i+3:], "}")
			class, ok := posixClasses[name]
			if !ok {
				b.WriteString(p[i : i+3])
				i += 2
				continue
			}
			if !within {
				class = "[" + class + "]"
			}
			b.WriteString(class)
			i += len(name) + 3
			continue
		case p[i] == '\\' && i+1 < len(p):
			b.WriteByte(p[i])
			i++
		case p[i] == '[':
			within = true
		case p[i] == ']':
			within = false
		}
		b.WriteByte(p[i])
	}
	return b.String()
}

var posixClasses = map[string]string{"Alnum": `[:alnum:]`, "Alpha": `[:alpha:]`, "Graph": `[:graph:]`, "Print": `[:print:]`, "Punct": `[:punct:]`,
	"ASCII": `\x00-\x7F`}
