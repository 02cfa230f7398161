package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/models/gguf"
)

// tinyModel is a GGUF file with nothing to run in it.
func tinyModel(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gguf.Write(&b, []gguf.Pair{{Key: "general.architecture", Value: "llama"}, {Key: "llama.context_length", Value: uint32(64)}},
		[]gguf.Blob{{Name: "w", Shape: []uint64{1 << 16}, Size: 1 << 18, Data: func(w io.Writer) error { _, err := w.Write(make([]byte, 1<<18)); return err }}}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestModelsFromFiles(t *testing.T) {
	dir := t.TempDir()
	from := filepath.Join(t.TempDir(), "small.gguf")
	if err := os.WriteFile(from, tinyModel(t), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := run(t, nil, "models", "import", from, "--id", "meta.small-v1:0", "--data-dir", dir); r.code != 0 || r.out != "meta.small-v1:0\n" {
		t.Fatalf("%+v", r)
	}
	if r := run(t, nil, "models", "import", from, "--data-dir", dir, "--context", "32"); r.code != 0 || r.out != "small\n" {
		t.Fatalf("%+v", r)
	}
	if r := run(t, nil, "models", "list", "--data-dir", dir); r.code != 0 || !strings.Contains(r.out, "meta.small-v1:0") || !strings.Contains(r.out, "llama, text, 0.3 MB, context 64") {
		t.Errorf("%+v", r)
	}
	f := func(want string, args ...string) {
		t.Helper()
		if r := run(t, nil, append(args, "--data-dir", dir)...); r.code != 1 || !strings.Contains(r.err, want) {
			t.Errorf("%v: %+v, want %q", args, r, want)
		}
	}
	bad := filepath.Join(t.TempDir(), "bad.gguf")
	if err := os.WriteFile(bad, []byte("no model"), 0o600); err != nil {
		t.Fatal(err)
	}
	f("not a GGUF file", "models", "import", bad)
	f("checksum is wrong", "models", "import", from, "--id", "x", "--sha256", strings.Repeat("0", 64))
	f("cannot be the id", "models", "import", from, "--id", "../x")
	f("is there twice", "models", "import", from, "--id", "small", "--name", "other")
	f("no name of a file", "models", "import", from, "--id", "y", "--name", "../../y")
	f("no model has this id", "models", "remove", "nobody")
	f("config.json", "models", "import", t.TempDir())
	for _, id := range []string{"small", "meta.small-v1:0"} {
		if r := run(t, nil, "models", "remove", id, "--data-dir", dir); r.code != 0 {
			t.Errorf("%+v", r)
		}
		_, err := os.Stat(filepath.Join(dir, "models", "small.gguf"))
		if gone := os.IsNotExist(err); gone != (id != "small") {
			t.Errorf("after %s the file is gone: %v", id, gone)
		}
	}
}

// TestPullGoesOn fetches from what looks like Hugging Face, whose first answer breaks off.
func TestPullGoesOn(t *testing.T) {
	body, dir := tinyModel(t), t.TempDir()
	sum := sha256.Sum256(body)
	var ranges []string
	broken := true
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/models/owner/small/revision/main":
			_, _ = io.WriteString(w, `{"siblings":[{"rfilename":"README.md"},{"rfilename":"small.gguf"}]}`)
		case "/owner/small/resolve/main/small.gguf":
			if r.Header.Get("Authorization") != "Bearer hf_secret" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.Header().Set("X-Linked-Etag", `"`+hex.EncodeToString(sum[:])+`"`)
			http.Redirect(w, r, "/blob", http.StatusFound)
		case "/blob":
			ranges = append(ranges, r.Header.Get("Range"))
			w.Header().Set("ETag", `"v1"`)
			if broken {
				broken = false
				w.Header().Set("Content-Length", "262144")
				_, _ = w.Write(body[:100000])
				return
			}
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer hub.Close()
	vars := map[string]string{"HF_ENDPOINT": hub.URL, "HF_TOKEN": "hf_secret"}
	if r := run(t, vars, "models", "pull", "owner/small", "--data-dir", dir); r.code != 1 || !strings.Contains(r.err, "goes on") {
		t.Fatalf("%+v", r)
	}
	if r := run(t, vars, "models", "pull", "owner/small", "--data-dir", dir); r.code != 0 || r.out != "small\n" || !strings.Contains(r.err, "100 %") {
		t.Fatalf("%+v", r)
	}
	if len(ranges) != 2 || ranges[1] != "bytes=100000-" {
		t.Errorf("ranges %q", ranges)
	}
	got, err := os.ReadFile(filepath.Join(dir, "models", "small.gguf"))
	if err != nil || !bytes.Equal(got, body) {
		t.Errorf("%d of %d bytes came (%v)", len(got), len(body), err)
	}
	if r := run(t, map[string]string{"HF_ENDPOINT": hub.URL}, "models", "pull", "owner/small", "--data-dir", dir, "--id", "again"); r.code != 1 || !strings.Contains(r.err, "HF_TOKEN") {
		t.Errorf("without a token: %+v", r)
	}
	if r := run(t, vars, "models", "pull", "owner", "--data-dir", dir); r.code != 1 {
		t.Errorf("no repository: %+v", r)
	}
}
