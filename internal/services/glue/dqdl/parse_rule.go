package dqdl

import "maps"

func (p *parser) deeper() error {
	if p.depth++; p.depth > maxDepth {
		return wrong(p.token.at, "the ruleset is nested deeper than %d levels", maxDepth)
	}
	return nil
}

// joins tells whether a token joins two rules.
func joins(t token) (Operator, bool) {
	switch {
	case t.is("and"), t.is("AND"):
		return And, true
	case t.is("or"), t.is("OR"):
		return Or, true
	}
	return "", false
}

// composite reads rules that are joined, or a single one.
func (p *parser) composite() (Rule, error) {
	if err := p.deeper(); err != nil {
		return Rule{}, err
	}
	defer func() { p.depth-- }()
	first, err := p.part()
	if err != nil {
		return first, err
	}
	op, ok := joins(p.token)
	if !ok {
		return first, nil
	}
	out := Rule{At: first.At, Operator: op, Parts: []Rule{first}}
	for {
		next, ok := joins(p.token)
		if !ok {
			return out, nil
		}
		if next != op {
			return out, wrong(p.token.at, "'and' and 'or' cannot be joined without parentheses")
		}
		if err := p.advance(); err != nil {
			return out, err
		}
		r, err := p.part()
		if err != nil {
			return out, err
		}
		out.Parts = append(out.Parts, r)
	}
}

// part reads one of the rules that are joined.
func (p *parser) part() (Rule, error) {
	if !p.token.is("(") {
		return p.rule()
	}
	at := p.token.at
	if err := p.advance(); err != nil {
		return Rule{}, err
	}
	r, err := p.composite()
	if err != nil {
		return r, err
	}
	if err := p.expect(")"); err != nil {
		return r, err
	}
	if r.At = at; p.token.is("labels") {
		r.Labels, err = p.ownLabels()
	}
	return r, err
}

// rule reads a single rule.
func (p *parser) rule() (r Rule, err error) {
	if p.rules++; p.rules > maxRules {
		return r, wrong(p.token.at, "there are more than %d rules", maxRules)
	}
	a, err := p.head()
	if err != nil {
		return r, err
	}
	r = Rule{At: a.At, Type: a.Type, Parameters: a.Parameters}
	if r.Condition, err = p.condition(); err != nil {
		return r, err
	}
	if ok, err := p.take("where"); err != nil {
		return r, err
	} else if ok {
		at := p.token.at
		if r.Where, err = p.quotedText(); err != nil {
			return r, err
		}
		if r.Where == "" {
			return r, wrong(at, "the where clause is empty")
		}
	}
	if p.token.is("labels") {
		if r.Labels, err = p.ownLabels(); err != nil {
			return r, err
		}
	}
	if err := p.threshold(&r); err != nil {
		return r, err
	}
	return r, r.check()
}

func (p *parser) threshold(r *Rule) error {
	if ok, err := p.take("with"); err != nil || !ok {
		return err
	}
	if err := p.expect("threshold"); err != nil {
		return err
	}
	at := p.token.at
	c, err := p.condition()
	if err == nil && (c == nil || c.Kind != Numbers) {
		err = wrong(at, "a threshold needs a condition about a number")
	}
	r.Threshold = c
	return err
}

func (p *parser) ownLabels() (map[string]string, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect("="); err != nil {
		return nil, err
	}
	return p.labelList()
}

// inherit gives a rule the labels that all rules begin with.
func (p *parser) inherit(r *Rule) error {
	all := maps.Clone(p.labels)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, r.Labels)
	if len(all) > maxLabels {
		return wrong(r.At, "the rule has more than %d labels", maxLabels)
	}
	if r.Labels = all; len(all) == 0 {
		r.Labels = nil
	}
	return nil
}

func (p *parser) analyzer() (Analyzer, error) {
	if p.rules++; p.rules > maxRules {
		return Analyzer{}, wrong(p.token.at, "there are more than %d analyzers", maxRules)
	}
	a, err := p.head()
	if err == nil {
		err = a.check()
	}
	return a, err
}

// reserved are the words that end the parameters of a rule.
func reserved(t token) bool {
	switch t.text {
	case "between", "in", "not", "matches", "where", "labels", "with", "or", "OR":
		return true
	}
	return keyword(t)
}

// head reads type and parameters.
func (p *parser) head() (Analyzer, error) {
	a := Analyzer{At: p.token.at, Type: p.token.text}
	if p.token.kind != word {
		return a, wrong(a.At, "expected a rule, not %s", p.token)
	}
	if err := p.advance(); err != nil {
		return a, err
	}
	for {
		if t := p.token; t.is("of") || t.is("OF") || (t.is("and") || t.is("AND")) && p.peek().kind == quoted && len(a.Parameters) > 0 {
			if err := p.advance(); err != nil {
				return a, err
			}
		}
		switch t := p.token; {
		case t.is("$"):
			list, err := p.reference()
			if err != nil {
				return a, err
			}
			for _, v := range list {
				a.Parameters = append(a.Parameters, v.Text)
			}
			continue
		case t.kind == quoted, t.kind == word && !reserved(t) && t.text != "and" && t.text != "AND":
			a.Parameters = append(a.Parameters, t.text)
		default:
			return a, nil
		}
		if err := p.advance(); err != nil {
			return a, err
		}
	}
}
