package sandbox

import (
	"strings"
	"testing"
	"time"
)

func TestJournal(t *testing.T) {
	f := func(writes []string, want ...string) {
		t.Helper()
		var got []string
		l := &journal{to: func(l LogLine) { got = append(got, l.Text) }, now: time.Now}
		for _, w := range writes {
			if n, err := l.Write([]byte(w)); n != len(w) || err != nil {
				t.Errorf("wrote %d, %v", n, err)
			}
		}
		l.line("END")
		if g, w := strings.Join(got, "|"), strings.Join(append(want, "END"), "|"); g != w {
			t.Errorf("%.100q: got %.200q, want %.200q", writes, g, w)
		}
	}
	long := strings.Repeat("x", maxLine)
	f(nil)
	f([]string{"a\n"}, "a")
	f([]string{"a", "b\nc"}, "ab", "c")
	f([]string{"\n\n"}, "", "")
	f([]string{"a\nb\n", "c\n"}, "a", "b", "c")
	f([]string{long + "y\n"}, long, "y")
	f([]string{long, long, "z"}, long, long+"z"[:0], "z")
}

func TestTail(t *testing.T) {
	l := &journal{now: time.Now}
	for range 1000 {
		l.line("0123456789")
	}
	if tail := l.end(); len(tail) != tailSize || !strings.HasSuffix(string(tail), "0123456789\n") {
		t.Errorf("%d bytes", len(tail))
	}
	l.begin(false)
	l.line("new")
	if tail := l.end(); string(tail) != "new\n" {
		t.Errorf("got %q", tail)
	}
}
