package dataset

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

// readLIBSVM reads lines like "1 3:0.5 8:2". A label may be missing; qid and comments are skipped. As XGBoost's container does,
// columns are counted from 1 unless one is 0.
func (r *Rows) readLIBSVM(body []byte, o Options) error {
	r.Starts = []int{0}
	least := int32(math.MaxInt32)
	var values []float32
	for n := 1; len(body) > 0; n++ {
		line, rest, _ := bytes.Cut(body, []byte("\n"))
		body = rest
		line, _, _ = bytes.Cut(line, []byte("#"))
		fields := bytes.Fields(line)
		if len(fields) == 0 {
			continue
		}
		values = values[:0]
		index := make([]int32, 0, len(fields))
		label, labelled := float32(0), false
		for i, field := range fields {
			key, value, pair := bytes.Cut(field, []byte(":"))
			if pair && string(key) == "qid" {
				continue
			}
			if !pair && i > 0 {
				return fmt.Errorf("line %d: '%.40s' is no pair of a column and a value", n, field)
			}
			if !pair {
				f, err := parseNumber(key, false)
				if err != nil {
					return fmt.Errorf("line %d: %w", n, err)
				}
				label, labelled = f, o.Label
				continue
			}
			c, err := strconv.ParseInt(string(key), 10, 32)
			if err != nil || c < 0 {
				return fmt.Errorf("line %d: '%.40s' is no column", n, key)
			}
			f, err := parseNumber(value, o.Missing)
			if err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
			index, values, least = append(index, int32(c)), append(values, f), min(least, int32(c))
		}
		if err := r.add(values, index, 0, label, labelled); err != nil {
			return err
		}
	}
	if least > 0 && len(r.Index) > 0 {
		for i := range r.Index {
			r.Index[i]--
		}
		r.Width--
	}
	return nil
}
