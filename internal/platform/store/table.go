package store

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Table is the resources of one type. T is encoded as JSON.
type Table[T any] struct {
	name    string
	indexes []Index[T]
}

// Index is a second way to find rows of a table: rows whose Value(row) is equal.
// Value may return several strings; a row is then found under each.
type Index[T any] struct {
	Name  string
	Value func(T) []string
}

// NewTable declares a table. Call it once per type in the owner's New. Names are "<service>_<noun>", as "iam_role".
func NewTable[T any](s *Store, name string, indexes ...Index[T]) *Table[T] {
	return &Table[T]{name: name, indexes: indexes}
}

// Get reads one row or returns ErrNotFound.
func (t *Table[T]) Get(tx *Tx, k Key) (T, error) {
	var v T
	var body []byte
	found, err := tx.c.row(`SELECT value FROM resources WHERE kind = ? AND account = ? AND region = ? AND id = ?`,
		[]any{t.name, k.Account, k.Region, k.ID}, &body)
	if err != nil {
		return v, fmt.Errorf("cannot read %s: %w", t.name, err)
	}
	if !found {
		return v, ErrNotFound
	}
	return t.decode(body)
}

// Insert writes a new row or returns ErrExists.
func (t *Table[T]) Insert(tx *Tx, k Key, v T) error {
	body, err := t.encode(tx, k, v)
	if err != nil {
		return err
	}
	n, err := tx.c.change(`INSERT INTO resources (kind, account, region, id, value) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		t.name, k.Account, k.Region, k.ID, body)
	if err != nil {
		return fmt.Errorf("cannot insert %s: %w", t.name, err)
	}
	if n == 0 {
		return ErrExists
	}
	return t.enter(tx, k, v)
}

// Put writes a row, new or not.
func (t *Table[T]) Put(tx *Tx, k Key, v T) error {
	body, err := t.encode(tx, k, v)
	if err != nil {
		return err
	}
	if err := t.leave(tx, k); err != nil {
		return err
	}
	if _, err := tx.c.change(`INSERT INTO resources (kind, account, region, id, value) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (kind, account, region, id) DO UPDATE SET value = excluded.value`,
		t.name, k.Account, k.Region, k.ID, body); err != nil {
		return fmt.Errorf("cannot write %s: %w", t.name, err)
	}
	return t.enter(tx, k, v)
}

// Delete removes a row or returns ErrNotFound.
func (t *Table[T]) Delete(tx *Tx, k Key) error {
	if tx.readOnly {
		return errReadOnly
	}
	if err := t.leave(tx, k); err != nil {
		return err
	}
	n, err := tx.c.change(`DELETE FROM resources WHERE kind = ? AND account = ? AND region = ? AND id = ?`,
		t.name, k.Account, k.Region, k.ID)
	if err != nil {
		return fmt.Errorf("cannot delete %s: %w", t.name, err)
	}
	if n == 0 {
		return ErrNotFound
	}
	return nil
}

func (t *Table[T]) encode(tx *Tx, k Key, v T) (string, error) {
	if tx.readOnly {
		return "", errReadOnly
	}
	if strings.IndexByte(k.ID, 0) >= 0 || strings.IndexByte(k.Account, 0) >= 0 || strings.IndexByte(k.Region, 0) >= 0 {
		return "", fmt.Errorf("cannot write %s %q: NUL in key", t.name, k.ID)
	}
	body, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("cannot encode %s: %w", t.name, err)
	}
	return string(body), nil
}

func (t *Table[T]) decode(body []byte) (T, error) {
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		return v, fmt.Errorf("cannot decode %s: %w", t.name, err)
	}
	return v, nil
}

// enter writes the index entries of a row.
func (t *Table[T]) enter(tx *Tx, k Key, v T) error {
	for _, ix := range t.indexes {
		for _, value := range ix.Value(v) {
			if _, err := tx.c.change(`INSERT INTO resource_index (kind, name, value, account, region, id) VALUES (?, ?, ?, ?, ?, ?)
				ON CONFLICT DO NOTHING`, t.name, ix.Name, value, k.Account, k.Region, k.ID); err != nil {
				return fmt.Errorf("cannot index %s: %w", t.name, err)
			}
		}
	}
	return nil
}

// leave removes the index entries of the row as it is stored.
func (t *Table[T]) leave(tx *Tx, k Key) error {
	if len(t.indexes) == 0 {
		return nil
	}
	old, err := t.Get(tx, k)
	if err == ErrNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	for _, ix := range t.indexes {
		for _, value := range ix.Value(old) {
			if _, err := tx.c.change(`DELETE FROM resource_index WHERE kind = ? AND name = ? AND value = ? AND id = ? AND account = ? AND region = ?`,
				t.name, ix.Name, value, k.ID, k.Account, k.Region); err != nil {
				return fmt.Errorf("cannot index %s: %w", t.name, err)
			}
		}
	}
	return nil
}
