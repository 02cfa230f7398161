package expression

import (
	"errors"
	"strings"
	"testing"
)

var keys = []Key{{"Country", "string"}, {"day", "date"}, {"at", "timestamp"}, {"n", "int"}, {"big", "bigint"}, {"l", "long"}, {"t", "tinyint"},
	{"s", "smallint"}, {"price", "decimal(10,2)"}, {"f", "float"}, {"code", "varchar(3)"}, {"2020_total", "int"}}

var partition = []string{"it's", "2024-02-29", "2024-02-29 12:30:00.5", "10", "9000000000", "-7", "5", "300", "12.50", "1.5", "abc", "1"}

func TestMatch(t *testing.T) {
	f := func(source string, want bool) {
		t.Helper()
		p, err := Compile(source, keys)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			return
		}
		if got, err := p.Match(partition); err != nil || got != want {
			t.Errorf("%s: %v %v, want %v", source, got, err, want)
		}
	}
	// text
	f(`country = 'it''s'`, true)
	f(`COUNTRY='it''s'`, true)
	f(`country = 'its'`, false)
	f(`country <> 'its'`, true)
	f(`country != 'its'`, true)
	f(`country < > 'its'`, true)
	f(`country > 'is'`, true)
	f(`country >= 'it''s'`, true)
	f(`country < 'it''s'`, false)
	f(`country <= 'it''s'`, true)
	f(`"country" = 'it''s'`, true)
	f("`Country` = 'it''s'", true)
	f(`'it''s' = country`, true)
	f(`country = 5`, false)
	f(`code = 'abc'`, true)
	f(`code > 'ABC'`, true)
	// numbers as numbers
	f(`n = 10`, true)
	f(`n = '10'`, true)
	f(`n > 9`, true)
	f(`n < 9`, false)
	f(`n >= 10 and n <= 10`, true)
	f(`n <> 10`, false)
	f(`n = 010`, true)
	f(`n = +10`, true)
	f(`9 < n`, true)
	f(`11 > n`, true)
	f(`10 <= n`, true)
	f(`10 >= n`, true)
	f(`9 >= n`, false)
	f(`n > -1`, true)
	f(`big = 9000000000`, true)
	f(`big > 8999999999`, true)
	f(`l = -7`, true)
	f(`l < 0`, true)
	f(`l > -10`, true)
	f(`t = 5`, true)
	f(`s = 300`, true)
	f(`"2020_total" = 1`, true)
	// decimals
	f(`price = 12.5`, true)
	f(`price = '12.500'`, true)
	f(`price = 1.25e1`, true)
	f(`price = 125E-1`, true)
	f(`price > 9`, true)
	f(`price < 12.51`, true)
	f(`price < 100`, true)
	f(`price > -100`, true)
	f(`price > .5`, true)
	f(`price between 12 and 13`, true)
	f(`price > 3e14`, false)
	f(`price > 0`, true)
	// dates and timestamps
	f(`day = '2024-02-29'`, true)
	f(`day = date '2024-02-29'`, true)
	f(`day = DATE('2024-02-29')`, true)
	f(`day = {d '2024-02-29'}`, true)
	f(`day = cast('2024-02-29' as date)`, true)
	f(`day > '2024-01-31'`, true)
	f(`day < date '2024-03-01'`, true)
	f(`day between '2024-02-01' and '2024-02-29'`, true)
	f(`day >= '2025-01-01'`, false)
	f(`day in (date '2024-02-28', date '2024-02-29')`, true)
	f(`at = '2024-02-29 12:30:00.500'`, true)
	f(`at = timestamp '2024-02-29 12:30:00.5'`, true)
	f(`at > '2024-02-29 12:30:00'`, true)
	f(`at < '2024-02-29 12:30:00.500000001'`, true)
	f(`at < {ts '2024-02-29 12:30:01'}`, true)
	f(`at < cast('2024-02-29 12:29:59' as timestamp)`, false)
	// sets and ranges
	f(`n in (1, 10, 100)`, true)
	f(`n IN ('1','10')`, true)
	f(`n in (1)`, false)
	f(`n not in (1, 2)`, true)
	f(`n between 10 and 10`, true)
	f(`n between 11 and 9`, false)
	f(`n not between 11 and 20`, true)
	f(`country in ('a', 'it''s')`, true)
	// patterns
	f(`country like 'it%'`, true)
	f(`country like '%s'`, true)
	f(`country like 'it_s'`, true)
	f(`country like 'it__s'`, false)
	f(`country like '%t%s%'`, true)
	f(`country like 'it'`, false)
	f(`country like '%'`, true)
	f(`country not like 'x%'`, true)
	f(`country like 'it!_s' escape '!'`, false)
	f(`code like 'a%c'`, true)
	// null
	f(`country is null`, false)
	f(`country is not null`, true)
	f(`n IS NOT NULL and n = 10`, true)
	// and, or, not
	f(`n = 1 or n = 10`, true)
	f(`n = 1 or n = 2 and country = 'it''s'`, false)
	f(`(n = 1 or n = 10) and country = 'it''s'`, true)
	f(`not n = 1`, true)
	f(`not not n = 1`, false)
	f(`not (n = 1 or country = 'x')`, true)
	f(`not n = 1 and n = 10`, true)
	f(`NOT (n = 10 AND t = 5)`, false)
	f(`((n) = ((10)))`, true)
	f(`((n) = 10) or (((t))) = (2)`, true)
	f(`((((n = 10))))`, true)
	f(`1 = 1`, true)
	f(`1 = 1 and n = 11`, false)
	f(`'a' = 'b' or n = 10`, true)
	f(`1 = 1.0`, true)
	f("n\n=\t10\r\n", true)
}

