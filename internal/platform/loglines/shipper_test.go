package loglines

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
)

// logs is a CloudWatch Logs that keeps what it gets.
type logs struct {
	mu      sync.Mutex
	calls   []string
	groups  map[string]bool
	streams map[string]bool
	lines   map[string][]string
	answer  int // to PutLogEvents; 0: as it should
}

func (l *logs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Group  string `json:"logGroupName"`
		Stream string `json:"logStreamName"`
		Events []struct {
			Message string `json:"message"`
			Time    int64  `json:"timestamp"`
		} `json:"logEvents"`
	}
	b, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(b, &in)
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, op)
	at := in.Group + " " + in.Stream
	fail := func(status int, code string) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"__type":"`+code+`"}`)
	}
	switch {
	case op == "CreateLogGroup":
		l.groups[in.Group] = true
	case op == "CreateLogStream" && !l.groups[in.Group], op == "PutLogEvents" && !l.streams[at]:
		fail(400, "ResourceNotFoundException")
		return
	case op == "CreateLogStream" && l.streams[at]:
		fail(400, "ResourceAlreadyExistsException")
		return
	case op == "CreateLogStream":
		l.streams[at] = true
	case l.answer != 0:
		fail(l.answer, "AccessDeniedException")
		return
	default:
		last := int64(0)
		for _, e := range in.Events {
			if e.Time < last {
				fail(400, "InvalidParameterException")
				return
			}
			last = e.Time
			l.lines[at] = append(l.lines[at], e.Message)
		}
	}
	_, _ = io.WriteString(w, "{}")
}

func open(t *testing.T) (*Shipper, *logs) {
	l := &logs{groups: map[string]bool{}, streams: map[string]bool{}, lines: map[string][]string{}}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	c := clock.System{}
	return New(Config{Clock: c, Pause: time.Millisecond, Clients: &delivery.Clients{Clock: c, Configure: func(authz.Principal, string) aws.Config {
		return aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "")}
	}}}), l
}

func to(group, stream string) Stream {
	return Stream{As: delivery.As{Service: "lambda.amazonaws.com"}, Region: "us-east-1", Group: group, Stream: stream}
}

func TestShips(t *testing.T) {
	s, l := open(t)
	now := time.UnixMilli(1_000_000)
	var want []string
	for i := range 500 {
		s.Line(to("g", "a"), now.Add(time.Duration(i)*time.Millisecond), fmt.Sprint("line ", i))
		want = append(want, fmt.Sprint("line ", i))
	}
	s.Line(to("g", "b"), now.Add(time.Second), "second")
	s.Line(to("g", "b"), now, "first")
	s.Line(to("g", "b"), now, "")
	s.Drain(t.Context())
	if got := fmt.Sprint(l.lines["g a"]); got != fmt.Sprint(want) {
		t.Errorf("got %s", got)
	}
	if got := fmt.Sprint(l.lines["g b"]); got != "[first second]" {
		t.Errorf("got %s", got)
	}
	if len(l.calls) > 100 {
		t.Errorf("%d calls for 502 lines", len(l.calls))
	}
	s.Line(to("g", "a"), now.Add(time.Hour), "after")
	s.Drain(t.Context())
	if got := l.lines["g a"]; got[len(got)-1] != "after" {
		t.Errorf("got %s last", got[len(got)-1])
	}
}

// TestFlush has lines sent when Flush returns, and no wait for a stream that is silent.
func TestFlush(t *testing.T) {
	s, l := open(t)
	s.Flush(t.Context(), to("g", "none"))
	for i := range 3 {
		s.Line(to("g", "a"), time.UnixMilli(1_000_000), fmt.Sprint("line ", i))
		s.Flush(t.Context(), to("g", "a"))
		l.mu.Lock()
		if got := len(l.lines["g a"]); got != i+1 {
			t.Errorf("got %d lines, want %d", got, i+1)
		}
		l.mu.Unlock()
	}
	s.Flush(t.Context(), to("g", "a"))
}

func TestRefused(t *testing.T) {
	s, l := open(t)
	l.answer = 403
	s.Line(to("g", "a"), time.Now(), "line")
	s.Drain(t.Context())
	if got := fmt.Sprint(l.calls); got != "[CreateLogStream CreateLogGroup CreateLogStream PutLogEvents]" {
		t.Errorf("calls %s", got)
	}
	if s.bytes != 0 || len(s.streams) != 1 || s.streams[to("g", "a")].sending {
		t.Errorf("%d bytes and %d streams are held", s.bytes, len(s.streams))
	}
}

// TestForgets has streams that nobody writes to any more cost nothing.
func TestForgets(t *testing.T) {
	s, _ := open(t)
	for i := range few {
		s.Line(to("g", fmt.Sprint(i)), time.Now(), "line")
	}
	s.Drain(t.Context())
	s.mu.Lock()
	for _, h := range s.streams {
		h.used = time.Now().Add(-2 * linger)
	}
	s.mu.Unlock()
	s.Line(to("g", "new"), time.Now(), "line")
	s.Drain(t.Context())
	if len(s.streams) != 1 {
		t.Errorf("%d streams are known", len(s.streams))
	}
}

func TestBounded(t *testing.T) {
	s, l := open(t)
	s.Pause = time.Hour
	for range 100 {
		s.Line(to("g", "a"), time.Now(), strings.Repeat("x", 2*maxEvent))
	}
	s.mu.Lock()
	if s.bytes > maxStream {
		t.Errorf("%d bytes are held", s.bytes)
	}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s.Drain(ctx)
	if n := len(l.lines["g a"]); n != maxStream/maxEvent {
		t.Errorf("%d lines arrived", n)
	}
	for _, line := range l.lines["g a"] {
		if len(line)+overhead != maxEvent {
			t.Errorf("a line has %d bytes", len(line))
		}
	}
}
