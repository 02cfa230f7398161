// Package statement tells Athena's statements apart and reads those that are not queries: Hive's definitions and Trino's
// statements around a query. What a query says is read by the engine; here it is a part of the text, with everything before
// it turned to blanks so that lines and columns stay what they were.
// Source: https://docs.aws.amazon.com/athena/latest/ug/ddl-sql-reference.html
package statement
