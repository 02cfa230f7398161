package harness

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// RootKey and RootSecret are the root user's key of every server that this package starts.
const (
	RootKey    = "AKIAATELIERTESTROOT1"
	RootSecret = "atelier/test/root/secret/key/0123456789x"
)

// Options say how a server is started.
type Options struct {
	DataDir  string
	Database string   // "" or postgres://…
	Args     []string // more flags of `atelier serve`
}

// Server is a running `atelier serve`.
type Server struct {
	URL     string
	DataDir string
	PID     int
	// Ready is how long it took from the start of the process to the ready line.
	Ready time.Duration

	cmd    *exec.Cmd
	exited chan struct{}
	err    error
	log    journal
	users  users
}

// journal is what the server writes to stderr.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

// Start starts a server in a new directory on a free port and stops it at the test's end. A server that doesn't stop
// cleanly, or that panicked, fails the test.
func Start(t testing.TB) *Server {
	t.Helper()
	return StartWith(t, Options{})
}

// StartWith is Start with options.
func StartWith(t testing.TB, o Options) *Server {
	t.Helper()
	if o.DataDir == "" {
		o.DataDir = t.TempDir()
	}
	s, err := Launch(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("server: %v\n%s", err, s.Log())
		}
		if t.Failed() && testing.Verbose() {
			t.Logf("server's log:\n%s", s.Log())
		}
		if strings.Contains(s.Log(), "panic") {
			t.Errorf("server panicked:\n%s", s.Log())
		}
	})
	return s
}

// Launch starts a server and waits for its ready line.
func Launch(o Options) (*Server, error) {
	bin, err := Binary()
	if err != nil {
		return nil, err
	}
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--data-dir", o.DataDir, "--runtimes-dir", filepath.Join(Root(), ".cache", "runtimes")}, o.Args...)
	if o.Database != "" {
		args = append(args, "--database", o.Database)
	}
	s := &Server{DataDir: o.DataDir, cmd: exec.Command(bin, args...), exited: make(chan struct{})}
	bind(s.cmd)
	s.cmd.Env = append(os.Environ(), "ATELIER_ROOT_ACCESS_KEY_ID="+RootKey, "ATELIER_ROOT_SECRET_ACCESS_KEY="+RootSecret)
	s.cmd.Stderr = &s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start atelier: %w", err)
	}
	s.PID = s.cmd.Process.Pid
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, url, ok := strings.Cut(lines.Text(), "atelier is ready at "); ok {
				select {
				case ready <- strings.TrimSpace(url):
				default:
				}
			}
		}
		s.err = s.cmd.Wait()
		close(s.exited)
	}()
	select {
	case s.URL = <-ready:
		s.Ready = time.Since(begun)
		return s, nil
	case <-s.exited:
		return nil, fmt.Errorf("cannot start atelier: %w\n%s", s.err, s.Log())
	case <-time.After(time.Minute):
		s.Kill()
		return nil, fmt.Errorf("cannot start atelier: not ready after a minute\n%s", s.Log())
	}
}

// Log is what the server has logged so far.
func (s *Server) Log() string {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.log.b.String()
}

// Stop asks the server to stop and waits for it. It does nothing when it has ended.
func (s *Server) Stop() error {
	select {
	case <-s.exited:
		return nil
	default:
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.exited:
		if s.err != nil {
			return fmt.Errorf("server ended badly: %w", s.err)
		}
		return nil
	case <-time.After(40 * time.Second):
		s.Kill()
		return errors.New("server did not stop")
	}
}

// Kill ends the server as kill -9 does and waits until it is gone.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill() // it may be gone
	<-s.exited
}

// Healthy asks the server for its health.
func (s *Server) Healthy() error {
	resp, err := http.Get(s.URL + "/_atelier/health")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("health: %s", resp.Status)
	}
	return nil
}
