package lambda

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// readyJob makes a version ready: its code is unpacked, and its runtime is there.
const readyJob = "lambda.ready"

// readying is which version is made ready. Of a version that was changed since, nothing is written.
type readying struct {
	Account, Region, Name, Number, Revision string
	Sums                                    []string
	Runtime                                 string
}

// prepare has a version made ready after the commit.
func (s *Service) prepare(tx *store.Tx, k store.Key, v version) error {
	_, err := tx.Enqueue(readyJob, readying{k.Account, k.Region, k.ID, *v.Version, *v.RevisionId, append([]string{v.Code}, v.LayerCode...), string(v.Runtime)})
	return err
}

// makeReady unpacks code and writes that a version can be used, or why not.
func (s *Service) makeReady(ctx context.Context, in readying) error {
	_, err := jobs.Step(ctx, "ready", func(ctx context.Context) (bool, error) {
		var why error
		for _, sum := range in.Sums {
			if _, err := s.shelf.open(ctx, sum); err != nil {
				why = err
			}
		}
		if why == nil {
			why = s.Sandbox.Check(ctx, in.Runtime)
		}
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		return why == nil, s.became(ctx, in, why)
	})
	return err
}

// readyAgain has versions made ready that an earlier run left unready, should their jobs be gone.
func (s *Service) readyAgain(ctx context.Context) error {
	left := map[store.Key]version{}
	if err := s.image.Read(ctx, func() {
		for at, v := range s.versions.Rows() {
			if v.State == types.StatePending || v.LastUpdateStatus == types.LastUpdateStatusInProgress {
				left[at] = v
			}
		}
	}); err != nil || len(left) == 0 {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		for at, v := range left {
			at.ID, _, _ = strings.Cut(at.ID, "/")
			if err := s.prepare(tx, at, v); err != nil {
				return err
			}
		}
		return nil
	})
}

// became writes what came of making a version ready.
func (s *Service) became(ctx context.Context, in readying, why error) error {
	k := store.Key{Account: in.Account, Region: in.Region, ID: in.Name}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		at := versionKey(k, in.Number)
		v, err := s.versions.Get(tx, at)
		if absent(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if *v.RevisionId != in.Revision {
			return nil
		}
		v.settle(why)
		return s.versions.Put(tx, at, v)
	})
}

// settle ends the change that a version is in.
func (v *version) settle(why error) {
	first := v.State == types.StatePending
	if why == nil {
		v.State, v.StateReason, v.StateReasonCode = types.StateActive, nil, ""
		v.LastUpdateStatus, v.LastUpdateStatusReason, v.LastUpdateStatusReasonCode = types.LastUpdateStatusSuccessful, nil, ""
		return
	}
	reason := aws.String(why.Error())
	v.LastUpdateStatus, v.LastUpdateStatusReason, v.LastUpdateStatusReasonCode = types.LastUpdateStatusFailed, reason, types.LastUpdateStatusReasonCodeInternalError
	if first {
		v.State, v.StateReason, v.StateReasonCode = types.StateFailed, reason, types.StateReasonCodeInternalError
	}
}

// inUse lists the code that functions and layers have.
func (s *Service) inUse(ctx context.Context) (map[string]bool, error) {
	used := map[string]bool{}
	err := s.image.Read(ctx, func() {
		for _, v := range s.versions.Rows() {
			used[v.Code] = true
			for _, sum := range v.LayerCode {
				used[sum] = true
			}
		}
		for _, l := range s.layers.Rows() {
			used[l.Code] = true
		}
	})
	return used, err
}
