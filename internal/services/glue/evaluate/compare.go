package evaluate

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/glue/dqdl"
)

// customSQL plans a statement of the rule's own: one that answers a number or, without a condition, the rows that pass.
func (p *plan) customSQL(r dqdl.Rule) (check, error) {
	sql := strings.TrimRight(strings.TrimSpace(r.Parameters[0]), ";")
	if r.Condition != nil {
		return p.judged(r, "Dataset.*.CustomSQL", p.query(sql, 1)[0].number, nil)
	}
	named := "Dataset.*.CustomSQL.Compliance"
	threshold, err := p.threshold(r, named)
	if err != nil {
		return check{}, err
	}
	if threshold == nil {
		threshold = func(v float64) bool { return v == 1 }
	}
	// On lines of its own: the statement may end in a comment.
	passed, all := p.query("SELECT count(*) FROM (\n"+sql+"\n) AS q", 1)[0], p.scan("count(*)", "")
	return check{judge: func() Outcome {
		out := Outcome{Metrics: map[string]float64{}}
		v, err := ratio(passed, all)()
		if err != nil {
			return unmeasured(out, err)
		}
		out.Metrics[named] = v
		if out.Result = Pass; !threshold(v) {
			out.Result, out.Message = Fail, unmet(v)
		}
		return out
	}}, nil
}

// comparison plans a rule that compares the table with another.
func (p *plan) comparison(r dqdl.Rule) (check, error) {
	alias := r.Parameters[0]
	switch r.Type {
	case "AggregateMatch":
		return p.aggregateMatch(r)
	case "ReferentialIntegrity":
		return p.referentialIntegrity(r)
	}
	if _, ok := p.in.Tables[alias]; !ok {
		return check{}, unknown(alias)
	}
	named := "Dataset." + alias + "." + r.Type
	switch r.Type {
	case "RowCountMatch":
		other := p.query("SELECT count(*) FROM "+name(alias), 1)[0]
		return p.judged(r, named, ratio(p.scan("count(*)", ""), other), nil)
	case "SchemaMatch":
		n, all := 0, p.in.Tables[Primary]
		for _, c := range all {
			if o, err := p.column(alias, c.Name); err == nil && fold(o.Type) == fold(c.Type) {
				n++
			}
		}
		all = append(all[:len(all):len(all)], p.in.Tables[alias]...)
		most := max(len(p.in.Tables[Primary]), len(all)-len(p.in.Tables[Primary]), 1)
		return p.judged(r, named, func() (float64, error) { return float64(n) / float64(most), nil }, nil)
	}
	return p.datasetMatch(r, named)
}

func unknown(alias string) error { return fmt.Errorf("no data source is named %s", alias) }

// split reads the names in "a, b" or "{a, b}".
func split(s string) []string {
	list := strings.Split(strings.TrimSuffix(strings.TrimPrefix(s, "{"), "}"), ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// pairs finds columns of the table and those of another that belong to them.
func (p *plan) pairs(alias string, own, others []string) (left, right []string, err error) {
	if len(own) != len(others) {
		return nil, nil, fmt.Errorf("there are %d columns on one side and %d on the other", len(own), len(others))
	}
	for i := range own {
		a, err := p.column(Primary, own[i])
		if err != nil {
			return nil, nil, err
		}
		b, err := p.column(alias, others[i])
		if err != nil {
			return nil, nil, err
		}
		left, right = append(left, asText(a)), append(right, asText(b))
	}
	return left, right, nil
}

// matching counts rows of the table whose values are in another table, and all rows.
func (p *plan) matching(alias string, left, right []string) metric {
	own, others, on := make([]string, len(left)), make([]string, len(right)), make([]string, len(left))
	for i := range left {
		own[i], others[i] = fmt.Sprintf("%s AS k%d", left[i], i), fmt.Sprintf("%s AS k%d", right[i], i)
		on[i] = fmt.Sprintf("p.k%d = r.k%d", i, i)
	}
	slots := p.query("SELECT count(r.m), count(*) FROM (SELECT "+strings.Join(own, ", ")+" FROM "+name(Primary)+
		") AS p LEFT JOIN (SELECT DISTINCT "+strings.Join(others, ", ")+", 1 AS m FROM "+name(alias)+") AS r ON "+strings.Join(on, " AND "), 2)
	return ratio(slots[0], slots[1])
}

func (p *plan) referentialIntegrity(r dqdl.Rule) (check, error) {
	alias, columns, ok := strings.Cut(r.Parameters[1], ".")
	if _, known := p.in.Tables[alias]; !ok || !known {
		return check{}, unknown(alias)
	}
	left, right, err := p.pairs(alias, split(r.Parameters[0]), split(columns))
	if err != nil {
		return check{}, err
	}
	return p.judged(r, "Column."+alias+".ReferentialIntegrity", p.matching(alias, left, right), nil)
}

// datasetMatch plans that rows are in another table with the same values: of the mapped columns, or of all that both have.
func (p *plan) datasetMatch(r dqdl.Rule, named string) (check, error) {
	alias := r.Parameters[0]
	var own, others []string
	for _, list := range r.Parameters[1:] {
		for _, m := range split(list) {
			a, b, ok := strings.Cut(m, "->")
			if !ok {
				b = a
			}
			own, others = append(own, strings.TrimSpace(a)), append(others, strings.TrimSpace(b))
		}
	}
	if len(r.Parameters) == 2 {
		for _, c := range p.in.Tables[Primary] {
			if _, err := p.column(alias, c.Name); err == nil {
				own, others = append(own, c.Name), append(others, c.Name)
			}
		}
	}
	left, right, err := p.pairs(alias, own, others)
	if err != nil {
		return check{}, err
	}
	return p.judged(r, named, p.matching(alias, left, right), nil)
}

var aggregate = regexp.MustCompile(`^(?i:(sum|avg))\(\s*(?:([A-Za-z0-9_-]+)\.)?([^().]+?)\s*\)$`)

// aggregateMatch plans that two sums or means are about equal.
func (p *plan) aggregateMatch(r dqdl.Rule) (check, error) {
	var slots [2]*slot
	var columns [2]string
	for i, e := range r.Parameters {
		m := aggregate.FindStringSubmatch(e)
		if m == nil {
			return check{}, fmt.Errorf("%s is not an aggregate: it has to be sum(column) or avg(column)", e)
		}
		alias := m[2]
		if alias == "" {
			alias = Primary
		}
		if _, ok := p.in.Tables[alias]; !ok {
			return check{}, unknown(alias)
		}
		c, err := p.column(alias, m[3])
		if err != nil {
			return check{}, err
		}
		if !numeric(c.Type) {
			return check{}, fmt.Errorf("Expected type of column %s to be a number, but found %s instead!", m[3], c.Type)
		}
		sql := fold(m[1]) + "(CAST(" + name(c.Name) + " AS double))"
		if columns[i] = m[3]; alias == Primary {
			slots[i] = p.scan(sql, "")
		} else {
			slots[i] = p.query("SELECT "+sql+" FROM "+name(alias), 1)[0]
		}
	}
	of := columns[0]
	if columns[0] != columns[1] {
		of += "," + columns[1]
	}
	return p.judged(r, "Column."+of+".AggregateMatch", ratio(slots[0], slots[1]), nil)
}
