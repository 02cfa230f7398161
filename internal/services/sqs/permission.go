package sqs

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// policy document, as far as AddPermission writes it. Statements that others wrote are kept as they are.
type document struct {
	Version   string
	ID        string            `json:"Id,omitempty"`
	Statement []json.RawMessage `json:",omitempty"`
}

func label(statement json.RawMessage) string {
	var s struct{ Sid string }
	_ = json.Unmarshal(statement, &s) // one without a label has none
	return s.Sid
}

func (q queue) document(k store.Key) document {
	d := document{Version: "2012-10-17", ID: queueARN(k) + "/SQSDefaultPolicy"}
	if text := q.Attributes["Policy"]; text != "" {
		var one struct{ Statement json.RawMessage }
		if json.Unmarshal([]byte(text), &d) != nil && json.Unmarshal([]byte(text), &one) == nil {
			d.Statement = []json.RawMessage{one.Statement} // a lone statement needs no list
		}
	}
	return d
}

func (q *queue) write(d document) error {
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
		for _, has := range d.Statement {
			if label(has) == aws.ToString(in.Label) {
				return invalid("Value %s for parameter Label is invalid. Reason: Already exists.", *in.Label)
			}
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
		d.Statement = slices.DeleteFunc(d.Statement, func(has json.RawMessage) bool { return label(has) == aws.ToString(in.Label) })
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
