package process

import (
	"encoding/binary"
	"runtime"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// What programs have no business with: other processes' memory, mounts, namespaces, the kernel's own matters. Most of it is refused
// for want of capabilities already; this keeps what is behind those calls out of reach.
var refused = append([]uint32{
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE, unix.SYS_FSOPEN,
	unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR, unix.SYS_SETNS, unix.SYS_UNSHARE,
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_KCMP, unix.SYS_PIDFD_GETFD,
	unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
	unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE,
	unix.SYS_REBOOT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_SYSLOG, unix.SYS_ACCT, unix.SYS_QUOTACTL, unix.SYS_VHANGUP,
	unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_CLOCK_SETTIME, unix.SYS_CLOCK_ADJTIME, unix.SYS_SETTIMEOFDAY,
	unix.SYS_FANOTIFY_INIT, unix.SYS_LOOKUP_DCOOKIE, unix.SYS_NFSSERVCTL,
}, refusedHere...)

// What programs must believe to be missing, as they then do without.
var absent = []uint32{unix.SYS_CLONE3, unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER}

// Kinds of sockets that lead past the network namespace, or into rarely used parts of the kernel.
var refusedSockets = []uint32{unix.AF_VSOCK, unix.AF_ALG, unix.AF_PACKET, unix.AF_KEY, unix.AF_BLUETOOTH, unix.AF_TIPC, unix.AF_XDP}

const newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS |
	unix.CLONE_NEWCGROUP

// Where struct seccomp_data has the call's number, its architecture and the low half of its first two arguments.
const (
	callNumber   = 0
	architecture = 4
	argument0    = 16
	argument1    = 24
)

// filter is the assembled filter of system calls, as the kernel takes it. It depends on nothing but the architecture.
var filter = assemble()

func assemble() []byte {
	errno := func(e unix.Errno) bpf.Instruction { return bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(e)} }
	is := func(v uint32, skip uint8) bpf.Instruction {
		return bpf.JumpIf{Cond: bpf.JumpEqual, Val: v, SkipFalse: skip}
	}
	prog := []bpf.Instruction{
		bpf.LoadAbsolute{Off: architecture, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: auditArch, SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS},
		bpf.LoadAbsolute{Off: callNumber, Size: 4},
	}
	if runtime.GOARCH == "amd64" { // the x32 numbers
		prog = append(prog, bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: 0x40000000, SkipFalse: 1}, errno(unix.ENOSYS))
	}
	for _, nr := range refused {
		prog = append(prog, is(nr, 1), errno(unix.EPERM))
	}
	for _, nr := range absent {
		prog = append(prog, is(nr, 1), errno(unix.ENOSYS))
	}
	prog = append(prog, is(unix.SYS_CLONE, 4), bpf.LoadAbsolute{Off: argument0, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: newNamespaces, SkipFalse: 1}, errno(unix.EPERM), bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW})
	prog = append(prog, is(unix.SYS_IOCTL, 4), bpf.LoadAbsolute{Off: argument1, Size: 4},
		is(unix.TIOCSTI, 1), errno(unix.EPERM), bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW})
	prog = append(prog, is(unix.SYS_SOCKET, uint8(2*len(refusedSockets)+1)), bpf.LoadAbsolute{Off: argument0, Size: 4})
	for _, family := range refusedSockets {
		prog = append(prog, is(family, 1), errno(unix.EAFNOSUPPORT))
	}
	prog = append(prog, bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW})
	raw, err := bpf.Assemble(prog)
	if err != nil {
		panic(err) // the program above is constant
	}
	var out []byte
	for _, in := range raw {
		out = binary.NativeEndian.AppendUint16(out, in.Op)
		out = append(out, in.Jt, in.Jf)
		out = binary.NativeEndian.AppendUint32(out, in.K)
	}
	return out
}
