package process

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

func driver(t testing.TB) *Driver {
	t.Helper()
	if missing := Probe().Missing(); missing != "" {
		t.Logf("this machine: %s", missing)
	}
	d, err := New(Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// output collects what a program writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func start(t testing.TB, d *Driver, spec compute.Spec, script string) (compute.Process, *output) {
	t.Helper()
	out := &output{}
	spec.Args = []string{"/bin/sh", "-c", script}
	spec.Env = append(spec.Env, "PATH=/usr/bin:/bin")
	spec.Stdout, spec.Stderr = out, out
	p, err := d.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return p, out
}

func ended(t testing.TB, p compute.Process) compute.Exit {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(20 * time.Second):
		p.Kill()
		t.Fatal("it did not end")
	}
	return p.Exit()
}

// run runs a shell script to its end.
func run(t testing.TB, d *Driver, spec compute.Spec, script string) (string, compute.Exit) {
	t.Helper()
	p, out := start(t, d, spec, script)
	exit := ended(t, p)
	return out.String(), exit
}

func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not in 5 s", what)
		}
	}
}

func TestExit(t *testing.T) {
	d := driver(t)
	f := func(script string, want compute.Exit) {
		t.Helper()
		if _, got := run(t, d, compute.Spec{}, script); got != want {
			t.Errorf("%q: %+v, want %+v", script, got, want)
		}
	}
	f("exit 0", compute.Exit{})
	f("exit 3", compute.Exit{Code: 3})
	f("kill -TERM $$", compute.Exit{Code: 143, Signal: "terminated"})
	f("kill -SEGV $$", compute.Exit{Code: 139, Signal: "segmentation fault"})
	f("sleep 100 & exit 4", compute.Exit{Code: 4}) // what it left behind ends too
}

