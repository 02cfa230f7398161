package sns

import (
	"context"
	"encoding/json"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

func (t topic) document() authz.Statements { return authz.ReadStatements(t.Attributes["Policy"], "") }

func (t *topic) write(d authz.Statements) error {
	if len(d.Statement) == 0 {
		delete(t.Attributes, "Policy")
		return nil
	}
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return t.set("Policy", string(b))
}

// AddPermission adds a statement to the topic's policy.
// Source: https://docs.aws.amazon.com/sns/latest/api/API_AddPermission.html
func (s *Service) AddPermission(ctx context.Context, in *sns.AddPermissionInput) (*sns.AddPermissionOutput, error) {
	err := s.change(ctx, in.TopicArn, func(k store.Key, t *topic) error {
		var who, what []string
		for _, account := range in.AWSAccountId {
			if len(account) != 12 {
				return invalid("AWSAccountId")
			}
			who = append(who, arn.New("iam", "", account, "root"))
		}
		for _, action := range in.ActionName {
			what = append(what, "SNS:"+action)
		}
		statement, err := json.Marshal(map[string]any{"Sid": aws.ToString(in.Label), "Effect": "Allow", "Principal": map[string]any{"AWS": who},
			"Action": what, "Resource": topicARN(k)})
		if err != nil {
			return err
		}
		d := t.document()
		if d.Has(aws.ToString(in.Label)) {
			return invalid("Statement already exists")
		}
		d.Statement = append(d.Statement, statement)
		return t.write(d)
	})
	if err != nil {
		return nil, err
	}
	return &sns.AddPermissionOutput{}, nil
}

func (s *Service) addPermissionTargets(ctx context.Context, in *sns.AddPermissionInput) ([]wire.Target, error) {
	return s.on(ctx, in.TopicArn)
}

// RemovePermission removes a statement from the topic's policy.
func (s *Service) RemovePermission(ctx context.Context, in *sns.RemovePermissionInput) (*sns.RemovePermissionOutput, error) {
	err := s.change(ctx, in.TopicArn, func(_ store.Key, t *topic) error {
		d := t.document()
		d.Remove(aws.ToString(in.Label))
		return t.write(d)
	})
	if err != nil {
		return nil, err
	}
	return &sns.RemovePermissionOutput{}, nil
}

func (s *Service) removePermissionTargets(ctx context.Context, in *sns.RemovePermissionInput) ([]wire.Target, error) {
	return s.on(ctx, in.TopicArn)
}
