package dialect

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestNesting: what is nested is read in time that does not explode, or refused.
func TestNesting(t *testing.T) {
	f := func(query string, ok bool) {
		t.Helper()
		begin := time.Now()
		_, err := Translate(query, Options{Catalog: "c", Database: "d"})
		if (err == nil) != ok {
			t.Errorf("%.40s: %v", query, err)
		}
		if d := time.Since(begin); d > 2*time.Second {
			t.Errorf("%.40s took %v", query, d)
		}
	}
	nest := func(open, in, end string, n int) string {
		return "SELECT " + strings.Repeat(open, n) + in + strings.Repeat(end, n)
	}
	f(nest("(", "1", ")", 30), true)
	f(nest("(", "SELECT 1", ")", 30), true)
	f(nest("((", "SELECT 1) + 1", ")", 12), false)
	f(nest("(", "1", ")", 100000), false)
	f(nest("(", "SELECT 1", ")", 5000), false)
	f(nest("((SELECT 1) + ", "1", ")", 30), true)
	f(nest("NOT ", "true", "", 100000), false)
	f(nest("- ", "1", "", 100000), false)
	f(nest("ARRAY[", "1", "]", 20000), false)
	f(nest("CASE WHEN true THEN ", "1", " END", 10000), false)
	f("SELECT 1"+strings.Repeat(" + 1", 300), true)
	f("SELECT 1"+strings.Repeat(" + 1", 20000), false)
	f("SELECT true"+strings.Repeat(" OR false", 20000), true)
	f("SELECT CAST(1 AS "+strings.Repeat("array(", 20000), false)
	f("SELECT * FROM "+strings.Repeat("(", 20000), false)
	f(strings.Repeat("WITH a AS (", 20000), false)
	f("SELECT '"+strings.Repeat("x", MaxStatement)+"'", false)
}

func TestPositions(t *testing.T) {
	_, err := Translate("SELECT 1,\n  é FROM (VALUES 1) t(x)", Options{Catalog: "c", Database: "d"})
	var e *Error
	if !errors.As(err, &e) || e.Pos != (Pos{2, 3}) || e.Kind != ColumnNotFound {
		t.Errorf("got %v", err)
	}
}

func TestTypes(t *testing.T) {
	f := func(parse func(string) (*Type, error), in, trino, duck string) {
		t.Helper()
		typ, err := parse(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			return
		}
		if typ.String() != trino || typ.Duck() != duck {
			t.Errorf("%s: got %s, %s, want %s, %s", in, typ, typ.Duck(), trino, duck)
		}
	}
	f(ParseHive, "string", "varchar", "VARCHAR")
	f(ParseHive, "int", "integer", "INTEGER")
	f(ParseHive, "float", "real", "FLOAT")
	f(ParseHive, "decimal", "decimal(10,0)", "DECIMAL(10,0)")
	f(ParseHive, "varchar(20)", "varchar(20)", "VARCHAR")
	f(ParseHive, "timestamp", "timestamp(3)", "TIMESTAMP")
	f(ParseHive, "array<struct<a:int,select:string>>", "array(row(a integer, select varchar))", `STRUCT("a" INTEGER, "select" VARCHAR)[]`)
	f(ParseHive, "map<string,array<bigint>>", "map(varchar, array(bigint))", "MAP(VARCHAR, BIGINT[])")
	f(ParseType, "row(a bigint, varchar)", "row(a bigint, varchar)", `STRUCT("a" BIGINT, "field1" VARCHAR)`)
	f(ParseType, "timestamp(6) with time zone", "timestamp(6) with time zone", "TIMESTAMPTZ")
	f(ParseType, "double precision", "double", "DOUBLE")
	for _, bad := range []string{"", "nothing", "decimal(99)", "array<", "struct<a>", "map<string>", "decimal(2,5)"} {
		if typ, err := ParseHive(bad); err == nil {
			t.Errorf("%q is %s", bad, typ)
		}
	}
}
