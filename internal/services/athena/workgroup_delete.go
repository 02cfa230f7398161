package athena

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
)

// DeleteWorkGroup removes a workgroup. One with named queries, prepared statements or executions goes only with
// RecursiveDeleteOption.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_DeleteWorkGroup.html
func (s *Service) DeleteWorkGroup(ctx context.Context, in *athena.DeleteWorkGroupInput) (*athena.DeleteWorkGroupOutput, error) {
	call := wire.CallOf(ctx)
	name := *in.WorkGroup
	if name == primary {
		return nil, invalid("The primary workgroup cannot be deleted")
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		all := store.Range{Account: call.Account(), Region: call.Region}
		if _, err := s.workgroup(tx, call.Account(), call.Region, name); err != nil {
			return err
		}
		named, err := s.named.Find(tx, byWorkgroup, name, all)
		if err != nil {
			return err
		}
		all.Prefix = name + separator
		statements, err := s.prepared.List(tx, all)
		if err != nil {
			return err
		}
		queries, err := s.history.List(tx, all)
		if err != nil {
			return err
		}
		if len(named)+len(statements)+len(queries) > 0 && !aws.ToBool(in.RecursiveDeleteOption) {
			return invalid("WorkGroup %s is not empty", name)
		}
		for _, r := range named {
			if err := s.named.Delete(tx, r.Key); err != nil {
				return err
			}
		}
		for _, r := range statements {
			if err := s.prepared.Delete(tx, r.Key); err != nil {
				return err
			}
		}
		for _, r := range queries {
			k := store.Key{Account: call.Account(), Region: call.Region, ID: r.Value}
			if err := s.history.Delete(tx, r.Key); err != nil {
				return err
			}
			if err := s.executions.Delete(tx, k); err != nil {
				return err
			}
			tx.OnCommit(func() { s.interrupt(k) })
		}
		return s.workgroups.Delete(tx, store.Key{Account: call.Account(), Region: call.Region, ID: name})
	})
	if err != nil {
		return nil, err
	}
	return &athena.DeleteWorkGroupOutput{}, nil
}

func (s *Service) deleteWorkGroupTargets(ctx context.Context, in *athena.DeleteWorkGroupInput) ([]wire.Target, error) {
	return onWorkgroup(ctx, in.WorkGroup)
}
