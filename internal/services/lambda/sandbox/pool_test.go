package sandbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func TestSameInAllLanguages(t *testing.T) {
	eachLanguage(t, func(t *testing.T, b *bed, f Function) {
		for i := range 3 {
			r := b.call(f, `{"name":"ada","n":21}`)
			got := decode[map[string]any](t, r.Payload)
			if r.FunctionError != "" || got["hello"] != "ADA" || got["n"] != 42.0 {
				t.Errorf("answered %s %s", r.FunctionError, r.Payload)
			}
			if cold := i == 0; (r.Init > 0) != cold {
				t.Errorf("invocation %d: init took %v", i, r.Init)
			}
		}
	})
}

func TestLog(t *testing.T) {
	eachLanguage(t, func(t *testing.T, b *bed, f Function) {
		b.call(f, `{"name":"warm"}`)
		b.logs = nil
		r := b.call(f, `{"do":"log","name":"it"}`)
		id := b.lastID()
		want := []string{
			"START RequestId: " + id + " Version: $LATEST", "saw it", "END RequestId: " + id,
			"REPORT RequestId: " + id + "\tDuration: ",
		}
		if len(b.logs) != 4 {
			t.Fatalf("got %q", b.logs)
		}
		for i, line := range b.logs {
			if i != 1 && !strings.HasPrefix(line, want[i]) || i == 1 && !strings.HasSuffix(line, want[i]) {
				t.Errorf("line %d is %q, want %q", i, line, want[i])
			}
		}
		if string(r.LogTail) != strings.Join(b.logs, "\n")+"\n" {
			t.Errorf("tail:\n%s", r.LogTail)
		}
	})
}

func TestJSONLog(t *testing.T) {
	b := newBed(t)
	f := b.function("go")
	f.JSONLogs = true
	b.call(f, `{"do":"fail","name":"way"}`)
	var kinds []string
	for _, line := range b.logs {
		if strings.HasPrefix(line, "{") {
			kinds = append(kinds, decode[struct{ Type string }](t, []byte(line)).Type)
		}
	}
	if got := strings.Join(kinds, " "); got != "platform.start platform.report" {
		t.Errorf("got %s from %q", got, b.logs)
	}
}

func TestErrors(t *testing.T) {
	types := map[string]string{"go": "errorString", "python": "ValueError", "node": "RangeError"}
	eachLanguage(t, func(t *testing.T, b *bed, f Function) {
		r := b.call(f, `{"do":"fail","name":"way"}`)
		got := decode[struct{ ErrorType, ErrorMessage string }](t, r.Payload)
		if r.FunctionError != "Unhandled" || got.ErrorType != types[f.Name] || r.ErrorType != got.ErrorType || got.ErrorMessage != "no way" {
			t.Errorf("got %s %s", r.FunctionError, r.Payload)
		}
		if log := string(r.LogTail); strings.Contains(log, "Status:") {
			t.Errorf("the report of a function's own error has a status:\n%s", log)
		}
	})
}

func TestInitErrors(t *testing.T) {
	b := newBed(t)
	f := func(language, handler, dir, want string) {
		t.Helper()
		fn := b.function(language)
		fn.Handler, fn.Revision = handler, handler+dir
		if dir != "" {
			fn.CodeDir = dir
		}
		for range 2 { // and again, by a new process
			r := b.call(fn, `{}`)
			if got := decode[struct{ ErrorType string }](t, r.Payload).ErrorType; got != want || r.FunctionError != "Unhandled" {
				t.Errorf("%s %s: got %s, want %s\n%s", language, handler, r.Payload, want, r.LogTail)
			}
		}
	}
	empty := t.TempDir()
	f("python", "app.nothing", "", "Runtime.HandlerNotFound")
	f("python", "nothing.handler", "", "Runtime.ImportModuleError")
	f("node", "app.nothing", "", "Runtime.HandlerNotFound")
	f("node", "nothing.handler", "", "Runtime.ImportModuleError")
	f("go", "bootstrap", empty, "Runtime.InvalidEntrypoint")
}

