package bedrockproxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
)

const (
	// port is where a container serves.
	port = 8080
	// maxBody is the most of a request, in bytes, and maxPayload what suits one of a batch transform, in megabytes.
	maxBody    = 100 << 20
	maxPayload = 6
	// attempts is how often a call is made that the model had no time for.
	attempts = 5
)

// server answers requests.
type server struct {
	Config
	client *bedrockruntime.Client
	slots  chan struct{}
	out    io.Writer
}

// Serve answers on port 8080 until ctx ends. What goes wrong with records is told to log, without what they hold.
func Serve(ctx context.Context, env map[string]string, log io.Writer) error {
	c, err := FromEnvironment(env)
	if err != nil {
		return err
	}
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRetryMaxAttempts(attempts))
	if err != nil {
		return fmt.Errorf("cannot find AWS: %w", err)
	}
	s := newServer(c, bedrockruntime.NewFromConfig(loaded), log)
	l, err := net.Listen("tcp", ":"+strconv.Itoa(port))
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	h := &http.Server{Handler: s.handler(), ReadHeaderTimeout: time.Minute}
	stopped := context.AfterFunc(ctx, func() { _ = h.Shutdown(context.WithoutCancel(ctx)) })
	defer stopped()
	s.log("serving %s", c.Model)
	if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("cannot serve: %w", err)
	}
	return nil
}

func newServer(c Config, client *bedrockruntime.Client, log io.Writer) *server {
	return &server{Config: c, client: client, slots: make(chan struct{}, c.Concurrency), out: log}
}

func (s *server) log(format string, args ...any) { _, _ = fmt.Fprintf(s.out, format+"\n", args...) }

func (s *server) handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /ping", func(http.ResponseWriter, *http.Request) {})
	m.HandleFunc("GET /execution-parameters", s.parameters)
	m.HandleFunc("POST /invocations", s.invoke)
	return m
}

// parameters is what suits the model in a batch transform: a request of many records, which are asked for together.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
func (s *server) parameters(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"MaxConcurrentTransforms": 2, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": maxPayload})
}

func (s *server) invoke(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		tell(w, &fault{Status: http.StatusRequestEntityTooLarge, Code: "ValidationException", Message: "The request is too large."})
		return
	}
	frame, units, err := s.payload(r.Header.Get("Content-Type"), body)
	if err != nil {
		f := faultOf(err)
		if errors.Is(err, errType) {
			f.Status = http.StatusUnsupportedMediaType
		}
		tell(w, f)
		return
	}
	accept := r.Header.Get("Accept")
	if (frame == single || frame == letters) && units[0].err == nil && len(units[0].questions) == 1 {
		if q := units[0].questions[0]; q.stream || strings.Contains(accept, "text/event-stream") {
			if err := s.slot(r.Context(), func() error { return s.stream(r.Context(), q, accept, w) }); err != nil {
				s.told(w, r, err)
			}
			return
		}
	}
	answers := s.all(r.Context(), units)
	if r.Context().Err() != nil {
		return // nobody listens
	}
	if (frame == single || frame == letters) && len(answers[0].answers) < 2 { // of several, each tells its own
		if err := answers[0].err(); err != nil {
			s.told(w, r, err)
			return
		}
	}
	kind, out := written(frame, accept, units, answers)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(out)))
	_, _ = w.Write(out)
}

// told tells why the only record of a request has no answer.
func (s *server) told(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		s.log("a record failed: %v", err)
		tell(w, faultOf(err))
	}
}

func tell(w http.ResponseWriter, f *fault) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.Status)
	_, _ = w.Write(encode(map[string]any{"error": f}))
}

// slot runs f when fewer than Concurrency others run.
func (s *server) slot(ctx context.Context, f func() error) error {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.slots }()
	return f()
}

// all asks for every record, as many at a time as there are slots, and gives the answers in the order of the records.
func (s *server) all(ctx context.Context, units []unit) []answered {
	out := make([]answered, len(units))
	var wait sync.WaitGroup
	failed := 0
	var mu sync.Mutex
	for i, u := range units {
		if u.err != nil {
			out[i].refused = u.err
			continue
		}
		out[i].answers, out[i].errs = make([]answer, len(u.questions)), make([]error, len(u.questions))
		for j, q := range u.questions {
			select { // here, so that there are not more goroutines than slots
			case s.slots <- struct{}{}:
			case <-ctx.Done():
				wait.Wait()
				return out
			}
			wait.Go(func() {
				defer func() { <-s.slots }()
				var err error
				if out[i].answers[j], err = s.ask(ctx, q); err == nil {
					return
				}
				out[i].errs[j] = err
				mu.Lock()
				defer mu.Unlock()
				if failed++; failed <= 3 && ctx.Err() == nil && len(units) > 1 { // the others will be much the same
					s.log("record %d failed: %v", i, err)
				}
			})
		}
	}
	wait.Wait()
	return out
}
