package catalog

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Partitions holds the partitions of all tables. A partition is kept in few bytes: its values are in the key, and what
// partitions of a table have alike (columns, formats, serialization) is kept once, as a shape.
type Partitions struct {
	rows   *store.Table[partition]
	shapes *store.Table[shape]
	values *cache

	mu    sync.Mutex
	known map[store.Key]bool // shapes that are kept, some of them
}

// maxKnown is how many shapes are known to be kept without asking.
const maxKnown = 10_000

func newPartitions(st *store.Store) *Partitions {
	p := &Partitions{known: map[store.Key]bool{}, rows: store.NewTable[partition](st, "glue_partition"), shapes: store.NewTable[shape](st, "glue_partition_shape")}
	p.values = newCache(st, p.rows, cacheBytes)
	return p
}

// partition is how one is kept.
type partition struct {
	Shape      string            `json:"S,omitempty"` // "": it has no storage descriptor
	Below      *string           `json:"B,omitempty"` // location behind the shape's Base
	Location   *string           `json:"L,omitempty"` // location that lies elsewhere
	Parameters map[string]string `json:"P,omitempty"`
	Created    int64             `json:"C,omitempty"` // seconds
	Accessed   int64             `json:"A,omitempty"`
	Analyzed   int64             `json:"Z,omitempty"`
}

// shape is what partitions have alike. It is named by what it holds, so it never changes.
type shape struct {
	Base       string `json:",omitempty"` // location of the table when the shape was made
	Descriptor types.StorageDescriptor
}

// MarshalJSON leaves out what is not set.
func (s shape) MarshalJSON() ([]byte, error) {
	type plain shape
	return Compact(json.Marshal(plain(s)))
}

// escape keeps separators out of values.
var (
	escape   = strings.NewReplacer("\x00", "\x1e0", "\x1e", "\x1e1", governance.Separator, "\x1e2")
	unescape = strings.NewReplacer("\x1e0", "\x00", "\x1e1", "\x1e", "\x1e2", governance.Separator)
)

// under is the prefix of all that is kept under a table's id.
func (t Table) under() string { return t.ID + governance.Separator }

// PartitionID names the partition with these values among those of its table.
func PartitionID(values []string) string {
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteString(governance.Separator)
		}
		if strings.ContainsAny(v, "\x00\x1e\x1f") {
			v = escape.Replace(v)
		}
		b.WriteString(v)
	}
	return b.String()
}

// PartitionValues reads what PartitionID wrote.
func PartitionValues(id string) []string {
	out := strings.Split(id, governance.Separator)
	if strings.IndexByte(id, '\x1e') >= 0 {
		for i := range out {
			out[i] = unescape.Replace(out[i])
		}
	}
	return out
}

func (t Table) key(region, id string) store.Key {
	return store.Key{Account: t.Resource().Account(), Region: region, ID: t.under() + id}
}

func (t Table) rangeOf(region string) store.Range {
	return Of(store.Key{Account: t.Resource().Account(), Region: region}, t.ID)
}

// Insert adds a partition, or returns store.ErrExists.
func (p *Partitions) Insert(tx *store.Tx, region string, t Table, in types.PartitionInput, now time.Time) error {
	return p.write(tx, region, t, in, now, func(k store.Key, row partition) error { return p.rows.Insert(tx, k, row) })
}

// Replace puts a partition in the place of the one with the given values, or returns store.ErrNotFound; store.ErrExists
// when the values change to those of another.
func (p *Partitions) Replace(tx *store.Tx, region string, t Table, values []string, in types.PartitionInput, now time.Time) error {
	old, err := p.rows.Get(tx, t.key(region, PartitionID(values)))
	if err != nil {
		return err
	}
	if len(in.Values) == 0 {
		in.Values = values
	}
	if PartitionID(in.Values) == PartitionID(values) {
		return p.write(tx, region, t, in, time.Unix(old.Created, 0), func(k store.Key, row partition) error { return p.rows.Put(tx, k, row) })
	}
	if err := p.Insert(tx, region, t, in, time.Unix(old.Created, 0)); err != nil {
		return err
	}
	return p.Delete(tx, region, t, values)
}

func (p *Partitions) write(tx *store.Tx, region string, t Table, in types.PartitionInput, created time.Time, write func(store.Key, partition) error) error {
	row := partition{Parameters: in.Parameters, Created: created.Unix(), Accessed: seconds(in.LastAccessTime), Analyzed: seconds(in.LastAnalyzedTime)}
	if in.StorageDescriptor != nil {
		s := shape{Descriptor: *in.StorageDescriptor}
		s.Descriptor.Location = nil
		if t.StorageDescriptor != nil {
			s.Base = strings.TrimRight(aws.ToString(t.StorageDescriptor.Location), "/")
		}
		row.Location = in.StorageDescriptor.Location
		if below, ok := strings.CutPrefix(aws.ToString(row.Location), s.Base+"/"); ok && s.Base != "" {
			row.Below, row.Location = &below, nil
		}
		body, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("cannot encode partition: %w", err)
		}
		sum := sha256.Sum256(body)
		row.Shape = base64.RawURLEncoding.EncodeToString(sum[:16])
		if err := p.keep(tx, t.key(region, row.Shape), s); err != nil {
			return err
		}
	}
	id := PartitionID(in.Values)
	if err := write(t.key(region, id), row); err != nil {
		return err
	}
	tx.OnCommit(func() { p.values.changed(t.ID, id, true) })
	return nil
}

