package sandbox

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// eachLanguage runs a test with the function in each language, on one pool.
func eachLanguage(t *testing.T, test func(t *testing.T, b *bed, f Function), change ...func(*Config)) {
	t.Helper()
	b := newBed(t, change...)
	for _, language := range languages {
		t.Run(language, func(t *testing.T) {
			b.t = t
			f := b.function(language)
			test(t, b, f)
			if r := b.call(f, `{"name":"after","n":1}`); r.FunctionError != "" || !strings.Contains(string(r.Payload), "AFTER") {
				t.Errorf("the next invocation: %s %s", r.FunctionError, r.Payload)
			}
		})
	}
}

func TestLeakIsEnded(t *testing.T) {
	eachLanguage(t, func(t *testing.T, b *bed, f Function) {
		f.MemoryMB = 128
		r := b.call(f, `{"do":"leak"}`)
		if r.ErrorType != "Runtime.OutOfMemory" || !strings.Contains(string(r.LogTail), "Status: error\tError Type: Runtime.OutOfMemory") {
			t.Errorf("%s %s\n%s", r.ErrorType, r.Payload, r.LogTail)
		}
		if r.MaxMemoryMB < 100 || r.MaxMemoryMB > 128 {
			t.Errorf("took %d MB, want about 128", r.MaxMemoryMB)
		}
	})
}

func TestSpinTimesOut(t *testing.T) {
	eachLanguage(t, func(t *testing.T, b *bed, f Function) {
		f.Timeout = time.Second
		b.call(f, `{"name":"warm"}`)
		r := b.call(f, `{"do":"spin"}`)
		want := `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ` + b.lastID() + ` Error: Task timed out after 1.00 seconds"}`
		if string(r.Payload) != want {
			t.Errorf("got %s, want %s", r.Payload, want)
		}
		if log := string(r.LogTail); !strings.Contains(log, b.lastID()+" Task timed out after 1.00 seconds\n") || !strings.Contains(log, "Status: timeout") {
			t.Errorf("log:\n%s", log)
		}
	})
}

// few bounds processes more than Lambda does, so that the bound is met soon.
type few struct{ compute.Driver }

func (d few) Start(ctx context.Context, spec compute.Spec) (compute.Process, error) {
	spec.Limits.Processes = 50
	return d.Driver.Start(ctx, spec)
}

func TestForksAreBounded(t *testing.T) {
	eachLanguage(t, func(t *testing.T, b *bed, f Function) {
		r := b.call(f, `{"do":"fork"}`)
		if r.FunctionError == "" && !strings.Contains(string(r.Payload), " then ") {
			t.Errorf("got %s", r.Payload)
		}
		b.Forget(f.ARN, f.Version)
	}, func(c *Config) { c.Driver = few{c.Driver} })
}

func TestDiskIsBounded(t *testing.T) {
	eachLanguage(t, func(t *testing.T, b *bed, f Function) {
		f.MemoryMB, f.StorageMB = 128, 150
		r := b.call(f, `{"do":"fill"}`)
		if text := string(r.Payload); r.FunctionError != "" || !strings.HasPrefix(text, `"149 MB then`) && !strings.HasPrefix(text, `"150 MB then`) {
			t.Errorf("got %s %s, want about 150 MB\n%s", r.ErrorType, r.Payload, r.LogTail)
		}
	})
}

func TestExitIsReported(t *testing.T) {
	eachLanguage(t, func(t *testing.T, b *bed, f Function) {
		r := b.call(f, `{"do":"exit","n":7}`)
		want := `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ` + b.lastID() + ` Error: Runtime exited with error: exit status 7"}`
		if string(r.Payload) != want {
			t.Errorf("got %s, want %s", r.Payload, want)
		}
		r = b.call(f, `{"do":"exit","n":0}`)
		if !strings.Contains(string(r.Payload), "Error: Runtime exited without providing a reason") {
			t.Errorf("got %s", r.Payload)
		}
	})
}

func TestNothingOfTheServerIsSeen(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(secret, []byte("key"), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	eachLanguage(t, func(t *testing.T, b *bed, f Function) {
		for _, path := range []string{
			secret, "/proc/1/root" + secret, "/proc/1/environ", "/proc/self/root/../.." + secret, "/var/task/../.." + secret, "/proc/1/fd/3", "/etc/shadow",
			"/proc/kcore", "/proc/1/mem", "/dev/mem", "/root/.bashrc",
		} {
			if r := b.call(f, `{"do":"read","name":"`+path+`"}`); r.FunctionError == "" {
				t.Errorf("%s was read: %.100s", path, r.Payload)
			}
		}
		for _, address := range []string{l.Addr().String(), "127.0.0.1:22", "8.8.8.8:53", "169.254.169.254:80"} {
			if r := b.call(f, `{"do":"dial","name":"`+address+`"}`); r.FunctionError == "" {
				t.Errorf("%s was reached", address)
			}
		}
		if r := b.call(f, `{"do":"dial","name":"127.0.0.1:9000"}`); r.FunctionError != "" {
			t.Errorf("the endpoint was not reached: %s", r.Payload)
		}
	})
}

func TestOthersAreNotSignalled(t *testing.T) {
	eachLanguage(t, func(t *testing.T, b *bed, f Function) {
		other := b.function("go")
		other.ARN += "-other"
		b.call(other, `{"name":"x"}`)
		b.call(f, `{"do":"kill"}`) // it may end itself
		if r := b.call(other, `{"name":"x"}`); r.Init != 0 {
			t.Error("the other function's process was ended")
		}
	})
}

func TestNothingRunsAfterTheAnswer(t *testing.T) {
	eachLanguage(t, func(t *testing.T, b *bed, f Function) {
		if r := b.call(f, `{"do":"background"}`); string(r.Payload) != `"answered"` {
			t.Fatalf("got %s", r.Payload)
		}
		e := b.only(f)
		b.until(func() bool { return e.isFrozen() })
		b.until(func() bool {
			before := e.process.Usage().CPU
			time.Sleep(200 * time.Millisecond)
			return e.process.Usage().CPU-before < 2*time.Millisecond
		})
	})
}
