package glue

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/tabular"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func TestMeasure(t *testing.T) {
	f := func(typ, want string, values ...any) {
		t.Helper()
		parsed, err := tabular.ParseType(typ)
		if err != nil {
			t.Fatal(err)
		}
		m := newMeasure(parsed)
		for _, v := range values {
			m.see(v)
		}
		b, err := catalog.Compact(json.Marshal(m.result()))
		if err != nil || string(b) != want {
			t.Errorf("%s: %s %v, want %s", typ, b, err, want)
		}
	}
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	f("boolean", `{"Type":"BOOLEAN","BooleanColumnStatisticsData":{"NumberOfFalses":1,"NumberOfNulls":1,"NumberOfTrues":2}}`, true, false, nil, true)
	f("int", `{"Type":"LONG","LongColumnStatisticsData":{"NumberOfDistinctValues":2,"NumberOfNulls":1,"MaximumValue":7,"MinimumValue":-3}}`, int64(7), int64(-3), nil, int64(7))
	f("bigint", `{"Type":"LONG","LongColumnStatisticsData":{"NumberOfNulls":1}}`, nil)
	f("double", `{"Type":"DOUBLE","DoubleColumnStatisticsData":{"NumberOfDistinctValues":2,"MaximumValue":1.5,"MinimumValue":-2}}`, 1.5, -2.0)
	f("double", `{"Type":"DOUBLE","DoubleColumnStatisticsData":{}}`)
	f("string", `{"Type":"STRING","StringColumnStatisticsData":{"AverageLength":2.5,"MaximumLength":3,"NumberOfDistinctValues":2,"NumberOfNulls":1}}`, "äöü", "ab", nil)
	f("binary", `{"Type":"BINARY","BinaryColumnStatisticsData":{"AverageLength":2,"MaximumLength":2}}`, []byte("ab"))
	f("date", `{"Type":"DATE","DateColumnStatisticsData":{"NumberOfDistinctValues":2,"MaximumValue":"2024-02-29T00:00:00Z","MinimumValue":"2023-12-31T00:00:00Z"}}`,
		day("2024-02-29"), day("2023-12-31"))
	f("timestamp", `{"Type":"LONG","LongColumnStatisticsData":{"NumberOfDistinctValues":1,"MaximumValue":86400,"MinimumValue":86400}}`, day("1970-01-02"))
	// 2.00 is 200 at scale 2, in two bytes as 0x00C8; -0.01 is 0xFF.
	f("decimal(10,2)", `{"Type":"DECIMAL","DecimalColumnStatisticsData":{"NumberOfDistinctValues":2,"NumberOfNulls":1,"MaximumValue":{"Scale":2,"UnscaledValue":"AMg="},"MinimumValue":{"Scale":2,"UnscaledValue":"/w=="}}}`,
		"2", "-0.01", "0.001", "2.0")
}

func TestSchemaOf(t *testing.T) {
	f := func(serde string, of map[string]string, want string) {
		t.Helper()
		s, err := schemaOf(catalog.Table{Table: types.Table{Parameters: map[string]string{"skip.header.line.count": "1"}, StorageDescriptor: &types.StorageDescriptor{
			Columns:   []types.Column{{Name: aws.String("ID"), Type: aws.String("int")}},
			SerdeInfo: &types.SerDeInfo{SerializationLibrary: &serde, Parameters: of}}}})
		got := strings.Join([]string{string(s.Format), string(rune(s.Delimiter)), string(rune(s.Quote)), string(s.Layout)}, " ")
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) || err == nil && (s.HeaderLines != 1 || s.Columns[0].Name != "id") {
			t.Errorf("%s: %q %+v, want %q", serde, got, s, want)
		}
	}
	f("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", nil, "parquet")
	f("org.apache.hadoop.hive.serde2.OpenCSVSerde", nil, `csv , "`)
	f("org.apache.hadoop.hive.serde2.OpenCSVSerde", map[string]string{"separatorChar": ";", "quoteChar": "'"}, `csv ; '`)
	f("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", map[string]string{"field.delim": "|"}, "csv |")
	f("org.openx.data.jsonserde.JsonSerDe", nil, "json \x00 \x00 lines")
	f("org.apache.hadoop.hive.ql.io.orc.OrcSerde", nil, "files that")
}
