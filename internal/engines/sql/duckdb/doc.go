// Package duckdb is the SQL engine in this process, on DuckDB.
//
// Every query has a database of its own, in memory, in two phases. First only our own statements run: tables that are cut
// to rows are read and written to temporary tables, which then hold what the caller may see and nothing else. Then files
// are closed off (but for those of tables that are not cut to rows), the configuration is locked, and the user's statement
// is planned for the first time. See docs/adr/0004.
package duckdb
