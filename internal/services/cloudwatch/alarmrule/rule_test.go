package alarmrule

import (
	"fmt"
	"strings"
	"testing"
)

// state: alarms whose name begins with a alarm, with o are OK; others have no data.
func state(alarm string) string {
	switch alarm[0] {
	case 'a':
		return Alarm
	case 'o':
		return OK
	}
	return Insufficient
}

func TestEval(t *testing.T) {
	f := func(text string, want bool, alarms ...string) {
		t.Helper()
		r, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		if got := r.Eval(state); got != want || fmt.Sprint(r.Alarms()) != fmt.Sprint(alarms) {
			t.Errorf("%s: %v of %v, want %v of %v", text, got, r.Alarms(), want, alarms)
		}
	}
	f(`ALARM(a)`, true, "a")
	f(`ALARM("o")`, false, "o")
	f(`ALARM('a b')`, true, "a b")
	f(`OK("o (1)")`, true, "o (1)")
	f(`ALARM("a\"b")`, true, `a"b`)
	f(`INSUFFICIENT_DATA(x)`, true, "x")
	f(`TRUE`, true)
	f(`FALSE OR TRUE AND FALSE`, false)
	f(`ALARM(a) AND NOT ALARM(o)`, true, "a", "o")
	f(`NOT (ALARM(a) OR OK(x))`, false, "a", "x")
	f("ALARM(a)\n AND\tALARM(a)", true, "a")
	f(`ALARM(arn:aws:cloudwatch:us-east-1:123456789012:alarm:x)`, true, "arn:aws:cloudwatch:us-east-1:123456789012:alarm:x")
	f(`AT_LEAST(2, ALARM, (a1, o, a2))`, true, "a1", "o", "a2")
	f(`AT_LEAST(50%, OK, (o, "a", x))`, false, "o", "a", "x")
	f(`AT_LEAST(1, NOT ALARM, (a, o)) AND TRUE`, true, "a", "o")
}

func TestRefused(t *testing.T) {
	for _, text := range []string{"", "ALARM", "ALARM(", "ALARM()", "ALARM(a", "ALARM(a b)", `ALARM("a)`, `ALARM("")`, "a", "ALARM(a) ALARM(b)", "ALARM(a) AND", "NOT",
		"(ALARM(a)", "ALARM(a))", "alarm(a)", "AT_LEAST(0, ALARM, (a))", "AT_LEAST(2, ALARM, (a))", "AT_LEAST(1, ALARM, ())", "AT_LEAST(200%, OK, (a))",
		"AT_LEAST(1, NOPE, (a))", strings.Repeat("(", 200) + "TRUE", strings.Repeat("NOT ", 300) + "TRUE", strings.Repeat("TRUE AND ", 600) + "TRUE"} {
		if r, err := Parse(text); err == nil {
			t.Errorf("%.40q was taken: %+v", text, r.root)
		}
	}
	var b strings.Builder
	for i := range MaxAlarms + 1 {
		fmt.Fprintf(&b, "ALARM(a%d) OR ", i)
	}
	if _, err := Parse(b.String() + "TRUE"); err == nil {
		t.Error("too many alarms were taken")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`ALARM("a") AND NOT (OK(b) OR INSUFFICIENT_DATA('c'))`, `AT_LEAST(50%, NOT ALARM, (a, b))`, "TRUE"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse(s)
		if err != nil {
			return
		}
		r.Eval(func(a string) string {
			if a == "" {
				t.Errorf("%q names an alarm without name", s)
			}
			return OK
		})
	})
}
