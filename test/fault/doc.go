// Package fault kills the server while it works, and looks at what is left.
package fault
