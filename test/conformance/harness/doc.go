// Package harness starts a real Atelier server for tests and gives them accounts and users on it.
package harness
