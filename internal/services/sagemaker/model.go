package sagemaker

import (
	"context"
	"errors"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// model is what containers and data make predictions.
type model struct {
	In       sagemaker.CreateModelInput
	Unpacked []types.ContainerDefinition `json:",omitempty"` // what runs, when some containers are those of model packages
	Created  time.Time
}

// containers are those of the model in the order of its pipeline.
func (m model) containers() []types.ContainerDefinition {
	if len(m.Unpacked) > 0 {
		return m.Unpacked
	}
	return m.given()
}

// given are the containers as whoever made the model named them.
func (m model) given() []types.ContainerDefinition {
	if m.In.PrimaryContainer != nil {
		return []types.ContainerDefinition{*m.In.PrimaryContainer}
	}
	return m.In.Containers
}

// CreateModel names containers and the data they need.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html
func (s *Service) CreateModel(ctx context.Context, in *sagemaker.CreateModelInput) (*sagemaker.CreateModelOutput, error) {
	k := here(ctx, aws.ToString(in.ModelName))
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	m := model{In: *in, Created: s.Clock.Now()}
	m.In.Tags = nil
	if m.Unpacked, err = s.unpackedAll(ctx, m.given()); err != nil {
		return nil, err
	}
	if err := s.checkModel(ctx, k, m); err != nil {
		return nil, err
	}
	return &sagemaker.CreateModelOutput{ModelArn: aws.String(aModel.of(k))}, s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.models.Insert(tx, k, m); err != nil {
			return aModel.found(k, err)
		}
		return s.tag(tx, aModel, k, tags)
	})
}

func (s *Service) createModelTargets(ctx context.Context, in *sagemaker.CreateModelInput) ([]wire.Target, error) {
	targets, err := aModel.on(ctx, in.ModelName)
	return append(targets, passRole(in.ExecutionRoleArn)), err
}

// maxContainers is how many a pipeline has at most.
const maxContainers = 15

func (s *Service) checkModel(ctx context.Context, k store.Key, m model) error {
	list, role := m.containers(), aws.ToString(m.In.ExecutionRoleArn)
	switch {
	case m.In.PrimaryContainer != nil && len(m.In.Containers) > 0, len(m.given()) == 0:
		return invalid("Exactly one of PrimaryContainer and Containers must be given.")
	case len(list) > maxContainers:
		return limited("A model has at most %d containers.", maxContainers)
	case role == "":
		return invalid("ExecutionRoleArn is required.")
	}
	hosts := map[string]bool{}
	for i, c := range list {
		if aws.ToString(c.Image) == "" {
			return invalid("Either Image or ModelPackageName must be given for a container.")
		}
		if c.ModelDataUrl != nil && c.ModelDataSource != nil {
			return invalid("ModelDataUrl and ModelDataSource cannot be given together.")
		}
		if c.Mode == types.ContainerModeMultiModel && len(list) > 1 {
			return invalid("Multi-model containers cannot be combined with other containers.")
		}
		host := aws.ToString(c.ContainerHostname)
		if direct(m) && host == "" {
			return invalid("ContainerHostname is required for container %d: the inference execution mode is Direct.", i+1)
		}
		if host != "" && hosts[host] {
			return invalid("ContainerHostname %q is given twice.", host)
		}
		hosts[host] = true
	}
	if err := s.trusted(ctx, role); err != nil {
		return err
	}
	for _, c := range list {
		if err := s.readable(ctx, k, role, c); err != nil {
			return err
		}
	}
	return nil
}

// direct tells whether the containers of a model are invoked one by one, by name.
func direct(m model) bool {
	return m.In.InferenceExecutionConfig != nil && m.In.InferenceExecutionConfig.Mode == types.InferenceExecutionModeDirect
}

// readable checks that the role can read the data of a container.
func (s *Service) readable(ctx context.Context, k store.Key, role string, c types.ContainerDefinition) error {
	uri := aws.ToString(c.ModelDataUrl)
	if uri == "" || c.Mode == types.ContainerModeMultiModel {
		return nil
	}
	bucket, key, ok := bucketAndKey(uri)
	if !ok || key == "" {
		return invalid("Invalid ModelDataUrl %q: it must be an S3 URI.", uri)
	}
	cfg, err := s.as(ctx, k, aModel.of(k), role)
	if err == nil {
		_, err = s3.NewFromConfig(cfg, pathStyle).HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	}
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) || errors.Is(err, identity.ErrNotTrusted) {
		return invalid("Could not access model data at %s. Please ensure that the role %q exists and that its trust relationship policy allows "+
			"the action \"sts:AssumeRole\" for the service principal %q. Also ensure that the role has \"s3:GetObject\" permissions and that the "+
			"object is located in %s.", uri, role, principal, k.Region)
	}
	return err
}

func pathStyle(o *s3.Options) { o.UsePathStyle = true }

// DescribeModel tells of a model.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModel.html
func (s *Service) DescribeModel(ctx context.Context, in *sagemaker.DescribeModelInput) (*sagemaker.DescribeModelOutput, error) {
	k := here(ctx, aws.ToString(in.ModelName))
	var m model
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		m, err = s.models.Get(tx, k)
		return aModel.found(k, err)
	}); err != nil {
		return nil, err
	}
	isolated := aws.ToBool(m.In.EnableNetworkIsolation)
	return &sagemaker.DescribeModelOutput{ModelName: m.In.ModelName, ModelArn: aws.String(aModel.of(k)), CreationTime: &m.Created,
		ExecutionRoleArn: m.In.ExecutionRoleArn, PrimaryContainer: m.In.PrimaryContainer, Containers: m.In.Containers,
		InferenceExecutionConfig: m.In.InferenceExecutionConfig, VpcConfig: m.In.VpcConfig, EnableNetworkIsolation: &isolated}, nil
}

func (s *Service) describeModelTargets(ctx context.Context, in *sagemaker.DescribeModelInput) ([]wire.Target, error) {
	return aModel.on(ctx, in.ModelName)
}

// DeleteModel forgets a model. Its data stays, and what was deployed of it.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteModel.html
func (s *Service) DeleteModel(ctx context.Context, in *sagemaker.DeleteModelInput) (*sagemaker.DeleteModelOutput, error) {
	k := here(ctx, aws.ToString(in.ModelName))
	return &sagemaker.DeleteModelOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.models.Delete(tx, k); err != nil {
			return aModel.found(k, err)
		}
		return s.untag(tx, aModel, k)
	})
}

func (s *Service) deleteModelTargets(ctx context.Context, in *sagemaker.DeleteModelInput) ([]wire.Target, error) {
	return aModel.on(ctx, in.ModelName)
}

// ListModels lists models, the newest first.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListModels.html
func (s *Service) ListModels(ctx context.Context, in *sagemaker.ListModelsInput) (*sagemaker.ListModelsOutput, error) {
	rows, next, err := list(ctx, s, s.models, listing{contains: in.NameContains, after: in.CreationTimeAfter, before: in.CreationTimeBefore,
		byName: in.SortBy == types.ModelSortKeyName, ascending: in.SortOrder == types.OrderKeyAscending, limit: in.MaxResults, token: in.NextToken},
		func(r store.Row[model]) entry { return entry{name: r.Key.ID, created: r.Value.Created} })
	out := &sagemaker.ListModelsOutput{Models: []types.ModelSummary{}, NextToken: next}
	for _, r := range rows {
		out.Models = append(out.Models, types.ModelSummary{ModelName: aws.String(r.Key.ID), ModelArn: aws.String(aModel.of(r.Key)),
			CreationTime: &r.Value.Created})
	}
	return out, err
}
