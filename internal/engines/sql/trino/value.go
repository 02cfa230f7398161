package trino

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	client "github.com/trinodb/trino-go-client/trino"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// valueOf makes the client's value one of a chunk.
func valueOf(t *sql.Type, v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case time.Time:
		return timeOf(t.Kind, v)
	case float64:
		if t.Kind == dialect.Real {
			return float32(v)
		}
		return v
	case []any:
		if t.Kind == dialect.Row {
			return fieldsOf(t, v)
		}
		out := make(sql.List, len(v))
		for i, e := range v {
			out[i] = nested(t, 0, e)
		}
		return out
	case map[string]any:
		out := make(sql.Map, 0, len(v))
		for k, e := range v {
			out = append(out, sql.Entry{Key: nested(t, 0, k), Value: nested(t, 1, e)})
		}
		slices.SortFunc(out, func(a, b sql.Entry) int { return strings.Compare(sql.Text(nil, a.Key), sql.Text(nil, b.Key)) })
		return out
	case client.Row:
		fields := make([]any, v.Len())
		for i := range fields {
			fields[i] = v.Value(i)
		}
		return fieldsOf(t, fields)
	case json.Number:
		return numberOf(t, v.String())
	case string:
		return textOf(t, v)
	}
	return v
}

func nested(t *sql.Type, i int, v any) any {
	if i >= len(t.Elems) || t.Elems[i] == nil {
		return valueOf(&sql.Type{Kind: dialect.Varchar}, v)
	}
	return valueOf(t.Elems[i], v)
}

func fieldsOf(t *sql.Type, v []any) sql.Row {
	out := make(sql.Row, len(v))
	for i, e := range v {
		out[i] = nested(t, i, e)
	}
	return out
}

func numberOf(t *sql.Type, s string) any {
	switch t.Kind {
	case dialect.Double, dialect.Real:
		f, _ := strconv.ParseFloat(s, 64)
		return valueOf(t, f)
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	return s
}

// textOf reads values that come as text: keys of maps and nested values among them.
func textOf(t *sql.Type, s string) any {
	switch t.Kind {
	case dialect.Decimal:
		return sql.Decimal(s)
	case dialect.Boolean:
		return s == "true"
	case dialect.TinyInt, dialect.SmallInt, dialect.Integer, dialect.BigInt:
		return numberOf(t, s)
	case dialect.Double, dialect.Real:
		switch s {
		case "NaN":
			return valueOf(t, math.NaN())
		case "Infinity":
			return valueOf(t, math.Inf(1))
		case "-Infinity":
			return valueOf(t, math.Inf(-1))
		}
		return numberOf(t, s)
	case dialect.Varbinary:
		if b, err := base64.StdEncoding.DecodeString(s); err == nil {
			return b
		}
	case dialect.Date, dialect.Time, dialect.Timestamp, dialect.TimestampTZ:
		for _, layout := range []string{"2006-01-02", "15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05.999999999 MST"} {
			if at, err := time.Parse(layout, s); err == nil {
				return timeOf(t.Kind, at)
			}
		}
	}
	return s
}

func timeOf(kind string, v time.Time) any {
	switch kind {
	case dialect.Date:
		return sql.Date(time.Date(v.Year(), v.Month(), v.Day(), 0, 0, 0, 0, time.UTC).Unix() / 86400)
	case dialect.Time:
		h, m, s := v.Clock()
		return sql.Time((int64(h)*3600+int64(m)*60+int64(s))*1e6 + int64(v.Nanosecond())/1000)
	case dialect.Timestamp:
		return sql.Timestamp(time.Date(v.Year(), v.Month(), v.Day(), v.Hour(), v.Minute(), v.Second(), v.Nanosecond(), time.UTC).UnixMicro())
	}
	return sql.TimestampTZ(v.UnixMicro())
}
