package glue

import (
	"context"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/uuid"
)

// authorizedCaller is the session tag by which an engine of others shows that it cuts what it reads.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/api-overview.html
const authorizedCaller = "LakeFormationAuthorizedCaller"

// trusted asks whether the caller is an engine that cuts tables itself: one of the server's own, or one that the settings of the
// table's account name. Another may have what it may read all of, when the settings say that.
func (s *Service) trusted(ctx context.Context, owner string, a governance.Access) error {
	call := wire.CallOf(ctx)
	if call.Principal.Kind == authz.Service {
		return nil
	}
	settings, err := s.Ledger.SettingsOf(ctx, owner, call.Region)
	if err != nil {
		return err
	}
	tag, tagged := call.Principal.SessionTags[authorizedCaller]
	if settings.ExternalFiltering && tagged && slices.Contains(settings.AuthorizedSessionTagValues, tag) && slices.Contains(settings.ExternalFilteringAllowList, call.Account()) {
		return nil
	}
	if settings.FullTableAccess && a.Whole() {
		return nil
	}
	return &types.AccessDeniedException{Message: aws.String("The caller is not an application that the data lake settings allow to filter data.")}
}

// GetUnfilteredTableMetadata gives an engine that cuts tables itself all columns of a table, and what of it the caller may read.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetUnfilteredTableMetadata.html
func (s *Service) GetUnfilteredTableMetadata(ctx context.Context, in *glue.GetUnfilteredTableMetadataInput) (*glue.GetUnfilteredTableMetadataOutput, error) {
	if err := here(ctx, in.Region); err != nil {
		return nil, err
	}
	wanted := governance.Select
	if len(in.Permissions) > 0 {
		var err error
		if wanted, err = governance.ParsePermissions(in.Permissions); err != nil {
			return nil, invalid("%v", err)
		}
	}
	t, a, err := s.table(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.Name), governance.Describe)
	if err != nil {
		return nil, err
	}
	r := t.Resource()
	if !a.May(wanted) {
		return nil, insufficient(wanted, r)
	}
	if err := s.trusted(ctx, r.Account(), a); err != nil {
		return nil, err
	}
	if err := permissionType(a, in.SupportedPermissionTypes); err != nil {
		return nil, err
	}
	full, err := s.show(ctx, t, governance.Access{ByIAM: true, Admin: true})
	if err != nil {
		return nil, err
	}
	out := &glue.GetUnfilteredTableMetadataOutput{Table: full, IsRegisteredWithLakeFormation: full.IsRegisteredWithLakeFormation,
		ResourceArn: aws.String(r.ARN(wire.CallOf(ctx).Region)), QueryAuthorizationId: queryAuthorization(in.QuerySessionContext), Permissions: held(a)}
	if rows := a.RowFilter(); rows != "" {
		out.RowFilter = aws.String(rows)
	}
	for _, c := range t.Columns() {
		name := aws.ToString(c.Name)
		if !a.Reads(name) {
			continue
		}
		out.AuthorizedColumns = append(out.AuthorizedColumns, name)
		if rows := a.Rows(name); rows != "" {
			out.CellFilters = append(out.CellFilters, types.ColumnRowFilter{ColumnName: c.Name, RowFilterExpression: aws.String(rows)})
		}
	}
	if t.ViewDefinition != nil {
		out.IsProtected = aws.ToBool(t.ViewDefinition.IsProtected)
		out.IsMultiDialectView = len(t.ViewDefinition.Representations) > 0
	}
	return out, nil
}

func (s *Service) getUnfilteredTableMetadataTargets(ctx context.Context, in *glue.GetUnfilteredTableMetadataInput) ([]wire.Target, error) {
	list, err := s.on(ctx, tableOf(ctx, in.CatalogId, in.DatabaseName, in.Name))
	return append(list, wire.Target{Action: "lakeformation:GetDataAccess", Resource: "*"}), err
}

// queryAuthorization names the query that metadata are for: the one that it named before.
func queryAuthorization(q *types.QuerySessionContext) *string {
	if q != nil && aws.ToString(q.QueryAuthorizationId) != "" {
		return q.QueryAuthorizationId
	}
	return aws.String(uuid.NewString())
}

// held are the permissions of a caller, as engines are told of them.
func held(a governance.Access) []types.Permission {
	p := a.Permissions()
	if a.ByIAM {
		p = governance.Select | governance.Alter | governance.Drop | governance.Delete | governance.Insert | governance.Describe
	}
	var out []types.Permission
	for _, n := range p.Names() {
		out = append(out, types.Permission(n))
	}
	return out
}

// permissionType refuses engines that cannot cut a table as the caller's grants ask for.
func permissionType(a governance.Access, supported []types.PermissionType) error {
	need := types.PermissionTypeColumnPermission
	for _, scope := range a.Scopes() {
		if scope.Rows != "" {
			need = types.PermissionTypeCellFilterPermission
		}
	}
	if a.Whole() || a.ByIAM || slices.Contains(supported, need) {
		return nil
	}
	return &types.PermissionTypeMismatchException{Message: aws.String("The table needs permissions of the type " + string(need) + ", which the caller does not support.")}
}
