// Package glue holds the Glue service against real clients: the SDK for Go, awswrangler and PyIceberg.
package glue
