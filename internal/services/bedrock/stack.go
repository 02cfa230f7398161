package bedrock

import (
	"context"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Bedrock.html
func (s *Service) Stack() []resource.Type {
	retag := func(ctx context.Context, r resource.Request, set map[string]string, remove []string) (err error) {
		if len(remove) > 0 {
			_, err = client(r).UntagResource(ctx, &bedrock.UntagResourceInput{ResourceARN: &r.ID, TagKeys: remove})
		} else {
			_, err = client(r).TagResource(ctx, &bedrock.TagResourceInput{ResourceARN: &r.ID,
				Tags: wire.TagList(set, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })})
		}
		return err
	}
	policies := []string{"ContentPolicyConfig", "TopicPolicyConfig", "WordPolicyConfig", "SensitiveInformationPolicyConfig", "ContextualGroundingPolicyConfig"}
	return resource.Types(
		resource.Plain{Name: "AWS::Bedrock::ApplicationInferenceProfile", NameProperty: "InferenceProfileName", ID: "InferenceProfileArn",
			Key: func(r resource.Request) map[string]any { return map[string]any{"InferenceProfileIdentifier": r.ID} },
			Attributes: map[string]string{"InferenceProfileArn": "InferenceProfileArn", "InferenceProfileId": "InferenceProfileId", "InferenceProfileIdentifier": "InferenceProfileArn",
				"Status": "Status", "Type": "Type", "CreatedAt": "CreatedAt", "UpdatedAt": "UpdatedAt"},
			Token: "ClientRequestToken", Untold: []string{"ModelSource"}, Create: createProfile, Get: do((*bedrock.Client).GetInferenceProfile),
			Update: do((*bedrock.Client).GetInferenceProfile), Delete: do((*bedrock.Client).DeleteInferenceProfile), Retag: retag}.Type(),
		resource.Plain{Name: "AWS::Bedrock::Guardrail", NameProperty: "Name", NameMax: 50, ID: "GuardrailArn",
			Key: func(r resource.Request) map[string]any {
				return map[string]any{"GuardrailIdentifier": r.ID, "Name": r.Named("Name")}
			},
			Attributes: map[string]string{"GuardrailArn": "GuardrailArn", "GuardrailId": "GuardrailId", "Version": "Version", "Status": "Status", "CreatedAt": "CreatedAt",
				"UpdatedAt": "UpdatedAt"},
			Token: "ClientRequestToken", Untold: policies, Create: do((*bedrock.Client).CreateGuardrail), Get: do((*bedrock.Client).GetGuardrail),
			Update: do((*bedrock.Client).UpdateGuardrail), Delete: do((*bedrock.Client).DeleteGuardrail), Status: "Status", Done: []string{"READY"}, Retag: retag}.Type(),
		resource.Type{Name: "AWS::Bedrock::GuardrailVersion", Create: createVersion, Delete: deleteVersion, Read: readVersion},
	)
}

func client(r resource.Request) *bedrock.Client { return bedrock.NewFromConfig(r.Config) }

func do[I, O any](method func(*bedrock.Client, context.Context, *I, ...func(*bedrock.Options)) (*O, error)) resource.Verb {
	return resource.Do(client, method)
}

// createProfile makes a profile of what its source copies.
func createProfile(ctx context.Context, r resource.Request, properties map[string]any, _ bool) (any, error) {
	from := resource.Text(resource.At(properties, "ModelSource.CopyFrom"))
	if from == "" {
		return nil, errors.New("the property ModelSource.CopyFrom is required")
	}
	in := &bedrock.CreateInferenceProfileInput{ModelSource: &types.InferenceProfileModelSourceMemberCopyFrom{Value: from}}
	if err := resource.Fill(in, properties, "ModelSource"); err != nil {
		return nil, err
	}
	return client(r).CreateInferenceProfile(ctx, in)
}

func versionResource(r resource.Request, id string) resource.State {
	guardrail, number, _ := strings.Cut(id, "|")
	return resource.State{ID: id, Attributes: map[string]any{"GuardrailId": guardrail, "Version": number,
		"GuardrailArn": "arn:" + r.Partition + ":bedrock:" + r.Region + ":" + r.Account + ":guardrail/" + guardrail}}
}

func createVersion(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := resource.Call(ctx, client(r).CreateGuardrailVersion, r.Properties, func(in *bedrock.CreateGuardrailVersionInput) { in.ClientRequestToken = &r.Token })
	if err != nil {
		return resource.State{}, err
	}
	return versionResource(r, *out.GuardrailId+"|"+*out.Version), nil
}

func deleteVersion(ctx context.Context, r resource.Request) error {
	guardrail, number, _ := strings.Cut(r.ID, "|")
	_, err := client(r).DeleteGuardrail(ctx, &bedrock.DeleteGuardrailInput{GuardrailIdentifier: &guardrail, GuardrailVersion: &number})
	return err
}

func readVersion(ctx context.Context, r resource.Request) (resource.State, error) {
	guardrail, number, _ := strings.Cut(r.ID, "|")
	if _, err := client(r).GetGuardrail(ctx, &bedrock.GetGuardrailInput{GuardrailIdentifier: &guardrail, GuardrailVersion: aws.String(number)}); err != nil {
		return resource.State{}, err
	}
	state := versionResource(r, r.ID)
	state.Properties = map[string]any{"GuardrailIdentifier": r.Properties["GuardrailIdentifier"]}
	return state, nil
}
