package main

import (
	"bufio"
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test's own program be the command.
func TestMain(m *testing.M) {
	if os.Getenv("ATELIER_BE_THE_COMMAND") != "" {
		main()
	}
	os.Exit(m.Run())
}

func command(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, args...)
	c.Env = []string{"ATELIER_BE_THE_COMMAND=1", "HOME=" + t.TempDir()}
	errs := &bytes.Buffer{}
	c.Stderr = errs
	return c, errs
}

func TestServeAndStop(t *testing.T) {
	dir := t.TempDir()
	c, errs := command(t, "serve", "--listen", "127.0.0.1:0", "--data-dir", dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	url := ""
	lines := bufio.NewScanner(out)
	for url == "" && lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "atelier is ready at "); ok {
			url = rest
		}
	}
	t.Logf("ready after %v", time.Since(begin))
	if url == "" {
		t.Fatalf("no ready line; stderr:\n%s", errs)
	}
	r, err := http.Get(url + "/_atelier/health")
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("health: %v %v", r, err)
	}
	_ = r.Body.Close()
	if kb := taken(t, c.Process.Pid); kb > 80<<10 {
		t.Errorf("%d MB taken when idle, want at most 80", kb>>10)
	}

	second, told := command(t, "serve", "--listen", "127.0.0.1:0", "--data-dir", dir)
	if err := second.Run(); second.ProcessState.ExitCode() != 1 {
		t.Errorf("second server: %v", err)
	}
	if text := told.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "another server is using it") {
		t.Errorf("second server says %q, want one line", text)
	}

	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // to its end, before Wait closes it
	}
	if err := c.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, errs)
	}
	if !strings.Contains(errs.String(), "credentials") {
		t.Errorf("the first start did not say where the root key is:\n%s", errs)
	}
}

// taken is the memory of a process itself in KiB, without pages of the program's file, which the system maps as it likes and takes
// back when it wants; 0 where the system doesn't tell.
func taken(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if os.IsNotExist(err) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "RssAnon:" {
			kb, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatal(err)
			}
			return kb
		}
	}
	t.Fatal("no RssAnon")
	return 0
}
