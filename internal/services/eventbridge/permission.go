package eventbridge

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
)

// document is a bus's policy, as far as PutPermission writes it.
type document struct {
	Version   string
	Statement []json.RawMessage
}

func sid(statement json.RawMessage) string {
	var s struct{ Sid string }
	_ = json.Unmarshal(statement, &s) // one without a name has none
	return s.Sid
}

func (b bus) document() document {
	d := document{Version: "2012-10-17"}
	if b.Policy == "" {
		return d
	}
	var one struct{ Statement json.RawMessage }
	if json.Unmarshal([]byte(b.Policy), &d) != nil && json.Unmarshal([]byte(b.Policy), &one) == nil {
		d.Statement = []json.RawMessage{one.Statement} // a lone statement needs no list
	}
	return d
}

func (b *bus) write(d document) error {
	if len(d.Statement) == 0 {
		b.Policy = ""
		return nil
	}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if _, err := authz.ParseResource(text); err != nil {
		return invalid("The policy is not valid: %v", err)
	}
	b.Policy = string(text)
	return nil
}

// PutPermission lets another account put events on a bus, or sets the whole policy.
// Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
func (s *Service) PutPermission(ctx context.Context, in *eventbridge.PutPermissionInput) (*eventbridge.PutPermissionOutput, error) {
	k := s.named(ctx, in.EventBusName)
	err := s.changeBus(ctx, k, func(b *bus) error {
		if in.Policy != nil {
			if in.Action != nil || in.Principal != nil || in.StatementId != nil || in.Condition != nil {
				return invalid("Parameter Policy must not be given with Action, Condition, Principal or StatementId.")
			}
			if _, err := authz.ParseResource([]byte(*in.Policy)); err != nil {
				return invalid("Parameter Policy is not valid: %v", err)
			}
			b.Policy = *in.Policy
			return nil
		}
		if in.Action == nil || in.Principal == nil || in.StatementId == nil {
			return invalid("Parameters Action, Principal and StatementId must be specified.")
		}
		if *in.Action != "events:PutEvents" {
			return invalid("Provided value in parameter 'action' is not supported.")
		}
		statement := map[string]any{"Sid": *in.StatementId, "Effect": "Allow", "Action": *in.Action, "Resource": busARN(k)}
		if *in.Principal == "*" {
			statement["Principal"] = "*"
		} else {
			statement["Principal"] = map[string]string{"AWS": "arn:aws:iam::" + *in.Principal + ":root"}
		}
		if c := in.Condition; c != nil {
			if *in.Principal != "*" || aws.ToString(c.Type) != "StringEquals" || aws.ToString(c.Key) != "aws:PrincipalOrgID" {
				return invalid("Parameter Condition is not valid.")
			}
			statement["Condition"] = map[string]any{*c.Type: map[string]string{*c.Key: aws.ToString(c.Value)}}
		}
		text, err := json.Marshal(statement)
		if err != nil {
			return err
		}
		d := b.document()
		d.Statement = append(slices.DeleteFunc(d.Statement, func(has json.RawMessage) bool { return sid(has) == *in.StatementId }), text)
		return b.write(d)
	})
	if err != nil {
		return nil, err
	}
	return &eventbridge.PutPermissionOutput{}, nil
}

func (s *Service) putPermissionTargets(ctx context.Context, in *eventbridge.PutPermissionInput) ([]wire.Target, error) {
	return s.onBus(ctx, in.EventBusName)
}

// named is the key of a bus of the caller's own, by name.
func (s *Service) named(ctx context.Context, name *string) store.Key {
	if aws.ToString(name) == "" {
		return here(ctx, defaultBus)
	}
	return here(ctx, *name)
}

// RemovePermission takes a permission back, or all of them.
func (s *Service) RemovePermission(ctx context.Context, in *eventbridge.RemovePermissionInput) (*eventbridge.RemovePermissionOutput, error) {
	err := s.changeBus(ctx, s.named(ctx, in.EventBusName), func(b *bus) error {
		d := b.document()
		n := len(d.Statement)
		if in.RemoveAllPermissions {
			d.Statement = nil
		} else {
			d.Statement = slices.DeleteFunc(d.Statement, func(has json.RawMessage) bool { return sid(has) == aws.ToString(in.StatementId) })
			if len(d.Statement) == n {
				return missing("Statement with the provided id does not exist.")
			}
		}
		return b.write(d)
	})
	if err != nil {
		return nil, err
	}
	return &eventbridge.RemovePermissionOutput{}, nil
}

func (s *Service) removePermissionTargets(ctx context.Context, in *eventbridge.RemovePermissionInput) ([]wire.Target, error) {
	return s.onBus(ctx, in.EventBusName)
}
