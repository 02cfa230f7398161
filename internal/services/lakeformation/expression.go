package lakeformation

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

func expressionResource(catalog, name string) governance.Resource {
	return governance.Resource{Kind: governance.TagExpression, Catalog: catalog, Name: name}
}

// saved reads a tag expression for a caller who may do p with it.
func (s *Service) saved(ctx context.Context, tx *store.Tx, catalog string, name *string, p governance.Permissions) (governance.SavedExpression, store.Key, error) {
	r := expressionResource(catalog, aws.ToString(name))
	k := key(ctx, r.Account(), r.Name)
	e, err := s.Ledger.Expressions.Get(tx, k)
	if err != nil {
		return e, k, absent(err, notFound("Tag expression not found: %s", r.Name))
	}
	return e, k, s.require(ctx, r, p)
}

// CreateLFTagExpression keeps a tag expression under a name.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_CreateLFTagExpression.html
func (s *Service) CreateLFTagExpression(ctx context.Context, in *lakeformation.CreateLFTagExpressionInput) (*lakeformation.CreateLFTagExpressionOutput, error) {
	r := expressionResource(catalogOf(ctx, in.CatalogId), aws.ToString(in.Name))
	return done(&lakeformation.CreateLFTagExpressionOutput{}, s.update(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := s.mayMake(ctx, catalogResource(r.Catalog), governance.CreateTagExpression); err != nil {
			return err
		}
		e := governance.SavedExpression{Name: r.Name, Description: aws.ToString(in.Description)}
		var err error
		if e.Expression, err = s.usable(ctx, tx, r.Catalog, in.Expression); err != nil {
			return err
		}
		err = s.Ledger.Expressions.Insert(tx, key(ctx, r.Account(), r.Name), e)
		if errors.Is(err, store.ErrExists) {
			return invalid("Tag expression already exists: %s", r.Name)
		}
		if err != nil {
			return err
		}
		return s.owns(ctx, tx, r)
	}))
}

// usable reads an expression of tags that are there and that the caller may grant by.
func (s *Service) usable(ctx context.Context, tx *store.Tx, catalog string, given []types.LFTag) ([]governance.TagValues, error) {
	e, err := expressionOf(given)
	if err != nil {
		return nil, err
	}
	if err := s.hasTags(ctx, tx, catalog, e); err != nil {
		return nil, err
	}
	for _, t := range e {
		if err := s.require(ctx, tagResource(catalog, t.Key, t.Values...), governance.GrantWithTagExpression); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// GetLFTagExpression shows a tag expression.
func (s *Service) GetLFTagExpression(ctx context.Context, in *lakeformation.GetLFTagExpressionInput) (*lakeformation.GetLFTagExpressionOutput, error) {
	out := &lakeformation.GetLFTagExpressionOutput{}
	return done(out, s.view(ctx, func(ctx context.Context, tx *store.Tx) error {
		catalog := catalogOf(ctx, in.CatalogId)
		e, _, err := s.saved(ctx, tx, catalog, in.Name, governance.Describe)
		out.CatalogId, out.Name, out.Description, out.Expression = &catalog, &e.Name, &e.Description, expression(e.Expression)
		return err
	}))
}

// UpdateLFTagExpression replaces description and expression. What is granted by it follows.
func (s *Service) UpdateLFTagExpression(ctx context.Context, in *lakeformation.UpdateLFTagExpressionInput) (*lakeformation.UpdateLFTagExpressionOutput, error) {
	return done(&lakeformation.UpdateLFTagExpressionOutput{}, s.update(ctx, func(ctx context.Context, tx *store.Tx) error {
		catalog := catalogOf(ctx, in.CatalogId)
		e, k, err := s.saved(ctx, tx, catalog, in.Name, governance.Alter)
		if err != nil {
			return err
		}
		if in.Description != nil {
			e.Description = *in.Description
		}
		if e.Expression, err = s.usable(ctx, tx, catalog, in.Expression); err != nil {
			return err
		}
		return s.Ledger.Expressions.Put(tx, k, e)
	}))
}

// ListLFTagExpressions lists the tag expressions that the caller may see.
func (s *Service) ListLFTagExpressions(ctx context.Context, in *lakeformation.ListLFTagExpressionsInput) (*lakeformation.ListLFTagExpressionsOutput, error) {
	out := &lakeformation.ListLFTagExpressionsOutput{LFTagExpressions: []types.LFTagExpression{}}
	return done(out, s.view(ctx, func(ctx context.Context, tx *store.Tx) error {
		catalog, call := catalogOf(ctx, in.CatalogId), wire.CallOf(ctx)
		rows, err := s.Ledger.Expressions.List(tx, store.Range{Account: catalogResource(catalog).Account(), Region: call.Region})
		if err != nil {
			return err
		}
		names := make([]governance.Resource, len(rows))
		for i, r := range rows {
			names[i] = expressionResource(catalog, r.Value.Name)
		}
		access, err := s.Ledger.AccessAll(ctx, call.Principal, call.Region, names)
		if err != nil {
			return err
		}
		var list []governance.SavedExpression
		for i, r := range rows {
			if access[i].Permissions() != 0 {
				list = append(list, r.Value)
			}
		}
		list, out.NextToken, err = page(ctx, list, func(e governance.SavedExpression) string { return e.Name }, in.MaxResults, in.NextToken)
		for _, e := range list {
			out.LFTagExpressions = append(out.LFTagExpressions, types.LFTagExpression{CatalogId: &catalog, Name: aws.String(e.Name),
				Description: aws.String(e.Description), Expression: expression(e.Expression)})
		}
		return err
	}))
}

// DeleteLFTagExpression removes a tag expression with the grants that use it.
func (s *Service) DeleteLFTagExpression(ctx context.Context, in *lakeformation.DeleteLFTagExpressionInput) (*lakeformation.DeleteLFTagExpressionOutput, error) {
	return done(&lakeformation.DeleteLFTagExpressionOutput{}, s.update(ctx, func(ctx context.Context, tx *store.Tx) error {
		catalog := catalogOf(ctx, in.CatalogId)
		e, k, err := s.saved(ctx, tx, catalog, in.Name, governance.Drop)
		if err != nil {
			return err
		}
		if err := s.dropGrantsOn(ctx, tx, func(g governance.Grant) bool {
			return g.Resource.Catalog == catalog && g.Resource.Name == e.Name
		}); err != nil {
			return err
		}
		return s.Ledger.Expressions.Delete(tx, k)
	}))
}
