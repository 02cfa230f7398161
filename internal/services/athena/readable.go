package athena

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/smithy-go"
)

// readable finds a table for reading. Glue is asked as the caller, so that IAM and Lake Formation both have their say; what
// the engine then needs, the table as it is and the cut, comes from the catalog and the ledger. nil is "does not exist".
func (q *session) readable(ctx context.Context, id, database, name string) (*lake.Table, error) {
	return q.resolve(ctx, id, database, name, false)
}

func (q *session) resolve(ctx context.Context, id, database, name string, linked bool) (*lake.Table, error) {
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
	r := &lake.Table{}
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
	if r.Access, err = q.Ledger.Access(ctx, q.files.As, q.e.Region, on); err != nil {
		return nil, err
	}
	if !r.Access.May(governance.Select) {
		return nil, sql.Errorf(sql.Denied, "PERMISSION_DENIED", "Insufficient Lake Formation permission(s): Required Select on %s", name)
	}
	return r, nil
}
