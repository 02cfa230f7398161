package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// socket returns a new TCP socket that lives in the sandbox's network.
func (s *sandbox) socket() (int, error) {
	var p plan
	p.add('S')
	m, err := s.ask(p.buf)
	if err != nil {
		return -1, err
	}
	if m.socket < 0 {
		return -1, fmt.Errorf("cannot make a socket inside: %s", m.data)
	}
	return m.socket, nil
}

func loopback(port int) *unix.SockaddrInet4 {
	return &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}
}

// Listen opens a port on the program's loopback.
func (s *sandbox) Listen(port int) (net.Listener, error) {
	fd, err := s.socket()
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "listener")
	defer func() { _ = f.Close() }()
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err := unix.Bind(fd, loopback(port)); err != nil {
		return nil, fmt.Errorf("cannot listen on port %d inside: %w", port, err)
	}
	if err := unix.Listen(fd, 128); err != nil {
		return nil, fmt.Errorf("cannot listen on port %d inside: %w", port, err)
	}
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on port %d inside: %w", port, err)
	}
	s.mu.Lock()
	s.listeners = append(s.listeners, l)
	s.mu.Unlock()
	return l, nil
}

// Dial connects to a port on the program's loopback.
func (s *sandbox) Dial(ctx context.Context, port int) (net.Conn, error) {
	fd, err := s.socket()
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "conn")
	defer func() { _ = f.Close() }()
	err = unix.Connect(fd, loopback(port))
	if errors.Is(err, unix.EINPROGRESS) {
		err = connected(ctx, fd)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot connect to port %d inside: %w", port, err)
	}
	return net.FileConn(f)
}

// connected waits for a connection to be made or refused; on a loopback both are immediate, unless the program's queue is full.
func connected(ctx context.Context, fd int) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, 50)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if n > 0 {
			code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
			if err == nil && code != 0 {
				err = unix.Errno(code)
			}
			return err
		}
	}
}
