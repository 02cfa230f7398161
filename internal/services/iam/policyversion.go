package iam

import (
	"context"
	"slices"
	"strconv"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const maxVersions = 5

func shownVersion(p identity.Policy, v identity.PolicyVersion) types.PolicyVersion {
	return types.PolicyVersion{VersionId: aws.String(v.ID), CreateDate: aws.Time(v.Created), IsDefaultVersion: v.ID == p.Default}
}

func version(p identity.Policy, id *string) (int, error) {
	i := slices.IndexFunc(p.Versions, func(v identity.PolicyVersion) bool { return v.ID == aws.ToString(id) })
	if i < 0 {
		return i, noSuchEntity("Policy %s version %s does not exist or is not attachable.", p.ARN(), aws.ToString(id))
	}
	return i, nil
}

// CreatePolicyVersion adds a version, which can come into force at once.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html
func (s *Service) CreatePolicyVersion(ctx context.Context, in *iam.CreatePolicyVersionInput) (*iam.CreatePolicyVersionOutput, error) {
	if err := checkManaged(aws.ToString(in.PolicyDocument)); err != nil {
		return nil, err
	}
	out := &iam.CreatePolicyVersionOutput{}
	return done(out, s.changePolicy(ctx, in.PolicyArn, func(_ *store.Tx, p *identity.Policy) error {
		if len(p.Versions) >= maxVersions {
			return overLimit("A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.")
		}
		v := identity.PolicyVersion{ID: "v" + strconv.Itoa(p.Next), Document: aws.ToString(in.PolicyDocument), Created: s.now()}
		p.Versions, p.Next, p.Updated = append(p.Versions, v), p.Next+1, v.Created
		if in.SetAsDefault {
			p.Default = v.ID
		}
		shown := shownVersion(*p, v)
		out.PolicyVersion = &shown
		return nil
	}))
}

// GetPolicyVersion describes a version with its document.
func (s *Service) GetPolicyVersion(ctx context.Context, in *iam.GetPolicyVersionInput) (*iam.GetPolicyVersionOutput, error) {
	out := &iam.GetPolicyVersionOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		p, err := s.policy(tx, account, in.PolicyArn)
		if err != nil {
			return err
		}
		i, err := version(p, in.VersionId)
		if err != nil {
			return err
		}
		shown := shownVersion(p, p.Versions[i])
		shown.Document = encoded(p.Versions[i].Document)
		out.PolicyVersion = &shown
		return nil
	}))
}

// ListPolicyVersions lists versions, the newest first, without their documents.
func (s *Service) ListPolicyVersions(ctx context.Context, in *iam.ListPolicyVersionsInput) (*iam.ListPolicyVersionsOutput, error) {
	out := &iam.ListPolicyVersionsOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		p, err := s.policy(tx, account, in.PolicyArn)
		if err != nil {
			return err
		}
		// Versions are kept oldest first; the key counts down so that the newest comes first.
		key := func(v identity.PolicyVersion) string {
			n, _ := strconv.Atoi(v.ID[1:])
			return strconv.Itoa(1_000_000_000 - n)
		}
		list, end, err := page(ctx, p.Versions, key, in.Marker, in.MaxItems)
		out.Versions = each(list, func(v identity.PolicyVersion) types.PolicyVersion { return shownVersion(p, v) })
		out.Marker, out.IsTruncated = end.marker, end.truncated
		return err
	}))
}

// SetDefaultPolicyVersion brings a version into force.
func (s *Service) SetDefaultPolicyVersion(ctx context.Context, in *iam.SetDefaultPolicyVersionInput) (*iam.SetDefaultPolicyVersionOutput, error) {
	return done(&iam.SetDefaultPolicyVersionOutput{}, s.changePolicy(ctx, in.PolicyArn, func(_ *store.Tx, p *identity.Policy) error {
		if _, err := version(*p, in.VersionId); err != nil {
			return err
		}
		p.Default, p.Updated = aws.ToString(in.VersionId), s.now()
		return nil
	}))
}

// DeletePolicyVersion removes a version that is not in force.
func (s *Service) DeletePolicyVersion(ctx context.Context, in *iam.DeletePolicyVersionInput) (*iam.DeletePolicyVersionOutput, error) {
	return done(&iam.DeletePolicyVersionOutput{}, s.changePolicy(ctx, in.PolicyArn, func(_ *store.Tx, p *identity.Policy) error {
		i, err := version(*p, in.VersionId)
		if err != nil {
			return err
		}
		if p.Versions[i].ID == p.Default {
			return conflict("Cannot delete the default version of a policy.")
		}
		p.Versions = slices.Delete(p.Versions, i, i+1)
		return nil
	}))
}

// TagPolicy adds tags to a customer managed policy.
func (s *Service) TagPolicy(ctx context.Context, in *iam.TagPolicyInput) (*iam.TagPolicyOutput, error) {
	return done(&iam.TagPolicyOutput{}, s.changePolicy(ctx, in.PolicyArn,
		func(_ *store.Tx, p *identity.Policy) error { return addTags(&p.Tags, in.Tags) }))
}

// UntagPolicy takes tags off a customer managed policy.
func (s *Service) UntagPolicy(ctx context.Context, in *iam.UntagPolicyInput) (*iam.UntagPolicyOutput, error) {
	return done(&iam.UntagPolicyOutput{}, s.changePolicy(ctx, in.PolicyArn,
		func(_ *store.Tx, p *identity.Policy) error { return removeTags(&p.Tags, in.TagKeys) }))
}

// ListPolicyTags lists a policy's tags in order of key.
func (s *Service) ListPolicyTags(ctx context.Context, in *iam.ListPolicyTagsInput) (*iam.ListPolicyTagsOutput, error) {
	out := &iam.ListPolicyTagsOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		p, err := s.policy(tx, account, in.PolicyArn)
		if err != nil {
			return err
		}
		list, end, err := tagPage(ctx, p.Tags, in.Marker, in.MaxItems)
		out.Tags, out.Marker, out.IsTruncated = list, end.marker, end.truncated
		return err
	}))
}
