package organizations

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// creation is the row of a CreateAccount.
type creation struct {
	ID, Name, Account string
	State, Reason     string
	Time              time.Time
}

func (c creation) status() types.CreateAccountStatus {
	out := types.CreateAccountStatus{Id: aws.String(c.ID), AccountName: aws.String(c.Name), State: types.CreateAccountState(c.State),
		FailureReason: types.CreateAccountFailureReason(c.Reason), RequestedTimestamp: aws.Time(c.Time), CompletedTimestamp: aws.Time(c.Time)}
	if c.Account != "" {
		out.AccountId = aws.String(c.Account)
	}
	return out
}

// CreateAccount makes an account in the organization's root, with a role that lets the management account in.
// Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html
func (s *Service) CreateAccount(ctx context.Context, in *organizations.CreateAccountInput) (*organizations.CreateAccountOutput, error) {
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	var c creation
	err = s.update(ctx, func(tx *store.Tx, _ identity.Organization) error {
		c = creation{ID: "car-" + identity.RandomID(32), Name: aws.ToString(in.AccountName), Time: s.clock.Now().UTC(),
			State: string(types.CreateAccountStateSucceeded)}
		a, err := s.CreateAccountIn(tx, identity.NewAccount{Name: c.Name, Email: aws.ToString(in.Email), RoleName: aws.ToString(in.RoleName), Tags: tags})
		switch {
		case errors.Is(err, identity.ErrEmailExists):
			c.State, c.Reason = string(types.CreateAccountStateFailed), string(types.CreateAccountFailureReasonEmailAlreadyExists)
		case err != nil:
			return err
		}
		c.Account = a.ID
		return s.statuses.Insert(tx, store.Key{ID: c.ID}, c)
	})
	if err != nil {
		return nil, err
	}
	return &organizations.CreateAccountOutput{CreateAccountStatus: pointer(c.status())}, nil
}

// DescribeCreateAccountStatus tells what became of a CreateAccount.
func (s *Service) DescribeCreateAccountStatus(ctx context.Context, in *organizations.DescribeCreateAccountStatusInput) (*organizations.DescribeCreateAccountStatusOutput, error) {
	var c creation
	err := s.view(ctx, func(tx *store.Tx, _ identity.Organization) (err error) {
		c, err = s.statuses.Get(tx, store.Key{ID: aws.ToString(in.CreateAccountRequestId)})
		return missing(err, &types.CreateAccountStatusNotFoundException{
			Message: aws.String("You specified an invalid create account request ID.")})
	})
	if err != nil {
		return nil, err
	}
	return &organizations.DescribeCreateAccountStatusOutput{CreateAccountStatus: pointer(c.status())}, nil
}

// ListCreateAccountStatus lists what became of every CreateAccount.
func (s *Service) ListCreateAccountStatus(ctx context.Context, in *organizations.ListCreateAccountStatusInput) (*organizations.ListCreateAccountStatusOutput, error) {
	out := &organizations.ListCreateAccountStatusOutput{CreateAccountStatuses: []types.CreateAccountStatus{}}
	err := s.view(ctx, func(tx *store.Tx, _ identity.Organization) error {
		rows, err := s.statuses.List(tx, store.Range{})
		if err != nil {
			return err
		}
		list := slices.DeleteFunc(values(rows), func(c creation) bool {
			return len(in.States) > 0 && !slices.Contains(in.States, types.CreateAccountState(c.State))
		})
		list, out.NextToken, err = page(ctx, list, func(c creation) string { return c.ID }, in.MaxResults, in.NextToken)
		for _, c := range list {
			out.CreateAccountStatuses = append(out.CreateAccountStatuses, c.status())
		}
		return err
	})
	return out, err
}

func account(o identity.Organization, a identity.Account) types.Account {
	method := types.AccountJoinedMethodCreated
	if a.Management {
		method = types.AccountJoinedMethodInvited
	}
	return types.Account{Id: aws.String(a.ID), Arn: aws.String(o.AccountARN(a.ID)), Name: aws.String(a.Name), Email: aws.String(a.Email),
		JoinedMethod: method, JoinedTimestamp: aws.Time(a.Joined), Status: types.AccountStatus(a.Status), State: types.AccountState(a.Status)}
}

