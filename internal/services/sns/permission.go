package sns

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// document is a topic's policy, as far as AddPermission writes it. Statements that others wrote are kept as they are.
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

func (t topic) document() document {
	d := document{Version: "2012-10-17"}
	if text := t.Attributes["Policy"]; text != "" {
		var one struct{ Statement json.RawMessage }
		if json.Unmarshal([]byte(text), &d) != nil && json.Unmarshal([]byte(text), &one) == nil {
			d.Statement = []json.RawMessage{one.Statement} // a lone statement needs no list
		}
	}
	return d
}

func (t *topic) write(d document) error {
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
		if slices.ContainsFunc(d.Statement, func(has json.RawMessage) bool { return label(has) == aws.ToString(in.Label) }) {
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
		d.Statement = slices.DeleteFunc(d.Statement, func(has json.RawMessage) bool { return label(has) == aws.ToString(in.Label) })
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
