package lakeformation_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/sharing"
	"github.com/atelier-studio/atelier/internal/platform/store"
	service "github.com/atelier-studio/atelier/internal/services/lakeformation"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

const region = "us-east-1"

// fixture is a lake of account P with administrator "admin", users "ann" and "bob", and M with "mona" and "mike".
type fixture struct {
	*service.Service
	t       *testing.T
	clock   *clock.Manual
	st      *store.Store
	d       *identity.Directory
	ledger  *governance.Ledger
	tables  *catalog.Directory
	sharing *sharing.Directory
	p, m    string
}

func open(t *testing.T) *fixture {
	t.Helper()
	c := clock.At(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	st, err := store.Open(t.Context(), store.Config{Dir: t.TempDir(), Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	d, err := identity.New(st, c)
	if err != nil {
		t.Fatal(err)
	}
	_, root, err := d.Bootstrap(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, clock: c, st: st, d: d, tables: catalog.New(st), p: root.Principal.Account, m: "222222222222"}
	f.sharing = sharing.New(sharing.Config{Store: st, Directory: d, Clock: c})
	f.ledger = governance.New(governance.Config{Store: st, Directory: d, Reach: f.sharing, Clock: c})
	f.Service = service.New(service.Config{Store: st, Directory: d, Ledger: f.ledger, Catalog: f.tables, Sharing: f.sharing, Clock: c})
	f.update(func(tx *store.Tx) error {
		err := d.Accounts.Insert(tx, identity.IDKey(f.m), identity.Account{ID: f.m, Status: identity.AccountActive})
		for _, u := range []struct{ account, name string }{{f.p, "admin"}, {f.p, "ann"}, {f.p, "bob"}, {f.m, "mona"}, {f.m, "mike"}} {
			if err == nil {
				err = d.Users.Insert(tx, identity.NameKey(u.account, u.name), identity.User{Account: u.account, Name: u.name, Path: "/", ID: "AIDA" + u.name})
			}
		}
		if err == nil {
			err = d.Roles.Insert(tx, identity.NameKey(f.p, "keeper"), identity.Role{Account: f.p, Name: "keeper", Path: "/", ID: "AROAKEEPER",
				Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lakeformation.amazonaws.com"},"Action":"sts:AssumeRole"}]}`})
		}
		return err
	})
	f.settle(f.as("admin"), &types.DataLakeSettings{AllowFullTableExternalDataAccess: aws.Bool(true)})
	f.settle(f.as("mona"), &types.DataLakeSettings{})
	f.table("sales", "orders", "s3://lake/sales/orders/", "order_id", "customer_id", "country")
	return f
}

func (f *fixture) update(change func(tx *store.Tx) error) {
	f.t.Helper()
	if err := f.st.Update(f.t.Context(), change); err != nil {
		f.t.Fatal(err)
	}
}

// settle makes the caller the data lake administrator of its account.
func (f *fixture) settle(ctx context.Context, s *types.DataLakeSettings) {
	f.t.Helper()
	s.DataLakeAdmins = []types.DataLakePrincipal{{DataLakePrincipalIdentifier: &wire.CallOf(ctx).Principal.ARN}}
	if _, err := f.PutDataLakeSettings(ctx, &lakeformation.PutDataLakeSettingsInput{DataLakeSettings: s}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) arn(name string) string {
	account := f.p
	if strings.HasPrefix(name, "m") {
		account = f.m
	}
	return "arn:aws:iam::" + account + ":user/" + name
}

// as is a call of a user.
func (f *fixture) as(name string) context.Context {
	a := f.arn(name)
	return f.by(authz.Principal{Kind: authz.User, Account: strings.Split(a, ":")[4], ARN: a, Name: name, UserID: "AIDA" + name})
}

func (f *fixture) by(p authz.Principal) context.Context {
	return wire.WithCall(context.Background(), &wire.Call{Service: "lakeformation", Region: region, Principal: p, Time: f.clock.Now()})
}

// table makes a table of P as Glue does, governed by Lake Formation alone.
func (f *fixture) table(database, name, location string, columns ...string) {
	f.t.Helper()
	f.update(func(tx *store.Tx) error {
		d := catalog.Database{Database: gluetypes.Database{Name: &database, CatalogId: &f.p}}
		if err := f.tables.Databases.Put(tx, catalog.Key(region, d.Resource()), d); err != nil {
			return err
		}
		t := catalog.Table{Table: gluetypes.Table{Name: &name, DatabaseName: &database, CatalogId: &f.p,
			StorageDescriptor: &gluetypes.StorageDescriptor{Location: &location}}}
		for _, c := range columns {
			t.StorageDescriptor.Columns = append(t.StorageDescriptor.Columns, gluetypes.Column{Name: aws.String(c), Type: aws.String("string")})
		}
		return f.tables.Tables.Put(tx, catalog.Key(region, t.Resource()), t)
	})
}

func (f *fixture) orders() *types.Resource {
	return &types.Resource{Table: &types.TableResource{CatalogId: &f.p, DatabaseName: aws.String("sales"), Name: aws.String("orders")}}
}

func (f *fixture) columns(names ...string) *types.Resource {
	return &types.Resource{TableWithColumns: &types.TableWithColumnsResource{CatalogId: &f.p, DatabaseName: aws.String("sales"), Name: aws.String("orders"),
		ColumnNames: names}}
}

func (f *fixture) but(names ...string) *types.Resource {
	r := f.columns()
	r.TableWithColumns.ColumnWildcard = &types.ColumnWildcard{ExcludedColumnNames: names}
	return r
}

func (f *fixture) database() *types.Resource {
	return &types.Resource{Database: &types.DatabaseResource{CatalogId: &f.p, Name: aws.String("sales")}}
}

func (f *fixture) cells(name string) *types.Resource {
	return &types.Resource{DataCellsFilter: &types.DataCellsFilterResource{TableCatalogId: &f.p, DatabaseName: aws.String("sales"), TableName: aws.String("orders"),
		Name: &name}}
}

// split reads "SELECT,ALTER+": + grants with the grant option.
func split(s string) (p, pass []types.Permission) {
	for _, n := range strings.Split(s, ",") {
		n, grantable := strings.CutSuffix(n, "+")
		if n == "" {
			continue
		}
		p = append(p, types.Permission(n))
		if grantable {
			pass = append(pass, types.Permission(n))
		}
	}
	return p, pass
}

func (f *fixture) grant(by, to, permissions string, r *types.Resource) error {
	p, pass := split(permissions)
	_, err := f.GrantPermissions(f.as(by), &lakeformation.GrantPermissionsInput{Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: aws.String(f.who(to))},
		Resource: r, Permissions: p, PermissionsWithGrantOption: pass})
	return err
}

func (f *fixture) revoke(by, to, permissions string, r *types.Resource) error {
	p, pass := split(permissions)
	_, err := f.RevokePermissions(f.as(by), &lakeformation.RevokePermissionsInput{Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: aws.String(f.who(to))},
		Resource: r, Permissions: p, PermissionsWithGrantOption: pass})
	return err
}

func (f *fixture) who(name string) string {
	if len(name) == 12 || strings.Contains(name, ":") || strings.Contains(name, "_") {
		return name
	}
	return f.arn(name)
}

func (f *fixture) must(what string, err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatalf("%s: %v", what, err)
	}
}

// fails holds err to be of want's type and to say text.
func (f *fixture) fails(what string, err error, want error, text string) {
	f.t.Helper()
	if reflect.TypeOf(err) != reflect.TypeOf(want) || !strings.Contains(err.Error(), text) {
		f.t.Errorf("%s: %v, want %T with %q", what, err, want, text)
	}
}

var (
	denied  = &types.AccessDeniedException{}
	invalid = &types.InvalidInputException{}
	missing = &types.EntityNotFoundException{}
)

// lists is what ListPermissions says of a principal, one line an entry: "table SELECT" or "columns a,b SELECT+".
func (f *fixture) lists(as, of string, in *lakeformation.ListPermissionsInput) string {
	f.t.Helper()
	if in == nil {
		in = &lakeformation.ListPermissionsInput{}
	}
	if of != "" {
		in.Principal = &types.DataLakePrincipal{DataLakePrincipalIdentifier: aws.String(f.who(of))}
	}
	var out []string
	for {
		page, err := f.ListPermissions(f.as(as), in)
		f.must("list", err)
		for _, e := range page.PrincipalResourcePermissions {
			line := ""
			switch r := e.Resource; {
			case r.Catalog != nil:
				line = "catalog"
			case r.Database != nil:
				line = "database " + *r.Database.Name
			case r.Table != nil:
				line = "table " + *r.Table.Name
			case r.DataCellsFilter != nil:
				line = "cells " + *r.DataCellsFilter.Name
			case r.TableWithColumns != nil && r.TableWithColumns.ColumnWildcard != nil:
				line = "columns *-" + strings.Join(r.TableWithColumns.ColumnWildcard.ExcludedColumnNames, ",")
			case r.TableWithColumns != nil:
				line = "columns " + strings.Join(r.TableWithColumns.ColumnNames, ",")
			case r.DataLocation != nil:
				line = *r.DataLocation.ResourceArn
			case r.LFTag != nil:
				line = "tag " + *r.LFTag.TagKey
			case r.LFTagPolicy != nil:
				line = "tags"
			}
			for i, p := range e.Permissions {
				line += map[bool]string{true: " ", false: ","}[i == 0] + string(p)
				for _, g := range e.PermissionsWithGrantOption {
					if g == p {
						line += "+"
					}
				}
			}
			out = append(out, line)
		}
		if in.NextToken = page.NextToken; page.NextToken == nil {
			return strings.Join(out, "; ")
		}
	}
}
