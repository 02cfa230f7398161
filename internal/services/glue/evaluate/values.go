package evaluate

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/services/glue/dqdl"
)

// columnValues plans a condition on each value of a column. NULL passes conditions that are negated, and no others.
func (p *plan) columnValues(r dqdl.Rule, where string) (check, error) {
	c, err := p.column(Primary, r.Parameters[0])
	if err != nil {
		return check{}, err
	}
	named := "Column." + r.Parameters[0] + ".ColumnValues.Compliance"
	row, err := p.compare(c, r.Condition, "Column."+r.Parameters[0]+".Maximum")
	if err != nil {
		return check{}, err
	}
	threshold, err := p.threshold(r, named)
	if err != nil {
		return check{}, err
	}
	out := p.compliance(named, row, where, threshold)
	if !numeric(c.Type) {
		return out, nil
	}
	more := map[string]metric{}
	for _, kind := range []string{"Minimum", "Maximum"} {
		k, m, err := p.measure(kind, r.Parameters, where)
		if err != nil {
			return check{}, err
		}
		more[k] = m
	}
	return out.also(more), nil
}

// compare is the condition that a column's value meets dqdl's condition.
func (p *plan) compare(c Column, cond *dqdl.Condition, history string) (string, error) {
	negated := cond.Comparison == dqdl.Unequal || cond.Comparison == dqdl.NotIn || cond.Comparison == dqdl.NotBetween || cond.Comparison == dqdl.NotMatches
	if cond.Comparison == dqdl.Matches || cond.Comparison == dqdl.NotMatches {
		pattern := cond.Values[0].Text
		if _, err := regexp.Compile(pattern); err != nil {
			return "", fmt.Errorf("the pattern cannot be read: %w", err)
		}
		return total("regexp_like("+asText(c)+", "+text("^(?:"+pattern+")$")+")", negated), nil
	}
	var values, words []string
	value, null := "", false
	for _, v := range cond.Values {
		if v.Kind == dqdl.Keywords {
			switch v.Text {
			case dqdl.Null:
				null = true
			case dqdl.Empty:
				words = append(words, asText(c)+" = ''")
			default:
				words = append(words, "regexp_like("+asText(c)+", '^\\s+$')")
			}
			continue
		}
		of, constant, err := p.operand(c, cond.Kind, v, history)
		if err != nil {
			return "", err
		}
		value, values = of, append(values, constant)
	}
	switch cond.Comparison {
	case dqdl.Between, dqdl.NotBetween:
		if len(values) != 2 {
			return "", errors.New("between needs two values")
		}
		words = append(words, value+" > "+values[0]+" AND "+value+" < "+values[1])
	case dqdl.In, dqdl.NotIn, dqdl.Equal, dqdl.Unequal:
		if len(values) > 0 {
			words = append(words, value+" IN ("+strings.Join(values, ", ")+")")
		}
	default:
		if len(values) != 1 {
			return "", fmt.Errorf("%s needs a value", cond.Comparison)
		}
		words = append(words, value+" "+string(cond.Comparison)+" "+values[0])
	}
	in := ""
	if len(words) > 0 {
		in = "coalesce((" + strings.Join(words, ") OR (") + "), false)"
	}
	if null {
		if in != "" {
			in = " OR " + in
		}
		in = "(" + name(c.Name) + " IS NULL" + in + ")"
	}
	if negated {
		in = "NOT " + in
	}
	return in, nil
}

// total is a condition that is never NULL.
func total(condition string, negated bool) string {
	condition = "coalesce(" + condition + ", false)"
	if negated {
		return "NOT " + condition
	}
	return condition
}

// operand gives the SQL of a column's value and of what it is compared with.
func (p *plan) operand(c Column, kind dqdl.Kind, v dqdl.Value, history string) (value, constant string, err error) {
	switch v.Kind {
	case dqdl.Numbers:
		n, err := p.compute(v.Number, history)
		constant = "CAST(" + text(strconv.FormatFloat(n, 'g', -1, 64)) + " AS double)"
		switch {
		case numeric(c.Type):
			return "CAST(" + name(c.Name) + " AS double)", constant, err
		case textual(c.Type):
			return "TRY_CAST(" + name(c.Name) + " AS double)", constant, err
		}
		return "", "", fmt.Errorf("column %s of type %s cannot be compared with a number", c.Name, c.Type)
	case dqdl.Dates:
		return p.moment(c, p.in.Now.Add(v.Span))
	}
	if at, ok := dqdl.ParseTime(v.Text); ok && (kind == dqdl.Dates || temporal(c.Type)) {
		return p.moment(c, at)
	}
	for _, layout := range []string{"3:04 PM", "15:04"} {
		if at, err := time.Parse(layout, v.Text); err == nil && (temporal(c.Type) || strings.HasPrefix(base(c.Type), "time")) {
			return "CAST(" + name(c.Name) + " AS time)", "TIME '" + at.Format(time.TimeOnly) + "'", nil
		}
	}
	return asText(c), text(v.Text), nil
}

// moment compares a column as a point in time.
func (p *plan) moment(c Column, at time.Time) (value, constant string, err error) {
	constant = "TIMESTAMP '" + at.UTC().Format("2006-01-02 15:04:05.000") + "'"
	switch {
	case temporal(c.Type):
		return "CAST(" + name(c.Name) + " AS timestamp)", constant, nil
	case textual(c.Type):
		return "TRY_CAST(" + name(c.Name) + " AS timestamp)", constant, nil
	}
	return "", "", fmt.Errorf("column %s of type %s cannot be compared with a date", c.Name, c.Type)
}

