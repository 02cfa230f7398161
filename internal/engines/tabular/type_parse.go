package tabular

import (
	"fmt"
	"strconv"
	"strings"
)

// ErrType is the error of text that is no Hive type.
var ErrType = fmt.Errorf("not a type")

var kindsByName = map[string]Kind{
	"void": Void, "boolean": Boolean, "tinyint": TinyInt, "byte": TinyInt, "smallint": SmallInt, "short": SmallInt, "int": Int,
	"integer": Int, "bigint": BigInt, "long": BigInt, "float": Float, "real": Float, "double": Double, "decimal": Decimal,
	"numeric": Decimal, "string": String, "char": Char, "varchar": Varchar, "binary": Binary, "date": Date, "timestamp": Timestamp,
	"array": Array, "map": Map, "struct": Struct,
}

// ParseType reads a Hive type, in any case, with spaces where Hive allows them. The error is ErrType.
func ParseType(s string) (Type, error) {
	if len(s) > MaxTypeLength {
		return Type{}, fmt.Errorf("%w: longer than %d characters", ErrType, MaxTypeLength)
	}
	p := typeParser{s: s}
	t, err := p.parse(0)
	if err != nil {
		return Type{}, err
	}
	if p.space(); p.i < len(s) {
		return Type{}, p.fail("unexpected text")
	}
	return t, nil
}

type typeParser struct {
	s string
	i int
}

func (p *typeParser) fail(why string) error {
	return fmt.Errorf("%w: %s at position %d of %.100q", ErrType, why, p.i, p.s)
}

func (p *typeParser) space() {
	for p.i < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.i]) >= 0 {
		p.i++
	}
}

func (p *typeParser) take(c byte) bool {
	if p.space(); p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *typeParser) expect(c byte) error {
	if !p.take(c) {
		return p.fail("expected " + string(c))
	}
	return nil
}

func (p *typeParser) word() string {
	p.space()
	from := p.i
	for p.i < len(p.s) && (p.s[p.i] == '_' || p.s[p.i]|0x20 >= 'a' && p.s[p.i]|0x20 <= 'z') {
		p.i++
	}
	return strings.ToLower(p.s[from:p.i])
}

func (p *typeParser) parse(depth int) (Type, error) {
	if depth > MaxDepth {
		return Type{}, p.fail("nested too deep")
	}
	name := p.word()
	k, ok := kindsByName[name]
	if !ok {
		return Type{}, p.fail("unknown type " + strconv.Quote(name))
	}
	switch k {
	case Decimal:
		return p.decimal()
	case Char, Varchar:
		if err := p.expect('('); err != nil {
			return Type{}, err
		}
		n, err := p.number(1, 65535)
		if err != nil {
			return Type{}, err
		}
		return Type{Kind: k, Length: n}, p.expect(')')
	case Array, Map:
		return p.nested(k, depth)
	case Struct:
		return p.fields(depth)
	case Double:
		save := p.i
		if p.word() != "precision" {
			p.i = save
		}
	}
	return Of(k), nil
}

func (p *typeParser) number(from, to int) (int, error) {
	p.space()
	start := p.i
	for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
		p.i++
	}
	n, err := strconv.Atoi(p.s[start:p.i])
	if err != nil || n < from || n > to {
		return 0, p.fail(fmt.Sprintf("expected a number from %d to %d", from, to))
	}
	return n, nil
}

// decimal alone is decimal(10,0).
func (p *typeParser) decimal() (t Type, err error) {
	t = DecimalOf(10, 0)
	if !p.take('(') {
		return t, nil
	}
	if t.Precision, err = p.number(1, maxPrecision); err != nil {
		return t, err
	}
	if p.take(',') {
		if t.Scale, err = p.number(0, t.Precision); err != nil {
			return t, err
		}
	}
	return t, p.expect(')')
}

func (p *typeParser) nested(k Kind, depth int) (t Type, err error) {
	if err := p.expect('<'); err != nil {
		return t, err
	}
	t = Type{Kind: k, Elem: new(Type)}
	if k == Map {
		t.Key = new(Type)
		if *t.Key, err = p.parse(depth + 1); err != nil {
			return t, err
		}
		if err := p.expect(','); err != nil {
			return t, err
		}
	}
	if *t.Elem, err = p.parse(depth + 1); err != nil {
		return t, err
	}
	return t, p.expect('>')
}

func (p *typeParser) fields(depth int) (t Type, err error) {
	if err := p.expect('<'); err != nil {
		return t, err
	}
	t.Kind = Struct
	if p.take('>') {
		return t, nil
	}
	for {
		var f Field
		if f.Name, err = p.fieldName(); err != nil {
			return t, err
		}
		if f.Type, err = p.parse(depth + 1); err != nil {
			return t, err
		}
		t.Fields = append(t.Fields, f)
		if !p.take(',') {
			return t, p.expect('>')
		}
	}
}

// fieldName reads a name up to its colon, plain or in backquotes.
func (p *typeParser) fieldName() (string, error) {
	if p.take('`') {
		var name strings.Builder
		for p.i < len(p.s) {
			c := p.s[p.i]
			p.i++
			if c == '`' {
				if p.i >= len(p.s) || p.s[p.i] != '`' {
					return name.String(), p.expect(':')
				}
				p.i++
			}
			name.WriteByte(c)
		}
		return "", p.fail("unclosed name")
	}
	n := strings.IndexAny(p.s[p.i:], ":,<>()`")
	if n <= 0 || p.s[p.i+n] != ':' {
		return "", p.fail("expected a name and a colon")
	}
	name := strings.TrimRight(p.s[p.i:p.i+n], " \t\r\n")
	p.i += n + 1
	if name == "" {
		return "", p.fail("expected a name")
	}
	return name, nil
}