func TestNull(t *testing.T) {
	null := make([]string, len(keys))
	for i := range null {
		null[i] = Null
	}
	f := func(source string, want bool) {
		t.Helper()
		p, err := Compile(source, keys)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Match(null); err != nil || got != want {
			t.Errorf("%s: %v %v, want %v", source, got, err, want)
		}
	}
	f(`n is null`, true)
	f(`n is not null`, false)
	f(`n = 1`, false)
	f(`not n = 1`, false)
	f(`n <> 1`, false)
	f(`n = 1 or n is null`, true)
	f(`n = 1 and n is null`, false)
	f(`not (n = 1 and 1 = 2)`, true)
	f(`country is null`, true)
	f(`country = '__HIVE_DEFAULT_PARTITION__'`, true)
}

func TestRefused(t *testing.T) {
	f := func(source, message string) {
		t.Helper()
		_, err := Compile(source, keys)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, message) {
			t.Errorf("%s: %v, want %q", source, err, message)
		}
	}
	f(``, "Unsupported expression")
	f(`n`, "Unsupported expression 'n' at position 2")
	f(`n =`, "at position 4")
	f(`n = 1 and`, "at position 10")
	f(`n = 1 n = 2`, "at position 7")
	f(`(n = 1`, "at position 7")
	f(`n = 1)`, "at position 6")
	f(`n in ()`, "at position 7")
	f(`n in (1,)`, "at position 9")
	f(`n between 1`, "Unsupported expression")
	f(`n is 1`, "Unsupported expression")
	f(`country = 'open`, "at position 11")
	f(`n ! 1`, "Unsupported expression")
	f(`n = 1; drop`, "at position 6")
	f(`n = t`, "Unsupported expression")
	f(`lower(country) = 'x'`, "Invalid partition expression! Unknown column 'lower'")
	f(`nothing = 1`, "Invalid partition expression! Unknown column 'nothing'")
	f(`nothing IS NULL`, "Invalid partition expression!")
	f(`f = 1.5`, "Unknown type : 'float'")
	f(`n = 'test'`, `"test" is not an integer.`)
	f(`n in (2.5)`, `"2.5" is not an integer.`)
	f(`n = 3000000000`, "is not an integer.")
	f(`t = 128`, "is not an integer.")
	f(`price = 'test'`, "test is not a decimal.")
	f(`day = '2023-02-29'`, "2023-02-29 is not a date.")
	f(`day = '20230228'`, "is not a date.")
	f(`day = date 'x'`, "x is not a date.")
	f(`at = '2023'`, "Timestamp format must be yyyy-mm-dd hh:mm:ss[.fffffffff]")
	f(`n like '1%'`, "Integral data type doesn't support operation 'LIKE'")
	f(`day like '2%'`, "Date data type doesn't support operation 'LIKE'")
	f(`price like '2%'`, "Decimal data type doesn't support operation 'LIKE'")
	f(`at like '2%'`, "Timestamp data type doesn't support operation 'LIKE'")
	f(strings.Repeat("(", 200)+"n = 1"+strings.Repeat(")", 200), "nested too deeply")
	f(strings.Repeat("not ", 200)+"n = 1", "nested too deeply")
	f("n = "+strings.Repeat("(", 200)+"1"+strings.Repeat(")", 200), "Unsupported expression")
	f(strings.Repeat("n = 1 or ", 5000)+"n = 1", "longer than")
}

