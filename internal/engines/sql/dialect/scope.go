package dialect

import "strings"

// source is one relation of a FROM clause.
type source struct {
	alias    string // in the engine and for the user
	name     Name   // of a table without an alias, which db.table.column may name
	cols     []Column
	joined   map[string]bool // columns of USING, which belong to both sides
	bare     bool            // columns are printed without the alias
	use      *Use
	inline   map[string]val // texts that stand for names
	nullable bool           // on the side of an outer join that may be NULL
	renamed  bool           // an alias gives its columns other names
}

// scope is what names mean at some place of a statement.
type scope struct {
	parent  *scope
	sources []*source
	lambda  map[string]*Type
	windows map[string]bool
}

type cteScope struct {
	parent *cteScope
	name   string
	ref    string
	cols   []Column
}

func (t *translator) cte(name string) *cteScope {
	for c := t.ctes; c != nil; c = c.parent {
		if c.name == name {
			return c
		}
	}
	return nil
}

func (s *source) find(col string) (c Column, ok bool) {
	for _, c := range s.cols {
		if c.Name == col {
			return c, true
		}
	}
	return Column{}, false
}

// answersTo tells whether the parts name the source: alias, table, database.table, catalog.database.table.
func (s *source) answersTo(parts []string) bool {
	switch len(parts) {
	case 1:
		return parts[0] == s.alias
	case 2:
		return s.name.Table != "" && parts[0] == s.name.Database && parts[1] == s.name.Table
	case 3:
		return s.name.Table != "" && parts[0] == s.name.Catalog && parts[1] == s.name.Database && parts[2] == s.name.Table
	}
	return false
}

func (s *source) column(at Pos, c Column) val {
	if s.use != nil {
		s.use.Columns[c.Name] = true
	}
	if s.bare || s.joined[c.Name] {
		return val{marked(at, quote(c.Name)), c.Type}
	}
	return val{marked(at, quote(s.alias)+"."+quote(c.Name)), c.Type}
}

// ident looks a name up, from the inside out: a column, a parameter of a lambda, or a qualified column; what is left of
// the parts are fields of a row.
func (t *translator) ident(x *ident) val {
	for s := t.scope; s != nil; s = s.parent {
		for _, src := range s.sources {
			if v, ok := src.inline[x.parts[0]]; ok {
				return t.fields(x, v, x.parts[1:])
			}
		}
		if typ, ok := s.lambda[x.parts[0]]; ok {
			return t.fields(x, val{quote(x.parts[0]), typ}, x.parts[1:])
		}
		if v, n, ok := s.lookup(t, x); ok {
			return t.fields(x, v, x.parts[n:])
		}
	}
	t.fail(ColumnNotFound, x.Pos, "Column '%s' cannot be resolved", strings.Join(x.parts, "."))
	return val{}
}

// lookup gives the column and how many parts name it.
func (s *scope) lookup(t *translator, x *ident) (v val, n int, ok bool) {
	for n = min(len(x.parts), 4); n >= 1; n-- {
		var found *source
		var col Column
		for _, src := range s.sources {
			if n > 1 && !src.answersTo(x.parts[:n-1]) {
				continue
			}
			c, has := src.find(x.parts[n-1])
			if !has {
				continue
			}
			if found != nil && (n > 1 || !found.joined[c.Name] || !src.joined[c.Name]) {
				t.fail(ColumnAmbiguous, x.Pos, "Column '%s' is ambiguous", strings.Join(x.parts[:n], "."))
			}
			if found == nil {
				found, col = src, c
			} else if src.use != nil {
				src.use.Columns[c.Name] = true
			}
			if countOf(src.cols, c.Name) > 1 {
				t.fail(ColumnAmbiguous, x.Pos, "Column '%s' is ambiguous", strings.Join(x.parts[:n], "."))
			}
		}
		if found != nil {
			v = found.column(x.Pos, col)
			if n > 1 && found.joined[col.Name] {
				v.sql = marked(x.Pos, quote(found.alias)+"."+quote(col.Name))
			}
			return v, n, true
		}
	}
	return val{}, 0, false
}

func countOf(cols []Column, name string) (n int) {
	for _, c := range cols {
		if c.Name == name {
			n++
		}
	}
	return n
}

// fields follows a path into a row.
func (t *translator) fields(x *ident, v val, path []string) val {
	for _, f := range path {
		v = t.field(x.Pos, v, f)
	}
	return v
}

func (t *translator) field(at Pos, v val, name string) val {
	if v.t == nil {
		return val{"struct_extract(" + v.sql + ", " + text(name) + ")", nil}
	}
	if v.t.Kind == Row {
		for i, n := range v.t.Names {
			if strings.EqualFold(n, name) {
				return val{"struct_extract(" + v.sql + ", " + text(v.t.field(i)) + ")", v.t.Elems[i]}
			}
		}
	} else {
		t.fail(TypeMismatch, at, "Expression is not of type ROW: %s", v.t)
	}
	t.fail(ColumnNotFound, at, "Column '%s' cannot be resolved", name)
	return val{}
}
