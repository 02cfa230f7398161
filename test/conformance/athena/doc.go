// Package athena drives a server's Athena with real clients.
package athena
