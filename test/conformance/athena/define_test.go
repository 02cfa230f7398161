package athena

import "testing"

func TestDefinitions(t *testing.T) {
	_, c := start(t)
	c.gives("CREATE DATABASE sales COMMENT 'all sales'")
	c.fails("CREATE DATABASE sales", "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. Database sales already exists")
	c.gives("create database if not exists sales")
	c.gives("SHOW DATABASES LIKE 'sal*'", "sales")
	c.gives(`CREATE EXTERNAL TABLE IF NOT EXISTS sales.orders (id bigint COMMENT 'of the order', country string)
		PARTITIONED BY (dt string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://lake/orders/' TBLPROPERTIES ('skip.header.line.count'='1')`)
	c.fails("CREATE EXTERNAL TABLE sales.orders (a int) LOCATION 's3://lake/x/'", "AlreadyExistsException(message:Table orders already exists)")
	c.fails("CREATE EXTERNAL TABLE nowhere.orders (a int) LOCATION 's3://lake/x/'", "Database does not exist: nowhere")
	c.fails("CREATE EXTERNAL TABLE sales.x (a int)", "no Location")
	c.fails("CREATE TABLE sales.x (a int) LOCATION 's3://lake/x/'", "missing EXTERNAL")
	c.gives("SHOW TABLES IN sales", "orders")
	c.gives("SHOW TABLES IN sales 'x*'")
	c.gives("SHOW COLUMNS IN sales.orders", "id", "country", "dt")
	c.gives("DESCRIBE sales.orders", "id                  \tbigint              \tof the order", "country             \tstring",
		"dt                  \tstring", "", "# Partition Information", "# col_name          \tdata_type           \tcomment", "",
		"dt                  \tstring")
	c.gives("ALTER TABLE sales.orders ADD COLUMNS (amount double)")
	c.gives("ALTER TABLE sales.orders SET TBLPROPERTIES ('owner'='me')")
	c.gives("SHOW TBLPROPERTIES sales.orders('owner')", "me")
	c.gives("SHOW CREATE TABLE sales.orders", "CREATE EXTERNAL TABLE `sales.orders`(", "  `id` bigint COMMENT 'of the order',", "  `country` string,",
		"  `amount` double)", "PARTITIONED BY (", "  `dt` string)", "ROW FORMAT SERDE", "  'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe'",
		"WITH SERDEPROPERTIES (", "  'field.delim'=',',", "  'serialization.format'=',')", "STORED AS INPUTFORMAT",
		"  'org.apache.hadoop.mapred.TextInputFormat'", "OUTPUTFORMAT", "  'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'", "LOCATION",
		"  's3://lake/orders/'", "TBLPROPERTIES (", "  'owner'='me',", "  'skip.header.line.count'='1')")
	c.fails("DROP VIEW sales.orders", "Cannot drop a base table with DROP VIEW")
	c.fails("DROP DATABASE sales", "is not empty")
	c.fails("DESCRIBE sales.nothing", "FAILED: SemanticException [Error 10001]: Table not found sales.nothing")
	c.fails("SELEC 1", "line 1:1: mismatched input 'SELEC'")
	c.fails("OPTIMIZE sales.orders REWRITE DATA USING BIN_PACK", "NOT_SUPPORTED")
	c.gives("DROP TABLE sales.orders")
	c.gives("DROP TABLE IF EXISTS sales.orders")
	c.fails("DROP TABLE sales.orders", "Table not found sales.orders")
	c.gives("DROP DATABASE sales CASCADE")
}
