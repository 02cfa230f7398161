package sandbox

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Function is what the pool must know to run a version of a function.
type Function struct {
	// ARN is the function's ARN without a version; with Version it names the pool's processes.
	ARN string
	// Name is the function's name, Version "$LATEST" or a number.
	Name, Version string
	// Revision changes with anything in here. Processes of another revision get no more invocations and end.
	Revision string
	// Runtime is one of Runtimes(), Handler as in AWS ("module.function").
	Runtime, Handler string
	// CodeDir is shown read-only at /var/task, LayerDirs are laid over each other, the last one on top, at /opt. They must be readable by
	// everybody and stay until Forget has returned.
	CodeDir   string
	LayerDirs []string
	// Env is the function's own environment; names that Lambda reserves are overwritten.
	Env map[string]string
	// Region is the value of AWS_REGION.
	Region string
	// MemoryMB (128 when 0), Timeout (3 seconds when 0) and StorageMB, the size of /tmp (512 when 0).
	MemoryMB  int
	Timeout   time.Duration
	StorageMB int
	// LogGroup is the value of AWS_LAMBDA_LOG_GROUP_NAME; "/aws/lambda/<name>" when empty.
	LogGroup string
	// JSONLogs makes the platform's lines JSON ("LogFormat": "JSON").
	JSONLogs bool
	// Credentials are the execution role's. They are asked for when a process starts, and a process ends before its own expire.
	Credentials func(ctx context.Context) (aws.Credentials, error)
	// Log receives what the function writes and the platform's START, END and REPORT lines, in order. It must not block.
	Log func(LogLine)

	provisioned bool
}

func (f Function) withDefaults() Function {
	if f.MemoryMB == 0 {
		f.MemoryMB = 128
	}
	if f.Timeout == 0 {
		f.Timeout = 3 * time.Second
	}
	if f.StorageMB == 0 {
		f.StorageMB = 512
	}
	if f.LogGroup == "" {
		f.LogGroup = "/aws/lambda/" + f.Name
	}
	return f
}

// LogLine is a line of a function's log.
type LogLine struct {
	// Stream is the log stream of the process that wrote it: "2026/11/25/[$LATEST]0123…".
	Stream string
	Time   time.Time
	// Text has no line end.
	Text string
}

// Invocation is one event for a function.
type Invocation struct {
	RequestID string
	// InvokedARN is the ARN that the caller named, with the qualifier; Function.ARN when empty.
	InvokedARN string
	// Payload is the event, JSON.
	Payload []byte
	// ClientContext is the caller's client context as JSON, CognitoIdentity likewise; mostly empty.
	ClientContext   string
	CognitoIdentity string
	// TraceID is the X-Ray trace header; made when empty.
	TraceID string
}

// Result is what a function answered.
type Result struct {
	// Payload is the answer or, with FunctionError, the error: {"errorMessage", "errorType", …}. It is nil when the answer went to a sink.
	Payload []byte
	// FunctionError is "Unhandled" when the function failed, and empty otherwise.
	FunctionError string
	// ErrorType is the type of a function's error, such as "Sandbox.Timedout", "Runtime.ExitError" or the exception's name.
	ErrorType string
	// LogTail is the last 4 KB of what this invocation logged.
	LogTail []byte
	// Duration is how long the function ran, Billed what of it is billed (whole milliseconds), Init how long a new process took
	// until it asked for its first event; 0 for a warm one.
	Duration, Billed, Init time.Duration
	// MaxMemoryMB is the most that the process has taken so far.
	MaxMemoryMB int
}

// Sink receives an answer while it is made. The pool calls Start once, then Write; a function that fails before it answers
// leads to neither.
type Sink interface {
	// Start is given the answer's content type.
	Start(contentType string)
	Write(p []byte) (int, error)
}

// MaxPayload is the most of a buffered answer and of a synchronous event, in bytes.
const MaxPayload = 6*1024*1024 + 100
