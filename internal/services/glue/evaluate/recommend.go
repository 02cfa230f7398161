package evaluate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/glue/dqdl"
)

const (
	// fewValues is how many values a column may have so that they are listed.
	fewValues = 10
	// mostColumns is how many columns are looked at.
	mostColumns = 500
)

// Recommend looks at the primary table and gives rules that hold for it and would tell when it changes much. in.Rules and
// in.History mean nothing.
func Recommend(ctx context.Context, in Input) ([]string, error) {
	var analyzers []dqdl.Analyzer
	columns := in.Tables[Primary]
	columns = columns[:min(len(columns), mostColumns)]
	of := func(kind string, c Column) {
		analyzers = append(analyzers, dqdl.Analyzer{Type: kind, Parameters: []string{c.Name}})
	}
	analyzers = append(analyzers, dqdl.Analyzer{Type: "RowCount"})
	for _, c := range columns {
		of("Completeness", c)
		if !scalar(c.Type) {
			continue
		}
		of("Uniqueness", c)
		of("DistinctValuesCount", c)
		switch {
		case numeric(c.Type):
			of("ColumnValues", c)
			of("StandardDeviation", c)
		case textual(c.Type):
			of("ColumnLength", c)
		}
	}
	in.Rules = dqdl.Ruleset{Analyzers: analyzers}
	report, err := Run(ctx, in)
	if err != nil {
		return nil, err
	}
	rows, ok := report.Metrics["Dataset.*.RowCount"]
	if !ok {
		return nil, fmt.Errorf("%s", report.Analyzers[0].Message)
	}
	if rows == 0 {
		return []string{`ColumnCount = ` + decimalShort(float64(len(in.Tables[Primary])))}, nil
	}
	rules := []string{fmt.Sprintf("RowCount between %.0f and %.0f", math.Floor(rows/2), math.Ceil(rows*1.5)+1)}
	for _, c := range columns {
		found, err := recommendFor(ctx, in, c, report.Metrics, rows)
		if err != nil {
			return nil, err
		}
		rules = append(rules, found...)
	}
	return rules, nil
}

func recommendFor(ctx context.Context, in Input, c Column, metrics map[string]float64, rows float64) (rules []string, err error) {
	add := func(kind, format string, args ...any) {
		rules = append(rules, (dqdl.Analyzer{Type: kind, Parameters: []string{c.Name}}).String()+fmt.Sprintf(format, args...))
	}
	of := func(kind string) (float64, bool) { v, ok := metrics["Column."+c.Name+"."+kind]; return v, ok }
	if complete, ok := of("Completeness"); ok {
		if complete == 1 {
			add("IsComplete", "")
		} else if complete > 0 {
			add("Completeness", " >= %s", decimalShort(math.Floor(complete*100)/100))
		}
	}
	distinct, counted := of("DistinctValuesCount")
	if unique, ok := of("Uniqueness"); ok && counted && rows > 1 {
		if unique == 1 {
			add("IsUnique", "")
		} else if unique > 0.95 {
			add("Uniqueness", " > 0.95")
		}
	}
	if counted && distinct > 0 && distinct <= fewValues && distinct*2 <= rows && textual(c.Type) {
		values, err := valuesOf(ctx, in, c)
		if err != nil {
			return nil, err
		}
		if values != "" {
			add("ColumnValues", " in [%s]", values)
		}
	}
	if low, ok := of("Minimum"); ok {
		high, _ := of("Maximum")
		add("ColumnValues", " >= %s", decimalShort(low))
		add("ColumnValues", " <= %s", decimalShort(high))
		if !complete(metrics, c) { // a condition on values doesn't let NULL pass
			rules = rules[:len(rules)-2]
		}
		if d, ok := of("StandardDeviation"); ok && d > 0 {
			add("StandardDeviation", " between %s and %s", decimalShort(d*0.95), decimalShort(d*1.05))
		}
	}
	if longest, ok := of("MaximumLength"); ok {
		add("ColumnLength", " <= %s", decimalShort(longest))
	}
	return rules, nil
}

func complete(metrics map[string]float64, c Column) bool {
	return metrics["Column."+c.Name+".Completeness"] == 1
}

// valuesOf lists the values of a column as a condition does, "" when there are too many or such that can't be written.
func valuesOf(ctx context.Context, in Input, c Column) (string, error) {
	rows, err := in.Query(ctx, "SELECT DISTINCT "+asText(c)+" FROM "+name(Primary)+fmt.Sprintf(" LIMIT %d", fewValues+2))
	if err != nil {
		return "", ctx.Err()
	}
	var list []string
	for _, r := range rows {
		switch v := r[0].(type) {
		case nil:
			list = append(list, dqdl.Null)
		case string:
			if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' }) || len(v) > 100 {
				return "", nil
			}
			list = append(list, dqdl.Value{Kind: dqdl.Strings, Text: v}.String())
		}
	}
	slices.Sort(list)
	if len(list) == 0 || len(list) > fewValues+1 {
		return "", nil
	}
	return strings.Join(list, ", "), nil
}

// Written is a ruleset of rules.
func Written(rules []string) string {
	return "Rules = [\n    " + strings.Join(rules, ",\n    ") + "\n]"
}

// scalar tells whether values of a type can be counted.
func scalar(t string) bool {
	return numeric(t) || textual(t) || temporal(t) || base(t) == "boolean"
}

// decimalShort writes a number with few digits, as rules have them.
func decimalShort(v float64) string {
	return strings.TrimSuffix(decimal(math.Round(v*1e4)/1e4), ".0")
}
