// Package conformance calls a real server with real clients: those of AWS, and some that mean harm.
package conformance
