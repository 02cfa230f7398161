package athena

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestExplain(t *testing.T) {
	_, c := start(t)
	c.lake()
	c.put("hidden/a.csv", "1,DE,1\n")
	const query = "SELECT country, count(*) AS n FROM sales.orders WHERE amount > 5 GROUP BY country"
	text := func(options string) string {
		t.Helper()
		return strings.Join(c.run("EXPLAIN "+options+" "+query), "\n")
	}
	has := func(got string, words ...string) {
		t.Helper()
		for _, w := range words {
			if !strings.Contains(got, w) {
				t.Errorf("no %q in\n%s", w, got)
			}
		}
		for _, w := range []string{"s3:", "orders/", ".csv", "/tmp", "10.5", "> 5"} {
			if strings.Contains(got, w) {
				t.Errorf("%q is told in\n%s", w, got)
			}
		}
	}
	type node struct {
		Name     string
		Outputs  []struct{ Symbol, Type string }
		Children []node
	}
	read := func(got string, into any) {
		t.Helper()
		if err := json.Unmarshal([]byte(got), into); err != nil {
			t.Errorf("%v in\n%s", err, got)
		}
	}
	has(text(""), "Query Plan\n- Output\n", "GROUP_BY")
	has(text("(FORMAT TEXT, TYPE LOGICAL)"), "- Output\n")
	has(text("(TYPE DISTRIBUTED)"), "Fragment 0 [SINGLE]\n", "Output layout: [country, n]")
	var one node
	read(text("(FORMAT JSON)"), &one)
	if one.Name != "Output" || len(one.Children) != 1 || len(one.Outputs) != 2 || one.Outputs[0].Symbol != "country" || one.Outputs[1].Type != "bigint" {
		t.Errorf("%+v", one)
	}
	var fragments map[string]node
	read(text("(TYPE DISTRIBUTED, FORMAT JSON)"), &fragments)
	if fragments["0"].Name != "Output" {
		t.Errorf("%+v", fragments)
	}
	has(text("(FORMAT GRAPHVIZ)"), "digraph logical_plan {", `plannode_0[label="Output[country, n]"];`, "plannode_0 -> plannode_1;")
	c.gives("EXPLAIN (TYPE VALIDATE) "+query, "true")
	c.fails("EXPLAIN (TYPE VALIDATE) SELECT nothing FROM sales.orders", "Column 'nothing' cannot be resolved")
	var io struct {
		InputTableColumnInfos []struct {
			Table struct {
				Catalog     string
				SchemaTable struct{ Schema, Table string }
			}
		}
	}
	read(text("(TYPE IO, FORMAT JSON)"), &io)
	if in := io.InputTableColumnInfos; len(in) != 1 || in[0].Table.Catalog != "awsdatacatalog" || in[0].Table.SchemaTable.Schema != "sales" || in[0].Table.SchemaTable.Table != "orders" {
		t.Errorf("%+v", io)
	}
	has(text("ANALYZE")[:20], "Fragment 0 [SINGLE]")
	has(text("ANALYZE"), "Input: 68B; Output: 3 rows")
	var analyzed struct {
		Fragments []struct {
			ID         string
			StageStats struct{ InputDataSize, OutputRows string }
		}
	}
	read(text("ANALYZE (FORMAT JSON)"), &analyzed)
	if f := analyzed.Fragments; len(f) != 1 || f[0].StageStats.InputDataSize != "68B" || f[0].StageStats.OutputRows != "3 rows" {
		t.Errorf("%+v", analyzed)
	}
	for _, bad := range []string{"(FORMAT XML)", "(TYPE NOTHING)", "(TYPE IO, FORMAT TEXT)", "(TYPE VALIDATE, FORMAT JSON)", "ANALYZE (FORMAT GRAPHVIZ)", "ANALYZE (TYPE LOGICAL)"} {
		c.fails("EXPLAIN "+bad+" "+query, "EXPLAIN")
	}
	c.fails("EXPLAIN INSERT INTO sales.orders VALUES (1, 'DE', 1)", "NOT_SUPPORTED: EXPLAIN is only for queries")

	// A view with a definer is all that is told of what lies beneath.
	d := newDefiners(t)
	d.role.gives("CREATE PROTECTED MULTI DIALECT VIEW sales.german SECURITY DEFINER AS SELECT id FROM sales.orders WHERE country = 'DE'")
	d.grant(d.name, on("german"), nil, "SELECT")
	for _, options := range []string{"", "(FORMAT JSON)", "(FORMAT GRAPHVIZ)", "(TYPE DISTRIBUTED)", "(TYPE IO, FORMAT JSON)", "ANALYZE", "ANALYZE (FORMAT JSON)"} {
		got := strings.Join(d.user.run("EXPLAIN "+options+" SELECT * FROM sales.german WHERE id > 1"), "\n")
		if strings.Contains(got, "orders") || strings.Contains(got, "DE") {
			t.Errorf("EXPLAIN %s tells what is beneath:\n%s", options, got)
		}
		if options == "(TYPE IO, FORMAT JSON)" && !strings.Contains(got, "german") {
			t.Errorf("the view is not told: %s", got)
		}
	}
}
