package image

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// archive makes a layer. An entry is "dir/", "file=text", "link->target" or "hard=>target".
func archive(entries ...string) []byte {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	for _, e := range entries {
		h, text := &tar.Header{Typeflag: tar.TypeReg, Mode: 0o644, ModTime: time.Unix(1_000_000_000, 0)}, ""
		if name, to, ok := strings.Cut(e, "->"); ok {
			h.Typeflag, h.Name, h.Linkname = tar.TypeSymlink, name, to
		} else if name, to, ok := strings.Cut(e, "=>"); ok {
			h.Typeflag, h.Name, h.Linkname = tar.TypeLink, name, to
		} else if strings.HasSuffix(e, "/") {
			h.Typeflag, h.Name, h.Mode = tar.TypeDir, e, 0o755
		} else {
			h.Name, text, _ = strings.Cut(e, "=")
			h.Size = int64(len(text))
			if strings.HasPrefix(text, "#!") {
				h.Mode = 0o4755
			}
		}
		_ = t.WriteHeader(h)
		_, _ = io.WriteString(t, text)
	}
	_ = t.Close()
	return b.Bytes()
}

func layers(list ...[]byte) (out []v1.Layer) {
	for _, b := range list {
		out = append(out, static.NewLayer(b, types.OCIUncompressedLayer))
	}
	return out
}

// tree lists what is in a directory.
func tree(t *testing.T, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, p)
		switch {
		case err != nil || name == ".":
			return err
		case d.IsDir():
			out = append(out, name+"/")
		case d.Type()&fs.ModeSymlink != 0:
			to, _ := os.Readlink(p)
			out = append(out, name+"->"+to)
		default:
			b, _ := os.ReadFile(p)
			out = append(out, name+"="+string(b))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	slices.Sort(out)
	return out
}

