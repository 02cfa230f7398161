package statement

import (
	"strconv"
	"strings"
)

func (p *parser) create() Statement {
	p.expect("create")
	replace := p.try("or", "replace")
	switch {
	case p.try("view"):
		v := CreateView{View: p.name(), Replace: replace}
		p.expect("as")
		v.Query = p.query()
		return v
	case p.try("protected", "multi", "dialect", "view"):
		v := CreateView{View: p.name(), Replace: replace, Protected: true}
		p.expect("security", "definer")
		v.JSON = p.try("show", "view", "json")
		p.expect("as")
		v.Query = p.query()
		return v
	case replace:
		p.fail("'PROTECTED', 'VIEW'")
	case p.try("database"), p.try("schema"):
		return p.createDatabase()
	case p.try("external", "table"):
		return p.createTable(true)
	case p.try("table"):
		return p.createTable(false)
	}
	p.fail("'DATABASE', 'EXTERNAL', 'OR', 'PROTECTED', 'SCHEMA', 'TABLE', 'VIEW'")
	return nil
}

func (p *parser) createDatabase() Statement {
	d := CreateDatabase{IfNotExists: p.try("if", "not", "exists"), Database: p.database()}
	for !p.done() {
		switch {
		case p.try("comment"):
			d.Comment = p.text()
		case p.try("location"):
			d.Location = p.text()
		case p.try("with", "dbproperties"):
			d.Properties = p.pairs()
		default:
			p.fail("'COMMENT', 'LOCATION', 'WITH', <EOF>")
		}
	}
	return d
}

// pairs takes properties: ('a' = 'b', …).
func (p *parser) pairs() []Pair {
	out := []Pair{}
	p.sym("(")
	for {
		k := ""
		if t := p.peek(); t.kind == word || t.kind == ticked {
			k = p.next().text
			for p.trySym(".") {
				k += "." + p.next().text
			}
		} else {
			k = p.text()
		}
		p.sym("=")
		v := ""
		switch t := p.peek(); t.kind {
		case word, number:
			v = p.next().text
		default:
			v = p.text()
		}
		out = append(out, Pair{k, v})
		if !p.trySym(",") {
			break
		}
	}
	p.sym(")")
	return out
}

func (p *parser) createTable(external bool) Statement {
	t := CreateTable{External: external, IfNotExist: p.try("if", "not", "exists")}
	t.Table = p.name()
	if p.peek().sym("(") && !p.queryInside() {
		t.Columns = p.columns()
	}
	for !p.done() {
		switch {
		case p.try("comment"):
			t.Comment = p.text()
		case p.try("partitioned", "by"):
			t.Partitions = p.partitions()
		case p.try("clustered", "by"):
			t.Buckets = p.buckets()
		case p.try("row", "format", "delimited"):
			t.Delimited = p.delimited()
		case p.try("row", "format", "serde"):
			t.Serde = p.text()
			if p.try("with", "serdeproperties") {
				t.SerdeProperties = p.pairs()
			}
		case p.try("with", "serdeproperties"):
			t.SerdeProperties = p.pairs()
		case p.try("stored", "as", "inputformat"):
			t.Input = p.text()
			p.expect("outputformat")
			t.Output = p.text()
		case p.try("stored", "as"):
			t.Format = strings.ToUpper(p.ident())
		case p.try("location"):
			t.Location = p.text()
		case p.try("tblproperties"):
			t.Properties = p.pairs()
		case !external && (p.peek().is("with") || p.peek().is("as")):
			return p.createTableAs(t)
		default:
			p.fail("'COMMENT', 'LOCATION', 'PARTITIONED', 'ROW', 'STORED', 'TBLPROPERTIES', <EOF>")
		}
	}
	return t
}

// queryInside tells that a parenthesis holds a query and no columns.
func (p *parser) queryInside() bool {
	t := p.ahead(1)
	return t.is("select") || t.sym("(")
}

func (p *parser) createTableAs(t CreateTable) Statement {
	c := CreateTableAs{Table: t.Table, IfNotExist: t.IfNotExist, Properties: map[string]Value{}}
	if len(t.Columns) > 0 || t.Partitions != nil || t.Location != "" || t.Properties != nil || t.Format != "" {
		p.fail("")
	}
	if p.try("with") {
		c.Properties = p.values()
	}
	p.expect("as")
	if !p.isQuery() {
		p.fail("'(', 'SELECT', 'TABLE', 'VALUES', 'WITH'")
	}
	from, last := p.peek().from, len(p.tokens)-1
	if n := last - p.at; n >= 3 && p.tokens[last-1].is("data") {
		switch {
		case p.tokens[last-2].is("no") && p.tokens[last-3].is("with"):
			c.Empty = true
			last -= 3
		case p.tokens[last-2].is("with"):
			last -= 2
		}
	}
	c.Query = p.blanked(from, p.tokens[last].from)
	p.at = len(p.tokens) - 1
	return c
}

