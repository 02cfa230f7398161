// Package trino runs statements on a cluster of Trino.
//
// The cluster reads the files itself, by a catalog of its own over the same databases. A statement is written again with a
// query for the granted columns in the place of each table; a table of which rows or cells are hidden is refused, as nothing
// keeps Trino from trying a statement's conditions on rows before it drops them. See docs/adr/0005.
// Source: https://trino.io/docs/current/develop/client-protocol.html
package trino
