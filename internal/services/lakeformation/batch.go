package lakeformation

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
	"github.com/aws/smithy-go"
)

// maxEntries is how many changes a batch has.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_BatchGrantPermissions.html
const maxEntries = 20

// BatchGrantPermissions makes several grants, each by itself.
func (s *Service) BatchGrantPermissions(ctx context.Context, in *lakeformation.BatchGrantPermissionsInput) (*lakeformation.BatchGrantPermissionsOutput, error) {
	failures, err := s.batch(ctx, in.CatalogId, in.Entries, s.grant)
	return done(&lakeformation.BatchGrantPermissionsOutput{Failures: failures}, err)
}

func (s *Service) batchGrantTargets(ctx context.Context, in *lakeformation.BatchGrantPermissionsInput) ([]wire.Target, error) {
	return batchTargets(ctx, in.CatalogId, in.Entries)
}

// BatchRevokePermissions makes several revokes, each by itself.
func (s *Service) BatchRevokePermissions(ctx context.Context, in *lakeformation.BatchRevokePermissionsInput) (*lakeformation.BatchRevokePermissionsOutput, error) {
	failures, err := s.batch(ctx, in.CatalogId, in.Entries, s.revoke)
	return done(&lakeformation.BatchRevokePermissionsOutput{Failures: failures}, err)
}

func (s *Service) batchRevokeTargets(ctx context.Context, in *lakeformation.BatchRevokePermissionsInput) ([]wire.Target, error) {
	return batchTargets(ctx, in.CatalogId, in.Entries)
}

func batchTargets(ctx context.Context, catalog *string, entries []types.BatchPermissionsRequestEntry) ([]wire.Target, error) {
	out := []wire.Target{{Resource: "*"}}
	type place struct{ resource, account string }
	asked := map[place]bool{}
	for _, e := range entries {
		list, err := changeTargets(ctx, catalog, e.Resource, e.Principal)
		if err != nil {
			return nil, err
		}
		for _, t := range list {
			if p := (place{t.Resource, t.Account}); !asked[p] {
				asked[p] = true
				out = append(out, t)
			}
		}
	}
	return out, nil
}

// batch does every entry in a part of the transaction that is undone alone.
func (s *Service) batch(ctx context.Context, catalog *string, entries []types.BatchPermissionsRequestEntry,
	do func(context.Context, *store.Tx, change) error) ([]types.BatchPermissionsFailureEntry, error) {
	failures := []types.BatchPermissionsFailureEntry{}
	if len(entries) > maxEntries {
		return nil, invalid("A batch has at most %d entries.", maxEntries)
	}
	ids := map[string]bool{}
	for _, e := range entries {
		if id := aws.ToString(e.Id); ids[id] {
			return nil, invalid("The id %s is in the batch more than once.", id)
		}
		ids[aws.ToString(e.Id)] = true
	}
	err := s.update(ctx, func(ctx context.Context, _ *store.Tx) error {
		for _, e := range entries {
			c := change{catalog, e.Principal, e.Resource, e.Permissions, e.PermissionsWithGrantOption, e.Condition != nil}
			err := s.update(ctx, func(ctx context.Context, tx *store.Tx) error { return do(ctx, tx, c) })
			var refused smithy.APIError
			switch {
			case errors.As(err, &refused):
				failures = append(failures, types.BatchPermissionsFailureEntry{RequestEntry: &e, Error: fault(refused)})
			case err != nil:
				return err
			}
		}
		return nil
	})
	return failures, err
}

func fault(e smithy.APIError) *types.ErrorDetail {
	return &types.ErrorDetail{ErrorCode: aws.String(e.ErrorCode()), ErrorMessage: aws.String(e.ErrorMessage())}
}
