package tabular

import (
	"errors"
	"strings"
	"testing"
)

func mustType(t testing.TB, s string) Type {
	t.Helper()
	ty, err := ParseType(s)
	if err != nil {
		t.Fatal(err)
	}
	return ty
}

func TestParseType(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := mustType(t, in).String(); got != want {
			t.Errorf("ParseType(%q) = %q, want %q", in, got, want)
		}
	}
	f("bigint", "bigint")
	f(" INTEGER ", "int")
	f("double precision", "double")
	f("decimal", "decimal(10,0)")
	f("Decimal( 12 , 2 )", "decimal(12,2)")
	f("numeric(5)", "decimal(5,0)")
	f("varchar(20)", "varchar(20)")
	f("array<struct<a:int,B:map<string,array<double>>>>", "array<struct<a:int,B:map<string,array<double>>>>")
	f("struct< a : int , `x:y` : string, user-agent:string >", "struct<a:int,`x:y`:string,user-agent:string>")
	f("struct<>", "struct<>")
	f("struct<`a``b`:int>", "struct<`a``b`:int>")
	f("void", "string")

	bad := func(in string) {
		t.Helper()
		if got, err := ParseType(in); !errors.Is(err, ErrType) {
			t.Errorf("ParseType(%q) = %v, %v, want ErrType", in, got, err)
		}
	}
	bad("")
	bad("text")
	bad("int int")
	bad("decimal(39,0)")
	bad("decimal(5,6)")
	bad("varchar")
	bad("varchar(0)")
	bad("array<int")
	bad("map<int>")
	bad("struct<a>")
	bad("struct<:int>")
	bad("struct<a:int,>")
	bad("struct<`a:int>")
	bad(strings.Repeat("array<", 1000) + "int" + strings.Repeat(">", 1000))
	bad(strings.Repeat(" ", MaxTypeLength+1))
}

func TestWiden(t *testing.T) {
	f := func(a, b, want string) {
		t.Helper()
		x, y := mustType(t, a), mustType(t, b)
		if got := Widen(x, y).String(); got != want {
			t.Errorf("Widen(%s, %s) = %s, want %s", a, b, got, want)
		}
		if got := Widen(y, x); got.Kind != mustType(t, want).Kind {
			t.Errorf("Widen(%s, %s) = %s, want %s", b, a, got, want)
		}
	}
	f("int", "int", "int")
	f("int", "bigint", "bigint")
	f("int", "double", "double")
	f("int", "float", "double")
	f("smallint", "float", "float")
	f("float", "decimal(5,2)", "double")
	f("int", "decimal(5,2)", "decimal(12,2)")
	f("decimal(20,0)", "bigint", "decimal(20,0)")
	f("decimal(10,5)", "decimal(12,1)", "decimal(16,5)")
	f("decimal(38,0)", "decimal(38,10)", "double")
	f("int", "string", "string")
	f("boolean", "int", "string")
	f("date", "timestamp", "timestamp")
	f("date", "int", "string")
	f("varchar(3)", "varchar(9)", "varchar(9)")
	f("varchar(3)", "string", "string")
	f("void", "date", "date")
	f("array<int>", "array<double>", "array<double>")
	f("array<void>", "array<struct<a:int>>", "array<struct<a:int>>")
	f("array<int>", "int", "string")
	f("struct<a:int,b:string>", "struct<A:double,c:date>", "struct<a:double,b:string,c:date>")
	f("map<string,int>", "map<string,bigint>", "map<string,bigint>")
	f("struct<a:int>", "map<string,int>", "string")
	if got := Widen(Of(Void), Of(Void)); got.Kind != Void || got.String() != "string" {
		t.Errorf("nothing seen twice is %v", got)
	}
}

func FuzzParseType(f *testing.F) {
	for _, s := range []string{"int", "decimal(3,2)", "struct<a:int,`b c`:array<map<string,date>>>", "array<array<", "struct<`"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ty, err := ParseType(s)
		if err != nil {
			return
		}
		text := ty.String()
		if len(text) > MaxTypeLength {
			return
		}
		again, err := ParseType(text)
		if err != nil {
			t.Fatalf("ParseType(%q) prints %q, which is not read back: %v", s, text, err)
		}
		if again.String() != text {
			t.Fatalf("%q prints %q, then %q", s, text, again)
		}
		Widen(ty, again)
	})
}
