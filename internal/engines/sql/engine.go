package sql

import (
	"context"
	"io"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// Type is a type of Trino's.
type Type = dialect.Type

// Name is the full name of a table, in lower case.
type Name = dialect.Name

// Engine runs statements. It is safe for concurrent use.
type Engine interface {
	// Query runs a SELECT and gives its rows once all is computed. Errors are *Error. The rows are to be closed.
	Query(ctx context.Context, r Request) (Rows, error)
	// Explain gives the plan of a statement without running it. It tells of no table more than its name.
	Explain(ctx context.Context, r Request) (*Plan, error)
	// Close ends running queries and waits for them.
	Close() error
}

// Request is one statement. Params are texts of SQL constants, one for each question mark.
type Request struct {
	SQL     string
	Params  []string
	Tables  Resolver
	Limits  Limits
	Session Session
}

// Session is whom and where the statement runs for. Catalog and Database complete names that are not full.
type Session struct {
	Catalog, Database, User string
}

// Limits bound one query; 0 takes the engine's own. Memory and Spill are bytes.
type Limits struct {
	Memory, Spill int64
	Threads       int
	Time          time.Duration
	Scan          int64 // bytes of files that may be read
}

// Resolver says what names stand for. nil, nil is "does not exist", as is everything that the caller may not know of.
type Resolver interface {
	Table(ctx context.Context, n Name) (*Table, error)
}

// ResolverFunc is a function that is a Resolver.
type ResolverFunc func(context.Context, Name) (*Table, error)

// Table makes f a Resolver.
func (f ResolverFunc) Table(ctx context.Context, n Name) (*Table, error) { return f(ctx, n) }

// Column is a column of a table. Type is as the catalog writes it: array<struct<a:int>>. Parquet files are read by ID, the
// number of the column in their schemas, unless it is 0: then by name.
type Column struct {
	Name, Type string
	ID         int
}

// Table is what a name stands for: files, or a view when View is set.
type Table struct {
	Columns    []Column // in files, in order
	Keys       []Column // partition keys
	Fixed      []string // of Columns, those that have one value in each partition; in lower case
	Format     Format
	Partitions []Partition // one without values when there are no keys
	// List finds the partitions that a statement may have a part of, in the place of Partitions: not all of many are looked at.
	List  func(ctx context.Context, k Keys) ([]Partition, error)
	Cut   Cut
	View  *View
	Owner Owner
}

// Owner is whose catalog a table is in. Only engines that find tables by their name need to know.
type Owner struct{ Account, Region string }

// Keys is what is known of the partitions that are asked for.
type Keys struct {
	// Filter is a condition that they meet: keys compared with plain literals. "" is all. It leaves out no more than it may,
	// and more may be given than meet it.
	Filter string
	// Values are what a key must equal one of, as texts; nil when the statement doesn't say. nil: of no key anything is known.
	Values func(ctx context.Context, key string) ([]string, error)
	Limit  int // no more than so many are needed; 0: all
}

// Partition is a set of files whose rows have the same values for the table's keys.
type Partition struct {
	Values []string // one a key, then one a fixed column; NullPartition for NULL
	Files  func(ctx context.Context) ([]File, error)
}

// NullPartition stands for NULL in a partition's values.
const NullPartition = "__HIVE_DEFAULT_PARTITION__"

// File is a file to read: at a local path, or through Open, which is then copied to a local file first. Version changes when
// the content behind Open does, such as an ETag; "" when that can't be told. Path is then a name that no other file has.
type File struct {
	Path    string
	Size    int64
	Version string
	Open    func(ctx context.Context) (io.ReadCloser, error)
}

// Cut is the part of a table that may be read. The zero Cut is all of it.
type Cut struct {
	// Columns that exist for the caller; nil for all. Names are in lower case.
	Columns []string
	// Rows is a condition, in the dialect of statements, on all columns: the rows that exist for the caller. "" for all.
	Rows string
	// Cells are further conditions: a column's value is NULL in the rows that its condition does not hold for.
	Cells map[string]string
}

// View is a statement in the place of a table.
type View struct {
	SQL               string
	Catalog, Database string
	Columns           []Column
	// Tables resolves the names in the view: with the definer's rights, or the caller's.
	Tables Resolver
	// Fenced views are computed before the statement is planned, so that nothing of it can tell of rows that the view does
	// not give. Set it when Tables sees more than the caller does.
	Fenced bool
}

// Rows are the result of a query.
type Rows interface {
	Columns() []ResultColumn
	// Next gives the next rows, or io.EOF. They are valid until the next call.
	Next(ctx context.Context) (*Chunk, error)
	Stats() Stats
	Close() error
}

// ResultColumn is a column of a result.
type ResultColumn struct {
	Name string
	Type *Type
}

// Chunk is some rows of a result, column by column. See Text for what values are.
type Chunk struct {
	Len     int
	Columns [][]any
}

// Stats are measures of a query.
type Stats struct {
	Planned, Executed time.Duration
	ScannedBytes      int64 // sizes of the files opened
	Files             int
	Rows              int64
}
