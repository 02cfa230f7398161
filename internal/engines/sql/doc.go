// Package sql runs SELECT statements over tables that the caller describes, cut to what it may see.
//
// The statement is Trino's SQL. A Resolver says what each name stands for: files, their format, columns, partitions, and
// the cut, which columns and which rows may be read. An engine answers as if nothing else were there: no statement shows
// hidden values, whether by result, error, statistics or plan. Package duckdb is the engine in this process.
package sql
