package statement

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	f := func(in string, want Statement) {
		t.Helper()
		got, err := Parse(in)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %+v %v\nwant %+v", in, got, err, want)
		}
	}
	at := func(name string, line, column int) Name {
		n := Name{Pos: Pos{line, column}}
		parts := strings.Split(name, ".")
		n.Name = parts[len(parts)-1]
		if len(parts) > 1 {
			n.Database = parts[len(parts)-2]
		}
		if len(parts) > 2 {
			n.Catalog = parts[0]
		}
		return n
	}
	f("select 1;", Query{"select 1"})
	f(" -- hi\nWITH a AS (select 1) select * from a ;\n", Query{"      \nWITH a AS (select 1) select * from a"})
	f("(select 1) union (select 2)", Query{"(select 1) union (select 2)"})
	f("values 1, 2", Query{"values 1, 2"})
	f("SHOW DATABASES", ShowDatabases{})
	f("show schemas like 's.*'", ShowDatabases{Like: "s.*"})
	f("show tables", ShowTables{})
	f("SHOW TABLES IN `Sales` '*orders*|x'", ShowTables{Database: at("sales", 1, 16), Like: "*orders*|x"})
	f("show views in a like 'x'", ShowTables{Database: at("a", 1, 15), Like: "x", Views: true})
	f("show columns in a.b", ShowColumns{at("a.b", 1, 17)})
	f("show columns from b in a", ShowColumns{at("a.b", 1, 19)})
	f("show partitions a.b", ShowPartitions{Table: at("a.b", 1, 17)})
	f("show create table `a.b`", ShowCreate{Table: at("a.b", 1, 19)})
	f("show create view b", ShowCreate{Table: at("b", 1, 18), View: true})
	f("show tblproperties b('comment')", ShowProperties{Table: at("b", 1, 20), Key: "comment"})
	f("describe formatted a.b", Describe{Table: at("a.b", 1, 20), Extended: true})
	f("DESC b partition (y = 2020, m='x') z.w", Describe{Table: at("b", 1, 6), Spec: []Pair{{"y", "2020"}, {"m", "x"}}, Column: "z.w"})
	f("create database if not exists d comment 'it''s' location 's3://b/' with dbproperties ('a'='b')",
		CreateDatabase{Database: at("d", 1, 31), IfNotExists: true, Comment: "it's", Location: "s3://b/", Properties: []Pair{{"a", "b"}}})
	f("drop schema if exists d cascade", DropDatabase{Database: at("d", 1, 23), IfExists: true, Cascade: true})
	f("drop table `a`.`b`", DropTable{Table: at("a.b", 1, 12)})
	f("drop view if exists b", DropTable{Table: at("b", 1, 21), IfExists: true, View: true})
	f("msck repair table b", Repair{at("b", 1, 19)})
	f(`CREATE EXTERNAL TABLE IF NOT EXISTS a.b (
	  id bigint COMMENT 'the id', `+"`select`"+` struct<X:int, y: array<Map<string,decimal(10, 2)>>>, c varchar(3))
	COMMENT "b" PARTITIONED BY (dt string, h int) CLUSTERED BY (id) INTO 4 BUCKETS
	ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' WITH SERDEPROPERTIES ('quoteChar'='\"', 'escapeChar'='\\', "separatorChar"="\t")
	STORED AS TEXTFILE LOCATION 's3://b/x/' TBLPROPERTIES ('skip.header.line.count'='1')`,
		CreateTable{Table: at("a.b", 1, 37), External: true, IfNotExist: true, Comment: "b",
			Columns:    []Column{{"id", "bigint", "the id"}, {"select", "struct<x:int,y:array<map<string,decimal(10,2)>>>", ""}, {"c", "varchar(3)", ""}},
			Partitions: []Partition{{Column: Column{"dt", "string", ""}}, {Column: Column{"h", "int", ""}}}, Buckets: &Buckets{[]string{"id"}, 4},
			Serde:           "org.apache.hadoop.hive.serde2.OpenCSVSerde",
			SerdeProperties: []Pair{{"quoteChar", `"`}, {"escapeChar", `\`}, {"separatorChar", "\t"}}, Format: "TEXTFILE", Location: "s3://b/x/",
			Properties: []Pair{{"skip.header.line.count", "1"}}})
	f(`create external table b (a int) row format delimited fields terminated by '\001' escaped by '\\' lines terminated by '\n' null defined as '\\N'
	stored as inputformat 'i' outputformat 'o' location 's3://b/'`,
		CreateTable{Table: at("b", 1, 23), External: true, Columns: []Column{{"a", "int", ""}},
			Delimited: &Delimited{Field: "\x01", Escape: `\`, Line: "\n", Null: `\N`}, Input: "i", Output: "o", Location: "s3://b/"})
	f(`create table b (id bigint, ts timestamp) partitioned by (id, bucket(16, id), day(ts)) location 's3://b/' tblproperties ('table_type'='ICEBERG')`,
		CreateTable{Table: at("b", 1, 14), Columns: []Column{{"id", "bigint", ""}, {"ts", "timestamp", ""}},
			Partitions: []Partition{{Column: Column{Name: "id"}, Transform: "id"}, {Transform: "bucket(16, id)"}, {Transform: "day(ts)"}},
			Location:   "s3://b/", Properties: []Pair{{"table_type", "ICEBERG"}}})
	f("create table b with (format = 'PARQUET', partitioned_by = ARRAY['a', 'b'], bucket_count = 3) as select 1 a with no data",
		CreateTableAs{Table: at("b", 1, 14), Empty: true, Query: strings.Repeat(" ", 96) + "select 1 a",
			Properties: map[string]Value{"format": {Text: "PARQUET"}, "partitioned_by": {List: []string{"a", "b"}, Array: true}, "bucket_count": {Text: "3"}}})
	f("create table if not exists a.b as (select 1)", CreateTableAs{Table: at("a.b", 1, 28), IfNotExist: true, Properties: map[string]Value{},
		Query: strings.Repeat(" ", 34) + "(select 1)"})
	f("create or replace view v as select '\\' x", CreateView{View: at("v", 1, 24), Replace: true, Query: strings.Repeat(" ", 28) + `select '\' x`})
	f("create protected multi dialect view v security definer show view json as select 1", CreateView{View: at("v", 1, 37), Protected: true, JSON: true,
		Query: strings.Repeat(" ", 73) + "select 1"})
	f("alter view v force update dialect as select 1", AlterView{View: at("v", 1, 12), Force: true, Action: "UPDATE", Query: strings.Repeat(" ", 37) + "select 1"})
	f("alter view v add dialect show view json as select 1", AlterView{View: at("v", 1, 12), Action: "ADD", JSON: true, Query: strings.Repeat(" ", 43) + "select 1"})
	f("alter view a.v drop dialect", AlterView{View: at("a.v", 1, 12), Action: "DROP"})
	f("insert into a.b (x, y) select 1, 2", Insert{at("a.b", 1, 13), []string{"x", "y"}, strings.Repeat(" ", 23) + "select 1, 2"})
	f("insert into b values (1, 'a')", Insert{at("b", 1, 13), nil, strings.Repeat(" ", 14) + "values (1, 'a')"})
	f("unload (select (1) a) to 's3://b/x/' with (format = 'JSON')", Unload{strings.Repeat(" ", 8) + "select (1) a", "s3://b/x/",
		map[string]Value{"format": {Text: "JSON"}}})
	f("explain analyze select 1", Explain{true, map[string]string{}, Query{strings.Repeat(" ", 16) + "select 1"}})
	f("explain (type io, format json) select 1", Explain{false, map[string]string{"TYPE": "IO", "FORMAT": "JSON"}, Query{strings.Repeat(" ", 31) + "select 1"}})
	f("prepare p from select ?", Prepare{"p", strings.Repeat(" ", 15) + "select ?"})
	f("execute p using 1, f(2, 'a,b'), array[3,4]", Execute{"p", []string{"1", "f(2, 'a,b')", "array[3,4]"}})
	f("execute p", Execute{"p", nil})
	f("deallocate prepare p", Deallocate{"p"})
	f("alter table b add if not exists partition (y='1', m=2) location 's3://b/' partition (y='2', m=3)", AlterTable{Table: at("b", 1, 13),
		Action: AddPartitions{true, []Located{{[]Pair{{"y", "1"}, {"m", "2"}}, "s3://b/"}, {[]Pair{{"y", "2"}, {"m", "3"}}, ""}}}})
	f("alter table b drop if exists partition (y=1), partition (y=2)", AlterTable{Table: at("b", 1, 13),
		Action: DropPartitions{true, [][]Pair{{{"y", "1"}}, {{"y", "2"}}}}})
	f("alter table b partition (y=1) rename to partition (y=2)", AlterTable{Table: at("b", 1, 13), Spec: []Pair{{"y", "1"}}, Action: RenamePartition{[]Pair{{"y", "2"}}}})
	f("alter table b partition (y=date '2020-01-01') set location 's3://b/'", AlterTable{Table: at("b", 1, 13), Spec: []Pair{{"y", "2020-01-01"}},
		Action: SetLocation{"s3://b/"}})
	f("alter table b set tblproperties ('a'='b')", AlterTable{Table: at("b", 1, 13), Action: SetProperties{Properties: []Pair{{"a", "b"}}}})
	f("alter table b add columns (c int)", AlterTable{Table: at("b", 1, 13), Action: AddColumns{[]Column{{"c", "int", ""}}}})
	f("alter table b replace columns (c int)", AlterTable{Table: at("b", 1, 13), Action: ReplaceColumns{[]Column{{"c", "int", ""}}}})
	f("alter table b change column a c bigint comment 'x' after d", AlterTable{Table: at("b", 1, 13), Action: ChangeColumn{"a", Column{"c", "bigint", "x"}, false, "d"}})
	f("optimize b rewrite data using bin_pack where x = 1", Optimize{at("b", 1, 10), "x = 1"})
	f("delete from a.b where x = 1", Delete{at("a.b", 1, 13), "x = 1"})
	f("update b set x = case when y then 1 else 2 end, z = f(1, 2) where y in (1, 2)",
		Update{at("b", 1, 8), []Assignment{{"x", "case when y then 1 else 2 end"}, {"z", "f(1, 2)"}}, "y in (1, 2)"})
	f("vacuum b", Vacuum{at("b", 1, 8)})
	f("merge into b t using (select 1 as x) s on t.x = s.x when matched and s.x > 1 then delete when matched then update set x = s.x + 1 "+
		"when not matched then insert (x, y) values (s.x, null)", Merge{at("b", 1, 12), "t", "(select 1 as x)", "", "s", "t.x = s.x", []Case{
		{true, "s.x > 1", true, nil}, {true, "", false, []Assignment{{"x", "s.x + 1"}}}, {false, "", false, []Assignment{{"x", "s.x"}, {"y", "null"}}}}})
	f("alter database d set dbproperties ('a'='b')", AlterDatabase{at("d", 1, 16), []Pair{{"a", "b"}}})
}

func TestParseErrors(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		st, err := Parse(in)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %+v %v, want %s", in, st, err, want)
		}
	}
	f("", "line 1:1: mismatched input '<EOF>'")
	f("selec 1", "line 1:1: mismatched input 'selec'. Expecting: 'ALTER'")
	f("show\n  nothing", "line 2:3: mismatched input 'nothing'. Expecting: 'COLUMNS'")
	f("drop table a b", "line 1:14: mismatched input 'b'")
	f("drop table a.b.c.d", "line 1:12: Too many parts in name")
	f("drop table a; drop table b", "line 1:13: mismatched input ';'")
	f("create external table a (b nonsense)", "line 1:28: mismatched input 'nonsense'. Expecting: <type>")
	f("create external table a (b int) location 's3://x", "line 1:42: quote is not closed")
	f("/* x", "line 1:1: comment is not closed")
	f("unload (select 1 to 'x'", "line 1:24: mismatched input '<EOF>'. Expecting: ')'")
	f("grant select on a to b", "line 1:1: Queries of this type are not supported")
	f("create table b (a int) as select 1", "line 1:24: mismatched input 'as'")
	f("create external table a (b "+strings.Repeat("array<", 200)+"int"+strings.Repeat(">", 200)+")", "line 1:")
	f(strings.Repeat("explain ", 200)+"select 1", "line 1:")
	f("execute p using 1,,2", "line 1:")
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"select 1", "create external table a (b int) partitioned by (c string) location 's3://x/'", "alter table a add partition (b='c')",
		"unload (select 1) to 's3://x/' with (format='JSON')", "explain (type io) select 1", "create table a with (b = array['c']) as select 1 with no data",
		"execute p using 1, 'a'", "show tables in `a` 'b'", "/* x */ -- y\nmsck repair table a", "create database d comment '\\u0041\\001'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 1<<16 {
			return
		}
		st, err := Parse(s)
		if (st == nil) == (err == nil) {
			t.Errorf("%q: %v %v", s, st, err)
		}
		if st != nil {
			if kind, sub := st.Class(); kind == "" || sub == "" {
				t.Errorf("%q has no class", s)
			}
			_ = fmt.Sprint(st)
		}
	})
}
