package pattern

import (
	"encoding/json"
	"net/netip"
	"strings"
)

// matcher is one thing that a field may be.
type matcher interface {
	match(v any) bool // of a string, json.Number, bool or nil
}

type (
	literal     struct{ value any }
	prefix      struct{ text string }
	suffix      struct{ text string }
	foldPrefix  struct{ text string }
	foldSuffix  struct{ text string }
	fold        struct{ text string }
	wildcard    struct{ text string }
	anythingBut struct{ none []matcher }
	network     struct{ prefix netip.Prefix }
	present     struct{}
	missing     struct{}
	numeric     struct {
		low, high         float64
		hasLow, hasHigh   bool
		openLow, openHigh bool
		onlyEquals        bool
	}
)

var absent matcher = missing{}

func (m literal) match(v any) bool { return m.value == v }
func (m present) match(any) bool   { return true }
func (m missing) match(any) bool   { return false }

func text(v any, f func(string) bool) bool {
	s, ok := v.(string)
	return ok && f(s)
}

func (m prefix) match(v any) bool {
	return text(v, func(s string) bool { return strings.HasPrefix(s, m.text) })
}

func (m suffix) match(v any) bool {
	return text(v, func(s string) bool { return strings.HasSuffix(s, m.text) })
}

func (m fold) match(v any) bool {
	return text(v, func(s string) bool { return strings.EqualFold(s, m.text) })
}

// Letters of another case may have another length, so characters are counted, not bytes.
func (m foldPrefix) match(v any) bool {
	return text(v, func(s string) bool {
		r, n := []rune(s), len([]rune(m.text))
		return len(r) >= n && strings.EqualFold(string(r[:n]), m.text)
	})
}

func (m foldSuffix) match(v any) bool {
	return text(v, func(s string) bool {
		r, n := []rune(s), len([]rune(m.text))
		return len(r) >= n && strings.EqualFold(string(r[len(r)-n:]), m.text)
	})
}

func (m anythingBut) match(v any) bool {
	for _, n := range m.none {
		if n.match(v) {
			return false
		}
	}
	return true
}

func (m network) match(v any) bool {
	return text(v, func(s string) bool {
		a, err := netip.ParseAddr(s)
		return err == nil && m.prefix.Contains(a)
	})
}

func (m numeric) match(v any) bool {
	n, ok := v.(json.Number)
	if !ok {
		return false
	}
	x, err := n.Float64()
	if err != nil {
		return false
	}
	if m.onlyEquals {
		return x == m.low
	}
	if m.hasLow && (x < m.low || m.openLow && x == m.low) {
		return false
	}
	return !m.hasHigh || x < m.high || !m.openHigh && x == m.high
}

// match compares with the stars of the pattern in time that grows with the product of both lengths at most. A backslash
// takes the meaning from the star or backslash behind it.
func (m wildcard) match(v any) bool {
	s, ok := v.(string)
	if !ok {
		return false
	}
	p := m.text
	star, back := -1, 0 // behind the star met last, and where in s it ends for now
	i, j := 0, 0
	for i < len(s) {
		if j < len(p) && p[j] == '*' {
			star, back = j+1, i
			j++
			continue
		}
		if j < len(p) {
			k := j
			if p[k] == '\\' {
				k++
			}
			if p[k] == s[i] {
				i, j = i+1, k+1
				continue
			}
		}
		if star < 0 {
			return false
		}
		back++
		i, j = back, star
	}
	for j < len(p) && p[j] == '*' {
		j++
	}
	return j == len(p)
}
