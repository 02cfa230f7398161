package sandbox

import (
	"fmt"
	"sync"
	"time"
)

// job is one invocation in a process.
type job struct {
	Invocation
	out  *outflow // where a streamed answer goes; nil when it is kept
	cold bool
	// began is when the runtime got the event, deadline when it must have answered.
	began, deadline time.Time
	taken           chan struct{} // closed when the runtime has got it

	mu       sync.Mutex
	answered bool
	done     chan struct{} // closed when it is answered
	payload  []byte
	failure  *failure
}

// finish records the answer, once.
func (j *job) finish(payload []byte, f *failure) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.answered {
		return
	}
	j.answered, j.payload, j.failure = true, payload, f
	close(j.done)
}

// invoke gives the process an event and waits for the answer, or for what comes instead. It is false when a process that waited died
// before it got the event.
func (e *environment) invoke(in Invocation, sink Sink) (Result, bool) {
	if in.InvokedARN == "" {
		in.InvokedARN = e.f.ARN
	}
	if in.TraceID == "" {
		in.TraceID = newTraceID(e.pool.cfg.Clock.Now())
	}
	j := &job{Invocation: in, cold: e.firstUse() && !e.f.provisioned, taken: make(chan struct{}), done: make(chan struct{})}
	if sink != nil {
		j.out = &outflow{sink: sink}
		defer j.out.close()
	}
	e.log.begin(j.cold)
	begin := time.Now()
	if e.process == nil {
		j.finish(nil, e.failed)
	} else {
		e.deliver(j)
	}
	select {
	case <-j.taken:
		begin = j.began
	default:
		if !j.cold && j.failure != nil && j.failure.kind != timedOut {
			return Result{}, false
		}
	}
	return e.result(j, time.Since(begin)), true
}

// firstUse says whether no invocation was here before.
func (e *environment) firstUse() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	used := e.used
	e.used = true
	return !used
}

// deliver returns when the job has been answered or has failed.
func (e *environment) deliver(j *job) {
	e.jobs <- j
	wait := e.f.Timeout
	if j.cold {
		wait = max(initLimit, e.f.Timeout)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	if j.cold {
		select {
		case <-j.taken:
			timer.Reset(e.f.Timeout)
		case <-e.process.Done():
		case <-timer.C:
			e.timedOut(j)
			return
		}
	}
	select {
	case <-j.done:
	case <-timer.C:
		e.timedOut(j)
	case <-e.process.Done():
		e.mu.Lock()
		failed := e.failed
		e.mu.Unlock()
		if failed == nil {
			failed = exitFailure(e.process.Exit())
		}
		j.finish(nil, failed)
	}
}

func (e *environment) timedOut(j *job) {
	e.end()
	<-e.process.Done()
	j.finish(nil, &failure{kind: timedOut, message: fmt.Sprintf("Task timed out after %.2f seconds", e.f.Timeout.Seconds())})
}

const timedOut = "Sandbox.Timedout"

// result makes the answer and the platform's last lines, and lets the process rest.
func (e *environment) result(j *job, took time.Duration) Result {
	r := Result{Payload: j.payload, Duration: took}
	if j.failure != nil {
		r.Payload, r.FunctionError, r.ErrorType = j.failure.payload(j.RequestID), "Unhandled", j.failure.kind
		if j.failure.kind == timedOut {
			r.Duration = e.f.Timeout
		}
	}
	e.mu.Lock()
	if j.cold && !e.first.IsZero() && !e.f.provisioned {
		r.Init = e.first.Sub(e.began)
	}
	e.mu.Unlock()
	r.Billed = (r.Duration + r.Init + time.Millisecond - 1).Truncate(time.Millisecond)
	if e.process != nil {
		e.process.Flush()
		r.MaxMemoryMB = int(min(e.process.Usage().MaxMemory>>20, int64(e.f.MemoryMB)))
	}
	e.report(j, r)
	r.LogTail = e.log.end()
	if e.process == nil {
		e.end()
	} else {
		e.rest()
	}
	return r
}

// outflow passes an answer on to a sink until the invocation is over, whatever the function still writes then. What a sink doesn't take any
// more is dropped: a caller who goes away does not change what the function sees.
type outflow struct {
	mu   sync.Mutex
	sink Sink
}

func (o *outflow) start(contentType string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sink != nil {
		o.sink.Start(contentType)
	}
}

func (o *outflow) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sink != nil {
		if _, err := o.sink.Write(p); err != nil {
			o.sink = nil
		}
	}
	return len(p), nil
}

func (o *outflow) close() {
	o.mu.Lock()
	o.sink = nil
	o.mu.Unlock()
}
