package dqdl

import (
	"maps"
	"slices"
	"strings"
)

// Ruleset is a document.
type Ruleset struct {
	Rules     []Rule
	Analyzers []Analyzer
}

// Operator joins the parts of a composite rule.
type Operator string

// The operators.
const (
	And Operator = "and"
	Or  Operator = "or"
)

// Rule is one rule, or some that are joined when Parts is set.
type Rule struct {
	At         Position
	Type       string
	Parameters []string
	Condition  *Condition // nil: the rule type says by itself what has to be
	Where      string     // "": all rows
	Threshold  *Condition // of the fraction of rows; nil: all
	Labels     map[string]string

	Operator Operator
	Parts    []Rule
}

// Analyzer gathers statistics and judges nothing.
type Analyzer struct {
	At         Position
	Type       string
	Parameters []string
}

// String writes the rule in the form that all equal rules have.
func (r Rule) String() string {
	var b strings.Builder
	if len(r.Parts) > 0 {
		for i, p := range r.Parts {
			if i > 0 {
				b.WriteString(" " + string(r.Operator) + " ")
			}
			b.WriteString("(" + p.String() + ")")
		}
		return b.String()
	}
	b.WriteString(Analyzer{Type: r.Type, Parameters: r.Parameters}.String())
	if r.Condition != nil {
		b.WriteString(" " + r.Condition.String())
	}
	if r.Where != "" {
		b.WriteString(" where " + quote(r.Where))
	}
	if len(r.Labels) > 0 {
		b.WriteString(" labels = [")
		for i, k := range slices.Sorted(maps.Keys(r.Labels)) {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(quote(k) + " = " + quote(r.Labels[k]))
		}
		b.WriteString("]")
	}
	if r.Threshold != nil {
		b.WriteString(" with threshold " + r.Threshold.String())
	}
	return b.String()
}

// String writes the analyzer.
func (a Analyzer) String() string {
	s := a.Type
	for _, p := range a.Parameters {
		s += " " + quote(p)
	}
	return s
}

// Each walks the single rules that a rule consists of.
func (r Rule) Each(f func(Rule)) {
	if len(r.Parts) == 0 {
		f(r)
	}
	for _, p := range r.Parts {
		p.Each(f)
	}
}

// Dynamic tells whether the rule looks at what was measured before.
func (r Rule) Dynamic() bool {
	found := false
	r.Each(func(r Rule) {
		for _, c := range []*Condition{r.Condition, r.Threshold} {
			if c != nil {
				for _, v := range c.Values {
					found = found || v.Number.last() > 0
				}
			}
		}
	})
	return found
}
