package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// gathered is a sink that keeps what it gets.
type gathered struct {
	mu      sync.Mutex
	kind    string
	text    strings.Builder
	written int
}

func (g *gathered) Start(contentType string) {
	g.mu.Lock()
	g.kind = contentType
	g.mu.Unlock()
}

func (g *gathered) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.written++
	return g.text.Write(p)
}

func TestStreaming(t *testing.T) {
	b := newBed(t)
	f := b.function("node")
	f.Handler = "app.stream"
	var out gathered
	r, err := b.Invoke(t.Context(), f, Invocation{RequestID: "a", Payload: []byte(`{}`)}, &out)
	if err != nil || r.FunctionError != "" || r.Payload != nil || out.text.String() != "one two" || out.kind != "text/plain" {
		t.Errorf("%v %+v %q %q", err, r, out.text.String(), out.kind)
	}
	out = gathered{}
	r, err = b.Invoke(t.Context(), f, Invocation{RequestID: "b", Payload: []byte(`{"fail":true}`)}, &out)
	if err != nil || r.FunctionError != "Unhandled" || !strings.Contains(string(r.Payload), "broke") || out.text.String() != "one " {
		t.Errorf("%v %s %s %q", err, r.FunctionError, r.Payload, out.text.String())
	}
	if r := b.call(f, `{}`); string(r.Payload) != "one two" { // without a sink it is kept
		t.Errorf("got %s", r.Payload)
	}
}

func TestStreamingGo(t *testing.T) {
	b := newBed(t)
	var out gathered
	r, err := b.Invoke(t.Context(), b.function("go"), Invocation{RequestID: "a", Payload: []byte(`{"do":"stream"}`)}, &out)
	if err != nil || r.FunctionError != "" || out.text.String() != "one two" {
		t.Errorf("%v %+v %q", err, r, out.text.String())
	}
	out = gathered{} // an answer that is not streamed goes there too
	if _, err = b.Invoke(t.Context(), b.function("go"), Invocation{RequestID: "b", Payload: []byte(`{"name":"x"}`)}, &out); err != nil ||
		out.text.String() != `{"hello":"X","n":0}` {
		t.Errorf("%v %q", err, out.text.String())
	}
}

func TestSize(t *testing.T) {
	b := newBed(t)
	f := b.function("go")
	if r := b.call(f, `{"do":"large","n":6291000}`); r.FunctionError != "" || len(r.Payload) != 6291002 {
		t.Errorf("just below: %s, %d bytes", r.FunctionError, len(r.Payload))
	}
	const want = `{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}`
	if r := b.call(f, `{"do":"large","n":6300000}`); string(r.Payload) != want {
		t.Errorf("just above: %.200s", r.Payload)
	}
	event := `{"name":"` + strings.Repeat("é", 1<<20) + `"}`
	for _, language := range languages {
		if r := b.call(b.function(language), event); r.FunctionError != "" || len(r.Payload) < 2<<20 {
			t.Errorf("%s: %s, %d bytes", language, r.FunctionError, len(r.Payload))
		}
	}
}

func TestLayers(t *testing.T) {
	b := newBed(t)
	var dirs []string
	for i, files := range []map[string]string{
		{"python/shared.py": "value = 'below'", "python/other.py": "value = 'other'", "python/kind": "file"},
		{"python/shared.py": "value = 'above'", "python/kind/x": "directory"},
	} {
		dir := filepath.Join(t.TempDir(), string(rune('a'+i)))
		for name, text := range files {
			if err := writeFile(filepath.Join(dir, name), []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		dirs = append(dirs, dir)
	}
	code := t.TempDir()
	program := "import os, shared, other\ndef handler(event, context):\n    return [shared.value, other.value, os.listdir('/opt/python/kind')]\n"
	if err := os.WriteFile(filepath.Join(code, "app.py"), []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(code, 0o755); err != nil {
		t.Fatal(err)
	}
	f := b.function("python")
	f.CodeDir, f.LayerDirs = code, dirs
	if r := b.call(f, `{}`); string(r.Payload) != `["above", "other", ["x"]]` {
		t.Errorf("got %s\n%s", r.Payload, r.LogTail)
	}
}
