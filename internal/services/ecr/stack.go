package ecr

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecr-repository.html
func (s *Service) Stack() []resource.Type {
	t := resource.Plain{Name: "AWS::ECR::Repository", NameProperty: "RepositoryName", NameMax: 256, Key: func(r resource.Request) map[string]any {
		return map[string]any{"RepositoryName": r.ID, "RepositoryNames": []any{r.ID}}
	}, Within: "Repositories", Attributes: map[string]string{"Arn": "RepositoryArn", "RepositoryUri": "RepositoryUri"},
		Apart:  []string{"EmptyOnDelete", "LifecyclePolicy", "RepositoryPolicyText"},
		Create: resource.Do(client, (*ecr.Client).CreateRepository), Get: resource.Do(client, (*ecr.Client).DescribeRepositories),
		Update: resource.Do(client, (*ecr.Client).DescribeRepositories), Delete: resource.Do(client, (*ecr.Client).DeleteRepository), Retag: retagRepository}.Type()
	t.NameLower, t.Ready, t.Delete = true, settleRepository, removeRepository
	return resource.Types(t)
}

func client(r resource.Request) *ecr.Client { return ecr.NewFromConfig(r.Config) }

func retagRepository(ctx context.Context, r resource.Request, set map[string]string, remove []string) (err error) {
	arn := "arn:" + r.Partition + ":ecr:" + r.Region + ":" + r.Account + ":repository/" + r.ID
	if len(remove) > 0 {
		_, err = client(r).UntagResource(ctx, &ecr.UntagResourceInput{ResourceArn: &arn, TagKeys: remove})
	} else {
		_, err = client(r).TagResource(ctx, &ecr.TagResourceInput{ResourceArn: &arn, Tags: wire.TagList(set, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })})
	}
	return err
}

// settleRepository sets what has calls of its own.
func settleRepository(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	c, name := client(r), &r.ID
	fail := func(err error) (resource.State, bool, error) { return resource.State{}, false, err }
	if text := resource.Text(resource.At(r.Properties, "LifecyclePolicy.LifecyclePolicyText")); text != "" {
		if _, err := c.PutLifecyclePolicy(ctx, &ecr.PutLifecyclePolicyInput{RepositoryName: name, LifecyclePolicyText: &text}); err != nil {
			return fail(err)
		}
	} else if r.Old["LifecyclePolicy"] != nil {
		if _, err := c.DeleteLifecyclePolicy(ctx, &ecr.DeleteLifecyclePolicyInput{RepositoryName: name}); err != nil && !resource.Gone(err) {
			return fail(err)
		}
	}
	if text := r.Text("RepositoryPolicyText"); text != "" {
		if _, err := c.SetRepositoryPolicy(ctx, &ecr.SetRepositoryPolicyInput{RepositoryName: name, PolicyText: &text}); err != nil {
			return fail(err)
		}
	} else if r.Old["RepositoryPolicyText"] != nil {
		if _, err := c.DeleteRepositoryPolicy(ctx, &ecr.DeleteRepositoryPolicyInput{RepositoryName: name}); err != nil && !resource.Gone(err) {
			return fail(err)
		}
	}
	if r.Old != nil && r.Changed("ImageTagMutability", "ImageTagMutabilityExclusionFilters") {
		in := &ecr.PutImageTagMutabilityInput{RepositoryName: name, ImageTagMutability: types.ImageTagMutabilityMutable}
		if err := resource.Fill(in, map[string]any{"ImageTagMutability": r.Properties["ImageTagMutability"],
			"ImageTagMutabilityExclusionFilters": r.Properties["ImageTagMutabilityExclusionFilters"]}); err != nil {
			return fail(err)
		}
		if _, err := c.PutImageTagMutability(ctx, in); err != nil {
			return fail(err)
		}
	}
	if r.Old != nil && r.Changed("ImageScanningConfiguration") {
		on := resource.Text(resource.At(r.Properties, "ImageScanningConfiguration.ScanOnPush")) == "true"
		if _, err := c.PutImageScanningConfiguration(ctx, &ecr.PutImageScanningConfigurationInput{RepositoryName: name,
			ImageScanningConfiguration: &types.ImageScanningConfiguration{ScanOnPush: on}}); err != nil {
			return fail(err)
		}
	}
	return resource.State{}, true, nil
}

// removeRepository fails when there are images, unless the template says that they go too.
func removeRepository(ctx context.Context, r resource.Request) error {
	_, err := client(r).DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: aws.String(r.ID), Force: r.Text("EmptyOnDelete") == "true"})
	return err
}
