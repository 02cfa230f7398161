package insights

import (
	"fmt"
	"strings"
	"testing"
)

// lines are records a minute apart, the first at 2025-01-01 00:00.
var lines = []string{
	`{"level":"INFO","ms":12,"user":{"name":"ann","ip":"10.0.0.1"},"tags":["a","b"],"ok":true}`,
	`{"level":"ERROR","ms":230.5,"user":{"name":"bob","ip":"10.0.1.7"},"tags":["b"]}`,
	`{"level":"INFO","ms":40,"user":{"name":"ann","ip":"192.168.0.1"},"text":"a|b 'c'"}`,
	`plain text user=carl, method:get, latency := 17`,
	`REPORT RequestId: 3f1b2c4d-0000-4000-8000-123456789abc	Duration: 102.25 ms	Billed Duration: 103 ms	Memory Size: 128 MB	Max Memory Used: 30 MB	Init Duration: 20.5 ms`,
	`{"level":"WARN","ms":"7","user":{"name":"dora"},"a.b":{"c":5}}`,
}

const start = 1735689600000

func run(t *testing.T, query string, limit int) string {
	t.Helper()
	q, err := Parse(query, start)
	if err != nil {
		return err.Error()
	}
	r := q.Start(limit)
	for i := range lines {
		n := i
		if !q.Oldest() {
			n = len(lines) - 1 - i
		}
		if !r.Push(Record{Time: start + int64(n)*60_000, Ingested: start, Message: lines[n], Stream: fmt.Sprint("s", n%2), Log: "111122223333:g", Pointer: func() string { return fmt.Sprint(n) }}) {
			break
		}
	}
	rows, err := r.Finish()
	if err != nil {
		return err.Error()
	}
	var out []string
	for _, row := range rows {
		var fields []string
		for _, f := range row {
			if f.Name != "@ptr" {
				fields = append(fields, f.Name+"="+f.Value)
			}
		}
		out = append(out, strings.Join(fields, " "))
	}
	return strings.Join(out, " / ")
}