func TestValueOfAnotherType(t *testing.T) {
	p, err := Compile(`country = 'x' and n = 2`, keys)
	if err != nil {
		t.Fatal(err)
	}
	values := append([]string{"x", "", ""}, "int")
	if ok, err := p.Match(values); err == nil || ok || err.Error() != `"int" is not an integer.` {
		t.Errorf("%v %v", ok, err)
	}
	values[0] = "y" // n doesn't matter then
	if ok, err := p.Match(values); err != nil || ok {
		t.Errorf("%v %v", ok, err)
	}
}

func TestRequired(t *testing.T) {
	p, err := Compile(`n = 1 and (t = 2 or t = 3) and not s = 4 and country = 'x'`, keys)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range p.Required() {
		names = append(names, keys[p.Column(l)].Name)
	}
	if got := strings.Join(names, " "); got != "n Country" {
		t.Errorf("required: %q", got)
	}
}

func TestNoAllocationPerRow(t *testing.T) {
	p, err := Compile(`country like 'it%' and day between '2024-01-01' and '2024-12-31' and n in (1,10) and price < 100.0 and at > '2024-01-01 00:00:00'`, keys)
	if err != nil {
		t.Fatal(err)
	}
	row := &direct{p: p, values: partition}
	if n := testing.AllocsPerRun(100, func() {
		if r := p.Decide(row); r != True {
			t.Fatal(r)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkMatch(b *testing.B) {
	p, err := Compile(`country = 'it''s' and day = '2024-02-29' and n = 11`, keys)
	if err != nil {
		b.Fatal(err)
	}
	row := &direct{p: p, values: partition}
	for b.Loop() {
		if p.Decide(row) == Bad {
			b.Fatal("bad")
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{`country = 'it''s'`, `n in (1, -2e3) or not (day between date '2024-01-01' and {d '2024-02-02'})`, `"a" < > 5`,
		`cast('2024-01-01' as date) = day`, `((n)) = ((1))`, `country like 'a!%' escape '!'`, `x is not null`, `1e9999 = 1`} {
		f.Add(s, "10")
	}
	f.Fuzz(func(t *testing.T, source, value string) {
		p, err := Compile(source, keys)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Position < 0 || e.Position > len(source)+1 {
				t.Fatalf("%q: %v", source, err)
			}
			return
		}
		values := make([]string, len(keys))
		for i := range values {
			values[i] = value
		}
		first, err := p.Match(values)
		negated, again := Compile("not ("+source+")", keys)
		if again != nil {
			if strings.Contains(again.Error(), "too deeply") || strings.Contains(again.Error(), "longer") {
				return
			}
			t.Fatalf("%q cannot be negated: %v", source, again)
		}
		second, err2 := negated.Match(values)
		if first && second || (err == nil) != (err2 == nil) {
			t.Fatalf("%q of %q: %v %v, negated %v %v", source, value, first, err, second, err2)
		}
	})
}
