package athena

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// keys lists the objects of the lake below a prefix.
func (c *caller) keys(prefix string) []string {
	c.t.Helper()
	out, err := c.s3.ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: aws.String("lake"), Prefix: &prefix})
	if err != nil {
		c.t.Fatal(err)
	}
	var list []string
	for _, o := range out.Contents {
		list = append(list, *o.Key)
	}
	return list
}

func TestWriting(t *testing.T) {
	_, c := start(t)
	c.lake()
	e := c.wait(c.start(`CREATE TABLE sales.by_country WITH (format = 'PARQUET', external_location = 's3://lake/by/', partitioned_by = ARRAY['country'])
		AS SELECT id, amount, DATE '2024-01-02' AS day, ARRAY[1, NULL] AS list, CAST(ROW(1, 'x') AS ROW(a integer, b varchar)) AS r, country FROM sales.orders WHERE country <> ''`))
	if e.Status.State != types.QueryExecutionStateSucceeded {
		t.Fatalf("%s", aws.ToString(e.Status.StateChangeReason))
	}
	if got := c.keys("by/"); len(got) != 2 || !strings.HasPrefix(got[0], "by/country=DE/") || !strings.HasPrefix(got[1], "by/country=FR/") {
		t.Errorf("files %q", got)
	}
	if got := c.get(aws.ToString(e.Statistics.DataManifestLocation)); strings.Count(got, "s3://lake/by/country=") != 2 {
		t.Errorf("manifest %q", got)
	}
	if out, err := c.GetQueryResults(context.Background(), &athena.GetQueryResultsInput{QueryExecutionId: e.QueryExecutionId}); err != nil ||
		aws.ToInt64(out.UpdateCount) != 3 || len(out.ResultSet.Rows) != 0 {
		t.Errorf("%+v %v", out, err)
	}
	c.gives("SELECT * FROM sales.by_country ORDER BY id", "id|amount|day|list|r|country", "1|10.5|2024-01-02|[1, null]|{a=1, b=x}|DE",
		"2|20.0|2024-01-02|[1, null]|{a=1, b=x}|FR", "3|1.5|2024-01-02|[1, null]|{a=1, b=x}|DE")
	c.gives("INSERT INTO sales.by_country (id, country) VALUES (9, 'IT'), (10, 'DE')")
	c.gives("SELECT id, amount, country FROM sales.by_country WHERE id > 3 ORDER BY id", "id|amount|country", "9|~|IT", "10|~|DE")
	c.fails("INSERT INTO sales.by_country (nothing) VALUES (9)", "Insert column name does not exist in target table: nothing")
	c.fails("INSERT INTO sales.by_country\nSELECT nothing FROM sales.orders", "line 2:8: Column 'nothing' cannot be resolved")
	c.fails("INSERT INTO sales.orders VALUES (1, 'x', 2)", "skip.header.line.count")
	c.fails("CREATE TABLE sales.again WITH (external_location = 's3://lake/by/') AS SELECT 1 AS a", "HIVE_PATH_ALREADY_EXISTS")
	c.fails("CREATE TABLE sales.by_country AS SELECT 1 AS a", "TABLE_ALREADY_EXISTS")
	c.fails("CREATE TABLE sales.b WITH (bucketed_by = ARRAY['a'], bucket_count = 2) AS SELECT 1 AS a", "buckets")
	c.fails("CREATE TABLE sales.b WITH (format = 'ORC') AS SELECT 1 AS a", "format ORC cannot be written")
	c.fails("CREATE TABLE sales.b WITH (colour = 'red') AS SELECT 1 AS a", "table property 'colour' does not exist")
	c.fails("CREATE TABLE sales.b AS SELECT 1 AS a, 1 / 0 AS b", "DIVISION_BY_ZERO")
	c.gives("CREATE TABLE sales.json WITH (format = 'JSON') AS SELECT * FROM sales.orders")
	c.gives("SELECT * FROM sales.json WHERE id = 1", "id|country|amount", "1|DE|10.5")
	c.gives("CREATE TABLE sales.text WITH (format = 'TEXTFILE', field_delimiter = ';', write_compression = 'NONE') AS SELECT * FROM sales.orders WITH NO DATA")
	c.gives("INSERT INTO sales.text SELECT * FROM sales.orders WHERE id = 2")
	c.gives("SELECT * FROM sales.text", "id|country|amount", "2|FR|20.0")
	c.gives("UNLOAD (SELECT id, country FROM sales.orders WHERE id < 3 ORDER BY id) TO 's3://lake/out/' WITH (format = 'JSON', compression = 'NONE')")
	if got := c.keys("out/"); len(got) != 1 || c.get("s3://lake/"+got[0]) != "{\"id\":1,\"country\":\"DE\"}\n{\"id\":2,\"country\":\"FR\"}\n" {
		t.Errorf("unloaded %q", got)
	}
	c.gives("CREATE VIEW sales.big AS SELECT id, amount FROM sales.orders WHERE amount > 5")
	c.gives("SELECT count(*) AS n FROM sales.big", "n", "3")
	c.gives("SHOW VIEWS IN sales", "big")
	c.fails("CREATE VIEW sales.big AS SELECT 1 AS a", "View already exists")
	c.gives("CREATE OR REPLACE VIEW sales.big AS SELECT id FROM sales.orders")
	c.gives("SHOW CREATE VIEW sales.big", "CREATE VIEW sales.big AS", "SELECT id FROM sales.orders")
	c.gives("PREPARE p FROM SELECT country FROM sales.orders WHERE id = ?")
	c.gives("EXECUTE p USING 2", "country", "FR")
	c.gives("DEALLOCATE PREPARE p")
	c.fails("EXECUTE p USING 2", "Prepared statement not found: p")
	if got := c.run("EXPLAIN SELECT count(*) FROM sales.orders"); len(got) == 0 {
		t.Error("no plan")
	}
}
