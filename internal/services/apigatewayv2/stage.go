package apigatewayv2

import (
	"context"
	"regexp"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/gateway"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/routing"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

var (
	stageName     = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	variableName  = regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`)
	variableValue = regexp.MustCompile(`^[A-Za-z0-9\-._~:/?#&=,]{1,512}$`)
)

// checkStage wants a stage that can be served, and gives it what it leaves out.
func (s *Service) checkStage(tx *store.Tx, k store.Key, a *api, g *types.Stage) error {
	if name := *g.StageName; name != routing.Default && !stageName.MatchString(name) {
		return invalid("Stage name only allows a-zA-Z0-9_- and $default")
	}
	if g.ClientCertificateId != nil {
		return invalid("Client certificates are supported only for WebSocket APIs")
	}
	for name, value := range g.StageVariables {
		if !variableName.MatchString(name) || !variableValue.MatchString(value) {
			return invalid("Stage variable %s: names have letters, digits and _, values also -._~:/?#&=,", name)
		}
	}
	if id := aws.ToString(g.DeploymentId); id != "" {
		if _, err := s.deployments.Get(tx, below(k, id)); err != nil {
			if absent(err) {
				err = missing("Invalid deployment identifier specified")
			}
			return err
		}
	}
	if l := g.AccessLogSettings; l != nil {
		if l.DestinationArn == nil || l.Format == nil {
			return invalid("Access log settings need a destination and a format")
		}
		if err := gateway.CheckLog(*l.DestinationArn, *l.Format); err != nil {
			return invalid("%s", upper(err.Error()))
		}
	}
	if g.DefaultRouteSettings == nil {
		g.DefaultRouteSettings = &types.RouteSettings{DetailedMetricsEnabled: aws.Bool(false)}
	}
	for key, settings := range g.RouteSettings {
		known := false
		for _, r := range a.Routes {
			known = known || *r.RouteKey == key
		}
		if !known {
			return missing("Unable to find Route by key %s within the provided RouteSettings", key)
		}
		if err := checkSettings(settings); err != nil {
			return err
		}
	}
	return checkSettings(*g.DefaultRouteSettings)
}

func checkSettings(r types.RouteSettings) error {
	if aws.ToBool(r.DataTraceEnabled) || r.LoggingLevel != "" && r.LoggingLevel != types.LoggingLevelOff {
		return invalid("Execution logs are not supported on protocol type HTTP")
	}
	if aws.ToInt32(r.ThrottlingBurstLimit) < 0 || aws.ToFloat64(r.ThrottlingRateLimit) < 0 {
		return invalid("Throttling limits cannot be negative")
	}
	return nil
}

func (a *api) stage(name *string) (types.Stage, error) {
	g, ok := a.Stages[aws.ToString(name)]
	if !ok {
		return g, missing("Invalid stage identifier specified")
	}
	return g, nil
}

// changeStage reads, changes and writes a stage.
func (s *Service) changeStage(ctx context.Context, id, name *string, f func(tx *store.Tx, a *api, g *types.Stage) error) (g types.Stage, err error) {
	err = s.change(ctx, id, func(tx *store.Tx, a *api) (err error) {
		if g, err = a.stage(name); err != nil {
			return err
		}
		if err := f(tx, a, &g); err != nil {
			return err
		}
		g.LastUpdatedDate = aws.Time(wire.CallOf(ctx).Time)
		a.Stages[*name] = g
		return nil
	})
	return g, err
}

// CreateStage makes a stage.
// Source: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages.html
func (s *Service) CreateStage(ctx context.Context, in *apigatewayv2.CreateStageInput) (*apigatewayv2.CreateStageOutput, error) {
	now := wire.CallOf(ctx).Time
	g := types.Stage{AutoDeploy: aws.Bool(false), ApiGatewayManaged: aws.Bool(false), CreatedDate: &now, LastUpdatedDate: &now,
		StageVariables: orEmpty(in.StageVariables), RouteSettings: orEmpty(in.RouteSettings), Tags: orEmpty(in.Tags)}
	merge(&g, in)
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if err := s.permitLogs(ctx, in.AccessLogSettings); err != nil {
		return nil, err
	}
	k := here(ctx, in.ApiId)
	if err := s.change(ctx, in.ApiId, func(tx *store.Tx, a *api) error {
		if _, exists := a.Stages[*g.StageName]; exists {
			return conflict("Stage already exists")
		}
		if len(a.Stages) >= maxStages {
			return invalid("The number of stages exceeds the limit of %d", maxStages)
		}
		if *g.AutoDeploy && in.DeploymentId != nil {
			return invalid("DeploymentId cannot be specified for a stage with auto-deploy")
		}
		if err := s.checkStage(tx, k, a, &g); err != nil {
			return err
		}
		a.Stages[*g.StageName] = g
		if !*g.AutoDeploy {
			return nil
		}
		err := s.autoDeploy(tx, k, a, now)
		g = a.Stages[*g.StageName]
		return err
	}); err != nil {
		return nil, err
	}
	return like[apigatewayv2.CreateStageOutput](g), nil
}

func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// GetStage tells of a stage.
func (s *Service) GetStage(ctx context.Context, in *apigatewayv2.GetStageInput) (*apigatewayv2.GetStageOutput, error) {
	a, err := s.read(ctx, in.ApiId)
	if err != nil {
		return nil, err
	}
	g, err := a.stage(in.StageName)
	if err != nil {
		return nil, err
	}
	return like[apigatewayv2.GetStageOutput](g), nil
}

// GetStages lists the stages of an API.
func (s *Service) GetStages(ctx context.Context, in *apigatewayv2.GetStagesInput) (*apigatewayv2.GetStagesOutput, error) {
	a, err := s.read(ctx, in.ApiId)
	if err != nil {
		return nil, err
	}
	items, next, err := page(ctx, sorted(a.Stages), func(g types.Stage) string { return *g.StageName }, in.MaxResults, in.NextToken)
	return &apigatewayv2.GetStagesOutput{Items: items, NextToken: next}, err
}

// UpdateStage changes a stage. Variables and the settings of routes are amended: a variable that is given as "" goes.
func (s *Service) UpdateStage(ctx context.Context, in *apigatewayv2.UpdateStageInput) (*apigatewayv2.UpdateStageOutput, error) {
	if err := s.permitLogs(ctx, in.AccessLogSettings); err != nil {
		return nil, err
	}
	k := here(ctx, in.ApiId)
	g, err := s.changeStage(ctx, in.ApiId, in.StageName, func(tx *store.Tx, a *api, g *types.Stage) error {
		if aws.ToBool(g.AutoDeploy) && in.DeploymentId != nil && in.AutoDeploy == nil || aws.ToBool(in.AutoDeploy) && in.DeploymentId != nil {
			return invalid("DeploymentId cannot be updated for a stage with auto-deploy")
		}
		begins := aws.ToBool(in.AutoDeploy) && !aws.ToBool(g.AutoDeploy)
		merge(g, in)
		g.StageVariables = amended(g.StageVariables, in.StageVariables, blank)
		g.RouteSettings = amended(g.RouteSettings, in.RouteSettings, func(types.RouteSettings) bool { return false })
		if err := s.checkStage(tx, k, a, g); err != nil || !begins {
			return err
		}
		a.Stages[*g.StageName] = *g
		if err := s.autoDeploy(tx, k, a, wire.CallOf(ctx).Time); err != nil {
			return err
		}
		*g = a.Stages[*g.StageName]
		return nil
	})
	if err != nil {
		return nil, err
	}
	return like[apigatewayv2.UpdateStageOutput](g), nil
}

// DeleteStage removes a stage that no domain name has.
func (s *Service) DeleteStage(ctx context.Context, in *apigatewayv2.DeleteStageInput) (*apigatewayv2.DeleteStageOutput, error) {
	k := here(ctx, in.ApiId)
	return &apigatewayv2.DeleteStageOutput{}, s.change(ctx, in.ApiId, func(tx *store.Tx, a *api) error {
		if _, err := a.stage(in.StageName); err != nil {
			return err
		}
		domains, err := s.domains.List(tx, store.Range{Account: k.Account, Region: k.Region})
		if err != nil {
			return err
		}
		for _, d := range domains {
			for _, m := range d.Value.Mappings {
				if *m.ApiId == k.ID && *m.Stage == *in.StageName {
					return conflict("Stage is mapped to the domain name %s; delete the API mapping first", d.Key.ID)
				}
			}
		}
		delete(a.Stages, *in.StageName)
		return nil
	})
}

// DeleteAccessLogSettings ends the access logs of a stage.
func (s *Service) DeleteAccessLogSettings(ctx context.Context, in *apigatewayv2.DeleteAccessLogSettingsInput) (*apigatewayv2.DeleteAccessLogSettingsOutput, error) {
	_, err := s.changeStage(ctx, in.ApiId, in.StageName, func(_ *store.Tx, _ *api, g *types.Stage) error {
		g.AccessLogSettings = nil
		return nil
	})
	return &apigatewayv2.DeleteAccessLogSettingsOutput{}, err
}

// DeleteRouteSettings gives a route the stage's settings again.
func (s *Service) DeleteRouteSettings(ctx context.Context, in *apigatewayv2.DeleteRouteSettingsInput) (*apigatewayv2.DeleteRouteSettingsOutput, error) {
	_, err := s.changeStage(ctx, in.ApiId, in.StageName, func(_ *store.Tx, _ *api, g *types.Stage) error {
		if _, ok := g.RouteSettings[*in.RouteKey]; !ok {
			return missing("Invalid route settings identifier specified")
		}
		delete(g.RouteSettings, *in.RouteKey)
		return nil
	})
	return &apigatewayv2.DeleteRouteSettingsOutput{}, err
}
