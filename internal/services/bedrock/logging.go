package bedrock

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// PutModelInvocationLoggingConfiguration says where calls of models are logged.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_PutModelInvocationLoggingConfiguration.html
func (s *Service) PutModelInvocationLoggingConfiguration(ctx context.Context, in *bedrock.PutModelInvocationLoggingConfigurationInput) (
	*bedrock.PutModelInvocationLoggingConfigurationOutput, error) {
	if in.LoggingConfig.S3Config == nil && in.LoggingConfig.CloudWatchConfig == nil {
		return nil, invalid("The logging configuration names neither S3 nor CloudWatch.")
	}
	return &bedrock.PutModelInvocationLoggingConfigurationOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		return s.Shelf.Logging.Put(tx, here(ctx, ""), *in.LoggingConfig)
	})
}

func (s *Service) putModelInvocationLoggingConfigurationTargets(_ context.Context, in *bedrock.PutModelInvocationLoggingConfigurationInput) ([]wire.Target, error) {
	list := []wire.Target{{Resource: "*"}}
	if c := in.LoggingConfig.CloudWatchConfig; c != nil && aws.ToString(c.RoleArn) != "" {
		list = append(list, passRole(c.RoleArn))
	}
	return list, nil
}

// GetModelInvocationLoggingConfiguration tells where calls of models are logged.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetModelInvocationLoggingConfiguration.html
func (s *Service) GetModelInvocationLoggingConfiguration(ctx context.Context, _ *bedrock.GetModelInvocationLoggingConfigurationInput) (
	*bedrock.GetModelInvocationLoggingConfigurationOutput, error) {
	var c types.LoggingConfig
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		c, err = s.Shelf.Logging.Get(tx, here(ctx, ""))
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return &bedrock.GetModelInvocationLoggingConfigurationOutput{}, nil
	}
	return &bedrock.GetModelInvocationLoggingConfigurationOutput{LoggingConfig: &c}, err
}

// DeleteModelInvocationLoggingConfiguration ends the logs.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_DeleteModelInvocationLoggingConfiguration.html
func (s *Service) DeleteModelInvocationLoggingConfiguration(ctx context.Context, _ *bedrock.DeleteModelInvocationLoggingConfigurationInput) (
	*bedrock.DeleteModelInvocationLoggingConfigurationOutput, error) {
	return &bedrock.DeleteModelInvocationLoggingConfigurationOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		return absent(s.Shelf.Logging.Delete(tx, here(ctx, "")), nil)
	})
}
