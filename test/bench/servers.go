package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// The servers.
const (
	shared    = "atelier"
	s3Port    = "atelier, S3's own port"
	moto      = "moto"
	versitygw = "versitygw"
)

const (
	rootKey    = "AKIABENCHBENCHBENCH1"
	rootSecret = "bench-bench-bench-bench-bench-bench-1234"
	gateway    = "github.com/versity/versitygw/cmd/versitygw@v1.8.0" // as in go.mod
)

// server is something to be measured.
type server struct {
	name, url   string
	key, secret string
	client      *http.Client
	process     *exec.Cmd
}

func (s *server) stop() {
	if s.process != nil {
		_ = s.process.Process.Signal(syscall.SIGTERM)
		_ = s.process.Wait()
	}
}

func newServer(name, address string, p *exec.Cmd) *server {
	return &server{name: name, url: "http://" + address, key: rootKey, secret: rootSecret, process: p,
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, WriteBufferSize: 64 << 10, ReadBufferSize: 64 << 10, DisableCompression: true}}}
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// spawn starts a program and waits until its port takes connections.
func spawn(ctx context.Context, address string, env []string, program string, args ...string) (*exec.Cmd, error) {
	c := exec.Command(program, args...)
	c.Env = append(os.Environ(), env...)
	if err := c.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(2 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return c, nil
		}
	}
	_ = c.Process.Kill()
	return nil, fmt.Errorf("%s doesn't answer", program)
}

var rootEnv = []string{"ATELIER_ROOT_ACCESS_KEY_ID=" + rootKey, "ATELIER_ROOT_SECRET_ACCESS_KEY=" + rootSecret,
	"ROOT_ACCESS_KEY=" + rootKey, "ROOT_SECRET_KEY=" + rootSecret}

// start starts the named servers with nothing in them.
func (o options) start(ctx context.Context, names ...string) (list []*server, err error) {
	o.work, err = os.MkdirTemp(o.work, "servers")
	if err != nil {
		return nil, err
	}
	addresses := map[string]string{}
	for _, n := range names {
		if addresses[n], err = freePort(); err != nil {
			return nil, err
		}
	}
	for _, n := range names {
		var p *exec.Cmd
		switch n {
		case shared:
			args := []string{"serve", "--listen", addresses[n], "--data-dir", filepath.Join(o.work, "atelier"), "--log-level", "error",
				"--runtimes-dir", filepath.Join(harness.Root(), ".cache", "runtimes")}
			if at := addresses[s3Port]; at != "" {
				args = append(args, "--s3-listen", at)
			}
			p, err = spawn(ctx, addresses[n], rootEnv, "bin/atelier", args...)
		case moto:
			p, err = startMoto(ctx, addresses[n])
		case versitygw:
			p, err = startGateway(ctx, addresses[n], filepath.Join(o.work, "versitygw"))
		}
		if err != nil {
			return list, err
		}
		list = append(list, newServer(n, addresses[n], p))
	}
	return list, nil
}

func stopAll(list []*server) {
	for _, s := range list {
		s.stop()
	}
}

func startMoto(ctx context.Context, address string) (*exec.Cmd, error) {
	python, err := benchPython()
	if err != nil {
		return nil, err
	}
	_, port, _ := strings.Cut(address, ":")
	return spawn(ctx, address, nil, python, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", port)
}

func startGateway(ctx context.Context, address, dir string) (*exec.Cmd, error) {
	gw, err := gatewayBinary()
	if err != nil {
		return nil, err
	}
	for _, d := range []string{"versions", "buckets"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	return spawn(ctx, address, rootEnv, gw, "--port", address, "--quiet", "posix", "--versioning-dir", filepath.Join(dir, "versions"), filepath.Join(dir, "buckets"))
}

// prepare makes what the cases read.
func prepare(list []*server) error {
	for _, s := range list {
		if s.name != s3Port {
			r, _ := http.NewRequest(http.MethodPut, s.url+"/bench", nil) // the URL is ours
			r.Header.Set("X-Amz-Content-Sha256", hash(nil))
			s.sign(r, "s3", hash(nil))
			if err := s.do(r); err != nil {
				return fmt.Errorf("cannot make the bucket on %s: %w", s.name, err)
			}
		}
		if s.name == shared || s.name == moto {
			if err := s.do(form(s, "iam", url.Values{"Action": {"CreateRole"}, "Version": {"2010-05-08"}, "RoleName": {"bench"},
				"AssumeRolePolicyDocument": {trust}})); err != nil {
				return err
			}
		}
	}
	return nil
}

// benchPython makes the Python environment of moto and DuckDB.
func benchPython() (string, error) {
	python, err := filepath.Abs(".cache/bench-venv/bin/python")
	if err != nil || exec.Command(python, "-c", "import moto.server, duckdb_extension_tpch").Run() == nil {
		return python, err
	}
	for _, c := range [][]string{{"python3", "-m", "venv", ".cache/bench-venv"},
		{python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "test/bench/requirements.txt"}} {
		if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("cannot install what is compared with: %w\n%s", err, out)
		}
	}
	return python, nil
}

func gatewayBinary() (string, error) {
	dir, err := filepath.Abs(".cache/bench-bin")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "versitygw")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	c := exec.Command("go", "install", gateway)
	c.Env = append(os.Environ(), "GOBIN="+dir)
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot build versitygw: %w\n%s", err, out)
	}
	return binary, nil
}

func status(pid int, field string) int64 {
	f, err := os.Open("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if p := strings.Fields(s.Text()); len(p) > 1 && p[0] == field {
			n, _ := strconv.ParseInt(p[1], 10, 64)
			return n
		}
	}
	return 0
}

func machine() string {
	model := runtime.GOARCH
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d cores of %s, %s", runtime.NumCPU(), model, runtime.Version())
}
