// Package process runs programs on this machine, each in a sandbox of Linux namespaces: its own processes, mounts, users, host name
// and network, a root in which only the system's programs and what the Spec names can be seen, limits by cgroups (rlimits where there
// are none), no capabilities, no way to gain privileges, and a filter of system calls.
//
// A sandbox begins with this same program, started again under another name (init_linux.c). It costs about a millisecond, so a few are
// made ahead. Everything in a sandbox ends when the server does, however that ends.
//
// What programs write into Spec.Mounts stays with the user the server runs as, or, when that is root, with Spec.User.
package process
