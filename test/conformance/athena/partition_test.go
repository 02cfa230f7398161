package athena

import (
	"fmt"
	"testing"
)

func TestPartitions(t *testing.T) {
	_, c := start(t)
	c.gives("CREATE DATABASE sales")
	c.put("days/dt=2024-01-01/h=1/a.csv", "1,x\n")
	c.put("days/dt=2024-01-01/h=2/a.csv", "2,y\n")
	c.put("days/dt=2024-01-02/h=1/a.csv", "3,z\n")
	c.put("days/other/a.csv", "4,w\n")
	c.put("elsewhere/a.csv", "5,v\n")
	c.gives(`CREATE EXTERNAL TABLE sales.days (id int, name string) PARTITIONED BY (dt string, h int)
		ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://lake/days/'`)
	c.gives("SELECT count(*) AS n FROM sales.days", "n", "0")
	c.gives("ALTER TABLE sales.days ADD PARTITION (dt = '2024-01-01', h = 2)")
	c.fails("ALTER TABLE sales.days ADD PARTITION (dt = '2024-01-01', h = 2)", "Partition already exists")
	c.fails("ALTER TABLE sales.days ADD PARTITION (dt = '2024-01-01')", "partition spec {dt=2024-01-01} doesn't contain all (2) partition columns")
	c.gives("ALTER TABLE sales.days ADD IF NOT EXISTS PARTITION (dt = '2024-01-01', h = 2) PARTITION (dt = '2024-02-01', h = 9) LOCATION 's3://lake/elsewhere/'")
	c.gives("SHOW PARTITIONS sales.days", "dt=2024-01-01/h=2", "dt=2024-02-01/h=9")
	c.gives("SELECT * FROM sales.days ORDER BY id", "id|name|dt|h", "2|y|2024-01-01|2", "5|v|2024-02-01|9")
	c.gives("MSCK REPAIR TABLE sales.days", "Partitions not in metastore:\tdays:dt=2024-01-01/h=1\tdays:dt=2024-01-02/h=1",
		"Repair: Added partition to metastore days:dt=2024-01-01/h=1", "Repair: Added partition to metastore days:dt=2024-01-02/h=1")
	c.gives("MSCK REPAIR TABLE sales.days")
	c.gives("SELECT id FROM sales.days WHERE dt = '2024-01-01' AND h = 1", "id", "1")
	c.gives("ALTER TABLE sales.days PARTITION (dt = '2024-02-01', h = 9) SET LOCATION 's3://lake/nowhere/'")
	c.gives("ALTER TABLE sales.days PARTITION (dt = '2024-02-01', h = 9) RENAME TO PARTITION (dt = '2024-02-02', h = 9)")
	c.gives("SHOW PARTITIONS sales.days PARTITION (dt = '2024-02-02')", "dt=2024-02-02/h=9")
	c.gives("ALTER TABLE sales.days DROP PARTITION (dt = '2024-01-01')")
	c.fails("ALTER TABLE sales.days DROP PARTITION (dt = '2024-01-01')", "Partition not found")
	c.gives("ALTER TABLE sales.days DROP IF EXISTS PARTITION (dt = '2024-01-01')")
	c.gives("SELECT id FROM sales.days", "id", "3")
	c.fails("SHOW PARTITIONS sales.nothing", "Table not found")

	c.gives(`CREATE EXTERNAL TABLE sales.projected (id int, name string) PARTITIONED BY (dt string, h int)
		ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://lake/days/' TBLPROPERTIES ('projection.enabled'='true',
		'projection.dt.type'='date', 'projection.dt.format'='yyyy-MM-dd', 'projection.dt.range'='2024-01-01,2024-01-10',
		'projection.h.type'='integer', 'projection.h.range'='1,3', 'storage.location.template'='s3://lake/days/dt=${dt}/h=${h}/')`)
	c.gives("SELECT * FROM sales.projected ORDER BY id", "id|name|dt|h", "1|x|2024-01-01|1", "2|y|2024-01-01|2", "3|z|2024-01-02|1")

	// Injected: the values are those that the statement names, one way or another.
	c.put("devices/d1/1/a.csv", "1,x\n")
	c.put("devices/d2/2/a.csv", "2,y\n")
	c.put("devices/d3/1/a.csv", "3,z\n")
	c.gives(`CREATE EXTERNAL TABLE sales.devices (id int, name string) PARTITIONED BY (device string, v int)
		ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://lake/devices/' TBLPROPERTIES ('projection.enabled'='true',
		'projection.device.type'='injected', 'projection.v.type'='injected', 'storage.location.template'='s3://lake/devices/${device}/${v}/')`)
	c.gives("SELECT * FROM sales.devices WHERE device = 'd1' AND v = 1", "id|name|device|v", "1|x|d1|1")
	c.gives("SELECT id FROM sales.devices WHERE device IN ('d1', concat('d', '2')) AND v IN (1, 1 + 1) AND name <> 'x'", "id", "2")
	c.gives("SELECT id FROM sales.devices AS d WHERE (d.device = 'd1' OR 'd3' = d.device) AND v = 1.0 ORDER BY id", "id", "1", "3")
	c.gives("SELECT count(*) AS n FROM sales.devices WHERE device = NULL AND v = 1", "n", "0")
	c.gives("SELECT a.id FROM sales.devices a JOIN sales.devices b ON a.id = b.id WHERE a.device = 'd1' AND a.v = 1 AND b.device IN ('d1', 'd2') AND b.v = 1", "id", "1")
	const missing = "CONSTRAINT_VIOLATION: For the injected projected partition column %s, the WHERE clause must contain only static equality conditions, and at least one such condition must be present."
	for where, key := range map[string]string{"": "device", "WHERE device = 'd1'": "v", "WHERE device > 'd1' AND v = 1": "device", "WHERE device <> 'd1' AND v = 1": "device",
		"WHERE device = name AND v = 1": "device", "WHERE device = 'd1' AND v = 1 OR id = 1": "device", "WHERE device IN (SELECT 'd1') AND v = 1": "device",
		"WHERE NOT (device = 'd1') AND v = 1": "device", "WHERE device = CAST(random() AS varchar) AND v = 1": "device"} {
		c.fails("SELECT * FROM sales.devices "+where, fmt.Sprintf(missing, key))
	}
	c.fails("SELECT * FROM sales.devices WHERE device = '../days' AND v = 1", "has a value that no partition can have")
}
