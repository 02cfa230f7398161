package ssm

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html
func (s *Service) Stack() []resource.Type {
	return resource.Types(resource.Type{Name: "AWS::SSM::Parameter", NameProperty: "Name", NameMax: 1011, Identify: func(r resource.Request) string { return r.Named("Name") },
		Create: createParameter, Update: updateParameter, Delete: deleteParameter, Read: readParameter})
}

func client(r resource.Request) *ssm.Client { return ssm.NewFromConfig(r.Config) }

func parameterState(r resource.Request, name string) resource.State {
	return resource.State{ID: name, Attributes: map[string]any{"Type": r.Text("Type"), "Value": r.Text("Value"), "Name": name,
		"Arn": parameterARN(store.Key{Account: r.Account, Region: r.Region, ID: name})}}
}

func createParameter(ctx context.Context, r resource.Request) (resource.State, error) {
	if r.Text("Type") == string(types.ParameterTypeSecureString) {
		return resource.State{}, errors.New("AWS::SSM::Parameter does not make parameters of the type SecureString")
	}
	name := r.Named("Name")
	_, err := resource.Call(ctx, client(r).PutParameter, r.Properties, func(in *ssm.PutParameterInput) { in.Name = &name })
	if err != nil {
		return resource.State{}, err
	}
	return parameterState(r, name), nil
}

func updateParameter(ctx context.Context, r resource.Request) (resource.State, error) {
	out := parameterState(r, r.ID)
	if r.Changed("AllowedPattern", "DataType", "Description", "Policies", "Tier", "Type", "Value") {
		if _, err := resource.Call(ctx, client(r).PutParameter, r.Properties, func(in *ssm.PutParameterInput) {
			in.Name, in.Overwrite = &r.ID, aws.Bool(true)
			if in.Description == nil && r.Old["Description"] != nil {
				in.Description = aws.String("")
			}
		}, "Tags"); err != nil {
			return out, err
		}
	}
	return out, r.Retag("Tags", func(tags map[string]string) error {
		_, err := client(r).AddTagsToResource(ctx, &ssm.AddTagsToResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: &r.ID,
			Tags: wire.TagList(tags, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })})
		return err
	}, func(keys []string) error {
		_, err := client(r).RemoveTagsFromResource(ctx, &ssm.RemoveTagsFromResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: &r.ID, TagKeys: keys})
		return err
	})
}

func deleteParameter(ctx context.Context, r resource.Request) error {
	_, err := client(r).DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: &r.ID})
	return err
}

func readParameter(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := client(r).GetParameter(ctx, &ssm.GetParameterInput{Name: &r.ID})
	if err != nil {
		return resource.State{}, err
	}
	p := out.Parameter
	state := parameterState(r, r.ID)
	state.Attributes["Type"], state.Attributes["Value"], state.Properties = string(p.Type), *p.Value, resource.Tell(p, r.Properties)
	return state, nil
}
