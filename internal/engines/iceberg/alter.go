package iceberg

import (
	"context"
	"fmt"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// Change is a change of a table's definition; what is not set stays.
type Change struct {
	Add    []Column
	Drop   []string
	Update *Update
	Set    map[string]string // properties
	Unset  []string
}

// Update changes a column. Type is "" when it stays. First and After move it.
type Update struct {
	Column          string
	Name, Type, Doc string
	First           bool
	After           string
}

// Alter changes the definition. Files stay as they are.
func (t *Table) Alter(ctx context.Context, c Change) (*Table, error) {
	return t.again(ctx, func(tx *table.Transaction) error {
		if len(c.Add)+len(c.Drop) > 0 || c.Update != nil {
			if err := t.alterSchema(tx, c); err != nil {
				return err
			}
		}
		if len(c.Set) > 0 {
			if err := tx.SetProperties(c.Set); err != nil {
				return err
			}
		}
		if len(c.Unset) > 0 {
			return tx.RemoveProperties(c.Unset)
		}
		return nil
	})
}

func (t *Table) alterSchema(tx *table.Transaction, c Change) error {
	u := tx.UpdateSchema(false, false)
	next := func() int { return 0 } // numbers are given by the library
	for _, a := range c.Add {
		typ, err := typeOf(a.Type, next)
		if err != nil {
			return err
		}
		u.AddColumn([]string{a.Name}, typ, a.Doc, false, nil)
	}
	for _, d := range c.Drop {
		if err := t.free(d); err != nil {
			return err
		}
		u.DeleteColumn([]string{d})
	}
	if c.Update != nil {
		if err := t.update(u, *c.Update); err != nil {
			return err
		}
	}
	return u.Commit()
}

// free refuses to drop a column that partitions are made by.
func (t *Table) free(column string) error {
	f, ok := t.t.Schema().FindFieldByNameCaseInsensitive(column)
	if !ok {
		return fmt.Errorf("column %s does not exist", column)
	}
	spec := t.t.Spec()
	for _, p := range spec.Fields() {
		if p.SourceID() == f.ID {
			return fmt.Errorf("column %s is a partition field and cannot be dropped", column)
		}
	}
	return nil
}

func (t *Table) update(u *table.UpdateSchema, c Update) error {
	f, ok := t.t.Schema().FindFieldByNameCaseInsensitive(c.Column)
	if !ok {
		return fmt.Errorf("column %s does not exist", c.Column)
	}
	path := []string{f.Name}
	var change table.ColumnUpdate
	if w, err := words(f.Type, false); c.Type != "" && (err != nil || w != c.Type) {
		typ, err := typeOf(c.Type, func() int { return 0 })
		if err != nil {
			return err
		}
		change.FieldType = iceberg.Optional[iceberg.Type]{Val: typ, Valid: true}
	}
	if c.Doc != "" {
		change.Doc = iceberg.Optional[string]{Val: c.Doc, Valid: true}
	}
	if c.Name != "" && c.Name != c.Column {
		if _, taken := t.t.Schema().FindFieldByNameCaseInsensitive(c.Name); taken {
			return fmt.Errorf("duplicate column name: %s", c.Name)
		}
		change.Name = iceberg.Optional[string]{Val: c.Name, Valid: true}
	}
	if change != (table.ColumnUpdate{}) {
		u.UpdateColumn(path, change)
	}
	switch {
	case c.First:
		u.MoveFirst(path)
	case c.After != "":
		u.MoveAfter(path, []string{c.After})
	}
	return nil
}
