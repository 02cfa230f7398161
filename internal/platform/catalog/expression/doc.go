// Package expression reads the filters that partitions are asked for with, and decides on partitions by their values.
//
// A filter is like SQL's WHERE: comparisons of partition keys with literals, LIKE, IN, BETWEEN, IS NULL, AND, OR, NOT and
// parentheses. A key's type says how values are compared: numbers as numbers, dates as dates, text by its bytes. Nothing
// is compared with a value that is null: the result is unknown, as SQL has it.
//
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html
package expression
