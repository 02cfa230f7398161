package process

import (
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// Probe finds out, which takes a few milliseconds.
func Probe() Report {
	r := Report{Root: os.Getuid() == 0}
	_, _, errno := unix.Syscall6(unix.SYS_MOUNT_SETATTR, ^uintptr(0), 0, 0, 0, 0, 0)
	r.Mounts = errno != unix.ENOSYS
	cmd := exec.Command("/bin/true")
	cmd.SysProcAttr = attributes(0)
	if err := cmd.Run(); err != nil {
		r.reason = err.Error()
	} else {
		r.Namespaces = true
	}
	g := findGroups("/probe")
	r.Memory, r.Processes, r.CPU = g.bases["memory"] != "", g.bases["pids"] != "", g.bases["cpu"] != ""
	return r
}
