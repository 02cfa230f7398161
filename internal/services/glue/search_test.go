package glue_test

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func (f *fixture) search(c *glue.Client, in glue.SearchTablesInput) string {
	f.t.Helper()
	in.MaxResults = aws.Int32(2)
	text := ""
	for {
		out, err := c.SearchTables(f.t.Context(), &in)
		f.ok(err)
		if text += names(out.TableList, func(t types.Table) *string { return t.Name }); out.NextToken == nil {
			return text
		}
		text += " "
		in.NextToken = out.NextToken
	}
}

func TestSearchTables(t *testing.T) {
	f, ctx := open(t), t.Context()
	f.database("sales")
	f.database("web")
	add := func(database, name, description, owner string, columns ...string) {
		in := input(name, columns...)
		in.Description, in.Owner, in.Parameters = &description, &owner, map[string]string{"classification": "Parquet"}
		_, err := f.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: &database, TableInput: in})
		f.ok(err)
		f.clock.Advance(time.Minute)
	}
	start := f.clock.Now()
	add("sales", "customer-link", "Customers of the shop", "Ana", "id", "customer_name")
	add("sales", "orders", "All orders", "Ben", "id", "country")
	add("web", "xxlinkyy", "Clicks", "Ana", "url", "country")
	add("web", "sessions", "", "Ben")
	s := func(what string, in glue.SearchTablesInput, want string) {
		t.Helper()
		if got := f.search(f.Client, in); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	text := func(s string) glue.SearchTablesInput { return glue.SearchTablesInput{SearchText: &s} }
	s("everything", glue.SearchTablesInput{}, "customer-link orders sessions xxlinkyy")
	s("description", text("SHOP"), "customer-link")
	s("column", text("country"), "orders xxlinkyy")
	s("two words", text("all country"), "orders")
	s("a part", text("link"), "customer-link xxlinkyy")
	s("quoted", text(`"All Orders"`), "orders")
	s("quoted part", text(`"All"`), "")
	s("parameter", text("parquet"), "customer-link orders sessions xxlinkyy")
	filter := func(key, value string, c types.Comparator) glue.SearchTablesInput {
		return glue.SearchTablesInput{Filters: []types.PropertyPredicate{{Key: &key, Value: &value, Comparator: c}}}
	}
	s("name's word", filter("Name", "link", ""), "customer-link")
	s("database", filter("DatabaseName", "web", types.ComparatorEquals), "sessions xxlinkyy")
	s("owner", filter("Owner", "ana", ""), "customer-link xxlinkyy")
	s("parameter's value", filter("classification", "parquet", ""), "customer-link orders sessions xxlinkyy")
	s("nobody's", filter("nothing", "x", ""), "")
	s("later", filter("UpdateTime", start.Add(90*time.Second).Format(time.RFC3339), types.ComparatorGreaterThan), "sessions xxlinkyy")
	s("earlier", filter("CreateTime", fmt.Sprint(start.Unix()), types.ComparatorLessThanEquals), "customer-link")
	sorted := func(field string, sort types.Sort) glue.SearchTablesInput {
		return glue.SearchTablesInput{SortCriteria: []types.SortCriterion{{FieldName: &field, Sort: sort}}}
	}
	s("by name down", sorted("Name", types.SortDescending), "xxlinkyy sessions orders customer-link")
	s("by time down", sorted("UpdateTime", types.SortDescending), "sessions xxlinkyy orders customer-link")
	s("by owner", sorted("Owner", types.SortAscending), "customer-link xxlinkyy orders sessions")
	_, err := f.SearchTables(ctx, ptr(filter("UpdateTime", "soon", "")))
	f.fails("no time", err, "InvalidInputException", "not a time")

	_, err = f.DeleteTable(ctx, &glue.DeleteTableInput{DatabaseName: aws.String("sales"), Name: aws.String("orders")})
	f.ok(err)
	s("after a delete", text("country"), "xxlinkyy")
	in := input("sessions")
	in.Description = aws.String("Country of each")
	_, err = f.UpdateTable(ctx, &glue.UpdateTableInput{DatabaseName: aws.String("web"), TableInput: in})
	f.ok(err)
	s("after an update", text("country"), "sessions xxlinkyy")
}

