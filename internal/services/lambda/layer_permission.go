package lambda

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// changeLayer reads, changes and writes a version of a layer.
func (s *Service) changeLayer(ctx context.Context, name *string, number int64, revision *string, f func(at store.Key, l *layer) error) error {
	k, _, err := layerNamed(ctx, aws.ToString(name))
	if err != nil {
		return err
	}
	at := layerKey(k, number)
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		l, err := s.layers.Get(tx, at)
		if absent(err) || err == nil && l.Number == 0 {
			return missing("Layer version %s does not exist.", layerARN(at))
		}
		if err != nil {
			return err
		}
		if revision != nil && *revision != l.Revision {
			return stale("GetLayerVersionPolicy")
		}
		if err := f(at, &l); err != nil {
			return err
		}
		l.Revision = uuid.NewString()
		return s.layers.Put(tx, at, l)
	})
}

// AddLayerVersionPermission lets another account, or all of an organization, use a version of a layer.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_AddLayerVersionPermission.html
func (s *Service) AddLayerVersionPermission(ctx context.Context, in *lambda.AddLayerVersionPermissionInput) (*lambda.AddLayerVersionPermissionOutput, error) {
	out := &lambda.AddLayerVersionPermissionOutput{}
	err := s.changeLayer(ctx, in.LayerName, *in.VersionNumber, in.RevisionId, func(at store.Key, l *layer) error {
		p := statement{Sid: *in.StatementId, Effect: "Allow", Principal: principalOf(*in.Principal), Action: *in.Action, Resource: layerARN(at)}
		p.when("StringEquals", "aws:PrincipalOrgID", in.OrganizationId)
		whole, one, err := add(l.Policy, p)
		if err != nil {
			return err
		}
		l.Policy, out.Statement = whole, &one
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) addLayerPermissionTargets(ctx context.Context, in *lambda.AddLayerVersionPermissionInput) ([]wire.Target, error) {
	return s.onLayer(ctx, in.LayerName, *in.VersionNumber, "")
}

// RemoveLayerVersionPermission takes a permission back.
func (s *Service) RemoveLayerVersionPermission(ctx context.Context, in *lambda.RemoveLayerVersionPermissionInput) (*lambda.RemoveLayerVersionPermissionOutput, error) {
	err := s.changeLayer(ctx, in.LayerName, *in.VersionNumber, in.RevisionId, func(_ store.Key, l *layer) (err error) {
		l.Policy, err = remove(l.Policy, *in.StatementId)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &lambda.RemoveLayerVersionPermissionOutput{}, nil
}

func (s *Service) removeLayerPermissionTargets(ctx context.Context, in *lambda.RemoveLayerVersionPermissionInput) ([]wire.Target, error) {
	return s.onLayer(ctx, in.LayerName, *in.VersionNumber, "")
}

// GetLayerVersionPolicy shows who may use a version of a layer.
func (s *Service) GetLayerVersionPolicy(ctx context.Context, in *lambda.GetLayerVersionPolicyInput) (*lambda.GetLayerVersionPolicyOutput, error) {
	k, _, err := layerNamed(ctx, *in.LayerName)
	if err != nil {
		return nil, err
	}
	l, ok, err := s.layer(ctx, layerKey(k, *in.VersionNumber))
	if err != nil {
		return nil, err
	}
	if !ok || l.Policy == "" {
		return nil, missing("No policy is associated with the given resource.")
	}
	return &lambda.GetLayerVersionPolicyOutput{Policy: &l.Policy, RevisionId: &l.Revision}, nil
}

func (s *Service) getLayerPolicyTargets(ctx context.Context, in *lambda.GetLayerVersionPolicyInput) ([]wire.Target, error) {
	return s.onLayer(ctx, in.LayerName, *in.VersionNumber, "")
}
