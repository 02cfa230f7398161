package store

import "fmt"

// DeleteAll removes the rows in r, the first ones when r.Limit is set, and tells how many there were. r is of one account
// and region. Remove what may be large in several transactions: others wait meanwhile.
func (t *Table[T]) DeleteAll(tx *Tx, r Range) (int, error) {
	if tx.readOnly {
		return 0, errReadOnly
	}
	if r.AllAccounts || r.AllRegions || r.Reverse {
		return 0, fmt.Errorf("cannot delete %s: rows of one account and region only", t.name)
	}
	if len(t.indexes) > 0 { // each row has entries of its own
		rows, err := t.List(tx, r)
		if err != nil {
			return 0, err
		}
		for _, row := range rows {
			if err := t.Delete(tx, row.Key); err != nil {
				return 0, err
			}
		}
		return len(rows), nil
	}
	where, args := r.where("resources", []any{t.name})
	query := `DELETE FROM resources WHERE kind = ?` + where
	if r.Limit > 0 {
		query += ` AND id <= (SELECT max(id) FROM (SELECT id FROM resources WHERE kind = ?` + where + ` ORDER BY id LIMIT ?) AS first)`
		args = append(append(args, args...), r.Limit)
	}
	n, err := tx.c.change(query, args...)
	if err != nil {
		return 0, fmt.Errorf("cannot delete %s: %w", t.name, err)
	}
	return int(n), nil
}
