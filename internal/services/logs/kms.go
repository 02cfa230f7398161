package logs

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// keyed finds the group whose key is set. Query results, which AWS encrypts too, have none here.
func keyed(ctx context.Context, name, resource *string) (store.Key, error) {
	return either(ctx, name, resource)
}

// AssociateKmsKey names a key for a group. It is kept and not applied.
func (s *Service) AssociateKmsKey(ctx context.Context, in *cloudwatchlogs.AssociateKmsKeyInput) (*cloudwatchlogs.AssociateKmsKeyOutput, error) {
	k, err := keyed(ctx, in.LogGroupName, in.ResourceIdentifier)
	if err == nil {
		err = s.change(ctx, k, func(g *group) error { g.Key = *in.KmsKeyId; return nil })
	}
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.AssociateKmsKeyOutput{}, nil
}

func (s *Service) associateKmsKeyTargets(ctx context.Context, in *cloudwatchlogs.AssociateKmsKeyInput) ([]wire.Target, error) {
	return s.onEither(ctx, in.LogGroupName, in.ResourceIdentifier, "")
}

// DisassociateKmsKey takes the key off.
func (s *Service) DisassociateKmsKey(ctx context.Context, in *cloudwatchlogs.DisassociateKmsKeyInput) (*cloudwatchlogs.DisassociateKmsKeyOutput, error) {
	k, err := keyed(ctx, in.LogGroupName, in.ResourceIdentifier)
	if err == nil {
		err = s.change(ctx, k, func(g *group) error { g.Key = ""; return nil })
	}
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.DisassociateKmsKeyOutput{}, nil
}

func (s *Service) disassociateKmsKeyTargets(ctx context.Context, in *cloudwatchlogs.DisassociateKmsKeyInput) ([]wire.Target, error) {
	return s.onEither(ctx, in.LogGroupName, in.ResourceIdentifier, "")
}
