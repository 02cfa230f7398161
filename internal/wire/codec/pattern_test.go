package codec

import "testing"

func TestPosixClasses(t *testing.T) {
	f := func(pattern, text string, want bool) {
		t.Helper()
		re, err := compilePattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if re.MatchString(text) != want {
			t.Errorf("%s on %q: not %v", pattern, text, want)
		}
	}
	f(`\p{ASCII}*`, "application/json", true)
	f(`\p{ASCII}*`, "ä", false)
	f(`[\p{Alnum}-]+`, "a-1", true)
	f(`[^\p{ASCII}]`, "a", false)
	f(`\p{Punct}`, "!", true)
	f(`\\p{ASCII}`, `\p`, false)
	f(`\p{L}+`, "ä", true)
}
