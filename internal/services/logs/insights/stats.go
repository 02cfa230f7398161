package insights

import (
	"math"
	"slices"
	"strings"
)

// statsCommand groups rows and computes of each group.
type statsCommand struct {
	makes []aggregate
	by    []named
}

type aggregate struct {
	name string
	new  func() accumulator
	args []node
}

// accumulator takes the arguments of rows.
type accumulator interface {
	add(r *row, args []value)
	result() value
}

// aggregates are the functions of stats, with the number of arguments.
func aggregates() map[string]struct {
	least, most int
	new         func() accumulator
} {
	type entry = struct {
		least, most int
		new         func() accumulator
	}
	return map[string]entry{
		"count":          {0, 1, func() accumulator { return &counted{} }},
		"count_distinct": {1, 1, func() accumulator { return &distinct{seen: map[string]bool{}} }},
		"sum":            {1, 1, func() accumulator { return &moments{want: func(m *moments) float64 { return m.sum }} }},
		"avg":            {1, 1, func() accumulator { return &moments{want: func(m *moments) float64 { return m.sum / m.n }} }},
		"stddev": {1, 1, func() accumulator {
			return &moments{want: func(m *moments) float64 { return math.Sqrt(m.squares / m.n) }}
		}},
		"min":        {1, 1, func() accumulator { return &best{sign: -1, numbers: true} }},
		"max":        {1, 1, func() accumulator { return &best{sign: 1, numbers: true} }},
		"sortsfirst": {1, 1, func() accumulator { return &best{sign: -1} }},
		"sortslast":  {1, 1, func() accumulator { return &best{sign: 1} }},
		"earliest":   {1, 1, func() accumulator { return &timed{sign: -1} }},
		"latest":     {1, 1, func() accumulator { return &timed{sign: 1} }},
		"pct":        {2, 2, func() accumulator { return &percentile{} }},
		"percentile": {2, 2, func() accumulator { return &percentile{} }},
		"median":     {1, 1, func() accumulator { return &percentile{at: 50} }},
	}
}

func (p *parser) stats() (command, error) {
	c := &statsCommand{}
	for {
		a, err := p.aggregate()
		if err != nil {
			return nil, err
		}
		c.makes = append(c.makes, a)
		more, err := p.take(",")
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
	}
	if yes, err := p.take("by"); err != nil || !yes {
		return c, err
	}
	var err error
	c.by, err = p.names()
	return c, err
}

func (p *parser) aggregate() (a aggregate, err error) {
	t := p.token
	f, ok := aggregates()[strings.ToLower(t.text)]
	if t.kind != name || !ok {
		return a, p.unexpected("a function of stats")
	}
	if err := p.advance(false); err != nil {
		return a, err
	}
	if err := p.want("("); err != nil {
		return a, err
	}
	if p.is("*") {
		if err := p.advance(false); err != nil {
			return a, err
		}
		if f.least > 0 {
			return a, &Error{t.from, t.to, t.text + " takes no *"}
		}
		if err := p.want(")"); err != nil {
			return a, err
		}
	} else if a.args, err = p.list(")"); err != nil {
		return a, err
	}
	if len(a.args) < f.least || len(a.args) > f.most {
		return a, &Error{t.from, t.to, t.text + " takes another number of arguments"}
	}
	n, err := p.as(nil, t.from)
	a.name, a.new = n.name, f.new
	return a, err
}

func (c *statsCommand) stage(next stage, r *Run) stage {
	return &statsStage{statsCommand: c, next: next, run: r, groups: map[string]*bucket{}}
}

type bucket struct {
	keys []value
	made []accumulator
}

type statsStage struct {
	*statsCommand
	next   stage
	run    *Run
	groups map[string]*bucket
	order  []*bucket
	values int // that all accumulators hold
}

func (s *statsStage) push(r *row) bool {
	keys := make([]value, len(s.by))
	var id strings.Builder
	for i, n := range s.by {
		keys[i] = n.eval(r)
		if keys[i] == nil {
			id.WriteByte(1)
		}
		id.WriteString(show(keys[i]))
		id.WriteByte(0)
	}
	b := s.groups[id.String()]
	if b == nil {
		b = &bucket{keys: keys}
		for _, a := range s.makes {
			b.made = append(b.made, a.new())
		}
		s.groups[id.String()] = b
		s.order = append(s.order, b)
	}
	for i, a := range s.makes {
		args := make([]value, len(a.args))
		for j, n := range a.args {
			args[j] = n.eval(r)
		}
		b.made[i].add(r, args)
		switch b.made[i].(type) {
		case *percentile, *distinct:
			s.values++
		}
	}
	if len(s.order) > most || s.values > 20*most {
		s.run.failed = ErrTooMany
		return false
	}
	return true
}

func (s *statsStage) flush() {
	if len(s.by) == 0 && len(s.order) == 0 {
		b := &bucket{}
		for _, a := range s.makes {
			b.made = append(b.made, a.new())
		}
		s.order = append(s.order, b)
	}
	for _, b := range s.order {
		r := &row{vars: map[string]value{}}
		for i, n := range s.by {
			r.vars[n.name] = b.keys[i]
			r.order = append(r.order, n.name)
		}
		for i, a := range s.makes {
			r.vars[a.name] = b.made[i].result()
			if !slices.Contains(r.order, a.name) {
				r.order = append(r.order, a.name)
			}
		}
		if !s.next.push(r) {
			break
		}
	}
	s.next.flush()
}
