package statement

import "strings"

func (p *parser) show() Statement {
	p.expect("show")
	switch {
	case p.try("databases"), p.try("schemas"):
		var s ShowDatabases
		s.Like = p.like()
		return s
	case p.try("tables"):
		return p.showTables(false)
	case p.try("views"):
		return p.showTables(true)
	case p.try("columns"):
		p.from()
		n := p.name()
		if p.try("in") || p.try("from") {
			n.Database = p.ident()
		}
		return ShowColumns{n}
	case p.try("partitions"):
		s := ShowPartitions{Table: p.name()}
		if p.try("partition") {
			s.Spec = p.spec()
		}
		return s
	case p.try("create", "table"):
		return ShowCreate{Table: p.name()}
	case p.try("create", "view"):
		return ShowCreate{Table: p.name(), View: true}
	case p.try("tblproperties"):
		s := ShowProperties{Table: p.name()}
		if p.trySym("(") {
			s.Key = p.text()
			p.sym(")")
		}
		return s
	}
	p.fail("'COLUMNS', 'CREATE', 'DATABASES', 'PARTITIONS', 'SCHEMAS', 'TABLES', 'TBLPROPERTIES', 'VIEWS'")
	return nil
}

func (p *parser) from() {
	if !p.try("in") && !p.try("from") {
		p.fail("'FROM', 'IN'")
	}
}

func (p *parser) showTables(views bool) Statement {
	s := ShowTables{Views: views}
	if p.try("in") || p.try("from") {
		s.Database = p.database()
	}
	s.Like = p.like()
	return s
}

// like takes a pattern, with or without the word.
func (p *parser) like() string {
	said := p.try("like")
	if t := p.peek(); said || t.kind == text || t.kind == quoted {
		return p.text()
	}
	return ""
}

func (p *parser) describe() Statement {
	p.next()
	d := Describe{}
	if (p.peek().is("extended") || p.peek().is("formatted")) && p.ahead(1).kind != end {
		p.next()
		d.Extended = true
	}
	d.Table = p.name()
	if p.try("partition") {
		d.Spec = p.spec()
	}
	if !p.done() {
		parts := []string{p.ident()}
		for p.trySym(".") {
			parts = append(parts, p.ident())
		}
		d.Column = strings.Join(parts, ".")
	}
	return d
}

// spec takes the values of partition keys: (a = 1, b = 'x').
func (p *parser) spec() []Pair {
	out := []Pair{}
	p.sym("(")
	for {
		k := p.ident()
		p.sym("=")
		out = append(out, Pair{k, p.constant()})
		if !p.trySym(",") {
			break
		}
	}
	p.sym(")")
	return out
}

// constant takes the value of a partition key as a text.
func (p *parser) constant() string {
	if (p.peek().is("date") || p.peek().is("timestamp")) && p.ahead(1).kind == text {
		p.next()
	}
	switch t := p.peek(); {
	case t.kind == text, t.kind == quoted:
		return p.text()
	case t.kind == number, t.kind == word:
		return p.next().text
	case t.sym("-") && p.ahead(1).kind == number:
		p.next()
		return "-" + p.next().text
	}
	p.fail("<constant>")
	return ""
}
