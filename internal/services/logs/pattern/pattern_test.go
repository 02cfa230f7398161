package pattern

import (
	"maps"
	"strings"
	"testing"
)

const (
	apache = `127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534`
	trail  = `{"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111","arrayKey":["value","another value"],"objectList":[{"name":"a","id":1},{"name":"b","id":2}],"SomeObject":null,"bandwidth":75,"ok":true,"bad":false,"deep":{"a.b":"x","n":-1.5e3},"cluster.name":"c","text":"404"}`
)

func TestMatch(t *testing.T) {
	f := func(pattern, message string, want bool) {
		t.Helper()
		p, err := Parse(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			return
		}
		if got := p.Match(message); got != want {
			t.Errorf("%s on %s: got %v", pattern, message, got)
		}
	}
	// Terms.
	f("", "anything", true)
	f(" ", "anything", true)
	f("ERROR", "[ERROR 400] BAD REQUEST", true)
	f("ERROR", "[error 400] BAD REQUEST", false)
	f("ERROR", "ERRORS", true)
	f("ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", true)
	f("ERROR ARGUMENTS", "ARGUMENTS ERROR", true)
	f("ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST", false)
	f("ERROR\tARGUMENTS", "ERROR ARGUMENTS", true)
	f(`"INTERNAL SERVER ERROR"`, "[ERROR 500] INTERNAL SERVER ERROR", true)
	f(`"INTERNAL SERVER ERROR"`, "INTERNAL ERROR SERVER", false)
	f(`"a \"b\" c"`, `x a "b" c y`, true)
	f(`"a\\b"`, `a\b`, true)
	f(`"a" "c"`, "abc", true)
	f(`"a""d"`, "abc", false)
	f("?ERROR ?ARGUMENTS", "[ERROR 400]", true)
	f("?ERROR ?ARGUMENTS", "no ARGUMENTS", true)
	f("?ERROR ?ARGUMENTS", "fine", false)
	f(`?"a b" ?c`, "x a b y", true)
	f("ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST", true)
	f("ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", false)
	f("-ERROR", "fine", true)
	f("-ERROR", "ERROR", false)
	f(`ERROR -"bad thing"`, "ERROR bad thing", false)
	f(`ERROR -"bad thing"`, "ERROR bad", true)
	f(`- "health check"`, "a health check", false)
	f("ERROR ?WARN", "ERROR", true)
	f("ERROR ?WARN", "WARN", false)
	f("a:b", "x a:b", true)
	f("ünï", "ünïcode", true)
	f("400", "[ERROR 400]", true)
	// Regular expressions.
	f("%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST", true)
	f("%AUTHORIZED%", "authorized", false)
	f("%^[hc]at%", "hat", true)
	f("%^[hc]at%", "a cat", false)
	f("%[hc]at$%", "a cat", true)
	f("%colou?r%", "color", true)
	f("%gray|grey%", "grey", true)
	f("%[0-9]{3}%", "a 404", true)
	f("%[0-9]{4}%", "a 404", false)
	f(`%\d{1,3}\.\d{1,3}%`, "10.1", true)
	f(`%\x41%`, "A", true)
	f("%a+b*%", "caa", true)
	f("-%ERR[0-9]%", "ERR5", false)
	f("?%x% ?%y%", "y", true)
	f("ERROR %4[0-9][0-9]%", "ERROR 418", true)
	// JSON.
	f(`{ $.eventType = "UpdateTrail" }`, trail, true)
	f(`{$.eventType="UpdateTrail"}`, trail, true)
	f(`{ $.eventType = UpdateTrail }`, trail, true)
	f(`{ $.eventType = "Update*" }`, trail, true)
	f(`{ $.eventType = Update* }`, trail, true)
	f(`{ $.eventType = "*Trail" }`, trail, true)
	f(`{ $.eventType = "*date*" }`, trail, true)
	f(`{ $.eventType = "*x*" }`, trail, false)
	f(`{ $.eventType = "U*T*l" }`, trail, true)
	f(`{ $.eventType = "updatetrail" }`, trail, false)
	f(`{ $.eventType != "UpdateTrail" }`, trail, false)
	f(`{ $.eventType != "x" }`, trail, true)
	f(`{ $.sourceIPAddress != 123.123.* }`, trail, true)
	f(`{ $.sourceIPAddress = 111.111.* }`, trail, true)
	f(`{ $.arrayKey[0] = "value" }`, trail, true)
	f(`{ $.arrayKey[1] = "value" }`, trail, false)
	f(`{ $.arrayKey[2] = "value" }`, trail, false)
	f(`{ $.arrayKey[*] = "another value" }`, trail, true)
	f(`{ $.arrayKey[*] = "x" }`, trail, false)
	f(`{ $.arrayKey = "value" }`, trail, false)
	f(`{ $.objectList[1].id = 2 }`, trail, true)
	f(`{ $.objectList[*].name = "b" }`, trail, true)
	f(`{ $.objectList[*].id > 2 }`, trail, false)
	f(`{ $.bandwidth > 74 }`, trail, true)
	f(`{ $.bandwidth >= 75 }`, trail, true)
	f(`{ $.bandwidth > 75 }`, trail, false)
	f(`{ $.bandwidth < 75 }`, trail, false)
	f(`{ $.bandwidth <= 75 }`, trail, true)
	f(`{ $.bandwidth = 75 }`, trail, true)
	f(`{ $.bandwidth = 75.0 }`, trail, true)
	f(`{ $.bandwidth = 7.5e1 }`, trail, true)
	f(`{ $.bandwidth != 75 }`, trail, false)
	f(`{ $.bandwidth = "75" }`, trail, false)
	f(`{ $.bandwidth = "*" }`, trail, true)
	f(`{ $.bandwidth = 7* }`, trail, true)
	f(`{ $.deep.n = -1500 }`, trail, true)
	f(`{ $.deep.n < 0 }`, trail, true)
	f(`{ $.text = 404 }`, trail, true)
	f(`{ $.text = "404" }`, trail, true)
	f(`{ $.text > 400 }`, trail, true)
	f(`{ $.eventType > 1 }`, trail, false)
	f(`{ $.ok IS TRUE }`, trail, true)
	f(`{ $.ok IS FALSE }`, trail, false)
	f(`{ $.bad is false }`, trail, true)
	f(`{ $.ok = true }`, trail, true)
	f(`{ $.ok = "true" }`, trail, false)
	f(`{ $.eventType IS TRUE }`, trail, false)
	f(`{ $.SomeObject IS NULL }`, trail, true)
	f(`{ $.eventType IS NULL }`, trail, false)
	f(`{ $.none IS NULL }`, trail, false)
	f(`{ $.SomeOtherObject NOT EXISTS }`, trail, true)
	f(`{ $.SomeObject NOT EXISTS }`, trail, false)
	f(`{ $.eventType EXISTS }`, trail, true)
	f(`{ $.none = "x" }`, trail, false)
	f(`{ $.none != "x" }`, trail, false)
	f(`{ $.SomeObject = "*" }`, trail, false)
	f(`{ $.deep.['a.b'] = "x" }`, trail, true)
	f(`{ $['cluster.name'] = "c" }`, trail, true)
	f(`{ $.deep["a.b"] = "x" }`, trail, true)
	f(`{ $.deep.* = "x" }`, trail, true)
	f(`{ $.eventType = %Trail$% }`, trail, true)
	f(`{ $.eventType = %^Trail% }`, trail, false)
	f(`{ $.eventType != %^Trail% }`, trail, true)
	f(`{ $.bandwidth = %^7% }`, trail, true)
	f(`{ $.ok IS TRUE && $.bandwidth > 70 }`, trail, true)
	f(`{ $.ok IS FALSE && $.bandwidth > 70 }`, trail, false)
	f(`{ $.ok IS FALSE || $.bandwidth > 70 }`, trail, true)
	f(`{ ($.ok IS FALSE || $.bandwidth > 70) && $.text = 404 }`, trail, true)
	f(`{ $.ok IS TRUE || $.bad IS TRUE && $.none = 1 }`, trail, true)
	f(`{ ($.ok IS TRUE || $.bad IS TRUE) && $.none = 1 }`, trail, false)
	f(`{ ((($.ok IS TRUE))) }`, trail, true)
	f(`{ ($.a=1)&&($.b=2) }`, `{"a":1,"b":2}`, true)
	f(`{ $.a = 1&&$.b = 2 }`, `{"a":1,"b":2}`, true)
	f(`{ $.a = "x y" }`, `{"a":"x y"}`, true)
	f(`{ $.a = "a\"b" }`, `{"a":"a\"b"}`, true)
	f(`{ $.a = "ü" }`, `{"a":"ü"}`, true)
	f(`{ $.a = "ü" }`, `{"a":"\u00fc"}`, true)
	f(`{ $.a-b = 1 }`, `{"a-b":1}`, true)
	f(`{ $[0].a = 1 }`, `[{"a":1}]`, true)
	f(`{ $.a = 1 }`, `not {"a":1}`, false)
	f(`{ $.a = 1 }`, `{"a":1} more`, false)
	f(`{ $.a = 1 }`, `{"a":1`, false)
	f(`{ $.a = 1 }`, ` {"a":1} `, true)
	f(`{ $.a = 9007199254740993 }`, `{"a":9007199254740993}`, true)
	// Fields.
	f("[ip, user, username, timestamp, request, status_code, bytes]", apache, true)
	f("[ip, user, username]", apache, false)
	f("[ip, user, username, timestamp, request, status_code = 404, bytes]", apache, true)
	f("[ip, user, username, timestamp, request, status_code = 4*, bytes]", apache, true)
	f("[ip, user, username, timestamp, request, status_code=5*, bytes]", apache, false)
	f("[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]", apache, true)
	f("[ip, user, username, timestamp, request, status_code = 4* && bytes > 1000, bytes]", apache, true)
	f("[ip, user, username, timestamp, request, status_code, bytes > 2000]", apache, false)
	f("[ip, user, username, timestamp, request, status_code, bytes >= 1534]", apache, true)
	f("[ip, user, username, timestamp, request, status_code = 404 || status_code = 410, bytes]", apache, true)
	f("[..., status_code = 404, bytes]", apache, true)
	f("[..., status_code = 405, bytes]", apache, false)
	f("[ip = 127*, ...]", apache, true)
	f("[ip = 128*, ...]", apache, false)
	f("[ip, ..., bytes]", apache, true)
	f("[...]", apache, true)
	f("[...]", "", true)
	f("[a, b, ...]", "one", false)
	f("[, , , , , status = 404, ]", apache, true)
	f("[w1=ERROR, w2]", "ERROR 400", true)
	f("[w1=ERROR, w2]", "WARN 400", false)
	f("[w1!=ERROR && w1!=WARN, w2]", "INFO x", true)
	f("[w1!=ERROR && w1!=WARN, w2]", "WARN x", false)
	f(`[w1="ERROR", w2]`, "ERROR 400", true)
	f(`[w1, w2="a b"]`, `x "a b"`, true)
	f(`[w1, w2="a b"]`, "x [a b]", true)
	f(`[w1=%^ERR%, w2]`, "ERROR 400", true)
	f(`[w1!=%^ERR%, w2]`, "ERROR 400", false)
	f(`[(w1=ERROR || w1=WARN), w2]`, "WARN 1", true)
	f(`[ ( w1=ERROR ) , w2]`, "WARN 1", false)
	f("[r=REPORT, ...]", "REPORT RequestId: x Duration: 5 ms", true)
	f("[a]", "one", true)
	f("[a]", "one two", false)
	f("[a]", `"unclosed`, true)
	f("[a, b]", "a\tb", true)
	f("[n < -1]", "-2", true)
	f("[n < -1]", "x", false)
	f("[n = 1e3]", "1000", true)
}

