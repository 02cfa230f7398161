package tabular

import (
	"strings"
	"testing"
)

func TestMerge(t *testing.T) {
	f := func(name, a, b, want string) {
		t.Helper()
		m := Merge(inferOf(t, a, Options{}), inferOf(t, b, Options{}))
		if got := columnsOf(m); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
	f("wider", "id,v\n1,2\n", "id,v\n1,2.5\n", "id:bigint v:double")
	f("text", "id,v\n1,2\n", "id,v\n1,x\n", "id:bigint v:string")
	f("more columns", "id,v\n1,2\n", "id,w,v\n1,x,3\n", "id:bigint v:bigint w:string")
	f("fewer columns", "id,w,v\n1,x,3\n", "id,v\n1,2\n", "id:bigint w:string v:bigint")
	f("another order", "id,w\n1,x\n", "w,id\ny,2\n", "id:bigint w:string")
	f("nothing seen in one", "id,v,w\n1,,x\n", "id,v,w\n1,5,y\n", "id:bigint v:bigint w:string")
	f("nested", `{"a":{"x":1}}`, `{"a":{"x":1.5,"y":"z"},"b":[1]}`, "a:struct<x:double,y:string> b:array<int>")
	f("one without a header", "1,x\n2,y\n", "id,name\n1,x\n", "id:bigint name:string")
	f("one that is empty", "", "id,name\n1,x\n", "id:bigint name:string")
	f("the other is empty", "id,name\n1,x\n", "", "id:bigint name:string")

	m := Merge(inferOf(t, "id,v\n1,\"x\"\n", Options{}), inferOf(t, "id,v\n1,caf\xe9\n2,y\n3,z\n", Options{}))
	if m.Records != 4 || m.Quote != '"' || m.Encoding != Latin1 || m.HeaderLines != 1 || !m.Whole {
		t.Errorf("got %+v", m)
	}
}

func TestSimilar(t *testing.T) {
	f := func(name, a, b string, want bool) {
		t.Helper()
		x, y := inferOf(t, a, Options{}), inferOf(t, b, Options{})
		if Similar(x, y) != want || Similar(y, x) != want {
			t.Errorf("%s: Similar is %v, want %v", name, !want, want)
		}
	}
	f("the same", "id,v\n1,2\n", "id,v\n3,4\n", true)
	f("a type drifts", "id,v\n1,2\n", "id,v\n3,4.5\n", true)
	f("a column more", "id,v,w\n1,2,x\n", "id,v,w,z\n3,4,y,1\n", true)
	f("two columns more of five", "id,v,w\n1,2,x\n", "id,v,w,y,z\n3,4,y,1,1\n", true)
	f("most is new", "id,v\n1,2\n", "id,a,b,c,d,e\n1,2,3,4,5,6\n", false)
	f("nothing alike", "id,v\n1,2\n", "a,b\n1,x\n", false)
	f("another delimiter", "id,v\n1,2\n", "id;v\n1;2\n", false)
	f("another format", "id,v\n1,2\n", `{"id":1,"v":2}`, false)
	f("one without a header", "id,name\n1,x\n2,y\n", "1,x\n2,y\n", true)
	f("one without a header, of other types", "id,name,a\n1,x,1\n2,y,2\n", "x,1,y\nz,2,w\n", false)
	f("one that is empty", "id,v\n1,2\n", "", true)
	f("no headers, other types", "1,x,2\n2,y,3\n", "x,1,z\ny,2,z\n", false)
	f("half of the types", "id,a,b\n1,x,2\n", "id,a,b\n1,5,z\n", false)

	x, err := Infer(t.Context(), Bytes("x", gzipped(t, []byte("id,v\n1,2\n"))), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if Similar(x, inferOf(t, "id,v\n1,2\n", Options{})) {
		t.Error("compressions differ")
	}
}

func TestLongTypesBecomeText(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"m":{`)
	for i := range 9000 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + strings.Repeat("k", 20) + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i/26%50) + string(rune('a'+i/1300)) + `":1`)
	}
	b.WriteString(`}}`)
	s := inferOf(t, b.String(), Options{})
	if got := s.Columns[0].Type.String(); got != "string" {
		t.Errorf("a type of %d characters", len(got))
	}
}

func TestWide(t *testing.T) {
	head, row := strings.Repeat("c,", 9999)+"c\n", strings.Repeat("1,", 9999)+"1\n"
	if s := inferOf(t, head+row+row, Options{}); len(s.Columns) != MaxColumns || s.Columns[9999].Name != "c_9999" {
		t.Errorf("%s of %d columns", s.Format, len(s.Columns))
	}
	if s := inferOf(t, "c,"+head+"1,"+row+"1,"+row, Options{}); s.Format != Unknown {
		t.Errorf("%s of %d columns", s.Format, len(s.Columns))
	}
}

func TestCSVClassifier(t *testing.T) {
	f := func(name string, c CSVClassifier, text, want string) {
		t.Helper()
		s := inferOf(t, text, Options{Classifiers: []Classifier{c}})
		if got := columnsOf(s); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
	f("header there", CSVClassifier{Header: Present}, "name,town\nann,rome\n", "name:string town:string")
	f("header missing", CSVClassifier{Header: Absent}, "id,n\n1,2\n", "col0:string col1:string")
	f("names that collide", CSVClassifier{Header: Present}, "A,a,,a_1,\n1,2,3,4,5\n", "a:bigint a_1:bigint col2:bigint a_1_1:bigint col4:bigint")
	f("own names", CSVClassifier{Columns: []string{"X", "y"}}, "1,a\n2,b\n", "x:bigint y:string")
	f("own names for others", CSVClassifier{Columns: []string{"X", "y"}}, "id,n\n1,a\n2,b\n", "x:bigint y:string")
	f("own names that the file has too", CSVClassifier{Columns: []string{"name", "town"}}, "Name,Town\nann,rome\n", "name:string town:string")
	f("too many names", CSVClassifier{Columns: []string{"a", "b", "c"}}, "id,n\n1,a\n2,b\n", "id:bigint n:string")
	f("own types", CSVClassifier{Types: []Type{Of(String), {}, DecimalOf(10, 2)}}, "id,n,p\n1,2,3\n", "id:string n:bigint p:decimal(10,2)")
	f("another delimiter", CSVClassifier{Delimiter: '~'}, "id~n\n1~a\n2~b\n", "id:bigint n:string")
	f("another quote", CSVClassifier{Quote: '$'}, "id,n\n1,$a,b$\n", "id:bigint n:string")
	f("one column", CSVClassifier{Single: true, Header: Present, Delimiter: ','}, "id\n1\n2\n", "id:bigint")
	f("one row", CSVClassifier{}, "1,a,2\n", "col0:bigint col1:string col2:bigint")
	f("spaces count", CSVClassifier{KeepSpace: true}, "id,n\n1, 5\n", "id:bigint n:string")
}
