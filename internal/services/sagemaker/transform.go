package sagemaker

import (
	"context"
	"errors"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/transform"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// transformJob is a batch transform, from its start on.
type transformJob struct {
	In                sagemaker.CreateTransformJobInput
	Model             model
	Status            types.TransformJobStatus
	Failure           string `json:",omitempty"`
	Created, Modified time.Time
	Started, Ended    *time.Time `json:",omitempty"`
}

// Limits of a transform. Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
const (
	defaultPayload = 6   // MB
	maxPayload     = 100 // MB, also times concurrency
)

// CreateTransformJob starts a batch transform.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
func (s *Service) CreateTransformJob(ctx context.Context, in *sagemaker.CreateTransformJobInput) (*sagemaker.CreateTransformJobOutput, error) {
	k, now := here(ctx, aws.ToString(in.TransformJobName)), s.Clock.Now()
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	t := transformJob{In: *in, Status: types.TransformJobStatusInProgress, Created: now, Modified: now}
	t.In.Tags = nil
	if err := checkTransform(&t.In); err != nil {
		return nil, err
	}
	return &sagemaker.CreateTransformJobOutput{TransformJobArn: aws.String(aTransform.of(k))}, s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		of := k
		of.ID = aws.ToString(in.ModelName)
		if t.Model, err = s.models.Get(tx, of); err != nil {
			return aModel.found(of, err)
		}
		if err := s.transforms.Insert(tx, k, t); err != nil {
			if errors.Is(err, store.ErrExists) {
				return &types.ResourceInUse{Message: aws.String("Job name must be unique within an AWS account and region, and a job with this name already exists (" + aTransform.of(k) + ")")}
			}
			return err
		}
		if err := s.tag(tx, aTransform, k, tags); err != nil {
			return err
		}
		if err := s.transformTold(tx, k, t); err != nil {
			return err
		}
		_, err = tx.Enqueue(transformJobName, k)
		return err
	})
}

func (s *Service) createTransformTargets(ctx context.Context, in *sagemaker.CreateTransformJobInput) ([]wire.Target, error) {
	return aTransform.on(ctx, in.TransformJobName)
}

// checkTransform fills what a transform leaves open, and checks it.
func checkTransform(in *sagemaker.CreateTransformJobInput) error {
	if _, known := container.InstanceType(string(in.TransformResources.InstanceType)); !known {
		return wire.Errorf(400, "NotImplemented", "Instances of type "+string(in.TransformResources.InstanceType)+" are not implemented by Atelier.")
	}
	payload, width := int32(defaultPayload), int32(1)
	if in.MaxPayloadInMB != nil {
		payload = *in.MaxPayloadInMB
	}
	if in.MaxConcurrentTransforms != nil {
		width = *in.MaxConcurrentTransforms
	}
	d := in.TransformInput.DataSource.S3DataSource
	switch {
	case payload > maxPayload || int64(payload)*int64(max(width, 1)) > maxPayload:
		return invalid("MaxPayloadInMB must not exceed %d MB, and MaxConcurrentTransforms * MaxPayloadInMB must not either.", maxPayload)
	case in.MaxPayloadInMB != nil && payload == 0:
		return wire.Errorf(400, "NotImplemented", "Payloads without limit (MaxPayloadInMB 0) are not implemented by Atelier.")
	case in.DataCaptureConfig != nil:
		return wire.Errorf(400, "NotImplemented", "Capturing data of transforms is not implemented by Atelier.")
	case d.S3DataType == types.S3DataTypeAugmentedManifestFile:
		return invalid("S3DataType AugmentedManifestFile is not supported by transforms.")
	}
	for _, uri := range []*string{d.S3Uri, in.TransformOutput.S3OutputPath} {
		if _, _, ok := bucketAndKey(aws.ToString(uri)); !ok {
			return invalid("Invalid S3 URI %q.", aws.ToString(uri))
		}
	}
	j, err := inside(in)
	if err == nil {
		err = j.Check()
	}
	if err != nil {
		return invalid("%v", err)
	}
	return nil
}

// inside is the transform in the words of who does it.
func inside(in *sagemaker.CreateTransformJobInput) (j transform.Job, err error) {
	j = transform.Job{Split: transform.Split(in.TransformInput.SplitType), ContentType: aws.ToString(in.TransformInput.ContentType),
		Accept: aws.ToString(in.TransformOutput.Accept), Assemble: in.TransformOutput.AssembleWith == types.AssemblyTypeLine,
		Multi: in.BatchStrategy != types.BatchStrategySingleRecord}
	if j.Split == "" {
		j.Split = transform.Whole
	}
	if p := in.DataProcessing; p != nil {
		j.Join = p.JoinSource == types.JoinSourceInput
		if j.Input, err = transform.ParsePath(aws.ToString(p.InputFilter)); err != nil {
			return j, err
		}
		j.Output, err = transform.ParsePath(aws.ToString(p.OutputFilter))
	}
	return j, err
}