func TestQueries(t *testing.T) {
	f := func(query, want string) {
		t.Helper()
		if got := run(t, query, 0); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", query, got, want)
		}
	}
	f(`fields level | filter level = "ERROR"`, "level=ERROR")
	f(`fields level, ms`, "level=WARN ms=7 /  /  / level=INFO ms=40 / level=ERROR ms=230.5 / level=INFO ms=12")
	f("fields @timestamp, level | sort @timestamp asc | limit 1", "@timestamp=2025-01-01 00:00:00.000 level=INFO")
	f("FIELDS level | FILTER level like /WA/ # a comment\n| limit 5", "level=WARN")
	f(`filter level in ["WARN", 'ERROR'] | fields level | sort level`, "level=ERROR / level=WARN")
	f(`filter level not in ["WARN", "ERROR"] and ispresent(level) | fields ms | sort ms desc`, "ms=40 / ms=12")
	f(`fields user.name as who | filter who =~ "an" | dedup who`, "who=ann")
	f(`fields user.name | filter user.name = "ann" | limit 1`, "user.name=ann")
	f(`fields tags.0 as t | filter ispresent(t) | sort @timestamp asc`, "t=a / t=b")
	f("fields `a.b`", "a.b={\"c\":5} /  /  /  /  / ")
	f("fields a.b.c as x | filter x > 4", "x=5")
	f(`filter ms > 30 and not (level = "ERROR") | fields ms`, "ms=40")
	f(`filter ms > 30 or level = "WARN" | fields ms | sort ms`, "ms=7 / ms=40 / ms=230.5")
	f(`fields ms * 2 + 1 as x | filter level = "INFO" | sort x`, "x=25 / x=81")
	f(`fields (ms - 2) / 10 as x, ms % 5 as m, 2 ^ 3 as p, -ms as n | filter ms = 12`, "x=1 m=2 p=8 n=-12")
	f(`fields 1 / 0 as x, 5 as five | limit 1`, "five=5")
	f(`stats count(*) as n by level | sort level`, "n=2 / level=ERROR n=1 / level=INFO n=2 / level=WARN n=1")
	f(`stats count(*)`, "count(*)=6")
	f(`stats count()`, "count()=6")
	f(`filter level = "none" | stats count(*) as n`, "n=0")
	f(`stats sum(ms) as s, avg(ms), min(ms) as lo, max(ms) as hi, count(ms) as c`, "s=289.5 avg(ms)=72.375 lo=7 hi=230.5 c=4")
	f(`stats pct(ms, 50) as p, median(ms) as m, stddev(ms) as d`, "p=26 m=26 d=92.1557")
	f(`stats count_distinct(user.name) as u, earliest(user.name) as e, latest(user.name) as l, sortsFirst(user.name) as a, sortsLast(user.name) as z`,
		"u=3 e=ann l=dora a=ann z=dora")
	f(`stats count(*) as n by bin(2m) | sort bin(2m)`, "bin(2m)=2025-01-01 00:00:00.000 n=2 / bin(2m)=2025-01-01 00:02:00.000 n=2 / bin(2m)=2025-01-01 00:04:00.000 n=2")
	f(`stats count(*) by level | sort count(*) desc, level desc | limit 1`, "level=INFO count(*)=2")
	f(`stats count(*) as n by bin(1 hour) as t`, "t=2025-01-01 00:00:00.000 n=6")
	f(`stats count(*) as n by level | filter n > 1 and ispresent(level) | display level`, "level=INFO")
	f(`stats count(*) as n by level | stats max(n) as m`, "m=2")
	f(`parse @message "user=*, method:*, latency := *" as who, how, latency | filter ispresent(who) | display who, how, latency`, "who=carl how=get latency=17")
	f(`parse "user=*," as who | filter who = "carl" | fields who`, "who=carl")
	f(`parse @message /user=(?<who>\w+), method:(?<how>\w+)/ | filter ispresent(how) | stats count(*) by who`, "who=carl count(*)=1")
	f(`parse /latency := (\d+)/ as n | filter n > 16 | fields n`, "n=17")
	f(`parse user.ip "*.*.*.*" as a, b, c, d | filter c = 1 | fields a, d`, "a=10 d=7")
	f(`filter @type = "REPORT" | fields @requestId, @duration, @billedDuration, @memorySize, @maxMemoryUsed, @initDuration`,
		"@requestId=3f1b2c4d-0000-4000-8000-123456789abc @duration=102.25 @billedDuration=103 @memorySize=128000000 @maxMemoryUsed=30000000 @initDuration=20.5")
	f(`filter @logStream = "s1" | stats count(*)`, "count(*)=3")
	f(`filter @log = "111122223333:g" and @message like "plain" | fields strlen(@message) as l`, "l=47")
	f(`fields toupper(user.name) as u, concat(level, "-", ms) as c, substr(level, 1, 2) as s, replace(level, "R", "x") as r | filter level = "ERROR"`, "u=BOB c=ERROR-230.5 s=RR r=ExxOx")
	f(`fields trim("  x ") as a, ltrim("xxy", "x") as b, strcontains("abc", "b") as c, isempty("") as d, isblank("  ") as e, tolower("A") as g | limit 1`, "a=x b=y c=1 d=1 e=1 g=a")
	f(`fields abs(-3) as a, ceil(1.2) as b, floor(1.8) as c, sqrt(16) as d, greatest(1, 3, 2) as e, least(4, 2) as g, coalesce(none, "z") as h | limit 1`, "a=3 b=2 c=1 d=4 e=3 g=2 h=z")
	f(`filter isIpInSubnet(user.ip, "10.0.0.0/16") | stats count(*)`, "count(*)=2")
	f(`filter isValidIp(user.ip) | stats count(*)`, "count(*)=3")
	f(`fields fromMillis(0) as a, toMillis(@timestamp) as b, datefloor(@timestamp, 1h) as c, dateceil(@timestamp, 1h) as d | sort @timestamp desc | limit 1`,
		"a=1970-01-01 00:00:00.000 b=1735689900000 c=2025-01-01 00:00:00.000 d=2025-01-01 01:00:00.000")
	f(`fields jsonParse(@message) as j | filter level = "WARN" | display strlen(j) as n`, "n=62")
	f(`filter level = 'WARN' | fields @message | display level`, "level=WARN")
	f(`fields level | filter text = "a|b 'c'"`, "level=INFO")
	f(`filter ok = 1 | fields ok`, "ok=1")
	f(`filter level != "INFO" and ispresent(level) | stats count(*) as n`, "n=2")
	f(`filter level not like /O/ and ispresent(level) | fields level`, "level=WARN")
	f(`filter @timestamp > 1735689800000 | stats count(*)`, "count(*)=2")
	f(`dedup level | stats count(*)`, "count(*)=5")
	f(`fields level | sort ms desc, level asc | limit 2`, "level=ERROR / level=INFO")
	f(`limit 2 | stats count(*)`, "count(*)=2")
	f(``, "@timestamp=2025-01-01 00:05:00.000 @message="+lines[5]+" / "+rest())
	if got := run(t, "fields level", 2); got != "level=WARN / " {
		t.Errorf("got %s", got)
	}
}

