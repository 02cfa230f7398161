package apigatewayv2

import (
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/payload"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/routing"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// quick adds an integration, a route and a stage that deploys by itself.
func (a *api) quick(target, role, key *string, now time.Time) error {
	i := types.Integration{ApiGatewayManaged: aws.Bool(true), IntegrationId: aws.String(identity.RandomID(7)), CredentialsArn: role}
	aim(&i, *target)
	if err := checkIntegration(&i); err != nil {
		return err
	}
	a.Integrations[*i.IntegrationId] = i
	if key == nil {
		key = aws.String(routing.Default)
	}
	r := types.Route{ApiGatewayManaged: aws.Bool(true), RouteId: aws.String(identity.RandomID(7)), RouteKey: key, Target: aws.String("integrations/" + *i.IntegrationId),
		AuthorizationType: types.AuthorizationTypeNone, ApiKeyRequired: aws.Bool(false)}
	if err := a.checkRoute(r); err != nil {
		return err
	}
	a.Routes[*r.RouteId] = r
	a.Stages[routing.Default] = types.Stage{ApiGatewayManaged: aws.Bool(true), StageName: aws.String(routing.Default), AutoDeploy: aws.Bool(true), CreatedDate: &now,
		LastUpdatedDate: &now, DefaultRouteSettings: &types.RouteSettings{DetailedMetricsEnabled: aws.Bool(false)}, RouteSettings: map[string]types.RouteSettings{},
		StageVariables: map[string]string{}, Tags: map[string]string{}}
	return nil
}

// requick changes what quick made.
func (a *api) requick(target, role, key *string) error {
	for id, r := range a.Routes {
		if !aws.ToBool(r.ApiGatewayManaged) {
			continue
		}
		if key != nil {
			r.RouteKey = key
			if err := a.checkRoute(r); err != nil {
				return err
			}
			a.Routes[id] = r
		}
		of := strings.TrimPrefix(aws.ToString(r.Target), "integrations/")
		i := a.Integrations[of]
		if target != nil {
			aim(&i, *target)
		}
		if role != nil {
			i.CredentialsArn = role
		}
		if err := checkIntegration(&i); err != nil {
			return err
		}
		a.Integrations[of] = i
		return nil
	}
	return invalid("Target, credentials and route key can be updated only of an API that was made with a target")
}

// aim has an integration call a function or a URL.
func aim(i *types.Integration, target string) {
	i.ConnectionType, i.IntegrationUri = types.ConnectionTypeInternet, &target
	if strings.HasPrefix(target, "arn:") {
		i.IntegrationType, i.IntegrationMethod, i.PayloadFormatVersion = types.IntegrationTypeAwsProxy, aws.String("POST"), aws.String(payload.V2)
		return
	}
	i.IntegrationType, i.IntegrationMethod, i.PayloadFormatVersion = types.IntegrationTypeHttpProxy, aws.String("ANY"), aws.String(payload.V1)
}
