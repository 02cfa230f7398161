package dqdl

import "slices"

// form is what rules of a type look like.
type form struct {
	least, most int    // parameters; most < 0: any number
	kinds       []Kind // of the condition; none: the rule has no condition
	optional    bool   // the condition may be left out
	where       bool
	threshold   bool
	analyzer    bool // may also be an analyzer
	only        bool // is an analyzer and no rule
}

var numeric = []Kind{Numbers}

// forms are all rule types.
// Source: https://docs.aws.amazon.com/glue/latest/dg/dqdl-rule-types.html
func formOf(name string) (form, bool) {
	one := form{least: 1, most: 1, kinds: numeric, where: true, analyzer: true}
	switch name {
	case "RowCount":
		return form{kinds: numeric, where: true, analyzer: true}, true
	case "ColumnCount":
		return form{kinds: numeric, analyzer: true}, true
	case "Completeness", "Mean", "Sum", "StandardDeviation", "Variance", "Entropy", "DistinctValuesCount", "UniqueValueRatio", "ColumnLength":
		return one, true
	case "Uniqueness":
		one.most = -1
		return one, true
	case "IsComplete":
		return form{least: 1, most: 1, where: true}, true
	case "IsUnique", "IsPrimaryKey":
		return form{least: 1, most: -1, where: true}, true
	case "ColumnCorrelation":
		return form{least: 2, most: 2, kinds: numeric, where: true, analyzer: true}, true
	case "ColumnValues":
		return form{least: 1, most: 1, kinds: []Kind{Strings, Numbers, Dates}, where: true, threshold: true, analyzer: true}, true
	case "ColumnDataType":
		return form{least: 1, most: 1, kinds: []Kind{Strings}, where: true, threshold: true}, true
	case "ColumnExists", "ColumnNamesMatchPattern":
		return form{least: 1, most: 1}, true
	case "DataFreshness":
		return form{least: 1, most: 1, kinds: []Kind{Durations}, where: true}, true
	case "CustomSql":
		return form{least: 1, most: 1, kinds: numeric, optional: true, threshold: true}, true
	case "RowCountMatch", "SchemaMatch":
		return form{least: 1, most: 1, kinds: numeric}, true
	case "ReferentialIntegrity", "AggregateMatch":
		return form{least: 2, most: 2, kinds: numeric}, true
	case "DatasetMatch":
		return form{least: 2, most: 3, kinds: numeric}, true
	case "AllStatistics":
		return form{least: 1, most: 1, analyzer: true, only: true}, true
	case "DetectAnomalies":
		return form{least: 1, most: -1}, true
	case "FileFreshness":
		return form{most: 1, kinds: []Kind{Dates, Durations, Strings}, threshold: true}, true
	case "FileSize":
		return form{most: 1, kinds: []Kind{Sizes}, threshold: true}, true
	case "FileUniqueness":
		return form{most: 1, kinds: numeric}, true
	case "FileMatch":
		return form{most: 2, kinds: []Kind{Strings}, optional: true}, true
	}
	return form{}, false
}

// check tells what is wrong with a single rule.
func (r Rule) check() error {
	f, ok := formOf(r.Type)
	switch {
	case !ok:
		return wrong(r.At, "%s is no rule type", r.Type)
	case f.only:
		return wrong(r.At, "%s is an analyzer, not a rule", r.Type)
	}
	if err := f.parameters(r.At, r.Type, len(r.Parameters)); err != nil {
		return err
	}
	switch {
	case r.Condition == nil && len(f.kinds) > 0 && !f.optional:
		return wrong(r.At, "%s needs a condition", r.Type)
	case r.Condition != nil && len(f.kinds) == 0:
		return wrong(r.At, "%s takes no condition", r.Type)
	case r.Where != "" && !f.where:
		return wrong(r.At, "%s takes no where clause", r.Type)
	case r.Threshold != nil && !f.threshold:
		return wrong(r.At, "%s takes no threshold", r.Type)
	}
	if c := r.Condition; c != nil && !slices.Contains(f.kinds, c.Kind) && !(c.Kind == Keywords && r.Type == "ColumnValues") {
		return wrong(r.At, "the condition of %s cannot be about a %s", r.Type, c.Kind)
	}
	return nil
}

func (f form) parameters(at Position, name string, n int) error {
	switch {
	case n < f.least && f.most < 0:
		return wrong(at, "%s needs at least %d parameters", name, f.least)
	case n < f.least || f.most >= 0 && n > f.most:
		return wrong(at, "%s has an unexpected number of parameters: %d", name, n)
	}
	return nil
}

func (a Analyzer) check() error {
	f, ok := formOf(a.Type)
	if !ok || !f.analyzer {
		return wrong(a.At, "%s is no analyzer", a.Type)
	}
	return f.parameters(a.At, a.Type, len(a.Parameters))
}
