package dialect

import (
	"strconv"
	"strings"
)

var typeNames = map[string]string{
	"boolean": Boolean, "tinyint": TinyInt, "smallint": SmallInt, "integer": Integer, "int": Integer, "bigint": BigInt,
	"real": Real, "double": Double, "decimal": Decimal, "dec": Decimal, "numeric": Decimal, "varchar": Varchar, "char": Char,
	"varbinary": Varbinary, "json": JSON, "date": Date, "time": Time, "timestamp": Timestamp, "uuid": UUID, "array": Array,
	"map": Map, "row": Row,
}

// typ reads a type, as after CAST(x AS.
func (p *parser) typ() *Type {
	defer p.enter()()
	t := p.peek()
	k, ok := typeNames[t.text]
	if !ok || t.kind != word {
		if t.is("interval") {
			return p.intervalType()
		}
		if t.isName() {
			p.fail(TypeMismatch, t.pos, "Unknown type: %s", t.raw)
		}
		p.unexpected("<type>")
	}
	p.take()
	out := &Type{Kind: k}
	switch k {
	case Double:
		p.accept("precision")
	case Array:
		p.elems(out, 1)
	case Map:
		p.elems(out, 2)
	case Row:
		p.fields(out)
	case Decimal:
		out.P = 38
		if p.accept("(") {
			out.P = p.number()
			if p.accept(",") {
				out.S = p.number()
			}
			p.expect(")")
		}
		if out.P < 1 || out.P > 38 || out.S > out.P {
			p.fail(TypeMismatch, t.pos, "DECIMAL precision must be in range [1, 38] and scale in range [0, precision]: decimal(%d,%d)", out.P, out.S)
		}
	case Varchar, Char:
		if p.accept("(") {
			out.P = p.number()
			p.expect(")")
		} else if k == Char {
			out.P = 1
		}
	case Time, Timestamp:
		if p.accept("(") {
			if out.P = p.number(); out.P > 12 {
				p.fail(TypeMismatch, t.pos, "%s precision must be in range [0, 12]: %d", strings.ToUpper(k), out.P)
			}
			p.expect(")")
		}
		if p.accept("with", "time", "zone") {
			if k == Time {
				p.fail(NotSupported, t.pos, "TIME WITH TIME ZONE is not supported")
			}
			out.Kind = TimestampTZ
		} else {
			p.accept("without", "time", "zone")
		}
	}
	for p.accept("array") { // the old form: bigint array
		out = arrayOf(out)
	}
	return out
}

func (p *parser) intervalType() *Type {
	p.expect("interval")
	if p.accept("year", "to", "month") {
		return basic(YearMonth)
	}
	p.expect("day", "to", "second")
	return basic(DaySecond)
}

func (p *parser) number() int {
	t := p.peek()
	n, err := strconv.Atoi(t.text)
	if t.kind != integer || err != nil {
		p.unexpected("<integer>")
	}
	p.take()
	return n
}

// elems reads "(type, …)", or "<type, …>" as older engines wrote it.
func (p *parser) elems(out *Type, n int) {
	end := ")"
	if p.accept("<") {
		end = ">"
	} else {
		p.expect("(")
	}
	for i := range n {
		if i > 0 {
			p.expect(",")
		}
		out.Elems = append(out.Elems, p.typ())
	}
	p.expect(end)
}

func (p *parser) fields(out *Type) {
	p.expect("(")
	for {
		name := ""
		t, next := p.peek(), p.ahead(1)
		if t.isName() && (next.isName() || next.is("array")) && !(t.is("double") && next.is("precision")) && !(t.is("interval")) {
			name = p.name()
		}
		out.Names, out.Elems = append(out.Names, name), append(out.Elems, p.typ())
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
}

// ParseType reads a type in Trino's words.
func ParseType(s string) (t *Type, err error) {
	p, err := newParser(s)
	if err != nil {
		return nil, err
	}
	defer catch(&err)
	t = p.typ()
	if p.peek().kind != eof {
		p.unexpected("<EOF>")
	}
	return t, nil
}

var hiveNames = map[string]string{
	"string": Varchar, "binary": Varbinary, "float": Real, "long": BigInt, "int": Integer, "integer": Integer,
	"smallint": SmallInt, "short": SmallInt, "tinyint": TinyInt, "byte": TinyInt, "bigint": BigInt, "double": Double,
	"real": Real, "boolean": Boolean, "date": Date, "timestamp": Timestamp, "time": Time, "uuid": UUID, "json": JSON,
	"timestamptz": TimestampTZ, "varbinary": Varbinary,
}

// ParseHive reads a type as the catalog writes it: array<struct<a:int,b:string>>.
// Source: https://docs.aws.amazon.com/athena/latest/ug/data-types.html
func ParseHive(s string) (t *Type, err error) {
	p, err := newParser(s)
	if err != nil {
		return nil, err
	}
	defer catch(&err)
	t = p.hive()
	if p.peek().kind != eof {
		p.unexpected("<EOF>")
	}
	return t, nil
}

func (p *parser) hive() *Type {
	defer p.enter()()
	t := p.take()
	if k, ok := hiveNames[t.text]; ok {
		return basic(k)
	}
	out := &Type{Kind: t.text}
	switch t.text {
	case "varchar", "char":
		if p.accept("(") {
			out.P = p.number()
			p.expect(")")
		}
	case "decimal", "numeric":
		out.Kind, out.P = Decimal, 10
		if p.accept("(") {
			out.P = p.number()
			if p.accept(",") {
				out.S = p.number()
			}
			p.expect(")")
		}
		if out.P < 1 || out.P > 38 || out.S > out.P {
			p.fail(TypeMismatch, t.pos, "not a decimal: %s", out)
		}
	case "array", "map":
		p.expect("<")
		out.Elems = append(out.Elems, p.hive())
		if t.text == "map" {
			p.expect(",")
			out.Elems = append(out.Elems, p.hive())
		}
		p.expect(">")
	case "struct":
		out.Kind = Row
		p.expect("<")
		for {
			n := p.take() // any word may name a field
			if n.kind != word && n.kind != quoted && n.kind != integer {
				p.i--
				p.unexpected("<identifier>")
			}
			p.expect(":")
			out.Names, out.Elems = append(out.Names, n.text), append(out.Elems, p.hive())
			if !p.accept(",") {
				break
			}
		}
		p.expect(">")
	default:
		p.fail(TypeMismatch, t.pos, "Unknown type: %s", t.raw)
	}
	return out
}
