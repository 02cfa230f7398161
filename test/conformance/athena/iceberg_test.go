package athena

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// ice makes a table of Iceberg with three rows, in two partitions.
func (c *caller) ice(name string) {
	c.t.Helper()
	c.run("CREATE DATABASE IF NOT EXISTS ice")
	c.run("CREATE TABLE ice." + name + " (id int, country string, amount decimal(10,2), at timestamp, tags array<string>) PARTITIONED BY (country) " +
		"LOCATION 's3://lake/ice/" + name + "/' TBLPROPERTIES ('table_type'='ICEBERG', 'format'='parquet', 'write_compression'='snappy')")
	c.gives("INSERT INTO ice." + name + " VALUES (1, 'DE', 10.50, TIMESTAMP '2024-01-02 03:04:05', ARRAY['a', 'b']), (2, 'FR', 20, NULL, NULL), (3, 'DE', 1.5, NULL, ARRAY[])")
}

func TestIcebergRows(t *testing.T) {
	_, c := start(t)
	c.ice("t")
	c.gives("SELECT * FROM ice.t ORDER BY id", "id|country|amount|at|tags", "1|DE|10.50|2024-01-02 03:04:05.000|[a, b]", "2|FR|20.00|~|~", "3|DE|1.50|~|[]")
	c.gives("INSERT INTO ice.t (id, country) VALUES (4, 'IT')")
	c.gives("SELECT count(*) AS n, sum(amount) AS s FROM ice.t WHERE country IN ('DE', 'IT')", "n|s", "3|12.00")
	all := func(want string) {
		t.Helper()
		c.gives("SELECT array_join(array_agg(CAST(id AS varchar) || country ORDER BY id), ' ') AS x FROM ice.t", "x", want)
	}
	c.gives("DELETE FROM ice.t WHERE id = 3 OR id IN (SELECT id FROM ice.t WHERE country = 'IT')")
	all("1DE 2FR")
	c.gives("UPDATE ice.t SET country = lower(country), id = id + 10 WHERE at IS NOT NULL")
	all("2FR 11de")
	c.gives("SELECT amount, at, tags FROM ice.t WHERE id = 11", "amount|at|tags", "10.50|2024-01-02 03:04:05.000|[a, b]")
	c.gives(`MERGE INTO ice.t AS a USING (VALUES (2, 'ES'), (11, 'x'), (5, 'PT'), (6, 'no')) AS b(id, country) ON a.id = b.id
		WHEN MATCHED AND b.country = 'x' THEN DELETE WHEN MATCHED THEN UPDATE SET country = b.country
		WHEN NOT MATCHED AND b.country <> 'no' THEN INSERT (id, country) VALUES (b.id, b.country)`)
	all("2ES 5PT")
	c.fails("MERGE INTO ice.t AS a USING (VALUES 2, 2) AS b(id) ON a.id = b.id WHEN MATCHED THEN DELETE", "MERGE_TARGET_ROW_MULTIPLE_MATCHES")
	c.fails("DELETE FROM ice.t WHERE nothing = 1", "Column 'nothing' cannot be resolved")
	c.fails("UPDATE ice.t SET nothing = 1", "COLUMN_NOT_FOUND")
	c.fails("UPDATE ice.t SET id = 1 / 0", "DIVISION_BY_ZERO")
	c.fails("DELETE FROM ice.nothing", "does not exist")
	all("2ES 5PT")
	c.gives("DELETE FROM ice.t")
	c.gives("SELECT count(*) AS n FROM ice.t", "n", "0")
}

func TestIcebergTime(t *testing.T) {
	_, c := start(t)
	c.ice("t")
	moment := time.Now().UTC()
	c.gives("UPDATE ice.t SET amount = 0")
	snapshots := c.run(`SELECT snapshot_id, operation FROM ice."t$snapshots" ORDER BY committed_at`)
	if len(snapshots) != 3 || !strings.HasSuffix(snapshots[1], "|append") || !strings.HasSuffix(snapshots[2], "|overwrite") {
		t.Fatalf("%q", snapshots)
	}
	first, _, _ := strings.Cut(snapshots[1], "|")
	c.gives("SELECT sum(amount) AS s FROM ice.t FOR VERSION AS OF "+first, "s", "32.00")
	c.gives(fmt.Sprintf("SELECT sum(amount) AS s FROM ice.t FOR TIMESTAMP AS OF TIMESTAMP '%s'", moment.Format("2006-01-02 15:04:05.000 UTC")), "s", "32.00")
	c.gives("SELECT sum(amount) AS s FROM ice.t", "s", "0.00")
	c.fails("SELECT * FROM ice.t FOR VERSION AS OF 17", "INVALID_ARGUMENTS")
	c.fails("SELECT * FROM ice.t FOR TIMESTAMP AS OF TIMESTAMP '2001-01-01 00:00:00'", "No version history")
	c.gives(`SELECT count(*) AS n, sum(record_count) AS r FROM ice."t$files"`, "n|r", "2|3")
	c.gives(`SELECT partition.country, record_count FROM ice."t$partitions" ORDER BY 1`, "country|record_count", "DE|2", "FR|1")
	c.gives(`SELECT count(*) AS n FROM ice."t$history" WHERE is_current_ancestor`, "n", "2")
	c.gives(`SELECT name, type FROM ice."t$refs"`, "name|type", "main|BRANCH")
	if got := c.run(`SELECT * FROM ice."t$manifests"`); len(got) < 2 {
		t.Errorf("%q", got)
	}
}

