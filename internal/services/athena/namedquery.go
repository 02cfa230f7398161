package athena

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/google/uuid"
)

// byWorkgroup is the index of named queries by workgroup.
const byWorkgroup = "workgroup"

// namedQuery is a named query as it is kept, under its id.
type namedQuery struct{ types.NamedQuery }

// MarshalJSON leaves out what is not set.
func (n namedQuery) MarshalJSON() ([]byte, error) {
	return catalog.Compact(json.Marshal(n.NamedQuery))
}

func missingNamed(id string) error { return invalid("NamedQuery %s was not found.", id) }

func (s *Service) namedQuery(ctx context.Context, id string) (n namedQuery, err error) {
	call := wire.CallOf(ctx)
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		n, err = s.named.Get(tx, store.Key{Account: call.Account(), Region: call.Region, ID: id})
		return err
	})
	return n, err
}

// onNamed names the workgroups of named queries. One that is not there is in the primary one.
func (s *Service) onNamed(ctx context.Context, ids ...string) ([]wire.Target, error) {
	var groups []*string
	for _, id := range ids {
		n, err := s.namedQuery(ctx, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		groups = append(groups, n.WorkGroup)
	}
	return onWorkgroup(ctx, distinct(groups)...)
}

func distinct(names []*string) []*string {
	seen := map[string]bool{}
	var out []*string
	for _, n := range names {
		if !seen[orPrimary(n)] {
			seen[orPrimary(n)] = true
			out = append(out, n)
		}
	}
	return out
}

// CreateNamedQuery saves a query under a name.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_CreateNamedQuery.html
func (s *Service) CreateNamedQuery(ctx context.Context, in *athena.CreateNamedQueryInput) (*athena.CreateNamedQueryOutput, error) {
	call := wire.CallOf(ctx)
	var out *athena.CreateNamedQueryOutput
	err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientRequestToken, in, func() (*athena.CreateNamedQueryOutput, error) {
			if _, err := s.workgroup(tx, call.Account(), call.Region, orPrimary(in.WorkGroup)); err != nil {
				return nil, err
			}
			id := uuid.NewString()
			n := namedQuery{types.NamedQuery{NamedQueryId: &id, Name: in.Name, Database: in.Database, QueryString: in.QueryString,
				Description: in.Description, WorkGroup: aws.String(orPrimary(in.WorkGroup))}}
			return &athena.CreateNamedQueryOutput{NamedQueryId: &id},
				s.named.Insert(tx, store.Key{Account: call.Account(), Region: call.Region, ID: id}, n)
		})
		return tokenFault(err)
	})
	return out, err
}

// tokenFault answers a client token that came with another request before.
func tokenFault(err error) error {
	if errors.Is(err, wire.ErrTokenReused) {
		return invalid("Idempotent parameters do not match")
	}
	return err
}

func (s *Service) createNamedQueryTargets(ctx context.Context, in *athena.CreateNamedQueryInput) ([]wire.Target, error) {
	return onWorkgroup(ctx, in.WorkGroup)
}

// GetNamedQuery reads a named query.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_GetNamedQuery.html
func (s *Service) GetNamedQuery(ctx context.Context, in *athena.GetNamedQueryInput) (*athena.GetNamedQueryOutput, error) {
	n, err := s.namedQuery(ctx, *in.NamedQueryId)
	return &athena.GetNamedQueryOutput{NamedQuery: &n.NamedQuery}, absent(err, missingNamed(*in.NamedQueryId))
}

func (s *Service) getNamedQueryTargets(ctx context.Context, in *athena.GetNamedQueryInput) ([]wire.Target, error) {
	return s.onNamed(ctx, *in.NamedQueryId)
}

