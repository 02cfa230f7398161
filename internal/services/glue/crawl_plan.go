package glue

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/tabular"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/glue/layout"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// plan is a piece of what a crawl under way has found: files, a table, or partitions of a table.
type plan struct {
	Files      *kept            `json:",omitempty"`
	Seen       map[string]int64 `json:",omitempty"` // folders that had changed, and when
	Table      *planTable       `json:",omitempty"`
	Partitions []planPartition  `json:",omitempty"`
	Schemas    []tabular.Schema `json:",omitempty"` // of the partitions
}

// planTable is a table to be.
type planTable struct {
	Database, Name, Bucket string
	Target                 bool // it is there, and the target of the crawl
	Table                  layout.Table
	Chunks                 int // of partitions
	Gone                   int // chunks of partitions to be removed

	// What compare has found.
	Action string // added, updated, refreshed, or "" when nothing is to be done
	Rekey  bool   // its partition keys are others now
	Input  *types.TableInput
}

// refreshed is a table of which only the amounts changed.
const refreshed = "REFRESH"

// MarshalJSON leaves out what is not set.
func (t planTable) MarshalJSON() ([]byte, error) {
	type plain planTable
	return catalog.Compact(json.Marshal(plain(t)))
}

type planPartition struct {
	layout.Partition
	Schema int
	Action string
}

// chunk is how many partitions are kept together. The API takes batchSize at a time.
const (
	chunk     = 500
	batchSize = 100
)

// Key of pieces.
func (x *crawling) planKey(format string, args ...any) store.Key {
	k := x.w.Key
	k.ID = x.w.ID + "/" + fmt.Sprintf(format, args...)
	return k
}

func (x *crawling) piece(ctx context.Context, k store.Key) (p plan, err error) {
	err = x.s.Store.View(ctx, func(tx *store.Tx) (err error) {
		p, err = x.s.crawlers.plans.Get(tx, k)
		return err
	})
	return p, err
}

func (x *crawling) put(ctx context.Context, k store.Key, p plan) error {
	return x.s.Store.Update(ctx, func(tx *store.Tx) error { return x.s.crawlers.plans.Put(tx, k, p) })
}

