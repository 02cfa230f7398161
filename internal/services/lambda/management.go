package lambda

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// runtimeManagement is when a runtime is updated. The server's are updated with the machine, so that it is only kept.
type runtimeManagement struct {
	On  types.UpdateRuntimeOn
	ARN *string `json:",omitempty"`
}

// GetRuntimeManagementConfig tells when a version's runtime is updated.
func (s *Service) GetRuntimeManagementConfig(ctx context.Context, in *lambda.GetRuntimeManagementConfigInput) (*lambda.GetRuntimeManagementConfigOutput, error) {
	r, f, v, err := s.configured(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	m, ok := f.Runtime[eventQualifier(r)]
	if !ok {
		m.On = types.UpdateRuntimeOnAuto
	}
	return &lambda.GetRuntimeManagementConfigOutput{FunctionArn: v.show(r).FunctionArn, UpdateRuntimeOn: m.On, RuntimeVersionArn: m.ARN}, nil
}

func (s *Service) getManagementTargets(ctx context.Context, in *lambda.GetRuntimeManagementConfigInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Qualifier)
}

// PutRuntimeManagementConfig keeps when a version's runtime is to be updated.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_PutRuntimeManagementConfig.html
func (s *Service) PutRuntimeManagementConfig(ctx context.Context, in *lambda.PutRuntimeManagementConfigInput) (*lambda.PutRuntimeManagementConfigOutput, error) {
	r, _, v, err := s.configured(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if (in.UpdateRuntimeOn == types.UpdateRuntimeOnManual) != (aws.ToString(in.RuntimeVersionArn) != "") {
		return nil, invalid("RuntimeVersionArn is given with the update mode Manual, and with no other.")
	}
	m := runtimeManagement{in.UpdateRuntimeOn, in.RuntimeVersionArn}
	if err := s.change(ctx, r, func(_ *store.Tx, f *function) error {
		f.Runtime = with(f.Runtime, eventQualifier(r), m)
		return nil
	}); err != nil {
		return nil, err
	}
	return &lambda.PutRuntimeManagementConfigOutput{FunctionArn: v.show(r).FunctionArn, UpdateRuntimeOn: m.On, RuntimeVersionArn: m.ARN}, nil
}

func (s *Service) putManagementTargets(ctx context.Context, in *lambda.PutRuntimeManagementConfigInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Qualifier)
}

// GetFunctionRecursionConfig tells what is done with a function that calls itself in a circle.
func (s *Service) GetFunctionRecursionConfig(ctx context.Context, in *lambda.GetFunctionRecursionConfigInput) (*lambda.GetFunctionRecursionConfigOutput, error) {
	_, f, err := s.function(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if f.Recursion == "" {
		f.Recursion = types.RecursiveLoopTerminate
	}
	return &lambda.GetFunctionRecursionConfigOutput{RecursiveLoop: f.Recursion}, nil
}

func (s *Service) getRecursionTargets(ctx context.Context, in *lambda.GetFunctionRecursionConfigInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, nil)
}

// PutFunctionRecursionConfig keeps what is to be done with a function that calls itself in a circle.
func (s *Service) PutFunctionRecursionConfig(ctx context.Context, in *lambda.PutFunctionRecursionConfigInput) (*lambda.PutFunctionRecursionConfigOutput, error) {
	r, _, err := s.function(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if err := s.change(ctx, r, func(_ *store.Tx, f *function) error {
		f.Recursion = in.RecursiveLoop
		return nil
	}); err != nil {
		return nil, err
	}
	return &lambda.PutFunctionRecursionConfigOutput{RecursiveLoop: in.RecursiveLoop}, nil
}

func (s *Service) putRecursionTargets(ctx context.Context, in *lambda.PutFunctionRecursionConfigInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, nil)
}

// GetFunctionCodeSigningConfig tells that code is not signed.
func (s *Service) GetFunctionCodeSigningConfig(ctx context.Context, in *lambda.GetFunctionCodeSigningConfigInput) (*lambda.GetFunctionCodeSigningConfigOutput, error) {
	r, _, err := s.function(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	return &lambda.GetFunctionCodeSigningConfigOutput{FunctionName: &r.ID}, nil
}

func (s *Service) getSigningTargets(ctx context.Context, in *lambda.GetFunctionCodeSigningConfigInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, nil)
}
