package duckdb

import (
	"encoding/binary"
	"math/big"
	"strings"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// decoder reads values of one column's type.
type decoder struct {
	id    mapping.Type
	alias string
	inner mapping.Type // of decimals and enums
	scale int
	dict  []string
	elems []*decoder
	names []string
}

func newDecoder(t mapping.LogicalType) *decoder {
	d := &decoder{id: mapping.GetTypeId(t), alias: mapping.LogicalTypeGetAlias(t)}
	child := func(c mapping.LogicalType) {
		d.elems = append(d.elems, newDecoder(c))
		mapping.DestroyLogicalType(&c)
	}
	switch d.id {
	case mapping.TypeDecimal:
		d.inner, d.scale = mapping.DecimalInternalType(t), int(mapping.DecimalScale(t))
		d.names = []string{""}
	case mapping.TypeEnum:
		d.inner = mapping.EnumInternalType(t)
		for i := range mapping.EnumDictionarySize(t) {
			d.dict = append(d.dict, mapping.EnumDictionaryValue(t, mapping.IdxT(i)))
		}
	case mapping.TypeList:
		child(mapping.ListTypeChildType(t))
	case mapping.TypeMap:
		child(mapping.MapTypeKeyType(t))
		child(mapping.MapTypeValueType(t))
	case mapping.TypeStruct:
		for i := range mapping.StructTypeChildCount(t) {
			d.names = append(d.names, mapping.StructTypeChildName(t, i))
			child(mapping.StructTypeChildType(t, i))
		}
	}
	return d
}

// typ is the type that a value has by the engine's word, for when the dialect could not tell.
func (d *decoder) typ() *sql.Type {
	k := func(kind string) *sql.Type { return &sql.Type{Kind: kind} }
	switch d.id {
	case mapping.TypeBoolean:
		return k(dialect.Boolean)
	case mapping.TypeTinyInt:
		return k(dialect.TinyInt)
	case mapping.TypeSmallInt, mapping.TypeUTinyInt:
		return k(dialect.SmallInt)
	case mapping.TypeInteger, mapping.TypeUSmallInt:
		return k(dialect.Integer)
	case mapping.TypeBigInt, mapping.TypeUInteger, mapping.TypeHugeInt, mapping.TypeUBigInt, mapping.TypeUHugeInt:
		return k(dialect.BigInt)
	case mapping.TypeFloat:
		return k(dialect.Real)
	case mapping.TypeDouble:
		return k(dialect.Double)
	case mapping.TypeDecimal:
		return &sql.Type{Kind: dialect.Decimal, P: 38, S: d.scale}
	case mapping.TypeBlob:
		return k(dialect.Varbinary)
	case mapping.TypeDate:
		return k(dialect.Date)
	case mapping.TypeTime:
		return k(dialect.Time)
	case mapping.TypeTimestamp, mapping.TypeTimestampS, mapping.TypeTimestampMS, mapping.TypeTimestampNS:
		return k(dialect.Timestamp)
	case mapping.TypeTimestampTZ:
		return k(dialect.TimestampTZ)
	case mapping.TypeInterval:
		return k(dialect.DaySecond)
	case mapping.TypeUUID:
		return k(dialect.UUID)
	case mapping.TypeSQLNull:
		return k(dialect.Unknown)
	case mapping.TypeList:
		return &sql.Type{Kind: dialect.Array, Elems: []*sql.Type{d.elems[0].typ()}}
	case mapping.TypeMap:
		return &sql.Type{Kind: dialect.Map, Elems: []*sql.Type{d.elems[0].typ(), d.elems[1].typ()}}
	case mapping.TypeStruct:
		t := &sql.Type{Kind: dialect.Row, Names: d.names}
		for _, e := range d.elems {
			t.Elems = append(t.Elems, e.typ())
		}
		return t
	}
	if d.alias == "JSON" {
		return k(dialect.JSON)
	}
	return k(dialect.Varchar)
}

// vector is a column of a chunk, opened for reading.
type vector struct {
	d        *decoder
	data     unsafe.Pointer
	validity unsafe.Pointer
	children []vector
}

func openVector(d *decoder, v mapping.Vector) vector {
	out := vector{d: d, data: mapping.VectorGetData(v), validity: mapping.VectorGetValidity(v)}
	switch d.id {
	case mapping.TypeList:
		out.children = []vector{openVector(d.elems[0], mapping.ListVectorGetChild(v))}
	case mapping.TypeMap:
		entry := mapping.ListVectorGetChild(v)
		out.children = []vector{openVector(d.elems[0], mapping.StructVectorGetChild(entry, 0)),
			openVector(d.elems[1], mapping.StructVectorGetChild(entry, 1))}
	case mapping.TypeStruct:
		for i, e := range d.elems {
			out.children = append(out.children, openVector(e, mapping.StructVectorGetChild(v, mapping.IdxT(i))))
		}
	}
	return out
}

func at[T any](p unsafe.Pointer, i int) T {
	var zero T
	return *(*T)(unsafe.Add(p, uintptr(i)*unsafe.Sizeof(zero)))
}

func (v *vector) null(i int) bool {
	return v.validity != nil && at[uint64](v.validity, i/64)&(1<<(i%64)) == 0
}

// bytesAt reads a string or blob: its length, then the bytes themselves when there are 12 or fewer, or four of them and a
// pointer to all.
func bytesAt(data unsafe.Pointer, i int) []byte {
	p := unsafe.Add(data, uintptr(i)*16)
	n := *(*uint32)(p)
	from := unsafe.Add(p, 4)
	if n > 12 {
		from = *(*unsafe.Pointer)(unsafe.Add(p, 8))
	}
	return unsafe.Slice((*byte)(from), n)
}

func textAt(data unsafe.Pointer, i int) string { return string(bytesAt(data, i)) }

func (v *vector) value(i int) any {
	if v.null(i) {
		return nil
	}
	switch v.d.id {
	case mapping.TypeBoolean:
		return at[bool](v.data, i)
	case mapping.TypeTinyInt:
		return int64(at[int8](v.data, i))
	case mapping.TypeSmallInt:
		return int64(at[int16](v.data, i))
	case mapping.TypeInteger:
		return int64(at[int32](v.data, i))
	case mapping.TypeBigInt:
		return at[int64](v.data, i)
	case mapping.TypeUTinyInt:
		return int64(at[uint8](v.data, i))
	case mapping.TypeUSmallInt:
		return int64(at[uint16](v.data, i))
	case mapping.TypeUInteger:
		return int64(at[uint32](v.data, i))
	case mapping.TypeUBigInt:
		return new(big.Int).SetUint64(at[uint64](v.data, i))
	case mapping.TypeHugeInt:
		return v.huge(i)
	case mapping.TypeFloat:
		return at[float32](v.data, i)
	case mapping.TypeDouble:
		return at[float64](v.data, i)
	case mapping.TypeDecimal:
		return v.decimal(i)
	case mapping.TypeVarchar:
		return textAt(v.data, i)
	case mapping.TypeBlob:
		return []byte(textAt(v.data, i))
	case mapping.TypeDate:
		return sql.Date(at[int32](v.data, i))
	case mapping.TypeTime:
		return sql.Time(at[int64](v.data, i))
	case mapping.TypeTimestamp:
		return sql.Timestamp(at[int64](v.data, i))
	case mapping.TypeTimestampTZ:
		return sql.TimestampTZ(at[int64](v.data, i))
	case mapping.TypeTimestampS:
		return sql.Timestamp(at[int64](v.data, i) * 1e6)
	case mapping.TypeTimestampMS:
		return sql.Timestamp(at[int64](v.data, i) * 1e3)
	case mapping.TypeTimestampNS:
		return sql.Timestamp(at[int64](v.data, i) / 1e3)
	case mapping.TypeInterval:
		p := unsafe.Add(v.data, uintptr(i)*16)
		return sql.Interval{Months: at[int32](p, 0), Days: at[int32](p, 1), Micros: at[int64](p, 1)}
	case mapping.TypeUUID:
		return v.uuid(i)
	case mapping.TypeEnum:
		return v.enum(i)
	}
	return v.nested(i)
}

func (v *vector) nested(i int) any {
	switch v.d.id {
	case mapping.TypeList:
		from, n := at[uint64](v.data, 2*i), at[uint64](v.data, 2*i+1)
		out := make(sql.List, n)
		for j := range out {
			out[j] = v.children[0].value(int(from) + j)
		}
		return out
	case mapping.TypeMap:
		from, n := at[uint64](v.data, 2*i), at[uint64](v.data, 2*i+1)
		out := make(sql.Map, n)
		for j := range out {
			out[j] = sql.Entry{Key: v.children[0].value(int(from) + j), Value: v.children[1].value(int(from) + j)}
		}
		return out
	case mapping.TypeStruct:
		out := make(sql.Row, len(v.children))
		for j := range out {
			out[j] = v.children[j].value(i)
		}
		return out
	}
	return nil
}

func (v *vector) huge(i int) any {
	lo, hi := at[uint64](v.data, 2*i), at[int64](v.data, 2*i+1)
	if hi == 0 && lo < 1<<63 || hi == -1 && lo >= 1<<63 {
		return int64(lo)
	}
	n := new(big.Int).Lsh(big.NewInt(hi), 64)
	return n.Add(n, new(big.Int).SetUint64(lo))
}

func (v *vector) decimal(i int) any {
	var n *big.Int
	switch v.d.inner {
	case mapping.TypeSmallInt:
		return point(at[int16](v.data, i), v.d.scale)
	case mapping.TypeInteger:
		return point(at[int32](v.data, i), v.d.scale)
	case mapping.TypeBigInt:
		return point(at[int64](v.data, i), v.d.scale)
	default:
		switch x := v.huge(i).(type) {
		case int64:
			return point(x, v.d.scale)
		case *big.Int:
			n = x
		}
	}
	return pointText(n.String(), v.d.scale)
}

func point[T int16 | int32 | int64](n T, scale int) sql.Decimal {
	return pointText(big.NewInt(int64(n)).String(), scale)
}

// pointText puts the decimal point before the last digits.
func pointText(s string, scale int) sql.Decimal {
	if scale == 0 {
		return sql.Decimal(s)
	}
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	if len(s) <= scale {
		s = strings.Repeat("0", scale-len(s)+1) + s
	}
	return sql.Decimal(sign + s[:len(s)-scale] + "." + s[len(s)-scale:])
}

func (v *vector) uuid(i int) any {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], at[uint64](v.data, 2*i+1)^1<<63)
	binary.BigEndian.PutUint64(b[8:], at[uint64](v.data, 2*i))
	const hexes = "0123456789abcdef"
	out := make([]byte, 0, 36)
	for j, c := range b {
		if j == 4 || j == 6 || j == 8 || j == 10 {
			out = append(out, '-')
		}
		out = append(out, hexes[c>>4], hexes[c&15])
	}
	return string(out)
}

func (v *vector) enum(i int) any {
	switch v.d.inner {
	case mapping.TypeUTinyInt:
		return v.d.dict[at[uint8](v.data, i)]
	case mapping.TypeUSmallInt:
		return v.d.dict[at[uint16](v.data, i)]
	}
	return v.d.dict[at[uint32](v.data, i)]
}
