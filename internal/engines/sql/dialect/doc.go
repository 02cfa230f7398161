// Package dialect reads SELECT statements in Trino's SQL, as Athena does, and writes them in DuckDB's.
//
// A statement is parsed to a tree, names are looked up and types inferred as far as they can be, and DuckDB's text is
// written from the tree alone: nothing that the user wrote reaches the engine but literals, quoted again, and names of
// columns and aliases, quoted again. Functions are a closed list, so what is not listed does not exist.
// Source: https://trino.io/docs/current/sql/select.html, https://trino.io/docs/current/functions.html
package dialect
