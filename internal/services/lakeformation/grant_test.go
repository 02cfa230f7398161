package lakeformation_test

import (
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/sharing"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

func TestGrantsAndRevokes(t *testing.T) {
	type step struct {
		what, permissions string
		on                string
	}
	cases := []struct {
		steps []step
		want  string // what ann has
	}{
		{[]step{{"grant", "SELECT", "table"}}, "columns *- SELECT"},
		{[]step{{"grant", "ALTER,DESCRIBE", "table"}}, "table orders ALTER,DESCRIBE"},
		{[]step{{"grant", "SELECT+,ALTER", "table"}}, "table orders ALTER; columns *- SELECT+"},
		{[]step{{"grant", "ALL", "table"}}, "table orders ALL,ALTER,DROP,DELETE,INSERT,DESCRIBE; columns *- SELECT"},
		{[]step{{"grant", "ALL", "table"}, {"revoke", "ALL", "table"}}, ""},
		{[]step{{"grant", "ALL", "table"}, {"revoke", "DROP", "table"}}, "table orders ALTER,DELETE,INSERT,DESCRIBE; columns *- SELECT"},
		{[]step{{"grant", "ALL+", "table"}, {"revoke", "SELECT", "table"}}, "table orders ALTER+,DROP+,DELETE+,INSERT+,DESCRIBE+"},
		{[]step{{"grant", "SELECT,ALTER", "table"}, {"revoke", "SELECT", "table"}}, "table orders ALTER"},
		{[]step{{"grant", "SELECT+", "table"}, {"revokeoption", "SELECT", "table"}}, "columns *- SELECT"},
		{[]step{{"grant", "SELECT+", "table"}, {"revoke", "SELECT", "table"}}, ""},
		{[]step{{"grant", "SELECT", "all"}}, "columns *- SELECT"},
		{[]step{{"grant", "SELECT", "table"}, {"revoke", "SELECT", "all"}}, ""},
		{[]step{{"grant", "SELECT", "order_id"}, {"grant", "SELECT", "country"}}, "columns order_id,country SELECT"},
		{[]step{{"grant", "SELECT", "ORDER_ID"}, {"grant", "SELECT", "order_id"}}, "columns order_id SELECT"},
		{[]step{{"grant", "SELECT", "order_id,country"}, {"revoke", "SELECT", "country"}}, "columns order_id SELECT"},
		{[]step{{"grant", "SELECT", "order_id"}, {"revoke", "SELECT", "order_id"}}, ""},
		{[]step{{"grant", "SELECT+", "order_id"}, {"grant", "SELECT", "country"}}, "columns country SELECT; columns order_id SELECT+"},
		{[]step{{"grant", "SELECT+", "order_id,country"}, {"revokeoption", "SELECT", "country"}}, "columns country SELECT; columns order_id SELECT+"},
		{[]step{{"grant", "SELECT", "-customer_id"}}, "columns *-customer_id SELECT"},
		{[]step{{"grant", "SELECT", "-customer_id"}, {"revoke", "SELECT", "-customer_id"}}, ""},
		{[]step{{"grant", "SELECT", "-customer_id"}, {"grant", "SELECT", "-country"}}, "columns *-country SELECT; columns *-customer_id SELECT"},
		{[]step{{"grant", "CREATE_TABLE,DESCRIBE", "database"}, {"revoke", "DESCRIBE", "database"}}, "database sales CREATE_TABLE"},
		{[]step{{"grant", "DROP", "wild"}}, "table ALL_TABLES DROP"},
	}
	f := open(t)
	for _, c := range cases {
		for _, s := range c.steps {
			r := f.orders()
			switch {
			case s.on == "database":
				r = f.database()
			case s.on == "wild":
				r = &types.Resource{Table: &types.TableResource{DatabaseName: aws.String("sales"), TableWildcard: &types.TableWildcard{}}}
			case s.on == "all":
				r = f.but()
			case strings.HasPrefix(s.on, "-"):
				r = f.but(strings.Split(s.on[1:], ",")...)
			case s.on != "table":
				r = f.columns(strings.Split(s.on, ",")...)
			}
			var err error
			switch s.what {
			case "grant":
				err = f.grant("admin", "ann", s.permissions, r)
			case "revoke":
				err = f.revoke("admin", "ann", s.permissions, r)
			case "revokeoption":
				_, err = f.RevokePermissions(f.as("admin"), &lakeformation.RevokePermissionsInput{Resource: r, Permissions: []types.Permission{},
					Principal:                  &types.DataLakePrincipal{DataLakePrincipalIdentifier: aws.String(f.arn("ann"))},
					PermissionsWithGrantOption: []types.Permission{types.Permission(s.permissions)}})
			}
			f.must(s.what+" "+s.permissions+" "+s.on, err)
		}
		if got := f.lists("admin", "ann", nil); got != c.want {
			t.Errorf("%v: %q, want %q", c.steps, got, c.want)
		}
		f.update(func(tx *store.Tx) error {
			rows, err := f.ledger.Grants.List(tx, store.Range{AllAccounts: true, AllRegions: true})
			for _, r := range rows {
				if err == nil {
					err = f.ledger.Grants.Delete(tx, r.Key)
				}
			}
			return err
		})
	}
}

func TestRefusedGrants(t *testing.T) {
	f := open(t)
	try := func(what, permissions, to string, r *types.Resource, want error, text string) {
		t.Helper()
		f.fails(what, f.grant("admin", to, permissions, r), want, text)
	}
	try("nobody there", "SELECT", "arn:aws:iam::"+f.p+":user/nobody", f.orders(), invalid, "Invalid principal")
	try("account unknown", "SELECT", "999999999999", f.orders(), invalid, "Invalid principal")
	try("no principal", "SELECT", "some_body", f.orders(), invalid, "Invalid principal")
	try("group", "SELECT", "arn:aws:iam::"+f.p+":group/g", f.orders(), invalid, "Invalid principal")
	try("root", "SELECT", "arn:aws:iam::"+f.p+":root", f.orders(), invalid, "Invalid principal")
	try("organization", "SELECT", "arn:aws:organizations::1:organization/o-1", f.orders(), invalid, "Invalid principal")
	try("of a database", "SELECT", "ann", f.database(), invalid, "modification")
	try("of a table", "CREATE_TABLE", "ann", f.orders(), invalid, "modification")
	try("of columns", "ALTER", "ann", f.columns("order_id"), invalid, "modification")
	try("no column", "SELECT", "ann", f.columns("nothing"), invalid, "non-existent column")
	try("IAM a part", "SELECT", "IAM_ALLOWED_PRINCIPALS", f.orders(), invalid, "modification")
	try("IAM with the grant option", "ALL+", "IAM_ALLOWED_PRINCIPALS", f.orders(), invalid, "modification")
	try("no filter", "SELECT", "ann", f.cells("nothing"), invalid, "Cell Filter not found")
	try("location", "DATA_LOCATION_ACCESS", "ann", &types.Resource{DataLocation: &types.DataLocationResource{ResourceArn: aws.String("arn:aws:s3:::lake")}}, invalid, "register the S3 path")
	try("catalog to others", "CREATE_DATABASE", f.m, &types.Resource{Catalog: &types.CatalogResource{}}, invalid, "modification")
	try("no resource", "SELECT", "ann", &types.Resource{}, invalid, "one")
	two := f.orders()
	two.Database = f.database().Database
	try("two resources", "SELECT", "ann", two, invalid, "one")
	gone := f.orders()
	gone.Table.Name = aws.String("gone")
	try("no table", "SELECT", "ann", gone, missing, "Table not found")
	none := f.database()
	none.Database.Name = aws.String("gone")
	try("no database", "DESCRIBE", "ann", none, missing, "Database not found")
	try("no tag", "DESCRIBE", "ann", &types.Resource{LFTag: &types.LFTagKeyResource{TagKey: aws.String("k"), TagValues: []string{"v"}}}, missing, "Tag key")

	f.fails("by who may not", f.grant("ann", "bob", "SELECT", f.orders()), denied, "not authorized to access requested permissions")
	f.must("grant", f.grant("admin", "ann", "SELECT+", f.columns("order_id")))
	f.must("on", f.grant("ann", "bob", "SELECT", f.columns("order_id")))
	f.fails("beyond", f.grant("ann", "bob", "SELECT", f.columns("country")), denied, "")
	f.fails("all", f.grant("ann", "bob", "SELECT", f.orders()), denied, "")
	f.fails("what she has not", f.revoke("admin", "ann", "SELECT", f.columns("country")), invalid, "Grantee does not have:[SELECT]")
	f.fails("what bob has not", f.revoke("admin", "bob", "ALTER", f.orders()), invalid, "No permissions revoked. Grantee does not have:[ALTER]")
	f.fails("revoke by who may not", f.revoke("bob", "ann", "SELECT", f.columns("order_id")), denied, "")
	f.fails("by other accounts", f.grant("mona", "mike", "SELECT", f.orders()), denied, "")
}

func TestCatalogBeginsWithIAM(t *testing.T) {
	f := open(t)
	all := &types.Resource{Catalog: &types.CatalogResource{}}
	if got := f.lists("admin", "IAM_ALLOWED_PRINCIPALS", nil); got != "catalog CREATE_DATABASE" {
		t.Error(got)
	}
	f.must("revoke", f.revoke("admin", "IAM_ALLOWED_PRINCIPALS", "CREATE_DATABASE", all))
	f.fails("again", f.revoke("admin", "IAM_ALLOWED_PRINCIPALS", "CREATE_DATABASE", all), invalid, "No permissions revoked")
	if got := f.lists("admin", "", nil); got != "" {
		t.Error(got)
	}
	r := governance.Resource{Kind: governance.Catalog, Catalog: f.p}
	if ok, err := f.ledger.LeftToIAM(t.Context(), region, r); err != nil || ok {
		t.Error("still left to IAM", err)
	}
	f.must("grant", f.grant("admin", "IAM_ALLOWED_PRINCIPALS", "CREATE_DATABASE", all))
	if ok, err := f.ledger.LeftToIAM(t.Context(), region, r); err != nil || !ok {
		t.Error("not left to IAM again", err)
	}
}

func (f *fixture) accept(account string) {
	f.t.Helper()
	f.update(func(tx *store.Tx) error {
		rows, err := f.sharing.Invitations.List(tx, store.Range{AllAccounts: true, AllRegions: true})
		for _, r := range rows {
			if i := r.Value; err == nil && i.Receiver == account && i.Status == sharing.Pending {
				_, err = f.sharing.Answer(tx, account, region, i.ID, true)
			}
		}
		return err
	})
}

func TestAcrossAccounts(t *testing.T) {
	f := open(t)
	arn := governance.Resource{Kind: governance.Table, Catalog: f.p, Database: "sales", Table: "orders"}.ARN(region)
	f.must("grant", f.grant("admin", f.m, "SELECT+,DESCRIBE+", f.orders()))
	if f.sharing.Reaches(f.m, region, arn) {
		t.Error("it is there before it was accepted")
	}
	f.fails("M before it accepted", f.grant("mona", "mike", "SELECT", f.orders()), denied, "")
	f.accept(f.m)
	if !f.sharing.Reaches(f.m, region, arn) {
		t.Error("it is not there")
	}
	f.must("M's grant", f.grant("mona", "mike", "SELECT", f.columns("order_id")))
	f.fails("beyond", f.grant("mona", "mike", "ALTER", f.orders()), denied, "")
	if got := f.lists("mona", "mike", nil); got != "columns order_id SELECT" {
		t.Errorf("M lists %q", got)
	}
	if got := f.lists("mona", f.m, nil); got != "table orders DESCRIBE+; columns *- SELECT+" {
		t.Errorf("M lists of itself %q", got)
	}
	if got := f.lists("admin", "mike", nil); got != "" {
		t.Errorf("P lists what M granted: %q", got)
	}
	f.fails("P takes what M gave", f.revoke("admin", "mike", "SELECT", f.columns("order_id")), invalid, "No permissions revoked")
	f.must("column grant", f.grant("admin", f.m, "SELECT", f.columns("order_id")))
	f.must("revoke", f.revoke("admin", f.m, "SELECT,DESCRIBE", f.orders()))
	if !f.sharing.Reaches(f.m, region, arn) {
		t.Error("the share ended while a column is granted")
	}
	f.must("revoke", f.revoke("admin", f.m, "SELECT", f.columns("order_id")))
	if f.sharing.Reaches(f.m, region, arn) {
		t.Error("the share is still there")
	}
}

func TestBatch(t *testing.T) {
	f := open(t)
	entry := func(id, to, permission string, r *types.Resource) types.BatchPermissionsRequestEntry {
		return types.BatchPermissionsRequestEntry{Id: &id, Resource: r, Permissions: []types.Permission{types.Permission(permission)},
			Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: aws.String(f.who(to))}}
	}
	out, err := f.BatchGrantPermissions(f.as("admin"), &lakeformation.BatchGrantPermissionsInput{Entries: []types.BatchPermissionsRequestEntry{
		entry("1", "ann", "SELECT", f.orders()), entry("2", "ann", "CREATE_TABLE", f.orders()), entry("3", "bob", "DESCRIBE", f.database())}})
	f.must("batch", err)
	if len(out.Failures) != 1 || *out.Failures[0].RequestEntry.Id != "2" || *out.Failures[0].Error.ErrorCode != "InvalidInputException" {
		t.Errorf("%+v", out.Failures)
	}
	if got := f.lists("admin", "", &lakeformation.ListPermissionsInput{MaxResults: aws.Int32(1)}); got != "catalog CREATE_DATABASE; database sales DESCRIBE; columns *- SELECT" {
		t.Error(got)
	}
	undone, err := f.BatchRevokePermissions(f.as("admin"), &lakeformation.BatchRevokePermissionsInput{Entries: []types.BatchPermissionsRequestEntry{
		entry("1", "ann", "ALTER", f.orders()), entry("2", "bob", "DESCRIBE", f.database())}})
	f.must("batch", err)
	if len(undone.Failures) != 1 || *undone.Failures[0].RequestEntry.Id != "1" {
		t.Errorf("%+v", undone.Failures)
	}
	_, err = f.BatchGrantPermissions(f.as("admin"), &lakeformation.BatchGrantPermissionsInput{Entries: []types.BatchPermissionsRequestEntry{
		entry("1", "ann", "SELECT", f.orders()), entry("1", "ann", "SELECT", f.orders())}})
	f.fails("same id", err, invalid, "more than once")
}

