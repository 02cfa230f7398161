// Package rowfilter reads the row expressions of data cells filters: the conditions of PartiQL's WHERE that Lake Formation
// documents. Whatever else SQL has (functions, subqueries, arithmetic, comments) is refused.
//
// Who runs an expression prints the tree in its own dialect; the text itself never reaches an engine.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/partiql-support.html
package rowfilter
