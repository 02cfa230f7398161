package filewriter

import (
	"encoding/base64"
	"encoding/json"
	"math"

	"github.com/atelier-studio/atelier/internal/engines/sql"
)

func appendString(b []byte, s string) []byte {
	out, err := json.Marshal(s)
	if err != nil { // strings never fail
		return append(b, `""`...)
	}
	return append(b, out...)
}

// appendJSON writes a value as JSON has it: numbers and truths bare, everything else in quotes.
func appendJSON(b []byte, t *sql.Type, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool, int64, sql.Decimal:
		return sql.Append(b, t, v)
	case float64:
		return appendNumber(b, t, v, v)
	case float32:
		return appendNumber(b, t, float64(v), v)
	case string:
		return appendString(b, v)
	case []byte:
		return appendString(b, base64.StdEncoding.EncodeToString(v))
	case sql.List:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, t.Elems[0], e)
		}
		return append(b, ']')
	case sql.Row:
		b = append(b, '{')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, t.Names[i]), ':')
			b = appendJSON(b, t.Elems[i], e)
		}
		return append(b, '}')
	case sql.Map:
		b = append(b, '{')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, sql.Text(t.Elems[0], e.Key)), ':')
			b = appendJSON(b, t.Elems[1], e.Value)
		}
		return append(b, '}')
	}
	return appendString(b, sql.Text(t, v))
}

func appendNumber(b []byte, t *sql.Type, f float64, v any) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return appendString(b, sql.Text(t, v))
	}
	return sql.Append(b, t, v)
}
