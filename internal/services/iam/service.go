package iam

import (
	"context"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/atelier-studio/atelier/internal/wire/codec"
)

// Config is what the service needs.
type Config struct {
	Directory *identity.Directory
	Clock     clock.Clock
}

// Service is IAM.
type Service struct {
	d         *identity.Directory
	clock     clock.Clock
	deletions *store.Table[deletion]
}

// New makes the service.
func New(c Config) *Service {
	return &Service{d: c.Directory, clock: c.Clock, deletions: store.NewTable[deletion](c.Directory.Store(), "iam_deletion")}
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "iam" }

// Codec tells the wire layer the unions of the API.
func (*Service) Codec() []codec.Option { return []codec.Option{codec.Unions(unions()...)} }

// view runs f on a snapshot, with the caller's account.
func (s *Service) view(ctx context.Context, f func(tx *store.Tx, account string) error) error {
	account := wire.CallOf(ctx).Account()
	return s.d.Store().View(ctx, func(tx *store.Tx) error { return f(tx, account) })
}

// update runs f in one transaction, with the caller's account.
func (s *Service) update(ctx context.Context, f func(tx *store.Tx, account string) error) error {
	account := wire.CallOf(ctx).Account()
	return s.d.Store().Update(ctx, func(tx *store.Tx) error { return f(tx, account) })
}

// now is the time as IAM keeps it, in whole seconds.
func (s *Service) now() time.Time { return s.clock.Now().UTC().Truncate(time.Second) }

// done is an answer or an error, never both.
func done[O any](out *O, err error) (*O, error) {
	if err != nil {
		return nil, err
	}
	return out, nil
}
