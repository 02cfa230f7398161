package archive

import (
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type file struct {
	name, body string
	mode       fs.FileMode
}

func pack(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		h.SetMode(f.mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func unpack(t testing.TB, b []byte) (string, error) {
	dir := filepath.Join(t.TempDir(), "in")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := Unpack(bytes.NewReader(b), int64(len(b)), dir)
	return dir, err
}

func TestUnpack(t *testing.T) {
	dir, err := unpack(t, pack(t, file{"bin/run", "program", 0o755}, file{"data.txt", "data", 0o600}, file{"lib/x.so", "", fs.ModeSymlink | 0o777}))
	if !errors.Is(err, ErrMalformed) { // a link to nothing
		t.Errorf("got %v", err)
	}
	dir, err = unpack(t, pack(t, file{"bin/run", "program", 0o755}, file{"data.txt", "data", 0o600}, file{"bin/also", "../data.txt", fs.ModeSymlink | 0o777}))
	if err != nil {
		t.Fatal(err)
	}
	f := func(name, body string, mode fs.FileMode) {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(b) != body {
			t.Errorf("%s: %q %v", name, b, err)
		}
		if i, err := os.Stat(filepath.Join(dir, name)); err != nil || i.Mode() != mode {
			t.Errorf("%s: %v %v", name, i.Mode(), err)
		}
	}
	f("bin/run", "program", 0o755)
	f("data.txt", "data", 0o644)
	f("bin/also", "data", 0o644)
}

func TestHostile(t *testing.T) {
	link := func(name, to string) file { return file{name, to, fs.ModeSymlink | 0o777} }
	f := func(want error, files ...file) {
		t.Helper()
		b := pack(t, files...)
		dir, err := unpack(t, b)
		if !errors.Is(err, want) {
			t.Errorf("%v: got %v", files[0].name, err)
		}
		if list, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(list) != 1 {
			t.Errorf("%v: wrote %v beside its directory, %v", files[0].name, list, err)
		}
	}
	f(ErrMalformed, file{"../evil", "x", 0o644})
	f(ErrMalformed, file{"a/../../evil", "x", 0o644})
	f(ErrMalformed, file{"/etc/evil", "x", 0o644})
	f(ErrMalformed, file{`..\evil`, "x", 0o644})
	f(ErrMalformed, file{"..", "", fs.ModeDir | 0o755})
	f(ErrMalformed, file{"a\x00b", "x", 0o644})
	f(ErrMalformed, file{"pipe", "", fs.ModeNamedPipe | 0o644})
	f(ErrMalformed, file{"disk", "", fs.ModeDevice | 0o644})
	f(ErrMalformed, link("out", "../../evil"))
	f(ErrMalformed, link("out", "/etc/passwd"))
	f(ErrMalformed, link("out", ".."), file{"out/evil", "x", 0o644})
	f(ErrMalformed, file{"a", "x", 0o644}, link("a", "b"))
	f(ErrTooLarge, file{"bomb", strings.Repeat("0", MaxUnpacked+1), 0o644})
	half := strings.Repeat("0", MaxUnpacked/2+1)
	f(ErrTooLarge, file{"one", half, 0o644}, file{"two", half, 0o644})

	if _, err := unpack(t, []byte("no archive")); !errors.Is(err, ErrMalformed) {
		t.Errorf("no archive: %v", err)
	}
	// An entry that says it is small and is not.
	b := pack(t, file{"liar", strings.Repeat("0", 1<<20), 0o644})
	at := bytes.LastIndex(b, []byte("PK\x01\x02"))
	copy(b[at+24:], []byte{16, 0, 0, 0})
	if _, err := unpack(t, b); err == nil {
		t.Error("an entry was larger than it said")
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(pack(f, file{"a/b", "x", 0o644}, file{"c", "a/b", fs.ModeSymlink | 0o777}))
	f.Add(pack(f, file{"d/", "", fs.ModeDir | 0o755}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		dir, _ := unpack(t, b)
		if list, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(list) != 1 {
			t.Errorf("wrote %v beside its directory, %v", list, err)
		}
	})
}
