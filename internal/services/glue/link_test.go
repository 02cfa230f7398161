package glue_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// linked is a fixture with a database in another account's catalog that is linked from ours.
type linked struct {
	*fixture
	other  string // account of the targets
	theirs *glue.Client
}

func openLinked(t *testing.T) *linked {
	t.Helper()
	f := &linked{fixture: open(t), other: "222222222222"}
	f.theirs = f.as(f.stranger(f.other))
	ctx := t.Context()
	_, err := f.theirs.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("sales"), Description: aws.String("theirs")}})
	f.ok(err)
	for _, name := range []string{"orders", "returns"} {
		_, err = f.theirs.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("sales"), TableInput: input(name, "id", "country", "customer")})
		f.ok(err)
	}
	_, err = f.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("link"),
		TargetDatabase: &types.DatabaseIdentifier{CatalogId: &f.other, DatabaseName: aws.String("Sales")}}})
	f.ok(err)
	f.database("local")
	in := &types.TableInput{Name: aws.String("orders_link"), TargetTable: &types.TableIdentifier{CatalogId: &f.other, DatabaseName: aws.String("sales"), Name: aws.String("orders")}}
	_, err = f.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("local"), TableInput: in})
	f.ok(err)
	f.table("local", "own", "x")
	return f
}

// share grants our account something of theirs.
func (f *linked) share(r governance.Resource, p governance.Permissions, columns ...string) {
	f.t.Helper()
	g := governance.Grant{Grantor: f.other, Principal: f.account, Resource: r, Permissions: p, Grantable: p}
	if len(columns) > 0 {
		g.Columns = &governance.Columns{Names: columns}
	}
	f.grant(g)
	g.Grantor, g.Principal = f.account, f.root.ARN
	f.grant(g)
}

func (f *linked) their(table string) governance.Resource {
	r := governance.Resource{Kind: governance.Database, Catalog: f.other, Database: "sales"}
	if table != "" {
		r.Kind, r.Table = governance.Table, table
	}
	return r
}

func TestLinksBeforeAnythingIsShared(t *testing.T) {
	f := openLinked(t)
	ctx := t.Context()
	d, err := f.GetDatabase(ctx, &glue.GetDatabaseInput{Name: aws.String("link")})
	f.ok(err)
	if d.Database.Description != nil || *d.Database.TargetDatabase.DatabaseName != "sales" || *d.Database.CatalogId != f.account {
		t.Errorf("database: %+v", d.Database)
	}
	table, columns := f.get(f.Client, "local", "orders_link")
	if columns != "" || *table.TargetTable.Name != "orders" {
		t.Errorf("table: %+v", table)
	}
	_, err = f.GetTable(ctx, &glue.GetTableInput{DatabaseName: aws.String("link"), Name: aws.String("orders")})
	f.fails("a table through the link", err, "AccessDeniedException", "")
	_, err = f.GetTables(ctx, &glue.GetTablesInput{DatabaseName: aws.String("link")})
	f.fails("tables through the link", err, "AccessDeniedException", "")
	_, err = f.GetTable(ctx, &glue.GetTableInput{CatalogId: &f.other, DatabaseName: aws.String("sales"), Name: aws.String("orders")})
	f.fails("their table", err, "AccessDeniedException", "")
	out, err := f.GetDatabases(ctx, &glue.GetDatabasesInput{ResourceShareType: types.ResourceShareTypeAll})
	f.ok(err)
	if got := names(out.DatabaseList, func(d types.Database) *string { return d.Name }); got != "link local" {
		t.Errorf("databases %s", got)
	}
}

