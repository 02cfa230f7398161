package dialect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Column is a column of a table or of a result. Type is nil when it could not be told before the query runs.
type Column struct {
	Name string
	Type *Type
	Key  bool // of the table's partitions
}

// Name is the full name of a table, in lower case.
type Name struct {
	Catalog, Database, Table string
	AsOf, AsOfKind           string // FOR TIMESTAMP | VERSION AS OF, the literal's text
}

func (n Name) String() string { return n.Catalog + "." + n.Database + "." + n.Table }

// Table is what a name stands for: a table of the engine, or a view, whose text is translated in its place.
type Table struct {
	Ref     string // the engine's name for the table, not quoted
	Columns []Column
	View    *View
}

// View is a query that stands in a table's place. Its names are looked up by itself, so that it may see what the
// statement may not.
type View struct {
	SQL               string
	Catalog, Database string
	Lookup            Lookup
}

// Lookup finds a table. An error of type *Error without a position gets that of the name; nil, nil is "does not exist".
type Lookup func(Name) (*Table, error)

// Options are what a statement is translated with. Params are texts of SQL constants, as Athena's ExecutionParameters.
type Options struct {
	Catalog, Database, User string
	Params                  []string
	Lookup                  Lookup
}

// Use is a table that a statement reads, and the columns of it that it names; All when it may read any.
type Use struct {
	Ref     string
	All     bool
	Columns map[string]bool
	refs    int      // how often a FROM names it
	prunes  []string // what is known of its keys, for those that say something
	keys    []Keys   // and in a form that others can read
}

// Statement is a translated SELECT.
type Statement struct {
	SQL     string
	Columns []Column
	Uses    []*Use
	marks   []mark
}

// mark says which place of the user's text a byte of the engine's text comes from.
type mark struct {
	off int
	pos Pos
}

// Pos is the place in the user's statement that brought forth the engine's text at the offset; zero if there is none.
func (s *Statement) Pos(off int) (p Pos) {
	for _, m := range s.marks {
		if m.off > off {
			break
		}
		p = m.pos
	}
	return p
}

// Translate turns a SELECT of Trino's into one of DuckDB's. Errors are *Error, or what Lookup gave.
func Translate(sql string, o Options) (st *Statement, err error) {
	q, params, err := parseQuery(sql)
	if err != nil {
		return nil, err
	}
	defer catchLookup(&err)
	if params != len(o.Params) {
		return nil, errorf(InvalidArgument, Pos{}, "Incorrect number of parameters: expected %d but found %d", params, len(o.Params))
	}
	t := &translator{o: o}
	out := t.query(q)
	st = &Statement{Uses: t.uses, Columns: out.columns()}
	st.SQL, st.marks = unmark(out.sql)
	return st, nil
}

// TranslateCondition turns a condition on one row of a table into DuckDB's: no subqueries, no aggregates, no parameters.
// used are the columns that it names.
func TranslateCondition(sql string, columns []Column) (out string, used []string, err error) {
	x, err := parseExpr(sql)
	if err != nil {
		return "", nil, err
	}
	defer catchLookup(&err)
	use := &Use{Columns: map[string]bool{}}
	t := &translator{rowOnly: true}
	t.scope = &scope{sources: []*source{{cols: columns, use: use, bare: true}}}
	v := t.expr(x)
	if v.t != nil && !v.t.is(Boolean, Unknown) {
		return "", nil, errorf(TypeMismatch, x.at(), "a row filter must be a condition, not %s", v.t)
	}
	out, _ = unmark(v.sql)
	for c := range use.Columns {
		used = append(used, c)
	}
	slices.Sort(used)
	return out, used, nil
}

type translator struct {
	o       Options
	scope   *scope
	ctes    *cteScope
	uses    []*Use
	byName  map[Name]*lookedUp
	rowOnly bool
	try     int // inside TRY, where what fails is NULL
	views   int
	serial  int
}

type lookedUp struct {
	table *Table
	use   *Use
}

// val is the engine's text of an expression, and its type as far as it is known.
type val struct {
	sql string
	t   *Type
}

// lookupFailure carries an error of Lookup up through the descent.
type lookupFailure struct{ err error }

func catchLookup(err *error) {
	switch r := recover().(type) {
	case nil:
	case failure:
		*err = r.err
	case lookupFailure:
		*err = r.err
	default:
		panic(r)
	}
}

func (t *translator) fail(k Kind, at Pos, format string, args ...any) {
	panic(failure{errorf(k, at, format, args...)})
}

// fresh is a name that no user's name can be, as those have no capitals.
func (t *translator) fresh() string {
	t.serial++
	return "N" + strconv.Itoa(t.serial)
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// text is a string constant of the engine. The marks' own bytes never stand in it.
func text(s string) string {
	s = "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if !strings.ContainsAny(s, "\x01\x02") {
		return s
	}
	s = strings.ReplaceAll(s, "\x01", "'||chr(1)||'")
	return "(" + strings.ReplaceAll(s, "\x02", "'||chr(2)||'") + ")"
}

// marked puts the place of the user's text before the engine's.
func marked(p Pos, sql string) string { return fmt.Sprintf("\x01%d:%d\x02%s", p.Line, p.Column, sql) }

// unmark takes the marks out again.
func unmark(sql string) (string, []mark) {
	var b strings.Builder
	var marks []mark
	for {
		i := strings.IndexByte(sql, 1)
		if i < 0 {
			b.WriteString(sql)
			return b.String(), marks
		}
		b.WriteString(sql[:i])
		end := strings.IndexByte(sql, 2)
		line, col, _ := strings.Cut(sql[i+1:end], ":")
		m := mark{off: b.Len()}
		m.pos.Line, _ = strconv.Atoi(line)
		m.pos.Column, _ = strconv.Atoi(col)
		marks = append(marks, m)
		sql = sql[end+1:]
	}
}
