package harness

import (
	"os/exec"
	"syscall"
)

// bind ends the child when the test process dies without its cleanups.
func bind(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
