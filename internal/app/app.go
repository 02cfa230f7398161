// Package app builds the server out of its parts. It is the only place that knows all of them.
package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/atelier-studio/atelier/internal/engines/compute/docker"
	"github.com/atelier-studio/atelier/internal/engines/compute/image"
	"github.com/atelier-studio/atelier/internal/engines/compute/language"
	"github.com/atelier-studio/atelier/internal/engines/compute/process"
	"github.com/atelier-studio/atelier/internal/engines/models/library"
	"github.com/atelier-studio/atelier/internal/engines/models/llamacpp"
	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/duckdb"
	"github.com/atelier-studio/atelier/internal/engines/sql/trino"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/config"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/loglines"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/cloudtrail"
	"github.com/atelier-studio/atelier/internal/services/s3"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/hosting"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/images"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/training"
	"github.com/atelier-studio/atelier/internal/wire"
)

const (
	// maxHeader holds the longest session token a few times over.
	maxHeader = 64 << 10
	// headerTime is how long a client may take for its headers, and idleTime how long it may keep a connection for later.
	headerTime = 20 * time.Second
	idleTime   = 2 * time.Minute
	// drainTime is how long running requests may go on after a stop was asked for.
	drainTime = 20 * time.Second
)

// Config is what a server is told, and what its process gives it.
type Config struct {
	config.Config
	Version string
	Logger  *slog.Logger
	Getenv  func(string) string // where keys of models' servers are read from; nil: nowhere
}

// Server is a whole Atelier.
type Server struct {
	cfg      Config
	listener net.Listener
	http     *http.Server
	store    *store.Store
	s3       *s3.Service
	jobs     *jobs.Runner
	desk     *delivery.Desk
	clients  *delivery.Clients
	metrics  *metrics.Keeper
	logs     *loglines.Shipper
	compute  *process.Driver
	docker   *docker.Driver // of images, when it is configured
	fleet    *hosting.Fleet
	trainer  *training.Runner
	sql      *duckdb.Engine
	athena   sql.Engine // that of sql, or Trino
	llama    *llamacpp.Runtime
	models   *library.Library
	chain    *wire.Chain
	root     identity.Credential
	created  bool

	started bool // jobs run
	stop    context.CancelFunc
	workers sync.WaitGroup
	close   sync.Once
	closed  error
}

// New takes the port and the data directory, and builds the server. Nothing is answered before Serve. Errors are one line
// that says what to do.
func New(ctx context.Context, cfg Config) (_ *Server, err error) {
	if err := cfg.Check(); err != nil {
		return nil, fmt.Errorf("cannot use this configuration: %w", err)
	}
	if cfg.DataDir, err = filepath.Abs(cfg.DataDir); err != nil {
		return nil, fmt.Errorf("cannot find the data directory: %w", err)
	}
	s := &Server{cfg: cfg}
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	if s.listener, err = net.Listen("tcp", cfg.Listen); err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w; choose another port with --listen", cfg.Listen, cause(err))
	}
	if cfg.S3Listen != "" { // it is bound late; that it is taken should be known early
		probe, err := net.Listen("tcp", cfg.S3Listen)
		if err != nil {
			return nil, fmt.Errorf("cannot listen on %s: %w; choose another port with --s3-listen", cfg.S3Listen, cause(err))
		}
		_ = probe.Close()
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot write data directory %s: %w; choose another with --data-dir", cfg.DataDir, cause(err))
	}
	c := clock.System{}
	if s.store, err = store.Open(ctx, store.Config{Dir: cfg.DataDir, Database: cfg.Database, Clock: c}); err != nil {
		switch {
		case errors.Is(err, store.ErrLocked):
			return nil, fmt.Errorf("cannot use data directory %s: another server is using it or its database", cfg.DataDir)
		case errors.Is(err, store.ErrNewerSchema):
			return nil, fmt.Errorf("cannot use data directory %s: a newer version of atelier wrote it; start that version", cfg.DataDir)
		case errors.Is(err, fs.ErrPermission):
			return nil, fmt.Errorf("cannot write data directory %s: %w; choose another with --data-dir", cfg.DataDir, cause(err))
		}
		return nil, err
	}
	return s, s.build(ctx, c)
}

