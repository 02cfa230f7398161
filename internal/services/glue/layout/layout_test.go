package layout

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/tabular"
)

// schemaOf makes a schema of "csv id:bigint name:string".
func schemaOf(text string) *tabular.Schema {
	parts := strings.Fields(text)
	s := &tabular.Schema{Format: tabular.Format(parts[0]), Classification: parts[0], Compression: tabular.Uncompressed, HeaderLines: 1}
	if s.Format == tabular.CSV {
		s.Delimiter = ','
	}
	for _, p := range parts[1:] {
		name, kind, _ := strings.Cut(p, ":")
		t, err := tabular.ParseType(kind)
		if err != nil {
			panic(err)
		}
		s.Columns = append(s.Columns, tabular.Column{Name: name, Type: t})
	}
	return s
}

const (
	a = "csv id:bigint name:string age:bigint"
	b = "csv town:string size:bigint area:double code:string"
)

// show writes tables as "name path (columns) [keys] values values; …".
func show(tables []Table) string {
	var out []string
	for _, t := range tables {
		line := t.Name + " " + t.Path + " ("
		for i, c := range t.Schema.Columns {
			if i > 0 {
				line += " "
			}
			line += c.Name + ":" + c.Type.String()
		}
		line += ")"
		for _, k := range t.Keys {
			line += " " + k.Name + ":" + k.Type
		}
		for _, p := range t.Partitions {
			line += " " + strings.Join(p.Values, "/")
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func TestTables(t *testing.T) {
	f := func(name string, files map[string]string, o Options, want string, left ...string) {
		t.Helper()
		var list []File
		for key, s := range files {
			list = append(list, File{Key: key, Size: 100, Records: 10, Average: 9, Schema: schemaOf(s)})
		}
		slices.SortFunc(list, func(a, b File) int { return strings.Compare(a.Key, b.Key) })
		got, out := Tables("bucket", "r/", list, o)
		if show(got) != want {
			t.Errorf("%s:\n got %s\nwant %s", name, show(got), want)
		}
		var keys []string
		for _, l := range out {
			keys = append(keys, l.Key)
		}
		if slices.Sort(keys); !slices.Equal(keys, left) {
			t.Errorf("%s: left %v, want %v", name, keys, left)
		}
		var n int64
		for _, t := range got {
			n += t.Stats.Objects
		}
		if int(n) != len(files)-len(left) {
			t.Errorf("%s: %d objects in tables", name, n)
		}
	}
	const ac, bc = "(id:bigint name:string age:bigint)", "(town:string size:bigint area:double code:string)"
	f("nothing", nil, Options{}, "")
	f("a folder", map[string]string{"r/x.csv": a, "r/y.csv": a}, Options{}, "r r/ "+ac)
	f("one folder in a folder", map[string]string{"r/t/x.csv": a}, Options{}, "t r/t/ "+ac)
	f("a date in a folder", map[string]string{"r/2020/x.csv": a}, Options{}, "r r/ "+ac+" partition_0:int 2020")
	f("Hive's", map[string]string{"r/Y=1/x.csv": a, "r/Y=2/x.csv": a}, Options{}, "r r/ "+ac+" y:int 1 2")
	f("mixed depths", map[string]string{"r/y=1/x.csv": a, "r/y=2/m=1/x.csv": a, "r/y=3/m=1/x.csv": a, "r/y=3/m=2/x.csv": a}, Options{},
		"r r/ "+ac+" y:int m:int 2/1 3/1 3/2; y_1 r/y=1/ "+ac)
	f("halves that differ", map[string]string{"r/y=1/x.csv": a, "r/y=2/x.csv": b}, Options{}, "y_1 r/y=1/ "+ac+"; y_2 r/y=2/ "+bc)
	f("loose beside partitions", map[string]string{"r/y=1/x.csv": a, "r/x.csv": a}, Options{}, "r r/ "+ac+" y:int 1", "r/x.csv")
	f("folders in a table", map[string]string{"r/t/sub/x.csv": a, "r/t/x.csv": a}, Options{}, "t r/t/ "+ac)
	f("many alike, one not", map[string]string{"r/p/x": a, "r/q/x": a, "r/s/x": a, "r/z/x": b}, Options{},
		"r r/ "+ac+" partition_0:string p q s z")
	f("two and one", map[string]string{"r/p/x": a, "r/q/x": a, "r/z/x": b}, Options{}, "p r/p/ "+ac+"; q r/q/ "+ac+"; z r/z/ "+bc)
	f("combined", map[string]string{"r/p/x": a, "r/q/x": "csv id:double mail:string"}, Options{Combine: true},
		"r r/ (id:double name:string age:bigint mail:string) partition_0:string p q")
	f("level", map[string]string{"r/p/1/x": a, "r/p/2/x": a, "r/q/1/x": a}, Options{Level: 3}, "p r/p/ "+ac+" partition_0:int 1 2; q r/q/ "+ac+" partition_0:int 1")
	f("level that differs within", map[string]string{"r/p/1/x": a, "r/p/2/x": a, "r/p/3/x": "json id:int"}, Options{Level: 3}, "p r/p/ "+ac+" partition_0:int 1 2", "r/p/3/x")
	f("whole", map[string]string{"r/p/x": a, "r/q/x": b, "r/x": a}, Options{Whole: true},
		"r r/ (id:bigint name:string age:bigint town:string size:bigint area:double code:string) partition_0:string p q", "r/x")
	f("a column that is a key, by name", map[string]string{"r/id=1/x": "json id:int n:string", "r/id=2/x": "json id:int n:string"}, Options{}, "r r/ (n:string) id:int 1 2")
	f("a column that is a key, by place", map[string]string{"r/id=1/x": a, "r/id=2/x": a}, Options{}, "r r/ "+ac+" partition_0:int 1 2")
	f("twice the same", map[string]string{"r/c=DE/x": a, "r/c=%44E/x": a}, Options{}, "r r/ "+ac+" c:string DE", "r/c=DE/")
	f("evolved", map[string]string{"r/y=1/x": a, "r/y=2/x": "csv id:bigint name:string age:double mail:string"}, Options{}, "r r/ (id:bigint name:string age:double mail:string) y:int 1 2")
}

func TestKeyTypes(t *testing.T) {
	f := func(want string, values ...string) {
		t.Helper()
		var leaves []leaf
		for _, v := range values {
			leaves = append(leaves, leaf{values: []string{v}})
		}
		if got := keyType(leaves, 0); got != want {
			t.Errorf("%v: %s, want %s", values, got, want)
		}
	}
	f("int", "1", "-2", "2020")
	f("int", "01", "12")
	f("int", "7", nullValue)
	f("string", "00123", "1")
	f("bigint", "1", "12345678901")
	f("string", "1234567890123456789")
	f("date", "2020-01-31", "2020-02-01")
	f("string", "2020-01-31", "x")
	f("string", nullValue)
	f("string", "")
}

func TestTableNames(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		if got := TableName(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	f("Orders-2024.csv", "orders_2024_csv")
	f("größe", "größe")
	f("", "table")
	f(strings.Repeat("x", 300), strings.Repeat("x", 200))
}

func TestExclusions(t *testing.T) {
	f := func(pattern, key string, want bool) {
		t.Helper()
		e, err := ParseExclusions([]string{pattern})
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
		} else if e.Match(key) != want {
			t.Errorf("%s on %s: %v", pattern, key, !want)
		}
	}
	f("*.csv", "a.csv", true)
	f("*.csv", "x/a.csv", false)
	f("**.csv", "x/y/a.csv", true)
	f("x/**", "x/y/a", true)
	f("x/**", "xy/a", false)
	f("*/*.csv", "x/a.csv", true)
	f("year=20{19,20}/**", "year=2019/a", true)
	f("year=20{19,20}/**", "year=2021/a", false)
	f("a?.csv", "ab.csv", true)
	f("a?.csv", "a/.csv", false)
	f("[a-c]x", "bx", true)
	f("[!a-c]x", "bx", false)
	f("[!a-c]x", "/x", false)
	f("[]]x", "]x", true)
	f("[a^]x", "^x", true)
	f(`\*x`, "*x", true)
	f(`\*x`, "ax", false)
	f("a.b", "axb", false)
	f("a\nb", "a\nb", true)
	f("*", "a\nb", true)
	for _, bad := range []string{"{a", "[a", "[]", "{a,{b}}", `a\`, "[a/b]", "[z-a]", "[!]", strings.Repeat("a", 1025), "\xff"} {
		if _, err := ParseExclusions([]string{bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if _, err := ParseExclusions(make([]string, 101)); err == nil {
		t.Error("101 patterns are taken")
	}
}

func FuzzExclusions(f *testing.F) {
	for _, s := range []string{"**/[a-c]{x,y}?*", `\[`, "[!--0]", "[]-a]", "{,}"} {
		f.Add(s, "a/b")
	}
	f.Fuzz(func(t *testing.T, pattern, key string) {
		e, err := ParseExclusions([]string{pattern})
		if err != nil {
			return
		}
		e.Match(key)
		if !strings.ContainsAny(pattern, `*?[]{},\`) && e.Match(pattern) != true {
			t.Errorf("%q does not match itself", pattern)
		}
	})
}

// FuzzTables holds that no names of folders lose a file or break the grouping.
func FuzzTables(f *testing.F) {
	f.Add("y=1/a\ny=2/a\nx", uint8(0))
	f.Add("=/=/a\n//\n%zz=1/b", uint8(7))
	f.Fuzz(func(t *testing.T, text string, kinds uint8) {
		keys := strings.Split(text, "\n")
		slices.Sort(keys)
		if keys = slices.Compact(keys); len(keys) > 50 {
			return
		}
		schemas := []*tabular.Schema{schemaOf(a), schemaOf(b)}
		for _, o := range []Options{{}, {Combine: true}, {Whole: true}, {Level: 2}} {
			var files []File
			for i, k := range keys {
				files = append(files, File{Key: k, Size: 1, Schema: schemas[kinds>>(i%8)&1]})
			}
			tables, left := Tables("b", "", files, o)
			n := int64(0)
			for _, one := range tables {
				n += one.Stats.Objects
				for _, p := range one.Partitions {
					if len(p.Values) != len(one.Keys) {
						t.Fatalf("%q: %d values for %d keys", text, len(p.Values), len(one.Keys))
					}
				}
				seen := map[string]bool{}
				for _, k := range one.Keys {
					if seen[k.Name] {
						t.Fatalf("%q: two keys are %s", text, k.Name)
					}
					seen[k.Name] = true
				}
			}
			if n > int64(len(files)) || n == 0 && len(left) == 0 && len(files) > 0 {
				t.Fatalf("%q: %s", text, fmt.Sprint(n, " objects of ", len(files)))
			}
		}
	})
}
