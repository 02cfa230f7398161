// Package tabular reads files of rows: it tells what a CSV, JSON, Parquet or log file holds, as Hive columns, and gives its
// rows. It knows nothing of where files lie; a Source gives their bytes, at random or as a stream.
//
// Infer looks at the beginning of a file (of Parquet only at its footer) and follows the rules that AWS documents for the
// classifiers of Glue: https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html and
// https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html. Everything is bounded: sample, nesting, columns,
// the size of a record and of what is decompressed. Avro, ORC and XML are recognised and not read.
package tabular
