package learn

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	known := []Hyperparameter{
		{Name: "k", Kind: Integer, Required: true, Min: 1},
		{Name: "rate", Kind: Number, Default: "auto", Open: true, Max: 1, Words: []string{"auto"}},
		{Name: "flag", Kind: Choice, Default: "False", Words: []string{"True", "False"}},
		{Name: "mode", Kind: Choice, Default: "a", Words: []string{"a", "b"}},
	}
	f := func(given map[string]string, want string) {
		t.Helper()
		_, err := Check(known, given)
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%v: %v, want %s", given, err, want)
		}
	}
	f(map[string]string{"k": "3"}, "")
	f(map[string]string{"k": " 3 ", "rate": "1e-3", "flag": "true", "mode": "b", "_tuning_objective_metric": "x"}, "")
	f(nil, "ClientError: No value(s) were specified for 'k' which are required hyperparameter(s) (caused by ValidationError)")
	f(map[string]string{"k": "1", "z": "1", "y": "1"}, "ClientError: Additional hyperparameters are not allowed ('y', 'z' were unexpected) (caused by ValidationError)")
	f(map[string]string{"k": "0"}, "ClientError: The value '0' is not valid for the 'k' hyperparameter which expects an integer from 1 (caused by ValidationError)")
	f(map[string]string{"k": "2.5"}, "ClientError: The value '2.5' is not valid for the 'k' hyperparameter which expects an integer from 1 (caused by ValidationError)")
	f(map[string]string{"k": "1", "rate": "0"}, "ClientError: The value '0' is not valid for the 'rate' hyperparameter which expects one of the following: 'auto', a number above 0 to 1 (caused by ValidationError)")
	for _, bad := range []map[string]string{{"rate": "2"}, {"rate": "NaN"}, {"rate": "Inf"}, {"rate": ""}, {"flag": "yes"}, {"mode": "A"}, {"k": "99999999999999999999"}} {
		if bad["k"] == "" {
			bad["k"] = "1"
		}
		if _, err := Check(known, bad); err == nil {
			t.Errorf("%v passes", bad)
		}
	}
	v, err := Check(known, map[string]string{"k": "5000000000", "rate": "0.5", "flag": "TRUE"})
	if err != nil || v.Int("k") != 1<<31-1 || v.Float("rate") != 0.5 || !v.Bool("flag") || v.Text("mode") != "a" || v.Auto("rate") || v.Int("mode") != 0 {
		t.Errorf("%v, %v", v, err)
	}
}

func TestNegotiate(t *testing.T) {
	f := func(accept, want string) {
		t.Helper()
		got, err := Negotiate(accept, "application/json", "application/jsonlines", "text/csv")
		if e := new(*RequestError); want == "" && (!errors.As(err, e) || (*e).Status != 406) || want != "" && got != want {
			t.Errorf("%s: %s, %v, want %s", accept, got, err, want)
		}
	}
	f("", "application/json")
	f("*/*", "application/json")
	f("text/csv", "text/csv")
	f("image/png, text/csv;q=0.5", "text/csv")
	f("Application/JSONLines; charset=utf-8", "application/jsonlines")
	f("application/x-jsonlines", "application/jsonlines")
	f("text/*", "text/csv")
	f("image/png", "")
}

func TestChannels(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"b/2": "two", "a": "one", ".hidden": "x", "b/.x": "x"} {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "c")); err != nil {
		t.Fatal(err)
	}
	channels := Channels{"train": {Dir: dir}, "none": {Dir: filepath.Join(dir, "missing")}}
	got := ""
	if err := channels.Each("train", func(file string, r io.Reader) error {
		b, err := io.ReadAll(r)
		got += file + "=" + string(b) + " "
		return err
	}); err != nil || got != "a=one 2=two " {
		t.Errorf("%q, %v", got, err)
	}
	for _, name := range []string{"none", "test"} {
		if e := new(*ClientError); !errors.As(channels.Each(name, nil), e) {
			t.Errorf("%s: %v", name, channels.Each(name, nil))
		}
	}
}

func TestReadBody(t *testing.T) {
	if b, err := ReadBody(strings.NewReader("abc"), 3); err != nil || string(b) != "abc" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := ReadBody(strings.NewReader("abcd"), 3); err == nil {
		t.Error("four bytes pass a limit of three")
	}
}
