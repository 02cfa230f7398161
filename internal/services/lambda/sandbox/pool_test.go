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
		Driver: d, Dir: cache(t), Clock: clock.System{},
		Endpoint: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, "endpoint ", r.URL.Path) }),
	}
	for _, f := range change {
		f(&cfg)
	}
	b := &bed{Pool: New(cfg), t: t}
	t.Cleanup(func() { b.Close(); d.Close() })
	return b
}

// cache is where language runtimes are installed for tests, once.
func cache(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("../../../../.cache/runtimes")
	if err != nil {
		t.Fatal(err)
	}
	return dir
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

func (b *bed) function(name string) Function {
	return Function{
		ARN: "arn:aws:lambda:us-east-1:111122223333:function:" + name, Name: name, Version: "$LATEST", Revision: "1", Runtime: "provided.al2023",
		Handler: "bootstrap", CodeDir: goCode(b.t), Region: "us-east-1", MemoryMB: 256,
		Log: func(l LogLine) {
			b.mu.Lock()
			b.logs = append(b.logs, l.Text)
			b.mu.Unlock()
		},
	}
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

func TestInvoke(t *testing.T) {
	b := newBed(t)
	f := b.function("hello")
	for range 3 {
		begin := time.Now()
		r := b.call(f, `{"name":"ada","n":21}`)
		t.Logf("%v %+v\n%s\n%s", time.Since(begin), r, r.Payload, r.LogTail)
	}
}