func TestLateException(t *testing.T) {
	b := newBed(t)
	r := b.call(b.function("node"), `{"do":"throw"}`)
	if got := decode[struct{ ErrorType, ErrorMessage string }](t, r.Payload); got.ErrorMessage != "late" {
		t.Errorf("got %s\n%s", r.Payload, r.LogTail)
	}
}

func TestContext(t *testing.T) {
	eachLanguage(t, func(t *testing.T, b *bed, f Function) {
		in := Invocation{RequestID: "11111111-2222-4333-8444-555555555555", InvokedARN: f.ARN + ":live", Payload: []byte(`{"do":"context"}`)}
		r, err := b.Invoke(t.Context(), f, in, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := decode[struct{ AwsRequestID, InvokedFunctionArn string }](t, r.Payload)
		if got.AwsRequestID != in.RequestID || got.InvokedFunctionArn != in.InvokedARN {
			t.Errorf("got %s", r.Payload)
		}
	})
}

func TestEnvironment(t *testing.T) {
	eachLanguage(t, func(t *testing.T, b *bed, f Function) {
		f.Env = map[string]string{"OWN": "yes", "AWS_REGION": "not this"}
		f.Credentials = func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AK", SecretAccessKey: "SK", SessionToken: "ST"}, nil
		}
		want := map[string]string{
			"OWN": "yes", "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK", "AWS_SESSION_TOKEN": "ST",
			"_HANDLER": f.Handler, "AWS_LAMBDA_FUNCTION_NAME": f.Name, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
			"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/" + f.Name,
			"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "AWS_ENDPOINT_URL": "http://127.0.0.1:9000", "LAMBDA_TASK_ROOT": "/var/task", "TZ": ":UTC",
			"AWS_EXECUTION_ENV": map[bool]string{false: "AWS_Lambda_" + f.Runtime}[f.Name == "go"], "PYTHONSTARTUP": "",
		}
		for name, value := range want {
			if r := b.call(f, `{"do":"env","name":"`+name+`"}`); string(r.Payload) != `"`+value+`"` {
				t.Errorf("%s is %s, want %q", name, r.Payload, value)
			}
		}
	})
}

func TestSideBySide(t *testing.T) {
	b := newBed(t)
	f := b.function("go")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { b.call(f, `{"do":"sleep","n":300}`) })
	}
	wg.Wait()
	if n := b.count; n != 8 {
		t.Errorf("%d processes for 8 invocations at once", n)
	}
	last := b.shelf[f.key()].idle[7]
	for range 5 {
		b.call(f, `{}`)
	}
	if s := b.shelf[f.key()]; len(s.all) != 8 || s.idle[7] != last {
		t.Error("one after another did not use the last process again")
	}
}

func TestIdleEnds(t *testing.T) {
	b := newBed(t, func(c *Config) { c.Idle = 50 * time.Millisecond })
	f := b.function("go")
	b.call(f, `{}`)
	e := b.only(f)
	b.until(func() bool { return b.processes() == 0 })
	<-e.process.Done()
	if r := b.call(f, `{}`); r.Init == 0 {
		t.Error("no new process")
	}
}

func TestForget(t *testing.T) {
	b := newBed(t)
	f := b.function("go")
	busy := make(chan Result)
	go func() { busy <- b.call(f, `{"do":"sleep","n":400}`) }()
	b.until(func() bool { return b.processes() == 1 && !b.only(f).firstIsZero() })
	b.Forget(f.ARN, "other")
	b.Forget(f.ARN, "$LATEST")
	if r := <-busy; r.FunctionError != "" {
		t.Errorf("the busy one was ended: %s", r.Payload)
	}
	b.until(func() bool { return b.processes() == 0 })
}

