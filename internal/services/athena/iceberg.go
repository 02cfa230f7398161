package athena

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/iceberg"
	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"
)

// The parameters by which Glue knows a table of Iceberg.
const (
	tableTypeKey     = "table_type"
	metadataKey      = "metadata_location"
	lastMetadataKey  = "previous_metadata_location"
	icebergTableType = "ICEBERG"
)

func isIceberg(parameters map[string]string) bool {
	return strings.EqualFold(parameters[tableTypeKey], icebergTableType)
}

// icebergRoot is the location that the files of a table are below.
func icebergRoot(t *glueTypes.Table) string {
	if l := lake.Location(t); l != "" {
		return strings.TrimSuffix(l, "/")
	}
	above, _, _ := strings.Cut(t.Parameters[metadataKey], "/metadata/")
	return above
}

// icebergTable opens a table whose files are read and written as somebody.
func (q *session) icebergTable(ctx context.Context, r *lake.Table, as authz.Principal) (*iceberg.Table, *icebergFiles, error) {
	o := q.icebergFiles(as, icebergRoot(&r.Table.Table))
	on := r.Resource()
	t, err := iceberg.Load(ctx, o, &icebergCatalog{q: q, id: on.Catalog, database: on.Database, name: on.Table, fixed: r.Parameters[metadataKey]})
	return t, o, q.icebergFault(err, aws.ToString(r.Name))
}

// icebergCatalog keeps the place of a table's metadata in Glue.
type icebergCatalog struct {
	q                  *session
	id, database, name string
	fixed              string // what the first reading finds; "": Glue is asked
	t                  *glueTypes.Table
}

// Current asks Glue as the caller.
func (c *icebergCatalog) Current(ctx context.Context) (string, error) {
	if c.fixed != "" {
		out := c.fixed
		c.fixed = ""
		return out, nil
	}
	found, err := c.q.glue.GetTable(ctx, &glue.GetTableInput{CatalogId: &c.id, DatabaseName: &c.database, Name: &c.name})
	if err != nil {
		return "", glueFault(err)
	}
	c.t = found.Table
	if !isIceberg(c.t.Parameters) || c.t.Parameters[metadataKey] == "" {
		return "", failure(userError, "ICEBERG_INVALID_METADATA: Metadata not found in metadata location for table %s.%s", c.database, c.name)
	}
	return c.t.Parameters[metadataKey], nil
}

// Commit updates the table in Glue as the caller, unless it has another version by now.
func (c *icebergCatalog) Commit(ctx context.Context, from, to string, now iceberg.Metadata) error {
	if c.t == nil || c.t.Parameters[metadataKey] != from {
		return iceberg.ErrConflict
	}
	in := inputOf(c.t)
	in.Parameters[metadataKey], in.Parameters[lastMetadataKey] = to, from
	columns, err := icebergColumns(now)
	if err != nil {
		return err
	}
	if in.StorageDescriptor == nil {
		in.StorageDescriptor = &glueTypes.StorageDescriptor{Location: aws.String(now.Location())}
	}
	in.StorageDescriptor.Columns = columns
	_, err = c.q.glue.UpdateTable(ctx, &glue.UpdateTableInput{CatalogId: &c.id, DatabaseName: &c.database, TableInput: in, VersionId: c.t.VersionId,
		SkipArchive: aws.Bool(true)})
	var changed *glueTypes.ConcurrentModificationException
	if errors.As(err, &changed) {
		return fmt.Errorf("%w: %w", iceberg.ErrConflict, err)
	}
	return glueFault(err)
}

// icebergColumns are the columns that Glue shows of a table.
func icebergColumns(m iceberg.Metadata) ([]glueTypes.Column, error) {
	list, err := iceberg.CatalogColumns(m)
	if err != nil {
		return nil, err
	}
	var out []glueTypes.Column
	for _, c := range list {
		out = append(out, glueTypes.Column{Name: aws.String(c.Name), Type: aws.String(c.Type), Comment: some(c.Doc), Parameters: map[string]string{
			"iceberg.field.id": strconv.Itoa(c.ID), "iceberg.field.optional": strconv.FormatBool(!c.Required), "iceberg.field.current": "true"}})
	}
	return out, nil
}

