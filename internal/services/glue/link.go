package glue

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// place is where a name leads: to what it names or, when that is a link or lies in one, to the target.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/resource-links-glue-apis.html
type place struct {
	governance.Resource
	links []governance.Resource // on the way
}

// follow finds where a name leads. Whether a link that is named itself is followed, and not only that of its database, is told
// by last. A table's own link counts for nothing when its database is one.
func (s *Service) follow(ctx context.Context, r governance.Resource, last bool) (place, error) {
	p := place{Resource: r}
	if r.Kind == governance.Catalog || r.Kind == governance.Database && !last {
		return p, nil
	}
	region := wire.CallOf(ctx).Region
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		d, err := s.Catalog.Database(tx, region, r)
		if err != nil {
			return absent(err, nil)
		}
		if to := d.TargetDatabase; to != nil {
			p.links = append(p.links, d.Resource())
			p.Catalog, p.Database = aws.ToString(to.CatalogId), aws.ToString(to.DatabaseName)
			return nil
		}
		if r.Kind == governance.Database || !last {
			return nil
		}
		t, err := s.Catalog.Table(tx, region, r)
		if err == nil && t.TargetTable != nil {
			p.links = append(p.links, r)
			p.Resource = targetOf(t)
		}
		return absent(err, nil)
	})
	return p, err
}

// targetOf is the table that a link leads to.
func targetOf(t catalog.Table) governance.Resource {
	return governance.Resource{Kind: governance.Table, Catalog: aws.ToString(t.TargetTable.CatalogId),
		Database: aws.ToString(t.TargetTable.DatabaseName), Table: aws.ToString(t.TargetTable.Name)}
}

// throughLinks asks for the right to see the links on the way.
func (s *Service) throughLinks(ctx context.Context, p place) error {
	for _, l := range p.links {
		if _, err := s.require(ctx, l, governance.Describe); err != nil {
			return err
		}
	}
	return nil
}

// linkedDatabase is the target of a link to a database, as it is kept.
func linkedDatabase(ctx context.Context, to *types.DatabaseIdentifier) (*types.DatabaseIdentifier, error) {
	if to == nil {
		return nil, nil
	}
	if err := here(ctx, to.Region); err != nil {
		return nil, err
	}
	r := databaseOf(ctx, to.CatalogId, to.DatabaseName)
	if r.Database == "" {
		return nil, invalid("TargetDatabase needs a DatabaseName.")
	}
	return &types.DatabaseIdentifier{CatalogId: aws.String(r.Catalog), DatabaseName: aws.String(r.Database), Region: to.Region}, nil
}

// linkedTable is the target of a link to a table, as it is kept.
func linkedTable(ctx context.Context, to *types.TableIdentifier) (*types.TableIdentifier, error) {
	if to == nil {
		return nil, nil
	}
	if err := here(ctx, to.Region); err != nil {
		return nil, err
	}
	r := tableOf(ctx, to.CatalogId, to.DatabaseName, to.Name)
	if r.Database == "" || r.Table == "" {
		return nil, invalid("TargetTable needs a DatabaseName and a Name.")
	}
	return &types.TableIdentifier{CatalogId: aws.String(r.Catalog), DatabaseName: aws.String(r.Database), Name: aws.String(r.Table), Region: to.Region}, nil
}

func here(ctx context.Context, region *string) error {
	if r := aws.ToString(region); r != "" && r != wire.CallOf(ctx).Region {
		return invalid("Links to other regions are not supported by Atelier.")
	}
	return nil
}

// sees tells whether the caller may see a resource, by IAM and by Lake Formation.
func (s *Service) sees(ctx context.Context, r governance.Resource, p governance.Permissions) (governance.Access, bool, error) {
	a, err := s.access(ctx, r)
	if err != nil || !a.Any() || !a.May(p) {
		return a, false, err
	}
	ok, err := s.allowed(ctx, r)
	return a, ok, err
}

// knows tells whether the caller may know of a database: may see it, or something in it that another account shares.
func (s *Service) knows(ctx context.Context, r governance.Resource) (bool, error) {
	a, err := s.access(ctx, r)
	ok := a.Any()
	if err == nil && !ok && r.Account() != wire.CallOf(ctx).Account() {
		ok, err = s.shared(ctx, r)
	}
	if err != nil || !ok {
		return false, err
	}
	return s.allowed(ctx, r)
}

// allowed tells whether IAM lets the call at a resource.
func (s *Service) allowed(ctx context.Context, r governance.Resource) (bool, error) {
	targets, err := s.targets(ctx, r)
	for _, t := range targets {
		if ok, err := wire.May(ctx, t); err != nil || !ok {
			return false, err
		}
	}
	return err == nil, err
}

// showDatabase is a database as the caller may see it: of a link, what the target says when the caller may see that, under the
// link's own name.
func (s *Service) showDatabase(ctx context.Context, d catalog.Database) (*types.Database, error) {
	to := d.TargetDatabase
	if to == nil {
		return &d.Database, nil
	}
	r := governance.Resource{Kind: governance.Database, Catalog: aws.ToString(to.CatalogId), Database: aws.ToString(to.DatabaseName)}
	if _, ok, err := s.sees(ctx, r, governance.Describe); err != nil || !ok {
		return &d.Database, err
	}
	var target catalog.Database
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		target, err = s.Catalog.Database(tx, wire.CallOf(ctx).Region, r)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return &d.Database, nil
	}
	out := target.Database
	out.Name, out.CatalogId, out.TargetDatabase = d.Name, d.CatalogId, to
	return &out, err
}

// showLinked is a table as the caller may see it: of a link, what the target says when the caller may see that, under the link's
// own name.
func (s *Service) showLinked(ctx context.Context, t catalog.Table, a governance.Access) (*types.Table, error) {
	if t.TargetTable == nil {
		return s.show(ctx, t, a)
	}
	r := targetOf(t)
	a, ok, err := s.sees(ctx, r, governance.Describe)
	if err != nil || !ok {
		return &t.Table, err
	}
	var target catalog.Table
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		target, err = s.Catalog.Table(tx, wire.CallOf(ctx).Region, r)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return &t.Table, nil
	}
	if err != nil {
		return nil, err
	}
	out, err := s.show(ctx, target, a)
	if err == nil {
		out.Name, out.DatabaseName, out.CatalogId, out.TargetTable = t.Name, t.DatabaseName, t.CatalogId, t.TargetTable
	}
	return out, err
}
