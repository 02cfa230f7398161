package iceberg

import (
	"fmt"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// Column is a column of a table. Type is in Hive's words.
type Column struct {
	ID        int
	Name, Doc string
	Type      string
	Required  bool
}

// typeOf is the type that Hive's words mean. next numbers the fields within it.
func typeOf(words string, next func() int) (iceberg.Type, error) {
	t, err := dialect.ParseHive(words)
	if err != nil {
		return nil, fmt.Errorf("type %s: %w", words, err)
	}
	return typeFrom(t, next)
}

var simple = map[string]iceberg.Type{
	dialect.Boolean: iceberg.PrimitiveTypes.Bool, dialect.Integer: iceberg.PrimitiveTypes.Int32, dialect.BigInt: iceberg.PrimitiveTypes.Int64,
	dialect.Real: iceberg.PrimitiveTypes.Float32, dialect.Double: iceberg.PrimitiveTypes.Float64, dialect.Varchar: iceberg.PrimitiveTypes.String,
	dialect.Varbinary: iceberg.PrimitiveTypes.Binary, dialect.Date: iceberg.PrimitiveTypes.Date, dialect.Time: iceberg.PrimitiveTypes.Time,
	dialect.Timestamp: iceberg.PrimitiveTypes.Timestamp, dialect.TimestampTZ: iceberg.PrimitiveTypes.TimestampTz, dialect.UUID: iceberg.PrimitiveTypes.UUID,
}

// typeFrom is a type of Trino's as Iceberg has it. Types that it lacks become the next wider one.
// Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-supported-data-types.html
func typeFrom(t *dialect.Type, next func() int) (iceberg.Type, error) {
	if s := simple[t.Kind]; s != nil {
		return s, nil
	}
	var in []iceberg.Type
	ids := make([]int, len(t.Elems))
	for i := range t.Elems {
		ids[i] = next()
	}
	for _, e := range t.Elems {
		one, err := typeFrom(e, next)
		if err != nil {
			return nil, err
		}
		in = append(in, one)
	}
	switch t.Kind {
	case dialect.TinyInt, dialect.SmallInt:
		return iceberg.PrimitiveTypes.Int32, nil
	case dialect.Char:
		return iceberg.PrimitiveTypes.String, nil
	case dialect.Decimal:
		return iceberg.DecimalTypeOf(t.P, t.S), nil
	case dialect.Array:
		return &iceberg.ListType{ElementID: ids[0], Element: in[0]}, nil
	case dialect.Map:
		return &iceberg.MapType{KeyID: ids[0], KeyType: in[0], ValueID: ids[1], ValueType: in[1]}, nil
	case dialect.Row:
		s := &iceberg.StructType{}
		for i, e := range in {
			if t.Names[i] == "" {
				return nil, fmt.Errorf("type %s has a field without a name", t)
			}
			s.FieldList = append(s.FieldList, iceberg.NestedField{ID: ids[i], Name: t.Names[i], Type: e})
		}
		return s, nil
	}
	return nil, fmt.Errorf("type %s is not one of Iceberg's", t)
}

// words is a type in Hive's words; catalog gives those that Glue knows.
func words(t iceberg.Type, catalog bool) (string, error) {
	pick := func(engine, glue string) (string, error) {
		if catalog {
			return glue, nil
		}
		return engine, nil
	}
	switch t := t.(type) {
	case iceberg.BooleanType:
		return "boolean", nil
	case iceberg.Int32Type:
		return "int", nil
	case iceberg.Int64Type:
		return "bigint", nil
	case iceberg.Float32Type:
		return "float", nil
	case iceberg.Float64Type:
		return "double", nil
	case iceberg.StringType:
		return "string", nil
	case iceberg.DateType:
		return "date", nil
	case iceberg.TimestampType:
		return "timestamp", nil
	case iceberg.TimestampTzType:
		return pick("timestamptz", "timestamp")
	case iceberg.TimeType:
		return pick("time", "string")
	case iceberg.UUIDType:
		return pick("uuid", "string")
	case iceberg.BinaryType, iceberg.FixedType:
		return "binary", nil
	case iceberg.DecimalType:
		return fmt.Sprintf("decimal(%d,%d)", t.Precision(), t.Scale()), nil
	case *iceberg.ListType:
		e, err := words(t.Element, catalog)
		return "array<" + e + ">", err
	case *iceberg.MapType:
		k, err := words(t.KeyType, catalog)
		if err != nil {
			return "", err
		}
		v, err := words(t.ValueType, catalog)
		return "map<" + k + "," + v + ">", err
	case *iceberg.StructType:
		var parts []string
		for _, f := range t.FieldList {
			e, err := words(f.Type, catalog)
			if err != nil {
				return "", err
			}
			parts = append(parts, fieldName(f.Name, catalog)+":"+e)
		}
		return "struct<" + strings.Join(parts, ",") + ">", nil
	}
	return "", fmt.Errorf("type %s is not supported", t)
}

// fieldName is a name within a type, in quotes when it needs them.
func fieldName(name string, catalog bool) string {
	name = strings.ToLower(name)
	if catalog || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == "" {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// columnsOf are the columns of a schema.
func columnsOf(s *iceberg.Schema, catalog bool) ([]Column, error) {
	var out []Column
	for _, f := range s.Fields() {
		w, err := words(f.Type, catalog)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", f.Name, err)
		}
		out = append(out, Column{ID: f.ID, Name: strings.ToLower(f.Name), Doc: f.Doc, Type: w, Required: f.Required})
	}
	return out, nil
}
