package dialect

import (
	"fmt"
	"strconv"
	"strings"
)

// Kinds of types, by Trino's names.
const (
	Unknown     = "unknown" // of NULL
	Boolean     = "boolean"
	TinyInt     = "tinyint"
	SmallInt    = "smallint"
	Integer     = "integer"
	BigInt      = "bigint"
	Real        = "real"
	Double      = "double"
	Decimal     = "decimal"
	Varchar     = "varchar"
	Char        = "char"
	Varbinary   = "varbinary"
	JSON        = "json"
	Date        = "date"
	Time        = "time"
	Timestamp   = "timestamp"
	TimestampTZ = "timestamp with time zone"
	DaySecond   = "interval day to second"
	YearMonth   = "interval year to month"
	UUID        = "uuid"
	Array       = "array"
	Map         = "map"
	Row         = "row"
)

// Type is a type of Trino. P is precision or length (0 when it has none), S the scale of a decimal. Elems are the
// element of an array, key and value of a map, fields of a row; Names are the names of the fields, "" for none.
type Type struct {
	Kind  string
	P, S  int
	Elems []*Type
	Names []string
}

func basic(k string) *Type { return &Type{Kind: k} }

func arrayOf(e *Type) *Type { return &Type{Kind: Array, Elems: []*Type{e}} }

func mapOf(k, v *Type) *Type { return &Type{Kind: Map, Elems: []*Type{k, v}} }

func decimalOf(p, s int) *Type { return &Type{Kind: Decimal, P: min(max(p, 1), 38), S: min(s, 38)} }

// String is the type in Trino's words.
func (t *Type) String() string {
	if t == nil {
		return Unknown
	}
	switch t.Kind {
	case Decimal:
		return fmt.Sprintf("decimal(%d,%d)", t.P, t.S)
	case Varchar, Char:
		if t.P > 0 {
			return fmt.Sprintf("%s(%d)", t.Kind, t.P)
		}
	case Time, Timestamp:
		return fmt.Sprintf("%s(%d)", t.Kind, t.precision())
	case TimestampTZ:
		return fmt.Sprintf("timestamp(%d) with time zone", t.precision())
	case Array:
		return "array(" + t.Elems[0].String() + ")"
	case Map:
		return "map(" + t.Elems[0].String() + ", " + t.Elems[1].String() + ")"
	case Row:
		fields := make([]string, len(t.Elems))
		for i, e := range t.Elems {
			fields[i] = e.String()
			if t.Names[i] != "" {
				fields[i] = t.Names[i] + " " + fields[i]
			}
		}
		return "row(" + strings.Join(fields, ", ") + ")"
	}
	return t.Kind
}

func (t *Type) precision() int {
	if t.P == 0 {
		return 3
	}
	return t.P
}

// Duck is the type in DuckDB's words.
func (t *Type) Duck() string {
	switch t.Kind {
	case Boolean, TinyInt, SmallInt, Integer, BigInt, Double, JSON, Date, Time, Timestamp, UUID:
		return strings.ToUpper(t.Kind)
	case Real:
		return "FLOAT"
	case Decimal:
		return fmt.Sprintf("DECIMAL(%d,%d)", t.P, t.S)
	case Varbinary:
		return "BLOB"
	case TimestampTZ:
		return "TIMESTAMPTZ"
	case DaySecond, YearMonth:
		return "INTERVAL"
	case Array:
		return t.Elems[0].Duck() + "[]"
	case Map:
		return "MAP(" + t.Elems[0].Duck() + ", " + t.Elems[1].Duck() + ")"
	case Row:
		fields := make([]string, len(t.Elems))
		for i, e := range t.Elems {
			fields[i] = quote(t.field(i)) + " " + e.Duck()
		}
		return "STRUCT(" + strings.Join(fields, ", ") + ")"
	case Unknown:
		return "INTEGER"
	}
	return "VARCHAR"
}

// field is the name of a row's field in the engine, where every field has one.
func (t *Type) field(i int) string {
	if t.Names[i] == "" {
		return "field" + strconv.Itoa(i)
	}
	return t.Names[i]
}

func (t *Type) is(kinds ...string) bool {
	if t == nil {
		return false
	}
	for _, k := range kinds {
		if t.Kind == k {
			return true
		}
	}
	return false
}

func (t *Type) elem(i int) *Type {
	if t == nil || i >= len(t.Elems) {
		return nil
	}
	return t.Elems[i]
}

// class puts types together that may be compared; "" is not known.
func (t *Type) class() string {
	switch {
	case t == nil, t.Kind == Unknown:
		return ""
	case t.isInt(), t.is(Real, Double, Decimal):
		return "number"
	case t.is(Varchar, Char):
		return "text"
	case t.is(Date, Timestamp, TimestampTZ):
		return "instant"
	}
	return t.Kind
}

func (t *Type) isInt() bool { return t.is(TinyInt, SmallInt, Integer, BigInt) }

// asDecimal is the decimal that holds all values of an exact number type.
func (t *Type) asDecimal() *Type {
	switch t.Kind {
	case TinyInt:
		return decimalOf(3, 0)
	case SmallInt:
		return decimalOf(5, 0)
	case Integer:
		return decimalOf(10, 0)
	case BigInt:
		return decimalOf(19, 0)
	}
	return t
}

var intRank = map[string]int{TinyInt: 1, SmallInt: 2, Integer: 3, BigInt: 4}

// unify is the type that values of both types have in common; nil when it is not known.
func unify(a, b *Type) *Type {
	switch {
	case a == nil || b == nil:
		return nil
	case a.Kind == Unknown:
		return b
	case b.Kind == Unknown:
		return a
	case a.isInt() && b.isInt():
		if intRank[a.Kind] >= intRank[b.Kind] {
			return a
		}
		return b
	case a.class() == "number" && b.class() == "number":
		if a.is(Double) || b.is(Double) {
			return basic(Double)
		}
		if a.is(Real) || b.is(Real) {
			return basic(Real)
		}
		x, y := a.asDecimal(), b.asDecimal()
		s := max(x.S, y.S)
		return decimalOf(max(x.P-x.S, y.P-y.S)+s, s)
	case a.class() == "text" && b.class() == "text":
		if a.P == 0 || b.P == 0 {
			return basic(Varchar)
		}
		return &Type{Kind: Varchar, P: max(a.P, b.P)}
	case a.class() == "instant" && b.class() == "instant":
		if a.is(TimestampTZ) || b.is(TimestampTZ) {
			return basic(TimestampTZ)
		}
		if a.is(Timestamp) || b.is(Timestamp) {
			return basic(Timestamp)
		}
		return a
	case a.Kind != b.Kind || len(a.Elems) != len(b.Elems):
		return nil
	case len(a.Elems) > 0:
		out := &Type{Kind: a.Kind, Names: a.Names}
		for i := range a.Elems {
			out.Elems = append(out.Elems, unify(a.Elems[i], b.Elems[i]))
		}
		return out
	}
	return a
}
