package sqs

import (
	"context"
	"encoding/json"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func (q queue) document(k store.Key) authz.Statements {
	return authz.ReadStatements(q.Attributes["Policy"], queueARN(k)+"/SQSDefaultPolicy")
}

func (q *queue) write(d authz.Statements) error {
	if len(d.Statement) == 0 {
		delete(q.Attributes, "Policy")
		return nil
	}
	b, err := json.Marshal(d)
	q.Attributes["Policy"] = string(b)
	return err
}

// AddPermission adds a statement to the queue's policy.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html
func (s *Service) AddPermission(ctx context.Context, in *sqs.AddPermissionInput) (*sqs.AddPermissionOutput, error) {
	k, err := key(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	var who, what []string
	for _, account := range in.AWSAccountIds {
		if len(account) != 12 {
			return nil, invalid("Value [%s] for parameter PrincipalId is invalid. Reason: Unable to verify.", account)
		}
		who = append(who, arn.New("iam", "", account, "root"))
	}
	for _, action := range in.Actions {
		what = append(what, "SQS:"+action)
	}
	statement, err := json.Marshal(map[string]any{"Sid": aws.ToString(in.Label), "Effect": "Allow", "Principal": map[string]any{"AWS": who},
		"Action": what, "Resource": queueARN(k)})
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, k, func(_ *store.Tx, q *queue) error {
		d := q.document(k)
		if d.Has(aws.ToString(in.Label)) {
			return invalid("Value %s for parameter Label is invalid. Reason: Already exists.", *in.Label)
		}
		d.Statement = append(d.Statement, statement)
		return q.write(d)
	})
	if err != nil {
		return nil, err
	}
	return &sqs.AddPermissionOutput{}, nil
}

func (s *Service) addPermissionTargets(ctx context.Context, in *sqs.AddPermissionInput) ([]wire.Target, error) {
	return s.on(ctx, in.QueueUrl)
}

// RemovePermission removes a statement from the queue's policy.
func (s *Service) RemovePermission(ctx context.Context, in *sqs.RemovePermissionInput) (*sqs.RemovePermissionOutput, error) {
	k, err := key(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, k, func(_ *store.Tx, q *queue) error {
		d := q.document(k)
		n := len(d.Statement)
		d.Remove(aws.ToString(in.Label))
		if len(d.Statement) == n {
			return invalid("Value %s for parameter Label is invalid. Reason: can't find label on existing policy.", *in.Label)
		}
		return q.write(d)
	})
	if err != nil {
		return nil, err
	}
	return &sqs.RemovePermissionOutput{}, nil
}

func (s *Service) removePermissionTargets(ctx context.Context, in *sqs.RemovePermissionInput) ([]wire.Target, error) {
	return s.on(ctx, in.QueueUrl)
}
