package dataset

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

// readCSV reads lines of numbers. The delimiter is a comma, or what else parts the first line.
func (r *Rows) readCSV(body []byte, labels int, o Options) error {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	first, _, _ := bytes.Cut(body, []byte("\n"))
	delimiter := byte(',')
	if bytes.IndexByte(first, ',') < 0 {
		if i := bytes.IndexAny(first, ";\t|"); i >= 0 {
			delimiter = first[i]
		}
	}
	fields := bytes.Count(first, []byte{delimiter}) + 1
	if o.Width > 0 && fields == o.Width {
		labels = 0
	}
	r.Values = make([]float32, 0, min(fields*(bytes.Count(body, []byte("\n"))+1), len(body)))
	row := make([]float32, 0, fields)
	for n := 1; len(body) > 0; n++ {
		line, rest, _ := bytes.Cut(body, []byte("\n"))
		body = rest
		if line = bytes.TrimRight(line, "\r"); len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		row = row[:0]
		for more := true; more; {
			var field []byte
			field, line, more = bytes.Cut(line, []byte{delimiter})
			f, err := parseField(field, o.Missing)
			if err != nil {
				return fmt.Errorf("line %d, column %d: %w", n, len(row)+1, err)
			}
			row = append(row, f)
		}
		if len(row) < labels {
			return fmt.Errorf("line %d has no label", n)
		}
		label := float32(0)
		if labels > 0 {
			if label = row[0]; label != label {
				return fmt.Errorf("line %d has no label", n)
			}
		}
		if err := r.add(row[labels:], nil, 0, label, labels > 0); err != nil {
			return err
		}
	}
	return nil
}

func parseField(b []byte, missing bool) (float32, error) {
	b = bytes.TrimSpace(b)
	if n := len(b); n > 1 && b[0] == '"' && b[n-1] == '"' {
		b = bytes.TrimSpace(b[1 : n-1])
	}
	if len(b) == 0 && missing {
		return float32(math.NaN()), nil
	}
	return parseNumber(b, missing)
}

func parseNumber(b []byte, missing bool) (float32, error) {
	f, err := strconv.ParseFloat(string(b), 32)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) && !missing {
		return 0, fmt.Errorf("could not convert string to float: '%.40s'", b)
	}
	return float32(f), nil
}
