package glue_test

import (
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func TestUnfilteredMetadata(t *testing.T) {
	f, ctx := open(t), t.Context()
	f.govern()
	f.database("sales")
	f.table("sales", "orders", "id", "country", "customer")
	p := f.user("ana", all)
	who := p
	get := func(supported ...types.PermissionType) (*glue.GetUnfilteredTableMetadataOutput, error) {
		return f.as(who).GetUnfilteredTableMetadata(ctx, &glue.GetUnfilteredTableMetadataInput{CatalogId: &f.account, DatabaseName: aws.String("sales"), Name: aws.String("orders"),
			SupportedPermissionTypes: supported})
	}
	cells := types.PermissionTypeCellFilterPermission
	f.fails("nothing granted", ok(get(cells)), "AccessDeniedException", "Insufficient Lake Formation")
	filter := governance.Filter{Table: f.res("sales", "orders"), Region: region, Name: "de", Columns: &governance.Columns{Excluded: []string{"customer"}}, Rows: "country='DE'", Owner: f.account}
	f.ok(f.st.Update(ctx, func(tx *store.Tx) error { return f.ledger.Filters.Put(tx, filter.Key(), filter) }))
	f.grant(governance.Grant{Principal: p.ARN, Resource: f.res("sales", "orders"), Permissions: governance.Select, Filter: "de"})
	f.fails("not trusted", ok(get(cells)), "AccessDeniedException", "data lake settings")
	f.ok(f.st.Update(ctx, func(tx *store.Tx) error {
		return f.ledger.Settings.Put(tx, governance.SettingsKey(f.account, region), governance.Settings{ExternalFiltering: true,
			ExternalFilteringAllowList: []string{f.account}, AuthorizedSessionTagValues: []string{"engine"}, FullTableAccess: true})
	}))
	f.fails("no tag", ok(get(cells)), "AccessDeniedException", "data lake settings")
	tag := iamtypes.Tag{Key: aws.String("LakeFormationAuthorizedCaller"), Value: aws.String("engine")}
	f.ok(ok(f.iam().TagUser(ctx, &iam.TagUserInput{UserName: aws.String("ana"), Tags: []iamtypes.Tag{tag}})))
	f.fails("a tag that is not the session's", ok(get(cells)), "AccessDeniedException", "data lake settings")
	who.SessionTags = map[string]string{*tag.Key: *tag.Value}
	f.fails("cannot cut", ok(get(types.PermissionTypeColumnPermission)), "PermissionTypeMismatchException", "CELL_FILTER_PERMISSION")
	out, err := get(cells)
	f.ok(err)
	if columnsOf(out.Table) != "id,country,customer" || len(out.AuthorizedColumns) != 2 || len(out.CellFilters) != 2 || *out.CellFilters[1].RowFilterExpression != "country='DE'" ||
		aws.ToString(out.RowFilter) != "country='DE'" || out.QueryAuthorizationId == nil {
		t.Errorf("%+v", out)
	}
	f.grant(governance.Grant{Principal: p.ARN, Resource: f.res("sales", "orders"), Permissions: governance.Select})
	who = p
	if out, err = get(types.PermissionTypeColumnPermission); err != nil || len(out.CellFilters) != 0 || len(out.AuthorizedColumns) != 3 {
		t.Errorf("all of it: %+v %v", out, err)
	}
}
