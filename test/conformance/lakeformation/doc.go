// Package lakeformation drives Lake Formation with the Go SDK against a real server.
package lakeformation
