package sql

import "strings"

// Format is how files are written, by the names that the catalog has for it.
type Format struct {
	Kind       FormatKind
	Properties map[string]string // of the SerDe, and of the table (skip.header.line.count)
}

// FormatKind is a way to write files.
type FormatKind string

const (
	Parquet    FormatKind = "parquet"
	LazySimple FormatKind = "lazysimple"
	OpenCSV    FormatKind = "opencsv"
	JSONLines  FormatKind = "json"
	ORC        FormatKind = "orc"  // not supported
	Avro       FormatKind = "avro" // not supported
)

// FormatOf tells the kind by the SerDe's class name, "" when it is not known.
// Source: https://docs.aws.amazon.com/athena/latest/ug/supported-serdes.html
func FormatOf(serde string) FormatKind {
	name := strings.ToLower(serde[strings.LastIndexByte(serde, '.')+1:])
	switch name {
	case "parquethiveserde":
		return Parquet
	case "lazysimpleserde":
		return LazySimple
	case "opencsvserde":
		return OpenCSV
	case "jsonserde":
		return JSONLines
	case "orcserde":
		return ORC
	case "avroserde":
		return Avro
	}
	return ""
}
