package library

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/models/llamacpp"
)

func TestWhatIsRefused(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line with %q", text, err, want)
		}
	}
	f("models: [{id: a, driver: magic}]", "driver must be")
	f("models: [{id: a, driver: llamacpp}]", "file must name")
	f("models: [{id: a, driver: llamacpp, file: ../../etc/passwd}]", "must lie in the directory")
	f("models: [{id: a, driver: llamacpp, file: x, context: -1}]", "out of range")
	f("models: [{id: a, driver: llamacpp, file: x, parallel: 9999}]", "out of range")
	f("models: [{id: 'a/../b', driver: llamacpp, file: x}]", "cannot be the id")
	f("models: [{id: a, driver: llamacpp, file: x}, {id: a, driver: llamacpp, file: y}]", "twice")
	f("models: [{id: a, driver: llamacpp, file: x, family: dog}]", "family must be")
	f("models: [{id: a, driver: openai, url: 'file:///etc'}]", "url must be")
	f("models: [{id: a, driver: openai, url: 'http://u:secret@h/v1'}]", "url must be")
	f("models: [{id: a, driver: openai, url: 'http://h', api-key-env: 'sk-not a name'}]", "name a variable")
	f("models: [{id: a, driver: openai, url: 'http://h', api-key: secret}]", "not found")
	f("models: [{id: a, driver: bedrock}]", "region")
	f("profiles: [{id: p, model: nobody}]", "not listed")
	f("models: 5", "cannot unmarshal")
	f("models: [{id: a, driver: llamacpp, file: x}]\nprofiles: [{id: a, model: a}]", "twice")
	f(strings.Repeat("#", maxFile+1), "longer than")
	if _, err := Parse([]byte("models: [{id: a, driver: openai, url: 'http://u:secret@h/v1'}]")); strings.Contains(err.Error(), "secret") {
		t.Errorf("the error tells a secret: %v", err)
	}
}

func TestFamilies(t *testing.T) {
	f := func(id, want string) {
		t.Helper()
		if got := (Entry{ID: id}).FamilyOf(); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	f("anthropic.claude-3-haiku-20240307-v1:0", "anthropic")
	f("us.anthropic.claude-3-haiku-20240307-v1:0", "anthropic")
	f("amazon.titan-embed-text-v2:0", "titan-embed")
	f("amazon.titan-text-express-v1", "titan")
	f("cohere.embed-english-v3", "cohere-embed")
	f("smollm2", "")
}

func TestTheFileIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	l := New(Config{Dir: dir, Runtime: llamacpp.New(llamacpp.Config{}), Getenv: func(string) string { return "" }})
	if f, err := l.List(); err != nil || len(f.Models) != 0 {
		t.Errorf("no file: %+v %v", f, err)
	}
	file := File{Models: []Entry{{ID: "a", Driver: "llamacpp", File: "a.gguf"}}, Profiles: []Profile{{ID: "us.a", Model: "a"}}}
	if err := Write(l.File, file); err != nil {
		t.Fatal(err)
	}
	if e, ok := l.Find("us.a"); !ok || e.ID != "a" {
		t.Errorf("profile: %+v %v", e, ok)
	}
	if err := os.WriteFile(filepath.Join(dir, "models.yaml"), []byte("models: [{id: b}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(l.File, time.Now(), time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if f, err := l.List(); err == nil || len(f.Models) != 1 || f.Models[0].ID != "a" {
		t.Errorf("a broken file: %+v %v", f, err)
	}
	e, _ := l.Find("a")
	if _, err := l.Open(e); err == nil {
		t.Error("a file that isn't there was opened")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("models: [{id: a, driver: llamacpp, file: x}]\nprofiles: [{id: p, model: a}]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Parse(b)
		if err != nil {
			return
		}
		for _, e := range file.Models {
			if e.Driver == "llamacpp" && !filepath.IsAbs(e.File) && !filepath.IsLocal(e.File) {
				t.Errorf("%q lies outside", e.File)
			}
		}
	})
}
