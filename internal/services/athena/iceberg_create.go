package athena

import (
	"context"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/iceberg"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
)

// createIceberg makes an empty table of Iceberg.
// Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html
func (q *session) createIceberg(ctx context.Context, st statement.CreateTable) error {
	if st.External {
		return ddlFault("SemanticException External keyword is not allowed for tables of the type ICEBERG")
	}
	if st.Location == "" || checkOutput(st.Location) != nil {
		return ddlFault("SemanticException LOCATION is missing or not a path of S3 (s3://bucket/prefix/): %s", st.Location)
	}
	if st.Format != "" || st.Serde != "" || st.Delimited != nil || st.Input != "" || st.Buckets != nil {
		return ddlFault("SemanticException ROW FORMAT, STORED AS and CLUSTERED BY are not for tables of the type ICEBERG")
	}
	d := iceberg.Definition{Location: strings.TrimSuffix(st.Location, "/")}
	for _, c := range st.Columns {
		d.Columns = append(d.Columns, iceberg.Column{Name: c.Name, Type: c.Type, Doc: c.Comment})
	}
	for _, p := range st.Partitions {
		if p.Transform == "" { // a key with a type is a column, too
			d.Columns = append(d.Columns, iceberg.Column{Name: p.Name, Type: p.Type, Doc: p.Comment})
			p.Transform = p.Name
		}
		d.Partitions = append(d.Partitions, p.Transform)
	}
	given := map[string]string{}
	for _, p := range st.Properties {
		given[strings.ToLower(p.Key)] = p.Value
	}
	if st.Comment != "" {
		given["comment"] = st.Comment
	}
	if there, err := q.exists(ctx, st.Table); err != nil || there {
		if there && !st.IfNotExist {
			return ddlFault("Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. AlreadyExistsException(message:Table %s already exists)", st.Table.Name)
		}
		return err
	}
	draft, err := q.draftIceberg(ctx, st.Table, d, given)
	if err != nil {
		return err
	}
	if err = draft.publish(ctx, st.Table, st.IfNotExist); err != nil {
		draft.o.drop(ctx)
	}
	return err
}

// draft is a table that no catalog knows of yet, and its own catalog.
type draft struct {
	q  *session
	t  *iceberg.Table
	o  *icebergFiles
	at string
	m  iceberg.Metadata
}

// Current is where the draft's metadata is.
func (d *draft) Current(context.Context) (string, error) { return d.at, nil }

// Commit changes the draft.
func (d *draft) Commit(_ context.Context, _, to string, m iceberg.Metadata) error {
	d.at, d.m = to, m
	return nil
}

// draftIceberg makes a table in an empty place.
func (q *session) draftIceberg(ctx context.Context, n statement.Name, d iceberg.Definition, given map[string]string) (*draft, error) {
	var err error
	if d.Properties, err = icebergProperties(given); err != nil {
		return nil, err
	}
	id, _, err := q.at(ctx, n)
	if err != nil {
		return nil, err
	}
	as, err := q.writer(ctx, q.accountOf(*id), d.Location)
	if err != nil {
		return nil, err
	}
	if err := q.empty(ctx, as, d.Location, n.String()); err != nil {
		var f *fault
		if errors.As(err, &f) && strings.HasPrefix(f.message, "HIVE_PATH") {
			err = failure(userError, "ICEBERG_FILESYSTEM_ERROR: Cannot create a table on a non-empty location: %s", d.Location)
		}
		return nil, err
	}
	out := &draft{q: q, o: q.icebergFiles(as, d.Location)}
	if out.at, out.m, err = iceberg.Create(ctx, out.o, d); err != nil {
		return nil, q.definitionFault(err, n.Name)
	}
	if out.t, err = iceberg.Load(ctx, out.o, out); err != nil {
		out.o.drop(ctx)
	}
	return out, q.icebergFault(err, n.Name)
}

// publish makes the table in the catalog.
func (d *draft) publish(ctx context.Context, n statement.Name, ifNotExist bool) error {
	in, err := icebergInput(n.Name, d.at, d.m)
	if err != nil {
		return err
	}
	return d.q.putTable(ctx, n, in, ifNotExist)
}

// definitionFault tells what is wrong with a definition; the engine's words are about nothing else.
func (q *session) definitionFault(err error, table string) error {
	if told := q.icebergFault(err, table); !strings.Contains(told.Error(), "ICEBERG_BAD_DATA") {
		return told
	}
	return failure(userError, "INVALID_TABLE_PROPERTY: %s", err)
}

// accountOf is the account that a catalog is of.
func (q *session) accountOf(catalog string) string {
	if catalog == "" {
		return q.e.Caller.Account
	}
	return catalog
}
