package dqdl

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Comparison is how a condition compares.
type Comparison string

// The comparisons.
const (
	Equal        Comparison = "="
	Unequal      Comparison = "!="
	Greater      Comparison = ">"
	GreaterEqual Comparison = ">="
	Less         Comparison = "<"
	LessEqual    Comparison = "<="
	Between      Comparison = "between" // without the bounds
	NotBetween   Comparison = "not between"
	In           Comparison = "in"
	NotIn        Comparison = "not in"
	Matches      Comparison = "matches"
	NotMatches   Comparison = "not matches"
)

// Kind is what a condition is about.
type Kind string

// The kinds. A string may also be a date or a time of day: the column decides.
const (
	Numbers   Kind = "number"
	Strings   Kind = "string"
	Dates     Kind = "date"
	Durations Kind = "duration"
	Sizes     Kind = "size"
	Keywords  Kind = "keyword" // of a value: NULL, EMPTY and WHITESPACES_ONLY; of a condition: nothing but these
)

// The keywords.
const (
	Null            = "NULL"
	Empty           = "EMPTY"
	WhitespacesOnly = "WHITESPACES_ONLY"
)

// Condition is what has to hold for a value.
type Condition struct {
	Comparison Comparison
	Kind       Kind
	Values     []Value // one, or two of Between, or any number of In
}

// Value is an operand.
type Value struct {
	Kind   Kind
	Text   string        // Strings, and the name of Keywords
	Number Number        // Numbers
	Span   time.Duration // Durations; of Dates, the distance from now
	Bytes  float64       // Sizes
	amount string        // as it was written, of Durations, Sizes and Dates
}

// String writes the condition.
func (c Condition) String() string {
	list := make([]string, len(c.Values))
	for i, v := range c.Values {
		list[i] = v.String()
	}
	switch c.Comparison {
	case In, NotIn:
		return string(c.Comparison) + " [" + strings.Join(list, ", ") + "]"
	}
	return string(c.Comparison) + " " + strings.Join(list, " and ")
}

// String writes the value.
func (v Value) String() string {
	switch v.Kind {
	case Strings:
		return quote(v.Text)
	case Keywords:
		return v.Text
	case Numbers:
		return v.Number.String()
	}
	return v.amount
}

// Number is an arithmetic expression: a constant when Func and Args are empty, a call, or Args[0] Func Args[1].
type Number struct {
	Func  string // function's name, or one of + - * /
	Args  []Number
	Value float64
	text  string
}

func (n Number) operator() bool { return n.Func != "" && strings.Contains("+-*/", n.Func) }

// String writes the expression.
func (n Number) String() string {
	list := make([]string, len(n.Args))
	for i, a := range n.Args {
		list[i] = a.String()
		if n.operator() && a.operator() {
			list[i] = "(" + list[i] + ")"
		}
	}
	switch {
	case n.operator():
		return list[0] + " " + n.Func + " " + list[1]
	case n.Func != "":
		return n.Func + "(" + strings.Join(list, ", ") + ")"
	case n.text != "":
		return n.text
	}
	return strconv.FormatFloat(n.Value, 'f', -1, 64)
}

// last is how many earlier measurements the expression asks for at most.
func (n Number) last() int {
	most := 0
	if n.Func == "last" {
		if most = 1; len(n.Args) > 0 {
			most = int(n.Args[0].Value)
		}
	}
	for _, a := range n.Args {
		most = max(most, a.last())
	}
	return most
}

// parseSpan reads an amount of a unit.
func parseSpan(amount, unit string) (time.Duration, bool) {
	units := map[string]time.Duration{"days": 24 * time.Hour, "hours": time.Hour, "minutes": time.Minute}
	n, err := strconv.ParseFloat(amount, 64)
	d := n * float64(units[unit])
	return time.Duration(d), err == nil && d < float64(1<<62)
}

func parseSize(amount, unit string) (float64, bool) {
	n, err := strconv.ParseFloat(amount, 64)
	for _, u := range []string{"B", "KB", "MB", "GB", "TB"} {
		if u == unit {
			return n, err == nil
		}
		n *= 1024
	}
	return 0, false
}

func isSpan(unit string) bool { return unit == "days" || unit == "hours" || unit == "minutes" }

func isSize(unit string) bool {
	return unit == "B" || unit == "KB" || unit == "MB" || unit == "GB" || unit == "TB"
}

// kindOf is the kind that values have together.
func kindOf(list []Value) (Kind, error) {
	k := Keywords
	for _, v := range list {
		switch {
		case v.Kind == Keywords || v.Kind == k:
		case k == Keywords:
			k = v.Kind
		case k == Strings && v.Kind == Dates, k == Dates && v.Kind == Strings:
			k = Dates
		default:
			return k, fmt.Errorf("a %s cannot be compared together with a %s", v.Kind, k)
		}
	}
	return k, nil
}
