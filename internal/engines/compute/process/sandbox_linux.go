package process

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// sandbox is one program's, from before it starts until nothing of it is left. It implements compute.Process.
type sandbox struct {
	driver  *Driver
	cmd     *exec.Cmd
	control *net.UnixConn
	group   *group
	guard   *guard
	trees   int
	out     [2]outlet // its stdout and stderr

	asking  sync.Mutex // one question at a time
	answers chan message

	mu        sync.Mutex
	listeners []net.Listener
	status    *syscall.WaitStatus // of the program, when it has ended
	exit      compute.Exit
	used      compute.Usage
	copied    sync.WaitGroup
	done      chan struct{}
}

// message is what the first process says: a letter, text, a socket with 'S'.
type message struct {
	letter byte
	data   []byte
	socket int
}

// first is the name under which this program is a sandbox's first process.
const first = "atelier-sandbox"

// begin starts a sandbox with nothing in it.
func (d *Driver) begin(network compute.Network) (*sandbox, error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot make a socket: %w", err)
	}
	theirs := os.NewFile(uintptr(ends[1]), "control")
	defer func() { _ = theirs.Close() }()
	ours := os.NewFile(uintptr(ends[0]), "control")
	conn, err := net.FileConn(ours)
	_ = ours.Close()
	if err != nil {
		return nil, fmt.Errorf("cannot use a socket: %w", err)
	}
	s := &sandbox{driver: d, control: conn.(*net.UnixConn), answers: make(chan message, 1), done: make(chan struct{})}
	s.cmd = &exec.Cmd{
		Path: "/proc/self/exe", Args: []string{first}, Env: []string{}, Dir: "/", ExtraFiles: []*os.File{theirs}, SysProcAttr: attributes(network),
	}
	var writers [2]*os.File
	for i := range writers {
		if s.out[i].pipe, writers[i], err = os.Pipe(); err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("cannot make a pipe: %w", err)
		}
		defer func() { _ = writers[i].Close() }()
	}
	s.cmd.Stdout, s.cmd.Stderr = writers[0], writers[1]
	if s.group, err = d.groups.make(); err != nil {
		_ = conn.Close()
		return nil, err
	}
	s.guard = &guard{group: s.group, over: s.Kill}
	s.group.into(s.cmd.SysProcAttr)
	if err := s.cmd.Start(); err != nil {
		_ = conn.Close()
		s.group.remove()
		return nil, fmt.Errorf("cannot make namespaces: %w (%s)", err, Probe().Missing())
	}
	err = errors.Join(s.group.add(s.cmd.Process.Pid), d.enlist(s))
	go s.wait()
	if err != nil {
		s.Kill()
		return nil, err
	}
	return s, nil
}

func attributes(network compute.Network) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS, Setpgid: true}
	if network == compute.Isolated {
		a.Cloneflags |= syscall.CLONE_NEWNET
	}
	if os.Getuid() != 0 {
		a.Cloneflags |= syscall.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	return a
}

// run lets a program begin.
func (s *sandbox) run(spec compute.Spec) error {
	if err := s.group.limit(spec.Limits, scratch(spec)); err != nil {
		return err
	}
	for _, l := range spec.Listeners {
		ln, err := s.Listen(l.Port)
		if err != nil {
			return err
		}
		go l.Serve(ln)
	}
	merged := spec.Stdout != nil && spec.Stdout == spec.Stderr
	for i, w := range []io.Writer{spec.Stdout, spec.Stderr} {
		if w == nil || i == 1 && merged {
			w = io.Discard
		}
		s.out[i].to = w
		s.copied.Go(s.out[i].copy)
	}
	p := plan{trees: s.trees}
	p.program(s.driver.cfg.Dir+"/root", spec, s.group.holds())
	if err := s.do(p); err != nil {
		return err
	}
	s.guard.start(spec.Limits.MemoryMB)
	return nil
}

// do sends commands and waits until they are done.
func (s *sandbox) do(p plan) error {
	p.add('?')
	m, err := s.ask(p.buf)
	if err != nil {
		return err
	}
	if m.letter != 'Y' {
		return errors.New(string(m.data))
	}
	return nil
}

var errEnded = errors.New("the sandbox has ended")

func (s *sandbox) ask(commands []byte) (message, error) {
	s.asking.Lock()
	defer s.asking.Unlock()
	if _, err := s.control.Write(commands); err != nil {
		// it may have said why before it ended
		if m, ok := <-s.answers; ok {
			return m, nil
		}
		return message{}, errEnded
	}
	m, ok := <-s.answers
	if !ok {
		return message{}, errEnded
	}
	return m, nil
}

