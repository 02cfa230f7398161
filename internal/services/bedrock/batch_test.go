package bedrock

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestResume finds what a run that was killed had written: whole lines count once, a torn one is cut off.
func TestResume(t *testing.T) {
	dir := t.TempDir()
	f := &file{in: filepath.Join(dir, "0.in"), out: filepath.Join(dir, "0.out")}
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(f.in, "{}\n\n{}\n{}\n{}")
	whole := `{"n":2,"line":{"recordId":"c"},"in":5,"out":1}` + "\n" + `{"n":0,"line":{"recordId":"a"},"bad":true}` + "\n" + `{"n":2,"line":{"recordId":"twice"}}` + "\n"
	write(f.out, whole+`{"n":1,"line":{"reco`)
	if err := f.resume(); err != nil {
		t.Fatal(err)
	}
	if f.counts != (counts{total: 4, good: 1, bad: 1, input: 5, output: 1}) || len(f.done) != 2 || f.size != int64(len(whole)) {
		t.Errorf("%+v %v %d", f.counts, f.done, f.size)
	}
	if _, err := f.f.WriteString(`{"n":1,"line":{"recordId":"b"}}` + "\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.resume(); err != nil {
		t.Fatal(err)
	}
	to, err := f.ordered()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(to)
	if want := `{"recordId":"a"}` + "\n" + `{"recordId":"b"}` + "\n" + `{"recordId":"c"}` + "\n"; err != nil || string(b) != want {
		t.Errorf("%s (%v), want %s", b, err, want)
	}
}

func TestLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in")
	long := strings.Repeat("x", maxRecord+1)
	if err := os.WriteFile(path, []byte("a\n \n"+long+"\nb"), 0o600); err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := lines(path, func(n int, at int64, line []byte) error {
		got = append(got, strings.TrimSpace(string(line)))
		if line == nil && at != 4 || n != len(got)-1 {
			t.Errorf("line %d at %d", n, at)
		}
		return nil
	}); err != nil || strings.Join(got, ",") != "a,,b" {
		t.Errorf("%d lines %q %v", len(got), got, err)
	}
}

func TestTokens(t *testing.T) {
	f := func(body string, in, out int64) {
		t.Helper()
		if a, b := tokens([]byte(body)); a != in || b != out {
			t.Errorf("%s: %d %d", body, a, b)
		}
	}
	f(`{"generation":"x","prompt_token_count":3,"generation_token_count":4}`, 3, 4)
	f(`{"usage":{"input_tokens":3,"output_tokens":4}}`, 3, 4)
	f(`{"usage":{"inputTokens":3,"outputTokens":4}}`, 3, 4)
	f(`{"inputTextTokenCount":3,"results":[{"tokenCount":4}]}`, 3, 4)
	f(`[]`, 0, 0)
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"recordId":"a","modelInput":5}`))
	f.Add([]byte(`nothing`))
	r := &run{}
	f.Fuzz(func(t *testing.T, b []byte) {
		var in struct {
			Input json.RawMessage `json:"modelInput"`
		}
		if json.Unmarshal(b, &in) == nil && len(in.Input) > 0 && in.Input[0] == '{' {
			return // this one would be asked
		}
		a, err := r.record(t.Context(), 0, b)
		if err != nil || !a.Bad || !json.Valid(a.Line) {
			t.Errorf("%s %v", a.Line, err)
		}
	})
}
