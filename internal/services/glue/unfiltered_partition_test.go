package glue_test

import (
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func TestUnfilteredPartitions(t *testing.T) {
	f, ctx := open(t), t.Context()
	f.govern()
	f.partitioned()
	f.parts(part("a", "1"), part("b", "1"), part("b", "2"))
	p := f.user("ana", all)
	columns := []types.PermissionType{types.PermissionTypeColumnPermission}
	one := func() (*glue.GetUnfilteredPartitionMetadataOutput, error) {
		return f.as(p).GetUnfilteredPartitionMetadata(ctx, &glue.GetUnfilteredPartitionMetadataInput{CatalogId: &f.account, DatabaseName: aws.String("sales"),
			TableName: aws.String("orders"), PartitionValues: []string{"a", "1"}, SupportedPermissionTypes: columns})
	}
	some := func() (*glue.GetUnfilteredPartitionsMetadataOutput, error) {
		return f.as(p).GetUnfilteredPartitionsMetadata(ctx, &glue.GetUnfilteredPartitionsMetadataInput{CatalogId: &f.account, DatabaseName: aws.String("sales"),
			TableName: aws.String("orders"), Expression: aws.String("day = 'b'"), MaxResults: aws.Int32(1), SupportedPermissionTypes: columns})
	}
	f.grant(governance.Grant{Principal: p.ARN, Resource: f.res("sales", "orders"), Permissions: governance.Describe})
	f.fails("DESCRIBE alone", ok(one()), "AccessDeniedException", "Required Select on orders")
	f.fails("DESCRIBE alone", ok(some()), "AccessDeniedException", "Required Select on orders")
	f.grant(governance.Grant{Principal: p.ARN, Resource: f.res("sales", "orders"), Permissions: governance.Select})
	f.fails("not trusted", ok(one()), "AccessDeniedException", "data lake settings")
	f.ok(f.st.Update(ctx, func(tx *store.Tx) error {
		return f.ledger.Settings.Put(tx, governance.SettingsKey(f.account, region), governance.Settings{FullTableAccess: true})
	}))
	got, err := one()
	f.ok(err)
	if len(got.AuthorizedColumns) != 4 || len(got.Partition.StorageDescriptor.Columns) != 2 || got.Partition.Values[0] != "a" {
		t.Errorf("%+v", got)
	}
	list, err := some()
	f.ok(err)
	if l := list.UnfilteredPartitions; len(l) != 1 || l[0].Partition.Values[1] != "1" || len(l[0].AuthorizedColumns) != 4 || list.NextToken == nil {
		t.Errorf("%+v", list)
	}
}
