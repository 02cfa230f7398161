package dialect

import (
	"maps"
	"strconv"
	"strings"
	"sync"
)

// function is one of Trino's as the engine does it.
//
// args are the classes of its arguments, comma-separated: "?" ends an optional one, "*" one that may repeat, "|" parts
// alternatives. sql is a template: $1 is the first argument, $* all; $w in an aggregate stands for FILTER and OVER, $d for
// DISTINCT, $o for ORDER BY. ret is the result's type: a type's name, or "=1" for that of the first argument, "elem1" for
// that of its elements, "all" for what all arguments have in common. With gen set, that writes it all.
type function struct {
	args string
	sql  string
	ret  string
	gen  func(t *translator, c *call, a []val) val
	agg  bool // an aggregate, which may also be used over a window
	win  bool // only over a window
	try  string
}

// table holds all functions, built with the first statement.
var table struct {
	once sync.Once
	all  map[string]function
}

func functions() map[string]function {
	table.once.Do(func() {
		table.all = map[string]function{}
		for _, part := range []map[string]function{textFunctions(), mathFunctions(), timeFunctions(), listFunctions(), mapFunctions(),
			jsonFunctions(), aggregates(), windowFunctions(), otherFunctions()} {
			maps.Copy(table.all, part)
		}
	})
	return table.all
}

func (t *translator) call(c *call) val {
	f, ok := functions()[c.name]
	if !ok {
		if why, known := unsupported[c.name]; known {
			t.fail(NotSupported, c.Pos, "Function '%s' is not supported: %s", c.name, why)
		}
		name := strings.TrimPrefix(c.name, "extract ")
		t.fail(NoFunction, c.Pos, "Function '%s' not registered", name)
	}
	t.checkModifiers(c, f)
	if c.name == "try" {
		t.try++
		defer func() { t.try-- }()
	}
	lambdas := map[int]bool{}
	var a []val
	for i, x := range c.args {
		if _, is := x.(*lambda); is {
			lambdas[i] = true
			a = append(a, val{})
			continue
		}
		a = append(a, t.expr(x))
	}
	t.checkArgs(c, f, a, lambdas)
	if f.gen != nil {
		return f.gen(t, c, a)
	}
	sql := f.sql
	if t.try > 0 && f.try != "" {
		sql = f.try
	}
	return val{t.fill(c, sql, a), result(f.ret, a)}
}

func (t *translator) checkModifiers(c *call, f function) {
	switch {
	case t.rowOnly && (f.agg || f.win):
		t.fail(NotSupported, c.Pos, "aggregates are not allowed here")
	case f.win && c.over == nil:
		t.fail(Syntax, c.Pos, "Window function %s requires an OVER clause", c.name)
	case c.over != nil && !f.win && !f.agg:
		t.fail(Syntax, c.Pos, "'%s' is not a window function", c.name)
	case (c.distinct || c.filter != nil || len(c.order) > 0) && !f.agg:
		t.fail(Syntax, c.Pos, "DISTINCT, FILTER and ORDER BY are only for aggregates: %s", c.name)
	case c.star && c.name != "count":
		t.fail(Syntax, c.Pos, "'*' is only for count: %s", c.name)
	}
}

// classOf are the words that args may use, and the kinds of types they take.
var classOf = map[string]func(*Type) bool{
	"any":      func(*Type) bool { return true },
	"text":     func(t *Type) bool { return t.is(Varchar, Char) },
	"bytes":    func(t *Type) bool { return t.is(Varbinary) },
	"number":   func(t *Type) bool { return t.class() == "number" },
	"int":      func(t *Type) bool { return t.isInt() || t.is(Decimal) && t.S == 0 },
	"bool":     func(t *Type) bool { return t.is(Boolean) },
	"date":     func(t *Type) bool { return t.is(Date) },
	"instant":  func(t *Type) bool { return t.class() == "instant" },
	"time":     func(t *Type) bool { return t.is(Time) },
	"interval": func(t *Type) bool { return t.is(DaySecond, YearMonth) },
	"json":     func(t *Type) bool { return t.is(JSON) },
	"array":    func(t *Type) bool { return t.is(Array) },
	"map":      func(t *Type) bool { return t.is(Map) },
}

func (t *translator) checkArgs(c *call, f function, a []val, lambdas map[int]bool) {
	wrong := func() {
		types := make([]string, len(a))
		for i, v := range a {
			types[i] = v.t.String()
			if lambdas[i] {
				types[i] = "function"
			}
		}
		t.fail(NoFunction, c.Pos, "Unexpected parameters (%s) for function %s", strings.Join(types, ", "), c.name)
	}
	if c.star {
		return
	}
	var want []string
	if f.args != "" {
		want = strings.Split(f.args, ",")
	}
	for i, w := range want {
		repeat, optional := strings.HasSuffix(w, "*"), strings.HasSuffix(w, "?")
		w = strings.TrimRight(w, "*?")
		if i >= len(a) {
			if !optional && !repeat {
				wrong()
			}
			break
		}
		last := i
		if repeat {
			last = len(a) - 1
		}
		for j := i; j <= last; j++ {
			if !accepts(w, a[j].t, lambdas[j]) {
				wrong()
			}
		}
		if repeat {
			return
		}
	}
	if len(a) > len(want) {
		wrong()
	}
}

func accepts(want string, typ *Type, isLambda bool) bool {
	for w := range strings.SplitSeq(want, "|") {
		if w == "lambda" || isLambda {
			if w == "lambda" && isLambda {
				return true
			}
			continue
		}
		if typ == nil || typ.Kind == Unknown || classOf[w](typ) {
			return true
		}
	}
	return false
}

