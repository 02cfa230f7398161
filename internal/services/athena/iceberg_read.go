package athena

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/iceberg"
	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// iceberg describes a table of Iceberg in the state that was asked for.
func (q *session) iceberg(ctx context.Context, r *lake.Table, n sql.Name) (*sql.Table, error) {
	as, err := q.files.Owner(ctx, r, icebergRoot(&r.Table.Table))
	q.mark(n, r, governance.PrincipalARN(as))
	if err != nil {
		return nil, err
	}
	at, err := icebergAt(n)
	if err != nil {
		return nil, err
	}
	t, files, err := q.icebergTable(ctx, r, as)
	if err != nil {
		return nil, err
	}
	p, err := t.Plan(ctx, at)
	if err != nil {
		return nil, q.icebergFault(err, aws.ToString(r.Name))
	}
	cut := r.Cut()
	if columns, err := t.Columns(); cut.Columns != nil && err == nil {
		p.Columns = columns // a column of the past may have had the name of another one that the caller may see
	}
	return files.describe(p, cut), nil
}

// icebergAt reads FOR … AS OF.
// Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-time-travel-and-version-travel-queries.html
func icebergAt(n sql.Name) (at iceberg.At, err error) {
	if n.AsOf == "" {
		return at, nil
	}
	if n.AsOfKind == "version" {
		if at.Snapshot, err = strconv.ParseInt(n.AsOf, 10, 64); err != nil {
			at.Ref, at.Snapshot = n.AsOf, 0
		}
		return at, nil
	}
	text := strings.TrimSuffix(strings.TrimSuffix(n.AsOf, " UTC"), "Z")
	for _, form := range []string{"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999-07:00",
		"2006-01-02 15:04:05.999999999 -07:00", "2006-01-02 15:04", "2006-01-02"} {
		if at.Time, err = time.Parse(form, text); err == nil {
			return at, nil
		}
	}
	if place := strings.LastIndexByte(text, ' '); place > 0 {
		if zone, bad := time.LoadLocation(text[place+1:]); bad == nil {
			if at.Time, err = time.ParseInLocation("2006-01-02 15:04:05.999999999", text[:place], zone); err == nil {
				return at, nil
			}
		}
	}
	return at, sql.Errorf(sql.TypeMismatch, "INVALID_ARGUMENTS", "FOR TIMESTAMP AS OF needs a timestamp: '%s' is none", n.AsOf)
}

// describe gives the engine what a plan found.
func (f *icebergFiles) describe(p *iceberg.Plan, cut sql.Cut) *sql.Table {
	t := &sql.Table{Format: sql.Format{Kind: sql.Parquet}, Cut: cut}
	for _, c := range p.Columns {
		t.Columns = append(t.Columns, sql.Column{Name: c.Name, Type: c.Type, ID: c.ID})
	}
	var used []int // of the fixed columns, those that there are
	for i, id := range p.Fixed {
		for _, c := range p.Columns {
			if c.ID == id {
				t.Fixed, used = append(t.Fixed, c.Name), append(used, i)
			}
		}
	}
	places := map[string]int{}
	groups := [][]iceberg.DataFile{}
	for _, d := range p.Files {
		values := make([]string, 0, len(used))
		for _, i := range used {
			v := sql.NullPartition
			if d.Values[i] != nil {
				v = *d.Values[i]
			}
			values = append(values, v)
		}
		k := strings.Join(values, separator)
		at, ok := places[k]
		if !ok {
			at = len(groups)
			places[k] = at
			groups = append(groups, nil)
			t.Partitions = append(t.Partitions, sql.Partition{Values: values})
		}
		groups[at] = append(groups[at], d)
	}
	for i := range t.Partitions {
		t.Partitions[i].Files = func(ctx context.Context) ([]sql.File, error) { return f.list(ctx, p, groups[i]) }
	}
	return t
}

// list gives the files of a plan, once S3 has said that they may be read.
func (f *icebergFiles) list(ctx context.Context, p *iceberg.Plan, of []iceberg.DataFile) ([]sql.File, error) {
	keys, whole := map[string][]string{}, map[string][]sql.File{}
	var out []sql.File
	for _, d := range of {
		bucket, key, err := f.readable(d.Location)
		if err != nil {
			return nil, f.q.icebergFault(err, "")
		}
		if d.Changed {
			out = append(out, sql.File{Path: key, Size: d.Size, Open: func(ctx context.Context) (io.ReadCloser, error) { return f.copy(ctx, p, d) }})
			continue
		}
		keys[bucket], whole[bucket] = append(keys[bucket], key), append(whole[bucket], sql.File{Size: d.Size})
	}
	for bucket, list := range whole {
		if err := f.q.files.Open(ctx, f.client, bucket, keys[bucket], list); err != nil {
			return nil, lake.Fault(err, "")
		}
		out = append(out, list...)
	}
	return out, nil
}

// copy is a file without the rows that were deleted from it.
func (f *icebergFiles) copy(ctx context.Context, p *iceberg.Plan, d iceberg.DataFile) (io.ReadCloser, error) {
	s, err := f.q.spool()
	if err != nil {
		return nil, err
	}
	if err = p.Copy(ctx, d, s); err == nil {
		err = s.rewind()
	}
	if err != nil {
		s.close()
		return nil, f.q.icebergFault(err, "")
	}
	return s.file, nil
}

// icebergView says which view of which table a name means: orders$snapshots.
func icebergView(name string) (table, view string, ok bool) {
	i := strings.LastIndexByte(name, '$')
	if i < 1 {
		return "", "", false
	}
	return name[:i], name[i+1:], slices.Contains(iceberg.Views, name[i+1:])
}

// describeIceberg gives a view of a table to those who may read all of it: it tells of every row.
// Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-table-metadata.html
func (q *session) describeIceberg(ctx context.Context, r *lake.Table, view string) (*sql.Table, error) {
	if !isIceberg(r.Parameters) {
		return nil, nil
	}
	if !r.Access.ByIAM && !r.Access.Whole() {
		return nil, sql.Errorf(sql.Denied, "PERMISSION_DENIED", "the $%s of table %s are only for those who may read all of its rows and columns", view, aws.ToString(r.Name))
	}
	as, err := q.files.Owner(ctx, r, icebergRoot(&r.Table.Table))
	if err != nil {
		return nil, err
	}
	t, _, err := q.icebergTable(ctx, r, as)
	if err != nil {
		return nil, err
	}
	s, err := q.spool()
	if err != nil {
		return nil, err
	}
	columns, err := t.View(ctx, view, s)
	if err == nil {
		err = s.rewind()
	}
	if err != nil {
		s.close()
		return nil, q.icebergFault(err, aws.ToString(r.Name))
	}
	out := &sql.Table{Format: sql.Format{Kind: sql.Parquet}}
	for _, c := range columns {
		out.Columns = append(out.Columns, sql.Column{Name: c.Name, Type: c.Type})
	}
	out.Partitions = []sql.Partition{{Files: func(context.Context) ([]sql.File, error) {
		return []sql.File{{Path: view, Size: s.size, Open: func(context.Context) (io.ReadCloser, error) { return s.file, nil }}}, nil
	}}}
	return out, nil
}
