package tabular

import (
	"strconv"
	"strings"
)

// Kind is what a Hive type is, without its parts.
type Kind uint8

const (
	Void Kind = iota // no value was seen; prints as string
	Boolean
	TinyInt
	SmallInt
	Int
	BigInt
	Float
	Double
	Decimal
	String
	Char
	Varchar
	Binary
	Date
	Timestamp
	Array
	Map
	Struct
)

var kindNames = [...]string{"string", "boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "decimal", "string",
	"char", "varchar", "binary", "date", "timestamp", "array", "map", "struct"}

const (
	maxPrecision = 38
	// MaxTypeLength is how long a type's text may be: Glue's limit for a column.
	MaxTypeLength = 131072
	// MaxDepth is how deep types may be nested.
	MaxDepth = 32
)

// Type is a Hive type: https://docs.aws.amazon.com/athena/latest/ug/data-types.html. Types are values, never changed in place.
type Type struct {
	Kind             Kind
	Precision, Scale int     // of Decimal
	Length           int     // of Char and Varchar
	Key, Elem        *Type   // Elem of Array and Map, Key of Map
	Fields           []Field // of Struct
}

// Field is a member of a struct.
type Field struct {
	Name string
	Type Type
}

// Of is the type of a kind that has no parts.
func Of(k Kind) Type { return Type{Kind: k} }

// DecimalOf is decimal(precision,scale).
func DecimalOf(precision, scale int) Type {
	return Type{Kind: Decimal, Precision: precision, Scale: scale}
}

// ArrayOf is array<elem>.
func ArrayOf(elem Type) Type { return Type{Kind: Array, Elem: &elem} }

// MapOf is map<key,elem>.
func MapOf(key, elem Type) Type { return Type{Kind: Map, Key: &key, Elem: &elem} }

// StructOf is struct<name:type,…>.
func StructOf(fields ...Field) Type { return Type{Kind: Struct, Fields: fields} }

// String is the type as Hive and Glue write it.
func (t Type) String() string {
	switch t.Kind {
	case Decimal, Char, Varchar, Array, Map, Struct:
		var b strings.Builder
		t.write(&b)
		return b.String()
	}
	return kindNames[t.Kind]
}

func (t Type) write(b *strings.Builder) {
	switch t.Kind {
	case Decimal:
		b.WriteString("decimal(" + strconv.Itoa(t.Precision) + "," + strconv.Itoa(t.Scale) + ")")
	case Char, Varchar:
		b.WriteString(kindNames[t.Kind] + "(" + strconv.Itoa(t.Length) + ")")
	case Array:
		b.WriteString("array<")
		t.Elem.write(b)
		b.WriteByte('>')
	case Map:
		b.WriteString("map<")
		t.Key.write(b)
		b.WriteByte(',')
		t.Elem.write(b)
		b.WriteByte('>')
	case Struct:
		b.WriteString("struct<")
		for i, f := range t.Fields {
			if i > 0 {
				b.WriteByte(',')
			}
			writeFieldName(b, f.Name)
			b.WriteByte(':')
			f.Type.write(b)
		}
		b.WriteByte('>')
	default:
		b.WriteString(kindNames[t.Kind])
	}
}

// writeFieldName quotes a name that would not be read back.
func writeFieldName(b *strings.Builder, name string) {
	if name != "" && !strings.ContainsAny(name, ":,<>()` \t\r\n") {
		b.WriteString(name)
		return
	}
	b.WriteString("`" + strings.ReplaceAll(name, "`", "``") + "`")
}

// Equal tells whether two types are the same. Names of fields count in any case.
func (t Type) Equal(u Type) bool {
	if t.Kind != u.Kind || t.Precision != u.Precision || t.Scale != u.Scale || t.Length != u.Length || len(t.Fields) != len(u.Fields) {
		return false
	}
	if t.Kind == Array || t.Kind == Map {
		if t.Kind == Map && !t.Key.Equal(*u.Key) {
			return false
		}
		return t.Elem.Equal(*u.Elem)
	}
	for i := range t.Fields {
		if !strings.EqualFold(t.Fields[i].Name, u.Fields[i].Name) || !t.Fields[i].Type.Equal(u.Fields[i].Type) {
			return false
		}
	}
	return true
}

// Numeric tells whether values of the type are numbers.
func (t Type) Numeric() bool { return t.Kind >= TinyInt && t.Kind <= Decimal }

func (t Type) integer() bool { return t.Kind >= TinyInt && t.Kind <= BigInt }