// icebergInput is a new table as Glue keeps it.
func icebergInput(name, metadata string, m iceberg.Metadata) (*glueTypes.TableInput, error) {
	columns, err := icebergColumns(m)
	return &glueTypes.TableInput{Name: &name, TableType: aws.String("EXTERNAL_TABLE"), PartitionKeys: []glueTypes.Column{},
		Parameters:        map[string]string{tableTypeKey: icebergTableType, metadataKey: metadata},
		StorageDescriptor: &glueTypes.StorageDescriptor{Location: aws.String(m.Location()), Columns: columns}}, err
}

// icebergFault is what went wrong with a table of Iceberg in the words of a query. What its files hold is not told.
func (q *session) icebergFault(err error, table string) error {
	var known *fault
	var told *sql.Error
	var e smithy.APIError
	switch {
	case err == nil || errors.As(err, &known) || errors.As(err, &told):
		return err
	case errors.Is(err, iceberg.ErrConflict):
		return &fault{category: ofUser, kind: userError, retryable: true,
			message: "ICEBERG_COMMIT_ERROR: Failed to commit to table " + table + ": it was changed by another query. Run the query again."}
	case errors.Is(err, iceberg.ErrNoSnapshot):
		return sql.Errorf(sql.Data, "INVALID_ARGUMENTS", "No version history of table %s at or before the one that was asked for", table)
	case errors.Is(err, errors.ErrUnsupported):
		return sql.Errorf(sql.NotSupported, "NOT_SUPPORTED", "table %s has files in a format that is not supported: only Parquet is", table)
	case errors.Is(err, errOutside):
		return sql.Errorf(sql.Denied, "PERMISSION_DENIED", "a file of table %s lies outside of the location of the table", table)
	case errors.As(err, &e):
		return lake.Fault(err, table)
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return &sql.Error{Kind: sql.Data, Code: "ICEBERG_BAD_DATA", Text: "The metadata or the files of table " + table + " cannot be read or written", Err: err}
}

// icebergProperties are properties of Athena's in the words of Iceberg.
// Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html
func icebergProperties(given map[string]string) (map[string]string, error) {
	out := maps.Clone(given)
	delete(out, tableTypeKey)
	for k, v := range given {
		switch k {
		case tableTypeKey:
		case "format":
			if !strings.EqualFold(v, "parquet") {
				return nil, notSupported("tables of Iceberg are written as Parquet by Atelier: format %s cannot be", v)
			}
			out["write.format.default"] = "parquet"
			delete(out, k)
		case "write_compression":
			codec := strings.ToLower(v)
			if codec == "none" {
				codec = "uncompressed"
			}
			out["write.parquet.compression-codec"] = codec
			delete(out, k)
		case "format_version", "format-version":
			if v != "1" && v != "2" {
				return nil, notSupported("version %s of Iceberg's format cannot be written", v)
			}
			out["format-version"] = v
			delete(out, "format_version")
		case "location", "metadata_location", "previous_metadata_location":
			return nil, failure(userError, "INVALID_TABLE_PROPERTY: table property '%s' cannot be set", k)
		case "vacuum_max_snapshot_age_seconds", "vacuum_min_snapshots_to_keep", "vacuum_max_metadata_files_to_keep",
			"optimize_rewrite_data_file_threshold", "optimize_rewrite_delete_file_threshold", "optimize_rewrite_min_data_file_size_bytes",
			"optimize_rewrite_max_data_file_size_bytes":
			if n, err := strconv.ParseInt(v, 10, 64); err != nil || n < 0 {
				return nil, failure(userError, "INVALID_TABLE_PROPERTY: table property '%s' must be a whole number: %s", k, v)
			}
		}
	}
	switch c := out["write.parquet.compression-codec"]; c {
	case "", "zstd", "snappy", "gzip", "uncompressed":
	default:
		return nil, notSupported("compression %s cannot be used for Parquet", strings.ToUpper(c))
	}
	if out["write.parquet.compression-codec"] == "" {
		out["write.parquet.compression-codec"] = "zstd"
	}
	return out, nil
}