// columnLength plans a condition on the length of each value. NULL has no characters.
func (p *plan) columnLength(r dqdl.Rule, where string) (check, error) {
	c, err := p.column(Primary, r.Parameters[0])
	if err != nil {
		return check{}, err
	}
	more := map[string]metric{}
	for _, kind := range []string{"MinimumLength", "MaximumLength"} {
		k, m, err := p.measure(kind, r.Parameters, where)
		if err != nil {
			return check{}, err
		}
		more[k] = m
	}
	longest := "Column." + r.Parameters[0] + ".MaximumLength"
	limits, err := p.constants(r.Condition, longest)
	if err != nil {
		return check{}, err
	}
	list := make([]string, len(limits))
	for i, n := range limits {
		list[i] = strconv.FormatFloat(n, 'f', -1, 64)
	}
	value := "coalesce(length(" + asText(c) + "), 0)"
	row := value + " " + string(r.Condition.Comparison) + " " + list[0]
	switch r.Condition.Comparison {
	case dqdl.Between:
		row = value + " > " + list[0] + " AND " + value + " < " + list[1]
	case dqdl.NotBetween:
		row = value + " <= " + list[0] + " OR " + value + " >= " + list[1]
	case dqdl.In:
		row = value + " IN (" + strings.Join(list, ", ") + ")"
	case dqdl.NotIn:
		row = value + " NOT IN (" + strings.Join(list, ", ") + ")"
	}
	out := p.compliance("Column."+r.Parameters[0]+".ColumnLength.Compliance", row, where, nil).also(more)
	judge := out.judge
	out.judge = func() Outcome { // the lengths are told, not how many rows have them
		o := judge()
		delete(o.Metrics, "Column."+r.Parameters[0]+".ColumnLength.Compliance")
		if o.Result == Fail {
			v := o.Metrics["Column."+r.Parameters[0]+".MinimumLength"]
			if most, ok := o.Metrics[longest]; ok && !holds(most, r.Condition.Comparison, limits) {
				v = most
			}
			o.Message = unmet(v)
		}
		return o
	}
	return out, nil
}

// dataTypes are the types that ColumnDataType knows.
// Source: https://docs.aws.amazon.com/glue/latest/dg/dqdl-rule-types-ColumnDataType.html
var dataTypes = map[string]string{"boolean": "boolean", "date": "date", "timestamp": "timestamp", "integer": "integer", "int": "integer",
	"long": "bigint", "double": "double", "float": "real", "string": "varchar"}

// columnDataType plans that values can be taken as one of some types.
func (p *plan) columnDataType(r dqdl.Rule, where string) (check, error) {
	c, err := p.column(Primary, r.Parameters[0])
	if err != nil {
		return check{}, err
	}
	row := ""
	for _, v := range r.Condition.Values {
		t, ok := dataTypes[fold(v.Text)]
		if !ok {
			return check{}, fmt.Errorf("%s is not a data type", v)
		}
		if row != "" {
			row += " OR "
		}
		row += "TRY_CAST(" + asText(c) + " AS " + t + ") IS NOT NULL"
	}
	switch r.Condition.Comparison {
	case dqdl.Equal, dqdl.In:
		row = name(c.Name) + " IS NULL OR " + row
	case dqdl.Unequal, dqdl.NotIn:
		row = "NOT (" + row + ")"
	default:
		return check{}, fmt.Errorf("a data type cannot be compared by %s", r.Condition.Comparison)
	}
	named := "Column." + r.Parameters[0] + ".ColumnDataType.Compliance"
	threshold, err := p.threshold(r, named)
	return p.compliance(named, row, where, threshold), err
}

// dataFreshness plans that each value is as old as the condition says.
func (p *plan) dataFreshness(r dqdl.Rule, where string) (check, error) {
	c, err := p.column(Primary, r.Parameters[0])
	if err != nil {
		return check{}, err
	}
	list := make([]string, len(r.Condition.Values))
	value := ""
	for i, v := range r.Condition.Values {
		if v.Kind != dqdl.Durations {
			return check{}, fmt.Errorf("%s is not a duration", v)
		}
		if value, list[i], err = p.moment(c, p.in.Now.Add(-v.Span)); err != nil {
			return check{}, err
		}
	}
	// What is older lies before: all is turned round.
	row := ""
	switch r.Condition.Comparison {
	case dqdl.Greater:
		row = value + " < " + list[0]
	case dqdl.GreaterEqual:
		row = value + " <= " + list[0]
	case dqdl.Less:
		row = value + " > " + list[0]
	case dqdl.LessEqual:
		row = value + " >= " + list[0]
	case dqdl.Between:
		row = value + " < " + list[0] + " AND " + value + " > " + list[1]
	case dqdl.NotBetween:
		row = value + " >= " + list[0] + " OR " + value + " <= " + list[1]
	case dqdl.Equal, dqdl.In:
		row = value + " IN (" + strings.Join(list, ", ") + ")"
	default:
		row = value + " NOT IN (" + strings.Join(list, ", ") + ")"
	}
	return p.compliance("Column."+r.Parameters[0]+".DataFreshness.Compliance", total(row, false), where, nil), nil
}
