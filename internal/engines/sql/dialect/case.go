package dialect

import "strings"

// Case is an expression or statement of Trino's and what comes of it: rows as text, fields by "|", rows by newline, NULL as
// <null>; or the text of an error. Tests run all; the list of what is not supported is written from those that have Why.
type Case struct {
	Group string
	SQL   string
	Want  string
	Why   string // why it is not supported, "" when it is
}

// Statement is the case as a statement.
func (c Case) Statement() string {
	for _, w := range []string{"SELECT ", "WITH ", "VALUES ", "TABLE ", "(SELECT"} {
		if strings.HasPrefix(c.SQL, w) {
			return c.SQL
		}
	}
	return "SELECT " + c.SQL
}

// Cases are all cases, in the order of the documentation.
func Cases() []Case {
	var out []Case
	for _, g := range []struct {
		name  string
		cases [][2]string
	}{
		{"Numbers", numberCases}, {"Text", textCases}, {"Regular expressions", regexpCases}, {"Dates and times", timeCases},
		{"Casts", castCases}, {"Arrays", arrayCases}, {"Maps and rows", mapCases}, {"JSON", jsonCases},
		{"Bytes and URLs", bytesCases}, {"Conditions", conditionCases}, {"Aggregates", aggregateCases}, {"Windows", windowCases},
		{"Queries", queryCases}, {"Names and syntax", syntaxCases},
	} {
		for _, c := range g.cases {
			out = append(out, Case{Group: g.name, SQL: c[0], Want: c[1]})
		}
	}
	for _, c := range unsupportedCases {
		out = append(out, Case{Group: "Not supported", SQL: c[0], Want: c[1], Why: c[2]})
	}
	return out
}
