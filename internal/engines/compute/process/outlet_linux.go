package process

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// outlet passes on what a program writes. Its pipe is read under a lock and without waiting, so that who asks for what was written so
// far gets just that.
type outlet struct {
	pipe *os.File
	to   io.Writer

	mu  sync.Mutex
	buf []byte
	end bool
}

// copy runs until the pipe ends.
func (o *outlet) copy() {
	conn, err := o.pipe.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Read(func(fd uintptr) bool { return o.drain(int(fd)) })
}

// drain passes on what is there and says whether the pipe has ended.
func (o *outlet) drain(fd int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.buf == nil {
		o.buf = make([]byte, 16<<10)
	}
	for !o.end {
		n, err := unix.Read(fd, o.buf)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return false
		case n <= 0:
			o.end = true
		default:
			_, _ = o.to.Write(o.buf[:n])
		}
	}
	return true
}

// flush passes on what has been written so far.
func (o *outlet) flush() {
	if o.to == nil {
		return
	}
	if conn, err := o.pipe.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) { o.drain(int(fd)) })
	}
}

// Flush passes on what the program has written so far.
func (s *sandbox) Flush() {
	for i := range s.out {
		s.out[i].flush()
	}
}
