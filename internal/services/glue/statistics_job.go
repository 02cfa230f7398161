package glue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/tabular"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// statisticsJob computes the statistics of columns.
const statisticsJob = "glue-column-statistics"

// runKey names a run.
type runKey struct{ Account, Region, ID string }

// errEnded is the end of a run that was stopped.
var errEnded = errors.New("run has ended")

func (s *Service) defineStatisticsJob() {
	jobs.Define(s.Jobs, statisticsJob, func(ctx context.Context, k runKey) error {
		_, err := jobs.Step(ctx, "compute", func(ctx context.Context) (bool, error) { return true, s.computeRun(ctx, k) })
		return err
	})
}

// computeRun takes a run from its beginning to its end. It may be repeated: all is written at the end.
func (s *Service) computeRun(ctx context.Context, k runKey) error {
	r, err := s.changeRun(ctx, k, func(tx *store.Tx, r catalog.StatisticsRun) error {
		r.Status = types.ColumnStatisticsStateRunning
		r.StartTime = aws.Time(s.Clock.Now().UTC())
		r.LastUpdated = r.StartTime
		return s.Catalog.Runs.Put(tx, catalog.RunKey(r), r)
	})
	if err != nil {
		return ended(err)
	}
	list, err := s.compute(ctx, r)
	if ctx.Err() != nil { // the server stops, and goes on with the run later
		return ctx.Err()
	}
	failed := err
	_, err = s.changeRun(ctx, k, func(tx *store.Tx, r catalog.StatisticsRun) error {
		if failed != nil {
			return s.endStatisticsRun(tx, r, types.ColumnStatisticsStateFailed, failed.Error())
		}
		t, err := s.Catalog.Table(tx, r.Region, r.Table)
		if err != nil || t.ID != r.TableID {
			return s.endStatisticsRun(tx, r, types.ColumnStatisticsStateFailed, "The table was dropped.")
		}
		for _, c := range list {
			if err := s.Catalog.Statistics.Put(tx, r.Region, t, nil, c); err != nil {
				return err
			}
		}
		return s.endStatisticsRun(tx, r, types.ColumnStatisticsStateSucceeded, "")
	})
	return ended(err)
}

func ended(err error) error {
	if errors.Is(err, errEnded) || errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// changeRun runs f on a run that goes on; of another the error is errEnded.
func (s *Service) changeRun(ctx context.Context, k runKey, f func(tx *store.Tx, r catalog.StatisticsRun) error) (r catalog.StatisticsRun, err error) {
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if r, err = s.Catalog.Runs.Get(tx, store.Key{Account: k.Account, Region: k.Region, ID: k.ID}); err != nil {
			return err
		}
		if !r.Going() {
			return errEnded
		}
		return f(tx, r)
	})
	return r, err
}

