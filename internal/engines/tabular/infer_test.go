package tabular

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// columnsOf writes a schema's columns as name:type, in order.
func columnsOf(s Schema) string {
	var b strings.Builder
	for i, c := range s.Columns {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(c.Name + ":" + c.Type.String())
	}
	return b.String()
}

func inferOf(t testing.TB, text string, o Options) Schema {
	t.Helper()
	s, err := Infer(context.Background(), Bytes("file", []byte(text)), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestInferCSV(t *testing.T) {
	f := func(name, text, want string) {
		t.Helper()
		s := inferOf(t, text, Options{})
		got := fmt.Sprintf("%s %q %d", s.Format, s.Delimiter, s.HeaderLines)
		if s.Quote != 0 {
			got += " quote " + string(s.Quote)
		}
		if s.Escape != 0 {
			got += " escape " + string(s.Escape)
		}
		if s.Null != "" {
			got += " null " + s.Null
		}
		if s.Encoding != UTF8 {
			got += " " + s.Encoding
		}
		if got += " | " + columnsOf(s); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
	f("header", "id,name,price\n1,a,2.5\n2,b,3\n", `csv ',' 1 | id:bigint name:string price:double`)
	f("no header", "1,a,2.5\n2,b,3\n", `csv ',' 0 | col0:bigint col1:string col2:double`)
	f("all text has no header that can be told", "name,town\nann,rome\nbob,oslo\n", `csv ',' 0 | col0:string col1:string`)
	f("pipe", "id|t\n1|x\n2|y\n", `csv '|' 1 | id:bigint t:string`)
	f("tab", "id\tt\n1\tx\n", `csv '\t' 1 | id:bigint t:string`)
	f("semicolon, decimal commas", "id;v\n1;2,5\n2;3,5\n", `csv ';' 1 | id:bigint v:string`)
	f("control A", "1\x01x\n2\x01y\n", `csv '\x01' 0 | col0:bigint col1:string`)
	f("carriage returns and line feeds", "id,t\r\n1,x\r\n2,y\r\n", `csv ',' 1 | id:bigint t:string`)
	f("carriage returns", "id,t\r1,x\r2,y\r", `csv ',' 1 | id:bigint t:string`)
	f("quotes", "id,t\n1,\"a,b\"\n2,\"c \"\"d\"\"\"\n", `csv ',' 1 quote " | id:bigint t:string`)
	f("quoted line ends", "id,t,n\n1,\"a\nb\",3\n2,\"c,\n\n\",4\n", `csv ',' 1 quote " | id:bigint t:string n:bigint`)
	f("escaped quotes", "id,t,n\n1,\"a \\\"b\\\", c\",3\n2,\"d\",4\n", `csv ',' 1 quote " escape \ | id:bigint t:string n:bigint`)
	f("a lone quote", "id,t\n1,\"5 inch\n2,b\n3,c\n", `csv ',' 1 | id:bigint t:string`)
	f("apostrophes", "id,t\n1,'a,b'\n2,'c'\n3,'d'\n", `csv ',' 1 quote ' | id:bigint t:string`)
	f("apostrophes in words", "id,t\n1,it's\n2,don't\n", `csv ',' 1 | id:bigint t:string`)
	f("quoted header", "\"id\",\"t\"\n\"1\",\"x\"\n", `csv ',' 1 quote " | id:bigint t:string`)
	f("dates", "d,t,z\n2024-02-29,2024-01-01 10:00:00,2024-01-01T10:00:00.5Z\n2023-01-01,2024-01-01 10:00,2024-01-01T10:00:00+02:00\n",
		`csv ',' 1 | d:date t:timestamp z:timestamp`)
	f("no dates", "id,d\n1,2023-02-29\n2,2023-13-01\n", `csv ',' 1 | id:bigint d:string`)
	f("dates and times", "id,d\n1,2023-02-01\n2,2023-02-01 10:00:00\n", `csv ',' 1 | id:bigint d:timestamp`)
	f("booleans", "id,b\n1,true\n2,False\n", `csv ',' 1 | id:bigint b:boolean`)
	f("numbers", "a,b,c,d,e\n1,1e3,.5,-7,12345678901234567890\n+2,2,5.,9223372036854775807,1\n",
		`csv ',' 1 | a:bigint b:double c:double d:bigint e:decimal(38,0)`)
	f("no numbers", "id,a,b,c\n1,84029E,1.2.3,-\n2,85123A,1-2,+\n", `csv ',' 1 | id:bigint a:string b:string c:string`)
	f("leading zeros", "zip,t\n00123,x\n04567,y\n", `csv ',' 1 | zip:bigint t:string`)
	f("empty values", "id,t,n\n1,,\n,x,5\n3,y,\n", `csv ',' 1 | id:bigint t:string n:bigint`)
	f("an empty column", "id,t\n1,\n2,\n", `csv ',' 1 | id:bigint t:string`)
	f("null markers", "id,n\n1,NULL\n2,5\n3,NULL\n", `csv ',' 1 null NULL | id:bigint n:bigint`)
	f("hive nulls", "id\tn\n1\t\\N\n2\t5.5\n", `csv '\t' 1 null \N | id:bigint n:double`)
	f("spaces", "id, n\n1, 5\n2, 6\n", `csv ',' 1 | id:bigint n:bigint`)
	f("ragged", "id,t,n\n1,x,3\n2,y\n3,z,4\n4,w,5,6\n5,v,7\n", `csv ',' 1 | id:bigint t:string n:bigint`)
	f("trailing delimiter", "id,n,\n1,2,\n3,4,\n", `csv ',' 1 | id:bigint n:bigint`)
	f("names", "ID,id,Order Date,,id\n1,2,3,4,5\n6,7,8,9,10\n", `csv ',' 0 | col0:string col1:string col2:string col3:bigint col4:string`)
	f("double names", "ID,id,Order Date,x,id\n1,2,3,4,5\n", `csv ',' 1 | id:bigint id_1:bigint order date:bigint x:bigint id_2:bigint`)
	f("the index of a data frame", ",a,b\n0,x,1.5\n1,y,2.5\n", `csv ',' 1 | col0:bigint a:string b:double`)
	f("a header that is too long", strings.Repeat("x", 150)+",b\n1,2\n3,4\n", `csv ',' 0 | col0:string col1:string`)
	f("blank lines", "\n\nid,n\n\n1,2\n\n3,4\n\n", `csv ',' 1 | id:bigint n:bigint`)
	f("UTF-8 mark", "\ufeffid,n\n1,é\n", `csv ',' 1 | id:bigint n:string`)
	f("Latin-1", "id,n\n1,caf\xe9\n2,M\xfcller\n", `csv ',' 1 ISO-8859-1 | id:bigint n:string`)
	f("Windows-1252", "id,n\n1,\x93caf\xe9\x94\n", `csv ',' 1 windows-1252 | id:bigint n:string`)
	f("UTF-16", "\xff\xfei\x00d\x00,\x00n\x00\n\x001\x00,\x002\x00\n\x00", `csv ',' 1 UTF-16LE | id:bigint n:bigint`)
	f("UTF-16, big end first", "\xfe\xff\x00i\x00d\x00,\x00n\x00\n\x001\x00,\x002\x00\n", `csv ',' 1 UTF-16BE | id:bigint n:bigint`)
	f("text with colons in it", "k;v\n1;{\"a\":1,\"b\":2}\n2;{\"a\":1,\"b\":2}\n", `csv ';' 1 | k:bigint v:string`)
}

func TestInferUnknown(t *testing.T) {
	f := func(name, text string, want Format) {
		t.Helper()
		if s := inferOf(t, text, Options{}); s.Format != want || len(s.Columns) > 0 {
			t.Errorf("%s: %s with %d columns, want %s", name, s.Format, len(s.Columns), want)
		}
	}
	f("empty", "", None)
	f("blank", " \r\n\n", None)
	f("a mark alone", "\ufeff", None)
	f("one line", "a,b,c\n", Unknown)
	f("one column", "a\nb\nc\n", Unknown)
	f("prose", "It was a night.\nDark, stormy, and very, very long, it was.\nNothing.\nThe end, then, of it, all.\nNo.\n", Unknown)
	f("rubbish", "\x00\x01\x02,\x03\n\x04,\x05\n\xff\xfe,\x00\n", Unknown)
	f("rubbish without zeros", strings.Repeat("\x81\x02\x93,\x14\xf5\n", 100), Unknown)
	f("broken JSON", "{\"a\": }\n{\"a\" 5}\n", Unknown)
	f("Avro", "Obj\x01\x02\x16avro.schema", Avro)
	f("ORC", "ORC\x0a\x03\x01", ORC)
	f("a text that begins as ORC", "ORCHARD,n\n", Unknown)
	f("XML", "<?xml version=\"1.0\"?>\n<a>1,2</a>\n", XML)
	f("zip", "PK\x03\x04abc", Unknown)
}

func TestInferJSON(t *testing.T) {
	f := func(name, text, want string) {
		t.Helper()
		s := inferOf(t, text, Options{})
		if got := fmt.Sprintf("%s %s %d | %s", s.Format, s.Layout, s.Records, columnsOf(s)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
	f("lines", "{\"a\":1,\"B\":\"x\"}\n{\"a\":2,\"B\":\"y\"}\n", "json lines 2 | a:int b:string")
	f("numbers", "{\"a\":1,\"b\":1,\"c\":1,\"d\":1}\n{\"a\":3000000000,\"b\":1.5,\"c\":\"x\",\"d\":12345678901234567890}\n",
		"json lines 2 | a:bigint b:double c:string d:decimal(38,0)")
	f("missing and null", "{\"a\":null}\n{\"b\":true}\n{\"a\":1}\n", "json lines 3 | a:int b:boolean")
	f("only null", "{\"a\":null,\"b\":[],\"c\":{},\"d\":1}\n", "json lines 1 | a:string b:array<string> c:string d:int")
	f("nested", `{"u":{"id":1,"tags":["x"],"pos":{"lat":1.5}},"l":[{"k":1},{"k":2,"v":"x"}]}`,
		"json lines 1 | u:struct<id:int,tags:array<string>,pos:struct<lat:double>> l:array<struct<k:int,v:string>>")
	f("a struct and a number", "{\"a\":{\"b\":1}}\n{\"a\":5}\n", "json lines 2 | a:string")
	f("arrays of several kinds", `{"a":[1,"x",2.5],"b":[1,2.5],"c":[[1],[2]]}`, "json lines 1 | a:array<string> b:array<double> c:array<array<int>>")
	f("document", "{\n  \"a\": 1,\n  \"b\": {\n \"c\": 2}\n}\n", "json document 1 | a:int b:struct<c:int>")
	f("documents", "{\n\"a\": 1\n}\n{\n\"a\": 2\n}", "json document 2 | a:int")
	f("array", `[{"a":1},{"a":2,"b":"x"}]`, "json array 1 | array:array<struct<a:int,b:string>>")
	f("a broken line", "{\"a\":1}\n{\"a\":\n{\"a\":3}\n{\"a\":4}\n", "json lines 3 | a:int")
	f("names that differ in case", `{"Id":1,"id":2.5}`, "json lines 1 | id:double")
	f("escaped names", `{"a\u0062":1,"x:y":{"p q":1}}`, "json lines 1 | ab:int x:y:struct<`p q`:int>")
	f("a mark", "\ufeff{\"a\":1}", "json lines 1 | a:int")
	f("dates stay text", `{"d":"2024-01-01"}`, "json lines 1 | d:string")
	f("carriage returns", "{\"a\":1}\r\n{\"a\":2}\r\n", "json lines 2 | a:int")
}

func TestJSONPath(t *testing.T) {
	f := func(path, text, want string) {
		t.Helper()
		p, err := ParsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		s := inferOf(t, text, Options{Classifiers: []Classifier{JSONClassifier{Path: p}}})
		if got := fmt.Sprintf("%d | %s", s.Records, columnsOf(s)); got != want || s.Path != path {
			t.Errorf("%s:\n got %s (path %q)\nwant %s", path, got, s.Path, want)
		}
	}
	doc := `{"meta":{"n":2},"records":[{"a":1},{"a":2,"b":{"c":[{"d":1}]}}],"my-key":{"x":{"q":1},"y":{"q":2}}}`
	f("$[*]", `[{"a":1},{"b":2}]`, "2 | a:int b:int")
	f("$", doc, "1 | meta:struct<n:int> records:array<struct<a:int,b:struct<c:array<struct<d:int>>>>> my-key:struct<x:struct<q:int>,y:struct<q:int>>")
	f("$.records[*]", doc, "2 | a:int b:struct<c:array<struct<d:int>>>")
	f("$.records[1].b.c[*]", doc, "1 | d:int")
	f("$.meta", doc, "1 | n:int")
	f("$['my-key'].*", doc, "2 | q:int")
	f("$.records", doc, "1 | array:array<struct<a:int,b:struct<c:array<struct<d:int>>>>>")
	f("$.records[*].a", doc, "2 | value:int")

	bad := func(path string) {
		t.Helper()
		if _, err := ParsePath(path); err == nil {
			t.Errorf("ParsePath(%q) is taken", path)
		}
	}
	bad("")
	bad("a.b")
	bad("$.")
	bad("$..a")
	bad("$[")
	bad("$[x]")
	bad("$['a]")
	bad("$[-1]")
	bad("$" + strings.Repeat(".a", 100))
}