func TestLayers(t *testing.T) {
	f := func(want []string, list ...[]byte) {
		t.Helper()
		dir := t.TempDir()
		if _, err := unpack(t.Context(), dir, layers(list...), 1<<20); err != nil {
			t.Error(err)
		}
		slices.Sort(want)
		if got := tree(t, dir); !reflect.DeepEqual(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f([]string{"a/", "a/x=1", "a/y=3", "b=4"}, archive("a/", "a/x=1", "a/y=2"), archive("a/y=3", "./b=4"))
	f([]string{"a/", "a/y=2"}, archive("a/", "a/x=1", "a/y=2"), archive("a/.wh.x"))
	f([]string{"b=1"}, archive("a/", "a/x=1", "b=1"), archive(".wh.a"))
	f([]string{"a/", "a/z=3"}, archive("a/", "a/x=1", "a/d/", "a/d/y=2"), archive("a/z=3", "a/.wh..wh..opq"))
	f([]string{"a/", "a/d/", "a/d/z=3"}, archive("a/x=1", "a/d/y=2"), archive("a/.wh..wh..opq", "a/d/z=3"))
	f([]string{"a/", "a/d/", "a/d/z=3"}, archive("a/x=1", "a/d/y=2"), archive("a/d/z=3", "a/.wh..wh..opq"))
	f([]string{"a=2"}, archive("a/", "a/x=1"), archive("a=2"))
	f([]string{"a/"}, archive("a=2"), archive("a/"))
	f([]string{"a/", "a/x=1", "b=1"}, archive("a/x=1", "b=>a/x"))
	f([]string{"a=1", "b=1", "c=2"}, archive("a=1"), archive("b=>/a", "c=2", ".wh..wh.plnk", ".wh.none"))
	// Links on the way are followed inside, those at the end are replaced.
	f([]string{"run/", "run/x=1", "var/", "var/run->/run"}, archive("run/", "var/", "var/run->/run"), archive("var/run/x=1"))
	f([]string{"run/", "run/x=1", "var/", "var/run->../../../run"}, archive("run/", "var/run->../../../run"), archive("var/run/x=1"))
	f([]string{"a=2", "b=1"}, archive("b=1", "a->b"), archive("a=2"))
	f([]string{"bin->usr/bin", "usr/", "usr/bin/", "usr/bin/x=1"}, archive("bin->usr/bin"), archive("bin/x=1"))
}

// TestHostile: what leads out leads back in, or is refused; nothing outside is read, written or linked to.
func TestHostile(t *testing.T) {
	outside := t.TempDir()
	victim := filepath.Join(outside, "victim")
	if err := os.WriteFile(victim, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	f := func(list ...[]byte) {
		t.Helper()
		dir := filepath.Join(outside, "root")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		_, err := unpack(t.Context(), dir, layers(list...), 1<<20)
		if err == nil {
			err = complete(dir, v1.Config{WorkingDir: "/work/../../x"})
		}
		for _, e := range tree(t, dir) {
			if strings.HasSuffix(e, "=mine") {
				t.Errorf("%s is the victim (%v)", e, err)
			}
		}
		_ = os.RemoveAll(dir)
		if got := tree(t, outside); len(got) != 1 || got[0] != "victim=mine" {
			t.Fatalf("outside there is %q (%v)", got, err)
		}
	}
	f(archive("../victim=x", "../../../../../../../victim=x", "/victim=x", "..=x", "a/../../victim=y"))
	f(archive("a->"+outside, "a/victim=x"))
	f(archive("a->../", "a/victim=x", "a/root/b=x"))
	f(archive("a->"+victim, "a=x"))
	f(archive("a=>../victim"))
	f(archive("a->..", "b=>a/victim"))
	f(archive("a->"+victim, "b=>a", "b=x"))
	f(archive("a->"+outside, "a/.wh.victim", "a/.wh..wh..opq"), archive(".wh..", ".wh...", ".wh."))
	f(archive("a->"+outside), archive("a/.wh..wh..opq"))
	f(archive("a->b", "b->a", "a/x=1"))
	f(archive("etc->"+outside, "proc->"+outside, "dev->/../"+outside, "tmp->"+outside))
	f(archive("etc/hosts->" + victim))
	f(archive("work->"+outside, "x->"+outside))
	f([]byte("no archive"), archive("a=1"))
}

func TestLimits(t *testing.T) {
	dir := t.TempDir()
	if _, err := unpack(t.Context(), dir, layers(archive("a="+strings.Repeat("x", 5000))), 4000); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := unpack(gone, dir, layers(archive("b=1")), 4000); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "b")); err == nil {
		t.Error("it was unpacked for nobody")
	}
	if _, err := unpack(t.Context(), dir, layers(archive("s=#!x")), 4000); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(filepath.Join(dir, "s")); err != nil || st.Mode() != 0o755 || st.ModTime().Unix() != 1_000_000_000 {
		t.Errorf("got %v %v", st, err)
	}
}

func picture(t *testing.T, c v1.Config, list ...[]byte) v1.Image {
	t.Helper()
	img, err := mutate.AppendLayers(empty.Image, layers(list...)...)
	if err == nil {
		img, err = mutate.Config(img, c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestCommand(t *testing.T) {
	s := New(Config{Dir: t.TempDir()})
	files := archive("usr/bin/serve=#!a", "bin->usr/bin", "opt/run=#!b", "opt/data=1", "etc/passwd=root:x:0:0:r:/root:/bin/sh\nweb:x:33:44:w:/srv:/bin/sh\n",
		"etc/group=wheel:x:10:\n", "opt/l->/usr/bin/serve")
	f := func(c v1.Config, k Command, want string) {
		t.Helper()
		r, err := s.Root(t.Context(), picture(t, c, files))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Release()
		got, err := r.Spec(k)
		text := strings.Join(got.Args, " ")
		if err != nil {
			text = err.Error()
		}
		if !strings.HasPrefix(text, want) {
			t.Errorf("got %q, want %q", text, want)
		}
	}
	env := []string{"PATH=/nowhere:/bin"}
	f(v1.Config{Env: env}, Command{Args: []string{"serve"}}, "/bin/serve")
	f(v1.Config{}, Command{Args: []string{"serve"}, Env: env}, "/bin/serve")
	f(v1.Config{Env: env, Entrypoint: []string{"/opt/run", "-x"}, Cmd: []string{"y"}}, Command{Args: []string{"serve"}}, "/opt/run -x serve")
	f(v1.Config{Env: env, Entrypoint: []string{"/opt/run", "-x"}, Cmd: []string{"y"}}, Command{}, "/opt/run -x y")
	f(v1.Config{Env: env, Entrypoint: []string{"/opt/run", "-x"}, Cmd: []string{"y"}}, Command{Entrypoint: []string{"serve"}}, "/bin/serve")
	f(v1.Config{WorkingDir: "/opt", Entrypoint: []string{"./run"}}, Command{}, "/opt/run")
	f(v1.Config{Entrypoint: []string{"/opt/l"}}, Command{}, "/opt/l")
	f(v1.Config{Entrypoint: []string{"/opt/data"}}, Command{}, `the image has no program "/opt/data"`)
	f(v1.Config{Env: env}, Command{Args: []string{"train"}}, `the image has no program "train"`)
	f(v1.Config{}, Command{}, "the image names no program")
	f(v1.Config{User: "nobody", Cmd: []string{"/opt/run"}}, Command{}, `the image has no user "nobody"`)
	f(v1.Config{User: "100000", Cmd: []string{"/opt/run"}}, Command{}, `the image's user "100000" is none`)

	u := func(name string, id, group int, home string) {
		t.Helper()
		r, err := s.Root(t.Context(), picture(t, v1.Config{User: name, Cmd: []string{"/opt/run"}, WorkingDir: "/made/here"}, files))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Release()
		got, err := r.Spec(Command{})
		if err != nil || got.User != id || got.Group != group || value(got.Env, "HOME") != home || got.Dir != "/made/here" {
			t.Errorf("got %+v %v", got, err)
		}
		if st, err := os.Stat(filepath.Join(r.Dir, "made/here")); err != nil || !st.IsDir() {
			t.Error("the working directory was not made")
		}
	}
	u("", 0, 0, "/root")
	u("web", 33, 44, "/srv")
	u("33", 33, 44, "/srv")
	u("7", 7, 0, "/")
	u("web:wheel", 33, 10, "/srv")
	u("7:8", 7, 8, "/")
}

// TestStore: a root is made once, one that is used stays, and those that are not make room.
func TestStore(t *testing.T) {
	dir := t.TempDir()
	half := filepath.Join(dir, part+"x")
	if err := os.Mkdir(half, 0o755); err != nil {
		t.Fatal(err)
	}
	s := New(Config{Dir: dir, Keep: 7000})
	if _, err := os.Stat(half); err == nil {
		t.Error("half a root is left")
	}
	var roots []*Root
	for _, text := range []string{"a", "b", "c"} {
		img := picture(t, v1.Config{}, archive("x="+strings.Repeat(text, 4000)))
		one, err := s.Root(t.Context(), img)
		if err != nil {
			t.Fatal(err)
		}
		two, err := s.Root(t.Context(), img)
		if err != nil || one.Dir != two.Dir {
			t.Fatal(err, one, two)
		}
		two.Release()
		two.Release()
		if text != "a" {
			one.Release()
		}
		roots = append(roots, one)
	}
	there := func(want string) {
		t.Helper()
		got := ""
		for i, r := range roots {
			if _, err := os.Stat(r.Dir); err == nil {
				got += string("abcd"[i])
			}
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	there("abc")
	d, err := s.Root(t.Context(), picture(t, v1.Config{}, archive("x=d")))
	if err != nil {
		t.Fatal(err)
	}
	roots = append(roots, d)
	there("acd")
	if _, err := s.Root(t.Context(), picture(t, v1.Config{}, []byte("bad"))); err == nil {
		t.Error("a damaged image was unpacked")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, part+"*")); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
	if again, err := New(Config{Dir: dir}).Root(t.Context(), picture(t, v1.Config{}, archive("x=d"))); err != nil || again.Dir != d.Dir {
		t.Error(again, err)
	}
}

// FuzzUnpack: whatever layers hold, nothing outside of the root changes.
func FuzzUnpack(f *testing.F) {
	f.Add(archive("a/", "a/x=1", "b->a", "c=>a/x", "a/.wh.x"), archive("b/y=1", "b/.wh..wh..opq", "../x=1", "d->/", "d/e=2"))
	f.Add(archive("a->..", "a/b->../..", "a/b/c=1"), archive("a/b/.wh.victim"))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		outside := t.TempDir()
		dir, victim := filepath.Join(outside, "root"), filepath.Join(outside, "victim")
		if err := errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(victim, []byte("mine"), 0o644)); err != nil {
			t.Fatal(err)
		}
		if _, err := unpack(t.Context(), dir, layers(one, two), 1<<20); err == nil {
			_ = complete(dir, v1.Config{})
			if r, err := os.OpenRoot(dir); err == nil {
				_, _ = who(r, "a:b")
				_, _ = find(r, "x", "/a", "/b:c")
				_ = r.Close()
			}
		}
		entries, err := os.ReadDir(outside)
		b, _ := os.ReadFile(victim)
		if err != nil || len(entries) != 2 || string(b) != "mine" {
			t.Fatalf("outside there is %v, %q, %v", entries, b, err)
		}
		if st, err := os.Stat(victim); err != nil || st.Mode() != 0o644 {
			t.Fatalf("the victim is %v, %v", st, err)
		}
	})
}