// cause is the system's own word for an error, without the names of calls and paths around it.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		return sys.Err
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func (s *Server) build(ctx context.Context, c clock.Clock) error {
	log := s.cfg.Logger
	directory, err := identity.New(s.store, c, identity.KeyFile(filepath.Join(s.cfg.DataDir, "identity.key")))
	if err != nil {
		return err
	}
	if s.created, s.root, err = directory.Bootstrap(ctx, s.cfg.RootAccessKeyID, s.cfg.RootSecretAccessKey); err != nil {
		return err
	}
	trail := cloudtrail.New(cloudtrail.Config{Store: s.store, Clock: c, Logger: log})
	s.metrics = metrics.New(metrics.Config{Store: s.store, Clock: c, Logger: log})
	s.desk = delivery.New(delivery.Config{Store: s.store, Clock: c, Logger: log})
	s.clients = &delivery.Clients{Directory: directory, Clock: c,
		Configure: func(p authz.Principal, region string) aws.Config { return s.chain.AWSConfig(p, region) }}
	s.logs = loglines.New(loglines.Config{Clients: s.clients, Clock: c, Logger: log})
	if s.compute, err = process.New(process.Config{Dir: filepath.Join(s.cfg.DataDir, "compute")}); err != nil {
		return err
	}
	runs, err := s.driver(ctx)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find this program: %w", err)
	}
	inward, files := http.HandlerFunc(s.inward), filepath.Join(s.cfg.DataDir, "sagemaker")
	known := images.New(images.Config{Self: self, Pushed: &images.Registry{Transport: wire.InProcess(inward), Directory: directory,
		Roots: image.New(image.Config{Dir: filepath.Join(s.cfg.DataDir, "images")})},
		Published: images.NewFrameworks(language.NewShelf(runtimesDir(s.cfg.DataDir, s.cfg.RuntimesDir), nil))})
	s.fleet = hosting.New(hosting.Config{Driver: runs, Images: known, Dir: files, Endpoint: inward, Idle: s.cfg.Idle(), Logger: log})
	s.trainer = training.New(training.Config{Driver: runs, Images: known, Dir: files, Endpoint: inward})
	if s.s3, err = s3.New(s3.Config{Dir: filepath.Join(s.cfg.DataDir, "s3"), Directory: directory, Store: s.store, Desk: s.desk,
		Clients: s.clients, Clock: c, Logger: log, Region: s.cfg.Region, Domains: s.cfg.Domains, Listen: s.cfg.S3Listen,
		Recorder: trail}); err != nil {
		return err
	}
	s.jobs = jobs.New(jobs.Config{Store: s.store, Dir: s.cfg.DataDir, Database: s.cfg.Database, Logger: log})
	if s.sql, err = duckdb.New(duckdb.Config{Dir: filepath.Join(s.cfg.DataDir, "sql")}); err != nil {
		return err
	}
	s.athena = s.sql
	if s.cfg.SQLEngine != "" {
		if s.athena, err = trino.New(trino.Config{URL: s.cfg.SQLEngine}); err != nil {
			return fmt.Errorf("cannot use this configuration: sql-engine: %w", err)
		}
	}
	s.openModels()
	services := append([]wire.Service{trail}, s.services(directory, c)...)
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if s.chain, err = wire.New(wire.Config{
		Services: services,
		S3:       s.s3.Handler(), Directory: directory, Recorder: trail, Clock: c, Logger: log, Region: s.cfg.Region, Metrics: registry,
	}); err != nil {
		return err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	for _, service := range services {
		if r, ok := service.(interface{ Run(context.Context) }); ok { // it has something to do in the background
			s.workers.Go(func() { r.Run(background) })
		}
	}
	s.workers.Go(func() { s.desk.Run(background) })
	s.workers.Go(func() { s.metrics.Run(background) })
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true) // which the SDK for JavaScript speaks with Bedrock's runtime
	s.http = &http.Server{Protocols: protocols, Handler: s.handler(registry, services), ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
		ErrorLog: httpLog(log)}
	for _, service := range services {
		if d, ok := service.(interface{ Drain() }); ok { // requests wait in it
			s.http.RegisterOnShutdown(d.Drain)
		}
	}
	return nil
}

// Root is the root user's key, and whether it was made by this start.
func (s *Server) Root() (c identity.Credential, created bool) { return s.root, s.created }

// Chain is what serves the API.
func (s *Server) Chain() *wire.Chain { return s.chain }

// URL is where the server answers. One that listens on every address is reached at the loopback.
func (s *Server) URL() string {
	a := *s.listener.Addr().(*net.TCPAddr)
	if a.IP.IsUnspecified() {
		a.IP = net.IPv4(127, 0, 0, 1)
	}
	return "http://" + a.String()
}

// Serve answers until ctx ends, then lets running requests finish and closes everything. ready is called when the server has
// answered its first request, which is its own.
func (s *Server) Serve(ctx context.Context, ready func()) error {
	if err := s.s3.Start(ctx); err != nil {
		return errors.Join(err, s.Close())
	}
	s.jobs.Start(ctx)
	s.started = true
	failed := make(chan error, 1)
	go func() { failed <- s.http.Serve(s.listener) }()
	if err := s.answers(ctx); err != nil {
		if ctx.Err() == nil {
			return errors.Join(err, s.Close())
		}
		return s.Close()
	}
	ready()
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("cannot serve: %w", err), s.Close())
	case <-ctx.Done():
	}
	s.cfg.Logger.Info("stopping")
	return s.Close()
}

// answers asks the server for its health.
func (s *Server) answers(ctx context.Context) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: headerTime}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+healthPath, nil)
	if err != nil {
		return fmt.Errorf("cannot ask for health: %w", err)
	}
	answer, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("cannot ask for health: %w", err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("cannot serve: health answers %s", answer.Status)
	}
	return nil
}

// Close stops the server: no new requests, an end to those that run, then everything is closed in the order it depends on
// each other. A second Close does nothing.
func (s *Server) Close() error {
	s.close.Do(func() { s.closed = s.shut() })
	return s.closed
}

func (s *Server) shut() error {
	var errs []error
	if s.http != nil {
		ctx, cancel := context.WithTimeout(context.Background(), drainTime)
		defer cancel()
		if err := s.http.Shutdown(ctx); err != nil {
			errs = append(errs, s.http.Close()) // some didn't end in time
		}
	}
	if s.listener != nil {
		_ = s.listener.Close() // Shutdown has closed it when it was served
	}
	if s.stop != nil {
		s.stop()
	}
	s.workers.Wait()
	if s.started {
		errs = append(errs, s.jobs.Stop(drainTime))
	}
	if s.fleet != nil {
		s.fleet.Close()
	}
	if s.docker != nil {
		s.docker.Close()
	}
	if s.compute != nil {
		s.compute.Close()
	}
	if s.athena != nil && s.athena != s.sql {
		errs = append(errs, s.athena.Close())
	}
	if s.sql != nil {
		errs = append(errs, s.sql.Close())
	}
	if s.llama != nil {
		s.llama.Close()
	}
	if s.s3 != nil {
		errs = append(errs, s.s3.Close())
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
}