func TestLinksLeadToWhatIsShared(t *testing.T) {
	f := openLinked(t)
	ctx := t.Context()
	f.share(f.their("orders"), governance.Select, "country", "id")
	table, columns := f.get(f.Client, "local", "orders_link")
	if columns != "id,country" || *table.Name != "orders_link" || *table.DatabaseName != "local" || *table.CatalogId != f.account || *table.TargetTable.CatalogId != f.other {
		t.Errorf("table link: %s %+v", columns, table)
	}
	table, columns = f.get(f.Client, "link", "orders")
	if columns != "id,country" || *table.DatabaseName != "sales" || *table.CatalogId != f.other || table.TargetTable != nil {
		t.Errorf("through the database: %s %+v", columns, table)
	}
	tables := func(c *glue.Client, catalog *string, database string) string {
		out, err := c.GetTables(ctx, &glue.GetTablesInput{CatalogId: catalog, DatabaseName: &database})
		f.ok(err)
		text := ""
		for _, t := range out.TableList {
			text += *t.Name + "(" + columnsOf(&t) + ")"
		}
		return text
	}
	if got := tables(f.Client, nil, "link"); got != "orders(id,country)" {
		t.Errorf("tables of the linked database: %s", got)
	}
	if got := tables(f.Client, &f.other, "sales"); got != "orders(id,country)" {
		t.Errorf("tables of their database: %s", got)
	}
	if got := tables(f.Client, nil, "local"); got != "orders_link(id,country)own(x)" {
		t.Errorf("tables of the local database: %s", got)
	}
	databases := func(share types.ResourceShareType) string {
		out, err := f.GetDatabases(ctx, &glue.GetDatabasesInput{ResourceShareType: share, MaxResults: aws.Int32(1)})
		f.ok(err)
		text := ""
		for {
			for _, d := range out.DatabaseList {
				text += *d.CatalogId + "/" + *d.Name + " "
			}
			if out.NextToken == nil {
				return strings.ReplaceAll(strings.ReplaceAll(text, f.account, "own"), f.other, "other")
			}
			out, err = f.GetDatabases(ctx, &glue.GetDatabasesInput{ResourceShareType: share, MaxResults: aws.Int32(1), NextToken: out.NextToken})
			f.ok(err)
		}
	}
	for share, want := range map[types.ResourceShareType]string{"": "own/link own/local ", types.ResourceShareTypeAll: "own/link own/local other/sales ",
		types.ResourceShareTypeForeign: "other/sales ", types.ResourceShareTypeFederated: ""} {
		if got := databases(share); got != want {
			t.Errorf("databases %q: %s, want %s", share, got, want)
		}
	}
	for share, want := range map[types.ResourceShareType]string{"": "orders_link own", types.ResourceShareTypeAll: "orders orders_link own", types.ResourceShareTypeForeign: "orders"} {
		found := strings.Fields(f.search(f.Client, glue.SearchTablesInput{ResourceShareType: share}))
		if slices.Sort(found); strings.Join(found, " ") != want {
			t.Errorf("search %q: %s, want %s", share, found, want)
		}
	}
	// IAM has to allow the target too.
	nobody := f.user("ina", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"arn:aws:glue:*:`+f.account+`:*"}]}`)
	f.grant(governance.Grant{Grantor: f.account, Principal: nobody.ARN, Resource: f.their("orders"), Permissions: governance.Select})
	ina := f.as(nobody)
	if _, columns := f.get(ina, "local", "orders_link"); columns != "" {
		t.Errorf("IAM does not allow the target: %s", columns)
	}
	_, err := ina.GetTable(ctx, &glue.GetTableInput{DatabaseName: aws.String("link"), Name: aws.String("orders")})
	f.fails("through the database", err, "AccessDeniedException", "is not authorized to perform: glue:GetTable")
}

func TestChangesThroughLinks(t *testing.T) {
	f := openLinked(t)
	ctx := t.Context()
	f.share(f.their(""), governance.All)
	f.share(f.their(governance.EveryTable), governance.All)
	_, err := f.UpdateDatabase(ctx, &glue.UpdateDatabaseInput{Name: aws.String("link"), DatabaseInput: &types.DatabaseInput{Name: aws.String("link"), Description: aws.String("changed")}})
	f.ok(err)
	d, err := f.theirs.GetDatabase(ctx, &glue.GetDatabaseInput{Name: aws.String("sales")})
	f.ok(err)
	if *d.Database.Description != "changed" {
		t.Errorf("%+v", d.Database)
	}
	_, err = f.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("link"), TableInput: input("made", "a")})
	f.ok(err)
	if made, _ := f.get(f.theirs, "sales", "made"); *made.CatalogId != f.other {
		t.Errorf("%+v", made)
	}
	_, err = f.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("link"), TableInput: &types.TableInput{Name: aws.String("l"),
		TargetTable: &types.TableIdentifier{CatalogId: &f.other, DatabaseName: aws.String("sales"), Name: aws.String("orders")}}})
	f.fails("a link through a link", err, "InvalidInputException", "link")
	_, err = f.UpdateTable(ctx, &glue.UpdateTableInput{DatabaseName: aws.String("local"), TableInput: input("orders_link", "new")})
	f.ok(err)
	if _, columns := f.get(f.theirs, "sales", "orders"); columns != "new" {
		t.Errorf("updated through a link: %s", columns)
	}
	_, err = f.DeleteTable(ctx, &glue.DeleteTableInput{DatabaseName: aws.String("local"), Name: aws.String("orders_link")})
	f.ok(err)
	f.get(f.theirs, "sales", "orders")
	_, err = f.DeleteTable(ctx, &glue.DeleteTableInput{DatabaseName: aws.String("link"), Name: aws.String("made")})
	f.ok(err)
	_, err = f.theirs.GetTable(ctx, &glue.GetTableInput{DatabaseName: aws.String("sales"), Name: aws.String("made")})
	f.fails("deleted through a link", err, "EntityNotFoundException", "made")
	_, err = f.DeleteDatabase(ctx, &glue.DeleteDatabaseInput{Name: aws.String("link")})
	f.ok(err)
	_, err = f.theirs.GetDatabase(ctx, &glue.GetDatabaseInput{Name: aws.String("sales")})
	f.ok(err)
	_, err = f.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("far"),
		TargetDatabase: &types.DatabaseIdentifier{CatalogId: &f.other, DatabaseName: aws.String("sales"), Region: aws.String("eu-west-1")}}})
	f.fails("a link to another region", err, "InvalidInputException", "other regions")
}
