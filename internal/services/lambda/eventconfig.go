package lambda

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// configureEvents writes how events of a qualifier are tried and where their outcome goes. merge keeps what is not given.
func (s *Service) configureEvents(ctx context.Context, name, qualifier *string, given types.FunctionEventInvokeConfig, merge bool) (c types.FunctionEventInvokeConfig, err error) {
	r, _, _, err := s.configured(ctx, name, qualifier)
	if err != nil {
		return c, err
	}
	if d := given.DestinationConfig; d != nil {
		for _, to := range []*string{success(d), failure(d)} {
			if to == nil {
				continue
			}
			if err := checkDestination(*to, "sqs", "sns", "lambda", "events"); err != nil {
				return c, err
			}
		}
	}
	now := wire.CallOf(ctx).Time
	err = s.change(ctx, r, func(_ *store.Tx, f *function) error {
		q := eventQualifier(r)
		had, ok := f.Events[q]
		if merge && !ok {
			return noEventConfig(r)
		}
		c = given
		if merge {
			c = had
			if given.DestinationConfig != nil {
				c.DestinationConfig = given.DestinationConfig
			}
			if given.MaximumEventAgeInSeconds != nil {
				c.MaximumEventAgeInSeconds = given.MaximumEventAgeInSeconds
			}
			if given.MaximumRetryAttempts != nil {
				c.MaximumRetryAttempts = given.MaximumRetryAttempts
			}
		}
		if c.DestinationConfig == nil {
			c.DestinationConfig = &types.DestinationConfig{OnFailure: &types.OnFailure{}, OnSuccess: &types.OnSuccess{}}
		}
		c.FunctionArn, c.LastModified = aws.String(r.at(q).arn()), &now
		f.Events = with(f.Events, q, c)
		return nil
	})
	return c, err
}

// eventQualifier is under which events of a qualifier are configured.
func eventQualifier(r ref) string {
	if r.Qualifier == "" {
		return latest
	}
	return r.Qualifier
}

func noEventConfig(r ref) error {
	return missing("The function %s doesn't have an EventInvokeConfig", r.at(eventQualifier(r)).arn())
}

func success(d *types.DestinationConfig) *string {
	if d == nil || d.OnSuccess == nil || aws.ToString(d.OnSuccess.Destination) == "" {
		return nil
	}
	return d.OnSuccess.Destination
}

func failure(d *types.DestinationConfig) *string {
	if d == nil || d.OnFailure == nil || aws.ToString(d.OnFailure.Destination) == "" {
		return nil
	}
	return d.OnFailure.Destination
}

// PutFunctionEventInvokeConfig says how events are tried and where their outcome goes.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
func (s *Service) PutFunctionEventInvokeConfig(ctx context.Context, in *lambda.PutFunctionEventInvokeConfigInput) (*lambda.PutFunctionEventInvokeConfigOutput, error) {
	c, err := s.configureEvents(ctx, in.FunctionName, in.Qualifier, types.FunctionEventInvokeConfig{DestinationConfig: in.DestinationConfig,
		MaximumEventAgeInSeconds: in.MaximumEventAgeInSeconds, MaximumRetryAttempts: in.MaximumRetryAttempts}, false)
	if err != nil {
		return nil, err
	}
	return &lambda.PutFunctionEventInvokeConfigOutput{DestinationConfig: c.DestinationConfig, FunctionArn: c.FunctionArn, LastModified: c.LastModified,
		MaximumEventAgeInSeconds: c.MaximumEventAgeInSeconds, MaximumRetryAttempts: c.MaximumRetryAttempts}, nil
}

func (s *Service) putEventsTargets(ctx context.Context, in *lambda.PutFunctionEventInvokeConfigInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Qualifier)
}

// UpdateFunctionEventInvokeConfig changes what is given.
func (s *Service) UpdateFunctionEventInvokeConfig(ctx context.Context, in *lambda.UpdateFunctionEventInvokeConfigInput) (*lambda.UpdateFunctionEventInvokeConfigOutput, error) {
	c, err := s.configureEvents(ctx, in.FunctionName, in.Qualifier, types.FunctionEventInvokeConfig{DestinationConfig: in.DestinationConfig,
		MaximumEventAgeInSeconds: in.MaximumEventAgeInSeconds, MaximumRetryAttempts: in.MaximumRetryAttempts}, true)
	if err != nil {
		return nil, err
	}
	return &lambda.UpdateFunctionEventInvokeConfigOutput{DestinationConfig: c.DestinationConfig, FunctionArn: c.FunctionArn, LastModified: c.LastModified,
		MaximumEventAgeInSeconds: c.MaximumEventAgeInSeconds, MaximumRetryAttempts: c.MaximumRetryAttempts}, nil
}

func (s *Service) updateEventsTargets(ctx context.Context, in *lambda.UpdateFunctionEventInvokeConfigInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Qualifier)
}

// GetFunctionEventInvokeConfig tells how events are tried.
func (s *Service) GetFunctionEventInvokeConfig(ctx context.Context, in *lambda.GetFunctionEventInvokeConfigInput) (*lambda.GetFunctionEventInvokeConfigOutput, error) {
	r, f, err := s.function(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	c, ok := f.Events[eventQualifier(r)]
	if !ok {
		return nil, noEventConfig(r)
	}
	return &lambda.GetFunctionEventInvokeConfigOutput{DestinationConfig: c.DestinationConfig, FunctionArn: c.FunctionArn, LastModified: c.LastModified,
		MaximumEventAgeInSeconds: c.MaximumEventAgeInSeconds, MaximumRetryAttempts: c.MaximumRetryAttempts}, nil
}

func (s *Service) getEventsTargets(ctx context.Context, in *lambda.GetFunctionEventInvokeConfigInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Qualifier)
}

// DeleteFunctionEventInvokeConfig goes back to what is so without one.
func (s *Service) DeleteFunctionEventInvokeConfig(ctx context.Context, in *lambda.DeleteFunctionEventInvokeConfigInput) (*lambda.DeleteFunctionEventInvokeConfigOutput, error) {
	r, _, err := s.function(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if err := s.change(ctx, r, func(_ *store.Tx, f *function) error {
		if _, ok := f.Events[eventQualifier(r)]; !ok {
			return noEventConfig(r)
		}
		f.Events = without(f.Events, eventQualifier(r))
		return nil
	}); err != nil {
		return nil, err
	}
	return &lambda.DeleteFunctionEventInvokeConfigOutput{}, nil
}

func (s *Service) deleteEventsTargets(ctx context.Context, in *lambda.DeleteFunctionEventInvokeConfigInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Qualifier)
}

// ListFunctionEventInvokeConfigs lists a function's configurations of events.
func (s *Service) ListFunctionEventInvokeConfigs(ctx context.Context, in *lambda.ListFunctionEventInvokeConfigsInput) (*lambda.ListFunctionEventInvokeConfigsOutput, error) {
	_, f, err := s.function(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	var list []types.FunctionEventInvokeConfig
	for _, c := range f.Events {
		list = append(list, c)
	}
	order := func(c types.FunctionEventInvokeConfig) string { return *c.FunctionArn }
	slices.SortFunc(list, func(a, b types.FunctionEventInvokeConfig) int { return strings.Compare(order(a), order(b)) })
	out := &lambda.ListFunctionEventInvokeConfigsOutput{}
	out.FunctionEventInvokeConfigs, out.NextMarker, err = page(ctx, list, order, in.MaxItems, in.Marker)
	return out, err
}

func (s *Service) listEventsTargets(ctx context.Context, in *lambda.ListFunctionEventInvokeConfigsInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, nil)
}
