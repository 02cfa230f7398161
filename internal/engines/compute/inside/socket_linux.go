package inside

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

func loopback(port int) *unix.SockaddrInet4 {
	return &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}
}

// Socket makes a socket in this thread's network.
func Socket() (int, error) {
	return unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
}

// Listen has a socket listen on a port of the loopback of its network. The socket is taken over.
func Listen(fd, port int) (net.Listener, error) {
	f := os.NewFile(uintptr(fd), "listener")
	defer func() { _ = f.Close() }()
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	err := unix.Bind(fd, loopback(port))
	if err == nil {
		err = unix.Listen(fd, 128)
	}
	var l net.Listener
	if err == nil {
		l, err = net.FileListener(f)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on port %d inside: %w", port, err)
	}
	return l, nil
}

// Dial connects a socket to a port on the loopback of its network. The socket is taken over.
func Dial(ctx context.Context, fd, port int) (net.Conn, error) {
	f := os.NewFile(uintptr(fd), "conn")
	defer func() { _ = f.Close() }()
	err := unix.Connect(fd, loopback(port))
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
