// Package iceberg keeps tables in the format of Apache Iceberg: schemas, partitions, snapshots, and the files behind them.
//
// It knows files by their locations only, through Objects, and the table's current metadata through a Catalog. What the
// format asks for is done by iceberg-go. Rows are Arrow's record batches.
package iceberg
