package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/compute/process"
	"github.com/atelier-studio/atelier/internal/platform/clock"
)

// bed is a pool with what tests ask of it.
type bed struct {
	*Pool
	t testing.TB

	mu   sync.Mutex
	logs []string
	ids  int
}

func newBed(t testing.TB, change ...func(*Config)) *bed {
	t.Helper()
	if missing := process.Probe().Missing(); missing != "" {
		t.Logf("this machine: %s", missing)
	}
	d, err := process.New(process.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Driver: d, Dir: absolute(t, "../../../../.cache/runtimes"), Clock: clock.System{},
		Endpoint: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, "endpoint ", r.URL.Path) }),
	}
	for _, f := range change {
		f(&cfg)
	}
	b := &bed{Pool: New(cfg), t: t}
	t.Cleanup(func() { b.Close(); d.Close() })
	return b
}

var built sync.Map

// goCode is a directory with the Go function, built once.
func goCode(t testing.TB) string {
	t.Helper()
	build, _ := built.LoadOrStore("go", sync.OnceValues(func() (string, error) {
		dir, err := os.MkdirTemp("", "function")
		if err != nil {
			return "", err
		}
		c := exec.Command("go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", filepath.Join(dir, "bootstrap"), "./testdata/function")
		c.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := c.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%w\n%s", err, out)
		}
		return dir, os.Chmod(dir, 0o755)
	}))
	dir, err := build.(func() (string, error))()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// languages are the three in which the tests' function is written.
var languages = []string{"go", "python", "node"}

func (b *bed) function(language string) Function {
	b.t.Helper()
	f := Function{
		ARN: "arn:aws:lambda:us-east-1:111122223333:function:" + language, Name: language, Version: "$LATEST", Revision: "1", Region: "us-east-1",
		MemoryMB: 256, Timeout: 20 * time.Second,
		Log: func(l LogLine) {
			b.mu.Lock()
			b.logs = append(b.logs, l.Text)
			b.mu.Unlock()
		},
	}
	switch language {
	case "go":
		f.Runtime, f.Handler, f.CodeDir = "provided.al2023", "bootstrap", goCode(b.t)
	case "python":
		f.Runtime, f.Handler, f.CodeDir = "python3.11", "app.handler", absolute(b.t, "testdata/python")
	case "node":
		f.Runtime, f.Handler, f.CodeDir = "nodejs20.x", "app.handler", absolute(b.t, "testdata/node")
	}
	return f
}

func absolute(t testing.TB, path string) string {
	t.Helper()
	dir, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func (b *bed) call(f Function, payload string) Result {
	b.t.Helper()
	b.mu.Lock()
	b.ids++
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", b.ids)
	b.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := b.Invoke(ctx, f, Invocation{RequestID: id, Payload: []byte(payload)}, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func decode[T any](t testing.TB, b []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return v
}

func (b *bed) lastID() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", b.ids)
}

// only is the one environment of a function.
func (b *bed) only(f Function) *environment {
	b.t.Helper()
	b.Pool.mu.Lock()
	defer b.Pool.mu.Unlock()
	s := b.shelf[f.key()]
	if s == nil || len(s.all) != 1 {
		b.t.Fatalf("want one process of %s", f.Name)
	}
	for e := range s.all {
		return e
	}
	return nil
}

func (e *environment) isFrozen() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.frozen
}

// until waits for something that is to happen soon.
func (b *bed) until(f func() bool) {
	b.t.Helper()
	for end := time.Now().Add(5 * time.Second); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatal("it did not happen in 5 s")
		}
	}
}

func (b *bed) processes() int {
	b.Pool.mu.Lock()
	defer b.Pool.mu.Unlock()
	return b.count
}

func (e *environment) firstIsZero() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.first.IsZero()
}
