package process

import "strings"

// Report is what the kernel allows this server.
type Report struct {
	// Root: the server runs as root, so programs get a user of their own. Otherwise they run as the server's user, in a user namespace.
	Root bool
	// Namespaces: mount, process, network and user namespaces can be made. Without them nothing can be run.
	Namespaces bool
	// Mounts: the kernel has the calls by which mounts are made (Linux 5.12).
	Mounts bool
	// Memory, Processes and CPU: control groups bound them. Otherwise resource limits do, per process, and CPU is not bounded.
	Memory, Processes, CPU bool
	// reason is why namespaces cannot be made.
	reason string
}

// Missing says in words what the kernel does not allow and what to do; "" when nothing is missing.
func (r Report) Missing() string {
	var parts []string
	if !r.Namespaces {
		parts = append(parts, "namespaces cannot be made ("+r.reason+"): run as root, or allow user namespaces "+
			"(sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0)")
	}
	if !r.Mounts {
		parts = append(parts, "mount_setattr is missing: use Linux 5.12 or later")
	}
	if !r.Memory || !r.Processes || !r.CPU {
		parts = append(parts, "control groups cannot be made, so memory and processes are bounded per process only: run as root, or "+
			"with systemd's Delegate=yes")
	}
	return strings.Join(parts, "; ")
}
