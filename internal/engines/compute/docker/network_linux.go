package docker

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/atelier-studio/atelier/internal/engines/compute/inside"
)

// space is a network.
type space struct{ file *os.File }

// enter opens the network of a process of this machine.
func enter(pid int) (*space, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return nil, fmt.Errorf("cannot reach the container's network: %w", err)
	}
	return &space{f}, nil
}

func (s *space) close() { _ = s.file.Close() }

// socket makes a socket in the network, on a thread that is there for that long.
func (s *space) socket() (fd int, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if err = unix.Setns(int(s.file.Fd()), unix.CLONE_NEWNET); err == nil {
			fd, err = inside.Socket()
		}
	}()
	<-done
	if err != nil {
		return -1, fmt.Errorf("cannot make a socket inside: %w", err)
	}
	return fd, nil
}

func (s *space) listen(port int) (net.Listener, error) {
	fd, err := s.socket()
	if err != nil {
		return nil, err
	}
	return inside.Listen(fd, port)
}

func (s *space) dial(ctx context.Context, port int) (net.Conn, error) {
	fd, err := s.socket()
	if err != nil {
		return nil, err
	}
	return inside.Dial(ctx, fd, port)
}
