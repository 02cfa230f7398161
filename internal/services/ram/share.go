package ram

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/atelier-studio/atelier/internal/platform/sharing"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"
)

func shareOf(s sharing.Share, account string) types.ResourceShare {
	out := types.ResourceShare{ResourceShareArn: aws.String(s.ARN()), Name: aws.String(s.Name), OwningAccountId: aws.String(s.Owner),
		AllowExternalPrincipals: aws.Bool(s.External), Status: types.ResourceShareStatus(s.Status), FeatureSet: types.ResourceShareFeatureSetStandard,
		CreationTime: aws.Time(s.Created), LastUpdatedTime: aws.Time(s.Updated)}
	if s.Owner == account {
		out.Tags = tagList(s.Tags)
	}
	return out
}

// checkName refuses names that AWS refuses: they are 1 to 128 characters, and none of them controls anything.
func checkName(name string) error {
	if n := utf8.RuneCountInString(name); n == 0 || n > 128 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return invalid("The name of a resource share has 1 to 128 characters.")
	}
	return nil
}

// CreateResourceShare makes a share, with resources and principals in it.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_CreateResourceShare.html
func (s *Service) CreateResourceShare(ctx context.Context, in *ram.CreateResourceShareInput) (*ram.CreateResourceShareOutput, error) {
	if err := checkName(*in.Name); err != nil {
		return nil, err
	}
	if len(in.Sources) > 0 || len(in.PermissionTemplateParameters) > 0 {
		return nil, unsupported()
	}
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	c := wire.CallOf(ctx)
	return once(ctx, s, in.ClientToken, in, func(tx *store.Tx) (*ram.CreateResourceShareOutput, error) {
		share := sharing.Share{Owner: c.Account(), Region: c.Region, Name: *in.Name, Tags: tags,
			External: in.AllowExternalPrincipals == nil || *in.AllowExternalPrincipals}
		for _, name := range in.PermissionArns {
			p, err := s.attachable(ctx, tx, name)
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(share.Permissions, func(a sharing.Attached) bool { return a.Type == p.Type }) {
				return nil, invalid("Only one permission can be associated with each resource type: " + p.Type + ".")
			}
			share.Permissions = append(share.Permissions, p.attached(s.Clock.Now()))
		}
		share, err := s.Sharing.Create(tx, share)
		if err != nil {
			return nil, err
		}
		if _, err := s.associate(ctx, tx, &share, in.ResourceArns, in.Principals); err != nil {
			return nil, err
		}
		out := shareOf(share, c.Account())
		return &ram.CreateResourceShareOutput{ClientToken: in.ClientToken, ResourceShare: &out}, nil
	})
}

func unsupported() error {
	return invalid("Sources and template parameters are not supported.")
}

// UpdateResourceShare renames a share, or keeps principals outside the organization from it.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_UpdateResourceShare.html
func (s *Service) UpdateResourceShare(ctx context.Context, in *ram.UpdateResourceShareInput) (*ram.UpdateResourceShareOutput, error) {
	if in.Name == nil && in.AllowExternalPrincipals == nil {
		return nil, &types.MissingRequiredParameterException{Message: aws.String("Specify a name or allowExternalPrincipals.")}
	}
	if in.Name != nil {
		if err := checkName(*in.Name); err != nil {
			return nil, err
		}
	}
	return once(ctx, s, in.ClientToken, in, func(tx *store.Tx) (*ram.UpdateResourceShareOutput, error) {
		share, err := s.change(ctx, tx, *in.ResourceShareArn)
		if err != nil {
			return nil, err
		}
		if in.Name != nil {
			share.Name = *in.Name
		}
		if in.AllowExternalPrincipals != nil {
			share.External = *in.AllowExternalPrincipals
		}
		if !share.External {
			with, err := s.Sharing.In(tx, share.Key(), sharing.Principal)
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(with, func(a sharing.Association) bool { return a.External && live(a) }) {
				return nil, notPermitted("The resource share has principals outside the organization.")
			}
		}
		if err := s.touch(tx, &share); err != nil {
			return nil, err
		}
		out := shareOf(share, share.Owner)
		return &ram.UpdateResourceShareOutput{ClientToken: in.ClientToken, ResourceShare: &out}, nil
	})
}

