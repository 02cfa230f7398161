package glue

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// unfiltered is a table for an engine that cuts partitions itself.
type unfiltered struct {
	catalog.Table
	authorized []string // columns that the caller may read
	registered bool
}

// wholeTable reads a table whose partitions an engine that cuts tables itself asks for: the rules of
// GetUnfilteredTableMetadata.
func (s *Service) wholeTable(ctx context.Context, r governance.Resource, region *string, supported []types.PermissionType) (u unfiltered, err error) {
	if err := here(ctx, region); err != nil {
		return u, err
	}
	t, a, err := s.table(ctx, r, governance.Describe)
	if err != nil {
		return u, err
	}
	if !a.May(governance.Select) {
		return u, insufficient(governance.Select, t.Resource())
	}
	if err := s.trusted(ctx, t.Resource().Account(), a); err != nil {
		return u, err
	}
	if err := permissionType(a, supported); err != nil {
		return u, err
	}
	u.Table = t
	for _, c := range t.Columns() {
		if name := aws.ToString(c.Name); a.Reads(name) {
			u.authorized = append(u.authorized, name)
		}
	}
	if path := t.Location(); path != "" {
		_, u.registered, err = s.Ledger.LocationOf(ctx, t.Resource().Account(), wire.CallOf(ctx).Region, path)
	}
	return u, err
}

// unfilteredTargets adds what an engine needs to data of Lake Formation.
func (s *Service) unfilteredTargets(ctx context.Context, r governance.Resource) ([]wire.Target, error) {
	list, err := s.on(ctx, r)
	return append(list, wire.Target{Action: "lakeformation:GetDataAccess", Resource: "*"}), err
}

// GetUnfilteredPartitionMetadata gives an engine that cuts tables itself all columns of a partition, and which of them the caller
// may read.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetUnfilteredPartitionMetadata.html
func (s *Service) GetUnfilteredPartitionMetadata(ctx context.Context, in *glue.GetUnfilteredPartitionMetadataInput) (*glue.GetUnfilteredPartitionMetadataOutput, error) {
	u, err := s.wholeTable(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName), in.Region, in.SupportedPermissionTypes)
	if err != nil {
		return nil, err
	}
	p, err := s.partition(ctx, u.Table, governance.Access{ByIAM: true}, in.PartitionValues)
	if err != nil {
		return nil, err
	}
	return &glue.GetUnfilteredPartitionMetadataOutput{Partition: &p, AuthorizedColumns: u.authorized, IsRegisteredWithLakeFormation: u.registered}, nil
}

func (s *Service) getUnfilteredPartitionMetadataTargets(ctx context.Context, in *glue.GetUnfilteredPartitionMetadataInput) ([]wire.Target, error) {
	return s.unfilteredTargets(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}

// GetUnfilteredPartitionsMetadata is GetUnfilteredPartitionMetadata for the partitions that fit an expression.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetUnfilteredPartitionsMetadata.html
func (s *Service) GetUnfilteredPartitionsMetadata(ctx context.Context, in *glue.GetUnfilteredPartitionsMetadataInput) (*glue.GetUnfilteredPartitionsMetadataOutput, error) {
	u, err := s.wholeTable(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName), in.Region, in.SupportedPermissionTypes)
	if err != nil {
		return nil, err
	}
	list, next, err := s.listPartitions(ctx, u.Table, governance.Access{ByIAM: true}, listing{expression: in.Expression, segment: in.Segment, max: in.MaxResults, token: in.NextToken})
	if err != nil {
		return nil, err
	}
	out := &glue.GetUnfilteredPartitionsMetadataOutput{NextToken: next, UnfilteredPartitions: []types.UnfilteredPartition{}}
	for i := range list {
		out.UnfilteredPartitions = append(out.UnfilteredPartitions, types.UnfilteredPartition{Partition: &list[i], AuthorizedColumns: u.authorized,
			IsRegisteredWithLakeFormation: u.registered})
	}
	return out, nil
}

func (s *Service) getUnfilteredPartitionsMetadataTargets(ctx context.Context, in *glue.GetUnfilteredPartitionsMetadataInput) ([]wire.Target, error) {
	return s.unfilteredTargets(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.TableName))
}
