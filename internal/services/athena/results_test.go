package athena

import (
	"bufio"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func reader(s string) *csvReader { return &csvReader{r: bufio.NewReader(strings.NewReader(s))} }

func TestRecord(t *testing.T) {
	f := func(in string, want ...string) { // "~" is NULL
		t.Helper()
		r := reader(in)
		row, err := r.record(len(want))
		var got []string
		for _, d := range row {
			if d.VarCharValue == nil {
				got = append(got, "~")
			} else {
				got = append(got, *d.VarCharValue)
			}
		}
		if err != nil || !reflect.DeepEqual(got, want) || r.at != int64(len(in)) {
			t.Errorf("%q: %q %v, at %d", in, got, err, r.at)
		}
	}
	f("\"a\",,\"\"\n", "a", "~", "")
	f("\"a\"\"b\",\"c\nd,e\"\n", `a"b`, "c\nd,e")
	f(",\n", "~", "~")
	f("\n", "~")
	bad := func(in string) {
		t.Helper()
		if _, err := reader(in).record(1); err == nil || errors.Is(err, io.EOF) && in != "" {
			t.Errorf("%q: %v", in, err)
		}
	}
	bad("")
	bad("\"a")
	bad("\"a\"")
	bad("a\n")
	bad("\"a\"b\n")
}

func FuzzRecord(f *testing.F) {
	f.Add("\"a\",,\"\"\n\"b\"\"\n")
	f.Fuzz(func(t *testing.T, s string) {
		r := reader(s)
		for range 10 {
			if _, err := r.record(3); err != nil {
				break
			}
		}
		if r.at > int64(len(s)) {
			t.Errorf("%q: at %d", s, r.at)
		}
	})
}

func TestQuoted(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := string(appendQuoted(nil, []byte(in))); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	f("", `""`)
	f("a", `"a"`)
	f(`a"b"`, `"a""b"""`)
}

func TestViewText(t *testing.T) {
	v := view{SQL: "SELECT 1 AS a", Catalog: "awsdatacatalog", Schema: "s", Columns: []viewColumn{{"a", "integer"}}}
	text, err := viewText(v)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := viewOf(&glueTypes.Table{ViewOriginalText: &text}); err != nil || !reflect.DeepEqual(got, v) {
		t.Errorf("%+v %v", got, err)
	}
	for _, bad := range []string{"", "SELECT 1", "/* Presto View: %% */", "/* Presto View: e30= */"} {
		if _, err := viewOf(&glueTypes.Table{ViewOriginalText: &bad}); err == nil {
			t.Errorf("%q is a view", bad)
		}
	}
}

func TestDescribeResult(t *testing.T) {
	e := &execution{QueryExecution: types.QueryExecution{QueryExecutionId: aws.String("id")}, Columns: said("a")}
	if got := string(describeResult(e)); !strings.HasPrefix(got, "\x0a\x02id\x22") || !strings.Contains(got, "\x22\x01a\x2a\x01a\x32\x06string") {
		t.Errorf("%q", got)
	}
}

func TestAbove(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := above(failure(userError, "%s", in)).Error(); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	f("COLUMN_NOT_FOUND: line 3:8: Column 'x' cannot be resolved", "COLUMN_NOT_FOUND: line 2:8: Column 'x' cannot be resolved")
	f("TYPE_MISMATCH: line 1:8: Cannot cast", "TYPE_MISMATCH: Cannot cast")
	f("anything", "anything")
}
