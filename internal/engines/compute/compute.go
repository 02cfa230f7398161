package compute

import (
	"context"
	"errors"
	"io"
	"net"
	"time"
)

// ErrUnsupported is returned for something that this machine or driver cannot do; the text says what is missing.
var ErrUnsupported = errors.New("not supported here")

// Driver starts programs.
type Driver interface {
	// Start runs a program. When it returns, the program has been started; ctx bounds the start only, not the run.
	Start(ctx context.Context, spec Spec) (Process, error)
}

// Network says what a program reaches.
type Network int

const (
	// Isolated is a network of its own with nothing but its loopback, where Listen and Dial meet it.
	Isolated Network = iota
	// Host is the machine's network.
	Host
)

// Spec says what to run, and in what.
type Spec struct {
	// Name is for people: the host name inside, and in messages.
	Name string
	// Args are the program (an absolute path inside) and its arguments.
	Args []string
	// Env is the whole environment, "NAME=value" each; nothing is inherited.
	Env []string
	// Dir is the working directory inside; "/" when empty.
	Dir string
	// Root is an unpacked root directory on the machine (of an OCI image, say), used read-only. Empty is the machine's own /usr, /lib,
	// /bin and what of /etc programs need.
	Root string
	// Mounts are put on top of Root.
	Mounts []Mount
	// Mapped says that the files of Root belong to FirstUser for user 0 and so on, for 65,536 users. The program then has these users, of
	// which 0 is root over such files, and over nothing of the machine.
	Mapped bool
	// User is the user id inside; 0 is DefaultUser, or root when Mapped. Group is the group's; it is User unless Mapped.
	User, Group int
	// Network is what the program reaches.
	Network Network
	// Listeners are opened inside its network before the program starts.
	Listeners []Listener
	// Limits bound what it takes.
	Limits Limits
	// Stdout and Stderr receive what the program writes, in the order written; nil discards. A writer that blocks holds the program up.
	Stdout, Stderr io.Writer
}

// IDs are the user and group that the program is inside.
func (s Spec) IDs() (user, group int) {
	if s.Mapped {
		return s.User, s.Group
	}
	if s.User == 0 {
		return DefaultUser, DefaultUser
	}
	return s.User, s.User
}

// Owner is whom, on the machine, files belong to that the program may change the modes of, when the server is root.
func (s Spec) Owner() (user, group int) {
	user, group = s.IDs()
	if s.Mapped {
		return FirstUser + user, FirstUser + group
	}
	return user, group
}

// DefaultUser is the user and group id of programs that name none.
const DefaultUser = 993

// FirstUser is who on the machine is user 0 of a program with users of its own; the numbers are those that systemd leaves to containers.
const FirstUser = 1 << 30

// Mount shows a file or directory of the machine inside.
type Mount struct {
	// Source is the path on the machine. Empty is a fresh, empty directory of at most SizeMB that ends with the program.
	Source string
	// Target is the path inside. It is made when missing, unless a read-only Root is in the way.
	Target string
	// Write lets the program change what is there.
	Write bool
	// SizeMB bounds a fresh directory; 0 is DefaultTmpMB.
	SizeMB int
}

// DefaultTmpMB is the size of /tmp and of fresh directories that name none.
const DefaultTmpMB = 512

// Limits bound a program; 0 is no limit, except where it says otherwise.
type Limits struct {
	// MemoryMB is for all its processes together; above it, the kernel ends the largest. What lies in fresh directories and /tmp is
	// not counted.
	MemoryMB int
	// Processes is how many processes and threads may be there at once; 0 is DefaultProcesses.
	Processes int
	// CPU is in cores: 0.5 is half of one.
	CPU float64
	// TmpMB is the size of /tmp; 0 is DefaultTmpMB.
	TmpMB int
	// Files is how many files one process may have open; 0 is DefaultFiles.
	Files int
}

// What a program has that names no limits.
const (
	DefaultProcesses = 1024
	DefaultFiles     = 1024
)

// Listener is a port on the program's loopback behind which the server is.
type Listener struct {
	Port int
	// Serve is called in a goroutine of its own with a listener that is closed when the program has ended.
	Serve func(net.Listener)
}

// Process is a program that runs.
type Process interface {
	// Listen opens a port on the program's loopback. The listener is closed when the program ends.
	Listen(port int) (net.Listener, error)
	// Dial connects to a port on the program's loopback.
	Dial(ctx context.Context, port int) (net.Conn, error)
	// Freeze stops all processes of the program until Resume; a frozen program costs no CPU. Both may be called again.
	Freeze() error
	Resume() error
	// Flush returns when what the program has written so far has been passed on.
	Flush()
	// Terminate asks the program to end (SIGTERM) and ends it (SIGKILL) when it hasn't after grace, or when ctx is done.
	// It returns when the program has ended.
	Terminate(ctx context.Context, grace time.Duration)
	// Kill ends the program and everything it started, at once; it does not wait for that.
	Kill()
	// Done is closed when the program has ended, nothing that it started runs and all its output has been written.
	Done() <-chan struct{}
	// Exit says how it ended. Call it after Done.
	Exit() Exit
	// Usage says what it has taken until now.
	Usage() Usage
}

// Exit is how a program ended.
type Exit struct {
	// Code is the program's exit code; 128 plus the signal's number when a signal ended it, as a shell has it.
	Code int
	// Signal is the name of the signal that ended it ("killed"), if one did.
	Signal string
	// OutOfMemory says that the kernel ended one of its processes for taking more than Limits.MemoryMB.
	OutOfMemory bool
}

// Usage is what a program has taken.
type Usage struct {
	// CPU is the time on processors of all its processes.
	CPU time.Duration
	// MaxMemory is the most that was in use at once, in bytes; 0 where the machine doesn't tell.
	MaxMemory int64
}
