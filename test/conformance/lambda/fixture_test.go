// Package lambda_test drives Lambda with the Go SDK and boto3: functions in Go, Python and JavaScript that really run.
package lambda_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// fixture is a server with a role for functions.
type fixture struct {
	*lambda.Client
	t      *testing.T
	ctx    context.Context
	server *harness.Server
	admin  harness.Caller
	sqs    *sqs.Client
	role   string
}

func open(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), server: harness.Start(t)}
	f.prepare()
	f.role = f.newRole("function", harness.AllowAll)
	return f
}

// prepare makes clients of the server as it is now.
func (f *fixture) prepare() {
	f.t.Helper()
	f.admin = harness.Must(f.server.Admin(f.ctx))(f.t)
	f.Client, f.sqs = lambda.NewFromConfig(f.admin.Config()), sqs.NewFromConfig(f.admin.Config())
}

func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// fails holds an error to a code, and a part of its message.
func (f *fixture) fails(err error, code, part string) {
	f.t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), part) {
		f.t.Errorf("got %v, want %s with %q", err, code, part)
	}
}

func (f *fixture) newRole(name, policy string) string { return f.roleFor("lambda", name, policy) }

// roleFor makes a role that a service may be.
func (f *fixture) roleFor(service, name, policy string) string {
	f.t.Helper()
	out, err := f.admin.IAM().CreateRole(f.ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(strings.Replace(trust, "lambda", service, 1))})
	f.ok(err)
	_, err = f.admin.IAM().PutRolePolicy(f.ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy})
	f.ok(err)
	return *out.Role.Arn
}

// restart starts another server on the same data.
func (f *fixture) restart() {
	f.t.Helper()
	f.server = harness.StartWith(f.t, harness.Options{DataDir: f.server.DataDir})
	f.Client, f.sqs = lambda.NewFromConfig(f.server.Root().Config()), sqs.NewFromConfig(f.server.Root().Config())
}

// soon waits for something that is to come.
func (f *fixture) soon(what string, is func() bool) {
	f.t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("%s does not come\n%s", what, f.server.Log())
		}
	}
}

// packed is a zip archive of files, all of which may be run.
func packed(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		h.SetMode(0o755)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// built gives a program of functions, built once.
var built = func() func(program string) ([]byte, error) {
	var all sync.Map
	return func(program string) ([]byte, error) {
		f, _ := all.LoadOrStore(program, sync.OnceValues(func() ([]byte, error) {
			dir, err := os.MkdirTemp("", "function-")
			if err != nil {
				return nil, err
			}
			defer os.RemoveAll(dir)
			at := filepath.Join(dir, "bootstrap")
			c := exec.Command("go", "build", "-ldflags", "-s -w", "-tags", "lambda.norpc", "-o", at, "./functions/"+program)
			c.Env = append(os.Environ(), "CGO_ENABLED=0")
			if out, err := c.CombinedOutput(); err != nil {
				return nil, errors.New(string(out))
			}
			return os.ReadFile(at)
		}))
		return f.(func() ([]byte, error))()
	}
}()

// language is a way to write the function.
type language struct {
	name, handler string
	runtime       types.Runtime
	code          func(t testing.TB) []byte
}

func inGo() language { return program("go") }

func program(name string) language {
	return language{name, "bootstrap", types.RuntimeProvidedal2023, func(t testing.TB) []byte {
		b, err := built(name)
		if err != nil {
			t.Fatal(err)
		}
		return packed(t, map[string][]byte{"bootstrap": b})
	}}
}

func fromFile(name, handler string, runtime types.Runtime) language {
	return language{strings.TrimPrefix(filepath.Ext(name), "."), handler, runtime, func(t testing.TB) []byte {
		b, err := os.ReadFile(filepath.Join("functions", name))
		if err != nil {
			t.Fatal(err)
		}
		return packed(t, map[string][]byte{name: b})
	}}
}

// inPython and inNode have the versions that this machine has.
func inPython() language {
	return fromFile("function.py", "function.handle", types.Runtime("python"+version("python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")))
}

func inNode() language {
	return fromFile("function.mjs", "function.handle", types.Runtime("nodejs"+strings.Split(strings.TrimPrefix(version("node", "--version"), "v"), ".")[0]+".x"))
}

func version(program string, args ...string) string {
	out, err := exec.Command(program, args...).Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// create makes a function and waits until it is active.
func (f *fixture) create(name string, l language, more ...func(*lambda.CreateFunctionInput)) *lambda.CreateFunctionOutput {
	f.t.Helper()
	in := &lambda.CreateFunctionInput{FunctionName: &name, Role: &f.role, Runtime: l.runtime, Handler: &l.handler, Code: &types.FunctionCode{ZipFile: l.code(f.t)},
		Timeout: aws.Int32(20)}
	for _, m := range more {
		m(in)
	}
	out, err := f.CreateFunction(f.ctx, in)
	f.ok(err)
	f.ok(lambda.NewFunctionActiveV2Waiter(f.Client, func(o *lambda.FunctionActiveV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, time.Second
	}).
		Wait(f.ctx, &lambda.GetFunctionInput{FunctionName: &name}, 3*time.Minute)) // a runtime may be installed first
	return out
}

// call invokes a function with what it is to do.
func (f *fixture) call(name, do, text string) *lambda.InvokeOutput {
	f.t.Helper()
	out, err := f.Invoke(f.ctx, &lambda.InvokeInput{FunctionName: &name, Payload: doing(do, text), LogType: types.LogTypeTail})
	f.ok(err)
	return out
}

func doing(do, text string) []byte {
	b, _ := json.Marshal(map[string]string{"Do": do, "Text": text}) // it has nothing that can't be
	return b
}

// queue makes a queue and gives its URL and ARN.
func (f *fixture) queue(name string, attributes map[string]string) (url, arn string) {
	f.t.Helper()
	out, err := f.sqs.CreateQueue(f.ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	f.ok(err)
	return *out.QueueUrl, "arn:aws:sqs:" + harness.Region + ":" + f.admin.Account + ":" + name
}

// arrives waits for a message and takes it off the queue.
func (f *fixture) arrives(url string) sqstypes.Message {
	f.t.Helper()
	out, err := f.sqs.ReceiveMessage(f.ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 20, MessageAttributeNames: []string{"All"}})
	f.ok(err)
	if len(out.Messages) != 1 {
		f.t.Fatalf("no message came\n%s", f.server.Log())
	}
	_, err = f.sqs.DeleteMessage(f.ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: out.Messages[0].ReceiptHandle})
	f.ok(err)
	return out.Messages[0]
}
