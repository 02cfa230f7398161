package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// intoSandbox gives what connects to port 8080 of the model server that runs in a network of its own below a process: past everything
// that stands before it. One of them may run.
func intoSandbox(pid int) (func(ctx context.Context, _, _ string) (net.Conn, error), error) {
	list, err := filepath.Glob("/proc/[0-9]*/ns/net")
	if err != nil {
		return nil, err
	}
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return nil, err
	}
	all, err := processes()
	if err != nil {
		return nil, err
	}
	for _, at := range list {
		var id int
		if _, err := fmt.Sscanf(at, "/proc/%d/", &id); err != nil || !below(all, id, pid) {
			continue
		}
		if other, err := os.Readlink(at); err == nil && other != own {
			c, err := dialIn(context.Background(), at)
			if err != nil {
				continue // it is no model server's
			}
			_ = c.Close()
			return func(ctx context.Context, _, _ string) (net.Conn, error) { return dialIn(ctx, at) }, nil
		}
	}
	return nil, errors.New("no model server runs in a network of its own")
}

// dialIn connects within a network. The thread that went there ends.
func dialIn(ctx context.Context, network string) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	go func() {
		runtime.LockOSThread()
		f, err := os.Open(network)
		if err == nil {
			defer f.Close()
			err = unix.Setns(int(f.Fd()), unix.CLONE_NEWNET)
		}
		if err != nil {
			done <- result{err: err}
			return
		}
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err == nil {
			err = unix.Connect(fd, &unix.SockaddrInet4{Port: 8080, Addr: [4]byte{127, 0, 0, 1}})
		}
		if err != nil {
			done <- result{err: err}
			return
		}
		s := os.NewFile(uintptr(fd), "model server")
		c, err := net.FileConn(s)
		_ = s.Close()
		done <- result{c, err}
	}()
	select {
	case r := <-done:
		return r.conn, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
