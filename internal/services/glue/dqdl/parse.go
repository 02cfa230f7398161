package dqdl

import "strings"

const (
	// maxLength is the longest ruleset, in bytes. Source: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateDataQualityRuleset.html
	maxLength = 65536
	maxDepth  = 32
	maxRules  = 2000
	maxValues = 10000 // in one list
)

// Parse reads a ruleset. Errors are *Error.
func Parse(text string) (Ruleset, error) {
	var out Ruleset
	if len(text) > maxLength {
		return out, wrong(Position{1, 1}, "the ruleset is longer than %d bytes", maxLength)
	}
	p := &parser{lexer: lexer{in: text, line: 1, column: 1}, variables: map[string][]Value{}}
	if err := p.advance(); err != nil {
		return out, err
	}
	return out, p.document(&out)
}

// parser reads with one token of sight.
type parser struct {
	lexer
	token     token
	depth     int
	rules     int
	variables map[string][]Value
	labels    map[string]string // that rules begin with
}

func (p *parser) advance() (err error) {
	p.token, err = p.next()
	return err
}

// peek is the token after the one at hand.
func (p *parser) peek() token {
	l := p.lexer
	t, err := l.next()
	if err != nil {
		return token{}
	}
	return t
}

// take goes past a word or sign when it is at hand.
func (p *parser) take(text string) (bool, error) {
	if !p.token.is(text) {
		return false, nil
	}
	return true, p.advance()
}

func (p *parser) expect(text string) error {
	if ok, err := p.take(text); ok || err != nil {
		return err
	}
	return wrong(p.token.at, "expected '%s', not %s", text, p.token)
}

func (p *parser) quotedText() (string, error) {
	if p.token.kind != quoted {
		return "", wrong(p.token.at, "expected a quoted string, not %s", p.token)
	}
	s := p.token.text
	return s, p.advance()
}

// list reads elements between brackets, with commas between them.
func (p *parser) list(open, shut string, element func() error) error {
	if err := p.expect(open); err != nil {
		return err
	}
	if ok, err := p.take(shut); ok || err != nil {
		return err
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if ok, err := p.take(","); err != nil {
			return err
		} else if !ok {
			return p.expect(shut)
		}
	}
}

// document reads metadata, sources, variables and labels, and then rules, analyzers or both.
func (p *parser) document(out *Ruleset) error {
	seen := map[string]bool{}
	for p.token.kind != end {
		section := p.token
		if section.kind != word {
			return wrong(section.at, "expected Rules, not %s", section)
		}
		if seen[section.text] {
			return wrong(section.at, "%s is there twice", section.text)
		}
		seen[section.text] = true
		if err := p.advance(); err != nil {
			return err
		}
		if err := p.expect("="); err != nil {
			return err
		}
		if err := p.section(section, out); err != nil {
			return err
		}
	}
	if !seen["Rules"] && !seen["Analyzers"] {
		return wrong(p.token.at, "there are neither Rules nor Analyzers")
	}
	return nil
}

func (p *parser) section(section token, out *Ruleset) (err error) {
	switch section.text {
	case "Metadata", "DataSources":
		return p.list("{", "}", p.pair)
	case "DefaultLabels":
		p.labels, err = p.labelList()
		return err
	case "Rules":
		return p.list("[", "]", func() error {
			r, err := p.composite()
			if out.Rules = append(out.Rules, r); err == nil {
				err = p.inherit(&out.Rules[len(out.Rules)-1])
			}
			return err
		})
	case "Analyzers":
		return p.list("[", "]", func() error {
			a, err := p.analyzer()
			out.Analyzers = append(out.Analyzers, a)
			return err
		})
	}
	return p.variable(section)
}

// pair reads an entry of a dictionary, of which nothing is made: the sources of a run are named where it is started.
func (p *parser) pair() error {
	if _, err := p.quotedText(); err != nil {
		return err
	}
	if err := p.expect(":"); err != nil {
		return err
	}
	if !p.token.is("[") {
		_, err := p.quotedText()
		return err
	}
	return p.list("[", "]", func() error { _, err := p.quotedText(); return err })
}

// variable reads what a name stands for: a string or a list of strings.
func (p *parser) variable(name token) error {
	var list []Value
	one := func() error {
		if p.token.kind != quoted && !keyword(p.token) {
			return wrong(p.token.at, "expected a quoted string, not %s", p.token)
		}
		v, err := p.value()
		list = append(list, v)
		return err
	}
	err := error(nil)
	if p.token.is("[") {
		err = p.list("[", "]", one)
	} else {
		err = one()
	}
	p.variables[name.text] = list
	return err
}

// reference reads what a variable stands for.
func (p *parser) reference() ([]Value, error) {
	if err := p.expect("$"); err != nil {
		return nil, err
	}
	name := p.token
	list, ok := p.variables[name.text]
	if name.kind != word || !ok {
		return nil, wrong(name.at, "no variable is named %s", name)
	}
	return list, p.advance()
}

func (p *parser) labelList() (map[string]string, error) {
	out := map[string]string{}
	err := p.list("[", "]", func() error {
		at := p.token.at
		k, err := p.quotedText()
		if err != nil {
			return err
		}
		if err := p.expect("="); err != nil {
			return err
		}
		v, err := p.quotedText()
		if _, twice := out[k]; twice && err == nil {
			err = wrong(at, "the label %s is there twice", quote(k))
		}
		out[k] = v
		return err
	})
	if len(out) > maxLabels && err == nil {
		err = wrong(p.token.at, "there are more than %d labels", maxLabels)
	}
	return out, err
}

// maxLabels is how many labels a rule may have. Source: https://docs.aws.amazon.com/glue/latest/dg/dqdl.html#dqdl-labels
const maxLabels = 10

func keyword(t token) bool {
	switch strings.ToUpper(t.text) {
	case Null, Empty, WhitespacesOnly:
		return t.kind == word && (t.text == strings.ToUpper(t.text) || t.text == strings.ToLower(t.text))
	}
	return false
}
