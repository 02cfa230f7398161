package lake

import (
	"context"
	"maps"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/aws/aws-sdk-go-v2/aws"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Files describes a table of files.
func (r *Reader) Files(t *Table) (*sql.Table, error) {
	d := t.StorageDescriptor
	if d == nil {
		d = &glueTypes.StorageDescriptor{}
	}
	out := &sql.Table{Owner: sql.Owner{Account: t.Resource().Account(), Region: r.Region}, Columns: Columns(d.Columns), Keys: Columns(t.PartitionKeys),
		Cut: t.Cut(), Format: FormatOf(&t.Table.Table)}
	switch {
	case out.Format.Kind == "":
		return nil, sql.Errorf(sql.NotSupported, "HIVE_UNSUPPORTED_FORMAT", "Unsupported Hive SerDe of table %s.%s", aws.ToString(t.DatabaseName), aws.ToString(t.Name))
	case len(out.Keys) == 0:
		out.Partitions = []sql.Partition{{Files: r.lister(t, aws.ToString(d.Location))}}
	case strings.EqualFold(t.Parameters["projection.enabled"], "true"):
		out.List = r.projected(t)
	default:
		out.List = r.registered(t)
	}
	return out, nil
}

// Columns are columns of the catalog as the engine takes them.
func Columns(list []glueTypes.Column) []sql.Column {
	out := make([]sql.Column, len(list))
	for i, c := range list {
		out[i] = sql.Column{Name: aws.ToString(c.Name), Type: aws.ToString(c.Type)}
	}
	return out
}

// FormatOf is how the files of a table are written. A property of its SerDe counts before one of the table.
func FormatOf(t *glueTypes.Table) sql.Format {
	f := sql.Format{Properties: map[string]string{}}
	maps.Copy(f.Properties, t.Parameters)
	if t.StorageDescriptor == nil || t.StorageDescriptor.SerdeInfo == nil {
		return f
	}
	s := t.StorageDescriptor.SerdeInfo
	f.Kind = sql.FormatOf(aws.ToString(s.SerializationLibrary))
	maps.Copy(f.Properties, s.Parameters)
	return f
}

// lister lists the objects below a location, when it is called, as who may read them.
func (r *Reader) lister(t *Table, location string) func(context.Context) ([]sql.File, error) {
	return func(ctx context.Context) ([]sql.File, error) {
		as, err := r.Owner(ctx, t, location)
		if err != nil {
			return nil, err
		}
		list, err := r.list(ctx, Client(r.Clients(as, r.Region)), location)
		return list, Fault(err, aws.ToString(t.Name))
	}
}

// projectedLister is lister for a place that a template names. Nobody was asked whether the table may lie there, as is done
// for the places of tables and partitions: outside of the table's own, only who may read it anyway does.
func (r *Reader) projectedLister(t *Table, location string) func(context.Context) ([]sql.File, error) {
	own, _ := governance.PathOf(Location(&t.Table.Table))
	if path, ok := governance.PathOf(location); ok && own != "" && governance.Within(path, own) || r.Beneath {
		return r.lister(t, location)
	}
	return func(ctx context.Context) ([]sql.File, error) {
		list, err := r.list(ctx, Client(r.Clients(r.As, r.Region)), location)
		return list, Fault(err, aws.ToString(t.Name))
	}
}
