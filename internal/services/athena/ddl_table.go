package athena

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// layout is how a format is read and written.
type layout struct{ input, output, serde string }

const (
	lazySimple = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
	parquet    = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
	openX      = "org.openx.data.jsonserde.JsonSerDe"
	textInput  = "org.apache.hadoop.mapred.TextInputFormat"
	textOutput = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
)

// layouts are the formats of STORED AS.
// Source: https://docs.aws.amazon.com/athena/latest/ug/create-table.html
var layouts = map[string]layout{
	"TEXTFILE": {textInput, textOutput, lazySimple},
	"JSON":     {textInput, textOutput, openX},
	"PARQUET":  {"org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat", "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat", parquet},
	"ORC": {"org.apache.hadoop.hive.ql.io.orc.OrcInputFormat", "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
		"org.apache.hadoop.hive.ql.io.orc.OrcSerde"},
	"AVRO": {"org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat", "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat",
		"org.apache.hadoop.hive.serde2.avro.AvroSerDe"},
	"SEQUENCEFILE": {"org.apache.hadoop.mapred.SequenceFileInputFormat", "org.apache.hadoop.mapred.SequenceFileOutputFormat", lazySimple},
	"RCFILE": {"org.apache.hadoop.hive.ql.io.RCFileInputFormat", "org.apache.hadoop.hive.ql.io.RCFileOutputFormat",
		"org.apache.hadoop.hive.serde2.columnar.ColumnarSerDe"},
	"ION": {"com.amazon.ionhiveserde.formats.IonInputFormat", "com.amazon.ionhiveserde.formats.IonOutputFormat", "com.amazon.ionhiveserde.IonHiveSerDe"},
}

func (q *session) createTable(ctx context.Context, st statement.CreateTable) error {
	if strings.EqualFold(property(st.Properties, "table_type"), "ICEBERG") {
		return q.createIceberg(ctx, st)
	}
	if !st.External {
		return ddlFault("ParseException line %d:%d missing EXTERNAL at 'TABLE'", st.Table.Pos.Line, st.Table.Pos.Column)
	}
	in, err := tableInput(st)
	if err != nil {
		return err
	}
	return q.putTable(ctx, st.Table, in, st.IfNotExist)
}

// putTable makes a table in the catalog.
func (q *session) putTable(ctx context.Context, n statement.Name, in *glueTypes.TableInput, ifNotExist bool) error {
	id, database, err := q.at(ctx, n)
	if err != nil {
		return err
	}
	_, err = q.glue.CreateTable(ctx, &glue.CreateTableInput{CatalogId: id, DatabaseName: database, TableInput: in})
	switch {
	case isTaken(err) && ifNotExist:
		return nil
	case isTaken(err):
		return ddlFault("Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. AlreadyExistsException(message:Table %s already exists)", n.Name)
	case isMissing(err):
		return ddlFault("SemanticException [Error 10072]: Database does not exist: %s", *database)
	}
	return glueFault(err)
}

func property(list []statement.Pair, key string) string {
	for _, p := range list {
		if strings.EqualFold(p.Key, key) {
			return p.Value
		}
	}
	return ""
}