// touch writes a share that was changed.
func (s *Service) touch(tx *store.Tx, share *sharing.Share) error {
	share.Updated = s.Clock.Now().UTC()
	return s.Sharing.Shares.Put(tx, share.Key(), *share)
}

// DeleteResourceShare ends a share with everything in it. For an hour it can be seen as DELETED.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_DeleteResourceShare.html
func (s *Service) DeleteResourceShare(ctx context.Context, in *ram.DeleteResourceShareInput) (*ram.DeleteResourceShareOutput, error) {
	return once(ctx, s, in.ClientToken, in, func(tx *store.Tx) (*ram.DeleteResourceShareOutput, error) {
		share, err := s.change(ctx, tx, *in.ResourceShareArn)
		if err != nil {
			return nil, err
		}
		return &ram.DeleteResourceShareOutput{ClientToken: in.ClientToken, ReturnValue: aws.Bool(true)}, s.Sharing.Close(tx, share)
	})
}

// GetResourceShares lists the shares of the caller's account, or those that are in force with it.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_GetResourceShares.html
func (s *Service) GetResourceShares(ctx context.Context, in *ram.GetResourceSharesInput) (*ram.GetResourceSharesOutput, error) {
	out := &ram.GetResourceSharesOutput{ResourceShares: []types.ResourceShare{}}
	account := wire.CallOf(ctx).Account()
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		list, err := s.shares(ctx, tx, in.ResourceOwner, in.ResourceShareArns)
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(x sharing.Share) bool { return !wanted(x, in, account) })
		list, out.NextToken, err = page(ctx, list, sharing.Share.ARN, in.MaxResults, in.NextToken)
		for _, x := range list {
			out.ResourceShares = append(out.ResourceShares, shareOf(x, account))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func wanted(x sharing.Share, in *ram.GetResourceSharesInput, account string) bool {
	if in.Name != nil && x.Name != *in.Name || in.ResourceShareStatus != "" && x.Status != string(in.ResourceShareStatus) {
		return false
	}
	if in.PermissionArn != nil && !slices.ContainsFunc(x.Permissions, func(a sharing.Attached) bool {
		return a.ARN == *in.PermissionArn && (in.PermissionVersion == nil || a.Version == int(*in.PermissionVersion))
	}) {
		return false
	}
	for _, f := range in.TagFilters {
		v, ok := x.Tags[aws.ToString(f.TagKey)]
		if !ok || x.Owner != account || len(f.TagValues) > 0 && !slices.Contains(f.TagValues, v) {
			return false
		}
	}
	return true
}

// shares lists the caller's shares or those with the caller, in order of ARN: all of them, or those named.
func (s *Service) shares(ctx context.Context, tx *store.Tx, owner types.ResourceOwner, names []string) ([]sharing.Share, error) {
	c := wire.CallOf(ctx)
	var out []sharing.Share
	if owner == types.ResourceOwnerOtherAccounts {
		keys, err := s.Sharing.SharedWith(ctx, c.Account(), c.Region)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			x, err := s.Sharing.Shares.Get(tx, k)
			if err == nil && x.Status == sharing.Active {
				out = append(out, x)
			} else if missing(err, nil) != nil {
				return nil, err
			}
		}
	} else {
		rows, err := s.Sharing.Shares.List(tx, store.Range{Account: c.Account(), Region: c.Region})
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out = append(out, r.Value)
		}
	}
	slices.SortFunc(out, func(a, b sharing.Share) int { return strings.Compare(a.ARN(), b.ARN()) })
	if len(names) == 0 {
		return out, nil
	}
	for _, n := range names {
		if _, err := shareKey(n); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, func(x sharing.Share) bool { return x.ARN() == n }) {
			return nil, unknown("ResourceShare", n)
		}
	}
	return slices.DeleteFunc(out, func(x sharing.Share) bool { return !slices.Contains(names, x.ARN()) }), nil
}
