package process

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// TestMain lets the test's own program be a server that is killed, or one that isn't root's.
func TestMain(m *testing.M) {
	if dir := os.Getenv("ATELIER_BE_A_SERVER"); dir != "" {
		beServer(dir)
	}
	os.Exit(m.Run())
}

// beServer runs a program that spins, and one that is frozen, and waits to be killed.
func beServer(dir string) {
	d, err := New(Config{Dir: dir})
	if err != nil {
		panic(err)
	}
	for i, script := range []string{"id -u; exec sleep 1000", "echo frozen; while :; do :; done"} {
		p, err := d.Start(context.Background(), compute.Spec{Args: []string{"/bin/sh", "-c", script}, Stdout: os.Stdout, Limits: compute.Limits{MemoryMB: 64}})
		if err != nil {
			fmt.Println("cannot start:", err)
			os.Exit(1)
		}
		if i == 1 {
			time.Sleep(50 * time.Millisecond)
			_ = p.Freeze()
		}
	}
	fmt.Println("started")
	select {}
}

// server starts this program as a server in dir.
func server(t *testing.T, dir string, change func(*exec.Cmd)) *exec.Cmd {
	t.Helper()
	c := exec.Command(filepath.Join(dir, "server"))
	b, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.Path, b, 0o755); err != nil {
		t.Fatal(err)
	}
	c.Env = []string{"ATELIER_BE_A_SERVER=" + filepath.Join(dir, "data")}
	c.Stderr = os.Stderr
	change(c)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		t.Log(lines.Text())
		if lines.Text() == "started" {
			return c
		}
	}
	t.Fatal("the server did not start")
	return nil
}

func descendants(t *testing.T, pid int) []int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	var list []int
	for _, f := range strings.Fields(string(b)) {
		n, _ := strconv.Atoi(f)
		list = append(append(list, n), descendants(t, n)...)
	}
	return list
}

func TestServerKilled(t *testing.T) {
	dir := t.TempDir()
	c := server(t, dir, func(*exec.Cmd) {})
	var inside []int
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", c.Process.Pid))
	for _, file := range tasks {
		b, _ := os.ReadFile(file)
		for _, f := range strings.Fields(string(b)) {
			n, _ := strconv.Atoi(f)
			inside = append(append(inside, n), descendants(t, n)...)
		}
	}
	if len(inside) < 4 {
		t.Fatalf("want at least two sandboxes with a program each, found processes %v", inside)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	eventually(t, "all ended", func() bool {
		for _, pid := range inside {
			if syscall.Kill(pid, 0) == nil && !zombie(pid) {
				return false
			}
		}
		return true
	})
	data := filepath.Join(dir, "data")
	g := findGroups(data)
	left := func() (n int) {
		for _, base := range distinct(g.bases) {
			dirs, _ := filepath.Glob(filepath.Join(base, g.prefix+"*"))
			n += len(dirs)
		}
		return n
	}
	if left() == 0 {
		t.Log("control groups went with the processes")
	}
	d, err := New(Config{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if n := left(); n != 0 {
		t.Errorf("%d control groups of the dead server are left", n)
	}
}

func zombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(b), ") Z ")
}

func TestNotRoot(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "sandbox")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() != 0 {
		t.Fatal("this test becomes another user, so run it as root; all others here ran as yours")
	}
	c := server(t, dir, func(c *exec.Cmd) {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	})
	_ = c.Process.Kill()
	_ = c.Wait()
}

// TestNothingIsLeft counts open files and control groups before and after many programs.
func TestNothingIsLeft(t *testing.T) {
	d, err := New(Config{Dir: t.TempDir(), Prepared: -1})
	if err != nil {
		t.Fatal(err)
	}
	count := func() (files, groups int) {
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		for _, base := range distinct(d.groups.bases) {
			left, _ := filepath.Glob(filepath.Join(base, d.groups.prefix+"*"))
			groups += len(left)
		}
		return len(open), groups
	}
	run(t, d, compute.Spec{}, "true")
	files, _ := count()
	for range 30 {
		p, _ := start(t, d, compute.Spec{}, "sleep 100 & echo x; exec sleep 100")
		if _, err := p.Listen(8000); err != nil {
			t.Fatal(err)
		}
		p.Kill()
		ended(t, p)
		_, _ = d.Start(t.Context(), compute.Spec{Args: []string{"/nothing"}})
	}
	d.Close()
	if now, groups := count(); now > files || groups > 0 {
		t.Errorf("%d files open, %d before; %d control groups left", now, files, groups)
	}
}
