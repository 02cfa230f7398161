// Package lake turns tables of the catalog into what the SQL engine reads: files with their SerDe, partitions that are
// registered or projected, and the part of them that Lake Formation lets somebody see. Services say who reads, and have asked
// IAM whether that one may know of the table; the objects of a table are listed and opened in the name of the role that its
// location was registered with, or of who reads.
package lake

import (
	"context"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/catalog/expression"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Config is what reading needs.
type Config struct {
	Store     *store.Store
	Directory *identity.Directory
	Ledger    *governance.Ledger
	Catalog   *catalog.Directory
	Clients   func(p authz.Principal, region string) aws.Config // AWS clients within the server
	Clock     clock.Clock
	Objects   string // where S3 keeps objects on this machine: Objects/bucket/key; "": they are fetched
}

// Lake reads the tables of all accounts.
type Lake struct{ Config }

// New makes a lake.
func New(c Config) *Lake { return &Lake{c} }

// Reader reads tables as somebody, in a region.
type Reader struct {
	*Lake
	As      authz.Principal
	Region  string
	Session string                          // begins the names of the sessions in which roles of locations read
	Beneath bool                            // As defined a view: only what Lake Formation governs is read
	Allow   func(ctx context.Context) error // asked before a location's role reads; nil: nothing is
}

// Table is a table of the catalog, with what somebody may do with it.
type Table struct {
	catalog.Table
	Access governance.Access
	Only   *expression.Program // partitions that are meant; nil: all
}

// lakeFormation is who assumes the roles of registered locations.
const lakeFormation = "lakeformation.amazonaws.com"

// Cut is the part of the table that may be read. Partition keys are always in it: Lake Formation has no column filters on them.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/data-filtering-notes.html
func (t *Table) Cut() sql.Cut {
	if t.Access.ByIAM || t.Access.Whole() {
		return sql.Cut{}
	}
	c := sql.Cut{Columns: []string{}, Rows: t.Access.RowFilter(), Cells: map[string]string{}}
	keys := map[string]bool{}
	for _, k := range t.PartitionKeys {
		keys[aws.ToString(k.Name)] = true
	}
	for _, column := range t.Columns() {
		name := strings.ToLower(aws.ToString(column.Name))
		switch {
		case t.Access.Reads(name):
			c.Columns = append(c.Columns, name)
			if rows := t.Access.Rows(name); rows != "" && rows != c.Rows {
				c.Cells[name] = rows
			}
		case keys[aws.ToString(column.Name)]:
			c.Columns = append(c.Columns, name)
		}
	}
	return c
}

// Owner is who reads the objects of a table at a location: the role that the location was registered with, or who reads.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/access-control-underlying-data.html
func (r *Reader) Owner(ctx context.Context, t *Table, location string) (authz.Principal, error) {
	return r.OwnerOf(ctx, t.Resource().Account(), location, t.Access.ByIAM)
}

// OwnerOf is Owner for a place without a table, that is one of an account.
func (r *Reader) OwnerOf(ctx context.Context, account, location string, byIAM bool) (authz.Principal, error) {
	var l governance.Registered
	path, ok := governance.PathOf(location)
	if ok {
		var err error
		if l, ok, err = r.Ledger.LocationOf(ctx, account, r.Region, path); err != nil {
			return r.As, err
		}
	}
	if !ok || l.Hybrid && byIAM || l.Role == "" {
		if r.Beneath { // who changes the table would have the definer read what that may elsewhere
			return r.As, sql.Errorf(sql.Denied, "PERMISSION_DENIED", "The location of a table beneath a view has to be registered with Lake Formation")
		}
		return r.As, nil
	}
	if r.Allow != nil {
		if err := r.Allow(ctx); err != nil {
			return r.As, err
		}
	}
	p, err := r.Directory.ServiceSession(ctx, lakeFormation, l.Role, r.Session+identity.RandomID(10))
	if errors.Is(err, identity.ErrNotTrusted) {
		return p, sql.Errorf(sql.Denied, "PERMISSION_DENIED", "Lake Formation cannot assume the role that the location of the table was registered with")
	}
	return p, err
}

// Location is where a table's data lies, as it was written.
func Location(t *glueTypes.Table) string {
	if t.StorageDescriptor == nil {
		return ""
	}
	return aws.ToString(t.StorageDescriptor.Location)
}
