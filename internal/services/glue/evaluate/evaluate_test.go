package evaluate_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/duckdb"
	"github.com/atelier-studio/atelier/internal/services/glue/dqdl"
	"github.com/atelier-studio/atelier/internal/services/glue/evaluate"
)

// orders has an order twice, an empty and a missing country, and an amount that is missing.
const orders = `1,DE,10.50,2024-05-01,2024-05-30 10:00:00,123
2,FR,20.00,2024-05-02,2024-05-30 11:00:00,456
3,DE,1.25,2024-05-03,2024-05-30 12:00:00,789
4,,7.00,2024-05-04,2024-05-30 13:00:00,x12
4,US,\N,2024-05-05,2024-05-20 13:00:00,12
6,\N,99.00,2024-05-06,2024-05-30 15:00:00,   
`

const customers = "1,DE\n2,FR\n3,DE\n4,US\n"

var now = time.Date(2024, 5, 31, 0, 0, 0, 0, time.UTC)

type bench struct {
	t       *testing.T
	engine  sql.Engine
	tables  map[string]*sql.Table
	queries []string
}

func (b *bench) Table(_ context.Context, n sql.Name) (*sql.Table, error) {
	return b.tables[n.Table], nil
}

func (b *bench) add(alias, data string, cut sql.Cut, columns ...evaluate.Column) {
	p := filepath.Join(b.t.TempDir(), alias)
	if err := os.WriteFile(p, []byte(data), 0o600); err != nil {
		b.t.Fatal(err)
	}
	t := &sql.Table{Format: sql.Format{Kind: sql.LazySimple, Properties: map[string]string{"field.delim": ","}}, Cut: cut,
		Partitions: []sql.Partition{{Files: func(context.Context) ([]sql.File, error) { return []sql.File{{Path: p, Size: int64(len(data))}}, nil }}}}
	for _, c := range columns {
		t.Columns = append(t.Columns, sql.Column{Name: c.Name, Type: c.Type})
	}
	b.tables[alias] = t
}

func (b *bench) query(ctx context.Context, statement string) ([][]any, error) {
	b.queries = append(b.queries, statement)
	rows, err := b.engine.Query(ctx, sql.Request{SQL: statement, Tables: b, Session: sql.Session{Catalog: "c", Database: "d"}})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out [][]any
	for {
		c, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		for i := range c.Len {
			row := make([]any, len(c.Columns))
			for j := range c.Columns {
				switch v := c.Columns[j][i].(type) {
				case int64:
					row[j] = float64(v)
				case *big.Int:
					row[j], _ = new(big.Float).SetInt(v).Float64()
				case sql.Decimal:
					row[j], _ = strconv.ParseFloat(string(v), 64)
				default:
					row[j] = v
				}
			}
			out = append(out, row)
		}
	}
}

var orderColumns = []evaluate.Column{{Name: "id", Type: "int"}, {Name: "country", Type: "string"}, {Name: "amount", Type: "decimal(10,2)"},
	{Name: "day", Type: "date"}, {Name: "loaded", Type: "timestamp"}, {Name: "code", Type: "string"}}

