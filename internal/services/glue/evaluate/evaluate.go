package evaluate

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/atelier-studio/atelier/internal/services/glue/dqdl"
)

// Primary is the name of the table that is measured, in the statements that are asked and in CustomSql.
const Primary = "primary"

// Column is a column of a table, with its type as the catalog writes it.
type Column struct{ Name, Type string }

// Input is what a run needs. Query answers a SELECT with its rows; numbers are float64, other values as they are, and nil
// is NULL. History gives what was measured under a metric's name before, the newest first.
type Input struct {
	Rules   dqdl.Ruleset
	Tables  map[string][]Column // columns of Primary and of further tables by their aliases
	Query   func(ctx context.Context, sql string) ([][]any, error)
	History func(metric string, n int) ([]float64, error)
	Now     time.Time
	ByRow   bool // composite rules hold when they hold for each row
}

// Result is how a rule came out.
type Result string

// The results. A rule that could not be measured is an error.
const (
	Pass  Result = "PASS"
	Fail  Result = "FAIL"
	Error Result = "ERROR"
)

// Outcome is the result of a rule or, without a result, of an analyzer.
type Outcome struct {
	Rule    string
	Result  Result
	Message string
	Metrics map[string]float64
	Labels  map[string]string
}

// Report is what came out of a run.
type Report struct {
	Rules     []Outcome
	Analyzers []Outcome
	Score     float64            // of rules that passed, from 0 to 1
	Metrics   map[string]float64 // all that was measured
	Rows      *Rows              // nil when no rule looks at single rows
}

// Rows counts the rows that passed all rules that look at single rows.
type Rows struct{ Processed, Passed float64 }

// Run measures. Its error is that of the context; what is wrong with a rule is told in the rule's outcome.
func Run(ctx context.Context, in Input) (Report, error) {
	p := &plan{in: in, columns: map[string]map[string]Column{}, slots: map[string]*slot{}}
	for alias, list := range in.Tables {
		p.columns[alias] = map[string]Column{}
		for _, c := range list {
			p.columns[alias][fold(c.Name)] = c
		}
	}
	checks := make([]check, len(in.Rules.Rules))
	for i, r := range in.Rules.Rules {
		checks[i] = p.rule(r)
	}
	analyses := make([]check, len(in.Rules.Analyzers))
	for i, a := range in.Rules.Analyzers {
		analyses[i] = p.analyzer(a)
	}
	rows := p.rowsPassed(checks)
	if err := p.ask(ctx); err != nil {
		return Report{}, err
	}
	out := Report{Metrics: map[string]float64{}}
	passed := 0
	for i, r := range in.Rules.Rules {
		o := checks[i].judge()
		o.Rule, o.Labels = r.String(), r.Labels
		maps.Copy(out.Metrics, o.Metrics)
		if o.Result == Pass {
			passed++
		}
		out.Rules = append(out.Rules, o)
	}
	for i, a := range in.Rules.Analyzers {
		o := analyses[i].judge()
		o.Rule, o.Result = a.String(), ""
		maps.Copy(out.Metrics, o.Metrics)
		out.Analyzers = append(out.Analyzers, o)
	}
	if len(out.Rules) > 0 {
		out.Score = float64(passed) / float64(len(out.Rules))
	}
	out.Rows = rows()
	return out, nil
}

// check is a rule that was planned.
type check struct {
	judge func() Outcome // once all is measured
	// row is a condition that holds for the rows that pass, where the one for the rows that are looked at; "" when the rule
	// isn't about single rows.
	row, where string
}

func failed(r Result, message string) check {
	return check{judge: func() Outcome { return Outcome{Result: r, Message: message} }}
}

// composite plans rules that are joined.
func (p *plan) composite(r dqdl.Rule) check {
	parts := make([]check, len(r.Parts))
	for i, part := range r.Parts {
		parts[i] = p.rule(part)
	}
	if p.in.ByRow {
		if c, ok := p.byRow(r, parts); ok {
			return c
		}
	}
	return check{judge: func() Outcome {
		out := Outcome{Result: Fail, Metrics: map[string]float64{}}
		if r.Operator == dqdl.And {
			out.Result = Pass
		}
		erred := false
		for _, part := range parts {
			o := part.judge()
			maps.Copy(out.Metrics, o.Metrics)
			erred = erred || o.Result == Error
			if o.Message != "" {
				if out.Message != "" {
					out.Message += " "
				}
				out.Message += o.Message
			}
			switch {
			case r.Operator == dqdl.And && o.Result != Pass:
				out.Result = Fail
			case r.Operator == dqdl.Or && o.Result == Pass:
				out.Result = Pass
			}
		}
		switch {
		case out.Result == Pass:
			out.Message = ""
		case erred:
			out.Result = Error
		}
		return out
	}}
}

// byRow plans rules that are joined so that each row has to pass; ok is false when one of them isn't about single rows.
func (p *plan) byRow(r dqdl.Rule, parts []check) (check, bool) {
	row := ""
	for i, part := range parts {
		if part.row == "" || part.where != parts[0].where || len(r.Parts[i].Parts) == 0 && r.Parts[i].Threshold != nil {
			return check{}, false
		}
		if row != "" {
			row += " " + string(r.Operator) + " "
		}
		row += "(" + part.row + ")"
	}
	return p.compliance("Dataset.*.CompositeRule.Compliance", row, parts[0].where, nil), true
}

// rowsPassed plans the count of rows that pass all rules about single rows.
func (p *plan) rowsPassed(checks []check) func() *Rows {
	all := ""
	for _, c := range checks {
		if c.row == "" {
			continue
		}
		row := c.row
		if c.where != "" {
			row = "NOT coalesce((" + c.where + "), false) OR (" + row + ")"
		}
		if all != "" {
			all += " AND "
		}
		all += "(" + row + ")"
	}
	if all == "" || len(all) > maxRowCondition {
		return func() *Rows { return nil }
	}
	total, passed := p.scan("count(*)", ""), p.scan("count(*)", all)
	return func() *Rows {
		t, err := total.number()
		n, failed := passed.number()
		if err != nil || failed != nil {
			return nil
		}
		return &Rows{Processed: t, Passed: n}
	}
}

// maxRowCondition is how long the condition on rows may become, in bytes.
const maxRowCondition = 64 << 10

// Names lists the names of metrics in order.
func Names(metrics map[string]float64) []string { return slices.Sorted(maps.Keys(metrics)) }
