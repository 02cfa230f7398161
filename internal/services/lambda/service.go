package lambda

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/loglines"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/lambda/sandbox"
)

// Sandbox runs functions: *sandbox.Pool.
type Sandbox interface {
	Invoke(ctx context.Context, f sandbox.Function, in sandbox.Invocation, sink sandbox.Sink) (sandbox.Result, error)
	Prepare(ctx context.Context, f sandbox.Function, n int) error
	Forget(arn, version string)
	Check(ctx context.Context, runtime string) error
	Close()
}

// Config is what the service needs.
type Config struct {
	Store     *store.Store
	Directory *identity.Directory
	Desk      *delivery.Desk
	Clients   *delivery.Clients                                 // in the name of roles
	As        func(p authz.Principal, region string) aws.Config // in the name of callers
	Caller    Caller
	Jobs      *jobs.Runner
	Sandbox   Sandbox
	Logs      *loglines.Shipper
	Metrics   metrics.Recorder
	Clock     clock.Clock
	Logger    *slog.Logger
	Dir       string // for code
}

// Service is Lambda.
type Service struct {
	Config
	image     *store.Image
	functions *store.Held[function] // id: name
	versions  *store.Held[version]  // id: name/number
	layers    *store.Held[layer]    // id: name/number, with leading zeros
	mappings  *store.Held[mapping]  // id: uuid
	reserved  map[store.Key]int     // concurrency by account and region; guarded by the image
	urls      map[string]ref        // functions by the id in their URL; guarded by the image
	policies  sync.Map              // parsed, by ARN
	shelf     *shelf                // code
	slots     *slots
	key       []byte // seals URLs of code

	background context.Context // ends with the server
	stop       context.CancelFunc
	workers    sync.WaitGroup
	warming    sync.Mutex
	warmths    map[store.Key]*warmth // by version
	polling    sync.Mutex
	polls      map[store.Key]*poll // by mapping
}

// New makes the service, and defines its job and couriers.
func New(c Config) *Service {
	s := &Service{Config: c, image: store.NewImage(c.Store), reserved: map[store.Key]int{}, urls: map[string]ref{}, shelf: newShelf(c.Dir, c.Clock),
		slots: newSlots(), key: make([]byte, 32), warmths: map[store.Key]*warmth{}, polls: map[store.Key]*poll{}}
	_, _ = rand.Read(s.key) // it never fails
	s.background, s.stop = context.WithCancel(context.Background())
	s.functions = store.NewHeld(s.image, "lambda_function", s.functionChanged)
	s.versions = store.NewHeld[version](s.image, "lambda_version", nil)
	s.layers = store.NewHeld[layer](s.image, "lambda_layer", nil)
	s.mappings = store.NewHeld[mapping](s.image, "lambda_mapping", nil)
	jobs.Define(c.Jobs, readyJob, s.makeReady)
	c.Desk.Define(courier, delivery.Courier{Deliver: s.deliver, Bury: s.bury, Patience: patience, Crew: crew, Crowd: crowd})
	c.Desk.Define(destinations, delivery.Courier{Deliver: s.bring, Bury: s.lost})
	return s
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "lambda" }

// functionChanged keeps what is derived from functions.
func (s *Service) functionChanged(k store.Key, old, now *function) {
	of := store.Key{Account: k.Account, Region: k.Region}
	if old != nil {
		if old.Reserved != nil {
			s.reserved[of] -= int(*old.Reserved)
		}
		for _, u := range old.URLs {
			delete(s.urls, u.ID)
		}
	}
	if now != nil {
		if now.Reserved != nil {
			s.reserved[of] += int(*now.Reserved)
		}
		for q, u := range now.URLs {
			s.urls[u.ID] = ref{k, q}
		}
	}
}

// lastWords is how long invocations may go on when the server stops.
const lastWords = 5 * time.Second

// tidying is how often unused code is looked for.
const tidying = 10 * time.Minute

// Run goes on with what an earlier run left: processes that are held ready, and queues that are polled. When ctx ends, all
// processes do.
func (s *Service) Run(ctx context.Context) {
	defer func() {
		s.stop()
		ended := make(chan struct{})
		go func() { s.workers.Wait(); close(ended) }()
		t := time.NewTimer(lastWords)
		select {
		case <-ended:
		case <-t.C:
		}
		t.Stop()
		s.Sandbox.Close() // and so ends what still runs
		<-ended
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		s.Logs.Drain(last)
	}()
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		err := s.resume(ctx)
		if err == nil {
			break
		}
		if ctx.Err() == nil {
			s.Logger.Error("cannot go on with functions", "error", err)
		}
		if !rest(ctx, wait) {
			return
		}
	}
	for {
		if err := s.shelf.sweep(func() (map[string]bool, error) { return s.inUse(ctx) }); err != nil && ctx.Err() == nil {
			s.Logger.Error("cannot tidy code", "error", err)
		}
		if !rest(ctx, tidying) {
			return
		}
	}
}

func (s *Service) resume(ctx context.Context) error {
	if err := s.readyAgain(ctx); err != nil {
		return err
	}
	if err := s.heat(ctx); err != nil {
		return err
	}
	return s.attend(ctx)
}

// rest waits, and tells whether there is still something to wait for.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Drain ends what waits for events: the server stops.
func (s *Service) Drain() { s.stop() }
