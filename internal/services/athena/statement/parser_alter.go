package statement

func (p *parser) drop() Statement {
	p.expect("drop")
	switch {
	case p.try("database"), p.try("schema"):
		d := DropDatabase{IfExists: p.try("if", "exists"), Database: p.database()}
		if !p.try("restrict") {
			d.Cascade = p.try("cascade")
		}
		return d
	case p.try("table"):
		d := DropTable{IfExists: p.try("if", "exists"), Table: p.name()}
		p.try("purge")
		return d
	case p.try("view"):
		return DropTable{IfExists: p.try("if", "exists"), Table: p.name(), View: true}
	}
	p.fail("'DATABASE', 'SCHEMA', 'TABLE', 'VIEW'")
	return nil
}

func (p *parser) alter() Statement {
	p.expect("alter")
	if p.try("database") || p.try("schema") {
		d := AlterDatabase{Database: p.database()}
		p.expect("set", "dbproperties")
		d.Properties = p.pairs()
		return d
	}
	if p.try("view") {
		return p.alterView()
	}
	p.expect("table")
	a := AlterTable{Table: p.name()}
	if p.try("partition") {
		a.Spec = p.spec()
	}
	a.Action = p.action(a.Spec != nil)
	return a
}

func (p *parser) alterView() Statement {
	v := AlterView{View: p.name(), Force: p.try("force")}
	switch {
	case p.try("drop", "dialect"):
		v.Action = "DROP"
		return v
	case p.try("add", "dialect"):
		v.Action = "ADD"
	case p.try("update", "dialect"):
		v.Action = "UPDATE"
	default:
		p.fail("'ADD', 'DROP', 'FORCE', 'UPDATE'")
	}
	v.JSON = p.try("show", "view", "json")
	p.expect("as")
	v.Query = p.query()
	return v
}

func (p *parser) action(partition bool) any {
	switch {
	case p.try("add", "columns"):
		return AddColumns{p.columns()}
	case p.try("add"):
		return p.addPartitions()
	case p.try("drop", "column"):
		return DropColumn{p.ident()}
	case p.try("drop"):
		d := DropPartitions{IfExists: p.try("if", "exists")}
		for {
			p.expect("partition")
			d.Specs = append(d.Specs, p.spec())
			if !p.trySym(",") {
				break
			}
		}
		p.try("purge")
		return d
	case partition && p.try("rename", "to", "partition"):
		return RenamePartition{p.spec()}
	case p.try("replace", "columns"):
		return ReplaceColumns{p.columns()}
	case p.try("set", "location"):
		return SetLocation{p.text()}
	case p.try("set", "tblproperties"):
		return SetProperties{Properties: p.pairs()}
	case p.try("unset", "tblproperties"):
		p.try("if", "exists")
		s := SetProperties{Unset: true}
		p.sym("(")
		for {
			s.Properties = append(s.Properties, Pair{Key: p.text()})
			if !p.trySym(",") {
				break
			}
		}
		p.sym(")")
		return s
	case p.try("change"):
		p.try("column")
		c := ChangeColumn{Old: p.ident()}
		c.New = p.column(p.ident())
		if !partition {
			c.First = p.try("first")
			if p.try("after") {
				c.After = p.ident()
			}
		}
		return c
	}
	p.fail("'ADD', 'CHANGE', 'DROP', 'PARTITION', 'RENAME', 'REPLACE', 'SET', 'UNSET'")
	return nil
}

func (p *parser) addPartitions() any {
	a := AddPartitions{IfNotExist: p.try("if", "not", "exists")}
	for {
		p.expect("partition")
		l := Located{Spec: p.spec()}
		if p.try("location") {
			l.Location = p.text()
		}
		a.Partitions = append(a.Partitions, l)
		p.trySym(",")
		if !p.peek().is("partition") {
			return a
		}
	}
}
