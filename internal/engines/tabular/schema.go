package tabular

import (
	"strings"
)

// Column is a column of a file.
type Column struct {
	Name   string // as Glue keeps it: lower-case and unique
	Source string // as the file has it, "" when the file has no name for it
	Type   Type
}

// Schema is what was found out of a file, or of several that were merged.
type Schema struct {
	Format         Format
	Classification string // as Glue's tables name it: the format, or what kind of log it is
	Compression    Compression
	Encoding       string // of text
	Columns        []Column

	// Of CSV.
	Delimiter, Quote, Escape byte // 0 for none
	HeaderLines              int
	Null                     string // what stands for a missing value, besides nothing
	Single                   bool   // one column is not a mistake
	Ragged                   int64  // records of another length than the most

	// Of JSON.
	Layout Layout
	Path   string // where the rows are, "" for the documents themselves

	Pattern, Patterns string // of lines that a pattern matches: the pattern and the patterns it uses

	// Of Parquet.
	Codec string
	Rows  int64 // in the file, from its footer

	Records       int64 // seen in the sample, without headers; of Parquet all
	Bad           int64 // lines that did not fit
	AverageRecord int64 // in bytes, unpacked; 0 when no record was seen whole
	Whole         bool  // all of the file was seen
}

// Layout is how JSON values follow each other.
type Layout string

const (
	Lines    Layout = "lines"    // one value a line
	Document Layout = "document" // values over several lines
	Rowset   Layout = "array"    // an array that holds the rows
)

// Column is the column of a name.
func (s Schema) Column(name string) (Column, bool) {
	for _, c := range s.Columns {
		if strings.EqualFold(c.Name, name) {
			return c, true
		}
	}
	return Column{}, false
}

// named tells whether the file itself names its columns.
func (s Schema) named() bool { return s.Format != CSV || s.HeaderLines > 0 }

// Merge evolves a by b: columns of one name widen, those that only b has come last. Counts add up. Of two CSV files one
// of which has no header, columns are matched by their place.
func Merge(a, b Schema) Schema {
	if a.Format == None {
		return b
	}
	if b.Format == None {
		return a
	}
	out := a
	if !a.named() && b.named() {
		out.HeaderLines = b.HeaderLines
	}
	out.Columns = mergeColumns(a, b)
	out.Records, out.Rows, out.Bad, out.Ragged = a.Records+b.Records, a.Rows+b.Rows, a.Bad+b.Bad, a.Ragged+b.Ragged
	if a.Records+b.Records > 0 {
		out.AverageRecord = (a.AverageRecord*a.Records + b.AverageRecord*b.Records) / (a.Records + b.Records)
	}
	out.Whole = a.Whole && b.Whole
	out.Quote, out.Escape, out.Null = or(a.Quote, b.Quote), or(a.Escape, b.Escape), or(a.Null, b.Null)
	if a.Encoding != b.Encoding && a.Encoding == UTF8 && a.Format == CSV {
		out.Encoding = b.Encoding // plain ASCII in one, more in the other
	}
	return out
}

func or[T comparable](a, b T) T {
	var zero T
	if a == zero {
		return b
	}
	return a
}

func mergeColumns(a, b Schema) []Column {
	if a.named() != b.named() {
		return mergePlaces(a, b)
	}
	out := append(make([]Column, 0, len(a.Columns)+len(b.Columns)), a.Columns...)
	at := make(map[string]int, len(out))
	for i, c := range out {
		at[c.Name] = i
	}
	for _, c := range b.Columns {
		if i, ok := at[c.Name]; ok {
			out[i].Type = bounded(Widen(out[i].Type, c.Type))
			continue
		}
		at[c.Name] = len(out)
		out = append(out, c)
	}
	return out
}

func mergePlaces(a, b Schema) []Column {
	names, other := a.Columns, b.Columns
	if !a.named() {
		names, other = other, names
	}
	out := append([]Column(nil), names...)
	for i, c := range other {
		if i < len(out) {
			out[i].Type = bounded(Widen(out[i].Type, c.Type))
			continue
		}
		out = append(out, c)
	}
	return out
}

// bounded is the type, or string when its text is longer than a catalog takes.
func bounded(t Type) Type {
	if (t.Kind == Struct || t.Kind == Array || t.Kind == Map) && len(t.String()) > MaxTypeLength {
		return Of(String)
	}
	return t
}

// similarity is how much of two schemas must be alike for one table: https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-folder-table-partition.html
const similarity = 0.7

// Similar tells whether two files may be of one table: format, compression and delimiter agree, and of all their columns 70%
// have a partner in the other with a type that fits. A partner whose type does not fit counts half.
func Similar(a, b Schema) bool {
	if a.Format == None || b.Format == None {
		return true
	}
	if a.Format != b.Format || a.Classification != b.Classification || a.Compression != b.Compression || a.Delimiter != b.Delimiter ||
		a.Path != b.Path || a.Pattern != b.Pattern {
		return false
	}
	if len(a.Columns)+len(b.Columns) == 0 {
		return true
	}
	return 2*alike(a, b)/float64(len(a.Columns)+len(b.Columns)) >= similarity
}

func alike(a, b Schema) (score float64) {
	byPlace := a.named() != b.named()
	at := make(map[string]Type, len(a.Columns))
	for _, c := range a.Columns {
		at[c.Name] = c.Type
	}
	for i, c := range b.Columns {
		t, ok := at[c.Name]
		if byPlace {
			if ok = i < len(a.Columns); ok {
				t = a.Columns[i].Type
			}
		}
		switch {
		case ok && Widens(t, c.Type):
			score++
		case ok:
			score += 0.5
		}
	}
	return score
}
