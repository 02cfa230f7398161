package lakeformation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

func (f *fixture) newFilter(name, rows string, columns ...string) *types.DataCellsFilter {
	d := &types.DataCellsFilter{TableCatalogId: &f.p, DatabaseName: aws.String("sales"), TableName: aws.String("orders"), Name: &name, ColumnNames: columns,
		RowFilter: &types.RowFilter{FilterExpression: &rows}}
	if len(columns) == 0 {
		d.ColumnWildcard = &types.ColumnWildcard{}
	}
	if rows == "" {
		d.RowFilter = &types.RowFilter{AllRowsWildcard: &types.AllRowsWildcard{}}
	}
	return d
}

func (f *fixture) cellsFilter(by, name, rows string, columns ...string) error {
	_, err := f.CreateDataCellsFilter(f.as(by), &lakeformation.CreateDataCellsFilterInput{TableData: f.newFilter(name, rows, columns...)})
	return err
}

func TestDataCellsFilters(t *testing.T) {
	f := open(t)
	f.must("filter", f.cellsFilter("admin", "uk", "country = 'UK'", "order_id"))
	f.fails("again", f.cellsFilter("admin", "uk", "", "order_id"), &types.AlreadyExistsException{}, "uk")
	f.fails("no column", f.cellsFilter("admin", "x", "", "nothing"), invalid, "nothing")
	f.fails("no column in the rows", f.cellsFilter("admin", "x", "nothing = 1"), invalid, "nothing")
	f.fails("no expression", f.cellsFilter("admin", "x", "country = 'UK'; drop table x"), invalid, "not valid")
	f.fails("no rows", f.cellsFilter("admin", "x", "country in (select 1)"), invalid, "not valid")
	f.fails("by who may not", f.cellsFilter("ann", "x", ""), denied, "Select with grant option on orders")
	f.must("", f.grant("admin", "ann", "SELECT+", f.columns("order_id", "country")))
	f.fails("beyond", f.cellsFilter("ann", "x", "", "customer_id"), denied, "")
	f.must("within", f.cellsFilter("ann", "hers", "customer_id = '1'", "order_id"))
	wrong := f.newFilter("x", "")
	wrong.ColumnNames = []string{"order_id"}
	_, err := f.CreateDataCellsFilter(f.as("admin"), &lakeformation.CreateDataCellsFilterInput{TableData: wrong})
	f.fails("columns twice", err, invalid, "")

	get := func(as, name string) (*lakeformation.GetDataCellsFilterOutput, error) {
		return f.GetDataCellsFilter(f.as(as), &lakeformation.GetDataCellsFilterInput{TableCatalogId: &f.p, DatabaseName: aws.String("sales"), TableName: aws.String("orders"), Name: &name})
	}
	out, err := get("admin", "uk")
	f.must("get", err)
	if *out.DataCellsFilter.RowFilter.FilterExpression != "country = 'UK'" || !slices.Equal(out.DataCellsFilter.ColumnNames, []string{"order_id"}) {
		t.Errorf("%+v", out.DataCellsFilter)
	}
	_, err = get("bob", "uk")
	f.fails("who was not granted it", err, denied, "Describe")
	f.must("", f.grant("admin", "bob", "SELECT", f.cells("uk")))
	_, err = get("bob", "uk")
	f.must("who was", err)
	_, err = get("admin", "nothing")
	f.fails("none", err, missing, "")
	names := func(as string) string {
		list, err := f.ListDataCellsFilter(f.as(as), &lakeformation.ListDataCellsFilterInput{Table: f.orders().Table})
		f.must("list", err)
		var out []string
		for _, d := range list.DataCellsFilters {
			out = append(out, *d.Name)
		}
		return strings.Join(out, " ")
	}
	if names("admin") != "hers uk" || names("bob") != "uk" || names("mike") != "" {
		t.Errorf("lists: %q %q %q", names("admin"), names("bob"), names("mike"))
	}

	changed := f.newFilter("uk", "country = 'FR'", "order_id")
	changed.VersionId = aws.String("another")
	update := func(as string) error {
		_, err := f.UpdateDataCellsFilter(f.as(as), &lakeformation.UpdateDataCellsFilterInput{TableData: changed})
		return err
	}
	f.fails("another version", update("admin"), &types.ConcurrentModificationException{}, "")
	changed.VersionId = out.DataCellsFilter.VersionId
	f.fails("by bob", update("bob"), denied, "")
	f.must("update", update("admin"))
	f.fails("the old version", update("admin"), &types.ConcurrentModificationException{}, "")

	remove := func(as string) error {
		_, err := f.DeleteDataCellsFilter(f.as(as), &lakeformation.DeleteDataCellsFilterInput{TableCatalogId: &f.p, DatabaseName: aws.String("sales"),
			TableName: aws.String("orders"), Name: aws.String("uk")})
		return err
	}
	f.fails("by bob", remove("bob"), denied, "")
	f.must("delete", remove("admin"))
	f.must("filter", f.cellsFilter("admin", "uk", ""))
	if got := f.lists("admin", "bob", nil); got != "" {
		t.Errorf("a filter of the same name is granted: %q", got)
	}
}