// values takes the properties of CTAS and UNLOAD: (a = 'b', c = ARRAY['d', 'e'], f = 1).
func (p *parser) values() map[string]Value {
	out := map[string]Value{}
	p.sym("(")
	for {
		k := p.ident()
		p.sym("=")
		var v Value
		if p.try("array") {
			v.Array = true
			p.sym("[")
			for !p.trySym("]") {
				v.List = append(v.List, p.plain())
				if !p.trySym(",") {
					p.sym("]")
					break
				}
			}
		} else {
			v.Text = p.plain()
		}
		out[k] = v
		if !p.trySym(",") {
			break
		}
	}
	p.sym(")")
	return out
}

// plain takes a constant of Trino, in which a backslash is a backslash.
func (p *parser) plain() string {
	if t := p.peek(); t.kind == text || t.kind == number || t.kind == word {
		return p.next().text
	}
	p.fail("<expression>")
	return ""
}

func (p *parser) columns() []Column {
	out := []Column{}
	p.sym("(")
	for {
		out = append(out, p.column(p.ident()))
		if !p.trySym(",") {
			break
		}
	}
	p.sym(")")
	return out
}

func (p *parser) column(name string) Column {
	c := Column{Name: name, Type: p.typ()}
	if p.try("comment") {
		c.Comment = p.text()
	}
	return c
}

func (p *parser) partitions() []Partition {
	out := []Partition{}
	p.sym("(")
	for {
		from := p.peek().from
		name := p.ident()
		switch t := p.peek(); {
		case t.sym(",") || t.sym(")"):
			out = append(out, Partition{Column: Column{Name: name}, Transform: name})
		case t.sym("("):
			last := p.closing()
			out = append(out, Partition{Transform: strings.ToLower(p.source[from:p.tokens[last].to])})
			p.at = last + 1
		default:
			out = append(out, Partition{Column: p.column(name)})
		}
		if !p.trySym(",") {
			break
		}
	}
	p.sym(")")
	return out
}

func (p *parser) buckets() *Buckets {
	b := &Buckets{}
	p.sym("(")
	for {
		b.Columns = append(b.Columns, p.ident())
		if !p.trySym(",") {
			break
		}
	}
	p.sym(")")
	p.expect("into")
	n, err := strconv.Atoi(p.peek().text)
	if err != nil || n < 1 {
		p.fail("<integer>")
	}
	p.next()
	b.Count = n
	p.expect("buckets")
	return b
}

func (p *parser) delimited() *Delimited {
	d := &Delimited{}
	for {
		switch {
		case p.try("fields", "terminated", "by"):
			d.Field = p.text()
			if p.try("escaped", "by") {
				d.Escape = p.text()
			}
		case p.try("escaped", "by"):
			d.Escape = p.text()
		case p.try("collection", "items", "terminated", "by"):
			d.Collection = p.text()
		case p.try("map", "keys", "terminated", "by"):
			d.MapKey = p.text()
		case p.try("lines", "terminated", "by"):
			d.Line = p.text()
		case p.try("null", "defined", "as"):
			d.Null = p.text()
		default:
			return d
		}
	}
}

// typ takes a type of Hive and gives it without blanks, in lower case.
func (p *parser) typ() string {
	defer p.deeper()()
	base := p.ident()
	switch base {
	case "array":
		p.sym("<")
		in := p.typ()
		p.sym(">")
		return "array<" + in + ">"
	case "map":
		p.sym("<")
		k := p.typ()
		p.sym(",")
		v := p.typ()
		p.sym(">")
		return "map<" + k + "," + v + ">"
	case "struct", "uniontype":
		var parts []string
		p.sym("<")
		for {
			if base == "struct" {
				name := p.ident()
				p.trySym(":")
				parts = append(parts, name+":"+p.typ())
				if p.try("comment") {
					p.text()
				}
			} else {
				parts = append(parts, p.typ())
			}
			if !p.trySym(",") {
				break
			}
		}
		p.sym(">")
		return base + "<" + strings.Join(parts, ",") + ">"
	case "double":
		p.try("precision")
	case "integer":
		base = "int"
	case "long":
		base = "bigint"
	}
	known := map[string]bool{"boolean": true, "tinyint": true, "smallint": true, "int": true, "bigint": true, "float": true, "double": true,
		"decimal": true, "char": true, "varchar": true, "string": true, "binary": true, "date": true, "timestamp": true, "real": true, "uuid": true,
		"time": true, "timestamptz": true, "fixed": true, "void": true}
	if !known[base] {
		p.at--
		p.fail("<type>")
	}
	if p.trySym("(") {
		base += "("
		for {
			if p.peek().kind != number {
				p.fail("<integer>")
			}
			base += p.next().text
			if !p.trySym(",") {
				break
			}
			base += ","
		}
		p.sym(")")
		base += ")"
	}
	return base
}