// compute reads the table's files, as the run's role. Errors are for the run's owner to read.
func (s *Service) compute(ctx context.Context, r catalog.StatisticsRun) ([]types.ColumnStatistics, error) {
	var t catalog.Table
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		t, err = s.Catalog.Table(tx, r.Region, r.Table)
		return absent(err, errors.New("The table was dropped."))
	})
	if err != nil {
		return nil, err
	}
	p, err := s.Directory.ServiceSession(ctx, "glue.amazonaws.com", aws.ToString(r.Role), "AWSGlueColumnStatistics")
	if errors.Is(err, identity.ErrNotTrusted) {
		return nil, fmt.Errorf("Role %s cannot be assumed by glue.amazonaws.com.", aws.ToString(r.Role))
	}
	if err != nil {
		return nil, err
	}
	a, err := s.Ledger.Access(ctx, p, r.Region, r.Table)
	if err != nil {
		return nil, err
	}
	schema, err := schemaOf(t)
	if err != nil {
		return nil, err
	}
	measures := make([]*measure, len(schema.Columns))
	some := false
	for i, c := range schema.Columns {
		if !measurable(c.Type) || !asked(r.ColumnNameList, c.Name) {
			continue
		}
		if !a.ByIAM && (!a.Reads(c.Name) || a.RowFilter() != "") {
			return nil, fmt.Errorf("Insufficient Lake Formation permission(s): Required Select on %s", r.Table.Table)
		}
		measures[i], some = newMeasure(c.Type), true
	}
	if !some {
		return nil, nil
	}
	client := s3.NewFromConfig(s.Clients(p, r.Region), func(o *s3.Options) { o.UsePathStyle = true })
	random := rand.New(rand.NewPCG(1, 2)) // the same rows when it is repeated
	err = s.eachFile(ctx, client, r, t, func(src tabular.Source) error {
		for row, err := range tabular.Rows(ctx, src, schema, tabular.Options{}) {
			if err != nil {
				return err
			}
			if r.SampleSize > 0 && r.SampleSize < 100 && random.Float64()*100 >= r.SampleSize {
				continue
			}
			for i, m := range measures {
				if m != nil {
					m.see(row[i])
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []types.ColumnStatistics
	for i, m := range measures {
		if m != nil {
			d := m.result()
			out = append(out, types.ColumnStatistics{ColumnName: aws.String(schema.Columns[i].Name), ColumnType: t.StorageDescriptor.Columns[i].Type,
				AnalyzedTime: aws.Time(s.Clock.Now().UTC()), StatisticsData: &d})
		}
	}
	return out, nil
}

func asked(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return len(names) == 0
}

// schemaOf is how a table's files are read.
func schemaOf(t catalog.Table) (tabular.Schema, error) {
	d := t.StorageDescriptor
	out := tabular.Schema{}
	for _, c := range d.Columns {
		typ, err := tabular.ParseType(aws.ToString(c.Type))
		if err != nil {
			return out, fmt.Errorf("column %s is of type %s: %w", aws.ToString(c.Name), aws.ToString(c.Type), err)
		}
		out.Columns = append(out.Columns, tabular.Column{Name: strings.ToLower(aws.ToString(c.Name)), Type: typ})
	}
	serde, of := "", map[string]string{}
	if d.SerdeInfo != nil {
		serde, of = strings.ToLower(aws.ToString(d.SerdeInfo.SerializationLibrary)), d.SerdeInfo.Parameters
	}
	first := func(s string, otherwise byte) byte {
		if s == "" {
			return otherwise
		}
		return s[0]
	}
	for _, m := range []map[string]string{t.Parameters, d.Parameters, of} {
		if n, err := strconv.Atoi(m["skip.header.line.count"]); err == nil && n >= 0 {
			out.HeaderLines = n
		}
	}
	switch {
	case strings.Contains(serde, "parquet"):
		out.Format = tabular.Parquet
	case strings.Contains(serde, "json"):
		out.Format, out.Layout = tabular.JSON, tabular.Lines
	case strings.Contains(serde, "opencsv"):
		out.Format = tabular.CSV
		out.Delimiter, out.Quote, out.Escape = first(of["separatorChar"], ','), first(of["quoteChar"], '"'), first(of["escapeChar"], '\\')
	case strings.Contains(serde, "lazysimple"):
		out.Format, out.Null = tabular.CSV, `\N`
		out.Delimiter, out.Escape = first(of["field.delim"], '\x01'), first(of["escape.delim"], 0)
	default:
		return out, fmt.Errorf("files that %q reads are not supported", serde)
	}
	return out, nil
}

// eachFile gives the files of a table: of its partitions, when it has keys. Between files it looks whether the run goes on.
func (s *Service) eachFile(ctx context.Context, client *s3.Client, r catalog.StatisticsRun, t catalog.Table, f func(tabular.Source) error) error {
	if len(t.PartitionKeys) == 0 {
		return s.filesIn(ctx, client, r, t.Location(), f)
	}
	for after, more := "", true; more; more = after != "" {
		var list []types.Partition
		err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
			list, after, err = s.Catalog.Partitions.Read(tx, catalog.Reader{Region: r.Region, Table: t, Bare: true}).Next(after, 500)
			return err
		})
		if err != nil {
			return err
		}
		for _, p := range list {
			if p.StorageDescriptor == nil {
				continue
			}
			place, ok := governance.PathOf(aws.ToString(p.StorageDescriptor.Location))
			if !ok {
				continue
			}
			if err := s.filesIn(ctx, client, r, place, f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) filesIn(ctx context.Context, client *s3.Client, r catalog.StatisticsRun, place string, f func(tabular.Source) error) error {
	bucket, prefix, _ := strings.Cut(place, "/")
	if prefix != "" {
		prefix += "/"
	}
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("cannot list s3://%s: %w", place, err)
		}
		for _, o := range page.Contents {
			name := path.Base(*o.Key)
			if aws.ToInt64(o.Size) == 0 || strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".") || strings.HasSuffix(*o.Key, "/") {
				continue
			}
			if err := s.goesOn(ctx, r); err != nil {
				return err
			}
			if err := f(objectAt(ctx, client, bucket, *o.Key, *o.Size)); err != nil {
				return err
			}
		}
	}
	return nil
}

// goesOn fails with errEnded when the run was stopped.
func (s *Service) goesOn(ctx context.Context, r catalog.StatisticsRun) error {
	return s.Store.View(ctx, func(tx *store.Tx) error {
		now, err := s.Catalog.Runs.Get(tx, catalog.RunKey(r))
		if err == nil && !now.Going() {
			err = errEnded
		}
		return err
	})
}

// objectAt is an object as a file.
func objectAt(ctx context.Context, client *s3.Client, bucket, key string, size int64) tabular.Source {
	name := "s3://" + bucket + "/" + key
	return tabular.Stream(name, size, func() (io.ReadCloser, error) {
		out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return nil, err
		}
		return out.Body, nil
	})
}
