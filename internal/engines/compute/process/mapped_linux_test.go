package process

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// image makes a root with the system's programs in it, which belongs to a program's own root.
func image(t *testing.T, programs ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{"proc", "dev", "tmp"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, program := range programs {
		for _, file := range libraries(t, program) {
			b, err := os.ReadFile(file)
			if err == nil {
				err = os.MkdirAll(filepath.Join(root, filepath.Dir(file)), 0o755)
			}
			if err == nil {
				err = os.WriteFile(filepath.Join(root, file), b, 0o755)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if os.Getuid() == 0 {
		_ = filepath.WalkDir(root, func(path string, _ fs.DirEntry, _ error) error {
			return os.Lchown(path, compute.FirstUser, compute.FirstUser)
		})
	}
	return root
}

// TestMapped: a program with users of its own is root over its image's files and what it makes, and over nothing else.
func TestMapped(t *testing.T) {
	d := driver(t)
	root := image(t, "/bin/sh", "/usr/bin/id", "/usr/bin/chown", "/usr/bin/stat", "/usr/bin/mkdir", "/usr/bin/cat")
	theirs, ours := t.TempDir(), t.TempDir()
	if err := os.Chmod(theirs, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(ours, "x"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	mounts := []compute.Mount{{Source: theirs, Target: "/opt/ml/model", Write: true}, {Source: ours, Target: "/ours", Write: true}}
	spec := compute.Spec{Root: root, Mapped: true, Mounts: mounts, Dir: "/opt"}
	got, exit := run(t, d, spec, "id -u; pwd; mkdir /made && chown 33:33 /made && stat -c %u:%g /made; stat -c %u /bin/sh; echo x > /opt/ml/model/x && stat -c %u /opt/ml/model/x; "+
		"echo y > /opt/y && stat -c %u /opt/y; stat -c %u / /opt /opt/ml; cat /ours/x 2>/dev/null || echo no; (echo z > /ours/z) 2>/dev/null || echo no; "+
		"(echo 1 > /proc/sys/kernel/ns_last_pid) 2>/dev/null || echo no; (echo -999 > /proc/self/oom_score_adj) 2>/dev/null || echo no")
	if want := "0 /opt 33:33 0 0 0 0 0 0 no no no no"; exit.Code != 0 || strings.Join(strings.Fields(got), " ") != want {
		t.Errorf("%+v %q", exit, got)
	}
	spec.User, spec.Group = 1000, 100
	if got, exit := run(t, d, spec, "id -u; id -g; mkdir /more 2>/dev/null || echo no; echo x > /tmp/x && stat -c %u:%g /tmp/x"); exit.Code != 0 || got != "1000\n100\nno\n1000:100\n" {
		t.Errorf("%+v %q", exit, got)
	}
	if err := os.Remove(filepath.Join(root, "dev")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(root, "dev")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Start(t.Context(), compute.Spec{Root: root, Mapped: true, Args: []string{"/bin/sh"}}); err == nil {
		t.Error("a root whose /dev leads out was used")
	}
}
