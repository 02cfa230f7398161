package layout

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	maxPattern    = 1024
	maxExclusions = 100
)

// ErrPattern is the error of an exclusion that is no glob pattern.
var ErrPattern = errors.New("not a glob pattern")

// Exclusions are patterns of keys that are not looked at.
type Exclusions []*regexp.Regexp

// ParseExclusions reads glob patterns as Glue documents them: * within a name, ** across folders, ? one character, [a-z] and [!a-z],
// {one,other}, and \ before a character that means itself. Matching takes time linear in the key. Errors: ErrPattern.
// Source: https://docs.aws.amazon.com/glue/latest/dg/define-crawler-choose-data-sources.html#crawler-data-stores-exclude
func ParseExclusions(patterns []string) (Exclusions, error) {
	if len(patterns) > maxExclusions {
		return nil, fmt.Errorf("%w: there are more than %d", ErrPattern, maxExclusions)
	}
	out := make(Exclusions, 0, len(patterns))
	for _, p := range patterns {
		text, err := translate(p)
		if err == nil {
			var r *regexp.Regexp
			if r, err = regexp.Compile(text); err == nil {
				out = append(out, r)
				continue
			}
		}
		return nil, fmt.Errorf("%w: %q", ErrPattern, p)
	}
	return out, nil
}

// Match tells whether a key, without the target's prefix, is excluded.
func (e Exclusions) Match(key string) bool {
	for _, r := range e {
		if r.MatchString(key) {
			return true
		}
	}
	return false
}

// translate makes a regular expression of a glob pattern.
func translate(glob string) (string, error) {
	if len(glob) > maxPattern || !utf8.ValidString(glob) {
		return "", ErrPattern
	}
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	open := false
	for i := 0; i < len(glob); {
		r, size := utf8.DecodeRuneInString(glob[i:])
		i += size
		switch r {
		case '*':
			if strings.HasPrefix(glob[i:], "*") {
				for strings.HasPrefix(glob[i:], "*") {
					i++
				}
				b.WriteString(".*")
			} else {
				b.WriteString("[^/]*")
			}
		case '?':
			b.WriteString("[^/]")
		case '\\':
			if i == len(glob) {
				return "", ErrPattern
			}
			r, size := utf8.DecodeRuneInString(glob[i:])
			i += size
			b.WriteString(regexp.QuoteMeta(string(r)))
		case '[':
			n, err := set(&b, glob[i:])
			if err != nil {
				return "", err
			}
			i += n
		case '{':
			if open {
				return "", ErrPattern
			}
			open = true
			b.WriteString("(?:(?:")
		case '}':
			if !open {
				b.WriteString(`\}`)
				break
			}
			open = false
			b.WriteString("))")
		case ',':
			if open {
				b.WriteString(")|(?:")
				break
			}
			b.WriteByte(',')
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	if open {
		return "", ErrPattern
	}
	b.WriteString(`\z`)
	return b.String(), nil
}

// set translates what is behind a [ and tells how long it is. A / is in no set.
func set(b *strings.Builder, s string) (int, error) {
	end := strings.IndexByte(s, ']')
	if end == 0 { // the first ] means itself
		if more := strings.IndexByte(s[1:], ']'); more >= 0 {
			end = more + 1
		}
	}
	if end <= 0 {
		return 0, ErrPattern
	}
	body, not := s[:end], ""
	if body[0] == '!' || body[0] == '^' {
		body, not = body[1:], "^/"
	}
	if body == "" || strings.Contains(body, "/") {
		return 0, ErrPattern
	}
	b.WriteString("[" + not)
	for i, r := range body {
		if r == '-' && i > 0 && i < len(body)-1 {
			b.WriteByte('-')
			continue
		}
		if strings.ContainsRune(`\^]-[&~`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	b.WriteByte(']')
	return end + 1, nil
}
