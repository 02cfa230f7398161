package main

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/atelier-studio/atelier/internal/wire/factsgen/wheel"
)

// A wheel in miniature: every service has an old and a new model; only the new one may be read.
func miniature(t *testing.T) *zip.Reader {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	add := func(name, text string) {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	model := `{"metadata":{"protocol":"json","endpointPrefix":"e","apiVersion":"VERSION"},"operations":{"Do":{"name":"Do",
		"documentation":"long text","http":{"method":"POST","requestUri":"/"},"input":{"shape":"In"}}},
		"shapes":{"In":{"type":"structure","documentation":"long text","members":{"B":{"shape":"S"},"A":{"shape":"S"}}},
		"S":{"type":"string"},"Orphan":{"type":"string"}}}`
	for _, s := range services() {
		for _, v := range []string{"2019-01-01", "2020-01-01"} {
			add("botocore/data/"+s+"/"+v+"/service-2.json", string(bytes.ReplaceAll([]byte(model), []byte("VERSION"), []byte(v))))
		}
		add("botocore/data/"+s+"/2020-01-01/paginators-1.json", `{"pagination":{"Do":{"input_token":"T","result_key":["A","B"]}}}`)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestGenerate(t *testing.T) {
	first, err := generate(miniature(t))
	if err != nil {
		t.Fatal(err)
	}
	second, err := generate(miniature(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(first) != len(services())+1 {
		t.Fatalf("%d files", len(first))
	}
	for name, b := range first {
		if !bytes.Equal(b, second[name]) {
			t.Errorf("%s differs between two runs", name)
		}
	}
	text := wheel.Plain(first["iam.json.gz"])
	for _, unwanted := range []string{"long text", "Orphan", "2019-01-01"} {
		if bytes.Contains(text, []byte(unwanted)) {
			t.Errorf("facts contain %q: %s", unwanted, text)
		}
	}
	if !bytes.Contains(text, []byte(`"result_key":["A","B"]`)) {
		t.Errorf("no paginators: %s", text)
	}
}

func TestCheckSeesChanges(t *testing.T) {
	dir := t.TempDir()
	files, err := generate(miniature(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := write(dir, files); err != nil {
		t.Fatal(err)
	}
	if err := compare(dir, files); err != nil {
		t.Fatalf("just written and stale: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "iam.json.gz"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if compare(dir, files) == nil {
		t.Error("an altered file passes")
	}
	if err := os.WriteFile(filepath.Join(dir, "old.json.gz"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	delete(files, "iam.json.gz")
	if compare(dir, files) == nil {
		t.Error("a left-over file passes")
	}
}