func ptr[T any](v T) *T { return &v }

func TestSearchShowsWhatIsGranted(t *testing.T) {
	f := open(t)
	f.govern()
	f.database("sales")
	f.table("sales", "orders", "id", "secret_code")
	f.table("sales", "returns", "id", "secret_code")
	p := f.user("ana", all)
	ana := f.as(p)
	f.grant(governance.Grant{Principal: p.ARN, Resource: f.res("sales", "orders"), Permissions: governance.Select, Columns: &governance.Columns{Names: []string{"id"}}})
	if got := f.search(ana, glue.SearchTablesInput{}); got != "orders" {
		t.Errorf("everything: %q", got)
	}
	if got := f.search(ana, glue.SearchTablesInput{SearchText: aws.String("secret")}); got != "" {
		t.Errorf("by a hidden column: %q", got)
	}
	if got := f.search(ana, glue.SearchTablesInput{SearchText: aws.String("orders id")}); got != "orders" {
		t.Errorf("by a shown column: %q", got)
	}
}

// many fills a database with n tables of 12 columns.
func (f *fixture) many(n int) {
	f.t.Helper()
	f.database("big")
	var columns []types.Column
	for i := range 12 {
		columns = append(columns, types.Column{Name: aws.String(fmt.Sprint("column_", i)), Type: aws.String("string"), Comment: aws.String("a comment")})
	}
	for i := 0; i < n; {
		f.ok(f.st.Update(f.t.Context(), func(tx *store.Tx) error {
			for end := min(n, i+1000); i < end; i++ {
				r := f.res("big", fmt.Sprintf("table_%06d", i))
				t := catalog.Table{ID: fmt.Sprint(i), Table: types.Table{Name: &r.Table, DatabaseName: &r.Database, CatalogId: &r.Catalog,
					Description: aws.String(fmt.Sprintf("Facts about topic %d for team %d", i%997, i%89)), VersionId: aws.String("0"),
					StorageDescriptor: &types.StorageDescriptor{Columns: columns, Location: aws.String("s3://lake/big/" + r.Table)},
					Parameters:        map[string]string{"classification": "parquet"}, CreateTime: aws.Time(f.clock.Now()), UpdateTime: aws.Time(f.clock.Now())}}
				if err := f.catalog.Tables.Put(tx, catalog.Key(region, r), t); err != nil {
					return err
				}
				if err := f.ledger.Created(tx, "", region, r, governance.FirstSettings().TableDefaults); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

// BenchmarkCatalog measures the calls over many tables; ATELIER_BENCH_TABLES says how many, 10,000 when it does not.
func BenchmarkCatalog(b *testing.B) {
	n := 10_000
	if v := os.Getenv("ATELIER_BENCH_TABLES"); v != "" {
		_, _ = fmt.Sscan(v, &n)
	}
	f := open(b)
	f.many(n)
	run := func(name string, quantile float64, call func(i int) error) {
		b.Run(name, func(b *testing.B) {
			f.ok(call(0))
			var took []time.Duration
			for i := range b.N {
				begin := time.Now()
				f.ok(call(i))
				took = append(took, time.Since(begin))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[int(float64(len(took)-1)*quantile)].Microseconds())/1000, fmt.Sprintf("p%g-ms", quantile*100))
		})
	}
	run("GetTable", 0.99, func(i int) error {
		_, err := f.GetTable(b.Context(), &glue.GetTableInput{DatabaseName: aws.String("big"), Name: aws.String(fmt.Sprintf("table_%06d", i*7919%n))})
		return err
	})
	for _, text := range []string{"topic 17", `"facts about topic 17 for team 17"`, "column_3", "nothing at all"} {
		run("SearchTables/"+text, 0.95, func(int) error {
			_, err := f.SearchTables(b.Context(), &glue.SearchTablesInput{SearchText: &text})
			return err
		})
	}
	run("GetTables", 0.95, func(int) error {
		_, err := f.GetTables(b.Context(), &glue.GetTablesInput{DatabaseName: aws.String("big"), Expression: aws.String("*_0017*")})
		return err
	})
}
