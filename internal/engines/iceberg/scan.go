package iceberg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// At is a state of a table: the current one, that of a snapshot, of a moment, or of a branch or tag.
type At struct {
	Snapshot int64
	Time     time.Time
	Ref      string
}

// ErrNoSnapshot tells that a table has no state like the one that was asked for.
var ErrNoSnapshot = errors.New("no such snapshot")

// Plan is what has to be read for all rows of a state.
type Plan struct {
	Columns []Column // of that state
	Fixed   []int    // ids of columns with one value in each file
	Files   []DataFile
	t       *Table
	scan    *table.Scan
}

// DataFile is a file with rows.
type DataFile struct {
	Location string
	Size     int64
	Rows     int64
	Values   []*string // of the fixed columns, nil is NULL
	Changed  bool      // it isn't to be read as it is, but with Plan.Copy: rows of it were deleted, or names in it are old
	task     table.FileScanTask
}

// Plan finds the files of a state.
func (t *Table) Plan(ctx context.Context, at At) (p *Plan, err error) {
	defer guard(&err)
	p = &Plan{t: t}
	s, err := t.snapshot(at)
	if err != nil {
		return nil, err
	}
	schema := t.t.Schema()
	if s != nil {
		p.scan = t.t.Scan(table.WithSnapshotID(s.SnapshotID))
		if at == (At{}) {
			p.scan = t.t.Scan()
		}
		if schema, err = p.scan.Projection(); err != nil {
			return nil, fmt.Errorf("cannot read the table: %w", err)
		}
	}
	if p.Columns, err = columnsOf(schema, false); err != nil || s == nil {
		return p, err
	}
	tasks, err := p.scan.PlanFiles(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot read the table's list of files: %w", err)
	}
	p.fix(schema, tasks)
	byName := t.t.NameMapping() != nil || renamedWithin(t.t.Metadata())
	for _, task := range tasks {
		f := DataFile{Location: task.File.FilePath(), Size: task.File.FileSizeBytes(), Rows: task.File.Count(), task: task,
			Changed: len(task.DeleteFiles)+len(task.EqualityDeleteFiles)+len(task.DeletionVectorFiles) > 0 || byName}
		if task.File.FileFormat() != iceberg.ParquetFile {
			return nil, fmt.Errorf("%w: files in the format %s", errors.ErrUnsupported, task.File.FileFormat())
		}
		for _, id := range p.Fixed {
			f.Values = append(f.Values, t.fixed(task.File, id))
		}
		p.Files = append(p.Files, f)
	}
	return p, nil
}

// snapshot is the snapshot of a state; nil without an error when the table has no rows yet.
func (t *Table) snapshot(at At) (s *table.Snapshot, err error) {
	switch {
	case at.Snapshot != 0:
		s = t.t.SnapshotByID(at.Snapshot)
	case at.Ref != "":
		s = t.t.SnapshotByName(at.Ref)
	case !at.Time.IsZero():
		s = t.t.SnapshotAsOf(at.Time.UnixMilli(), true)
	default:
		return t.t.CurrentSnapshot(), nil
	}
	if s == nil {
		err = ErrNoSnapshot
	}
	return s, err
}

// fix finds the columns that every file's partition has a value of.
func (p *Plan) fix(schema *iceberg.Schema, tasks []table.FileScanTask) {
	specs := map[int32]bool{}
	for _, task := range tasks {
		specs[task.File.SpecID()] = true
	}
	for _, f := range schema.Fields() {
		switch f.Type.(type) {
		case iceberg.StringType, iceberg.Int32Type, iceberg.Int64Type, iceberg.BooleanType, iceberg.DateType:
		default:
			continue
		}
		all := len(specs) > 0
		for id := range specs {
			spec := p.t.t.Metadata().PartitionSpecByID(int(id))
			all = all && spec != nil && identity(spec, f.ID) != nil
		}
		if all {
			p.Fixed = append(p.Fixed, f.ID)
		}
	}
}