// fill puts arguments into a template.
func (t *translator) fill(c *call, tmpl string, a []val) string {
	var b strings.Builder
	for i := 0; i < len(tmpl); i++ {
		if tmpl[i] != '$' || i+1 == len(tmpl) {
			b.WriteByte(tmpl[i])
			continue
		}
		i++
		switch x := tmpl[i]; {
		case x >= '1' && x <= '9':
			b.WriteString(a[x-'1'].sql)
		case x == '*':
			for j, v := range a {
				if j > 0 {
					b.WriteString(", ")
				}
				b.WriteString(v.sql)
			}
		case x == 'd':
			if c.distinct {
				b.WriteString("DISTINCT ")
			}
		case x == 'o':
			if len(c.order) > 0 {
				b.WriteString(" ORDER BY " + t.order(c.order))
			}
		case x == 'w':
			b.WriteString(t.tail(c))
		case x == 'n':
			if c.nulls != "" {
				b.WriteString(" " + strings.ToUpper(c.nulls) + " NULLS")
			}
		case x == 'p':
			b.WriteString("\x01" + strconv.Itoa(c.Line) + ":" + strconv.Itoa(c.Column) + "\x02")
		default: // $$ and what is not ours, such as a JSON path
			b.WriteByte('$')
			if x != '$' {
				b.WriteByte(x)
			}
		}
	}
	return b.String()
}

// tail is what follows an aggregate: FILTER and OVER.
func (t *translator) tail(c *call) string {
	s := ""
	if c.filter != nil {
		s = " FILTER (WHERE " + t.condition(c.filter, "FILTER") + ")"
	}
	if c.over != nil {
		s += " OVER " + t.over(c.over)
	}
	return s
}

func (t *translator) over(w *window) string {
	if w.name != "" && len(w.partition) == 0 && len(w.order) == 0 && w.frame == nil {
		t.knownWindow(w)
		return quote(w.name)
	}
	return t.window(w)
}

func (t *translator) knownWindow(w *window) {
	if t.scope == nil || !t.scope.windows[w.name] {
		t.fail(Syntax, w.Pos, "Cannot resolve WINDOW name %s", w.name)
	}
}

func (t *translator) window(w *window) string {
	var parts []string
	if w.name != "" {
		t.knownWindow(w)
		parts = append(parts, quote(w.name))
	}
	if len(w.partition) > 0 {
		keys := make([]string, len(w.partition))
		for i, x := range w.partition {
			keys[i] = t.expr(x).sql
		}
		parts = append(parts, "PARTITION BY "+strings.Join(keys, ", "))
	}
	if len(w.order) > 0 {
		parts = append(parts, "ORDER BY "+t.order(w.order))
	}
	if f := w.frame; f != nil {
		s := strings.ToUpper(f.unit) + " "
		if f.end.kind == "" {
			s += t.bound(f.start)
		} else {
			s += "BETWEEN " + t.bound(f.start) + " AND " + t.bound(f.end)
		}
		parts = append(parts, s)
	}
	return "(" + strings.Join(parts, " ") + ")"
}

func (t *translator) bound(b bound) string {
	if b.x == nil {
		return strings.ToUpper(b.kind)
	}
	return t.expr(b.x).sql + " " + strings.ToUpper(b.kind)
}

// result is the type that a function's ret names.
func result(ret string, a []val) *Type {
	switch {
	case ret == "":
		return nil
	case ret == "all":
		var typ *Type = basic(Unknown)
		for _, v := range a {
			typ = unify(typ, v.t)
		}
		return typ
	case strings.HasPrefix(ret, "="):
		return a[ret[1]-'1'].t
	case strings.HasPrefix(ret, "elem"):
		return a[ret[4]-'1'].t.elem(0)
	case strings.HasPrefix(ret, "array="):
		return arrayOf(a[ret[6]-'1'].t)
	case strings.HasPrefix(ret, "array:"):
		return arrayOf(basic(ret[6:]))
	}
	return basic(ret)
}

// lambda translates a function argument with parameters of the types.
func (t *translator) lambda(x expr, types ...*Type) val {
	l, ok := x.(*lambda)
	if !ok || len(l.params) != len(types) {
		t.fail(TypeMismatch, x.at(), "a lambda of %d parameters is expected", len(types))
	}
	s := &scope{parent: t.scope, lambda: map[string]*Type{}}
	if t.scope != nil {
		s.windows = t.scope.windows
	}
	names := make([]string, len(types))
	for i, p := range l.params {
		if _, twice := s.lambda[p]; twice {
			t.fail(Syntax, l.Pos, "Lambda argument names must be unique: %s", p)
		}
		s.lambda[p], names[i] = types[i], quote(p)
	}
	t.scope = s
	v := t.expr(l.body)
	t.scope = s.parent
	return val{"lambda " + strings.Join(names, ", ") + " : " + v.sql, v.t}
}

// constantText is the value of a string literal.
func (t *translator) constantText(c *call, i int, what string) string {
	x := c.args[i]
	if p, ok := x.(*param); ok {
		if y, err := parseExpr(t.o.Params[p.n]); err == nil {
			x = y
		}
	}
	l, ok := x.(*literal)
	if !ok || l.kind != str || l.typ != nil {
		t.fail(NotSupported, c.args[i].at(), "%s of %s must be a constant", what, c.name)
	}
	return l.text
}
