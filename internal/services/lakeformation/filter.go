package lakeformation

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/governance/rowfilter"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

func cellsFilter(f governance.Filter) types.DataCellsFilter {
	out := types.DataCellsFilter{TableCatalogId: &f.Table.Catalog, DatabaseName: &f.Table.Database, TableName: &f.Table.Table, Name: &f.Name,
		VersionId: &f.Version, RowFilter: &types.RowFilter{}, ColumnNames: []string{}}
	switch {
	case f.Columns == nil:
		out.ColumnWildcard = &types.ColumnWildcard{}
	case len(f.Columns.Names) > 0:
		out.ColumnNames = f.Columns.Names
	default:
		out.ColumnWildcard = &types.ColumnWildcard{ExcludedColumnNames: f.Columns.Excluded}
	}
	if f.Rows == "" {
		out.RowFilter.AllRowsWildcard = &types.AllRowsWildcard{}
	} else {
		out.RowFilter.FilterExpression = &f.Rows
	}
	return out
}

func filterTable(ctx context.Context, catalog, database, table *string) governance.Resource {
	return tableOf(catalogOf(ctx, catalog), database, table)
}

// filterOf reads a filter for a table that has its columns.
func (s *Service) filterOf(ctx context.Context, tx *store.Tx, d *types.DataCellsFilter) (f governance.Filter, err error) {
	call := wire.CallOf(ctx)
	f = governance.Filter{Table: filterTable(ctx, d.TableCatalogId, d.DatabaseName, d.TableName), Region: call.Region, Name: aws.ToString(d.Name),
		Owner: call.Account(), Version: uuid.NewString(), Updated: s.now()}
	t, err := s.table(tx, call.Region, f.Table)
	if err != nil {
		return f, err
	}
	if t.TargetTable != nil {
		return f, invalid("A data cells filter can't be made on a resource link.")
	}
	if f.Columns, err = columnsOf(d.ColumnNames, d.ColumnWildcard); err != nil {
		return f, err
	}
	if err := hasColumns(t, f.Columns, "The table has no such column"); err != nil {
		return f, err
	}
	if d.RowFilter == nil || (d.RowFilter.AllRowsWildcard != nil) == (aws.ToString(d.RowFilter.FilterExpression) != "") {
		return f, invalid("A row filter has either an expression or the wildcard for all rows.")
	}
	f.Rows = strings.TrimSpace(aws.ToString(d.RowFilter.FilterExpression))
	return f, checkRows(t, f.Rows)
}

// checkRows holds a row expression to its grammar and to the columns of the table.
func checkRows(t catalog.Table, rows string) error {
	if rows == "" {
		return nil
	}
	e, err := rowfilter.Parse(rows)
	if err != nil {
		return invalid("The row filter expression is not valid: %s", err)
	}
	used := governance.Columns{}
	for _, c := range rowfilter.Columns(e) {
		used.Names = append(used.Names, c[0])
	}
	return hasColumns(t, &used, "The row filter expression uses a column that the table does not have")
}

// mayFilter is for callers who may grant SELECT on what the filter shows.
func (s *Service) mayFilter(ctx context.Context, f governance.Filter) error {
	call := wire.CallOf(ctx)
	scope := governance.ScopeOf(f.Columns, f.Rows)
	a, err := s.access(ctx, f.Table)
	if err != nil || a.MayPass(governance.Select, scope) {
		return err
	}
	admin, err := s.administers(ctx, call.Account())
	if err != nil {
		return err
	}
	if admin && f.Table.Account() != call.Account() {
		account, err := s.Ledger.AccountAccess(ctx, call.Account(), call.Region, f.Table)
		if err != nil || account.MayGive(governance.Select, scope) {
			return err
		}
	}
	return denied("Insufficient Lake Formation permission(s): Required Select with grant option on %s", f.Table.Table)
}

// CreateDataCellsFilter makes a filter for rows and columns of a table.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_CreateDataCellsFilter.html
func (s *Service) CreateDataCellsFilter(ctx context.Context, in *lakeformation.CreateDataCellsFilterInput) (*lakeformation.CreateDataCellsFilterOutput, error) {
	return done(&lakeformation.CreateDataCellsFilterOutput{}, s.update(ctx, func(ctx context.Context, tx *store.Tx) error {
		f, err := s.filterOf(ctx, tx, in.TableData)
		if err != nil {
			return err
		}
		if err := s.mayFilter(ctx, f); err != nil {
			return err
		}
		err = s.Ledger.Filters.Insert(tx, f.Key(), f)
		if errors.Is(err, store.ErrExists) {
			err = &types.AlreadyExistsException{Message: aws.String("A data cells filter with the name " + f.Name + " exists on the table.")}
		}
		return err
	}))
}

