// Package athena is Amazon Athena: SQL over the governed catalog, with results in S3.
//
// Statements are told apart by package statement. Those that define something are carried out here, as calls to Glue and
// S3 of the caller; those that read are run by engines/sql on what the caller may see; rows become files in package
// filewriter. A query is a durable job. One that was running when the server was killed ends as FAILED at the next start,
// and what it had begun to write is removed.
//
// Known gaps: tables of Iceberg cannot be read or written, nor ORC and Avro; no buckets; no Spark (sessions, notebooks,
// calculations), no capacity reservations, no managed query results; data catalogs are of type GLUE. Views have the rights
// of who asks. INSERT casts values to the column's type. The history of queries is kept for ever.
//
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/Welcome.html
package athena
