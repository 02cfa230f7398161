// Package compute runs somebody's program: contained, limited, watched and ended. It knows nothing of what the program is for.
//
// A Driver starts programs from a Spec. The driver in package process runs them on this machine in Linux namespaces; that in package docker has
// a Docker daemon run images; one for Kubernetes would implement the same interface.
package compute
