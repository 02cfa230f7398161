package dialect

import (
	"strings"
	"testing"
)

func bindOptions() Options {
	return Options{Catalog: "awsdatacatalog", Database: "db", Lookup: func(n Name) (*Table, error) {
		switch n.Table {
		case "sales":
			return &Table{Ref: `"hive"."` + n.Database + `"."sales"`, Columns: []Column{{Name: "id"}, {Name: "g"}}}, nil
		case "v":
			return &Table{Columns: []Column{{Name: "n"}}, View: &View{SQL: "SELECT count(*) FROM sales -- all", Catalog: "c", Database: "other", Lookup: bindOptions().Lookup}}, nil
		case "endless":
			return &Table{View: &View{SQL: "SELECT * FROM endless", Catalog: "c", Database: "d", Lookup: bindOptions().Lookup}}, nil
		}
		return nil, nil
	}}
}

func TestBind(t *testing.T) {
	f := func(query, want string, params ...string) {
		t.Helper()
		o := bindOptions()
		o.Params = params
		st, err := Bind(query, o)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = st.SQL
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
	}
	const sales = `(SELECT "id", "g" FROM "hive"."db"."sales")`
	f("SELECT id FROM sales", "SELECT id FROM "+sales+` AS "sales"`)
	f("SELECT s.id FROM awsdatacatalog.db.sales AS s WHERE s.id > 1;", "SELECT s.id FROM "+sales+" AS s WHERE s.id > 1")
	f("SELECT * FROM x.sales a(p, q)", `SELECT * FROM (SELECT "id", "g" FROM "hive"."x"."sales") a(p, q)`)
	f("TABLE sales", "SELECT * FROM "+sales+` AS "sales"`)
	f("WITH s AS (SELECT * FROM sales) SELECT * FROM s", "WITH s AS (SELECT * FROM "+sales+` AS "sales") SELECT * FROM s`)
	f("WITH sales AS (SELECT 1 x) SELECT * FROM sales, db.sales t", "WITH sales AS (SELECT 1 x) SELECT * FROM sales, "+sales+" t")
	f("SELECT (SELECT max(id) FROM sales), ((SELECT 1 FROM sales LIMIT 1))", "SELECT (SELECT max(id) FROM "+sales+` AS "sales"), ((SELECT 1 FROM `+sales+` AS "sales" LIMIT 1))`)
	f("SELECT n FROM v", `SELECT n FROM (SELECT * FROM (SELECT count(*) FROM (SELECT "id", "g" FROM "hive"."other"."sales") AS "sales") AS v("n")) AS "v"`)
	f("SELECT 1 FROM sales FOR VERSION AS OF 12 s", `SELECT 1 FROM (SELECT "id", "g" FROM "hive"."db"."sales" FOR VERSION AS OF 12) s`)
	f("SELECT 1 FROM sales FOR TIMESTAMP AS OF TIMESTAMP '2020-01-01 00:00:00 UTC'", `SELECT 1 FROM (SELECT "id", "g" FROM "hive"."db"."sales" FOR TIMESTAMP AS OF TIMESTAMP '2020-01-01 00:00:00 UTC') AS "sales"`)
	f("SELECT id FROM sales WHERE id = ? AND g = ?", "SELECT id FROM "+sales+` AS "sales" WHERE id = (1) AND g = ('a''b')`, "1", "'a''b'")
	f("SELECT /* a */ 1 -- b\n, 'c--d', \"e/*f\" FROM (VALUES 1) t(\"e/*f\")", "SELECT         1     \n, 'c--d', \"e/*f\" FROM (VALUES 1) t(\"e/*f\")")
	f("SELECT 1 --\rFROM sales", "SELECT 1") // a comment of ours may be none of Trino's
	f("SELECT combinations(ARRAY[1, 2], 2)", "SELECT combinations(ARRAY[1, 2], 2)")

	f("SELECT * FROM nothing", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.db.nothing' does not exist")
	f("SELECT * FROM endless", "NOT_SUPPORTED: line 1:15: view 'awsdatacatalog.db.endless' can't be read")
	f("SELECT ?", "INVALID_FUNCTION_ARGUMENT: line 1:8: a parameter is not a constant: (SELECT 1 FROM hive.db.sales)", "(SELECT 1 FROM hive.db.sales)")
	f("SELECT ?", "INVALID_FUNCTION_ARGUMENT: line 1:8: a parameter is not a constant: 1) FROM hive.db.sales --", "1) FROM hive.db.sales --")
	f("DROP TABLE sales", "line 1:1: mismatched input 'DROP'. Expecting: '(', 'SELECT', 'TABLE', 'VALUES', 'WITH'")
	f("SELECT * FROM TABLE(system.query('x'))", "NOT_SUPPORTED: line 1:15: table functions are not supported")
	f("SELECT 1; SELECT 2", "line 1:11: mismatched input 'SELECT'. Expecting: <EOF>")
}

// TestBindPos: a place in the bound text leads to the place in the user's.
func TestBindPos(t *testing.T) {
	const query = "SELECT 1\nFROM sales WHERE zz = 1"
	st, err := Bind(query, bindOptions())
	if err != nil {
		t.Fatal(err)
	}
	if p := st.Pos(strings.Index(st.SQL, "zz")); p != (Pos{2, 18}) {
		t.Errorf("got %v", p)
	}
}

// FuzzBind: what is bound is read again as one statement, which names no table but by the queries that were put in.
func FuzzBind(f *testing.F) {
	for _, c := range Cases() {
		f.Add(c.Statement())
	}
	f.Add("WITH a AS (TABLE sales) SELECT ((SELECT 1 FROM v)) FROM sales x, a FOR VERSION AS OF 1")
	f.Fuzz(func(t *testing.T, query string) {
		st, err := Bind(query, bindOptions())
		if err != nil {
			return
		}
		p, err := newParser(st.SQL)
		if err != nil {
			t.Fatalf("%q: %q: %v", query, st.SQL, err)
		}
		defer func() {
			if r := recover(); r != nil {
				t.Errorf("%q: %q: %v", query, st.SQL, r)
			}
		}()
		p.statement()
		for _, r := range p.tables {
			if len(r.ref.parts) == 1 && !p.withs[r.ref.parts[0]] || len(r.ref.parts) > 1 && r.ref.parts[0] != "hive" {
				t.Errorf("%q: %q names %v", query, st.SQL, r.ref.parts)
			}
		}
	})
}
