package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const (
	// idlers are functions of a gigabyte each that wait for events for idleTime: a hundred gigabyte-seconds.
	idlers   = 10
	idleTime = 10 * time.Second
	// starts is how many cold starts are measured.
	starts = 15
)

// stage is a server's functions.
type stage struct {
	*lambda.Client
	s    *server
	role string
}

// functions measures what a call of a function takes when its process is there and when it is not, and what processes that wait
// cost.
func functions(ctx context.Context, o options) (section, error) {
	servers, err := o.start(ctx, shared)
	defer stopAll(servers)
	if err != nil {
		return section{}, err
	}
	f, err := newStage(ctx, servers[0])
	if err != nil {
		return section{}, err
	}
	program, err := goFunction(o.work)
	if err != nil {
		return section{}, err
	}
	version, err := output("python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
	if err != nil {
		return section{}, err
	}
	script, err := packed("f.py", []byte("def handle(event, context):\n    return event\n"))
	if err != nil {
		return section{}, err
	}
	if err := errors.Join(f.create(ctx, "go", "provided.al2023", "bootstrap", program), f.create(ctx, "python", "python"+version, "f.handle", script)); err != nil {
		return section{}, err
	}
	var b strings.Builder
	b.WriteString("| Case | p50 | p99 | aim |\n|---|---:|---:|---:|\n")
	row := func(name string, times []time.Duration, aim string) {
		fmt.Fprintf(&b, "| %s | %.2f ms | %.2f ms | %s |\n", name, ms(percentile(times, 50)), ms(percentile(times, 99)), aim)
	}
	times, err := f.warm(ctx, "go", o.each*time.Duration(o.rounds))
	if err != nil {
		return section{}, err
	}
	row("warm invoke over HTTP, Go", times, "1.5 ms")
	for _, c := range []struct{ name, title, aim string }{{"go", "cold start and invoke, Go", "40 ms"}, {"python", "cold start and invoke, Python " + version, ""}} {
		times, err := f.cold(ctx, c.name)
		if err != nil {
			return section{}, err
		}
		row(c.title, times, c.aim)
	}
	var bare []time.Duration
	for range starts {
		begin := time.Now()
		if _, err := output("python3", "-c", "pass"); err != nil {
			return section{}, err
		}
		bare = append(bare, time.Since(begin))
	}
	row("`python3 -c pass` on the same machine", bare, "")
	used, err := f.idle(ctx, program)
	if err != nil {
		return section{}, err
	}
	fmt.Fprintf(&b, "\n%d functions of 1 GB that wait for %v (100 GB-seconds) and their server used %v of CPU.\n", idlers, idleTime, used.Round(time.Millisecond))
	return section{"Functions", b.String()}, nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func output(program string, args ...string) (string, error) {
	b, err := exec.Command(program, args...).Output()
	return strings.TrimSpace(string(b)), err
}

func newStage(ctx context.Context, s *server) (*stage, error) {
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &s.url, HTTPClient: s.client, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(s.key, s.secret, "")}
	role, err := iam.NewFromConfig(cfg).CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("function"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		return nil, err
	}
	return &stage{lambda.NewFromConfig(cfg), s, *role.Role.Arn}, nil
}

// packed is an archive of one file.
func packed(name string, content []byte) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: name, Method: zip.Deflate}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	if err == nil {
		_, err = w.Write(content)
	}
	err = errors.Join(err, z.Close())
	return b.Bytes(), err
}

// goFunction is a function in Go, as an archive.
func goFunction(work string) ([]byte, error) {
	at := filepath.Join(work, "bootstrap")
	c := exec.Command("go", "build", "-ldflags", "-s -w", "-tags", "lambda.norpc", "-o", at, "./test/bench/function")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cannot build the function: %w\n%s", err, out)
	}
	program, err := os.ReadFile(at)
	if err != nil {
		return nil, err
	}
	return packed("bootstrap", program)
}

func (f *stage) create(ctx context.Context, name, runtime, handler string, code []byte) error {
	_, err := f.CreateFunction(ctx, &lambda.CreateFunctionInput{FunctionName: &name, Runtime: types.Runtime(runtime), Handler: &handler, Role: &f.role,
		Code: &types.FunctionCode{ZipFile: code}, MemorySize: aws.Int32(1024), Timeout: aws.Int32(30)})
	if err != nil {
		return err
	}
	return lambda.NewFunctionActiveV2Waiter(f.Client).Wait(ctx, &lambda.GetFunctionInput{FunctionName: &name}, 5*time.Minute)
}

// invoke calls a function once, and tells how long it took.
func (f *stage) invoke(ctx context.Context, name string) (time.Duration, error) {
	begin := time.Now()
	out, err := f.Invoke(ctx, &lambda.InvokeInput{FunctionName: &name, Payload: []byte(`{"a":1}`)})
	took := time.Since(begin)
	if err == nil && (out.FunctionError != nil || string(out.Payload) != `{"a":1}` && string(out.Payload) != `{"a": 1}`) {
		err = fmt.Errorf("%s answered %s", name, out.Payload)
	}
	return took, err
}

func (f *stage) warm(ctx context.Context, name string, each time.Duration) (times []time.Duration, err error) {
	for range 20 {
		if _, err := f.invoke(ctx, name); err != nil {
			return nil, err
		}
	}
	for end := time.Now().Add(each); time.Now().Before(end); {
		took, err := f.invoke(ctx, name)
		if err != nil {
			return nil, err
		}
		times = append(times, took)
	}
	return times, nil
}

// cold calls a function whose configuration has just changed, so that no process of it is there.
func (f *stage) cold(ctx context.Context, name string) (times []time.Duration, err error) {
	for i := range starts {
		if _, err := f.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: &name, Description: aws.String(strconv.Itoa(i))}); err != nil {
			return nil, err
		}
		if err := lambda.NewFunctionUpdatedV2Waiter(f.Client).Wait(ctx, &lambda.GetFunctionInput{FunctionName: &name}, time.Minute); err != nil {
			return nil, err
		}
		took, err := f.invoke(ctx, name)
		if err != nil {
			return nil, err
		}
		if i > 0 { // the first also reads the program from disk
			times = append(times, took)
		}
	}
	return times, nil
}

// idle tells what CPU functions use that wait, with their server.
func (f *stage) idle(ctx context.Context, code []byte) (time.Duration, error) {
	for i := range idlers {
		name := "idle" + strconv.Itoa(i)
		if err := f.create(ctx, name, "provided.al2023", "bootstrap", code); err != nil {
			return 0, err
		}
		if _, err := f.invoke(ctx, name); err != nil {
			return 0, err
		}
	}
	time.Sleep(3 * time.Second) // what comes after a call is over
	before, err := cpuTime(f.s.process.Process.Pid)
	if err != nil {
		return 0, err
	}
	time.Sleep(idleTime)
	after, err := cpuTime(f.s.process.Process.Pid)
	return after - before, err
}