// pieces calls f with what is kept under a prefix.
func (x *crawling) pieces(ctx context.Context, prefix string, f func(plan)) error {
	r := store.Range{Account: x.w.Key.Account, Region: x.w.Key.Region, Prefix: x.w.ID + "/" + prefix, Limit: 20}
	for {
		var rows []store.Row[plan]
		err := x.s.Store.View(ctx, func(tx *store.Tx) (err error) {
			rows, err = x.s.crawlers.plans.List(tx, r)
			return err
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, row := range rows {
			f(row.Value)
		}
		r.After = rows[len(rows)-1].Key.ID
	}
}

// forget removes what was kept for the crawl.
func (x *crawling) forget(ctx context.Context) error {
	for n := 1; n > 0; {
		err := x.s.Store.Update(ctx, func(tx *store.Tx) (err error) {
			n, err = x.s.crawlers.plans.DeleteAll(tx, store.Range{Account: x.w.Key.Account, Region: x.w.Key.Region, Prefix: x.w.ID + "/", Limit: removed})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// planned is how many tables there are to be.
type planned struct {
	Tables   int
	Gone     []string // tables of the crawler whose data is gone
	Messages []string
}

// group finds the tables in what was read, and gives them their names.
func (x *crawling) group(ctx context.Context, targets []crawlTarget, unread []string) (out planned, err error) {
	var tables []planTable
	same := map[string]*tabular.Schema{}
	for i, t := range targets {
		files, err := x.filesOf(ctx, i, t, same)
		if err != nil {
			return out, err
		}
		found, left := x.tablesOf(t, files)
		tables = append(tables, found...)
		for _, l := range left[:min(len(left), maxMessages-len(out.Messages))] {
			out.Messages = append(out.Messages, fmt.Sprintf("%s was left out: %s", t.url(l.Key), l.Why))
		}
	}
	if len(x.c.Targets.S3Targets) > 0 {
		there, err := x.there(ctx, len(tables) > 0)
		if err != nil {
			return out, err
		}
		x.name(tables, there)
		out.Gone = gone(tables, there, targets, unread, *x.c.Name)
		if n := x.o.CrawlerOutput.Tables.TableThreshold; n > 0 && len(tables) > n {
			return out, fault{fmt.Sprintf("The number of tables detected by the crawler: %d is greater than the table threshold value provided: %d.", len(tables), n)}
		}
	}
	for i := range tables {
		if err := x.putTable(ctx, i, &tables[i]); err != nil {
			return out, err
		}
	}
	out.Tables = len(tables)
	return out, x.progress(ctx, func(c *crawl) { c.Planned = max(1, len(tables)) })
}

// tablesOf finds the tables of one target.
func (x *crawling) tablesOf(t crawlTarget, files []layout.File) (out []planTable, left []layout.Left) {
	root := t.Prefix
	var found []layout.Table
	switch {
	case len(files) == 1 && files[0].Key == root:
		found = []layout.Table{layout.Single(files[0])}
	default:
		if root != "" && !strings.HasSuffix(root, "/") {
			root += "/"
		}
		o := x.o.layout()
		o.Whole = t.Table != ""
		found, left = layout.Tables(t.Bucket, root, files, o)
	}
	for _, f := range found {
		p := planTable{Database: t.Database, Bucket: t.Bucket, Table: f}
		if t.Table != "" {
			p.Name, p.Target = t.Table, true
		} else {
			p.Name = strings.ToLower(aws.ToString(x.c.TablePrefix)) + f.Name
		}
		out = append(out, p)
	}
	return out, left
}

// tableThere is a table of the database before the crawl.
type tableThere struct{ location, crawler string }

const madeBy = "UPDATED_BY_CRAWLER"

// there are the tables of the database, which is made when it is missing and needed.
func (x *crawling) there(ctx context.Context, needed bool) (map[string]tableThere, error) {
	client, out := x.catalog(), map[string]tableThere{}
	_, err := client.GetDatabase(ctx, &glue.GetDatabaseInput{CatalogId: x.c.CatalogId, Name: x.c.DatabaseName})
	var none *types.EntityNotFoundException
	if errors.As(err, &none) {
		if !needed {
			return out, nil
		}
		_, err = client.CreateDatabase(ctx, &glue.CreateDatabaseInput{CatalogId: x.c.CatalogId, DatabaseInput: &types.DatabaseInput{Name: x.c.DatabaseName}})
		var meanwhile *types.AlreadyExistsException
		if errors.As(err, &meanwhile) {
			err = nil
		}
	}
	if err != nil {
		return nil, x.refused(ctx, "cannot use database "+*x.c.DatabaseName, err)
	}
	pages := glue.NewGetTablesPaginator(client, &glue.GetTablesInput{CatalogId: x.c.CatalogId, DatabaseName: x.c.DatabaseName})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, x.refused(ctx, "cannot list the tables of database "+*x.c.DatabaseName, err)
		}
		for _, t := range page.TableList {
			v := tableThere{crawler: t.Parameters[madeBy]}
			if t.StorageDescriptor != nil {
				v.location = aws.ToString(t.StorageDescriptor.Location)
			}
			out[*t.Name] = v
		}
	}
	return out, nil
}

// refused makes an answer of the API the crawl's fault; that the crawl was stopped stays what it is.
func (x *crawling) refused(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fault{what + ": " + said(err)}
}

func sameLocation(a, b string) bool { return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/") }

// name gives tables names that are theirs alone: those that they have, their folders' names, or these with a hash of the place.
func (x *crawling) name(tables []planTable, there map[string]tableThere) {
	mine := map[string]string{} // by location
	for _, name := range slices.Sorted(maps.Keys(there)) {
		if t := there[name]; t.crawler == *x.c.Name {
			mine[strings.TrimSuffix(t.location, "/")] = name
		}
	}
	taken := map[string]bool{}
	named := make([]bool, len(tables))
	for i := range tables {
		if n, ok := mine[strings.TrimSuffix(tables[i].location(), "/")]; ok && !taken[n] && (n == tables[i].Name || n == tables[i].hashed()) {
			tables[i].Name, named[i], taken[n] = n, true, true
		}
	}
	for i := range tables {
		t := &tables[i]
		if named[i] {
			continue
		}
		if other, ok := there[t.Name]; taken[t.Name] || ok && !sameLocation(other.location, t.location()) {
			t.Name = t.hashed()
		}
		taken[t.Name] = true
	}
}

func (t *planTable) location() string { return s3Place{Bucket: t.Bucket}.url(t.Table.Path) }

func (t *planTable) hashed() string {
	sum := md5.Sum([]byte(t.location()))
	return t.Name + "_" + hex.EncodeToString(sum[:])
}

// gone are the crawler's tables in the targets whose data was not found.
func gone(tables []planTable, there map[string]tableThere, targets []crawlTarget, unread []string, crawler string) (out []string) {
	found := map[string]bool{}
	for _, t := range tables {
		found[t.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		t := there[name]
		inside := slices.ContainsFunc(targets, func(at crawlTarget) bool { return lies(t.location, at.url(at.Prefix)) })
		if !found[name] && t.crawler == crawler && inside && !holds(t.location, unread) {
			out = append(out, name)
		}
	}
	return out
}

// lies tells whether a place lies in another.
func lies(place, in string) bool {
	in = strings.TrimSuffix(in, "/")
	return sameLocation(place, in) || strings.HasPrefix(place, in+"/")
}

// holds tells whether a place has one of the objects.
func holds(place string, objects []string) bool {
	return slices.ContainsFunc(objects, func(o string) bool { return lies(o, place) })
}

// putTable writes a table down, and its partitions in chunks.
func (x *crawling) putTable(ctx context.Context, i int, t *planTable) error {
	list := t.Table.Partitions
	t.Table.Partitions = nil
	for from := 0; from < len(list); from += chunk {
		p := plan{}
		at := map[*tabular.Schema]int{}
		for _, one := range list[from:min(from+chunk, len(list))] {
			n, ok := at[one.Schema]
			if !ok {
				n = len(p.Schemas)
				at[one.Schema] = n
				p.Schemas = append(p.Schemas, *one.Schema)
			}
			one.Schema = nil
			p.Partitions = append(p.Partitions, planPartition{Partition: one, Schema: n})
		}
		if err := x.put(ctx, x.planKey("parts/%06d/%06d", i, t.Chunks), p); err != nil {
			return err
		}
		t.Chunks++
	}
	return x.put(ctx, x.planKey("table/%06d", i), plan{Table: t})
}

// deprecated marks a table or partition whose data is gone, with the time in milliseconds.
const deprecatedBy = "DEPRECATED_BY_CRAWLER"

func (x *crawling) deprecation() string { return fmt.Sprint(x.w.Started.UnixMilli()) }

// remove deals with tables whose data is gone, as the crawler's policy has it.
func (x *crawling) remove(ctx context.Context, names []string) (out outcome, err error) {
	out = newOutcome()
	client := x.catalog()
	for _, name := range names {
		switch x.c.SchemaChangePolicy.DeleteBehavior {
		case types.DeleteBehaviorLog:
			out.Messages = append(out.Messages, fmt.Sprintf("table %s: its data is gone", name))
		case types.DeleteBehaviorDeleteFromDatabase:
			_, err := client.DeleteTable(ctx, &glue.DeleteTableInput{CatalogId: x.c.CatalogId, DatabaseName: x.c.DatabaseName, Name: &name})
			var none *types.EntityNotFoundException
			if err != nil && !errors.As(err, &none) {
				if ctx.Err() != nil {
					return out, ctx.Err()
				}
				out.Failed = fmt.Sprintf("cannot delete table %s: %s", name, said(err))
				continue
			}
			count(out.Tables, deleted, name)
		default:
			done, err := x.deprecate(ctx, client, name)
			if err != nil {
				if ctx.Err() != nil {
					return out, ctx.Err()
				}
				out.Failed = fmt.Sprintf("cannot deprecate table %s: %s", name, said(err))
			}
			if done {
				count(out.Tables, updated, name)
			}
		}
	}
	return out, nil
}

func (x *crawling) deprecate(ctx context.Context, client *glue.Client, name string) (bool, error) {
	got, err := client.GetTable(ctx, &glue.GetTableInput{CatalogId: x.c.CatalogId, DatabaseName: x.c.DatabaseName, Name: &name})
	if err != nil || got.Table.Parameters[deprecatedBy] != "" {
		return err == nil && got.Table.Parameters[deprecatedBy] == x.deprecation(), err
	}
	in := inputOf(got.Table)
	in.Parameters = maps.Clone(in.Parameters)
	in.Parameters[deprecatedBy] = x.deprecation()
	_, err = client.UpdateTable(ctx, &glue.UpdateTableInput{CatalogId: x.c.CatalogId, DatabaseName: x.c.DatabaseName, TableInput: in})
	return err == nil, err
}

// inputOf is the input that makes a table what it is.
func inputOf(t *types.Table) *types.TableInput {
	return &types.TableInput{Name: t.Name, Description: t.Description, LastAccessTime: t.LastAccessTime, LastAnalyzedTime: t.LastAnalyzedTime,
		Owner: t.Owner, Parameters: t.Parameters, PartitionKeys: t.PartitionKeys, Retention: t.Retention, StorageDescriptor: t.StorageDescriptor,
		TableType: t.TableType, ViewExpandedText: t.ViewExpandedText, ViewOriginalText: t.ViewOriginalText}
}
