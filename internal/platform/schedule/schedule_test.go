package schedule

import (
	"testing"
	"time"
)

func at(t *testing.T, s string) time.Time {
	t.Helper()
	out, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNext(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	f := func(expression string, zone *time.Location, after, want string) {
		t.Helper()
		e, err := Parse(expression, zone)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			return
		}
		got, ok := e.Next(at(t, "2026-01-01T00:00:30Z"), at(t, after))
		if want == "" {
			if ok {
				t.Errorf("%s: %v, want never", expression, got)
			}
			return
		}
		if !ok || !got.Equal(at(t, want)) {
			t.Errorf("%s after %s: %v, want %s", expression, after, got, want)
		}
	}
	f("rate(5 minutes)", time.UTC, "2026-01-01T00:00:30Z", "2026-01-01T00:05:30Z")
	f("rate(5 minutes)", time.UTC, "2026-01-01T00:06:00Z", "2026-01-01T00:10:30Z")
	f("rate(1 day)", time.UTC, "2025-01-01T00:00:00Z", "2026-01-02T00:00:30Z")
	f("at(2026-03-01T12:00:00)", time.UTC, "2026-01-01T00:00:00Z", "2026-03-01T12:00:00Z")
	f("at(2026-03-01T12:00:00)", berlin, "2026-01-01T00:00:00Z", "2026-03-01T11:00:00Z")
	f("at(2026-03-01T12:00:00)", time.UTC, "2026-03-01T12:00:00Z", "")
	f("cron(0 10 * * ? *)", time.UTC, "2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z")
	f("cron(0 10 * * ? *)", berlin, "2026-07-01T00:00:00Z", "2026-07-01T08:00:00Z")
	f("cron(15 12 ? * MON-FRI *)", time.UTC, "2026-01-02T12:15:00Z", "2026-01-05T12:15:00Z")
	f("cron(15 12 ? * 2-6 *)", time.UTC, "2026-01-02T12:15:00Z", "2026-01-05T12:15:00Z")
	f("cron(0 0 ? * 1 *)", time.UTC, "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z")
	f("cron(0/15 * * * ? *)", time.UTC, "2026-01-01T00:00:00Z", "2026-01-01T00:15:00Z")
	f("cron(0 8 1 * ? *)", time.UTC, "2026-01-01T08:00:00Z", "2026-02-01T08:00:00Z")
	f("cron(0 8 L * ? *)", time.UTC, "2026-02-01T08:00:00Z", "2026-02-28T08:00:00Z")
	f("cron(0 9 ? * 6#1 *)", time.UTC, "2026-01-03T00:00:00Z", "2026-02-06T09:00:00Z")
	f("cron(0 9 1 1 ? 2030)", time.UTC, "2026-01-03T00:00:00Z", "2030-01-01T09:00:00Z")
	f("cron(0 9 1 1 ? 2020)", time.UTC, "2026-01-03T00:00:00Z", "")
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"", "rate(0 minutes)", "rate(1 minutes)", "rate(2 minute)", "rate(5 seconds)", "rate(-1 days)", "cron()", "cron(* * * * *)",
		"cron(* * * * * *)", "cron(0 10 ? * ? *)", "cron(0 10 * * 8 *)", "cron(61 10 * * ? *)", "at(2026-13-01T00:00:00)", "at(tomorrow)", "every day",
		"rate(999999999 days)"} {
		if e, err := Parse(s, time.UTC); err == nil {
			t.Errorf("%q was taken: %+v", s, e)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"rate(5 minutes)", "cron(0/15 8-18 ? * MON-FRI 2026)", "at(2026-03-01T12:00:00)", "cron(0 9 ? * 6#1 *)"} {
		f.Add(s)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		e, err := Parse(s, time.UTC)
		if err != nil {
			return
		}
		if next, ok := e.Next(now, now); ok && !next.After(now) {
			t.Errorf("%q is due at %v, not after now", s, next)
		}
	})
}
