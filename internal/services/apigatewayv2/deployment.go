package apigatewayv2

import (
	"context"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/gateway"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// deployment is what an API was like when it was deployed. Its key is the API's id, a slash and its own.
type deployment struct {
	types.Deployment
	Holds gateway.Deployed
}

// below is the key of a deployment of an API.
func below(k store.Key, id string) store.Key {
	k.ID += "/" + id
	return k
}

// snapshot makes a deployment of an API as it is.
func (a *api) snapshot(now time.Time, description *string, auto bool) deployment {
	return deployment{types.Deployment{DeploymentId: aws.String(identity.RandomID(6)), AutoDeployed: &auto, CreatedDate: &now, Description: description,
		DeploymentStatus: types.DeploymentStatusDeployed},
		gateway.Deployed{Cors: a.CorsConfiguration, Routes: a.Routes, Integrations: a.Integrations, Authorizers: a.Authorizers}}
}

// autoDeploy gives the stages that deploy by themselves a deployment of the API as it is now. The one that they had goes, if it was
// made so.
func (s *Service) autoDeploy(tx *store.Tx, k store.Key, a *api, now time.Time) error {
	var d *deployment
	old := map[string]bool{}
	for name, g := range a.Stages {
		if !aws.ToBool(g.AutoDeploy) {
			continue
		}
		if d == nil {
			made := a.snapshot(now, aws.String("Automatic deployment triggered by changes to the Api configuration"), true)
			if d = &made; s.deployments.Insert(tx, below(k, *d.DeploymentId), made) != nil {
				return conflict("Deployment already exists")
			}
		}
		if id := aws.ToString(g.DeploymentId); id != "" {
			old[id] = true
		}
		g.DeploymentId, g.LastUpdatedDate = d.DeploymentId, &now
		g.LastDeploymentStatusMessage = aws.String("Successfully deployed stage with deployment ID '" + *d.DeploymentId + "'")
		a.Stages[name] = g
	}
	for _, g := range a.Stages {
		delete(old, aws.ToString(g.DeploymentId))
	}
	for id := range old {
		was, err := s.deployments.Get(tx, below(k, id))
		if err != nil {
			return err
		}
		if aws.ToBool(was.AutoDeployed) {
			if err := s.deployments.Delete(tx, below(k, id)); err != nil {
				return err
			}
		}
	}
	return nil
}

// CreateDeployment makes a deployment, and deploys it to a stage when one is named.
// Source: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-deployments.html
func (s *Service) CreateDeployment(ctx context.Context, in *apigatewayv2.CreateDeploymentInput) (*apigatewayv2.CreateDeploymentOutput, error) {
	k, now := here(ctx, in.ApiId), wire.CallOf(ctx).Time
	var d deployment
	if err := s.change(ctx, in.ApiId, func(tx *store.Tx, a *api) error {
		if len(a.Routes) == 0 {
			return invalid("At least one route is required before deploying the Api.")
		}
		d = a.snapshot(now, in.Description, false)
		d.DeploymentId = aws.String(newID(ctx, 6))
		if in.StageName != nil {
			g, err := a.stage(in.StageName)
			if err != nil {
				return err
			}
			if aws.ToBool(g.AutoDeploy) {
				return invalid("Deployments cannot be created for a stage with auto-deploy")
			}
			g.DeploymentId, g.LastUpdatedDate = d.DeploymentId, &now
			a.Stages[*in.StageName] = g
		}
		err := s.deployments.Insert(tx, below(k, *d.DeploymentId), d)
		if err == store.ErrExists { // the same call came before
			d, err = s.deployments.Get(tx, below(k, *d.DeploymentId))
		}
		return err
	}); err != nil {
		return nil, err
	}
	return like[apigatewayv2.CreateDeploymentOutput](d.Deployment), nil
}

// deployed reads a deployment.
func (s *Service) deployed(tx *store.Tx, k store.Key, id *string) (deployment, error) {
	if _, err := s.find(tx, k); err != nil {
		return deployment{}, err
	}
	d, err := s.deployments.Get(tx, below(k, aws.ToString(id)))
	if absent(err) {
		err = missing("Invalid deployment identifier specified")
	}
	return d, err
}

// GetDeployment tells of a deployment.
func (s *Service) GetDeployment(ctx context.Context, in *apigatewayv2.GetDeploymentInput) (out *apigatewayv2.GetDeploymentOutput, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		d, err := s.deployed(tx, here(ctx, in.ApiId), in.DeploymentId)
		out = like[apigatewayv2.GetDeploymentOutput](d.Deployment)
		return err
	})
	return out, err
}

// GetDeployments lists the deployments of an API.
func (s *Service) GetDeployments(ctx context.Context, in *apigatewayv2.GetDeploymentsInput) (*apigatewayv2.GetDeploymentsOutput, error) {
	k, list := here(ctx, in.ApiId), []types.Deployment{}
	if err := s.Store.View(ctx, func(tx *store.Tx) error {
		if _, err := s.find(tx, k); err != nil {
			return err
		}
		rows, err := s.deployments.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + "/"})
		for _, r := range rows {
			list = append(list, r.Value.Deployment)
		}
		return err
	}); err != nil {
		return nil, err
	}
	items, next, err := page(ctx, list, func(d types.Deployment) string { return *d.DeploymentId }, in.MaxResults, in.NextToken)
	return &apigatewayv2.GetDeploymentsOutput{Items: items, NextToken: next}, err
}

// UpdateDeployment changes a deployment's description.
func (s *Service) UpdateDeployment(ctx context.Context, in *apigatewayv2.UpdateDeploymentInput) (out *apigatewayv2.UpdateDeploymentOutput, err error) {
	k := here(ctx, in.ApiId)
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		d, err := s.deployed(tx, k, in.DeploymentId)
		if err != nil {
			return err
		}
		merge(&d.Deployment, in)
		out = like[apigatewayv2.UpdateDeploymentOutput](d.Deployment)
		return s.deployments.Put(tx, below(k, *in.DeploymentId), d)
	})
	return out, err
}

// DeleteDeployment removes a deployment that no stage has.
func (s *Service) DeleteDeployment(ctx context.Context, in *apigatewayv2.DeleteDeploymentInput) (*apigatewayv2.DeleteDeploymentOutput, error) {
	k := here(ctx, in.ApiId)
	return &apigatewayv2.DeleteDeploymentOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		a, err := s.find(tx, k)
		if err != nil {
			return err
		}
		if _, err := s.deployed(tx, k, in.DeploymentId); err != nil {
			return err
		}
		for name, g := range a.Stages {
			if aws.ToString(g.DeploymentId) == *in.DeploymentId {
				return invalid("Active stages pointing to this deployment must be moved or deleted: %s", name)
			}
		}
		return s.deployments.Delete(tx, below(k, *in.DeploymentId))
	})
}
