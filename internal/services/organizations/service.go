package organizations

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// Config is what the service needs.
type Config struct {
	Directory *identity.Directory
	Clock     clock.Clock
}

// Service is Organizations.
type Service struct {
	*identity.Directory
	store    *store.Store
	clock    clock.Clock
	statuses *store.Table[creation]
}

// New makes the service.
func New(c Config) *Service {
	st := c.Directory.Store()
	return &Service{Directory: c.Directory, store: st, clock: c.Clock, statuses: store.NewTable[creation](st, "organizations_creation")}
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "organizations" }

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.AttachPolicy, wire.On(s.attachTargets)),
		wire.Op(s.CloseAccount, wire.On(s.closeTargets)),
		wire.Op(s.CreateAccount),
		wire.Op(s.CreateOrganization),
		wire.Op(s.CreateOrganizationalUnit),
		wire.Op(s.CreatePolicy),
		wire.Op(s.DeleteOrganizationalUnit, wire.On(s.deleteUnitTargets)),
		wire.Op(s.DeletePolicy, wire.On(s.deletePolicyTargets)),
		wire.Op(s.DescribeAccount, wire.On(s.describeAccountTargets)),
		wire.Op(s.DescribeCreateAccountStatus),
		wire.Op(s.DescribeOrganization),
		wire.Op(s.DescribeOrganizationalUnit, wire.On(s.describeUnitTargets)),
		wire.Op(s.DescribePolicy, wire.On(s.describePolicyTargets)),
		wire.Op(s.DetachPolicy, wire.On(s.detachTargets)),
		wire.Op(s.DisablePolicyType),
		wire.Op(s.EnablePolicyType),
		wire.Op(s.ListAccounts),
		wire.Op(s.ListAccountsForParent),
		wire.Op(s.ListChildren),
		wire.Op(s.ListCreateAccountStatus),
		wire.Op(s.ListOrganizationalUnitsForParent),
		wire.Op(s.ListParents),
		wire.Op(s.ListPolicies),
		wire.Op(s.ListPoliciesForTarget),
		wire.Op(s.ListRoots),
		wire.Op(s.ListTagsForResource),
		wire.Op(s.ListTargetsForPolicy),
		wire.Op(s.MoveAccount, wire.On(s.moveTargets)),
		wire.Op(s.TagResource),
		wire.Op(s.UntagResource),
		wire.Op(s.UpdateOrganizationalUnit, wire.On(s.updateUnitTargets)),
		wire.Op(s.UpdatePolicy, wire.On(s.updatePolicyTargets)),
	}
}

// view runs f for a caller in the management account, who alone may look at and change the organization.
func (s *Service) view(ctx context.Context, f func(tx *store.Tx, o identity.Organization) error) error {
	return s.store.View(ctx, s.managed(ctx, f))
}

func (s *Service) update(ctx context.Context, f func(tx *store.Tx, o identity.Organization) error) error {
	return s.store.Update(ctx, s.managed(ctx, f))
}

func (s *Service) managed(ctx context.Context, f func(tx *store.Tx, o identity.Organization) error) func(tx *store.Tx) error {
	account := wire.CallOf(ctx).Account()
	return func(tx *store.Tx) error {
		o, err := s.organization(tx)
		if err != nil {
			return err
		}
		if account != o.Management {
			return &types.AccessDeniedException{Message: aws.String("You don't have permissions to access this resource.")}
		}
		return f(tx, o)
	}
}

func (s *Service) organization(tx *store.Tx) (identity.Organization, error) {
	o, err := s.Organizations.Get(tx, identity.OrganizationKey)
	if errors.Is(err, store.ErrNotFound) {
		return o, &types.AWSOrganizationsNotInUseException{Message: aws.String("Your account is not a member of an organization.")}
	}
	return o, err
}

func invalidInput(reason types.InvalidInputExceptionReason, message string) error {
	return &types.InvalidInputException{Reason: reason, Message: aws.String(message)}
}

func violation(reason types.ConstraintViolationExceptionReason, message string) error {
	return &types.ConstraintViolationException{Reason: reason, Message: aws.String(message)}
}

// missing turns "not found" into the given error.
func missing(err, instead error) error {
	if errors.Is(err, store.ErrNotFound) {
		return instead
	}
	return err
}

// page cuts a list, which is sorted by id, after the token and at limit (20 when nil).
func page[T any](ctx context.Context, list []T, id func(T) string, limit *int32, token *string) ([]T, *string, error) {
	size := 20
	if limit != nil {
		size = int(*limit)
	}
	out, next, err := wire.Page(ctx, list, id, size, token)
	if errors.Is(err, wire.ErrPageToken) {
		err = invalidInput(types.InvalidInputExceptionReasonInvalidPaginationToken, "The pagination token is not valid.")
	}
	return out, next, err
}

func values[T any](rows []store.Row[T]) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = r.Value
	}
	return out
}

func tagMap(tags []types.Tag) (map[string]string, error) {
	out, err := wire.TagMap(tags, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
	return out, tagFault(err)
}

// tagFault answers a list of tags that is refused in the words of Organizations.
func tagFault(err error) error {
	var e *wire.TagError
	if !errors.As(err, &e) {
		return err
	}
	switch e.Fault {
	case wire.TagTwice:
		return invalidInput(types.InvalidInputExceptionReasonDuplicateTagKey, "You provided tag keys more than once.")
	case wire.TagReserved:
		return invalidInput(types.InvalidInputExceptionReasonInvalidSystemTagsParameter, e.Error())
	case wire.TagTooMany:
		return violation("MAX_TAG_LIMIT_EXCEEDED", "You have exceeded the number of tags of a resource.")
	}
	return invalidInput(types.InvalidInputExceptionReasonInvalidPattern, e.Error())
}

func pointer[T any](v T) *T { return &v }
