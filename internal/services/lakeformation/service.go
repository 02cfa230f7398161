package lakeformation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/sharing"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

// Config is what the service needs.
type Config struct {
	Store     *store.Store
	Directory *identity.Directory
	Ledger    *governance.Ledger
	Catalog   *catalog.Directory
	Sharing   *sharing.Directory
	Clients   func(p authz.Principal, region string) aws.Config // AWS clients within the server
	Clock     clock.Clock
}

// Service is Lake Formation.
type Service struct{ Config }

// New makes the service.
func New(c Config) *Service { return &Service{c} }

// Name is the service's name in the API facts.
func (*Service) Name() string { return "lakeformation" }

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.AddLFTagsToResource, wire.On(s.addTagsTargets)),
		wire.Op(s.BatchGrantPermissions, wire.On(s.batchGrantTargets)),
		wire.Op(s.BatchRevokePermissions, wire.On(s.batchRevokeTargets)),
		wire.Op(s.CreateDataCellsFilter, wire.On(s.createFilterTargets)),
		wire.Op(s.CreateLFTag),
		wire.Op(s.CreateLFTagExpression),
		wire.Op(s.CreateLakeFormationOptIn),
		wire.Op(s.DeleteDataCellsFilter, wire.On(s.deleteFilterTargets)),
		wire.Op(s.DeleteLFTag),
		wire.Op(s.DeleteLFTagExpression),
		wire.Op(s.DeleteLakeFormationOptIn),
		wire.Op(s.DeregisterResource),
		wire.Op(s.DescribeResource),
		wire.Op(s.GetDataCellsFilter),
		wire.Op(s.GetDataLakePrincipal),
		wire.Op(s.GetDataLakeSettings),
		wire.Op(s.GetEffectivePermissionsForPath),
		wire.Op(s.GetLFTag),
		wire.Op(s.GetLFTagExpression),
		wire.Op(s.GetResourceLFTags),
		wire.Op(s.GetTemporaryDataLocationCredentials, wire.Recorded()),
		wire.Op(s.GetTemporaryGluePartitionCredentials, wire.On(s.partitionCredentialsTargets), wire.Recorded()),
		wire.Op(s.GetTemporaryGlueTableCredentials, wire.On(s.tableCredentialsTargets), wire.Recorded()),
		wire.Op(s.GrantPermissions, wire.On(s.grantTargets)),
		wire.Op(s.ListDataCellsFilter),
		wire.Op(s.ListLFTagExpressions),
		wire.Op(s.ListLFTags),
		wire.Op(s.ListLakeFormationOptIns),
		wire.Op(s.ListPermissions),
		wire.Op(s.ListResources),
		wire.Op(s.PutDataLakeSettings),
		wire.Op(s.RegisterResource, wire.On(s.registerTargets)),
		wire.Op(s.RemoveLFTagsFromResource, wire.On(s.removeTagsTargets)),
		wire.Op(s.RevokePermissions, wire.On(s.revokeTargets)),
		wire.Op(s.SearchDatabasesByLFTags),
		wire.Op(s.SearchTablesByLFTags),
		wire.Op(s.UpdateDataCellsFilter, wire.On(s.updateFilterTargets)),
		wire.Op(s.UpdateLFTag),
		wire.Op(s.UpdateLFTagExpression),
		wire.Op(s.UpdateResource, wire.On(s.updateTargets)),
	}
}

// view runs f on a snapshot. The context that it is given joins it.
func (s *Service) view(ctx context.Context, f func(ctx context.Context, tx *store.Tx) error) error {
	return s.Store.View(ctx, func(tx *store.Tx) error { return f(tx.Context(ctx), tx) })
}

// update runs f in one transaction.
func (s *Service) update(ctx context.Context, f func(ctx context.Context, tx *store.Tx) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error { return f(tx.Context(ctx), tx) })
}

func (s *Service) now() time.Time { return s.Clock.Now().UTC().Truncate(time.Millisecond) }

// access is what Lake Formation lets the caller do with a resource.
func (s *Service) access(ctx context.Context, r governance.Resource) (governance.Access, error) {
	call := wire.CallOf(ctx)
	return s.Ledger.Access(ctx, call.Principal, call.Region, r)
}

// require is for callers who may do p.
func (s *Service) require(ctx context.Context, r governance.Resource, p governance.Permissions) error {
	a, err := s.access(ctx, r)
	if err == nil && !a.May(p) {
		err = insufficient(p, r)
	}
	return err
}

// administers is for data lake administrators of an account.
func (s *Service) administers(ctx context.Context, account string) (bool, error) {
	call := wire.CallOf(ctx)
	return s.Ledger.Administers(ctx, call.Principal, account, call.Region)
}

// name is the caller as grants know it.
func name(ctx context.Context) string { return governance.PrincipalARN(wire.CallOf(ctx).Principal) }

// key is where what belongs to an account in the call's region is kept.
func key(ctx context.Context, account, id string) store.Key {
	return store.Key{Account: account, Region: wire.CallOf(ctx).Region, ID: id}
}

// page cuts a sorted list.
func page[T any](ctx context.Context, list []T, id func(T) string, size *int32, token *string) ([]T, *string, error) {
	n := 100
	if size != nil {
		n = int(*size)
	}
	out, next, err := wire.Page(ctx, list, id, n, token)
	if errors.Is(err, wire.ErrPageToken) {
		err = invalid("The next token is not valid.")
	}
	return out, next, err
}

// done is an answer or an error, never both.
func done[O any](out *O, err error) (*O, error) {
	if err != nil {
		return nil, err
	}
	return out, nil
}

// absent turns "not found" into the given error.
func absent(err, instead error) error {
	if errors.Is(err, store.ErrNotFound) {
		return instead
	}
	return err
}

func invalid(format string, args ...any) error {
	return &types.InvalidInputException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func notFound(format string, args ...any) error {
	return &types.EntityNotFoundException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func denied(format string, args ...any) error {
	return &types.AccessDeniedException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// insufficient is the refusal of who may not do p with r.
func insufficient(p governance.Permissions, r governance.Resource) error {
	words := ""
	for i, n := range p.Names() {
		if i > 0 {
			words += ", "
		}
		words += spoken(n)
	}
	return denied("Insufficient Lake Formation permission(s): Required %s on %s", words, title(r))
}

// notAuthorized is the refusal of who may not grant.
func notAuthorized() error {
	return denied("Resource does not exist or requester is not authorized to access requested permissions.")
}

// Run reads the ledger, so that no question has to wait for it that comes while something else is read: of readers there are
// only so many.
func (s *Service) Run(ctx context.Context) { _ = s.Ledger.Load(ctx) }