func start(t *testing.T) *bench {
	t.Helper()
	e, err := duckdb.New(duckdb.Config{Dir: filepath.Join(t.TempDir(), "engine")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	b := &bench{t: t, engine: e, tables: map[string]*sql.Table{}}
	b.add("primary", orders, sql.Cut{}, orderColumns...)
	b.add("customers", customers, sql.Cut{}, evaluate.Column{Name: "customer", Type: "int"}, evaluate.Column{Name: "country", Type: "string"})
	b.add("empty", "", sql.Cut{}, orderColumns...)
	return b
}

func (b *bench) input(text string) evaluate.Input {
	b.t.Helper()
	rules, err := dqdl.Parse(text)
	if err != nil {
		b.t.Fatal(err)
	}
	in := evaluate.Input{Rules: rules, Tables: map[string][]evaluate.Column{}, Query: b.query, Now: now,
		History: func(metric string, n int) ([]float64, error) {
			if metric == "Dataset.*.RowCount" {
				return []float64{4, 6, 8}[:min(n, 3)], nil
			}
			return nil, nil
		}}
	for alias, t := range b.tables {
		for _, c := range t.Columns {
			in.Tables[alias] = append(in.Tables[alias], evaluate.Column{Name: c.Name, Type: c.Type})
		}
	}
	return in
}

func (b *bench) run(text string) evaluate.Report {
	b.t.Helper()
	out, err := evaluate.Run(b.t.Context(), b.input(text))
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

// rules are rules with how they come out: "RESULT message | metric=value …".
var rules = []struct{ rule, want string }{
	{`RowCount = 6`, `PASS | Dataset.*.RowCount=6`},
	{`RowCount > 6`, `FAIL Value: 6.0 does not meet the constraint requirement! | Dataset.*.RowCount=6`},
	{`RowCount between 6 and 10`, `FAIL Value: 6.0 does not meet the constraint requirement! | Dataset.*.RowCount=6`},
	{`RowCount in [5, 6]`, `PASS | Dataset.*.RowCount=6`},
	{`RowCount = 2 where "country = 'DE'"`, `PASS | Dataset.*.RowCount=2`},
	{`RowCount >= avg(last(3))`, `PASS | Dataset.*.RowCount=6`},
	{`RowCount > last(1) + 1`, `PASS | Dataset.*.RowCount=6`},
	{`RowCount > max(last(3)) * 2`, `FAIL Value: 6.0 does not meet the constraint requirement! | Dataset.*.RowCount=6`},
	{`RowCount = index(last(3), 1)`, `PASS | Dataset.*.RowCount=6`},
	{`Mean "id" > avg(last(3))`, `ERROR there are no earlier results of Column.id.Mean |`},
	{`RowCount > last(3)`, `ERROR last(3) is a list and not a number |`},
	{`ColumnCount = 6`, `PASS | Dataset.*.ColumnCount=6`},
	{`ColumnExists "Country"`, `PASS |`},
	{`ColumnExists "nothing"`, `FAIL Input data does not include column nothing! |`},
	{`ColumnNamesMatchPattern "[a-z]+"`, `PASS | Dataset.*.ColumnNamesPatternMatchRatio=1`},
	{`ColumnNamesMatchPattern "[a-d]+.*"`, `FAIL Columns that do not match the pattern: id loaded | Dataset.*.ColumnNamesPatternMatchRatio=0.6667`},
	{`IsComplete "id"`, `PASS | Column.id.Completeness=1`},
	{`IsComplete "amount"`, `FAIL Value: 0.8333333333333334 does not meet the constraint requirement! | Column.amount.Completeness=0.8333`},
	{`IsComplete "amount" where "country = 'DE'"`, `PASS | Column.amount.Completeness=1`},
	{`IsComplete "nothing"`, `FAIL Input data does not include column nothing! |`},
	{`Completeness "country" >= 0.8`, `PASS | Column.country.Completeness=0.8333`},
	{`IsUnique "id"`, `FAIL Value: 0.6666666666666666 does not meet the constraint requirement! | Column.id.Uniqueness=0.6667`},
	{`IsUnique "day"`, `PASS | Column.day.Uniqueness=1`},
	{`IsUnique "id" "day"`, `PASS | Multicolumn.id,day.Uniqueness=1`},
	{`Uniqueness "id" > 0.6`, `PASS | Column.id.Uniqueness=0.6667`},
	{`IsPrimaryKey "day"`, `PASS | Column.day.Completeness=1 Column.day.Uniqueness=1`},
	{`IsPrimaryKey "amount"`, `FAIL Value: 0.8333333333333334 does not meet the constraint requirement! | Column.amount.Completeness=0.8333 Column.amount.Uniqueness=1`},
	{`DistinctValuesCount "country" = 4`, `PASS | Column.country.DistinctValuesCount=4`},
	{`UniqueValueRatio "country" = 0.75`, `PASS | Column.country.UniqueValueRatio=0.75`},
	{`Entropy "country" between 1.3 and 1.4`, `PASS | Column.country.Entropy=1.3322`},
	{`Sum "amount" = 137.75`, `PASS | Column.amount.Sum=137.75`},
	{`Mean "amount" between 27 and 28`, `PASS | Column.amount.Mean=27.55`},
	{`StandardDeviation "id" < 2`, `PASS | Column.id.StandardDeviation=1.5986`},
	{`Variance "id" < 3`, `PASS | Column.id.Variance=2.5556`},
	{`Mean "country" > 1`, `ERROR Expected type of column country to be a number, but found string instead! |`},
	{`ColumnCorrelation "id" "amount" > 0.5`, `PASS | Multicolumn.id,amount.ColumnCorrelation=0.7553`},
	{`ColumnLength "country" <= 2`, `PASS | Column.country.MaximumLength=2 Column.country.MinimumLength=0`},
	{`ColumnLength "country" = 2`, `FAIL Value: 0.0 does not meet the constraint requirement! | Column.country.MaximumLength=2 Column.country.MinimumLength=0`},
	{`ColumnLength "code" < 3`, `FAIL Value: 3.0 does not meet the constraint requirement! | Column.code.MaximumLength=3 Column.code.MinimumLength=2`},
	{`ColumnLength "country" = 2 where "country IN ('DE', 'FR')"`, `PASS | Column.country.MaximumLength=2 Column.country.MinimumLength=2`},
	{`ColumnValues "id" >= 1`, `PASS | Column.id.ColumnValues.Compliance=1 Column.id.Maximum=6 Column.id.Minimum=1`},
	{`ColumnValues "id" between 1 and 10`, `FAIL Value: 0.8333333333333334 does not meet the constraint requirement! | Column.id.ColumnValues.Compliance=0.8333 Column.id.Maximum=6 Column.id.Minimum=1`},
	{`ColumnValues "amount" > 1`, `FAIL Value: 0.8333333333333334 does not meet the constraint requirement! | Column.amount.ColumnValues.Compliance=0.8333 Column.amount.Maximum=99 Column.amount.Minimum=1.25`},
	{`ColumnValues "amount" > 1 with threshold > 0.8`, `PASS | Column.amount.ColumnValues.Compliance=0.8333 Column.amount.Maximum=99 Column.amount.Minimum=1.25`},
	{`ColumnValues "country" in ["DE", "FR", "US"]`, `FAIL Value: 0.6666666666666666 does not meet the constraint requirement! | Column.country.ColumnValues.Compliance=0.6667`},
	{`ColumnValues "country" in ["DE", "FR", "US", NULL, EMPTY]`, `PASS | Column.country.ColumnValues.Compliance=1`},
	{`ColumnValues "country" != "GB"`, `PASS | Column.country.ColumnValues.Compliance=1`},
	{`ColumnValues "country" not in ["GB", NULL]`, `FAIL Value: 0.8333333333333334 does not meet the constraint requirement! | Column.country.ColumnValues.Compliance=0.8333`},
	{`ColumnValues "country" != NULL`, `FAIL Value: 0.8333333333333334 does not meet the constraint requirement! | Column.country.ColumnValues.Compliance=0.8333`},
	{`ColumnValues "amount" = NULL where "id = 4 and country = 'US'"`, `PASS | Column.amount.ColumnValues.Compliance=1`},
	{`ColumnValues "code" = WHITESPACES_ONLY where "id = 6"`, `PASS | Column.code.ColumnValues.Compliance=1`},
	{`ColumnValues "country" matches "[A-Z]{2}" where "country <> ''"`, `PASS | Column.country.ColumnValues.Compliance=1`},
	{`ColumnValues "code" matches "[0-9]" with threshold = 0`, `PASS | Column.code.ColumnValues.Compliance=0`},
	{`ColumnValues "code" not matches "[0-9]+" with threshold < 0.4`, `PASS | Column.code.ColumnValues.Compliance=0.3333`},
	{`ColumnValues "code" matches "("`, "ERROR the pattern cannot be read: error parsing regexp: missing closing ): `(` |"},
	{`ColumnValues "day" >= "2024-05-01"`, `PASS | Column.day.ColumnValues.Compliance=1`},
	{`ColumnValues "day" > "2024-05-01" with threshold > 0.9`, `FAIL Value: 0.8333333333333334 does not meet the constraint requirement! | Column.day.ColumnValues.Compliance=0.8333`},
	{`ColumnValues "day" > (now() - 31 days)`, `PASS | Column.day.ColumnValues.Compliance=1`},
	{`ColumnValues "code" > 100 with threshold = 0.5`, `PASS | Column.code.ColumnValues.Compliance=0.5`},
	{`ColumnValues "day" > 5`, `ERROR column day of type date cannot be compared with a number |`},
	{`ColumnDataType "code" = "Integer" with threshold > 0.6`, `PASS | Column.code.ColumnDataType.Compliance=0.6667`},
	{`ColumnDataType "code" = "Integer"`, `FAIL Value: 0.6666666666666666 does not meet the constraint requirement! | Column.code.ColumnDataType.Compliance=0.6667`},
	{`ColumnDataType "amount" in ["Double", "Integer"]`, `PASS | Column.amount.ColumnDataType.Compliance=1`},
	{`ColumnDataType "code" = "Tuple"`, `ERROR "Tuple" is not a data type |`},
	{`DataFreshness "loaded" <= 24 hours`, `FAIL Value: 0.8333333333333334 does not meet the constraint requirement! | Column.loaded.DataFreshness.Compliance=0.8333`},
	{`DataFreshness "loaded" < 12 days`, `PASS | Column.loaded.DataFreshness.Compliance=1`},
	{`DataFreshness "loaded" between 1 hours and 1 days where "id < 4"`, `PASS | Column.loaded.DataFreshness.Compliance=1`},
	{`CustomSql "select count(*) from primary where amount > 10" between 2 and 4`, `PASS | Dataset.*.CustomSQL=3`},
	{`CustomSql "select sum(amount) from primary" > 1000`, `FAIL Value: 137.75 does not meet the constraint requirement! | Dataset.*.CustomSQL=137.75`},
	{`CustomSql "select id from primary where amount > 5" with threshold > 0.5`, `PASS | Dataset.*.CustomSQL.Compliance=0.6667`},
	{`CustomSql "select id from primary where amount > 5"`, `FAIL Value: 0.6666666666666666 does not meet the constraint requirement! | Dataset.*.CustomSQL.Compliance=0.6667`},
	{`CustomSql "select id from primary" = 1`, `ERROR the statement has to answer one row with 1 values |`},
	{`CustomSql "select count(*) from secret" = 1`, `ERROR TABLE_NOT_FOUND: line 1:22: Table 'c.d.secret' does not exist |`},
	{`RowCountMatch "customers" = 1.5`, `PASS | Dataset.customers.RowCountMatch=1.5`},
	{`RowCountMatch "others" = 1.5`, `ERROR no data source is named others |`},
	{`ReferentialIntegrity "id" "customers.customer" >= 0.8`, `PASS | Column.customers.ReferentialIntegrity=0.8333`},
	{`ReferentialIntegrity "id,country" "customers.{customer,country}" = 0.6667`, `FAIL Value: 0.6666666666666666 does not meet the constraint requirement! | Column.customers.ReferentialIntegrity=0.6667`},
	{`AggregateMatch "sum(id)" "sum(customers.customer)" = 2`, `PASS | Column.id,customer.AggregateMatch=2`},
	{`AggregateMatch "max(id)" "sum(customers.customer)" = 2`, `ERROR max(id) is not an aggregate: it has to be sum(column) or avg(column) |`},
	{`SchemaMatch "customers" < 0.5`, `PASS | Dataset.customers.SchemaMatch=0.1667`},
	{`SchemaMatch "empty" = 1`, `PASS | Dataset.empty.SchemaMatch=1`},
	{`DatasetMatch "customers" "id->customer" "country->country" > 0.6`, `PASS | Dataset.customers.DatasetMatch=0.6667`},
	{`DetectAnomalies "RowCount"`, `ERROR The rule type DetectAnomalies is not supported by Atelier. |`},
	{`FileFreshness "s3://b/" > (now() - 1 days)`, `ERROR The rule type FileFreshness is not supported by Atelier. |`},
	{`(IsComplete "id") and (RowCount > 5)`, `PASS | Column.id.Completeness=1 Dataset.*.RowCount=6`},
	{`(IsComplete "id") and (RowCount > 50)`, `FAIL Value: 6.0 does not meet the constraint requirement! | Column.id.Completeness=1 Dataset.*.RowCount=6`},
	{`(RowCount > 50) or (IsComplete "id")`, `PASS | Column.id.Completeness=1 Dataset.*.RowCount=6`},
	{`(RowCount > 50) or (IsComplete "amount")`, `FAIL Value: 6.0 does not meet the constraint requirement! Value: 0.8333333333333334 does not meet the constraint requirement! | Column.amount.Completeness=0.8333 Dataset.*.RowCount=6`},
	{`(RowCount > 1) and ((IsComplete "amount") or (IsComplete "id"))`, `PASS | Column.amount.Completeness=0.8333 Column.id.Completeness=1 Dataset.*.RowCount=6`},
	{`(RowCount > 1) and (DetectAnomalies "RowCount")`, `ERROR The rule type DetectAnomalies is not supported by Atelier. | Dataset.*.RowCount=6`},
	{`RowCount > 1 where "country = 'DE' ) or (true"`, `ERROR the where clause is not complete |`},
	{`RowCount > 1 where "1 = 1 -- x"`, `ERROR the where clause may not have "--" in it |`},
	{`RowCount > 1 where "nothing > 3"`, `ERROR COLUMN_NOT_FOUND |`},
}

func written(o evaluate.Outcome) string {
	s := string(o.Result)
	if o.Message != "" {
		s += " " + o.Message
	}
	s += " |"
	for _, k := range evaluate.Names(o.Metrics) {
		s += fmt.Sprintf(" %s=%s", k, strconv.FormatFloat(float64(int(o.Metrics[k]*1e4+0.5))/1e4, 'f', -1, 64))
	}
	return s
}

// TestRules measures all rules as one ruleset, in which those that can't be measured must leave the others alone.
func TestRules(t *testing.T) {
	b := start(t)
	list := make([]string, len(rules))
	for i, r := range rules {
		list[i] = r.rule
	}
	report := b.run("Rules = [" + strings.Join(list, ",\n") + "]")
	for i, o := range report.Rules {
		got, want := written(o), rules[i].want
		if strings.HasPrefix(want, "ERROR COLUMN_NOT_FOUND") && strings.HasPrefix(got, "ERROR COLUMN_NOT_FOUND") {
			continue
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", o.Rule, got, want)
		}
	}
}

// TestOneScan holds that what one look at the table can tell is asked for together.
func TestOneScan(t *testing.T) {
	b := start(t)
	report := b.run(`Rules = [ RowCount > 1, IsComplete "id", Completeness "amount" > 0.5, Mean "amount" > 1, ColumnValues "country" != "GB",
		ColumnLength "code" < 9, Sum "id" > 3, IsUnique "id", DistinctValuesCount "id" > 2, Entropy "id" > 0 ]`)
	if report.Score != 0.9 || len(b.queries) != 2 {
		t.Errorf("score %v with %d queries, want 0.9 with 2: %s", report.Score, len(b.queries), strings.Join(b.queries, "\n"))
	}
	if report.Rows == nil || report.Rows.Processed != 6 || report.Rows.Passed != 6 {
		t.Errorf("rows %+v, want 6 of 6", report.Rows)
	}
}

func TestByRow(t *testing.T) {
	b := start(t)
	in := b.input(`Rules = [ (ColumnValues "amount" > 1) or (ColumnValues "amount" = NULL), (IsComplete "amount") and (ColumnValues "id" < 6) ]`)
	for _, byRow := range []bool{false, true} {
		in.ByRow = byRow
		out, err := evaluate.Run(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		got, want := string(out.Rules[0].Result+" "+out.Rules[1].Result), "FAIL FAIL"
		if byRow {
			want = "PASS FAIL"
		}
		if got != want {
			t.Errorf("by row %v: got %s, want %s", byRow, got, want)
		}
		if c := out.Rules[1].Metrics["Dataset.*.CompositeRule.Compliance"]; byRow && c != 4.0/6 {
			t.Errorf("compliance %v, want 4 of 6", c)
		}
	}
}

// TestHidden holds that rules see nothing of rows and columns that are cut off.
func TestHidden(t *testing.T) {
	b := start(t)
	b.add("primary", orders, sql.Cut{Columns: []string{"id", "country"}, Rows: "country = 'DE'"}, orderColumns...)
	in := b.input(`Rules = [ RowCount = 2, DistinctValuesCount "country" = 1, Mean "amount" > 0, CustomSql "select max(amount) from primary" > 0,
		RowCount = 1 where "amount > 5", CustomSql "select count(*) from primary where country = 'FR'" = 0 ]`)
	in.Tables[evaluate.Primary] = orderColumns[:2]
	out, err := evaluate.Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range out.Rules {
		got = append(got, string(o.Result))
	}
	if s := strings.Join(got, " "); s != "PASS PASS FAIL ERROR ERROR PASS" {
		t.Errorf("got %s: %+v", s, out.Rules)
	}
}

func TestAnalyzers(t *testing.T) {
	b := start(t)
	out := b.run(`Analyzers = [ RowCount, AllStatistics "amount", AllStatistics "country", ColumnLength "code", Mean "country" ]`)
	want := []string{` | Dataset.*.RowCount=6`,
		` | Column.amount.Completeness=0.8333 Column.amount.Maximum=99 Column.amount.Mean=27.55 Column.amount.Minimum=1.25 Column.amount.StandardDeviation=36.2403 Column.amount.Sum=137.75 Column.amount.Uniqueness=1 Dataset.*.RowCount=6`,
		` | Column.country.Completeness=0.8333 Column.country.MaximumLength=2 Column.country.MinimumLength=0 Column.country.Uniqueness=0.6 Dataset.*.RowCount=6`,
		` | Column.code.MaximumLength=3 Column.code.MinimumLength=2`,
		` Expected type of column country to be a number, but found string instead! |`}
	for i, o := range out.Analyzers {
		if got := written(o); got != want[i] {
			t.Errorf("%s\n got %s\nwant %s", o.Rule, got, want[i])
		}
	}
}

// TestRecommend holds that what is recommended can be read and is true of the table.
func TestRecommend(t *testing.T) {
	b := start(t)
	list, err := evaluate.Recommend(t.Context(), b.input("Rules = []"))
	if err != nil {
		t.Fatal(err)
	}
	text := evaluate.Written(list)
	out := b.run(text)
	for _, o := range out.Rules {
		if o.Result != evaluate.Pass {
			t.Errorf("%s: %s %s", o.Rule, o.Result, o.Message)
		}
	}
	for _, want := range []string{"RowCount between 3 and 10", `IsComplete "id"`, `Completeness "amount" >= 0.83`, `IsUnique "day"`, `ColumnLength "code" <= 3`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
	b.tables["primary"] = b.tables["empty"]
	if list, err = evaluate.Recommend(t.Context(), b.input("Rules = []")); err != nil || len(list) != 1 || list[0] != "ColumnCount = 6" {
		t.Errorf("of an empty table: %v %v", list, err)
	}
}

func TestEmpty(t *testing.T) {
	b := start(t)
	b.tables["primary"] = b.tables["empty"]
	out := b.run(`Rules = [ RowCount = 0, IsComplete "id", Mean "id" > 1, IsUnique "id", Completeness "id" > 0.5 ]`)
	const nothing = "Empty state: there are no values that could be measured!"
	for i, want := range []string{"PASS ", "PASS ", "FAIL " + nothing, "FAIL " + nothing, "FAIL " + nothing} {
		if got := string(out.Rules[i].Result) + " " + out.Rules[i].Message; got != want {
			t.Errorf("%s: got %s, want %s", out.Rules[i].Rule, got, want)
		}
	}
}

func TestCancelled(t *testing.T) {
	b := start(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := evaluate.Run(ctx, b.input("Rules = [ RowCount > 1 ]")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func FuzzCondition(f *testing.F) {
	for _, s := range []string{"a > 1", "a = ')' and (b)", "`a b` = \"c\"", "a) or (b", "a -- b", "'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out, err := evaluate.Condition(s)
		if err != nil || s == "" {
			return
		}
		if out[0] != '(' || out[len(out)-1] != ')' || strings.Count(out, "'")%2 != 0 && !strings.ContainsAny(out, "\"`") {
			t.Errorf("%q became %q", s, out)
		}
	})
}
