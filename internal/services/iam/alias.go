package iam

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// CreateAccountAlias names the account. An account has one alias, which no other account may have; a new one replaces
// the old.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/console_account-alias.html
func (s *Service) CreateAccountAlias(ctx context.Context, in *iam.CreateAccountAliasInput) (*iam.CreateAccountAliasOutput, error) {
	alias := aws.ToString(in.AccountAlias)
	if strings.Contains(alias, "--") || len(alias) == 12 && strings.Trim(alias, "0123456789") == "" {
		return nil, invalidInput("The account alias %s is not valid. It must not have two hyphens in a row and must not be a 12 digit number.", alias)
	}
	return done(&iam.CreateAccountAliasOutput{}, s.update(ctx, func(tx *store.Tx, account string) error {
		same, err := s.d.Accounts.Find(tx, identity.ByAlias, alias, store.Range{})
		if err != nil {
			return err
		}
		if len(same) > 0 && same[0].Value.ID != account {
			return exists("The account alias %s already exists.", alias)
		}
		a, err := s.d.Accounts.Get(tx, identity.IDKey(account))
		if err != nil {
			return err
		}
		a.Alias = alias
		return s.d.Accounts.Put(tx, identity.IDKey(account), a)
	}))
}

// ListAccountAliases lists the one alias, if there is one.
func (s *Service) ListAccountAliases(ctx context.Context, in *iam.ListAccountAliasesInput) (*iam.ListAccountAliasesOutput, error) {
	out := &iam.ListAccountAliasesOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		a, err := s.d.Accounts.Get(tx, identity.IDKey(account))
		if err != nil {
			return err
		}
		list := []string{}
		if a.Alias != "" {
			list = append(list, a.Alias)
		}
		list, end, err := page(ctx, list, func(s string) string { return s }, in.Marker, in.MaxItems)
		out.AccountAliases, out.Marker, out.IsTruncated = list, end.marker, end.truncated
		return err
	}))
}

// DeleteAccountAlias takes the alias away.
func (s *Service) DeleteAccountAlias(ctx context.Context, in *iam.DeleteAccountAliasInput) (*iam.DeleteAccountAliasOutput, error) {
	return done(&iam.DeleteAccountAliasOutput{}, s.update(ctx, func(tx *store.Tx, account string) error {
		a, err := s.d.Accounts.Get(tx, identity.IDKey(account))
		if err != nil {
			return err
		}
		if a.Alias != aws.ToString(in.AccountAlias) {
			return noSuchEntity("The account alias %s cannot be found.", aws.ToString(in.AccountAlias))
		}
		a.Alias = ""
		return s.d.Accounts.Put(tx, identity.IDKey(account), a)
	}))
}
