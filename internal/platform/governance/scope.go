package governance

import (
	"slices"
	"strings"
)

// Scope is the part of a table that may be read. Names of columns are the same in upper and lower case.
type Scope struct {
	Names    []string // columns; nil with Every: all but Excluded
	Every    bool
	Excluded []string
	Rows     string   // SQL expression; "": all
	all      []string // the expressions that Rows joins: every one has to hold
}

// whole is all of a table.
var whole = Scope{Every: true}

// Whole tells that nothing is cut off.
func (s Scope) Whole() bool { return s.Every && len(s.Excluded) == 0 && s.Rows == "" }

// Has tells whether the column is in the scope.
func (s Scope) Has(column string) bool {
	if s.Every {
		return !contains(s.Excluded, column)
	}
	return contains(s.Names, column)
}

func contains(names []string, column string) bool {
	for _, n := range names {
		if strings.EqualFold(n, column) {
			return true
		}
	}
	return false
}

// ScopeOf is the part of a table that columns (nil: all) and a row expression ("": all rows) leave.
func ScopeOf(c *Columns, rows string) Scope {
	s := Scope{Rows: rows}
	if rows != "" {
		s.all = []string{rows}
	}
	switch {
	case c == nil:
		s.Every = true
	case len(c.Names) > 0:
		s.Names = c.Names
	default:
		s.Every, s.Excluded = true, c.Excluded
	}
	return s
}

// and is what lies in both scopes.
func (s Scope) and(o Scope) Scope {
	out := Scope{Every: s.Every && o.Every}
	switch {
	case out.Every:
		out.Excluded = slices.Clone(s.Excluded)
		for _, x := range o.Excluded {
			if !contains(out.Excluded, x) {
				out.Excluded = append(out.Excluded, x)
			}
		}
	case s.Every:
		out.Names = keep(o.Names, s)
	default:
		out.Names = keep(s.Names, o)
	}
	out.all = slices.Clone(s.all)
	for _, x := range o.all {
		if !slices.Contains(out.all, x) {
			out.all = append(out.all, x)
		}
	}
	if len(out.all) == 1 {
		out.Rows = out.all[0]
	} else if len(out.all) > 1 {
		out.Rows = "(" + strings.Join(out.all, ") AND (") + ")"
	}
	return out
}

// empty tells that no column is left.
func (s Scope) empty() bool { return !s.Every && len(s.Names) == 0 }

// equal tells that both are cut in the same way.
func (s Scope) equal(o Scope) bool {
	return s.Every == o.Every && s.Rows == o.Rows && slices.Equal(s.Names, o.Names) && slices.Equal(s.Excluded, o.Excluded)
}

// rowsWithin tells that no row is cut off that small has. Of rows only the same filters count: what another expression
// means is not looked into.
func (s Scope) rowsWithin(small Scope) bool {
	for _, x := range s.all {
		if !slices.Contains(small.all, x) {
			return false
		}
	}
	return true
}

// covers tells that s has every column and row of small.
func (s Scope) covers(small Scope) bool {
	if !s.rowsWithin(small) {
		return false
	}
	if !small.Every {
		return len(keep(small.Names, s)) == len(small.Names)
	}
	if !s.Every {
		return false
	}
	for _, x := range s.Excluded {
		if !contains(small.Excluded, x) {
			return false
		}
	}
	return true
}

func keep(names []string, in Scope) []string {
	out := []string{}
	for _, n := range names {
		if in.Has(n) {
			out = append(out, n)
		}
	}
	return out
}
