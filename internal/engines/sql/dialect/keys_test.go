package dialect

import (
	"slices"
	"strings"
	"testing"
)

func TestKeys(t *testing.T) {
	hive := func(name, kind string, key bool) Column {
		typ, err := ParseHive(kind)
		if err != nil {
			t.Fatal(err)
		}
		return Column{Name: name, Type: typ, Key: key}
	}
	o := Options{Catalog: "c", Database: "d", Params: []string{"'p'"}, Lookup: func(n Name) (*Table, error) {
		return &Table{Ref: n.Table, Columns: []Column{hive("name", "string", false), hive("dt", "string", true), hive("h", "int", true), hive("day", "date", true),
			hive("v", "decimal(5,2)", true)}}, nil
	}}
	f := func(from, filter, values string) {
		t.Helper()
		with := o
		with.Params = o.Params[:strings.Count(from, "?")]
		st, err := Translate("SELECT 1 FROM "+from, with)
		if err != nil {
			t.Fatalf("%s: %v", from, err)
		}
		k := st.Uses[0].Keys()
		var list []string
		for name, v := range k.Values {
			list = append(list, name+": "+strings.Join(v, ", "))
		}
		slices.Sort(list)
		if got := strings.Join(list, "; "); k.Filter != filter || got != values {
			t.Errorf("%s\ngot  %s | %s\nwant %s | %s", from, k.Filter, got, filter, values)
		}
	}
	f("t", "", "")
	f("t WHERE dt = 'a' AND name = 'b'", `("dt" = 'a')`, "dt: 'a'")
	f("t WHERE t.dt = 'it''s' AND d.t.h > 3", `("dt" = 'it''s' AND "h" > 3)`, "dt: 'it''s'")
	f("t AS x WHERE x.dt = 'a' AND -4 <= x.h", `("dt" = 'a' AND "h" >= -4)`, "dt: 'a'")
	f("t WHERE dt IN ('a', 'b') AND h NOT IN (1, 2)", `("dt" IN ('a', 'b') AND "h" NOT IN (1, 2))`, "dt: 'a', 'b'")
	f("t WHERE dt BETWEEN 'a' AND 'c' AND dt LIKE 'b%' AND h IS NOT NULL", `("dt" BETWEEN 'a' AND 'c' AND "dt" LIKE 'b%' AND "h" IS NOT NULL)`, "")
	f("t WHERE (dt = 'a' OR h = 1 AND dt = 'b') AND NOT (dt = 'z')", `(("dt" = 'a' OR ("h" = 1 AND "dt" = 'b')) AND NOT ("dt" = 'z'))`, "")
	f("t WHERE day >= DATE '2024-01-02' AND day < date '2024-02-01'", `("day" >= '2024-01-02' AND "day" < '2024-02-01')`, "")
	f("t WHERE dt = ?", `("dt" = 'p')`, "dt: 'p'")
	f("t WHERE dt = 'a' OR dt = 'b'", `(("dt" = 'a' OR "dt" = 'b'))`, "dt: 'a', 'b'")
	// What only the engine can decide is left to it.
	f("t WHERE dt = 'a' OR name = 'b'", "", "")
	f("t WHERE length(dt) = 1 AND dt > name", "", "")
	f("t WHERE v = 1.5 AND h = 1.5", "", "h: CAST('1.5' AS DECIMAL(2,1)); v: CAST('1.5' AS DECIMAL(2,1))")
	f("t WHERE dt LIKE 'a!%' ESCAPE '!' AND dt IN (SELECT 'a')", "", "")
	f("t LEFT JOIN t AS u ON true WHERE u.dt = 'a'", "", "")
	f("t AS x (a, b, c, e, g) WHERE b = 'a'", "", "")
	// A table that is named twice is read once.
	f("t AS x, t AS y WHERE x.dt = 'a' AND y.dt = 'b' AND x.h = 1", `("dt" = 'a' AND "h" = 1) OR ("dt" = 'b')`, "dt: 'a', 'b'")
	f("t AS x, t AS y WHERE x.dt = 'a'", "", "")
	f("(SELECT * FROM t WHERE dt = 'a') AS x, t AS y WHERE y.dt = 'b'", `("dt" = 'a') OR ("dt" = 'b')`, "dt: 'a', 'b'")
	f("(SELECT * FROM t) AS x WHERE x.dt = 'b'", "", "")
}
