package evaluate

import (
	"errors"
	"maps"
	"regexp"

	"github.com/atelier-studio/atelier/internal/services/glue/dqdl"
)

// metric is a number that becomes known when all is measured.
type metric func() (float64, error)

func ratio(a, b *slot) metric {
	return func() (float64, error) {
		n, err := a.number()
		if err != nil {
			return 0, err
		}
		d, err := b.number()
		if err == nil && d == 0 {
			err = errNothing
		}
		return n / d, err
	}
}

// rule plans a rule.
func (p *plan) rule(r dqdl.Rule) check {
	if len(r.Parts) > 0 {
		return p.composite(r)
	}
	where, err := Condition(r.Where)
	if err != nil {
		return failed(Error, err.Error())
	}
	c, err := p.single(r, where)
	var m missing
	switch {
	case errors.As(err, &m):
		return failed(Fail, m.Error())
	case err != nil:
		return failed(Error, err.Error())
	}
	return c
}

// single plans a rule of its own. Its error is what keeps it from being measured.
func (p *plan) single(r dqdl.Rule, where string) (check, error) {
	switch r.Type {
	case "ColumnExists":
		return p.columnExists(r.Parameters[0]), nil
	case "ColumnNamesMatchPattern":
		return p.columnNames(r.Parameters[0])
	case "IsComplete":
		return p.isComplete(r.Parameters[0], where)
	case "IsUnique", "IsPrimaryKey":
		return p.isUnique(r, where)
	case "ColumnValues":
		return p.columnValues(r, where)
	case "ColumnLength":
		return p.columnLength(r, where)
	case "ColumnDataType":
		return p.columnDataType(r, where)
	case "DataFreshness":
		return p.dataFreshness(r, where)
	case "CustomSql":
		return p.customSQL(r)
	case "RowCountMatch", "SchemaMatch", "AggregateMatch", "ReferentialIntegrity", "DatasetMatch":
		return p.comparison(r)
	case "DetectAnomalies", "FileFreshness", "FileSize", "FileUniqueness", "FileMatch":
		return check{}, errors.New("The rule type " + r.Type + " is not supported by Atelier.")
	}
	named, m, err := p.measure(r.Type, r.Parameters, where)
	if err != nil {
		return check{}, err
	}
	return p.judged(r, named, m, nil)
}

// judged plans a rule whose metric has to meet the rule's condition. more are metrics that are told besides.
func (p *plan) judged(r dqdl.Rule, named string, m metric, more map[string]metric) (check, error) {
	limits, err := p.constants(r.Condition, named)
	if err != nil {
		return check{}, err
	}
	return check{judge: func() Outcome {
		out := told(more)
		v, err := m()
		if err != nil {
			return unmeasured(out, err)
		}
		out.Metrics[named] = v
		if out.Result = Pass; !holds(v, r.Condition.Comparison, limits) {
			out.Result, out.Message = Fail, unmet(v)
		}
		return out
	}}, nil
}

// told are the metrics that could be measured.
func told(list map[string]metric) Outcome {
	out := Outcome{Metrics: map[string]float64{}}
	for k, m := range list {
		if v, err := m(); err == nil {
			out.Metrics[k] = v
		}
	}
	return out
}

func unmeasured(o Outcome, err error) Outcome {
	o.Result, o.Message = Error, err.Error()
	if errors.Is(err, errNothing) {
		o.Result, o.Message = Fail, "Empty state: there are no values that could be measured!"
	}
	return o
}

// compliance plans a rule that all rows, or as many as threshold asks for, have to pass. Its metric is their fraction.
func (p *plan) compliance(named, row, where string, threshold func(float64) bool) check {
	total := p.scan("count(*)", where)
	both := "(" + row + ")"
	if where != "" {
		both += " AND " + where
	}
	passed := p.scan("count(*)", both)
	if threshold == nil {
		threshold = func(v float64) bool { return v == 1 }
	}
	return check{row: row, where: where, judge: func() Outcome {
		out := Outcome{Metrics: map[string]float64{}}
		n, err := total.number()
		if err != nil {
			return unmeasured(out, err)
		}
		ok, err := passed.number()
		if err != nil {
			return unmeasured(out, err)
		}
		v := 1.0 // of no rows, all pass
		if n > 0 {
			v = ok / n
		}
		out.Metrics[named] = v
		if out.Result = Pass; !threshold(v) {
			out.Result, out.Message = Fail, unmet(v)
		}
		return out
	}}
}

// threshold is the condition on the fraction of rows that pass; nil: all of them.
func (p *plan) threshold(r dqdl.Rule, named string) (func(float64) bool, error) {
	if r.Threshold == nil {
		return nil, nil
	}
	limits, err := p.constants(r.Threshold, named)
	return func(v float64) bool { return holds(v, r.Threshold.Comparison, limits) }, err
}

// also adds metrics to a check's outcome.
func (c check) also(more map[string]metric) check {
	judge := c.judge
	c.judge = func() Outcome {
		out := judge()
		maps.Copy(out.Metrics, told(more).Metrics)
		return out
	}
	return c
}

func (p *plan) columnExists(column string) check {
	if _, err := p.column(Primary, column); err != nil {
		return failed(Fail, err.Error())
	}
	return failed(Pass, "")
}

func (p *plan) columnNames(pattern string) (check, error) {
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	if err != nil {
		return check{}, err
	}
	n, unmatched := 0, ""
	for _, c := range p.in.Tables[Primary] {
		if re.MatchString(c.Name) {
			n++
		} else {
			unmatched += " " + c.Name
		}
	}
	out := Outcome{Result: Pass, Metrics: map[string]float64{}}
	if all := len(p.in.Tables[Primary]); all > 0 {
		out.Metrics["Dataset.*.ColumnNamesPatternMatchRatio"] = float64(n) / float64(all)
	}
	if unmatched != "" {
		out.Result, out.Message = Fail, "Columns that do not match the pattern:"+unmatched
	}
	return check{judge: func() Outcome { return out }}, nil
}

func (p *plan) isComplete(column, where string) (check, error) {
	c, err := p.column(Primary, column)
	if err != nil {
		return check{}, err
	}
	return p.compliance("Column."+column+".Completeness", name(c.Name)+" IS NOT NULL", where, nil), nil
}

// isUnique plans IsUnique and IsPrimaryKey, of which the latter asks that no value is missing, too.
func (p *plan) isUnique(r dqdl.Rule, where string) (check, error) {
	named, unique, err := p.measure("Uniqueness", r.Parameters, where)
	if err != nil {
		return check{}, err
	}
	asked, order := map[string]metric{named: unique}, []string{named}
	if r.Type == "IsPrimaryKey" {
		for _, column := range r.Parameters {
			k, m, err := p.measure("Completeness", []string{column}, where)
			if err != nil {
				return check{}, err
			}
			asked[k], order = m, append(order, k)
		}
	}
	return check{judge: func() Outcome {
		out := told(asked)
		out.Result = Pass
		for _, k := range order {
			v, err := asked[k]()
			if err != nil {
				return unmeasured(out, err)
			}
			if v != 1 {
				out.Result, out.Message = Fail, unmet(v)
				return out
			}
		}
		return out
	}}, nil
}
