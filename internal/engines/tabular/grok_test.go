package tabular

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestGrok(t *testing.T) {
	f := func(pattern, custom, text, want string) {
		t.Helper()
		g, err := NewGrok("mine", pattern, custom)
		if err != nil {
			t.Fatal(err)
		}
		s := inferOf(t, text, Options{Classifiers: []Classifier{g}})
		if got := fmt.Sprintf("%s %d %d | %s", s.Classification, s.Records, s.Bad, columnsOf(s)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", pattern, got, want)
		}
	}
	f(`%{WORD:level} %{INT:n:int} %{NUMBER:took:double} %{GREEDYDATA:rest}`, "", "INFO 5 2.5 x y\n\nWARN 6 1 z\nno\n", "mine 2 1 | level:string n:int took:double rest:string")
	f(`%{ID:id} %{DAY:day}`, "ID [A-Z]{2}%{INT:number:long}\n# more\n", "AB12 Mon\nCD3 Tue\n", "mine 2 0 | id:string number:bigint day:string")
	f(`(?<a>\w+) (?>x|y) %{IP:a} %{IP:b}`, "", "q x 1.2.3.4 5.6.7.8\n", "mine 1 0 | a:string b:string")
	f(`^%{TIMESTAMP_ISO8601:ts:timestamp} %{LOGLEVEL:lvl} \[%{DATA:thread}\]`, "", "2024-01-01 10:00:00 INFO [main] started\n", "mine 1 0 | ts:timestamp lvl:string thread:string")
	f(`%{COMBINEDAPACHELOG}`, "", apacheSample, "mine 2 0 | clientip:string ident:string auth:string timestamp:string verb:string request:string httpversion:string "+
		"rawrequest:string response:string bytes:string referrer:string agent:string")

	bad := func(pattern, custom string) {
		t.Helper()
		if _, err := NewGrok("x", pattern, custom); !errors.Is(err, ErrPattern) {
			t.Errorf("NewGrok(%q, %q): %v, want ErrPattern", pattern, custom, err)
		}
	}
	bad(`%{NOSUCH:a}`, "")
	bad(`no fields`, "")
	bad(`(?=x)%{WORD:a}`, "")
	bad(`%{WORD:a:thing}`, "")
	bad(`%{A:a}`, "A %{B}\nB %{A}")
	bad(`%{WORD:a`, "")
	bad(`%{A:a}`, "A")
	var bomb strings.Builder
	bomb.WriteString("A0 xxxxxxxxxx\n")
	for i := 1; i < 30; i++ {
		fmt.Fprintf(&bomb, "A%d %%{A%d}%%{A%d}%%{A%d}\n", i, i-1, i-1, i-1)
	}
	start := time.Now()
	bad(`%{A29:a}`, bomb.String())
	bad(strings.Repeat(`%{WORD:a}`, 1000), "")
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("refusing a bomb took %v", took)
	}
}

const apacheSample = `127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326 "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"
10.1.2.3 - - [10/Oct/2000:13:55:37 -0700] "POST /b?x=1,2 HTTP/1.1" 404 - "-" "Mozilla/5.0 (KHTML, like Gecko)"
`

func TestKnownLogs(t *testing.T) {
	f := func(text, want string, columns int) {
		t.Helper()
		s := inferOf(t, text, Options{})
		if s.Format != Grok || s.Classification != want || len(s.Columns) != columns {
			t.Errorf("%.30q: %s %s of %s, want %s", text, s.Format, s.Classification, columnsOf(s), want)
		}
	}
	f(apacheSample, "combined_apache", 12)
	f("127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /a.gif HTTP/1.0\" 200 2326\n", "apache", 10)
	f("Oct  3 09:12:01 web1 sshd[812]: Accepted publickey for root, from 10.0.0.1\nOct  3 09:12:02 web1 kernel: eth0: up\n", "linux_kernel", 5)
	f("I, [2024-01-01T10:00:00.123456 #123]  INFO -- prog: hello, you\n", "ruby_logger", 5)
	f("1286536309.450    921 192.168.0.68 TCP_MISS/200 507 POST http://x.example.com/api - DIRECT/66.102.1.1 application/xml\n", "squid", 12)
	f("1339518083.107412 [0 127.0.0.1:60866] \"keys\" \"*\"\n", "redismonlog", 6)
}

func TestSlowPatternsEnd(t *testing.T) {
	g, err := NewGrok("x", `(%{DATA}%{DATA}%{DATA}%{DATA})*x%{WORD:a}$`, "")
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("ab, ", maxLine/4-1) + "\n"
	start := time.Now()
	inferOf(t, strings.Repeat(line, 60), Options{Classifiers: []Classifier{g}})
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}