func (s *Service) createFilterTargets(ctx context.Context, in *lakeformation.CreateDataCellsFilterInput) ([]wire.Target, error) {
	return touching(ctx, filterTable(ctx, in.TableData.TableCatalogId, in.TableData.DatabaseName, in.TableData.TableName)), nil
}

func (s *Service) filter(ctx context.Context, tx *store.Tx, catalog, database, table, filter *string) (governance.Filter, error) {
	f := governance.Filter{Table: filterTable(ctx, catalog, database, table), Region: wire.CallOf(ctx).Region, Name: aws.ToString(filter)}
	if f.Name == "" || f.Table.Database == "" || f.Table.Table == "" {
		return f, invalid("A data cells filter has a database, a table and a name.")
	}
	f, err := s.Ledger.Filters.Get(tx, f.Key())
	return f, absent(err, notFound("Data cells filter not found."))
}

// UpdateDataCellsFilter replaces a filter. Whoever was granted it has what the new one shows.
func (s *Service) UpdateDataCellsFilter(ctx context.Context, in *lakeformation.UpdateDataCellsFilterInput) (*lakeformation.UpdateDataCellsFilterOutput, error) {
	d := in.TableData
	return done(&lakeformation.UpdateDataCellsFilterOutput{}, s.update(ctx, func(ctx context.Context, tx *store.Tx) error {
		before, err := s.filter(ctx, tx, d.TableCatalogId, d.DatabaseName, d.TableName, d.Name)
		if err != nil {
			return err
		}
		f, err := s.filterOf(ctx, tx, d)
		if err != nil {
			return err
		}
		if f.Owner != before.Owner {
			return insufficient(governance.Alter, f.Table)
		}
		for _, shown := range []governance.Filter{before, f} {
			if err := s.mayFilter(ctx, shown); err != nil {
				return err
			}
		}
		if d.VersionId != nil && *d.VersionId != before.Version {
			return &types.ConcurrentModificationException{Message: aws.String("The data cells filter was changed meanwhile.")}
		}
		return s.Ledger.Filters.Put(tx, f.Key(), f)
	}))
}

func (s *Service) updateFilterTargets(ctx context.Context, in *lakeformation.UpdateDataCellsFilterInput) ([]wire.Target, error) {
	return touching(ctx, filterTable(ctx, in.TableData.TableCatalogId, in.TableData.DatabaseName, in.TableData.TableName)), nil
}

// DeleteDataCellsFilter removes a filter with all grants of it.
func (s *Service) DeleteDataCellsFilter(ctx context.Context, in *lakeformation.DeleteDataCellsFilterInput) (*lakeformation.DeleteDataCellsFilterOutput, error) {
	return done(&lakeformation.DeleteDataCellsFilterOutput{}, s.update(ctx, func(ctx context.Context, tx *store.Tx) error {
		f, err := s.filter(ctx, tx, in.TableCatalogId, in.DatabaseName, in.TableName, in.Name)
		if err != nil {
			return err
		}
		if err := s.mayDrop(ctx, f); err != nil {
			return err
		}
		if err := s.Ledger.Filters.Delete(tx, f.Key()); err != nil {
			return err
		}
		return s.dropGrants(ctx, tx, f)
	}))
}

func (s *Service) deleteFilterTargets(ctx context.Context, in *lakeformation.DeleteDataCellsFilterInput) ([]wire.Target, error) {
	return touching(ctx, filterTable(ctx, in.TableCatalogId, in.DatabaseName, in.TableName)), nil
}

// mayDrop is for those who could have made the filter, in the account that made it, the table's administrators, and
// those who were granted DROP on it.
func (s *Service) mayDrop(ctx context.Context, f governance.Filter) error {
	admin, err := s.administers(ctx, f.Table.Account())
	if err != nil || admin {
		return err
	}
	own, err := s.ofFilter(ctx, f, func(g governance.Grant) bool { return g.Permissions&(governance.Drop|governance.All) != 0 })
	if err != nil || own {
		return err
	}
	if f.Owner != wire.CallOf(ctx).Account() {
		return insufficient(governance.Drop, f.Table)
	}
	return s.mayFilter(ctx, f)
}

