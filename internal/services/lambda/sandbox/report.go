package sandbox

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// newTraceID makes an X-Ray trace header that is not sampled.
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
func newTraceID(now time.Time) string {
	var b [20]byte
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", now.Unix(), hex.EncodeToString(b[:12]), hex.EncodeToString(b[12:]))
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// started logs the first line of an invocation.
func (e *environment) started(j *job) {
	if e.f.JSONLogs {
		e.event("platform.start", map[string]any{"requestId": j.RequestID, "version": e.f.Version})
		return
	}
	e.log.line(fmt.Sprintf("START RequestId: %s Version: %s", j.RequestID, e.f.Version))
}

// report logs the last lines of an invocation, as
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html shows them.
func (e *environment) report(j *job, r Result) {
	select {
	case <-j.taken:
	default: // it never came to the function
		e.started(j)
	}
	status := "success"
	if f := j.failure; f != nil {
		status = "error"
		if f.kind == timedOut {
			status = "timeout"
		}
	}
	if e.f.JSONLogs {
		metrics := map[string]any{
			"durationMs": milliseconds(r.Duration), "billedDurationMs": r.Billed.Milliseconds(), "memorySizeMB": e.f.MemoryMB, "maxMemoryUsedMB": r.MaxMemoryMB,
		}
		if r.Init > 0 {
			metrics["initDurationMs"] = milliseconds(r.Init)
		}
		record := map[string]any{"requestId": j.RequestID, "metrics": metrics, "status": status}
		if status == "error" {
			record["errorType"] = r.ErrorType
		}
		e.event("platform.report", record)
		return
	}
	if f := j.failure; f != nil && f.body == nil {
		if f.kind == timedOut {
			e.log.line(fmt.Sprintf("%s %s %s", e.pool.cfg.Clock.Now().UTC().Format("2006-01-02T15:04:05.000Z"), j.RequestID, f.message))
		} else {
			e.log.line(fmt.Sprintf("RequestId: %s Error: %s", j.RequestID, f.message))
			e.log.line(f.kind)
		}
	}
	e.log.line("END RequestId: " + j.RequestID)
	var b strings.Builder
	fmt.Fprintf(&b, "REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
		j.RequestID, milliseconds(r.Duration), r.Billed.Milliseconds(), e.f.MemoryMB, r.MaxMemoryMB)
	if r.Init > 0 {
		fmt.Fprintf(&b, "Init Duration: %.2f ms\t", milliseconds(r.Init))
	}
	switch status {
	case "timeout":
		b.WriteString("Status: timeout")
	case "error":
		if j.failure.body == nil {
			b.WriteString("Status: error\tError Type: " + r.ErrorType)
		}
	}
	e.log.line(b.String())
}

func (e *environment) event(kind string, record map[string]any) {
	b, err := json.Marshal(map[string]any{"time": e.pool.cfg.Clock.Now().UTC().Format("2006-01-02T15:04:05.000Z"), "type": kind, "record": record})
	if err == nil {
		e.log.line(string(b))
	}
}
