package evaluate

import (
	"errors"
	"math"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/glue/dqdl"
)

// measure plans one of the metrics that rules and analyzers have in common, and gives its name.
func (p *plan) measure(kind string, parameters []string, where string) (string, metric, error) {
	columns := make([]Column, len(parameters))
	for i, c := range parameters {
		var err error
		if columns[i], err = p.column(Primary, c); err != nil {
			return "", nil, err
		}
	}
	named := "Column." + strings.Join(parameters, ",") + "." + kind
	switch {
	case len(parameters) == 0:
		named = "Dataset.*." + kind
	case len(parameters) > 1:
		named = "Multicolumn." + strings.Join(parameters, ",") + "." + kind
	}
	total := func() *slot { return p.scan("count(*)", where) }
	switch kind {
	case "RowCount":
		return named, total().number, nil
	case "ColumnCount":
		n := float64(len(p.in.Tables[Primary]))
		return named, func() (float64, error) { return n, nil }, nil
	case "Completeness":
		return named, ratio(p.scan("count("+name(columns[0].Name)+")", where), total()), nil
	case "Uniqueness", "UniqueValueRatio", "DistinctValuesCount", "Entropy":
		return named, p.frequency(kind, columns, where), nil
	case "MinimumLength":
		return named, p.scan("min(coalesce(length("+asText(columns[0])+"), 0))", where).number, nil
	case "MaximumLength":
		return named, p.scan("max(coalesce(length("+asText(columns[0])+"), 0))", where).number, nil
	}
	numbers := make([]string, len(columns))
	for i, c := range columns {
		if !numeric(c.Type) {
			return "", nil, errors.New("Expected type of column " + parameters[i] + " to be a number, but found " + c.Type + " instead!")
		}
		numbers[i] = "CAST(" + name(c.Name) + " AS double)"
	}
	f := map[string]string{"Mean": "avg", "Sum": "sum", "StandardDeviation": "stddev_pop", "Variance": "var_pop", "Minimum": "min",
		"Maximum": "max", "ColumnCorrelation": "corr"}[kind]
	if f == "" {
		return "", nil, errors.New("The rule type " + kind + " is not supported by Atelier.")
	}
	return named, p.scan(f+"("+strings.Join(numbers, ", ")+")", where).number, nil
}

// frequency plans a metric of how often values are there. All those of the same columns come from one grouping.
func (p *plan) frequency(kind string, columns []Column, where string) metric {
	list := make([]string, len(columns))
	some := ""
	for i, c := range columns {
		list[i] = name(c.Name)
		if i > 0 {
			some += " OR "
		}
		some += list[i] + " IS NOT NULL"
	}
	if where != "" {
		where = " AND " + where
	}
	slots := p.query("SELECT count(*), count(*) FILTER (WHERE n = 1), sum(n), sum(n * ln(n)) FROM (SELECT CAST(count(*) AS double) AS n FROM "+
		name(Primary)+" WHERE ("+some+")"+where+" GROUP BY "+strings.Join(list, ", ")+") AS g", 4)
	distinct, unique, total, weighted := slots[0], slots[1], slots[2], slots[3]
	switch kind {
	case "DistinctValuesCount":
		return distinct.number
	case "UniqueValueRatio":
		return ratio(unique, distinct)
	case "Entropy":
		return func() (float64, error) {
			t, err := total.number()
			if err != nil {
				return 0, err
			}
			w, err := weighted.number()
			return math.Log(t) - w/t, err
		}
	}
	return ratio(unique, total)
}

// analyzer plans an analyzer.
func (p *plan) analyzer(a dqdl.Analyzer) check {
	kinds := []string{a.Type}
	switch a.Type {
	case "ColumnValues":
		kinds = []string{"Minimum", "Maximum"}
	case "ColumnLength":
		kinds = []string{"MinimumLength", "MaximumLength"}
	case "AllStatistics":
		kinds = []string{"Completeness", "Uniqueness"}
		if c, err := p.column(Primary, a.Parameters[0]); err == nil && numeric(c.Type) {
			kinds = append(kinds, "Minimum", "Maximum", "Mean", "StandardDeviation", "Sum")
		} else {
			kinds = append(kinds, "MinimumLength", "MaximumLength")
		}
	}
	asked := map[string]metric{}
	for _, k := range kinds {
		named, m, err := p.measure(k, a.Parameters, "")
		if err != nil {
			return failed("", err.Error())
		}
		asked[named] = m
	}
	if a.Type == "AllStatistics" {
		if named, m, err := p.measure("RowCount", nil, ""); err == nil {
			asked[named] = m
		}
	}
	return check{judge: func() Outcome {
		out := told(asked)
		for _, m := range asked {
			if _, err := m(); err != nil && out.Message == "" {
				out.Message = unmeasured(out, err).Message
			}
		}
		return out
	}}
}

// base is the name of a type without its parameters.
func base(t string) string {
	t, _, _ = strings.Cut(fold(t), "(")
	return strings.TrimSpace(t)
}

func numeric(t string) bool {
	switch base(t) {
	case "tinyint", "smallint", "int", "integer", "bigint", "float", "real", "double", "decimal":
		return true
	}
	return false
}

func textual(t string) bool {
	switch base(t) {
	case "string", "varchar", "char":
		return true
	}
	return false
}

func temporal(t string) bool { return base(t) == "date" || strings.HasPrefix(base(t), "timestamp") }

// asText is a column's value as text.
func asText(c Column) string {
	if textual(c.Type) {
		return name(c.Name)
	}
	return "CAST(" + name(c.Name) + " AS varchar)"
}
