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
	_, _, err := q.makeIceberg(ctx, st.Table, d, given, st.IfNotExist)
	return err
}

// makeIceberg makes a table in an empty place.
func (q *session) makeIceberg(ctx context.Context, n statement.Name, d iceberg.Definition, given map[string]string, ifNotExist bool) (*iceberg.Table, *icebergFiles, error) {
	var err error
	if d.Properties, err = icebergProperties(given); err != nil {
		return nil, nil, err
	}
	id, database, err := q.at(ctx, n)
	if err != nil {
		return nil, nil, err
	}
	as, err := q.writer(ctx, q.accountOf(*id), d.Location)
	if err != nil {
		return nil, nil, err
	}
	if err := q.empty(ctx, as, d.Location, n.String()); err != nil {
		var f *fault
		if errors.As(err, &f) && strings.HasPrefix(f.message, "HIVE_PATH") {
			err = failure(userError, "ICEBERG_FILESYSTEM_ERROR: Cannot create a table on a non-empty location: %s", d.Location)
		}
		return nil, nil, err
	}
	o := q.icebergFiles(as, d.Location)
	at, m, err := iceberg.Create(ctx, o, d)
	if err != nil {
		return nil, nil, q.definitionFault(err, n.Name)
	}
	in, err := icebergInput(n.Name, at, m)
	if err == nil {
		err = q.putTable(ctx, n, in, ifNotExist)
	}
	if err != nil {
		o.drop(ctx)
		return nil, nil, err
	}
	t, err := iceberg.Load(ctx, o, &icebergCatalog{q: q, id: *id, database: *database, name: n.Name})
	return t, o, q.icebergFault(err, n.Name)
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