func TestLocations(t *testing.T) {
	f := open(t)
	register := func(arn, role string) error {
		_, err := f.RegisterResource(f.as("admin"), &lakeformation.RegisterResourceInput{ResourceArn: &arn, RoleArn: &role})
		return err
	}
	role := "arn:aws:iam::" + f.p + ":role/keeper"
	f.must("register", register("arn:aws:s3:::lake/sales", role))
	f.fails("again", register("arn:aws:s3:::lake/sales/", role), &types.AlreadyExistsException{}, "already registered")
	f.must("below", register("arn:aws:s3:::lake/sales/orders", role))
	f.fails("a role that isn't there", register("arn:aws:s3:::x-bucket", role+"2"), invalid, "role")
	f.fails("another's role", register("arn:aws:s3:::x-bucket", "arn:aws:iam::"+f.m+":role/keeper"), invalid, "role")
	f.fails("none", register("arn:aws:s3:::x-bucket", ""), invalid, "role")
	for _, arn := range []string{"s3://lake", "arn:aws:s3:::", "arn:aws:s3:::lake/../other", "arn:aws:s3:::lake//x", "arn:aws:iam:::lake", "arn:aws:s3:::La"} {
		f.fails(arn, register(arn, role), invalid, "")
	}
	list := func(field types.FieldNameString, op types.ComparisonOperator, values ...string) string {
		in := &lakeformation.ListResourcesInput{MaxResults: aws.Int32(1)}
		if op != "" {
			in.FilterConditionList = []types.FilterCondition{{Field: field, ComparisonOperator: op, StringValueList: values}}
		}
		var out []string
		for {
			page, err := f.ListResources(f.as("admin"), in)
			f.must("list", err)
			for _, r := range page.ResourceInfoList {
				out = append(out, *r.ResourceArn)
			}
			if in.NextToken = page.NextToken; page.NextToken == nil {
				return strings.ReplaceAll(strings.Join(out, " "), "arn:aws:s3:::", "")
			}
		}
	}
	for want, got := range map[string]string{
		"lake/sales lake/sales/orders":  list("", ""),
		"lake/sales":                    list("RESOURCE_ARN", "EQ", "arn:aws:s3:::lake/sales"),
		"lake/sales/orders":             list("RESOURCE_ARN", "CONTAINS", "orders"),
		"":                              list("ROLE_ARN", "NE", role),
		"lake/sales lake/sales/orders ": list("LAST_MODIFIED", "GE", "2026-01-01") + " ",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	_, err := f.UpdateResource(f.as("admin"), &lakeformation.UpdateResourceInput{ResourceArn: aws.String("arn:aws:s3:::lake/sales"), RoleArn: &role, HybridAccessEnabled: aws.Bool(true)})
	f.must("update", err)
	d, err := f.DescribeResource(f.as("admin"), &lakeformation.DescribeResourceInput{ResourceArn: aws.String("arn:aws:s3:::lake/sales")})
	if err != nil || !*d.ResourceInfo.HybridAccessEnabled || *d.ResourceInfo.RoleArn != role {
		t.Errorf("%+v, %v", d, err)
	}
	gone := &lakeformation.DeregisterResourceInput{ResourceArn: aws.String("arn:aws:s3:::lake/sales")}
	_, err = f.DeregisterResource(f.as("mona"), gone)
	f.fails("another account's", err, missing, "")
	_, err = f.DeregisterResource(f.as("admin"), gone)
	f.must("deregister", err)
	_, err = f.DescribeResource(f.as("admin"), &lakeformation.DescribeResourceInput{ResourceArn: gone.ResourceArn})
	f.fails("gone", err, missing, "")
}

func TestSettings(t *testing.T) {
	f := open(t)
	who := "arn:aws:iam::" + f.p + ":user/nobody"
	_, err := f.PutDataLakeSettings(f.as("admin"), &lakeformation.PutDataLakeSettingsInput{DataLakeSettings: &types.DataLakeSettings{
		DataLakeAdmins: []types.DataLakePrincipal{{DataLakePrincipalIdentifier: &who}}}})
	f.fails("nobody", err, invalid, "Invalid principal")
	_, err = f.PutDataLakeSettings(f.as("admin"), &lakeformation.PutDataLakeSettingsInput{CatalogId: &f.m, DataLakeSettings: &types.DataLakeSettings{}})
	f.fails("another account's", err, denied, "")
	f.settle(f.as("admin"), &types.DataLakeSettings{Parameters: map[string]string{"CROSS_ACCOUNT_VERSION": "3"}, TrustedResourceOwners: []string{f.m},
		CreateTableDefaultPermissions: []types.PrincipalPermissions{{Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: aws.String("IAM_ALLOWED_PRINCIPALS")},
			Permissions: []types.Permission{"ALL"}}}})
	out, err := f.GetDataLakeSettings(f.as("ann"), &lakeformation.GetDataLakeSettingsInput{})
	f.must("get", err)
	g := out.DataLakeSettings
	if *g.DataLakeAdmins[0].DataLakePrincipalIdentifier != f.arn("admin") || g.Parameters["CROSS_ACCOUNT_VERSION"] != "3" || g.Parameters["SET_CONTEXT"] != "TRUE" ||
		len(g.CreateDatabaseDefaultPermissions) != 0 || g.CreateTableDefaultPermissions[0].Permissions[0] != "ALL" || g.ReadOnlyAdmins == nil {
		t.Errorf("%+v", g)
	}
	me, err := f.GetDataLakePrincipal(f.as("ann"), nil)
	if err != nil || *me.Identity != f.arn("ann") {
		t.Error(me, err)
	}
}

