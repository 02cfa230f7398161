package main

import (
	"context"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// catalogue is one server's catalog under test.
type catalogue struct {
	*server
	tables, partitions int
	b                  *strings.Builder
	ours               map[string]time.Duration // medians of Atelier by case
}

const (
	perDatabase = 1000
	loaders     = 32 // connections that make tables
)

// catalog measures the Glue Data Catalog against moto: many tables, and one table of many partitions.
func catalog(ctx context.Context, o options) (section, error) {
	var b strings.Builder
	b.WriteString("| Case | Connections | Server | among | per second | p50 ms | p95 ms | p99 ms | Atelier against it |\n|---|---:|---|---:|---:|---:|---:|---:|---:|\n")
	ours := map[string]time.Duration{}
	for _, name := range []string{shared, moto} {
		servers, err := o.start(ctx, name)
		if err == nil {
			c := catalogue{servers[0], o.tables, o.partitions, &b, ours}
			if name == moto {
				c.tables, c.partitions = min(o.tables, o.motoTables), min(o.partitions, o.motoPartitions)
			}
			err = c.run(ctx)
		}
		stopAll(servers)
		if err != nil {
			return section{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return section{"Catalog", b.String() + fmt.Sprintf(`
Aims: GetTable p99 under 5 ms and SearchTables p95 under 50 ms among 100,000 tables; GetPartitions with an expression that keeps 10 of
200,000 partitions p95 under 50 ms. moto keeps everything in memory and is given fewer tables and partitions (at most %d and %d): with as
many as Atelier a run would take hours. "Atelier against it" compares medians, each server among its own number.
`, o.motoTables, o.motoPartitions)}, nil
}

func (c *catalogue) run(ctx context.Context) error {
	for _, f := range []func(context.Context) error{c.makeTables, c.readTables, c.makePartitions, c.readPartitions} {
		if err := f(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// spread runs n calls on some connections, and writes what they took.
func (c *catalogue) spread(ctx context.Context, name string, workers, among, n int, call func(i int) error) error {
	times := make([]time.Duration, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, workers)
	began := time.Now()
	for range workers {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				at := time.Now()
				if err := call(i); err != nil {
					failed <- err
					return
				}
				times[i] = time.Since(at)
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	select {
	case err := <-failed:
		if c.name == shared {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintln(os.Stderr, "bench:", name, "on", c.name+":", err)
		fmt.Fprintf(c.b, "| %s | %d | %s | %d | failed | | | | |\n", name, workers, c.name, among)
		return nil
	default:
	}
	ms := func(p int) float64 { return float64(percentile(times, p).Microseconds()) / 1000 }
	ratio := ""
	same := fmt.Sprint(name, workers)
	if c.name == shared {
		c.ours[same] = median(times)
	} else if c.ours[same] > 0 {
		ratio = fmt.Sprintf("%.1f", float64(median(times))/float64(c.ours[same]))
	}
	fmt.Fprintf(c.b, "| %s | %d | %s | %d | %.1f | %.2f | %.2f | %.2f | %s |\n", name, workers, c.name, among, float64(n)/took.Seconds(), ms(50), ms(95), ms(99), ratio)
	fmt.Fprintln(os.Stderr, "bench:", name, "on", c.name, "done")
	return ctx.Err()
}

func databaseOf(i int) string { return fmt.Sprintf("db%d", i/perDatabase) }

func tableOf(i int) string {
	return fmt.Sprintf("%s_%s_%d", subjects[i%len(subjects)], places[i/7%len(places)], i)
}

var (
	subjects = []string{"orders", "customers", "invoices", "returns", "shipments", "prices", "visits"}
	places   = []string{"berlin", "paris", "rome", "madrid", "oslo", "vienna", "lisbon", "prague", "dublin", "athens", "warsaw"}
)

type document = map[string]any

// tableInput is a table as crawlers make them: 12 columns, Parquet.
func tableInput(name string, keys ...string) document {
	columns := []document{}
	for i := range 12 {
		columns = append(columns, document{"Name": fmt.Sprintf("column_%d", i), "Type": []string{"bigint", "string", "double", "timestamp"}[i%4]})
	}
	partitionKeys := []document{}
	for _, k := range keys {
		name, typ, _ := strings.Cut(k, " ")
		partitionKeys = append(partitionKeys, document{"Name": name, "Type": typ})
	}
	return document{"Name": name, "TableType": "EXTERNAL_TABLE", "Description": "made by a benchmark", "PartitionKeys": partitionKeys,
		"Parameters": document{"classification": "parquet"}, "StorageDescriptor": descriptor(columns, "s3://lake/"+name+"/")}
}

func descriptor(columns []document, location string) document {
	return document{"Columns": columns, "Location": location,
		"InputFormat":  "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
		"OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
		"SerdeInfo":    document{"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", "Parameters": document{"serialization.format": "1"}}}
}

func (c *catalogue) glue(operation string, in, out any) error {
	return c.call("AWSGlue."+operation, in, out)
}

func (c *catalogue) makeTables(ctx context.Context) error {
	for i := 0; i < c.tables; i += perDatabase {
		if err := c.glue("CreateDatabase", document{"DatabaseInput": document{"Name": databaseOf(i)}}, &struct{}{}); err != nil {
			return err
		}
	}
	return c.spread(ctx, "CreateTable", loaders, c.tables, c.tables, func(i int) error {
		return c.glue("CreateTable", document{"DatabaseName": databaseOf(i), "TableInput": tableInput(tableOf(i))}, &struct{}{})
	})
}

func (c *catalogue) readTables(ctx context.Context) error {
	pick := rand.New(rand.NewSource(1)).Perm(c.tables)
	get := func(i int) error {
		t := pick[i%len(pick)]
		var out struct{ Table struct{ Name string } }
		err := c.glue("GetTable", document{"DatabaseName": databaseOf(t), "Name": tableOf(t)}, &out)
		if err == nil && out.Table.Name != tableOf(t) {
			err = fmt.Errorf("GetTable %s gave %s", tableOf(t), out.Table.Name)
		}
		return err
	}
	if err := c.spread(ctx, "GetTable", 1, c.tables, 3000, get); err != nil {
		return err
	}
	if err := c.spread(ctx, "GetTable", 8, c.tables, 10000, get); err != nil {
		return err
	}
	// The first search reads all tables into memory.
	if err := c.spread(ctx, "SearchTables, the first", 1, c.tables, 1, func(int) error { return c.search("orders", false) }); err != nil {
		return err
	}
	if err := c.spread(ctx, "SearchTables, a name", 1, c.tables, 200, func(i int) error {
		return c.search(fmt.Sprintf("%d", pick[i%len(pick)]), true)
	}); err != nil {
		return err
	}
	return c.spread(ctx, "SearchTables, a frequent word", 1, c.tables, 200, func(i int) error { return c.search(places[i%len(places)], true) })
}

func (c *catalogue) search(text string, found bool) error {
	var out struct{ TableList []struct{ Name string } }
	err := c.glue("SearchTables", document{"SearchText": text, "MaxResults": 100}, &out)
	if err == nil && found && len(out.TableList) == 0 {
		err = fmt.Errorf("SearchTables %s found nothing", text)
	}
	return err
}

// A table is parted by day, hour and one of ten stores, so a day and an hour keep ten partitions.
const stores, hours = 10, 24

func (c *catalogue) values(i int) []string {
	day := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i/(stores*hours))
	return []string{day.Format(time.DateOnly), fmt.Sprint(i / stores % hours), fmt.Sprintf("store%d", i%stores)}
}

func (c *catalogue) makePartitions(ctx context.Context) error {
	input := tableInput("events", "day date", "hour int", "store string")
	if err := c.glue("CreateTable", document{"DatabaseName": databaseOf(0), "TableInput": input}, &struct{}{}); err != nil {
		return err
	}
	columns := input["StorageDescriptor"].(document)["Columns"].([]document)
	const batch = 100
	return c.spread(ctx, "BatchCreatePartition of 100", 8, c.partitions, (c.partitions+batch-1)/batch, func(i int) error {
		list := []document{}
		for p := i * batch; p < min((i+1)*batch, c.partitions); p++ {
			v := c.values(p)
			list = append(list, document{"Values": v, "StorageDescriptor": descriptor(columns, fmt.Sprintf("s3://lake/events/day=%s/hour=%s/store=%s/", v[0], v[1], v[2]))})
		}
		var out struct{ Errors []any }
		err := c.glue("BatchCreatePartition", document{"DatabaseName": databaseOf(0), "TableName": "events", "PartitionInputList": list}, &out)
		if err == nil && len(out.Errors) > 0 {
			err = fmt.Errorf("BatchCreatePartition: %v", out.Errors[0])
		}
		return err
	})
}

func (c *catalogue) readPartitions(ctx context.Context) error {
	ask := func(i int) error {
		v := c.values(i * 7919 % (c.partitions / stores) * stores)
		return c.partitionsOf(fmt.Sprintf("day = '%s' AND hour = %s", v[0], v[1]), stores)
	}
	n, pages := 300, 20
	if c.name != shared { // whose answers take seconds
		n, pages = 20, 3
	}
	for _, r := range []struct {
		name  string
		calls int
		call  func(i int) error
	}{
		{"GetPartitions that keeps 10, the first", 1, ask},
		{"GetPartitions that keeps 10", n, ask},
		{"GetPartitions, a page of 1,000", pages, func(int) error { return c.partitionsOf("", min(1000, c.partitions)) }},
	} {
		if err := c.spread(ctx, r.name, 1, c.partitions, r.calls, r.call); err != nil {
			return err
		}
	}
	return nil
}

// partitionsOf asks for partitions and holds the answer to how many there have to be.
func (c *catalogue) partitionsOf(expression string, want int) error {
	var out struct{ Partitions []struct{ Values []string } }
	in := document{"DatabaseName": databaseOf(0), "TableName": "events", "MaxResults": 1000}
	if expression != "" {
		in["Expression"] = expression
	}
	err := c.glue("GetPartitions", in, &out)
	if err == nil && len(out.Partitions) != want && (c.name == shared || expression != "") { // moto's pages are of another size
		err = fmt.Errorf("GetPartitions %s gave %d, want %d", expression, len(out.Partitions), want)
	}
	return err
}
