package sql

import "strings"

// Plan is how a statement would be run, as far as who asks may know: what operators there are, without estimates, conditions
// and places, and what of which tables the statement names.
type Plan struct {
	Root    Operator
	Columns []ResultColumn // of the result; nil when the engine doesn't say
	Inputs  []Name         // tables, and views with a fence, that the statement reads
}

// Operator is a step of a plan, which takes the rows of its children.
type Operator struct {
	Name     string     `json:"name"`
	Children []Operator `json:"children"`
}

// Text writes the operators, each below the one that takes its rows.
func (p *Plan) Text() string {
	var b strings.Builder
	var write func(o Operator, depth int)
	write = func(o Operator, depth int) {
		b.WriteString(strings.Repeat("    ", depth) + "- " + o.Name + "\n")
		for _, c := range o.Children {
			write(c, depth+1)
		}
	}
	write(p.Root, 0)
	return b.String()
}
