package athena

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// lake makes a database with orders as CSV.
func (c *caller) lake() {
	c.t.Helper()
	c.put("orders/a.csv", "id,country,amount\n1,DE,10.5\n2,FR,20\n")
	c.put("orders/b.csv", "id,country,amount\n3,DE,1.5\n4,,7\n")
	c.put("orders/_temporary", "nothing\n")
	c.gives("CREATE DATABASE sales")
	c.gives(`CREATE EXTERNAL TABLE sales.orders (id bigint, country string, amount double) ROW FORMAT DELIMITED FIELDS TERMINATED BY ','
		LOCATION 's3://lake/orders/' TBLPROPERTIES ('skip.header.line.count'='1')`)
}

func TestSelect(t *testing.T) {
	_, c := start(t)
	c.gives("SELECT 1 AS a, 'x\"y' AS b, CAST(NULL AS varchar) AS c, '' AS d", "a|b|c|d", `1|x"y|~|`)
	c.lake()
	c.gives("SELECT country, sum(amount) AS total FROM sales.orders WHERE id < 4 GROUP BY country ORDER BY country", "country|total", "DE|12.0", "FR|20.0")
	c.fails("SELECT nothing FROM sales.orders", "COLUMN_NOT_FOUND: line 1:8: Column 'nothing' cannot be resolved or requester is not authorized to access requested resources")
	c.fails("SELECT * FROM sales.nothing", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.sales.nothing' does not exist")
	e := c.wait(c.start("SELECT * FROM sales.orders ORDER BY id"))
	if e.Status.State != types.QueryExecutionStateSucceeded {
		t.Fatalf("%+v %s", e.Status, aws.ToString(e.Status.StateChangeReason))
	}
	if got := aws.ToString(e.ResultConfiguration.OutputLocation); got != output+*e.QueryExecutionId+".csv" {
		t.Errorf("output is at %s", got)
	}
	want := "\"id\",\"country\",\"amount\"\n\"1\",\"DE\",\"10.5\"\n\"2\",\"FR\",\"20.0\"\n\"3\",\"DE\",\"1.5\"\n\"4\",\"\",\"7.0\"\n"
	if got := c.get(*e.ResultConfiguration.OutputLocation); got != want {
		t.Errorf("output is %q", got)
	}
	if got := c.get(*e.ResultConfiguration.OutputLocation + ".metadata"); !strings.Contains(got, "country") {
		t.Errorf("metadata is %q", got)
	}
	if s := e.Statistics; aws.ToInt64(s.DataScannedInBytes) != 68 || s.ServicePreProcessingTimeInMillis == nil || s.EngineExecutionTimeInMillis == nil || s.QueryQueueTimeInMillis == nil ||
		aws.ToInt64(s.TotalExecutionTimeInMillis) < *s.EngineExecutionTimeInMillis {
		t.Errorf("statistics: %+v %d", s, aws.ToInt64(s.DataScannedInBytes))
	}
	if e.StatementType != types.StatementTypeDml || aws.ToString(e.SubstatementType) != "SELECT" {
		t.Errorf("%s %s", e.StatementType, aws.ToString(e.SubstatementType))
	}
	if n := len(c.run("SELECT * FROM UNNEST(sequence(1, 2500)) AS t(x)")); n != 2501 {
		t.Errorf("%d rows", n)
	}
	c.gives("SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'sales'", "table_name|table_type", "orders|BASE TABLE")
	c.gives("SELECT column_name, ordinal_position, data_type FROM information_schema.columns WHERE table_schema = 'sales' ORDER BY 2",
		"column_name|ordinal_position|data_type", "id|1|bigint", "country|2|varchar", "amount|3|double")
}
