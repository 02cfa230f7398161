package eventbridge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// maxTargets is how many targets a rule may have.
// Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
const maxTargets = 5

// checkTarget gives what is wrong with a target; "" when nothing is.
func checkTarget(t types.Target) string {
	a, err := arn.Parse(aws.ToString(t.Arn))
	if err != nil {
		return fmt.Sprintf("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", aws.ToString(t.Arn))
	}
	given := 0
	for _, is := range []bool{t.Input != nil, t.InputPath != nil, t.InputTransformer != nil} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return fmt.Sprintf("Only one of Input, InputPath, or InputTransformer must be provided for target %s.", aws.ToString(t.Id))
	case t.Input != nil && !valid(*t.Input):
		return fmt.Sprintf("JSON syntax error in input for target %s", aws.ToString(t.Id))
	case a.Service == "sqs" && strings.HasSuffix(a.Resource, ".fifo") && (t.SqsParameters == nil || aws.ToString(t.SqsParameters.MessageGroupId) == ""):
		return fmt.Sprintf("Parameter(s) SqsParameters must be specified for target: %s.", aws.ToString(t.Id))
	case a.Service == "events" && strings.HasPrefix(a.Resource, "api-destination/") && t.RoleArn == nil:
		return fmt.Sprintf("RoleArn is required for target %s.", aws.ToString(t.Arn))
	}
	if t.InputPath != nil {
		if _, err := readPath(*t.InputPath); err != nil {
			return fmt.Sprintf("Parameter InputPath of target %s is not valid: %v", aws.ToString(t.Id), err)
		}
	}
	if x := t.InputTransformer; x != nil {
		if err := checkTransformer(x); err != nil {
			return fmt.Sprintf("InputTransformer for target %s is not valid: %v", aws.ToString(t.Id), err)
		}
	}
	if d := deadLetters(t.DeadLetterConfig); d != "" {
		if q, err := arn.Parse(d); err != nil || q.Service != "sqs" || strings.HasSuffix(q.Resource, ".fifo") {
			return fmt.Sprintf("Dead-letter queue %s is not valid.", d)
		}
	}
	return ""
}

// PutTargets adds targets to a rule, or changes those of the same id.
// Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
func (s *Service) PutTargets(ctx context.Context, in *eventbridge.PutTargetsInput) (*eventbridge.PutTargetsOutput, error) {
	for _, t := range in.Targets {
		if why := checkTarget(t); why != "" {
			return nil, invalid("%s", why)
		}
	}
	err := s.changeRule(ctx, in.EventBusName, in.Rule, false, func(_ *store.Tx, _ store.Key, r *rule) error {
		for _, t := range in.Targets {
			r.Targets = append(slices.DeleteFunc(r.Targets, func(has types.Target) bool { return *has.Id == *t.Id }), t)
		}
		if len(r.Targets) > maxTargets {
			return &types.LimitExceededException{Message: aws.String("The requested resource exceeds the maximum number allowed.")}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &eventbridge.PutTargetsOutput{FailedEntries: []types.PutTargetsResultEntry{}}, nil
}

func (s *Service) putTargetsTargets(ctx context.Context, in *eventbridge.PutTargetsInput) ([]wire.Target, error) {
	list, err := s.onRule(ctx, in.EventBusName, in.Rule)
	for _, t := range in.Targets {
		if err == nil && t.RoleArn != nil {
			list = append(list, passRole(*t.RoleArn))
		}
	}
	return list, err
}

// RemoveTargets removes targets from a rule.
func (s *Service) RemoveTargets(ctx context.Context, in *eventbridge.RemoveTargetsInput) (*eventbridge.RemoveTargetsOutput, error) {
	out := &eventbridge.RemoveTargetsOutput{FailedEntries: []types.RemoveTargetsResultEntry{}}
	err := s.changeRule(ctx, in.EventBusName, in.Rule, in.Force, func(_ *store.Tx, _ store.Key, r *rule) error {
		for _, id := range in.Ids {
			n := len(r.Targets)
			r.Targets = slices.DeleteFunc(r.Targets, func(has types.Target) bool { return *has.Id == id })
			if len(r.Targets) == n {
				out.FailedEntryCount++
				out.FailedEntries = append(out.FailedEntries, types.RemoveTargetsResultEntry{TargetId: &id, ErrorCode: aws.String("ResourceNotFoundException"),
					ErrorMessage: aws.String("Rule " + r.Name + " does not have target " + id + ".")})
			}
		}
		return nil
	})
	return out, err
}

func (s *Service) removeTargetsTargets(ctx context.Context, in *eventbridge.RemoveTargetsInput) ([]wire.Target, error) {
	return s.onRule(ctx, in.EventBusName, in.Rule)
}

// ListTargetsByRule lists the targets of a rule.
func (s *Service) ListTargetsByRule(ctx context.Context, in *eventbridge.ListTargetsByRuleInput) (*eventbridge.ListTargetsByRuleOutput, error) {
	_, r, err := s.find(ctx, in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	list := slices.Clone(r.Targets)
	slices.SortFunc(list, func(a, b types.Target) int { return strings.Compare(*a.Id, *b.Id) })
	out := &eventbridge.ListTargetsByRuleOutput{}
	out.Targets, out.NextToken, err = page(ctx, append([]types.Target{}, list...), func(t types.Target) string { return *t.Id }, in.Limit, in.NextToken)
	return out, err
}

func (s *Service) listTargetsTargets(ctx context.Context, in *eventbridge.ListTargetsByRuleInput) ([]wire.Target, error) {
	return s.onRule(ctx, in.EventBusName, in.Rule)
}
