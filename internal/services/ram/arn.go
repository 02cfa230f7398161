package ram

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/sharing"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/google/uuid"
)

const (
	shareNoun      = "resource-share"
	invitationNoun = "resource-share-invitation"
	permissionNoun = "permission"
)

// read takes an ARN of RAM apart; ok is false for anything else.
func read(noun, name string) (a arn.ARN, id string, ok bool) {
	a, err := arn.Parse(name)
	if err != nil || a.Partition != "aws" || a.Service != "ram" {
		return a, "", false
	}
	id, ok = strings.CutPrefix(a.Resource, noun+"/")
	if noun != permissionNoun {
		ok = ok && len(id) == 36 && uuid.Validate(id) == nil
	}
	return a, id, ok
}

// shareKey is where the share of an ARN is kept.
func shareKey(name string) (store.Key, error) {
	a, id, ok := read(shareNoun, name)
	if !ok {
		return store.Key{}, malformedARN("resource share", name)
	}
	return store.Key{Account: a.Account, Region: a.Region, ID: id}, nil
}

// share finds a share that has not ended, which the caller may see.
func (s *Service) share(ctx context.Context, tx *store.Tx, name string) (sharing.Share, error) {
	k, err := shareKey(name)
	if err != nil {
		return sharing.Share{}, err
	}
	c := wire.CallOf(ctx)
	if k.Account != c.Account() {
		with, err := s.Sharing.SharedWith(ctx, c.Account(), c.Region)
		if err != nil {
			return sharing.Share{}, err
		}
		if !slices.Contains(with, k) {
			return sharing.Share{}, unknown("ResourceShare", name)
		}
	}
	out, err := s.Sharing.Shares.Get(tx, k)
	if err == nil && (out.Status == sharing.Deleted || k.Region != c.Region) {
		err = store.ErrNotFound
	}
	return out, missing(err, unknown("ResourceShare", name))
}

// own finds a share that the caller owns.
func (s *Service) own(ctx context.Context, tx *store.Tx, name string) (sharing.Share, error) {
	out, err := s.share(ctx, tx, name)
	if err == nil && out.Owner != wire.CallOf(ctx).Account() {
		err = notPermitted("The resource share " + name + " is owned by another account.")
	}
	return out, err
}

// change finds a share that the caller owns and may change: what a service made is that service's to change.
func (s *Service) change(ctx context.Context, tx *store.Tx, name string) (sharing.Share, error) {
	out, err := s.own(ctx, tx, name)
	if err == nil {
		err = managed(out)
	}
	return out, err
}

func managed(s sharing.Share) error {
	if s.Service != "" {
		return notPermitted("The resource share " + s.ARN() + " is managed by " + s.Service + ".")
	}
	return nil
}