func TestIcebergDefinition(t *testing.T) {
	_, c := start(t)
	c.ice("t")
	c.gives("ALTER TABLE ice.t ADD COLUMNS (note string, deep struct<a:int,b:array<string>>)")
	c.gives("ALTER TABLE ice.t CHANGE COLUMN id number bigint")
	c.gives("ALTER TABLE ice.t DROP COLUMN tags")
	c.gives("INSERT INTO ice.t VALUES (3000000000, 'IT', 1, NULL, 'n', ROW(1, ARRAY['x']))")
	c.gives("SELECT * FROM ice.t WHERE number IN (1, 3000000000) ORDER BY number", "number|country|amount|at|note|deep",
		"1|DE|10.50|2024-01-02 03:04:05.000|~|~", "3000000000|IT|1.00|~|n|{a=1, b=[x]}")
	c.gives("ALTER TABLE ice.t ADD COLUMNS (tags int)") // another column than the one before
	c.gives("SELECT count(tags) AS n FROM ice.t", "n", "0")
	c.fails("ALTER TABLE ice.t DROP COLUMN country", "partition field")
	c.fails("ALTER TABLE ice.t CHANGE COLUMN number number int", "SemanticException")
	c.gives("ALTER TABLE ice.t SET TBLPROPERTIES ('write_compression'='zstd', 'vacuum_max_snapshot_age_seconds'='0', 'optimize_rewrite_data_file_threshold'='2')")
	c.fails("ALTER TABLE ice.t SET TBLPROPERTIES ('metadata_location'='s3://lake/other')", "cannot be set")
	for i := range 3 {
		c.gives(fmt.Sprintf("INSERT INTO ice.t (number, country) VALUES (%d, 'IT')", i))
	}
	c.gives("OPTIMIZE ice.t REWRITE DATA USING BIN_PACK WHERE country = 'IT'")
	c.gives(`SELECT count(*) AS n FROM ice."t$files" WHERE partition.country = 'IT'`, "n", "1")
	c.gives("SELECT count(*) AS n FROM ice.t", "n", "7")
	before := len(c.keys("ice/t/"))
	c.gives("VACUUM ice.t")
	if now := len(c.keys("ice/t/")); now >= before {
		t.Errorf("%d files before VACUUM, %d after", before, now)
	}
	c.gives(`SELECT count(*) AS n FROM ice."t$snapshots"`, "n", "1")
	c.gives("SELECT count(*) AS n FROM ice.t", "n", "7")
	c.gives("CREATE TABLE ice.months WITH (table_type = 'ICEBERG', is_external = false, location = 's3://lake/ice/months/', partitioning = ARRAY['month(day)', 'bucket(4, id)']) AS " +
		"SELECT 1 AS id, DATE '2024-01-31' AS day, TIMESTAMP '2024-01-02 00:00:00 UTC' AS z UNION ALL SELECT 2, DATE '2024-02-01', NULL")
	c.gives("SELECT id, day, z FROM ice.months WHERE day < DATE '2024-02-01'", "id|day|z", "1|2024-01-31|2024-01-02 00:00:00.000 UTC")
	c.fails("CREATE TABLE ice.again WITH (table_type = 'ICEBERG', is_external = false, location = 's3://lake/ice/months/') AS SELECT 1 AS a", "non-empty location")
	c.fails("CREATE TABLE ice.half WITH (table_type = 'ICEBERG', is_external = false, location = 's3://lake/ice/half/') AS SELECT 1 / 0 AS a", "DIVISION_BY_ZERO")
	if left := c.keys("ice/half/"); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	c.fails("SELECT * FROM ice.half", "does not exist")
	c.gives("DROP TABLE ice.months")
	if left := c.keys("ice/months/"); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestIcebergTogether(t *testing.T) {
	_, c := start(t)
	c.ice("t")
	var wait sync.WaitGroup
	ended := make([]*types.QueryExecution, 6)
	for i := range ended {
		wait.Go(func() {
			ended[i] = c.wait(c.start(fmt.Sprintf("INSERT INTO ice.t (id, country) VALUES (%d, 'P%d')", 100+i, i)))
		})
	}
	wait.Go(func() { c.wait(c.start("UPDATE ice.t SET amount = 1 WHERE id = 1")) })
	wait.Wait()
	for _, e := range ended {
		if e.Status.State != types.QueryExecutionStateSucceeded {
			t.Errorf("%s: %s", e.Status.State, aws.ToString(e.Status.StateChangeReason))
		}
	}
	c.gives("SELECT count(*) AS n, count(DISTINCT id) AS d FROM ice.t", "n|d", "9|9")
	c.gives("SELECT amount FROM ice.t WHERE id = 1", "amount", "1.00")
}
