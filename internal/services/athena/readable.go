package athena

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/smithy-go"
)

// lakeFormation is who assumes the roles of registered locations.
const lakeFormation = "lakeformation.amazonaws.com"

// readable is a table of the catalog as it is, with what the session's principal may read of it.
type readable struct {
	catalog.Table
	access governance.Access
}

// readable finds a table for reading. Glue is asked as the caller, so that IAM and Lake Formation both have their say; what
// the engine then needs, the table as it is and the cut, comes from the catalog and the ledger. nil is "does not exist".
func (q *session) readable(ctx context.Context, id, database, name string) (*readable, error) {
	return q.resolve(ctx, id, database, name, false)
}

func (q *session) resolve(ctx context.Context, id, database, name string, linked bool) (*readable, error) {
	found, err := q.glue.GetTable(ctx, &glue.GetTableInput{CatalogId: &id, DatabaseName: &database, Name: &name})
	var e smithy.APIError
	switch {
	case isMissing(err):
		return nil, nil
	case errors.As(err, &e) && strings.HasPrefix(e.ErrorCode(), "AccessDenied"):
		return nil, sql.Errorf(sql.Denied, "PERMISSION_DENIED", "%s", e.ErrorMessage())
	case errors.As(err, &e) && e.ErrorCode() == "InvalidInputException":
		return nil, nil // no name that a table could have
	case err != nil:
		return nil, fmt.Errorf("cannot read table %s.%s: %w", database, name, err)
	}
	t := found.Table
	if link := t.TargetTable; link != nil && !linked { // what Glue shows in a link is its target's; a link to a link is none
		return q.resolve(ctx, aws.ToString(link.CatalogId), aws.ToString(link.DatabaseName), aws.ToString(link.Name), true)
	}
	r := &readable{}
	on := governance.Resource{Kind: governance.Table, Catalog: aws.ToString(t.CatalogId), Database: aws.ToString(t.DatabaseName), Table: aws.ToString(t.Name)}
	err = q.Store.View(ctx, func(tx *store.Tx) (err error) {
		r.Table, err = q.Catalog.Table(tx, q.e.Region, on)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if r.access, err = q.Ledger.Access(ctx, q.as, q.e.Region, on); err != nil {
		return nil, err
	}
	if !r.access.May(governance.Select) {
		return nil, sql.Errorf(sql.Denied, "PERMISSION_DENIED", "Insufficient Lake Formation permission(s): Required Select on %s", name)
	}
	return r, nil
}

// cut is the part of the table that the caller may read. Partition keys are always in it: Lake Formation has no column
// filters on them.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/data-filtering-notes.html
func (r *readable) cut() sql.Cut {
	if r.access.ByIAM || r.access.Whole() {
		return sql.Cut{}
	}
	c := sql.Cut{Columns: []string{}, Rows: r.access.RowFilter(), Cells: map[string]string{}}
	keys := map[string]bool{}
	for _, k := range r.PartitionKeys {
		keys[aws.ToString(k.Name)] = true
	}
	for _, column := range r.Columns() {
		name := strings.ToLower(aws.ToString(column.Name))
		switch {
		case r.access.Reads(name):
			c.Columns = append(c.Columns, name)
			if rows := r.access.Rows(name); rows != "" && rows != c.Rows {
				c.Cells[name] = rows
			}
		case keys[aws.ToString(column.Name)]:
			c.Columns = append(c.Columns, name)
		}
	}
	return c
}

// reader is who reads the objects at a location: the role that the location was registered with, or the caller.
func (q *session) reader(ctx context.Context, r *readable, location string) (authz.Principal, error) {
	return q.owner(ctx, r.Resource().Account(), location, r.access.ByIAM)
}

func (q *session) owner(ctx context.Context, account, location string, byIAM bool) (authz.Principal, error) {
	var l governance.Registered
	path, ok := governance.PathOf(location)
	if ok {
		var err error
		if l, ok, err = q.Ledger.LocationOf(ctx, account, q.e.Region, path); err != nil {
			return q.as, err
		}
	}
	if !ok || l.Hybrid && byIAM || l.Role == "" {
		if q.beneath { // who changes the table would have the definer read what that may elsewhere
			return q.as, sql.Errorf(sql.Denied, "PERMISSION_DENIED", "The location of a table beneath a view has to be registered with Lake Formation")
		}
		return q.as, nil
	}
	p, err := q.Directory.ServiceSession(ctx, lakeFormation, l.Role, "AWSLF-00-AT-"+q.e.Caller.Account+"-"+identity.RandomID(10))
	if errors.Is(err, identity.ErrNotTrusted) {
		return p, sql.Errorf(sql.Denied, "PERMISSION_DENIED", "Lake Formation cannot assume the role that the location of the table was registered with")
	}
	return p, err
}
