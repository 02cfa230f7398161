package iceberg

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/iceberg-go/table"
)

// Table is a table as it was when it was read.
type Table struct {
	t *table.Table
	c commits
}

// errMalformed is what a table's files are that make iceberg-go panic.
var errMalformed = errors.New("the files of the table are malformed")

// guard turns a panic over what a table's files hold into an error.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: %v", errMalformed, r)
	}
}

// Load reads a table.
func Load(ctx context.Context, o Objects, c Catalog) (t *Table, err error) {
	defer guard(&err)
	on := commits{c, o}
	in, err := on.LoadTable(ctx, table.Identifier{"table"})
	if err != nil {
		return nil, fmt.Errorf("cannot read the metadata of the table: %w", err)
	}
	return &Table{in, on}, nil
}

// Metadata is the metadata of the table.
func (t *Table) Metadata() Metadata { return t.t.Metadata() }

// Columns are the current columns, in the engine's words.
func (t *Table) Columns() ([]Column, error) { return columnsOf(t.t.Schema(), false) }

// CatalogColumns are the current columns of metadata in the words of a catalog.
func CatalogColumns(m Metadata) ([]Column, error) { return columnsOf(m.CurrentSchema(), true) }