// DescribeTransformJob tells of a batch transform.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTransformJob.html
func (s *Service) DescribeTransformJob(ctx context.Context, in *sagemaker.DescribeTransformJobInput) (*sagemaker.DescribeTransformJobOutput, error) {
	k := here(ctx, aws.ToString(in.TransformJobName))
	var t transformJob
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		t, err = s.transforms.Get(tx, k)
		return aTransform.found(k, err)
	}); err != nil {
		return nil, err
	}
	out := &sagemaker.DescribeTransformJobOutput{TransformJobName: in.TransformJobName, TransformJobArn: aws.String(aTransform.of(k)),
		TransformJobStatus: t.Status, CreationTime: &t.Created, TransformStartTime: t.Started, TransformEndTime: t.Ended, ModelName: t.In.ModelName,
		TransformInput: t.In.TransformInput, TransformOutput: t.In.TransformOutput, TransformResources: t.In.TransformResources,
		BatchStrategy: t.In.BatchStrategy, DataProcessing: t.In.DataProcessing, Environment: t.In.Environment, ExperimentConfig: t.In.ExperimentConfig,
		MaxConcurrentTransforms: t.In.MaxConcurrentTransforms, MaxPayloadInMB: t.In.MaxPayloadInMB, ModelClientConfig: t.In.ModelClientConfig}
	if to := *t.In.TransformOutput; to.KmsKeyId == nil { // clients read it without asking
		to.KmsKeyId, out.TransformOutput = aws.String(""), &to
	}
	if t.Failure != "" {
		out.FailureReason = &t.Failure
	}
	return out, nil
}

func (s *Service) describeTransformTargets(ctx context.Context, in *sagemaker.DescribeTransformJobInput) ([]wire.Target, error) {
	return aTransform.on(ctx, in.TransformJobName)
}

// StopTransformJob asks a batch transform to end. Objects that are done stay.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTransformJob.html
func (s *Service) StopTransformJob(ctx context.Context, in *sagemaker.StopTransformJobInput) (*sagemaker.StopTransformJobOutput, error) {
	k := here(ctx, aws.ToString(in.TransformJobName))
	return &sagemaker.StopTransformJobOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		t, err := s.transforms.Get(tx, k)
		if err != nil {
			return aTransform.found(k, err)
		}
		if t.Status == types.TransformJobStatusStopping {
			return nil
		}
		if t.Status != types.TransformJobStatusInProgress {
			return invalid("The request was rejected because the transform job is in status %s.", t.Status)
		}
		t.Status, t.Modified = types.TransformJobStatusStopping, s.Clock.Now()
		tx.OnCommit(func() { s.transformStops.ask(k) })
		if err := s.transforms.Put(tx, k, t); err != nil {
			return err
		}
		return s.transformTold(tx, k, t)
	})
}

func (s *Service) stopTransformTargets(ctx context.Context, in *sagemaker.StopTransformJobInput) ([]wire.Target, error) {
	return aTransform.on(ctx, in.TransformJobName)
}

// ListTransformJobs lists batch transforms, the newest first.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTransformJobs.html
func (s *Service) ListTransformJobs(ctx context.Context, in *sagemaker.ListTransformJobsInput) (*sagemaker.ListTransformJobsOutput, error) {
	rows, next, err := list(ctx, s, s.transforms, listing{contains: in.NameContains, after: in.CreationTimeAfter, before: in.CreationTimeBefore,
		modifiedAfter: in.LastModifiedTimeAfter, modifiedBefore: in.LastModifiedTimeBefore, status: string(in.StatusEquals),
		byName: in.SortBy == types.SortByName, byStatus: in.SortBy == types.SortByStatus, ascending: in.SortOrder == types.SortOrderAscending,
		limit: in.MaxResults, token: in.NextToken}, func(r store.Row[transformJob]) entry {
		return entry{name: r.Key.ID, status: string(r.Value.Status), created: r.Value.Created, modified: r.Value.Modified}
	})
	out := &sagemaker.ListTransformJobsOutput{TransformJobSummaries: []types.TransformJobSummary{}, NextToken: next}
	for _, r := range rows {
		sum := types.TransformJobSummary{TransformJobName: aws.String(r.Key.ID), TransformJobArn: aws.String(aTransform.of(r.Key)),
			TransformJobStatus: r.Value.Status, CreationTime: &r.Value.Created, LastModifiedTime: &r.Value.Modified, TransformEndTime: r.Value.Ended}
		if r.Value.Failure != "" {
			sum.FailureReason = &r.Value.Failure
		}
		out.TransformJobSummaries = append(out.TransformJobSummaries, sum)
	}
	return out, err
}