func TestRefused(t *testing.T) {
	for _, pattern := range []string{"{", "{}", "{ $ = 1 }", "{ a = 1 }", "{ $.a }", "{ $.a = }", "{ $.a = 1", "{ $.a = 1 } x", "{ $.a > x }", `{ $.a > "1" }`,
		"{ $.a IS x }", "{ $.a NOT x }", "{ $.a[ = 1 }", "{ $.a[x] = 1 }", "{ $.a[-1] = 1 }", "{ $..a = 1 }", "{ $.a = 1 && }", "{ ($.a = 1 }", `{ $.a = "x }`,
		"{ $.a == 1 && || }", "{ $.a = %x }", "{ $.a = %(x)% }", "[", "[a", "[a, a]", "[..., ...]", "[a b]", "[a = ]", "[a] x", "[a, b = 1 && c = 2]", "[a > x]",
		`"open`, "%open", "%%", "%a!b%", "%(a)%", "%[%", "%a{2000}%", "?", "-", "ERROR -", "%ü%",
		"{" + strings.Repeat("(", 1000) + "$.a = 1" + strings.Repeat(")", 1000) + "}", "{ $" + strings.Repeat(".a", 1000) + " = 1 }"} {
		if _, err := Parse(pattern); err == nil {
			t.Errorf("%s is taken", pattern)
		}
	}
}