func TestRevision(t *testing.T) {
	b := newBed(t)
	f := b.function("go")
	f.Env = map[string]string{"V": "1"}
	b.call(f, `{}`)
	f.Revision, f.Env = "2", map[string]string{"V": "2"}
	if r := b.call(f, `{"do":"env","name":"V"}`); string(r.Payload) != `"2"` {
		t.Errorf("got %s", r.Payload)
	}
	b.until(func() bool { return b.processes() == 1 })
}

func TestCredentialsExpire(t *testing.T) {
	b := newBed(t)
	f := b.function("go")
	asked := 0
	f.Credentials = func(context.Context) (aws.Credentials, error) {
		asked++
		return aws.Credentials{AccessKeyID: fmt.Sprint("AK", asked), SecretAccessKey: "s", CanExpire: true, Expires: time.Now().Add(30 * time.Second)}, nil
	}
	for i := 1; i <= 2; i++ {
		if r := b.call(f, `{"do":"env","name":"AWS_ACCESS_KEY_ID"}`); string(r.Payload) != fmt.Sprintf(`"AK%d"`, i) {
			t.Errorf("invocation %d had %s", i, r.Payload)
		}
	}
	f.Revision = "2"
	f.Credentials = func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, errors.New("no such role") }
	if _, err := b.Invoke(t.Context(), f, Invocation{RequestID: "1"}, nil); err == nil || !strings.Contains(err.Error(), "no such role") {
		t.Errorf("got %v", err)
	}
}

func TestPrepare(t *testing.T) {
	b := newBed(t, func(c *Config) { c.Idle = 50 * time.Millisecond })
	f := b.function("go")
	if err := b.Prepare(t.Context(), f, 2); err != nil {
		t.Fatal(err)
	}
	if r := b.call(f, `{"do":"env","name":"AWS_LAMBDA_INITIALIZATION_TYPE"}`); r.Init != 0 || string(r.Payload) != `"provisioned-concurrency"` {
		t.Errorf("init took %v, %s", r.Init, r.Payload)
	}
	time.Sleep(200 * time.Millisecond)
	if n := b.processes(); n != 2 {
		t.Errorf("%d processes, want 2 that stay", n)
	}
	b.call(f, `{"do":"exit","n":1}`)
	b.until(func() bool { return b.processes() == 2 })
	if err := b.Prepare(t.Context(), f, 0); err != nil {
		t.Fatal(err)
	}
	b.until(func() bool { return b.processes() == 0 })
}

func TestDeadWarmProcessIsReplaced(t *testing.T) {
	b := newBed(t)
	f := b.function("go")
	for range 10 {
		b.call(f, `{}`)
		b.until(func() bool { return b.processes() == 1 })
		p := b.only(f).process
		p.Kill()
		<-p.Done()
		if r := b.call(f, `{"name":"x"}`); r.FunctionError != "" {
			t.Fatalf("got %s", r.Payload)
		}
	}
}

func TestBusy(t *testing.T) {
	b := newBed(t, func(c *Config) { c.MaxProcesses = 1 })
	f, other := b.function("go"), b.function("go")
	other.ARN += "-other"
	b.call(other, `{}`)
	done := make(chan Result)
	go func() { done <- b.call(f, `{"do":"sleep","n":500}`) }() // takes the place of the idle one
	b.until(func() bool { b.Pool.mu.Lock(); defer b.Pool.mu.Unlock(); return b.shelf[f.key()] != nil })
	if _, err := b.Invoke(t.Context(), other, Invocation{RequestID: "1"}, nil); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
	if r := <-done; r.FunctionError != "" {
		t.Errorf("got %s", r.Payload)
	}
}

func TestUnavailable(t *testing.T) {
	b := newBed(t)
	f := func(name, want string) {
		t.Helper()
		var u *UnavailableError
		if err := b.Check(t.Context(), name); !errors.As(err, &u) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	f("java21", "there is no such runtime here")
	f("python3.99", "no Python 3.99 with pip was found in")
	f("python2.7", "there is no such runtime here")
	f("nodejs99.x", "no Node.js 99 was found in")
	if err := b.Check(t.Context(), "provided.al2"); err != nil {
		t.Error(err)
	}
}