func (s *Service) member(tx *store.Tx, id *string) (identity.Account, error) {
	a, err := s.Accounts.Get(tx, identity.IDKey(aws.ToString(id)))
	return a, missing(err, &types.AccountNotFoundException{Message: aws.String("You specified an account that doesn't exist.")})
}

// DescribeAccount describes one account.
func (s *Service) DescribeAccount(ctx context.Context, in *organizations.DescribeAccountInput) (*organizations.DescribeAccountOutput, error) {
	var out types.Account
	err := s.view(ctx, func(tx *store.Tx, o identity.Organization) error {
		a, err := s.member(tx, in.AccountId)
		out = account(o, a)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &organizations.DescribeAccountOutput{Account: &out}, nil
}

func (s *Service) describeAccountTargets(ctx context.Context, in *organizations.DescribeAccountInput) ([]wire.Target, error) {
	return s.on(ctx, in.AccountId)
}

// ListAccounts lists the accounts of the organization.
func (s *Service) ListAccounts(ctx context.Context, in *organizations.ListAccountsInput) (*organizations.ListAccountsOutput, error) {
	out := &organizations.ListAccountsOutput{}
	err := s.view(ctx, func(tx *store.Tx, o identity.Organization) error {
		rows, err := s.Accounts.List(tx, store.Range{})
		if err != nil {
			return err
		}
		out.Accounts, out.NextToken, err = accounts(ctx, o, values(rows), in.MaxResults, in.NextToken)
		return err
	})
	return out, err
}

// ListAccountsForParent lists the accounts that are directly in the root or a unit.
func (s *Service) ListAccountsForParent(ctx context.Context, in *organizations.ListAccountsForParentInput) (*organizations.ListAccountsForParentOutput, error) {
	out := &organizations.ListAccountsForParentOutput{}
	err := s.view(ctx, func(tx *store.Tx, o identity.Organization) error {
		if _, err := s.parent(tx, in.ParentId); err != nil {
			return err
		}
		rows, err := s.Accounts.Find(tx, identity.ByParent, aws.ToString(in.ParentId), store.Range{})
		if err != nil {
			return err
		}
		out.Accounts, out.NextToken, err = accounts(ctx, o, values(rows), in.MaxResults, in.NextToken)
		return err
	})
	return out, err
}

func accounts(ctx context.Context, o identity.Organization, list []identity.Account, limit *int32, token *string) ([]types.Account, *string, error) {
	list, next, err := page(ctx, list, func(a identity.Account) string { return a.ID }, limit, token)
	out := []types.Account{}
	for _, a := range list {
		out = append(out, account(o, a))
	}
	return out, next, err
}

// CloseAccount suspends a member account: none of its principals is let in any more.
// Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_CloseAccount.html
func (s *Service) CloseAccount(ctx context.Context, in *organizations.CloseAccountInput) (*organizations.CloseAccountOutput, error) {
	err := s.update(ctx, func(tx *store.Tx, _ identity.Organization) error {
		a, err := s.member(tx, in.AccountId)
		switch {
		case err != nil:
			return err
		case a.Management:
			return violation(types.ConstraintViolationExceptionReasonCannotCloseManagementAccount, "You cannot close the management account.")
		case a.Status == identity.AccountSuspended:
			return &types.AccountAlreadyClosedException{Message: aws.String("The account is already closed.")}
		}
		a.Status = identity.AccountSuspended
		return s.Accounts.Put(tx, identity.IDKey(a.ID), a)
	})
	if err != nil {
		return nil, err
	}
	return &organizations.CloseAccountOutput{}, nil
}

func (s *Service) closeTargets(ctx context.Context, in *organizations.CloseAccountInput) ([]wire.Target, error) {
	return s.on(ctx, in.AccountId)
}
