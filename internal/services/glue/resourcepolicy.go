package glue

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// maxPolicy is how long a resource policy may be.
// Source: https://docs.aws.amazon.com/glue/latest/dg/security_iam_resource-based-policies.html
const maxPolicy = 10 << 10

// ownPolicy finds the key of the caller's catalog's policy. An ARN can name nothing else.
func ownPolicy(ctx context.Context, name *string) (store.Key, error) {
	call := wire.CallOf(ctx)
	if name != nil && *name != catalogOf(ctx, nil).ARN(call.Region) {
		return store.Key{}, invalid("ResourceArn can only be the ARN of the caller's catalog.")
	}
	return policyKey(call.Account(), call.Region), nil
}

func condition(text string) error {
	return &types.ConditionCheckFailureException{Message: aws.String(text)}
}

func noPolicy() error { return notFound("Policy not found") }

// PutResourcePolicy sets the policy of the caller's catalog.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_PutResourcePolicy.html
func (s *Service) PutResourcePolicy(ctx context.Context, in *glue.PutResourcePolicyInput) (*glue.PutResourcePolicyOutput, error) {
	k, err := ownPolicy(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	document := aws.ToString(in.PolicyInJson)
	if len(document) > maxPolicy {
		return nil, invalid("The policy is longer than %d bytes.", maxPolicy)
	}
	if _, err := authz.ParseResource([]byte(document)); err != nil {
		return nil, invalid("The policy is not valid: %v", err)
	}
	if in.EnableHybrid != types.EnableHybridValuesTrue {
		granted, err := s.Ledger.All(ctx, func(g governance.Grant) bool {
			return g.Grantor == k.Account && g.Region == k.Region && (governance.IsOrganization(g.Principal) || governance.AccountOf(g.Principal) != "" && governance.AccountOf(g.Principal) != k.Account)
		})
		if err != nil {
			return nil, err
		}
		if len(granted) > 0 {
			return nil, invalid("EnableHybrid has to be TRUE: Lake Formation has granted permissions to other accounts.")
		}
	}
	sum := sha256.Sum256([]byte(document))
	now := wire.CallOf(ctx).Time
	p := catalogPolicy{Document: document, Hash: base64.StdEncoding.EncodeToString(sum[:16]), Hybrid: in.EnableHybrid == types.EnableHybridValuesTrue, Created: now, Updated: now}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		old, err := s.policies.rows.Get(tx, k)
		there := err == nil
		switch {
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return err
		case in.PolicyExistsCondition == types.ExistConditionMustExist && !there:
			return noPolicy()
		case in.PolicyExistsCondition == types.ExistConditionNotExist && there:
			return condition("Policy already exists.")
		case in.PolicyHashCondition != nil && (!there || *in.PolicyHashCondition != old.Hash):
			return condition("The policy hash does not match that of the current policy.")
		case there:
			p.Created = old.Created
		}
		return s.policies.rows.Put(tx, k, p)
	})
	if err != nil {
		return nil, err
	}
	return &glue.PutResourcePolicyOutput{PolicyHash: &p.Hash}, nil
}

func (s *Service) putResourcePolicyTargets(ctx context.Context, _ *glue.PutResourcePolicyInput) ([]wire.Target, error) {
	return s.on(ctx, catalogOf(ctx, nil))
}

// GetResourcePolicy reads the policy of the caller's catalog.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetResourcePolicy.html
func (s *Service) GetResourcePolicy(ctx context.Context, in *glue.GetResourcePolicyInput) (*glue.GetResourcePolicyOutput, error) {
	k, err := ownPolicy(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	var p catalogPolicy
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		p, err = s.policies.rows.Get(tx, k)
		return absent(err, noPolicy())
	})
	if err != nil {
		return nil, err
	}
	return &glue.GetResourcePolicyOutput{PolicyInJson: &p.Document, PolicyHash: &p.Hash, CreateTime: &p.Created, UpdateTime: &p.Updated}, nil
}

func (s *Service) getResourcePolicyTargets(ctx context.Context, _ *glue.GetResourcePolicyInput) ([]wire.Target, error) {
	return s.on(ctx, catalogOf(ctx, nil))
}

// GetResourcePolicies lists the policies of the caller's catalog: it has one or none.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetResourcePolicies.html
func (s *Service) GetResourcePolicies(ctx context.Context, in *glue.GetResourcePoliciesInput) (*glue.GetResourcePoliciesOutput, error) {
	if _, err := wire.PagePosition(ctx, in.NextToken); err != nil {
		return nil, invalid("NextToken is not valid.")
	}
	one, err := s.GetResourcePolicy(ctx, &glue.GetResourcePolicyInput{})
	out := &glue.GetResourcePoliciesOutput{GetResourcePoliciesResponseList: []types.GluePolicy{}}
	var none *types.EntityNotFoundException
	if errors.As(err, &none) {
		return out, nil
	}
	if err == nil {
		out.GetResourcePoliciesResponseList = append(out.GetResourcePoliciesResponseList, types.GluePolicy{PolicyInJson: one.PolicyInJson,
			PolicyHash: one.PolicyHash, CreateTime: one.CreateTime, UpdateTime: one.UpdateTime})
	}
	return out, err
}

func (s *Service) getResourcePoliciesTargets(ctx context.Context, _ *glue.GetResourcePoliciesInput) ([]wire.Target, error) {
	return s.on(ctx, catalogOf(ctx, nil))
}

// DeleteResourcePolicy takes the policy from the caller's catalog.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteResourcePolicy.html
func (s *Service) DeleteResourcePolicy(ctx context.Context, in *glue.DeleteResourcePolicyInput) (*glue.DeleteResourcePolicyOutput, error) {
	k, err := ownPolicy(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		old, err := s.policies.rows.Get(tx, k)
		if err != nil {
			return absent(err, noPolicy())
		}
		if in.PolicyHashCondition != nil && *in.PolicyHashCondition != old.Hash {
			return condition("The policy hash does not match that of the current policy.")
		}
		return s.policies.rows.Delete(tx, k)
	})
	if err != nil {
		return nil, err
	}
	return &glue.DeleteResourcePolicyOutput{}, nil
}

func (s *Service) deleteResourcePolicyTargets(ctx context.Context, _ *glue.DeleteResourcePolicyInput) ([]wire.Target, error) {
	return s.on(ctx, catalogOf(ctx, nil))
}