func TestListings(t *testing.T) {
	f := open(t)
	f.must("", f.grant("admin", "ann", "SELECT+", f.orders()))
	f.must("", f.grant("admin", "bob", "DESCRIBE", f.orders()))
	f.must("", f.grant("admin", "bob", "CREATE_TABLE", f.database()))
	check := func(as string, in *lakeformation.ListPermissionsInput, want string) {
		t.Helper()
		if got := f.lists(as, "", in); got != want {
			t.Errorf("%s sees %q, want %q", as, got, want)
		}
	}
	check("admin", nil, "catalog CREATE_DATABASE; database sales CREATE_TABLE; columns *- SELECT+; table orders DESCRIBE")
	check("ann", nil, "columns *- SELECT+; table orders DESCRIBE") // she may grant on the table
	check("bob", nil, "database sales CREATE_TABLE; table orders DESCRIBE")
	check("mona", nil, "catalog CREATE_DATABASE")
	check("admin", &lakeformation.ListPermissionsInput{Resource: f.orders()}, "columns *- SELECT+; table orders DESCRIBE")
	check("admin", &lakeformation.ListPermissionsInput{ResourceType: types.DataLakeResourceTypeDatabase}, "database sales CREATE_TABLE")
	check("admin", &lakeformation.ListPermissionsInput{CatalogId: aws.String(f.m)}, "")
	_, err := f.ListPermissions(f.as("admin"), &lakeformation.ListPermissionsInput{Resource: f.columns("order_id")})
	f.fails("on columns", err, invalid, "")
	_, err = f.ListPermissions(f.as("admin"), &lakeformation.ListPermissionsInput{NextToken: aws.String("?")})
	f.fails("token", err, invalid, "token")

	at := func(path string) int {
		t.Helper()
		out, err := f.GetEffectivePermissionsForPath(f.as("admin"), &lakeformation.GetEffectivePermissionsForPathInput{ResourceArn: aws.String("arn:aws:s3:::" + path)})
		f.must("path", err)
		return len(out.Permissions)
	}
	if at("lake/sales/orders") != 2 || at("lake/sales/orders/day=1") != 2 || at("lake/sales") != 0 || at("lake/sales/orders2") != 0 {
		t.Error("permissions for paths", at("lake/sales/orders"), at("lake/sales/orders/day=1"), at("lake/sales"), at("lake/sales/orders2"))
	}
}