func rest() string {
	var out []string
	for i := len(lines) - 2; i >= 0; i-- {
		out = append(out, fmt.Sprintf("@timestamp=2025-01-01 00:0%d:00.000 @message=%s", i, lines[i]))
	}
	return strings.Join(out, " / ")
}

func TestRefused(t *testing.T) {
	for _, q := range []string{"nonsense", "fields", "fields a,", "filter", "filter a =", "filter a = (", "filter (a = 1", "stats", "stats foo(x)", "stats count(a, b)", "stats pct(a)",
		"stats count(*) by", "stats sum(*)", "sort", "limit x", "limit 0", "limit", "parse", `parse "*"`, `parse "*" as a, b`, `parse "x" as a`, "parse /(/ as a", "parse /(a)/",
		"dedup", "fields a b", "filter a like /x", "filter a in [1", "filter a in 1", `filter a = "x`, "fields `a", "fields f(x)", "fields bin(5)", "fields bin(5 parsecs)", "fields bin(-1m)",
		"fields abs()", "fields abs(1, 2)", "fields 1.2.3", "filter a not", "fields a as 1", "pattern @message", "fields a | | limit", "filter " + strings.Repeat("(", 500) + "a" + strings.Repeat(")", 500),
		"filter " + strings.Repeat("not ", 500) + "a", "fields " + strings.Repeat("-", 500) + "1", strings.Repeat("fields a | ", 2000)} {
		if _, err := Parse(q, 0); err == nil {
			t.Errorf("%.60s is taken", q)
		}
	}
}

func TestNames(t *testing.T) {
	r := Record{Message: lines[0]}
	if got := len(r.Names(100)); got != 5+7 {
		t.Errorf("got %d names: %v", got, r.Names(100))
	}
	if got := r.Fields(100)["user.ip"]; got != "10.0.0.1" {
		t.Errorf("got %s", got)
	}
}

func FuzzQuery(f *testing.F) {
	for _, q := range []string{`fields a, b.c as d | filter a like /x/ and not (b in [1, "2"]) | sort a desc | limit 3`, `parse @message "a * b *" as x, y | dedup x`,
		`stats count(*), pct(a, 95) by bin(5m), level | display level`, "fields `x-y`, concat(a, 'b') # c\n| filter a != 1"} {
		f.Add(q, lines[0])
	}
	f.Fuzz(func(t *testing.T, query, message string) {
		q, err := Parse(query, 0)
		if err != nil {
			return
		}
		r := q.Start(0)
		for i := range 3 {
			r.Push(Record{Time: int64(i), Message: message, Pointer: func() string { return "" }})
		}
		_, _ = r.Finish()
	})
}
