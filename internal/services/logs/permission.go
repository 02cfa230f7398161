package logs

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/uuid"
)

// policy is a resource policy: of the account under its name, or of one group under its ARN.
type policy struct {
	Name, Group string
	Document    string
	Updated     int64
	Revision    string
}

// maxPolicies is how many policies an account has in a region.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
const maxPolicies = 10

// policyOf is what the policies of a group's account say, as one.
func (s *Service) policyOf(ctx context.Context, k store.Key) (*authz.Policy, error) {
	at := store.Key{Account: k.Account, Region: k.Region}
	if p, ok := s.parsed.Load(at); ok {
		return p.(*authz.Policy), nil
	}
	var joined *authz.Policy
	var err error
	readErr := s.image.Read(ctx, func() {
		for row, p := range s.policies.Rows() {
			if row.Account != at.Account || row.Region != at.Region {
				continue
			}
			one, e := authz.ParseResource([]byte(p.Document))
			if e != nil {
				err = e
				continue
			}
			one.ID = row.ID
			joined = authz.Join(joined, one)
		}
		s.parsed.Store(at, joined) // while the image stands still
	})
	if readErr != nil {
		return nil, readErr
	}
	return joined, err
}

// PutResourcePolicy lets other services and accounts write to groups.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html
func (s *Service) PutResourcePolicy(ctx context.Context, in *cloudwatchlogs.PutResourcePolicyInput) (*cloudwatchlogs.PutResourcePolicyOutput, error) {
	p := policy{Name: aws.ToString(in.PolicyName), Document: aws.ToString(in.PolicyDocument), Updated: s.now(), Revision: uuid.NewString()}
	if p.Document == "" {
		return nil, invalid("PolicyDocument must be specified.")
	}
	id := p.Name
	if in.ResourceArn != nil {
		k, err := identified(ctx, *in.ResourceArn)
		if err != nil {
			return nil, err
		}
		if _, err := s.find(ctx, k); err != nil {
			return nil, err
		}
		p.Group = groupARN(k)
		id = p.Group
	}
	if id == "" {
		return nil, invalid("PolicyName must be specified.")
	}
	if _, err := authz.ParseResource([]byte(p.Document)); err != nil {
		return nil, invalid("The policy document is not valid: %v", err)
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		at := here(ctx, "")
		rows, err := s.policies.List(tx, store.Range{Account: at.Account, Region: at.Region})
		if err != nil {
			return err
		}
		n, has := 0, ""
		for _, r := range rows {
			if r.Key.ID == id {
				has = r.Value.Revision
			} else if r.Value.Group == "" {
				n++
			}
		}
		if want := aws.ToString(in.ExpectedRevisionId); want != "" && want != has {
			return &types.OperationAbortedException{Message: aws.String("The expected revision does not match the current one.")}
		}
		if p.Group == "" && n >= maxPolicies {
			return exceeded("Resource limit exceeded.")
		}
		return s.policies.Put(tx, here(ctx, id), p)
	})
	if err != nil {
		return nil, err
	}
	r := p.shown()
	return &cloudwatchlogs.PutResourcePolicyOutput{ResourcePolicy: &r, RevisionId: r.RevisionId}, nil
}

func (p policy) shown() types.ResourcePolicy {
	r := types.ResourcePolicy{PolicyDocument: &p.Document, LastUpdatedTime: &p.Updated, PolicyScope: types.PolicyScopeAccount, RevisionId: &p.Revision}
	if p.Name != "" {
		r.PolicyName = &p.Name
	}
	if p.Group != "" {
		r.PolicyScope, r.ResourceArn = types.PolicyScopeResource, &p.Group
	}
	return r
}

// DeleteResourcePolicy removes a policy.
func (s *Service) DeleteResourcePolicy(ctx context.Context, in *cloudwatchlogs.DeleteResourcePolicyInput) (*cloudwatchlogs.DeleteResourcePolicyOutput, error) {
	id := aws.ToString(in.PolicyName)
	if in.ResourceArn != nil {
		k, err := identified(ctx, *in.ResourceArn)
		if err != nil {
			return nil, err
		}
		id = groupARN(k)
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error { return s.policies.Delete(tx, here(ctx, id)) })
	if absent(err) {
		return nil, missing("Policy with name [%s] does not exist.", id)
	}
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.DeleteResourcePolicyOutput{}, nil
}

// DescribeResourcePolicies lists the account's policies.
func (s *Service) DescribeResourcePolicies(ctx context.Context, in *cloudwatchlogs.DescribeResourcePoliciesInput) (*cloudwatchlogs.DescribeResourcePoliciesOutput, error) {
	at := here(ctx, "")
	var rows []store.Row[policy]
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = s.policies.List(tx, store.Range{Account: at.Account, Region: at.Region})
		return err
	}); err != nil {
		return nil, err
	}
	scope := types.PolicyScopeAccount
	if in.PolicyScope != "" {
		scope = in.PolicyScope
	}
	kept := rows[:0]
	for _, r := range rows {
		if in.ResourceArn != nil && r.Value.Group == strings.TrimSuffix(*in.ResourceArn, ":*") || in.ResourceArn == nil && r.Value.shown().PolicyScope == scope {
			kept = append(kept, r)
		}
	}
	kept, next, err := page(ctx, kept, func(r store.Row[policy]) string { return r.Key.ID }, in.Limit, 50, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.DescribeResourcePoliciesOutput{ResourcePolicies: []types.ResourcePolicy{}, NextToken: next}
	for _, r := range kept {
		out.ResourcePolicies = append(out.ResourcePolicies, r.Value.shown())
	}
	return out, nil
}
