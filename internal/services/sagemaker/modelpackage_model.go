package sagemaker

import (
	"context"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// unpackedAll is a list of containers with those of model packages in their places; nil when there are none.
func (s *Service) unpackedAll(ctx context.Context, list []types.ContainerDefinition) (out []types.ContainerDefinition, err error) {
	some := false
	for _, c := range list {
		of := []types.ContainerDefinition{c}
		if c.ModelPackageName != nil {
			some = true
			if c.Image != nil || c.ModelDataUrl != nil {
				return nil, invalid("A container has either ModelPackageName, or Image and ModelDataUrl.")
			}
			if of, err = s.unpacked(ctx, c); err != nil {
				return nil, err
			}
		}
		out = append(out, of...)
	}
	if !some {
		return nil, nil
	}
	return out, nil
}

// unpacked puts the containers of a model package in the place of a container that names it.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-deploy.html
func (s *Service) unpacked(ctx context.Context, c types.ContainerDefinition) ([]types.ContainerDefinition, error) {
	k := packageKey(ctx, aPackage, c.ModelPackageName)
	if k.Account != wire.CallOf(ctx).Account() {
		return nil, invalid("ModelPackage %s does not exist.", aws.ToString(c.ModelPackageName))
	}
	p, err := s.modelPackage(ctx, k)
	switch {
	case err != nil:
		return nil, err
	case p.Group != "" && p.Approval != types.ModelApprovalStatusApproved:
		return nil, invalid("Cannot create a model from %s: its approval status is %s.", aPackage.of(k), p.Approval)
	}
	spec := p.In.InferenceSpecification
	if name := aws.ToString(c.InferenceSpecificationName); name != "" {
		spec = nil
		for _, a := range p.In.AdditionalInferenceSpecifications {
			if aws.ToString(a.Name) == name {
				spec = &types.InferenceSpecification{Containers: a.Containers}
			}
		}
	}
	if spec == nil || len(spec.Containers) == 0 {
		return nil, invalid("The model package %s has no such inference specification.", aPackage.of(k))
	}
	var out []types.ContainerDefinition
	for _, of := range spec.Containers {
		if len(of.Environment) > 0 && len(c.Environment) > 0 {
			return nil, invalid("Environment variable map cannot be specified both at Model Package %s and Model %s", brace(of.Environment), brace(c.Environment))
		}
		d := types.ContainerDefinition{Image: of.Image, ModelDataUrl: of.ModelDataUrl, ModelDataSource: of.ModelDataSource, Environment: of.Environment,
			ContainerHostname: of.ContainerHostname}
		if d.Environment == nil {
			d.Environment = c.Environment
		}
		out = append(out, d)
	}
	return out, nil
}

func brace(env map[string]string) string {
	return "{" + strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(env), "map["), "]") + "}"
}
