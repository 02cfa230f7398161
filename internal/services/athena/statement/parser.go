package statement

import (
	"strings"
)

// maxDepth bounds statements within statements and types within types.
const maxDepth = 50

type parser struct {
	source string
	tokens []token
	at     int
	depth  int
}

// Parse reads one statement. Errors are *Error.
func Parse(source string) (st Statement, err error) {
	tokens, err := lex(source)
	if err != nil {
		return nil, err
	}
	p := &parser{source: source, tokens: tokens}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			st, err = nil, e
		}
	}()
	for n := len(p.tokens); n > 1 && p.tokens[n-2].sym(";"); n-- { // one may stand at the end
		p.tokens[n-2].kind, p.tokens[n-2].text = end, ""
		p.tokens = p.tokens[:n-1]
	}
	st = p.statement()
	if !p.done() {
		p.fail("")
	}
	return st, nil
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) ahead(n int) token {
	if p.at+n >= len(p.tokens) {
		return p.tokens[len(p.tokens)-1]
	}
	return p.tokens[p.at+n]
}

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != end {
		p.at++
	}
	return t
}

func (p *parser) done() bool { return p.peek().kind == end }

// fail ends the parse at the token at hand.
func (p *parser) fail(expecting string) {
	t := p.peek()
	message := "mismatched input '" + strings.Trim(t.shown(), "'") + "'"
	if expecting != "" {
		message += ". Expecting: " + expecting
	}
	panic(&Error{t.pos, message})
}

// try takes words when they all come next.
func (p *parser) try(words ...string) bool {
	for i, w := range words {
		if !p.ahead(i).is(w) {
			return false
		}
	}
	p.at += len(words)
	return true
}

func (p *parser) expect(words ...string) {
	for _, w := range words {
		if !p.peek().is(w) {
			p.fail("'" + w + "'")
		}
		p.next()
	}
}

func (p *parser) sym(s string) {
	if !p.peek().sym(s) {
		p.fail("'" + s + "'")
	}
	p.next()
}

func (p *parser) trySym(s string) bool {
	if p.peek().sym(s) {
		p.next()
		return true
	}
	return false
}

// ident takes a name, quoted or not.
func (p *parser) ident() string {
	switch t := p.peek(); t.kind {
	case word, quoted, ticked:
		p.next()
		return strings.ToLower(t.text)
	}
	p.fail("<identifier>")
	return ""
}

// name takes a name of up to three parts. Hive's quotes may hold several: `db.table`.
func (p *parser) name() Name {
	n := Name{Pos: p.peek().pos}
	var parts []string
	for {
		t := p.peek()
		part := p.ident()
		if t.kind == ticked && strings.Contains(part, ".") {
			parts = append(parts, strings.Split(part, ".")...)
		} else {
			parts = append(parts, part)
		}
		if !p.trySym(".") {
			break
		}
	}
	switch len(parts) {
	case 1:
		n.Name = parts[0]
	case 2:
		n.Database, n.Name = parts[0], parts[1]
	case 3:
		n.Catalog, n.Database, n.Name = parts[0], parts[1], parts[2]
	default:
		panic(&Error{n.Pos, "Too many parts in name: " + strings.Join(parts, ".")})
	}
	return n
}

// database takes the name of a database, perhaps with its catalog.
func (p *parser) database() Name {
	n := p.name()
	if n.Catalog != "" {
		panic(&Error{n.Pos, "Too many parts in schema name: " + n.String()})
	}
	n.Catalog, n.Database = n.Database, ""
	return n
}

// text takes a string of Hive.
func (p *parser) text() string {
	switch t := p.peek(); t.kind {
	case text, quoted:
		p.next()
		return unescape(t.text)
	}
	p.fail("<string>")
	return ""
}

// rest is the text from the token at hand to the end, with all that is before turned to blanks.
func (p *parser) rest() string {
	out := p.blanked(p.peek().from, p.tokens[len(p.tokens)-1].from)
	p.at = len(p.tokens) - 1
	return out
}

// blanked is a part of the text, in its place.
func (p *parser) blanked(from, to int) string {
	before := strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return ' '
	}, p.source[:from])
	return before + strings.TrimRight(p.source[from:to], "; \t\r\n")
}

// closing is the index of the token that closes the parenthesis at hand.
func (p *parser) closing() int {
	depth := 0
	for i := p.at; i < len(p.tokens); i++ {
		switch t := p.tokens[i]; {
		case t.sym("("):
			depth++
		case t.sym(")"):
			if depth--; depth == 0 {
				return i
			}
		}
	}
	panic(&Error{p.tokens[len(p.tokens)-1].pos, "mismatched input '<EOF>'. Expecting: ')'"})
}

func (p *parser) deeper() func() {
	if p.depth++; p.depth > maxDepth {
		panic(&Error{p.peek().pos, "statement is nested too deeply"})
	}
	return func() { p.depth-- }
}

// isQuery tells that a query begins here.
func (p *parser) isQuery() bool {
	t := p.peek()
	return t.sym("(") || t.is("select") || t.is("with") || t.is("values") || t.is("table")
}

func (p *parser) query() string {
	if !p.isQuery() {
		p.fail("'(', 'SELECT', 'TABLE', 'VALUES', 'WITH'")
	}
	return p.rest()
}

func (p *parser) statement() Statement {
	defer p.deeper()()
	t := p.peek()
	if p.isQuery() {
		return Query{p.rest()}
	}
	switch strings.ToLower(t.text) {
	case "show":
		return p.show()
	case "describe", "desc":
		return p.describe()
	case "create":
		return p.create()
	case "drop":
		return p.drop()
	case "alter":
		return p.alter()
	case "msck":
		p.expect("msck", "repair", "table")
		return Repair{p.name()}
	case "insert":
		return p.insert()
	case "unload":
		return p.unload()
	case "explain":
		return p.explain()
	case "prepare":
		p.next()
		name := p.ident()
		p.expect("from")
		return Prepare{name, p.rest()}
	case "execute":
		return p.execute()
	case "deallocate":
		p.expect("deallocate", "prepare")
		return Deallocate{p.ident()}
	case "delete":
		return p.deletes()
	case "update":
		return p.updates()
	case "merge":
		return p.merge()
	case "optimize":
		p.next()
		o := Optimize{Table: p.name()}
		p.expect("rewrite", "data", "using", "bin_pack")
		o.Where = p.where()
		return o
	case "vacuum":
		p.next()
		return Vacuum{p.name()}
	}
	if t.kind == word {
		switch strings.ToLower(t.text) {
		case "use", "set", "reset", "grant", "revoke", "call", "analyze", "commit", "rollback", "start", "truncate", "refresh", "load", "export",
			"import", "lock", "unlock", "comment", "deny":
			panic(&Error{t.pos, "Queries of this type are not supported"})
		}
	}
	p.fail("'ALTER', 'CREATE', 'DELETE', 'DESCRIBE', 'DROP', 'EXPLAIN', 'INSERT', 'MSCK', 'SELECT', 'SHOW', 'UNLOAD', 'VALUES', 'WITH', <query>")
	return nil
}