func (s *sandbox) tell(op byte) error {
	if _, err := s.control.Write([]byte{op, 0, 0, 0, 0}); err != nil {
		return errEnded
	}
	return nil
}

// hear reads what the first process says until it ends.
func (s *sandbox) hear() {
	defer close(s.answers)
	for {
		m, err := s.next()
		if err != nil {
			return
		}
		if m.letter == 'X' && len(m.data) == 4 {
			status := syscall.WaitStatus(binary.NativeEndian.Uint32(m.data))
			s.status = &status
			continue
		}
		s.answers <- m
	}
}

func (s *sandbox) next() (message, error) {
	head, oob := make([]byte, 5), make([]byte, unix.CmsgSpace(4))
	n, oobn, _, _, err := s.control.ReadMsgUnix(head, oob)
	if err == nil && n == 0 {
		err = io.EOF
	}
	if err == nil && n < len(head) {
		_, err = io.ReadFull(s.control, head[n:])
	}
	if err != nil {
		return message{}, err
	}
	m := message{letter: head[0], socket: -1}
	if oobn > 0 {
		if m.socket, err = received(oob[:oobn]); err != nil {
			return message{}, err
		}
	}
	m.data = make([]byte, binary.NativeEndian.Uint32(head[1:]))
	_, err = io.ReadFull(s.control, m.data)
	return m, err
}

func received(oob []byte) (int, error) {
	list, err := unix.ParseSocketControlMessage(oob)
	if err != nil || len(list) != 1 {
		return -1, errors.New("cannot read a socket message")
	}
	fds, err := unix.ParseUnixRights(&list[0])
	if err != nil || len(fds) != 1 {
		return -1, errors.New("cannot read a socket message")
	}
	unix.CloseOnExec(fds[0])
	return fds[0], nil
}

// wait sees a sandbox to its end.
func (s *sandbox) wait() {
	defer s.driver.strike(s)
	s.hear()
	_ = s.cmd.Wait() // returns when every process inside has ended
	s.mu.Lock()
	listeners := s.listeners
	s.listeners = nil
	s.mu.Unlock()
	for _, l := range listeners {
		_ = l.Close()
	}
	_ = s.control.Close()
	s.copied.Wait()
	for i := range s.out {
		_ = s.out[i].pipe.Close()
	}
	s.guard.pause(true)
	used := s.group.usage()
	if st := s.cmd.ProcessState; used.CPU == 0 && st != nil {
		used.CPU = st.UserTime() + st.SystemTime()
	}
	exit := compute.Exit{Code: 128 + int(syscall.SIGKILL), Signal: syscall.SIGKILL.String()}
	exit.OutOfMemory = s.group.outOfMemory() || s.guard.exceeded()
	if st := s.status; st != nil && st.Exited() {
		exit.Code, exit.Signal = st.ExitStatus(), ""
	} else if st != nil {
		exit.Code, exit.Signal = 128+int(st.Signal()), st.Signal().String()
	}
	s.mu.Lock()
	s.exit, s.used = exit, used
	s.mu.Unlock()
	close(s.done)
	s.group.remove()
}

func (s *sandbox) alive() bool {
	select {
	case <-s.done:
		return false
	default:
		return s.tell('g') == nil
	}
}

// Freeze stops the program.
func (s *sandbox) Freeze() error {
	s.guard.pause(true)
	return s.tell('z')
}

// Resume lets it go on.
func (s *sandbox) Resume() error {
	s.guard.pause(false)
	return s.tell('g')
}

// Terminate asks the program to end, and ends it.
func (s *sandbox) Terminate(ctx context.Context, grace time.Duration) {
	_ = s.tell('t')
	_ = s.tell('g')
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-s.done:
		return
	case <-ctx.Done():
	case <-timer.C:
	}
	s.Kill()
	<-s.done
}

// Kill ends the program and all that it started.
func (s *sandbox) Kill() { _ = s.cmd.Process.Kill() }

// Done is closed when nothing is left.
func (s *sandbox) Done() <-chan struct{} { return s.done }

// Exit says how the program ended.
func (s *sandbox) Exit() compute.Exit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.exit
}

// Usage says what it has taken.
func (s *sandbox) Usage() compute.Usage {
	select {
	case <-s.done:
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.used
	default:
		return s.group.usage()
	}
}
