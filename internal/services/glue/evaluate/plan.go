package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
)

// plan gathers what has to be asked.
type plan struct {
	in      Input
	columns map[string]map[string]Column // by alias and name in lower case
	slots   map[string]*slot
	scans   []*slot   // aggregates of one scan of the primary table
	queries []*answer // queries of their own
}

// slot is one value that is asked for.
type slot struct {
	sql   string
	value any
	err   error
}

// answer is a query of its own, with a slot for each value of its only row.
type answer struct {
	sql   string
	slots []*slot
}

var errNothing = errors.New("there is nothing to measure")

// number is the value as a number; errNothing when it is NULL.
func (s *slot) number() (float64, error) {
	if s.err != nil {
		return 0, s.err
	}
	switch v := s.value.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, errNothing
		}
		return v, nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case nil:
		return 0, errNothing
	}
	return 0, fmt.Errorf("the result %v is not a number", s.value)
}

// maxScan is how many aggregates one statement asks for.
const maxScan = 200

// scan asks for an aggregate of the rows that where holds for.
func (p *plan) scan(aggregate, where string) *slot {
	if where != "" {
		aggregate += " FILTER (WHERE " + where + ")"
	}
	if s := p.slots[aggregate]; s != nil {
		return s
	}
	s := &slot{sql: aggregate}
	p.slots[aggregate] = s
	p.scans = append(p.scans, s)
	return s
}

// query asks for the n values of a statement's only row.
func (p *plan) query(sql string, n int) []*slot {
	for _, a := range p.queries {
		if a.sql == sql && len(a.slots) == n {
			return a.slots
		}
	}
	a := &answer{sql: sql, slots: make([]*slot, n)}
	for i := range a.slots {
		a.slots[i] = &slot{}
	}
	p.queries = append(p.queries, a)
	return a.slots
}

// ask fills the slots. Its error is that of the context.
func (p *plan) ask(ctx context.Context) error {
	for list := p.scans; len(list) > 0; {
		n := min(len(list), maxScan)
		if err := p.askScan(ctx, list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	for _, a := range p.queries {
		values, err := p.row(ctx, a.sql, len(a.slots))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for i, s := range a.slots {
			if s.err = err; err == nil {
				s.value = values[i]
			}
		}
	}
	return nil
}

// askScan asks for aggregates together and, when that fails, in halves, so that one that can't be measured leaves the others
// alone.
func (p *plan) askScan(ctx context.Context, list []*slot) error {
	sql := make([]string, len(list))
	for i, s := range list {
		sql[i] = s.sql
	}
	values, err := p.row(ctx, "SELECT "+strings.Join(sql, ", ")+" FROM "+name(Primary), len(list))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		for i, s := range list {
			s.value = values[i]
		}
		return nil
	case len(list) == 1:
		list[0].err = err
		return nil
	}
	half := len(list) / 2
	if err := p.askScan(ctx, list[:half]); err != nil {
		return err
	}
	return p.askScan(ctx, list[half:])
}

// row runs a statement that has to answer one row of n values.
func (p *plan) row(ctx context.Context, sql string, n int) ([]any, error) {
	rows, err := p.in.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 || len(rows[0]) != n {
		return nil, fmt.Errorf("the statement has to answer one row with %d values", n)
	}
	return rows[0], nil
}

// column finds a column of a table.
func (p *plan) column(alias, column string) (Column, error) {
	c, ok := p.columns[alias][fold(column)]
	if !ok {
		return c, missing(column)
	}
	return c, nil
}

// missing is what is said of a column that is not there or that may not be seen.
type missing string

// Error names the column.
func (m missing) Error() string { return "Input data does not include column " + string(m) + "!" }

func fold(s string) string { return strings.ToLower(s) }

// name quotes an identifier.
func name(s string) string { return `"` + strings.ReplaceAll(fold(s), `"`, `""`) + `"` }

// text quotes a string.
func text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Condition takes a where clause as it may be put between parentheses. Names may stand between backticks, as Spark has them.
func Condition(where string) (string, error) {
	if where == "" {
		return "", nil
	}
	var b strings.Builder
	depth, quote := 0, byte(0)
	for i := 0; i < len(where); i++ {
		c := where[i]
		two := where[i:min(i+2, len(where))]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ';', two == "--", two == "/*", c == 0:
			return "", fmt.Errorf("the where clause may not have %q in it", two)
		}
		if depth < 0 {
			break
		}
		if c == '`' && (quote == c || quote == 0) {
			c = '"'
		}
		b.WriteByte(c)
	}
	if depth != 0 || quote != 0 {
		return "", errors.New("the where clause is not complete")
	}
	return "(" + b.String() + ")", nil
}