func TestExtract(t *testing.T) {
	f := func(pattern, message string, want map[string]string) {
		t.Helper()
		p, err := Parse(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Extract(message); !maps.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", pattern, got, want)
		}
	}
	f("ERROR", "ERROR", map[string]string{})
	f("[ip, identity, user_id, timestamp, request, status_code, size]", apache, map[string]string{"$ip": "127.0.0.1", "$identity": "-", "$user_id": "frank",
		"$timestamp": "10/Oct/2000:13:25:15 -0700", "$request": "GET /index.html HTTP/1.0", "$status_code": "404", "$size": "1534"})
	f("[..., size]", apache, map[string]string{"$1": "127.0.0.1", "$2": "-", "$3": "frank", "$4": "10/Oct/2000:13:25:15 -0700",
		"$5": "GET /index.html HTTP/1.0", "$6": "404", "$size": "1534"})
	f(`{ $.bandwidth > 1 || $.eventType = "x" || $.objectList[1].id = 7 || $.none = 1 }`, trail,
		map[string]string{"$.bandwidth": "75", "$.eventType": "UpdateTrail", "$.objectList[1].id": "2"})
	p, err := Parse(`{ $.bandwidth = * }`)
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := p.Value(trail, "$.deep.n"); v != "-1.5e3" || !ok {
		t.Errorf("got %s %v", v, ok)
	}
	if v, ok := p.Value(trail, "$.none"); ok {
		t.Errorf("got %s", v)
	}
}

func FuzzPattern(f *testing.F) {
	for _, s := range []string{"", "ERROR -x ?y", `"a b"`, "%a+%", `{ ($.a[0].b = "x*" && $.c != 1) || $.d IS NULL }`, "[a, b=1* || b>2, ...]", "{ $['x'] NOT EXISTS }"} {
		f.Add(s, trail)
		f.Add(s, apache)
	}
	f.Fuzz(func(t *testing.T, pattern, message string) {
		if len(pattern) > 1024 {
			return
		}
		p, err := Parse(pattern)
		if err != nil {
			return
		}
		p.Match(message)
		p.Extract(message)
		p.Value(message, "$.a")
	})
}
