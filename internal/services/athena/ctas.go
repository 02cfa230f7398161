package athena

import (
	"context"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/services/athena/filewriter"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// writeOptions reads the properties that CTAS and UNLOAD have in common.
func writeOptions(p map[string]statement.Value, format string) (filewriter.Options, []string, error) {
	o := filewriter.Options{Format: format, Delimiter: p["field_delimiter"].Text}
	if v, ok := p["format"]; ok {
		o.Format = strings.ToUpper(v.Text)
	}
	for _, name := range []string{"write_compression", "compression", strings.ToLower(o.Format) + "_compression"} {
		if v, ok := p[name]; ok {
			o.Compression = strings.ToUpper(v.Text)
		}
	}
	if err := o.Check(); err != nil {
		return o, nil, notSupported("%s", err)
	}
	keys := p["partitioned_by"].List
	for i := range keys {
		keys[i] = strings.ToLower(keys[i])
	}
	return o, keys, nil
}

// propertiesOf refuses properties that are not known.
func propertiesOf(p map[string]statement.Value, known ...string) error {
next:
	for k := range p {
		for _, n := range known {
			if k == n {
				continue next
			}
		}
		return failure(userError, "INVALID_TABLE_PROPERTY: table property '%s' does not exist", k)
	}
	return nil
}

// createTableAs makes a table of the rows of a query.
// Source: https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html
func (q *session) createTableAs(ctx context.Context, st statement.CreateTableAs) error {
	if strings.EqualFold(st.Properties["table_type"].Text, "ICEBERG") {
		return q.createIcebergAs(ctx, st)
	}
	if st.Properties["bucketed_by"].List != nil || st.Properties["bucket_count"].Text != "" {
		return notSupported("tables in buckets cannot be written by Atelier: leave bucketed_by and bucket_count out")
	}
	if err := propertiesOf(st.Properties, "table_type", "is_external", "format", "write_compression", "parquet_compression", "orc_compression",
		"external_location", "partitioned_by", "field_delimiter", "compression"); err != nil {
		return err
	}
	options, keys, err := writeOptions(st.Properties, filewriter.Parquet)
	if err != nil {
		return err
	}
	base := *q.e.ResultConfiguration.OutputLocation
	folder := base[:strings.LastIndexByte(base, '/')] + "/tables/" + *q.e.QueryExecutionId
	t := &target{q: q, location: folder, options: options, keys: keys}
	q.e.ResultConfiguration.OutputLocation = &folder
	if v := st.Properties["external_location"].Text; v != "" {
		if checkOutput(v) != nil {
			return failure(userError, "INVALID_TABLE_PROPERTY: external_location is not a path of S3: %s", v)
		}
		t.location = strings.TrimSuffix(v, "/")
	}
	if there, err := q.exists(ctx, st.Table); err != nil || there {
		if there && !st.IfNotExist {
			return failure(userError, "TABLE_ALREADY_EXISTS: line 1:1: Destination table '%s' already exists", st.Table)
		}
		return err
	}
	if t.as, err = q.writer(ctx, q.e.Caller.Account, t.location); err != nil {
		return err
	}
	if err := q.empty(ctx, t.as, t.location, st.Table.String()); err != nil {
		return err
	}
	defer t.close()
	in := &glueTypes.TableInput{}
	err = q.answer(ctx, st.Query, func(list []sql.ResultColumn) error {
		if err := t.begin(list); err != nil {
			return err
		}
		in, err = t.table(st.Table.Name)
		return err
	}, func(c *sql.Chunk) error {
		if st.Empty {
			return nil
		}
		return t.take(c)
	})
	if err != nil {
		return err
	}
	if st.Empty {
		q.e.Rows.OutputRows = 0
	}
	if err := t.finish(ctx, folder+"-manifest.csv"); err != nil {
		return err
	}
	if err := q.putTable(ctx, st.Table, in, false); err != nil {
		return err
	}
	q.e.Updated = aws.Int64(q.e.Rows.OutputRows)
	id, database, err := q.at(ctx, st.Table)
	if err == nil {
		err = q.register(ctx, &glueTypes.Table{CatalogId: id, DatabaseName: database, Name: aws.String(st.Table.Name), PartitionKeys: in.PartitionKeys,
			StorageDescriptor: in.StorageDescriptor}, t)
	}
	if err != nil { // half a table is none
		_, dropped := q.glue.DeleteTable(ctx, &glue.DeleteTableInput{CatalogId: id, DatabaseName: database, Name: aws.String(st.Table.Name)})
		err = errors.Join(err, dropped)
	}
	return err
}

func (q *session) exists(ctx context.Context, n statement.Name) (bool, error) {
	id, database, err := q.at(ctx, n)
	if err != nil {
		return false, err
	}
	if _, err := q.glue.GetDatabase(ctx, &glue.GetDatabaseInput{CatalogId: id, Name: database}); isMissing(err) {
		return false, failure(userError, "SCHEMA_NOT_FOUND: line 1:1: Schema '%s' does not exist", *database)
	}
	_, err = q.glue.GetTable(ctx, &glue.GetTableInput{CatalogId: id, DatabaseName: database, Name: aws.String(n.Name)})
	if isMissing(err) {
		return false, nil
	}
	return err == nil, glueFault(err)
}

// writer is who writes at a location: its role for those who may use it as the data of tables when it is registered, the
// caller otherwise.
func (q *session) writer(ctx context.Context, account, location string) (authz.Principal, error) {
	path, ok := governance.PathOf(location)
	if !ok {
		return q.e.Caller, nil
	}
	l, ok, err := q.Ledger.LocationOf(ctx, account, q.e.Region, path)
	if err != nil || !ok || l.Hybrid {
		return q.e.Caller, err
	}
	a, err := q.Ledger.Access(ctx, q.e.Caller, q.e.Region, governance.Resource{Kind: governance.Location, Catalog: account, Path: path})
	if err != nil {
		return q.e.Caller, err
	}
	if !a.May(governance.DataLocationAccess) {
		return q.e.Caller, failure(accessDenied, "PERMISSION_DENIED: Insufficient Lake Formation permission(s): Required Data Location Access on arn:aws:s3:::%s", path)
	}
	return q.files.OwnerOf(ctx, account, location, false)
}

// table is the table that the files are of.
func (t *target) table(name string) (*glueTypes.TableInput, error) {
	l := layouts[t.options.Format]
	serde := map[string]string{"serialization.format": "1"}
	if t.options.Format == filewriter.Text {
		delimiter := t.options.Delimiter
		if delimiter == "" {
			delimiter = "\x01"
		}
		serde = map[string]string{"field.delim": delimiter, "serialization.format": delimiter}
	}
	in := &glueTypes.TableInput{Name: &name, TableType: aws.String("EXTERNAL_TABLE"), PartitionKeys: []glueTypes.Column{},
		Parameters: map[string]string{"EXTERNAL": "TRUE", "transient_lastDdlTime": "0", "auto.purge": "false", "has_encrypted_data": "false",
			"numFiles": "-1", "totalSize": "-1"},
		StorageDescriptor: &glueTypes.StorageDescriptor{Location: aws.String(t.location + "/"), InputFormat: &l.input, OutputFormat: &l.output,
			SerdeInfo: &glueTypes.SerDeInfo{Name: &name, SerializationLibrary: &l.serde, Parameters: serde}}}
	delete(in.Parameters, "transient_lastDdlTime")
	if t.options.Format == filewriter.Parquet {
		in.Parameters["parquet.compression"] = "GZIP"
		if c := t.options.Compression; c != "" {
			in.Parameters["parquet.compression"] = c
		}
	}
	for i, c := range t.columns {
		kind, err := hiveType(c.Type)
		if err != nil {
			return nil, err
		}
		column := glueTypes.Column{Name: aws.String(c.Name), Type: &kind}
		if i >= len(t.columns)-len(t.keys) {
			in.PartitionKeys = append(in.PartitionKeys, column)
		} else {
			in.StorageDescriptor.Columns = append(in.StorageDescriptor.Columns, column)
		}
	}
	return in, nil
}

// register puts the partitions that were written into the catalog.
func (q *session) register(ctx context.Context, table *glueTypes.Table, t *target) error {
	if len(t.keys) == 0 {
		return nil
	}
	var list []glueTypes.PartitionInput
	for _, k := range t.order {
		values := t.parts[k].values
		list = append(list, partitionInput(table, values, t.location+"/"+strings.TrimSuffix(t.folder(values), "/")))
	}
	_, err := q.putPartitions(ctx, table, list, true)
	return err
}
