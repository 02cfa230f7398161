package athena

import (
	"testing"
)

// ice makes a table of Iceberg with three rows, in two partitions.
func (c *caller) ice(name string) {
	c.t.Helper()
	c.run("CREATE DATABASE IF NOT EXISTS ice")
	c.run("CREATE TABLE ice." + name + " (id int, country string, amount decimal(10,2), at timestamp, tags array<string>) PARTITIONED BY (country) " +
		"LOCATION 's3://lake/ice/" + name + "/' TBLPROPERTIES ('table_type'='ICEBERG', 'format'='parquet', 'write_compression'='snappy')")
	c.gives("INSERT INTO ice." + name + " VALUES (1, 'DE', 10.50, TIMESTAMP '2024-01-02 03:04:05', ARRAY['a', 'b']), (2, 'FR', 20, NULL, NULL), (3, 'DE', 1.5, NULL, ARRAY[])")
}

func TestIceberg(t *testing.T) {
	_, c := start(t)
	c.ice("t")
	c.gives("SELECT * FROM ice.t ORDER BY id", "id|country|amount|at|tags", "1|DE|10.50|2024-01-02 03:04:05.000|[a, b]", "2|FR|20.00|~|~", "3|DE|1.50|~|[]")
	c.gives("INSERT INTO ice.t (id, country) VALUES (4, 'IT')")
	c.gives("SELECT count(*) AS n, sum(amount) AS s FROM ice.t WHERE country IN ('DE', 'IT')", "n|s", "3|12.00")
}
