package process

import (
	"context"
	"fmt"
	"net"

	"github.com/atelier-studio/atelier/internal/engines/compute/inside"
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

// Listen opens a port on the program's loopback.
func (s *sandbox) Listen(port int) (net.Listener, error) {
	fd, err := s.socket()
	if err != nil {
		return nil, err
	}
	l, err := inside.Listen(fd, port)
	if err != nil {
		return nil, err
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
	return inside.Dial(ctx, fd, port)
}