// keep writes a shape that isn't kept yet. The shapes of a table live as long as the table.
func (p *Partitions) keep(tx *store.Tx, k store.Key, s shape) error {
	p.mu.Lock()
	known := p.known[k]
	p.mu.Unlock()
	if known {
		return nil
	}
	if err := p.shapes.Insert(tx, k, s); err != nil && !errors.Is(err, store.ErrExists) {
		return err
	}
	tx.OnCommit(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.known) >= maxKnown {
			clear(p.known)
		}
		p.known[k] = true
	})
	return nil
}

func seconds(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.Unix()
}

// Delete removes a partition, or returns store.ErrNotFound.
func (p *Partitions) Delete(tx *store.Tx, region string, t Table, values []string) error {
	id := PartitionID(values)
	if err := p.rows.Delete(tx, t.key(region, id)); err != nil {
		return err
	}
	tx.OnCommit(func() { p.values.changed(t.ID, id, false) })
	return nil
}

// Clear removes at most limit of the partitions in r, of a table that is dropped, or of their shapes when none is left, and
// tells how many. It is called until there is nothing.
func (p *Partitions) Clear(tx *store.Tx, r store.Range, limit int) (int, error) {
	r.Limit = limit
	n, err := p.rows.DeleteAll(tx, r)
	if err == nil && n < limit {
		left := 0
		r.Limit = limit - n
		left, err = p.shapes.DeleteAll(tx, r)
		n += left
	}
	tx.OnCommit(func() { p.values.drop(strings.TrimSuffix(r.Prefix, governance.Separator)) })
	return n, err
}

// Reader reads partitions of one table in a transaction.
type Reader struct {
	Region string
	Table  Table
	Shows  func(column string) bool // nil: every column is shown
	Bare   bool                     // leave all columns out

	p      *Partitions
	tx     *store.Tx
	shapes map[string]shape
}

// Read begins reading.
func (p *Partitions) Read(tx *store.Tx, r Reader) *Reader {
	r.p, r.tx, r.shapes = p, tx, map[string]shape{}
	return &r
}

// Get reads a partition by its values, or returns store.ErrNotFound.
func (r *Reader) Get(values []string) (types.Partition, error) { return r.get(PartitionID(values)) }

func (r *Reader) get(id string) (types.Partition, error) {
	row, err := r.p.rows.Get(r.tx, r.Table.key(r.Region, id))
	if err != nil {
		return types.Partition{}, err
	}
	return r.unfold(id, row)
}

// Pick reads the partitions that Select found. One that went since is left out.
func (r *Reader) Pick(ids []string) ([]types.Partition, error) {
	out := make([]types.Partition, 0, len(ids))
	for _, id := range ids {
		p, err := r.get(id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// Next reads at most n partitions behind the one that after names, in order of their ids. last names the last of them
// when there are more, and is "" otherwise.
func (r *Reader) Next(after string, n int) (out []types.Partition, last string, err error) {
	span := r.Table.rangeOf(r.Region)
	span.Limit = n + 1
	if after != "" {
		span.After = r.Table.under() + after
	}
	rows, err := r.p.rows.List(r.tx, span)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > n {
		rows = rows[:n]
		last = strings.TrimPrefix(rows[n-1].Key.ID, r.Table.under())
	}
	out = make([]types.Partition, len(rows))
	for i, row := range rows {
		if out[i], err = r.unfold(strings.TrimPrefix(row.Key.ID, r.Table.under()), row.Value); err != nil {
			return nil, "", err
		}
	}
	return out, last, nil
}

// unfold makes the partition out of what is kept of it.
func (r *Reader) unfold(id string, row partition) (types.Partition, error) {
	out := types.Partition{Values: PartitionValues(id), CatalogId: r.Table.CatalogId, DatabaseName: r.Table.DatabaseName, TableName: r.Table.Name,
		Parameters: row.Parameters, CreationTime: moment(row.Created), LastAccessTime: moment(row.Accessed), LastAnalyzedTime: moment(row.Analyzed)}
	if row.Shape == "" {
		return out, nil
	}
	s, ok := r.shapes[row.Shape]
	if !ok {
		var err error
		if s, err = r.p.shapes.Get(r.tx, r.Table.key(r.Region, row.Shape)); err != nil {
			return out, fmt.Errorf("cannot read partition %q: %w", id, err)
		}
		s.Descriptor.Columns = r.columns(s.Descriptor.Columns)
		r.shapes[row.Shape] = s
	}
	d := s.Descriptor
	d.Location = row.Location
	if row.Below != nil {
		d.Location = aws.String(s.Base + "/" + *row.Below)
	}
	out.StorageDescriptor = &d
	return out, nil
}

func (r *Reader) columns(list []types.Column) []types.Column {
	if r.Bare {
		return nil
	}
	if r.Shows == nil {
		return list
	}
	out := []types.Column{}
	for _, c := range list {
		if r.Shows(aws.ToString(c.Name)) {
			out = append(out, c)
		}
	}
	return out
}

func moment(seconds int64) *time.Time {
	if seconds == 0 {
		return nil
	}
	t := time.Unix(seconds, 0).UTC()
	return &t
}