// ofFilter tells whether the caller was granted a filter in a certain way.
func (s *Service) ofFilter(ctx context.Context, f governance.Filter, ok func(governance.Grant) bool) (bool, error) {
	call := wire.CallOf(ctx)
	grants, err := s.Ledger.On(ctx, call.Region, f.Table, false)
	return slices.ContainsFunc(grants, func(g governance.Grant) bool {
		return g.Filter == f.Name && (g.Principal == name(ctx) || g.Principal == call.Account()+everyone) && ok(g)
	}), err
}

// dropGrants removes the grants of a filter by all accounts: those in memory, and what the owner grants at this moment.
func (s *Service) dropGrants(ctx context.Context, tx *store.Tx, f governance.Filter) error {
	grants, err := s.Ledger.On(ctx, f.Region, f.Table, false)
	if err != nil {
		return err
	}
	rows, err := s.Ledger.Grants.List(tx, store.Range{Account: f.Table.Account(), Region: f.Region, Prefix: f.Table.Key() + governance.Separator})
	if err != nil {
		return err
	}
	for _, r := range rows {
		grants = append(grants, r.Value)
	}
	for _, g := range grants {
		if g.Filter != f.Name {
			continue
		}
		if err := s.Ledger.Grants.Delete(tx, g.Key()); absent(err, nil) != nil {
			return err
		}
	}
	return nil
}

// seesFilter tells whether a filter is shown to the caller: who could grant it, and who was granted it.
func (s *Service) seesFilter(ctx context.Context, f governance.Filter) (bool, error) {
	own, err := s.ofFilter(ctx, f, func(governance.Grant) bool { return true })
	if err != nil || own {
		return own, err
	}
	v, err := s.viewer(ctx)
	if err != nil || v.all && (f.Table.Account() == v.call.Account() || f.Owner == v.call.Account()) {
		return err == nil, err
	}
	err = s.mayFilter(ctx, f)
	var refused *types.AccessDeniedException
	if errors.As(err, &refused) {
		return false, nil
	}
	return err == nil, err
}

// GetDataCellsFilter shows one filter.
func (s *Service) GetDataCellsFilter(ctx context.Context, in *lakeformation.GetDataCellsFilterInput) (*lakeformation.GetDataCellsFilterOutput, error) {
	out := &lakeformation.GetDataCellsFilterOutput{}
	return done(out, s.view(ctx, func(ctx context.Context, tx *store.Tx) error {
		f, err := s.filter(ctx, tx, in.TableCatalogId, in.DatabaseName, in.TableName, in.Name)
		if err != nil {
			return err
		}
		ok, err := s.seesFilter(ctx, f)
		if err != nil {
			return err
		}
		if !ok {
			return insufficient(governance.Describe, f.Table)
		}
		shown := cellsFilter(f)
		out.DataCellsFilter = &shown
		return nil
	}))
}

// ListDataCellsFilter lists the filters of a table, or of all tables in the account, that the caller may see.
func (s *Service) ListDataCellsFilter(ctx context.Context, in *lakeformation.ListDataCellsFilterInput) (*lakeformation.ListDataCellsFilterOutput, error) {
	call := wire.CallOf(ctx)
	out := &lakeformation.ListDataCellsFilterOutput{DataCellsFilters: []types.DataCellsFilter{}}
	return done(out, s.view(ctx, func(ctx context.Context, tx *store.Tx) error {
		within := store.Range{Account: call.Account(), Region: call.Region}
		if t := in.Table; t != nil {
			r := tableOf(catalogOf(ctx, t.CatalogId), t.DatabaseName, t.Name)
			if _, err := s.table(tx, call.Region, r); err != nil {
				return err
			}
			within.Account, within.Prefix = r.Account(), r.Key()+governance.Separator
		}
		rows, err := s.Ledger.Filters.List(tx, within)
		if err != nil {
			return err
		}
		var list []governance.Filter
		for _, r := range rows {
			ok, err := s.seesFilter(ctx, r.Value)
			if err != nil {
				return err
			}
			if ok {
				list = append(list, r.Value)
			}
		}
		list, out.NextToken, err = page(ctx, list, func(f governance.Filter) string { return f.Key().ID }, in.MaxResults, in.NextToken)
		for _, f := range list {
			out.DataCellsFilters = append(out.DataCellsFilters, cellsFilter(f))
		}
		return err
	}))
}