// BatchGetNamedQuery reads named queries, in the order asked.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_BatchGetNamedQuery.html
func (s *Service) BatchGetNamedQuery(ctx context.Context, in *athena.BatchGetNamedQueryInput) (*athena.BatchGetNamedQueryOutput, error) {
	out := &athena.BatchGetNamedQueryOutput{NamedQueries: []types.NamedQuery{}, UnprocessedNamedQueryIds: []types.UnprocessedNamedQueryId{}}
	for _, id := range in.NamedQueryIds {
		n, err := s.namedQuery(ctx, id)
		switch {
		case errors.Is(err, store.ErrNotFound):
			out.UnprocessedNamedQueryIds = append(out.UnprocessedNamedQueryIds, types.UnprocessedNamedQueryId{NamedQueryId: aws.String(id),
				ErrorCode: aws.String("INVALID_INPUT"), ErrorMessage: aws.String("NamedQuery " + id + " was not found.")})
		case err != nil:
			return nil, err
		default:
			out.NamedQueries = append(out.NamedQueries, n.NamedQuery)
		}
	}
	return out, nil
}

func (s *Service) batchGetNamedQueryTargets(ctx context.Context, in *athena.BatchGetNamedQueryInput) ([]wire.Target, error) {
	return s.onNamed(ctx, in.NamedQueryIds...)
}

// ListNamedQueries lists the ids of a workgroup's named queries.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_ListNamedQueries.html
func (s *Service) ListNamedQueries(ctx context.Context, in *athena.ListNamedQueriesInput) (*athena.ListNamedQueriesOutput, error) {
	call := wire.CallOf(ctx)
	ids := []string{}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		if _, err := s.workgroup(tx, call.Account(), call.Region, orPrimary(in.WorkGroup)); err != nil {
			return err
		}
		rows, err := s.named.Find(tx, byWorkgroup, orPrimary(in.WorkGroup), store.Range{Account: call.Account(), Region: call.Region})
		for _, r := range rows {
			ids = append(ids, r.Key.ID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	ids, next, err := page(ctx, ids, func(id string) string { return id }, in.MaxResults, in.NextToken)
	return &athena.ListNamedQueriesOutput{NamedQueryIds: ids, NextToken: next}, err
}

func (s *Service) listNamedQueriesTargets(ctx context.Context, in *athena.ListNamedQueriesInput) ([]wire.Target, error) {
	return onWorkgroup(ctx, in.WorkGroup)
}

// UpdateNamedQuery changes a named query.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_UpdateNamedQuery.html
func (s *Service) UpdateNamedQuery(ctx context.Context, in *athena.UpdateNamedQueryInput) (*athena.UpdateNamedQueryOutput, error) {
	call := wire.CallOf(ctx)
	k := store.Key{Account: call.Account(), Region: call.Region, ID: *in.NamedQueryId}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		n, err := s.named.Get(tx, k)
		if err != nil {
			return absent(err, missingNamed(k.ID))
		}
		n.Name, n.QueryString = in.Name, in.QueryString
		set(&n.Description, in.Description)
		return s.named.Put(tx, k, n)
	})
	if err != nil {
		return nil, err
	}
	return &athena.UpdateNamedQueryOutput{}, nil
}

func (s *Service) updateNamedQueryTargets(ctx context.Context, in *athena.UpdateNamedQueryInput) ([]wire.Target, error) {
	return s.onNamed(ctx, *in.NamedQueryId)
}

// DeleteNamedQuery forgets a named query.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_DeleteNamedQuery.html
func (s *Service) DeleteNamedQuery(ctx context.Context, in *athena.DeleteNamedQueryInput) (*athena.DeleteNamedQueryOutput, error) {
	call := wire.CallOf(ctx)
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		return absent(s.named.Delete(tx, store.Key{Account: call.Account(), Region: call.Region, ID: *in.NamedQueryId}), missingNamed(*in.NamedQueryId))
	})
	if err != nil {
		return nil, err
	}
	return &athena.DeleteNamedQueryOutput{}, nil
}

func (s *Service) deleteNamedQueryTargets(ctx context.Context, in *athena.DeleteNamedQueryInput) ([]wire.Target, error) {
	return s.onNamed(ctx, *in.NamedQueryId)
}
