// Package s3 is Amazon S3: versitygw in this process, behind atelier's own identities and policies.
//
// versitygw checks signatures and speaks the protocol. Who holds a key is asked of the directory; what a caller may do
// is decided by IAM policies and the bucket's policy, once per request after the signature is verified and before
// anything is read or written (per key for DeleteObjects). versitygw's own users, roles and ACLs decide nothing.
//
// Known gaps: ACLs are stored but grant nothing; lifecycle, replication and encryption configurations are stored but not
// applied; one service per process.
package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"

	"github.com/atelier-studio/atelier/internal/platform/audit"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/objects"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"
)

// Directory is what S3 asks of *identity.Directory.
type Directory interface {
	Credential(ctx context.Context, accessKeyID, sessionToken string) (identity.Credential, error)
	Authorize(ctx context.Context, r authz.Request, resource *authz.Policy) (authz.Decision, error)
}

// Config is what the service needs.
type Config struct {
	Dir       string // objects lie in Dir/buckets, older versions in Dir/versions
	Directory Directory
	Store     *store.Store // takes the events; nil: none are sent
	Desk      *delivery.Desk
	Clients   *delivery.Clients
	Clock     clock.Clock
	Logger    *slog.Logger
	Region    string
	Domains   []string       // of virtual-host addressing: "localhost" makes bucket.localhost; the longest match counts
	Recorder  audit.Recorder // keeps what was called; nil: nobody does
	Listen    string         // TCP address of S3's own port, "" for none
	Socket    string         // Unix socket for Handler; "" means Dir/s3.sock
}

// Service is S3.
type Service struct {
	cfg     Config
	backend *guard
	server  *s3api.S3ApiServer
	// transport is how the shared port reaches the server.
	transport *http.Transport
	ready     chan struct{}
	done      chan error
	started   bool
}

// New opens the objects and builds the server.
func New(cfg Config) (*Service, error) {
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System{}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Socket == "" {
		cfg.Socket = filepath.Join(cfg.Dir, "s3.sock")
	}
	// Opening the objects changes the working directory.
	socket, err := filepath.Abs(cfg.Socket)
	if err != nil {
		return nil, fmt.Errorf("cannot place the S3 socket: %w", err)
	}
	cfg.Socket = socket
	files, err := objects.Open(cfg.Dir)
	if err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, transport: newTransport(cfg.Socket), ready: make(chan struct{}), done: make(chan error, 1)}
	s.backend = newGuard(files, cfg)
	if cfg.Desk != nil {
		cfg.Desk.Define(courier, delivery.Courier{Deliver: s.backend.deliver})
	}
	// versitygw wants a user that may do everything. Nobody can hold its key.
	root := middlewares.RootUserConfig{Access: rand.Text(), Secret: rand.Text() + rand.Text()}
	s.server, err = s3api.New(s.backend, root, cfg.Region, &accounts{directory: cfg.Directory}, nil, nil, s.backend.events(), nil,
		s3api.WithQuiet(), s3api.WithKeepAlive(), s3api.WithConcurrencyLimiter(16384, 16384),
		s3api.WithSocketPerm(0o600), s3api.WithMpMaxParts(10000),
		s3api.WithOnListen(func() { close(s.ready) }),
		s3api.WithMiddleware("/", s.handle))
	if err != nil {
		files.Shutdown()
		return nil, fmt.Errorf("cannot build the S3 server: %w", err)
	}
	return s, nil
}

// Start listens and serves until Close. It returns when connections are accepted.
func (s *Service) Start(ctx context.Context) error {
	if err := os.Remove(s.cfg.Socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot clear the S3 socket: %w", err)
	}
	ports := []string{s.cfg.Socket}
	if s.cfg.Listen != "" {
		ports = append(ports, s.cfg.Listen)
	}
	s.started = true
	go func() { s.done <- s.server.ServeMultiPort(ports) }()
	select {
	case <-s.ready:
		return nil
	case err := <-s.done:
		s.done <- err
		return fmt.Errorf("cannot serve S3: %w", err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close lets running requests end and closes the objects.
func (s *Service) Close() error {
	var err error
	if s.started {
		// The server would wait for a connection on which no request ever came, as the transport has now and then in reserve.
		s.transport.CloseIdleConnections()
		err = s.server.ShutDown()
		<-s.done
	}
	s.backend.Backend.Shutdown()
	return err
}

// Handler hands requests from a shared port to the service.
func (s *Service) Handler() http.Handler { return newProxy(s.transport, s.cfg.Logger) }
