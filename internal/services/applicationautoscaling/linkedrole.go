package applicationautoscaling

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
)

// roleARN is the service-linked role in whose name a dimension is scaled.
// Source: https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html
func (d Dimension) roleARN(account string) string {
	return "arn:aws:iam::" + account + ":role/aws-service-role/" + d.Host + "/" + d.Role
}

// as is the configuration of calls in the role's name.
func (s *Service) as(ctx context.Context, d Dimension, k store.Key) (aws.Config, error) {
	return s.Clients.Config(ctx, delivery.As{Service: d.Host, Account: k.Account, RoleARN: d.roleARN(k.Account)}, k.Region)
}

// registerTargets asks IAM whether the caller may make the role, when it is not there.
func (s *Service) registerTargets(ctx context.Context, in *applicationautoscaling.RegisterScalableTargetInput) ([]wire.Target, error) {
	out := []wire.Target{{Resource: "*"}}
	d, ok := s.Dimensions[in.ScalableDimension]
	if !ok {
		return out, nil
	}
	account := wire.CallOf(ctx).Account()
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		_, err := s.Directory.Roles.Get(tx, identity.NameKey(account, d.Role))
		if errors.Is(err, store.ErrNotFound) {
			err = nil
			out = append(out, wire.Target{Action: "iam:CreateServiceLinkedRole", Resource: d.roleARN(account), Context: authz.Context{"iam:AWSServiceName": {d.Host}}})
		}
		return err
	})
	return out, err
}

// linkRole makes the role as IAM does for a service, or gives the one that is there what it may do.
func (s *Service) linkRole(tx *store.Tx, d Dimension, account string) error {
	r, err := s.Directory.Roles.Get(tx, identity.NameKey(account, d.Role))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err == nil && len(r.Inline) > 0 {
		return nil
	}
	document := func(statement map[string]any) (string, error) {
		statement["Effect"] = "Allow"
		b, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{statement}})
		return string(b), err
	}
	if err != nil {
		trust, err := document(map[string]any{"Principal": map[string]string{"Service": d.Host}, "Action": "sts:AssumeRole"})
		if err != nil {
			return err
		}
		r = identity.Role{Account: account, Name: d.Role, Path: "/aws-service-role/" + d.Host + "/", ID: identity.NewID(identity.PrefixRole, account),
			Created: s.Clock.Now().Truncate(time.Second), Trust: trust, MaxSession: 3600}
	}
	actions := append([]string{"cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms"}, d.Actions...)
	may, err := document(map[string]any{"Action": actions, "Resource": "*"})
	if err != nil {
		return err
	}
	r.Inline = map[string]string{"ApplicationAutoScaling": may}
	return s.Directory.Roles.Put(tx, identity.NameKey(account, d.Role), r)
}
