package blazingtext

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/learn"
)

// FuzzRead reads files as models: they are refused or answer.
func FuzzRead(f *testing.F) {
	dir := f.TempDir()
	for i, h := range []map[string]string{{"word_ngrams": "1", "vector_dim": "2"}, {"buckets": "3", "vector_dim": "4"}} {
		h["mode"], h["min_count"] = "supervised", "1"
		at := filepath.Join(dir, "data")
		if err := os.MkdirAll(at, 0o700); err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(at, "x"), []byte("__label__a x y\n__label__b y z\n"), 0o600); err != nil {
			f.Fatal(err)
		}
		if err := New(learn.Limits{}).Train(f.Context(), learn.Channels{"train": {Dir: at}}, h, nil, dir); err != nil {
			f.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, modelFile))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Clone(b))
		for loss := byte(1); loss <= 4; loss++ {
			b[8+6*4], b[8+10*4] = loss, byte(3*i) // and subwords of up to three characters
			f.Add(bytes.Clone(b))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := read(bytes.NewReader(b), int64(len(b)), 1<<20)
		if err != nil {
			return
		}
		m.body = 1 << 10
		var out bytes.Buffer
		if err := m.Predict(t.Context(), typeJSON, "", strings.NewReader(`{"instances":["x y é","","</s> __label__a"],"configuration":{"k":9}}`), &out); err != nil {
			t.Fatal(err)
		}
		if strings.Count(out.String(), `"prob"`) != 3 {
			t.Fatalf("three texts are answered with %s", out.String())
		}
	})
}

// FuzzPredict sends requests.
func FuzzPredict(f *testing.F) {
	var d dictionary
	count(&d, []byte("__label__a x\n__label__b y\n"), 1)
	d.seal(1)
	features := extract(&d, corpus{}, 0, 1, 1)
	d.trim()
	m := newModel(d, settings{dim: 4}, features, 2)
	m.body = 1 << 16
	f.Add(`{"instances":["x"],"configuration":{"k":2}}`, true)
	f.Add("{\"source\":\"x\",\"k\":2}\n{\"source\":\"y\"}", false)
	f.Fuzz(func(t *testing.T, body string, whole bool) {
		kind := typeLines
		if whole {
			kind = typeJSON
		}
		var out bytes.Buffer
		if err := m.Predict(t.Context(), kind, "", strings.NewReader(body), &out); err != nil && out.Len() > 0 {
			t.Fatalf("%v after %q", err, out.String())
		}
	})
}

// FuzzManifest reads augmented manifests.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"source":"a b","label":[1,"x y"]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		text, err := fromManifest(b, "m")
		if err != nil {
			return
		}
		var d dictionary
		if c := count(&d, text, 2); len(c.ends) > bytes.Count(b, []byte("\n"))+1 {
			t.Fatalf("%d lines of %q", len(c.ends), b)
		}
	})
}