func TestCannotStart(t *testing.T) {
	d := driver(t)
	f := func(spec compute.Spec, want string) {
		t.Helper()
		if _, err := d.Start(t.Context(), spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	f(compute.Spec{Args: []string{"/nothing"}}, "cannot start /nothing: No such file or directory")
	f(compute.Spec{Args: []string{"/etc/hosts"}}, "Permission denied")
	f(compute.Spec{Args: []string{"true"}}, "want an absolute path")
	f(compute.Spec{Args: []string{"/bin/true"}, Dir: "/nowhere"}, "cannot change to the directory /bin/true: No such file")
	f(compute.Spec{Args: []string{"/bin/true"}, Mounts: []compute.Mount{{Source: "/nothing", Target: "/x"}}}, "cannot open /nothing")
}

func TestInside(t *testing.T) {
	d := driver(t)
	f := func(script, want string) {
		t.Helper()
		if got, _ := run(t, d, compute.Spec{Name: "box"}, script); strings.TrimSpace(got) != want {
			t.Errorf("%s\n got %q\nwant %q", script, got, want)
		}
	}
	f("id -u; id -g; id -G", "993\n993\n993")
	f("hostname", "box")
	f("env", "PATH=/usr/bin:/bin\nPWD=/")
	f("pwd; ls /", "/\nbin\ndev\netc\nhome\nlib\nlib64\nopt\nproc\nroot\nrun\nsbin\ntmp\nusr\nvar")
	f("ls /home /root /run /opt /tmp | grep -v :; ls /proc | grep -c '^[0-9][0-9]'", "0")
	f("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status | tr -d '\\t' | tr '\\n' ' '",
		"CapInh:0000000000000000 CapPrm:0000000000000000 CapEff:0000000000000000 CapBnd:0000000000000000 CapAmb:0000000000000000 NoNewPrivs:1 Seccomp:2")
	f("ls /proc/self/fd | wc -l", "4") // three and the directory
	f("cat /proc/net/dev | grep -c :", "1")
	f("touch /x 2>&1; touch /usr/x 2>&1; touch /etc/passwd 2>&1", "touch: cannot touch '/x': Read-only file system\n"+
		"touch: cannot touch '/usr/x': Read-only file system\ntouch: cannot touch '/etc/passwd': Permission denied")
	f("echo a > /tmp/a; echo b > /dev/shm/b; cat /tmp/a /dev/shm/b; echo c > /dev/null; head -c 3 /dev/zero | wc -c", "a\nb\n3")
	f("kill -9 1 2>&1; kill -STOP 1 2>/dev/null; kill -9 -1 2>/dev/null; echo alive", "/bin/sh: 1: kill: Operation not permitted\n\nalive")
}

func TestRefused(t *testing.T) {
	d := driver(t)
	f := func(script string) {
		t.Helper()
		if got, exit := run(t, d, compute.Spec{}, script); exit.Code == 0 {
			t.Errorf("%s: worked: %s", script, got)
		}
	}
	f("mount -t tmpfs x /tmp")
	f("unshare -U true")
	f("unshare -n true")
	f("chroot / true")
	f("nsenter -t 1 -m true")
	f("cat /proc/1/environ")
	f("ls /proc/1/root/")
	f("ls /proc/1/fd/")
	f("cat /etc/shadow")
	f("su -c true")
	f("mknod /tmp/x b 8 0")
	f("echo 1 > /proc/sys/kernel/panic")
	f("echo b > /proc/sysrq-trigger")
	f("dmesg")
	f("python3 -c 'import socket; socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)'")
	f("python3 -c 'import socket; socket.create_connection((\"10.0.0.1\", 80), 1)'")
}

func TestMounts(t *testing.T) {
	d := driver(t)
	in, out := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(in, "a"), []byte("data"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{in, filepath.Dir(in)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(out, compute.DefaultUser, compute.DefaultUser); err != nil {
		t.Fatalf("run this test as root: %v", err)
	}
	spec := compute.Spec{Mounts: []compute.Mount{
		{Source: in, Target: "/opt/ml/input"}, {Source: out, Target: "/opt/ml/model", Write: true}, {Target: "/opt/ml/scratch", SizeMB: 1},
		{Source: filepath.Join(in, "a"), Target: "/opt/one"},
	}}
	got, _ := run(t, d, spec, "cd /opt/ml; cat input/a /opt/one; touch input/b; cp input/a model/c; head -c 3000000 /dev/zero > scratch/x; wc -c < scratch/x")
	for _, want := range []string{"datadata", "'input/b': Read-only file system", "No space left on device", "1048576"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if b, err := os.ReadFile(filepath.Join(out, "c")); string(b) != "data" {
		t.Errorf("the model has %q, %v", b, err)
	}
	if got, _ := run(t, d, compute.Spec{Mounts: []compute.Mount{{Source: "doc.go", Target: "/x"}}}, "wc -l < /x"); strings.TrimSpace(got) == "" {
		t.Error("a relative path was not shown")
	}
}

func TestImage(t *testing.T) {
	d := driver(t)
	root := filepath.Join(t.TempDir(), "an image: 1,2")
	busy := []string{"bin", "etc", "proc", "dev"}
	for _, name := range busy {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// A link that leads out of the image must lead nowhere.
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.Symlink(victim, filepath.Join(root, "data")); err != nil {
		t.Fatal(err)
	}
	for _, file := range libraries(t, "/bin/sh") {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(file)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, file), b, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	got, exit := run(t, d, compute.Spec{Root: root, Mounts: []compute.Mount{{Target: "/opt/ml/model"}}},
		"echo hello > /opt/ml/model/x && read line < /opt/ml/model/x && echo $line; echo *")
	if exit.Code != 0 || got != "hello\nbin data dev etc lib lib64 opt proc tmp\n" {
		t.Errorf("%+v %q", exit, got)
	}
	if _, err := d.Start(t.Context(), compute.Spec{Root: root, Args: []string{"/bin/sh"}, Mounts: []compute.Mount{{Target: "/data/x"}}}); err == nil {
		t.Error("a mount through a link that leads out was made")
	}
	if _, err := os.Lstat(victim); err == nil {
		t.Error("something was made outside of the image")
	}
	if _, err := os.Stat(filepath.Join(root, "opt")); err == nil {
		t.Error("the image was changed")
	}
}

// libraries are a program and the files that its loader takes.
func libraries(t *testing.T, program string) []string {
	t.Helper()
	out, err := exec.Command("ldd", program).Output()
	if err != nil {
		t.Fatal(err)
	}
	files := []string{program}
	for _, word := range strings.Fields(string(out)) {
		if strings.HasPrefix(word, "/") {
			files = append(files, word)
		}
	}
	return files
}

func TestTerminate(t *testing.T) {
	d := driver(t)
	p, out := start(t, d, compute.Spec{}, "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done")
	eventually(t, "ready", func() bool { return out.String() == "ready\n" })
	if err := p.Freeze(); err != nil {
		t.Fatal(err)
	}
	p.Terminate(t.Context(), 5*time.Second)
	if p.Exit().Code != 5 || out.String() != "ready\nbye\n" {
		t.Errorf("%+v %q", p.Exit(), out)
	}
	p, out = start(t, d, compute.Spec{}, "trap '' TERM; echo ready; while :; do sleep 0.01; done")
	eventually(t, "ready", func() bool { return out.String() == "ready\n" })
	p.Terminate(t.Context(), 50*time.Millisecond)
	if p.Exit().Signal != "killed" {
		t.Errorf("%+v", p.Exit())
	}
}

func TestFreeze(t *testing.T) {
	d := driver(t)
	p, out := start(t, d, compute.Spec{}, "echo ready; sh -c 'while :; do :; done' & while :; do :; done")
	eventually(t, "ready", func() bool { return out.String() == "ready\n" })
	busy := func() bool {
		before := p.Usage().CPU
		time.Sleep(100 * time.Millisecond)
		return p.Usage().CPU-before > 5*time.Millisecond
	}
	if !busy() {
		t.Error("took no CPU")
	}
	for range 3 {
		_ = p.Freeze()
		eventually(t, "frozen", func() bool { return !busy() })
		_ = p.Resume()
		eventually(t, "running", busy)
	}
	_ = p.Freeze()
	p.Kill()
	ended(t, p)
}

func TestLimits(t *testing.T) {
	d := driver(t)
	const eat = "python3 -c 'x = bytearray(b\"1\" * (%d << 20)); print(len(x) >> 20)'"
	l := compute.Limits{MemoryMB: 100, TmpMB: 200, Processes: 20, Files: 50}
	if got, exit := run(t, d, compute.Spec{Limits: l}, fmt.Sprintf(eat, 30)); got != "30\n" {
		t.Errorf("30 of 100 MB: %+v %s", exit, got)
	}
	p, out := start(t, d, compute.Spec{Limits: l}, "exec "+fmt.Sprintf(eat, 1000))
	if exit := ended(t, p); !exit.OutOfMemory || exit.Signal != "killed" {
		t.Errorf("1000 of 100 MB: %+v %s", exit, out)
	}
	if used := p.Usage(); used.MaxMemory < 90<<20 || used.CPU < time.Millisecond {
		t.Errorf("used %+v", used)
	}
	if got, exit := run(t, d, compute.Spec{Limits: l}, "head -c 300000000 /dev/zero > /tmp/x; wc -c < /tmp/x"); !strings.Contains(got, "209715200") {
		t.Errorf("300 of 200 MB in /tmp: %+v %s", exit, got)
	}
	if got, _ := run(t, d, compute.Spec{Limits: l}, "for i in $(seq 30); do sleep 5 & done; echo all"); strings.Contains(got, "all") {
		t.Errorf("31 processes of 20: %s", got)
	}
	if got, _ := run(t, d, compute.Spec{Limits: l}, "ulimit -n; ulimit -c"); got != "50\n0\n" {
		t.Errorf("files and core: %s", got)
	}
	l.CPU = 0.2
	p, _ = start(t, d, compute.Spec{Limits: l}, "while :; do :; done")
	time.Sleep(500 * time.Millisecond)
	p.Kill()
	ended(t, p)
	if cpu := p.Usage().CPU; cpu > 200*time.Millisecond {
		t.Errorf("took %v of CPU in half a second with a fifth of a core", cpu)
	}
}

func TestFlush(t *testing.T) {
	d := driver(t)
	p, out := start(t, d, compute.Spec{}, "echo one; echo two >&2; touch /tmp/done; exec sleep 100")
	eventually(t, "both", func() bool { p.Flush(); return out.String() == "one\ntwo\n" })
	p.Kill()
	ended(t, p)
}

func TestCancelledStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := driver(t).Start(ctx, compute.Spec{Args: []string{"/bin/true"}}); err == nil {
		t.Error("started")
	}
}
