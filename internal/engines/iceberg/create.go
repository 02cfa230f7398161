package iceberg

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// Definition is a table to be made. Partitions are transforms of columns: "day(t)", "bucket(16, id)", "country".
type Definition struct {
	Location   string // without a slash at the end
	Columns    []Column
	Partitions []string
	Properties map[string]string
}

// Create writes the first metadata of a table and tells where. No catalog knows of it yet.
func Create(ctx context.Context, o Objects, d Definition) (location string, m Metadata, err error) {
	schema, err := schemaOf(d.Columns)
	if err != nil {
		return "", nil, err
	}
	spec, err := specOf(schema, d.Partitions)
	if err != nil {
		return "", nil, err
	}
	p := iceberg.Properties{table.PropertyFormatVersion: "2"}
	for k, v := range d.Properties {
		p[k] = v
	}
	if m, err = table.NewMetadata(schema, &spec, table.UnsortedSortOrder, d.Location, p); err != nil {
		return "", nil, fmt.Errorf("cannot define the table: %w", err)
	}
	if location, err = nextLocation(m, ""); err != nil {
		return "", nil, err
	}
	return location, m, writeMetadata(files{ctx, o}, location, m)
}

func schemaOf(columns []Column) (*iceberg.Schema, error) {
	last := len(columns)
	next := func() int { last++; return last }
	var fields []iceberg.NestedField
	seen := map[string]bool{}
	for i, c := range columns {
		if seen[c.Name] {
			return nil, fmt.Errorf("duplicate column name: %s", c.Name)
		}
		seen[c.Name] = true
		t, err := typeOf(c.Type, next)
		if err != nil {
			return nil, err
		}
		fields = append(fields, iceberg.NestedField{ID: i + 1, Name: c.Name, Type: t, Required: c.Required, Doc: c.Doc})
	}
	return iceberg.NewSchema(0, fields...), nil
}

var transform = regexp.MustCompile(`^(year|month|day|hour|bucket|truncate)\(\s*(?:([0-9]{1,9})\s*,\s*)?["` + "`" + `]?([^"` + "`" + `(),\s]+)["` + "`" + `]?\s*\)$`)

// specOf reads the transforms of a partition spec.
// Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html
func specOf(s *iceberg.Schema, transforms []string) (iceberg.PartitionSpec, error) {
	var fields []iceberg.PartitionField
	for i, text := range transforms {
		name, column, kind := text, text, "identity"
		if m := transform.FindStringSubmatch(text); m != nil {
			kind, column = m[1], m[3]
			suffix := kind
			if n := m[2]; (kind == "bucket" || kind == "truncate") != (n != "") {
				return iceberg.PartitionSpec{}, fmt.Errorf("partition transform %s: bucket and truncate take a number and a column, the others a column", text)
			} else if n != "" {
				if w, err := strconv.Atoi(n); err != nil || w < 1 {
					return iceberg.PartitionSpec{}, fmt.Errorf("partition transform %s needs a positive number", text)
				}
				kind += "[" + n + "]"
			}
			if suffix == "truncate" {
				suffix = "trunc"
			}
			name = column + "_" + suffix
		} else if strings.ContainsAny(text, "(), ") {
			return iceberg.PartitionSpec{}, fmt.Errorf("partition transform %s is not known", text)
		}
		f, ok := s.FindFieldByName(column)
		if !ok {
			return iceberg.PartitionSpec{}, fmt.Errorf("partition column %s is no column of the table", column)
		}
		t, err := iceberg.ParseTransform(kind)
		if err != nil {
			return iceberg.PartitionSpec{}, fmt.Errorf("partition transform %s: %w", text, err)
		}
		if !t.CanTransform(f.Type) {
			return iceberg.PartitionSpec{}, fmt.Errorf("partition transform %s cannot be of type %s", text, f.Type)
		}
		fields = append(fields, iceberg.PartitionField{SourceIDs: []int{f.ID}, FieldID: 1000 + i, Name: name, Transform: t})
	}
	if len(fields) == 0 {
		return *iceberg.UnpartitionedSpec, nil
	}
	return iceberg.NewPartitionSpec(fields...), nil
}
