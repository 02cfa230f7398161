package tabular

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/elastic/go-grok/patterns"
)

// ErrPattern is the error of a grok pattern that is not understood or too large.
var ErrPattern = errors.New("not a grok pattern")

const (
	maxPattern  = 64 << 10 // with all that it uses
	maxCaptures = 500
	maxUse      = 32 // patterns inside of patterns
)

// GrokClassifier takes lines that a pattern matches, as Glue's grok classifier:
// https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html#custom-classifier-grok. Patterns are compiled to regular
// expressions that take time linear in the text; (?>…) is read as (?:…), and look-around is refused.
type GrokClassifier struct {
	Classification    string
	pattern, patterns string
	re                *regexp.Regexp
	columns           []Column
	groups            []int // of a column: its place in the match

}

// NewGrok compiles a pattern. custom has a pattern a line: its name, a space, the pattern. The error is ErrPattern.
func NewGrok(classification, pattern, custom string) (*GrokClassifier, error) {
	x := expander{known: map[string]string{}}
	for line := range strings.Lines(custom) {
		line = strings.TrimSpace(line)
		name, p, ok := strings.Cut(line, " ")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !ok {
			return nil, fmt.Errorf("%w: %.100q has a name only", ErrPattern, line)
		}
		x.known[name] = strings.TrimSpace(p)
	}
	var out strings.Builder
	if err := x.expand(&out, pattern, 0); err != nil {
		return nil, err
	}
	re, err := regexp.Compile(out.String())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPattern, err)
	}
	g := &GrokClassifier{Classification: classification, pattern: pattern, patterns: custom, re: re}
	if g.bind(x.captures); len(g.columns) == 0 {
		return nil, fmt.Errorf("%w: it names no field", ErrPattern)
	}
	return g, nil
}

// expander writes out the patterns that a pattern uses.
type expander struct {
	known    map[string]string
	captures []Field // by the number in their group's name
}

var reference = regexp.MustCompile(`%\{(\w+)(?::([\w.@\[\]-]+))?(?::(\w+))?\}`)

func (x *expander) expand(out *strings.Builder, pattern string, depth int) error {
	if depth > maxUse {
		return fmt.Errorf("%w: patterns use each other too deep", ErrPattern)
	}
	pattern = strings.ReplaceAll(pattern, "(?>", "(?:")
	at := 0
	for _, m := range reference.FindAllStringSubmatchIndex(pattern, -1) {
		out.WriteString(pattern[at:m[0]])
		at = m[1]
		inner, ok := x.lookup(pattern[m[2]:m[3]])
		if !ok {
			return fmt.Errorf("%w: there is no pattern %s", ErrPattern, pattern[m[2]:m[3]])
		}
		open := "(?:"
		if m[4] >= 0 {
			t, err := grokType(pattern, m)
			if err != nil {
				return err
			}
			open = fmt.Sprintf("(?P<g%d>", len(x.captures))
			if x.captures = append(x.captures, Field{Name: pattern[m[4]:m[5]], Type: t}); len(x.captures) > maxCaptures {
				return fmt.Errorf("%w: more than %d fields", ErrPattern, maxCaptures)
			}
		}
		out.WriteString(open)
		if err := x.expand(out, inner, depth+1); err != nil {
			return err
		}
		out.WriteByte(')')
		if out.Len() > maxPattern {
			return fmt.Errorf("%w: more than %d characters when written out", ErrPattern, maxPattern)
		}
	}
	out.WriteString(pattern[at:])
	return nil
}

// grokType is the type that a reference asks for, string when it asks for none.
func grokType(pattern string, m []int) (Type, error) {
	if m[6] < 0 {
		return Of(String), nil
	}
	k, ok := kindsByName[strings.ToLower(pattern[m[6]:m[7]])]
	if !ok || k > Timestamp || k == Void || k == Char || k == Varchar {
		return Type{}, fmt.Errorf("%w: unknown type %s", ErrPattern, pattern[m[6]:m[7]])
	}
	if k == Int {
		return Of(Int), nil
	}
	if k == Decimal {
		return DecimalOf(maxPrecision, 18), nil
	}
	return Of(k), nil
}

// lookup finds a pattern: the caller's own, those of the common logs, those of everybody.
func (x *expander) lookup(name string) (string, bool) {
	if p, ok := x.known[name]; ok {
		return p, true
	}
	for _, set := range []map[string]string{logPatterns, patterns.Default, patterns.Httpd, patterns.Syslog, patterns.Java, patterns.Ruby, patterns.Redis,
		patterns.Squid, patterns.HAProxy, patterns.AWS, patterns.PostgreSQL, patterns.MongoDB, patterns.Rails, patterns.Firewalls} {
		if p, ok := set[name]; ok {
			return p, true
		}
	}
	return "", false
}

// bind makes a column of each named group, of those that share a name the first.
func (g *GrokClassifier) bind(captures []Field) {

	seen := map[string]bool{}
	var raw []string
	for i, name := range g.re.SubexpNames() {
		f := Field{Name: name, Type: Of(String)}
		var n int
		if name == "" {
			continue
		}
		if _, err := fmt.Sscanf(name, "g%d", &n); err == nil && n < len(captures) && name == fmt.Sprint("g", n) {
			f = captures[n]
		}
		if seen[f.Name] {
			continue
		}
		seen[f.Name] = true
		raw = append(raw, f.Name)
		g.groups = append(g.groups, i)
		g.columns = append(g.columns, Column{Source: f.Name, Type: f.Type})
	}
	for i, n := range columnNames(raw) {
		g.columns[i].Name = n

	}
}
