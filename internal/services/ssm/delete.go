package ssm

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

func (s *Service) remove(ctx context.Context, tx *store.Tx, name *string) error {
	k, selector, err := nameOf(ctx, name)
	if err != nil {
		return err
	}
	if selector != "" {
		return missing(aws.ToString(name))
	}
	k, p, err := s.find(tx, k, name)
	if err != nil {
		return err
	}
	if _, err := s.versions.DeleteAll(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + ":"}); err != nil {
		return err
	}
	if err := tell(tx, k, p, "Delete", nil); err != nil {
		return err
	}
	return s.parameters.Delete(tx, k)
}

// DeleteParameter removes a parameter with its versions.
// Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameter.html
func (s *Service) DeleteParameter(ctx context.Context, in *ssm.DeleteParameterInput) (*ssm.DeleteParameterOutput, error) {
	return &ssm.DeleteParameterOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error { return s.remove(ctx, tx, in.Name) })
}

func (s *Service) deleteTargets(ctx context.Context, in *ssm.DeleteParameterInput) ([]wire.Target, error) {
	return onNames(ctx, aws.ToString(in.Name))
}

// DeleteParameters removes parameters, and tells the names that there are none of.
func (s *Service) DeleteParameters(ctx context.Context, in *ssm.DeleteParametersInput) (*ssm.DeleteParametersOutput, error) {
	out := &ssm.DeleteParametersOutput{DeletedParameters: []string{}, InvalidParameters: []string{}}
	return out, s.Store.Update(ctx, func(tx *store.Tx) error {
		for _, name := range in.Names {
			var none *types.ParameterNotFound
			switch err := s.remove(ctx, tx, &name); {
			case errors.As(err, &none):
				out.InvalidParameters = append(out.InvalidParameters, name)
			case err != nil:
				return err
			default:
				out.DeletedParameters = append(out.DeletedParameters, name)
			}
		}
		return nil
	})
}

func (s *Service) deleteManyTargets(ctx context.Context, in *ssm.DeleteParametersInput) ([]wire.Target, error) {
	return onNames(ctx, in.Names...)
}