func TestTags(t *testing.T) {
	f := open(t)
	tag := func(as, k string, values ...string) error {
		_, err := f.CreateLFTag(f.as(as), &lakeformation.CreateLFTagInput{TagKey: &k, TagValues: values})
		return err
	}
	f.must("tag", tag("admin", "Level", "Open", "secret"))
	f.fails("again", tag("admin", "level", "x"), invalid, "exists")
	f.fails("by who may not", tag("ann", "hers", "x"), denied, "Create Lf Tag")
	put := func(as string, r *types.Resource, k, v string) string {
		out, err := f.AddLFTagsToResource(f.as(as), &lakeformation.AddLFTagsToResourceInput{Resource: r, LFTags: []types.LFTagPair{{TagKey: &k, TagValues: []string{v}}}})
		if err != nil {
			return fmt.Sprintf("%T", err)
		}
		if len(out.Failures) > 0 {
			return *out.Failures[0].Error.ErrorCode
		}
		return ""
	}
	for want, got := range map[string]string{
		"":                             put("admin", f.database(), "level", "open"),
		"EntityNotFoundException":      put("admin", f.database(), "level", "nothing"),
		"EntityNotFoundException ":     put("admin", f.database(), "nothing", "open") + " ",
		"*types.AccessDeniedException": put("ann", f.database(), "level", "open"),
		" ":                            put("admin", f.columns("customer_id"), "level", "secret") + " ",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	got, err := f.GetResourceLFTags(f.as("admin"), &lakeformation.GetResourceLFTagsInput{Resource: f.orders()})
	f.must("get", err)
	show := ""
	for _, c := range got.LFTagsOnColumns {
		show += *c.Name + "=" + c.LFTags[0].TagValues[0] + " "
	}
	if show != "order_id=open customer_id=secret country=open " || got.LFTagsOnTable[0].TagValues[0] != "open" || got.LFTagOnDatabase[0].TagValues[0] != "open" {
		t.Errorf("%s %+v", show, got)
	}
	got, err = f.GetResourceLFTags(f.as("admin"), &lakeformation.GetResourceLFTagsInput{Resource: f.orders(), ShowAssignedLFTags: aws.Bool(true)})
	if err != nil || len(got.LFTagsOnTable) != 0 || len(got.LFTagsOnColumns) != 1 {
		t.Errorf("assigned: %+v, %v", got, err)
	}

	open := []types.LFTag{{TagKey: aws.String("level"), TagValues: []string{"open"}}}
	policy := &types.Resource{LFTagPolicy: &types.LFTagPolicyResource{ResourceType: types.ResourceTypeTable, Expression: open}}
	f.must("grant", f.grant("admin", "ann", "SELECT", policy))
	if got := f.lists("admin", "ann", nil); got != "tags SELECT" {
		t.Error(got)
	}
	for _, as := range []string{"admin", "ann"} {
		found, err := f.SearchTablesByLFTags(f.as(as), &lakeformation.SearchTablesByLFTagsInput{Expression: open})
		if as == "ann" {
			f.fails("a search by tags that she may not see", err, denied, "Describe")
			f.must("", f.grant("admin", "ann", "DESCRIBE", &types.Resource{LFTag: &types.LFTagKeyResource{TagKey: aws.String("level"), TagValues: []string{"open"}}}))
			found, err = f.SearchTablesByLFTags(f.as(as), &lakeformation.SearchTablesByLFTagsInput{Expression: open})
		}
		if err != nil || len(found.TableList) != 1 || *found.TableList[0].Table.Name != "orders" {
			t.Errorf("%s finds %+v, %v", as, found, err)
		}
	}
	databases, err := f.SearchDatabasesByLFTags(f.as("admin"), &lakeformation.SearchDatabasesByLFTagsInput{Expression: open})
	if err != nil || len(databases.DatabaseList) != 1 {
		t.Errorf("%+v, %v", databases, err)
	}
	one, err := f.GetLFTag(f.as("ann"), &lakeformation.GetLFTagInput{TagKey: aws.String("level")})
	if err != nil || !slices.Equal(one.TagValues, []string{"open"}) {
		t.Errorf("she sees %+v, %v", one, err)
	}
	all, err := f.ListLFTags(f.as("bob"), &lakeformation.ListLFTagsInput{})
	if err != nil || len(all.LFTags) != 0 {
		t.Errorf("bob sees %+v, %v", all, err)
	}
	change := func(add, remove []string) error {
		_, err := f.UpdateLFTag(f.as("admin"), &lakeformation.UpdateLFTagInput{TagKey: aws.String("level"), TagValuesToAdd: add, TagValuesToDelete: remove})
		return err
	}
	f.fails("a value in use", change(nil, []string{"open"}), invalid, "Update not allowed")
	f.fails("a value that isn't", change(nil, []string{"x"}), missing, "")
	f.must("update", change([]string{"new"}, nil))
	f.must("update", change(nil, []string{"new"}))
	_, err = f.CreateLFTagExpression(f.as("admin"), &lakeformation.CreateLFTagExpressionInput{Name: aws.String("e"), Expression: open})
	f.must("expression", err)
	_, err = f.CreateLFTagExpression(f.as("admin"), &lakeformation.CreateLFTagExpressionInput{Name: aws.String("e"), Expression: open})
	f.fails("again", err, invalid, "exists")
	saved := &types.Resource{LFTagPolicy: &types.LFTagPolicyResource{ResourceType: types.ResourceTypeTable, ExpressionName: aws.String("e")}}
	f.must("grant", f.grant("admin", "bob", "SELECT", saved))
	_, err = f.GetLFTagExpression(f.as("bob"), &lakeformation.GetLFTagExpressionInput{Name: aws.String("e")})
	f.fails("who may not see it", err, denied, "")
	_, err = f.UpdateLFTagExpression(f.as("admin"), &lakeformation.UpdateLFTagExpressionInput{Name: aws.String("e"), Expression: []types.LFTag{{TagKey: aws.String("level"), TagValues: []string{"secret"}}}})
	f.must("update", err)
	_, err = f.DeleteLFTagExpression(f.as("admin"), &lakeformation.DeleteLFTagExpressionInput{Name: aws.String("e")})
	f.must("delete", err)
	if got := f.lists("admin", "bob", nil); got != "" {
		t.Errorf("after its expression is gone bob has %q", got)
	}
	off, err := f.RemoveLFTagsFromResource(f.as("admin"), &lakeformation.RemoveLFTagsFromResourceInput{Resource: f.columns("customer_id"),
		LFTags: []types.LFTagPair{{TagKey: aws.String("level"), TagValues: []string{"open"}}}})
	if err != nil || len(off.Failures) != 1 {
		t.Errorf("another value: %+v, %v", off, err)
	}
	_, err = f.DeleteLFTag(f.as("ann"), &lakeformation.DeleteLFTagInput{TagKey: aws.String("level")})
	f.fails("by ann", err, denied, "")
	_, err = f.DeleteLFTag(f.as("admin"), &lakeformation.DeleteLFTagInput{TagKey: aws.String("level")})
	f.must("delete", err)
	got, err = f.GetResourceLFTags(f.as("admin"), &lakeformation.GetResourceLFTagsInput{Resource: f.orders()})
	if err != nil || len(got.LFTagsOnTable)+len(got.LFTagOnDatabase)+len(got.LFTagsOnColumns) != 0 {
		t.Errorf("tags of a tag that is gone: %+v, %v", got, err)
	}
	if got := f.lists("admin", "ann", nil); got != "" {
		t.Errorf("after its tag is gone ann has %q", got)
	}
}
