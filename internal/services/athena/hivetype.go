package athena

import (
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// hiveType is a type of a result in the words of the catalog. Those that no file of a table has are refused.
// Source: https://docs.aws.amazon.com/athena/latest/ug/data-types.html
func hiveType(t *sql.Type) (string, error) {
	switch t.Kind {
	case dialect.Boolean, dialect.TinyInt, dialect.SmallInt, dialect.BigInt, dialect.Double, dialect.Date, dialect.Timestamp:
		return t.Kind, nil
	case dialect.Integer:
		return "int", nil
	case dialect.Real:
		return "float", nil
	case dialect.Decimal:
		return fmt.Sprintf("decimal(%d,%d)", t.P, t.S), nil
	case dialect.Varchar:
		if t.P > 0 {
			return fmt.Sprintf("varchar(%d)", t.P), nil
		}
		return "string", nil
	case dialect.Char:
		return fmt.Sprintf("char(%d)", max(t.P, 1)), nil
	case dialect.Varbinary:
		return "binary", nil
	case dialect.Unknown:
		return "", failure(userError, "COLUMN_TYPE_UNKNOWN: line 1:1: Column type is unknown")
	}
	var parts []string
	for i, e := range t.Elems {
		part, err := hiveType(e)
		if err != nil {
			return "", err
		}
		if t.Kind == dialect.Row {
			if t.Names[i] == "" {
				return "", notSupported("Anonymous row type is not supported in Hive. Please give each field a name: %s", t)
			}
			part = t.Names[i] + ":" + part
		}
		parts = append(parts, part)
	}
	switch t.Kind {
	case dialect.Array, dialect.Map:
		return t.Kind + "<" + strings.Join(parts, ",") + ">", nil
	case dialect.Row:
		return "struct<" + strings.Join(parts, ",") + ">", nil
	}
	return "", notSupported("Unsupported Hive type: %s", t)
}
