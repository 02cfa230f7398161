package glue

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/tabular"
	"github.com/atelier-studio/atelier/internal/services/glue/layout"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Hive's classes, as Glue's crawlers set them.
// Source: https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html
const (
	hadoop        = "org.apache.hadoop."
	textInput     = hadoop + "mapred.TextInputFormat"
	textOutput    = hadoop + "hive.ql.io.HiveIgnoreKeyTextOutputFormat"
	parquetInput  = hadoop + "hive.ql.io.parquet.MapredParquetInputFormat"
	parquetOutput = hadoop + "hive.ql.io.parquet.MapredParquetOutputFormat"
	parquetSerDe  = hadoop + "hive.ql.io.parquet.serde.ParquetHiveSerDe"
	lazySerDe     = hadoop + "hive.serde2.lazy.LazySimpleSerDe"
	openCSVSerDe  = hadoop + "hive.serde2.OpenCSVSerde"
	jsonSerDe     = "org.openx.data.jsonserde.JsonSerDe"
	grokSerDe     = "com.amazonaws.glue.serde.GrokSerDe"
)

// writer describes tables as a crawler writes them.
type writer struct {
	crawler string
	serde   func(*tabular.Schema) types.CsvSerdeOption // that a classifier asks for
}

// quoted tells whether a CSV file needs the SerDe that knows quotes.
func (w writer) quoted(s *tabular.Schema) bool {
	switch w.serde(s) {
	case types.CsvSerdeOptionOpenCSVSerDe:
		return true
	case types.CsvSerdeOptionLazySimpleSerDe:
		return false
	}
	return s.Quote != 0
}

// parameters are Glue's of a table or partition.
func (w writer) parameters(s *tabular.Schema, n layout.Stats) map[string]string {
	out := map[string]string{"CrawlerSchemaDeserializerVersion": "1.0", "CrawlerSchemaSerializerVersion": "1.0", madeBy: w.crawler,
		"classification": s.Classification, "compressionType": string(s.Compression), "typeOfData": "file", "objectCount": strconv.FormatInt(n.Objects, 10),
		"sizeKey": strconv.FormatInt(n.Bytes, 10), "recordCount": strconv.FormatInt(n.Records, 10), "averageRecordSize": strconv.FormatInt(n.Average(), 10)}
	if s.Format == tabular.CSV {
		out["delimiter"], out["columnsOrdered"], out["areColumnsQuoted"] = string(rune(s.Delimiter)), "true", strconv.FormatBool(s.Quote != 0)
		if s.HeaderLines > 0 {
			out["skip.header.line.count"] = strconv.Itoa(s.HeaderLines)
		}
	}
	if s.Format == tabular.JSON && s.Path != "" {
		out["jsonPath"] = s.Path
	}
	if s.Format == tabular.Grok {
		out["grokPattern"] = s.Pattern
		if s.Patterns != "" {
			out["grokCustomPatterns"] = s.Patterns
		}
	}
	return out
}

func (w writer) columns(s *tabular.Schema) []types.Column {
	out := make([]types.Column, len(s.Columns))
	plain := s.Format == tabular.CSV && w.quoted(s)
	for i, c := range s.Columns {
		t := c.Type
		// OpenCSVSerde knows times as numbers only, and no decimals.
		if plain && (t.Kind == tabular.Date || t.Kind == tabular.Timestamp || t.Kind == tabular.Decimal) {
			t = tabular.Of(tabular.String)
		}
		out[i] = types.Column{Name: aws.String(c.Name), Type: aws.String(t.String())}
	}
	return out
}

func (w writer) serDe(s *tabular.Schema) (in, out string, info *types.SerDeInfo) {
	in, out = textInput, textOutput
	class, p := "", map[string]string{}
	switch s.Format {
	case tabular.Parquet:
		in, out, class, p["serialization.format"] = parquetInput, parquetOutput, parquetSerDe, "1"
	case tabular.JSON:
		names := make([]string, len(s.Columns))
		for i, c := range s.Columns {
			names[i] = c.Name
			if c.Source != "" && c.Source != c.Name && strings.ToLower(c.Source) != c.Name {
				p["mapping."+c.Name] = c.Source
			}
		}
		class, p["paths"] = jsonSerDe, strings.Join(slices.Sorted(slices.Values(names)), ",")
	case tabular.Grok:
		class, p["input.format"] = grokSerDe, s.Pattern
		if s.Patterns != "" {
			p["input.grokCustomPatterns"] = s.Patterns
		}
	default:
		if class = lazySerDe; w.quoted(s) {
			class, p["separatorChar"], p["quoteChar"], p["serialization.format"] = openCSVSerDe, string(rune(s.Delimiter)), `"`, "1"
			if s.Quote != 0 {
				p["quoteChar"] = string(rune(s.Quote))
			}
			if s.Escape != 0 && s.Escape != s.Quote {
				p["escapeChar"] = string(rune(s.Escape))
			}
			break
		}
		if p["field.delim"] = string(rune(s.Delimiter)); s.Null != "" {
			p["serialization.null.format"] = s.Null
		}
		if s.Escape != 0 {
			p["escape.delim"] = string(rune(s.Escape))
		}
	}
	if s.Encoding != "" && s.Encoding != tabular.UTF8 {
		p["serialization.encoding"] = s.Encoding
	}
	return in, out, &types.SerDeInfo{SerializationLibrary: &class, Parameters: p}
}

func (w writer) descriptor(s *tabular.Schema, n layout.Stats, location string) *types.StorageDescriptor {
	in, out, info := w.serDe(s)
	return &types.StorageDescriptor{Columns: w.columns(s), Location: &location, InputFormat: &in, OutputFormat: &out, SerdeInfo: info,
		Compressed: s.Compression != tabular.Uncompressed, NumberOfBuckets: -1, BucketColumns: []string{}, SortColumns: []types.Order{},
		Parameters: w.parameters(s, n)}
}

// table describes a table.
func (w writer) table(t *planTable) *types.TableInput {
	p := w.parameters(t.Table.Schema, t.Table.Stats)
	keys := make([]types.Column, len(t.Table.Keys))
	for i, k := range t.Table.Keys {
		keys[i] = types.Column{Name: aws.String(k.Name), Type: aws.String(k.Type)}
	}
	if len(keys) > 0 {
		p["partition_filtering.enabled"] = "true"
	}
	return &types.TableInput{Name: aws.String(t.Name), Owner: aws.String("owner"), TableType: aws.String("EXTERNAL_TABLE"), Parameters: p, PartitionKeys: keys,
		StorageDescriptor: w.descriptor(t.Table.Schema, t.Table.Stats, t.location())}
}

// partition describes a partition, with the table's schema when it is to inherit that.
func (w writer) partition(t *planTable, p layout.Partition, inherit bool) types.PartitionInput {
	location := s3Place{Bucket: t.Bucket}.url(p.Path)
	if !inherit {
		return types.PartitionInput{Values: p.Values, StorageDescriptor: w.descriptor(p.Schema, p.Stats, location), Parameters: w.parameters(p.Schema, p.Stats)}
	}
	d := *t.Input.StorageDescriptor
	d.Location = &location
	own := w.parameters(p.Schema, p.Stats)
	d.Parameters = maps.Clone(d.Parameters)
	for _, name := range amounts {
		d.Parameters[name] = own[name]
	}
	return types.PartitionInput{Values: p.Values, StorageDescriptor: &d, Parameters: d.Parameters}
}

// amounts are the parameters that tell how much data there is.
var amounts = []string{"objectCount", "sizeKey", "recordCount", "averageRecordSize"}
