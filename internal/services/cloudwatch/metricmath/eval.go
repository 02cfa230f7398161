package metricmath

import "math"

// Eval computes an expression. Errors are *Error, or those of the environment.
func (e *Expression) Eval(env *Environment) (Value, error) { return env.eval(e.root) }

func (e *Environment) eval(n *node) (Value, error) {
	switch n.op {
	case "":
		switch n.kind {
		case number:
			return scalar(n.value), nil
		case name:
			return e.Lookup(n.text)
		}
		return Value{Type: Word, word: n.text}, nil
	case "call":
		return e.call(n)
	case "array":
		var out []*Series
		for _, a := range n.args {
			v, err := e.eval(a)
			if err != nil {
				return v, err
			}
			if v.Type != Single && v.Type != Array {
				return v, wrong("An array holds time series, not a %s", v.Type)
			}
			out = append(out, v.Series...)
		}
		return array(out), nil
	case "neg":
		v, err := e.eval(n.args[0])
		if err != nil {
			return v, err
		}
		return e.operate("-", scalar(0), v)
	}
	left, err := e.eval(n.args[0])
	if err != nil {
		return left, err
	}
	right, err := e.eval(n.args[1])
	if err != nil {
		return right, err
	}
	return e.operate(n.op, left, right)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// operators compute two numbers.
var operators = map[string]func(x, y float64) float64{
	"+":  func(x, y float64) float64 { return x + y },
	"-":  func(x, y float64) float64 { return x - y },
	"*":  func(x, y float64) float64 { return x * y },
	"/":  func(x, y float64) float64 { return x / y },
	"^":  math.Pow,
	"==": func(x, y float64) float64 { return truth(x == y) },
	"!=": func(x, y float64) float64 { return truth(x != y) },
	"<":  func(x, y float64) float64 { return truth(x < y) },
	">":  func(x, y float64) float64 { return truth(x > y) },
	"<=": func(x, y float64) float64 { return truth(x <= y) },
	">=": func(x, y float64) float64 { return truth(x >= y) },
	"&&": func(x, y float64) float64 { return truth(x != 0 && y != 0) },
	"||": func(x, y float64) float64 { return truth(x != 0 || y != 0) },
}

// operated is the type of two types with an operator between them.
func operated(op string, a, b Type) (Type, error) {
	if a == Word || b == Word || a == Array && b == Array {
		return 0, wrong("Unsupported operand types for '%s': %s and %s", op, a, b)
	}
	return max(a, b), nil
}

func (e *Environment) operate(op string, a, b Value) (Value, error) {
	t, err := operated(op, a.Type, b.Type)
	if err != nil {
		return a, err
	}
	f := operators[op]
	switch {
	case t == Scalar:
		v := f(a.Number, b.Number)
		if !finite(v) {
			return a, wrong("The result of '%s' is not a number", op)
		}
		return scalar(v), nil
	case a.Type == Scalar:
		return b.each(func(s *Series) (*Series, error) {
			return e.mapped(s, func(p Point) float64 { return f(a.Number, p.Value) })
		})
	case b.Type == Scalar:
		return a.each(func(s *Series) (*Series, error) {
			return e.mapped(s, func(p Point) float64 { return f(p.Value, b.Number) })
		})
	case a.Type == Array:
		return a.each(func(s *Series) (*Series, error) { return e.joined(s, b.Series[0], f) })
	case b.Type == Array:
		return b.each(func(s *Series) (*Series, error) {
			n, err := e.joined(a.Series[0], s, f)
			if err == nil {
				n.ID, n.Label, n.Source = s.ID, s.Label, s.Source
			}
			return n, err
		})
	}
	s, err := e.joined(a.Series[0], b.Series[0], f)
	return single(s), err
}

// Check tells the type of an expression before it is computed, given those of the ids. Errors are *Error.
func (e *Expression) Check(types map[string]Type) (Type, error) { return check(e.root, types) }

func check(n *node, types map[string]Type) (Type, error) {
	switch n.op {
	case "":
		switch n.kind {
		case number:
			return Scalar, nil
		case name:
			t, ok := types[n.text]
			if !ok {
				return 0, wrong("Undefined identifier '%s'", n.text)
			}
			return t, nil
		}
		return Word, nil
	}
	args := make([]Type, len(n.args))
	for i, a := range n.args {
		t, err := check(a, types)
		if err != nil {
			return 0, err
		}
		args[i] = t
	}
	switch n.op {
	case "call":
		f, err := find(n)
		if err != nil {
			return 0, err
		}
		return f.check(n.text, args)
	case "array":
		for _, t := range args {
			if t != Single && t != Array {
				return 0, wrong("An array holds time series, not a %s", t)
			}
		}
		return Array, nil
	case "neg":
		return operated("-", Scalar, args[0])
	}
	return operated(n.op, args[0], args[1])
}
