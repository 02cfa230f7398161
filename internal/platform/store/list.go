package store

import (
	"database/sql"
	"fmt"
	"strings"
)

// Range selects rows of a List: of Account and Region, ids that begin with Prefix and are after After (exclusive), at
// most Limit (0: all), in id order. AllAccounts and AllRegions widen it; After then still compares ids alone.
// Reverse gives the order from the last id to the first, and After then means before.
type Range struct {
	Account, Region         string
	AllAccounts, AllRegions bool
	Prefix, After           string
	Reverse                 bool
	Limit                   int
}

// Row is a resource with its key.
type Row[T any] struct {
	Key   Key
	Value T
}

// last is above every character that an id can hold.
const last = "\U0010FFFF"

// where writes the conditions of r on the columns account, region and id of table, in order of the primary key.
func (r Range) where(table string, args []any) (string, []any) {
	var b strings.Builder
	add := func(condition string, arg any) {
		b.WriteString(" AND " + table + condition)
		args = append(args, arg)
	}
	if !r.AllAccounts {
		add(".account = ?", r.Account)
	}
	if !r.AllRegions {
		add(".region = ?", r.Region)
	}
	if r.Prefix != "" {
		add(".id >= ?", r.Prefix)
		add(".id < ?", r.Prefix+last)
	}
	if r.After != "" {
		if r.Reverse {
			add(".id < ?", r.After)
		} else {
			add(".id > ?", r.After)
		}
	}
	return b.String(), args
}

func (r Range) order(table string, args []any) (string, []any) {
	direction := ""
	if r.Reverse {
		direction = " DESC"
	}
	q := " ORDER BY " + table + ".id" + direction
	if r.AllAccounts {
		q += ", " + table + ".account" + direction
	}
	if r.AllRegions {
		q += ", " + table + ".region" + direction
	}
	if r.Limit > 0 {
		q += " LIMIT ?"
		args = append(args, r.Limit)
	}
	return q, args
}

// List reads rows in id order.
func (t *Table[T]) List(tx *Tx, r Range) ([]Row[T], error) {
	where, args := r.where("resources", []any{t.name})
	order, args := r.order("resources", args)
	return t.read(tx, `SELECT account, region, id, value FROM resources WHERE kind = ?`+where+order, args)
}

// Find reads the rows whose index has exactly value, within r (r.Prefix and r.After apply to ids).
func (t *Table[T]) Find(tx *Tx, index, value string, r Range) ([]Row[T], error) {
	where, args := r.where("i", []any{t.name, index, value})
	order, args := r.order("i", args)
	return t.read(tx, `SELECT i.account, i.region, i.id, r.value FROM resource_index i JOIN resources r
		ON r.kind = i.kind AND r.account = i.account AND r.region = i.region AND r.id = i.id
		WHERE i.kind = ? AND i.name = ? AND i.value = ?`+where+order, args)
}

func (t *Table[T]) read(tx *Tx, query string, args []any) ([]Row[T], error) {
	var out []Row[T]
	err := t.scan(tx, query, args, func(row Row[T]) error {
		out = append(out, row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// each reads rows in id order without holding them all. f must not use the transaction.
func (t *Table[T]) each(tx *Tx, r Range, f func(Row[T]) error) error {
	where, args := r.where("resources", []any{t.name})
	order, args := r.order("resources", args)
	return t.scan(tx, `SELECT account, region, id, value FROM resources WHERE kind = ?`+where+order, args, f)
}

func (t *Table[T]) scan(tx *Tx, query string, args []any, f func(Row[T]) error) error {
	var body []byte
	err := tx.c.rows(query, args, func(scan func(...any) error) error {
		var row Row[T]
		if err := scan(&row.Key.Account, &row.Key.Region, &row.Key.ID, &body); err != nil {
			return err
		}
		v, err := t.decode(body)
		if err != nil {
			return err
		}
		row.Value = v
		return f(row)
	})
	if err != nil {
		return fmt.Errorf("cannot list %s: %w", t.name, err)
	}
	return nil
}

// Keys calls each with the id of every row in r, in id order, without reading the rows. The bytes are valid within the call.
func (t *Table[T]) Keys(tx *Tx, r Range, each func(id []byte) error) error {
	where, args := r.where("resources", []any{t.name})
	order, args := r.order("resources", args)
	var id sql.RawBytes
	err := tx.c.rows(`SELECT id FROM resources WHERE kind = ?`+where+order, args, func(scan func(...any) error) error {
		if err := scan(&id); err != nil {
			return err
		}
		return each(id)
	})
	if err != nil {
		return fmt.Errorf("cannot list %s: %w", t.name, err)
	}
	return nil
}

// Count counts the rows in r, which Limit does not cut.
func (t *Table[T]) Count(tx *Tx, r Range) (int, error) {
	where, args := r.where("resources", []any{t.name})
	n := 0
	_, err := tx.c.row(`SELECT count(*) FROM resources WHERE kind = ?`+where, args, &n)
	if err != nil {
		return 0, fmt.Errorf("cannot count %s: %w", t.name, err)
	}
	return n, nil
}