// tableInput is the table that a definition describes.
func tableInput(st statement.CreateTable) (*glueTypes.TableInput, error) {
	if st.Location == "" {
		return nil, ddlFault("Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. MetaException(message:no Location: specified for EXTERNAL table %s)", st.Table.Name)
	}
	if checkOutput(st.Location) != nil {
		return nil, ddlFault("SemanticException LOCATION is not a path of S3 (s3://bucket/prefix/): %s", st.Location)
	}
	format := st.Format
	if format == "" {
		format = "TEXTFILE"
	}
	l, ok := layouts[format]
	if !ok {
		return nil, ddlFault("SemanticException Unrecognized file format in STORED AS clause: '%s'", format)
	}
	if st.Input != "" {
		l.input, l.output = st.Input, st.Output
	}
	if st.Serde != "" {
		l.serde = st.Serde
	}
	serde := merge(nil, st.SerdeProperties)
	if d := st.Delimited; d != nil {
		for k, v := range map[string]string{"field.delim": d.Field, "escape.delim": d.Escape, "collection.delim": d.Collection, "mapkey.delim": d.MapKey,
			"line.delim": d.Line, "serialization.null.format": d.Null} {
			if v != "" {
				serde[k] = v
			}
		}
		if d.Field != "" {
			serde["serialization.format"] = d.Field
		}
	}
	if serde["serialization.format"] == "" {
		serde["serialization.format"] = "1"
	}
	sd := &glueTypes.StorageDescriptor{Location: &st.Location, InputFormat: &l.input, OutputFormat: &l.output, NumberOfBuckets: -1,
		Columns: glueColumns(st.Columns), SerdeInfo: &glueTypes.SerDeInfo{SerializationLibrary: &l.serde, Parameters: serde}}
	if st.Buckets != nil {
		sd.NumberOfBuckets, sd.BucketColumns = int32(st.Buckets.Count), st.Buckets.Columns
	}
	in := &glueTypes.TableInput{Name: aws.String(st.Table.Name), TableType: aws.String("EXTERNAL_TABLE"), StorageDescriptor: sd,
		PartitionKeys: []glueTypes.Column{}, Parameters: merge(map[string]string{"EXTERNAL": "TRUE"}, st.Properties)}
	if st.Comment != "" {
		in.Parameters["comment"] = st.Comment
	}
	seen := map[string]bool{}
	for _, c := range st.Columns {
		if seen[c.Name] {
			return nil, ddlFault("SemanticException [Error 10036]: Duplicate column name: %s", c.Name)
		}
		seen[c.Name] = true
	}
	for _, p := range st.Partitions {
		if p.Transform != "" {
			return nil, ddlFault("ParseException a partition column needs a type: %s", p.Transform)
		}
		if seen[p.Name] {
			return nil, ddlFault("SemanticException [Error 10035]: Column repeated in partitioning columns: %s", p.Name)
		}
		seen[p.Name] = true
		in.PartitionKeys = append(in.PartitionKeys, glueColumn(p.Column))
	}
	return in, nil
}

func glueColumn(c statement.Column) glueTypes.Column {
	return glueTypes.Column{Name: aws.String(c.Name), Type: aws.String(c.Type), Comment: some(c.Comment)}
}

func glueColumns(list []statement.Column) []glueTypes.Column {
	out := []glueTypes.Column{}
	for _, c := range list {
		out = append(out, glueColumn(c))
	}
	return out
}

const virtualView = "VIRTUAL_VIEW"

func (q *session) dropTable(ctx context.Context, st statement.DropTable) error {
	id, database, err := q.at(ctx, st.Table)
	if err != nil {
		return err
	}
	name := aws.String(st.Table.Name)
	found, err := q.glue.GetTable(ctx, &glue.GetTableInput{CatalogId: id, DatabaseName: database, Name: name})
	if isMissing(err) {
		if st.IfExists {
			return nil
		}
		return ddlFault("SemanticException [Error 10001]: Table not found %s.%s", *database, *name)
	}
	if err != nil {
		return glueFault(err)
	}
	if view := aws.ToString(found.Table.TableType) == virtualView; view != st.View {
		if view {
			return ddlFault("SemanticException [Error 10129]: Cannot drop a view with DROP TABLE")
		}
		return ddlFault("SemanticException [Error 10129]: Cannot drop a base table with DROP VIEW")
	}
	if definerOf(found.Table) != "" && !speaks(found.Table) {
		return failure(userError, "INVALID_VIEW: View '%s.%s' has no ATHENA dialect", *database, *name)
	}
	purge := func() {}
	if isIceberg(found.Table.Parameters) && found.Table.TargetTable == nil {
		purge = q.purger(ctx, st.Table)
	}
	_, err = q.glue.DeleteTable(ctx, &glue.DeleteTableInput{CatalogId: id, DatabaseName: database, Name: name})
	if isMissing(err) && st.IfExists {
		return nil
	}
	if err == nil {
		purge()
	}
	return glueFault(err)
}