func identity(spec *iceberg.PartitionSpec, source int) *iceberg.PartitionField {
	for _, f := range spec.Fields() {
		if _, ok := f.Transform.(iceberg.IdentityTransform); ok && f.SourceID() == source {
			return &f
		}
	}
	return nil
}

// fixed is the text of a partition's value.
func (t *Table) fixed(f iceberg.DataFile, source int) *string {
	v, ok := f.Partition()[identity(t.t.Metadata().PartitionSpecByID(int(f.SpecID())), source).FieldID]
	if !ok || v == nil {
		return nil
	}
	text := fmt.Sprint(v)
	switch v := v.(type) {
	case iceberg.Date:
		text = time.Unix(int64(v)*86400, 0).UTC().Format(time.DateOnly)
	case int32:
		text = strconv.Itoa(int(v))
	}
	return &text
}

// Copy writes the rows of a file that are left, as Parquet with the columns' ids.
func (p *Plan) Copy(ctx context.Context, f DataFile, w io.Writer) (err error) {
	defer guard(&err)
	schema, records, err := p.scan.ReadTasks(ctx, []table.FileScanTask{f.task})
	if err != nil {
		return fmt.Errorf("cannot read a file of the table: %w", err)
	}
	projected, err := p.scan.Projection()
	if err != nil {
		return err
	}
	return writeParquet(w, projected, schema, records)
}

func writeParquet(w io.Writer, s *iceberg.Schema, read *arrow.Schema, records func(func(arrow.RecordBatch, error) bool)) error {
	schema, err := table.SchemaToArrowSchema(s, nil, true, false)
	if err != nil {
		return err
	}
	for i, f := range schema.Fields() { // the types are those that were read, the ids ours
		if i < read.NumFields() && !arrow.TypeEqual(f.Type, read.Field(i).Type) {
			schema = arrow.NewSchema(slices.Concat(schema.Fields()[:i], []arrow.Field{{Name: f.Name, Type: read.Field(i).Type, Nullable: f.Nullable, Metadata: f.Metadata}},
				schema.Fields()[i+1:]), nil)
		}
	}
	out, err := pqarrow.NewFileWriter(schema, struct{ io.Writer }{w}, parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Snappy),
		parquet.WithMaxRowGroupLength(128<<10)), pqarrow.DefaultWriterProps())
	if err != nil {
		return fmt.Errorf("cannot write a Parquet file: %w", err)
	}
	for r, err := range records {
		if err != nil {
			return fmt.Errorf("cannot read a file of the table: %w", err)
		}
		same := array.NewRecordBatch(schema, r.Columns(), r.NumRows())
		err = out.WriteBuffered(same)
		same.Release()
		r.Release()
		if err != nil {
			return fmt.Errorf("cannot write a Parquet file: %w", err)
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("cannot write a Parquet file: %w", err)
	}
	return nil
}

// renamedWithin tells that a field within a column had another name once, or that a name there meant another field.
func renamedWithin(m Metadata) bool {
	names, numbers := map[int]string{}, map[string]int{}
	renamed := false
	var walk func(parent int, t iceberg.Type)
	walk = func(parent int, t iceberg.Type) {
		switch t := t.(type) {
		case *iceberg.ListType:
			walk(t.ElementID, t.Element)
		case *iceberg.MapType:
			walk(t.KeyID, t.KeyType)
			walk(t.ValueID, t.ValueType)
		case *iceberg.StructType:
			for _, f := range t.FieldList {
				k := strconv.Itoa(parent) + "." + f.Name
				if n, ok := names[f.ID]; ok && n != f.Name {
					renamed = true
				}
				if id, ok := numbers[k]; ok && id != f.ID {
					renamed = true
				}
				names[f.ID], numbers[k] = f.Name, f.ID
				walk(f.ID, f.Type)
			}
		}
	}
	for _, s := range m.Schemas() {
		for _, f := range s.Fields() {
			walk(f.ID, f.Type)
		}
	}
	return renamed
}
