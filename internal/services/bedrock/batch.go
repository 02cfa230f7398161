package bedrock

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"

	"github.com/atelier-studio/atelier/internal/platform/foundation"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

const (
	jobBatch     = "bedrock-batch"
	batchKind    = "model-invocation-job"
	defaultHours = 24
)

// batch is a job that runs a model over the records of files.
type batch struct {
	ID, Name, Model, Role  string
	Account, Region        string
	Input, Output          string // s3://…
	InputOwner             string
	Type                   types.ModelInvocationType
	Status                 types.ModelInvocationJobStatus
	Message, Token         string
	Hours                  int32
	Submitted, Modified    time.Time
	Ended                  time.Time
	Total, Good, Bad       int64
	InputTokens, OutTokens int64
	Tags                   map[string]string
}

func (b *batch) key() store.Key { return store.Key{Account: b.Account, Region: b.Region, ID: b.ID} }

func (b *batch) arn() string { return arnOf(b.key(), batchKind) }

// ended tells that the job will not change any more.
func (b *batch) ended() bool {
	switch b.Status {
	case types.ModelInvocationJobStatusCompleted, types.ModelInvocationJobStatusFailed, types.ModelInvocationJobStatusStopped,
		types.ModelInvocationJobStatusPartiallyCompleted, types.ModelInvocationJobStatusExpired:
		return true
	}
	return false
}

// place splits an S3 URI.
func place(uri string) (bucket, key string, err error) {
	rest, ok := strings.CutPrefix(uri, "s3://")
	bucket, key, _ = strings.Cut(rest, "/")
	if !ok || len(bucket) < 3 {
		return "", "", invalid("The S3 URI %s is not valid.", uri)
	}
	return bucket, key, nil
}

// CreateModelInvocationJob takes a batch up.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateModelInvocationJob.html
func (s *Service) CreateModelInvocationJob(ctx context.Context, in *bedrock.CreateModelInvocationJobInput) (out *bedrock.CreateModelInvocationJobOutput, err error) {
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	from, ok := in.InputDataConfig.(*types.ModelInvocationJobInputDataConfigMemberS3InputDataConfig)
	to, fine := in.OutputDataConfig.(*types.ModelInvocationJobOutputDataConfigMemberS3OutputDataConfig)
	if !ok || !fine {
		return nil, invalid("Input and output must be in S3.")
	}
	call := wire.CallOf(ctx)
	b := batch{ID: newID(), Name: aws.ToString(in.JobName), Model: aws.ToString(in.ModelId), Role: aws.ToString(in.RoleArn), Account: call.Account(), Region: call.Region,
		Input: aws.ToString(from.Value.S3Uri), InputOwner: aws.ToString(from.Value.S3BucketOwner), Output: aws.ToString(to.Value.S3Uri), Type: in.ModelInvocationType,
		Status: types.ModelInvocationJobStatusSubmitted, Token: aws.ToString(in.ClientRequestToken), Hours: aws.ToInt32(in.TimeoutDurationInHours),
		Submitted: s.Clock.Now(), Modified: s.Clock.Now(), Tags: tags}
	if b.Type == "" {
		b.Type = types.ModelInvocationTypeInvokeModel
	}
	if b.Hours == 0 {
		b.Hours = defaultHours
	}
	for _, uri := range []string{b.Input, b.Output} {
		if _, _, err := place(uri); err != nil {
			return nil, err
		}
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientRequestToken, in, func() (*bedrock.CreateModelInvocationJobOutput, error) {
			if err := s.known(tx, b.Account, b.Region, b.Model); err != nil {
				return nil, err
			}
			if err := s.batches.Insert(tx, b.key(), b); err != nil {
				return nil, err
			}
			if err := emitBatch(tx, &b); err != nil {
				return nil, err
			}
			_, err := tx.Enqueue(jobBatch, b.key())
			return &bedrock.CreateModelInvocationJobOutput{JobArn: aws.String(b.arn())}, err
		})
		return reused(err)
	})
	return out, err
}

// known refuses the identifier of a model that isn't there.
func (s *Service) known(tx *store.Tx, account, region, identifier string) error {
	m, err := s.Shelf.Resolve(tx, account, region, identifier)
	if err != nil {
		return invalid("The provided model identifier is invalid.")
	}
	if m.Imported == nil {
		if _, ok := s.Library.Find(m.ID); !ok {
			return invalid("The provided model identifier is invalid.")
		}
	}
	return nil
}

func (s *Service) createModelInvocationJobTargets(ctx context.Context, in *bedrock.CreateModelInvocationJobInput) ([]wire.Target, error) {
	model := aws.ToString(in.ModelId)
	if !strings.HasPrefix(model, "arn:") {
		model = foundation.ModelARN(wire.CallOf(ctx).Region, model)
	}
	return []wire.Target{{Resource: model}, passRole(in.RoleArn)}, nil
}

func (s *Service) batch(tx *store.Tx, k store.Key) (batch, error) {
	b, err := s.batches.Get(tx, k)
	return b, absent(err, missing("The model invocation job %s does not exist.", k.ID))
}

// GetModelInvocationJob tells how far a batch is.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetModelInvocationJob.html
func (s *Service) GetModelInvocationJob(ctx context.Context, in *bedrock.GetModelInvocationJobInput) (out *bedrock.GetModelInvocationJobOutput, err error) {
	k := named(ctx, batchKind, aws.ToString(in.JobIdentifier))
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		b, err := s.batch(tx, k)
		if err != nil {
			return err
		}
		x := b.summary()
		out = &bedrock.GetModelInvocationJobOutput{JobArn: x.JobArn, JobName: x.JobName, ModelId: x.ModelId, RoleArn: x.RoleArn, InputDataConfig: x.InputDataConfig,
			OutputDataConfig: x.OutputDataConfig, ModelInvocationType: x.ModelInvocationType, Status: x.Status, Message: x.Message, SubmitTime: x.SubmitTime,
			LastModifiedTime: x.LastModifiedTime, EndTime: x.EndTime, JobExpirationTime: x.JobExpirationTime, TimeoutDurationInHours: x.TimeoutDurationInHours,
			ClientRequestToken: x.ClientRequestToken, TotalRecordCount: x.TotalRecordCount, ProcessedRecordCount: x.ProcessedRecordCount,
			SuccessRecordCount: x.SuccessRecordCount, ErrorRecordCount: x.ErrorRecordCount}
		return nil
	})
	return out, err
}

func (s *Service) getModelInvocationJobTargets(ctx context.Context, in *bedrock.GetModelInvocationJobInput) ([]wire.Target, error) {
	return on(ctx, batchKind, in.JobIdentifier)
}

func (b *batch) summary() types.ModelInvocationJobSummary {
	expires := b.Submitted.Add(time.Duration(b.Hours) * time.Hour)
	out := types.ModelInvocationJobSummary{JobArn: aws.String(b.arn()), JobName: aws.String(b.Name), ModelId: aws.String(b.Model), RoleArn: aws.String(b.Role),
		InputDataConfig: &types.ModelInvocationJobInputDataConfigMemberS3InputDataConfig{Value: types.ModelInvocationJobS3InputDataConfig{S3Uri: aws.String(b.Input),
			S3InputFormat: types.S3InputFormatJsonl, S3BucketOwner: filled(b.InputOwner)}},
		OutputDataConfig:    &types.ModelInvocationJobOutputDataConfigMemberS3OutputDataConfig{Value: types.ModelInvocationJobS3OutputDataConfig{S3Uri: aws.String(b.Output)}},
		ModelInvocationType: b.Type, Status: b.Status, Message: filled(b.Message), SubmitTime: &b.Submitted, LastModifiedTime: &b.Modified, JobExpirationTime: &expires,
		TimeoutDurationInHours: &b.Hours, ClientRequestToken: filled(b.Token), TotalRecordCount: &b.Total, ProcessedRecordCount: aws.Int64(b.Good + b.Bad),
		SuccessRecordCount: &b.Good, ErrorRecordCount: &b.Bad}
	if !b.Ended.IsZero() {
		out.EndTime = &b.Ended
	}
	return out
}

// ListModelInvocationJobs lists batches.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListModelInvocationJobs.html
func (s *Service) ListModelInvocationJobs(ctx context.Context, in *bedrock.ListModelInvocationJobsInput) (*bedrock.ListModelInvocationJobsOutput, error) {
	of := here(ctx, "")
	var list []batch
	if err := s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := s.batches.List(tx, store.Range{Account: of.Account, Region: of.Region})
		for _, r := range rows {
			b := r.Value
			if in.StatusEquals != "" && b.Status != in.StatusEquals || !strings.Contains(b.Name, aws.ToString(in.NameContains)) ||
				in.SubmitTimeAfter != nil && !b.Submitted.After(*in.SubmitTimeAfter) || in.SubmitTimeBefore != nil && !b.Submitted.Before(*in.SubmitTimeBefore) {
				continue
			}
			list = append(list, b)
		}
		return err
	}); err != nil {
		return nil, err
	}
	list, next, err := paged(ctx, list, func(b batch) (time.Time, string) { return b.Submitted, b.ID }, in.SortOrder, in.MaxResults, in.NextToken)
	out := &bedrock.ListModelInvocationJobsOutput{InvocationJobSummaries: []types.ModelInvocationJobSummary{}, NextToken: next}
	for _, b := range list {
		out.InvocationJobSummaries = append(out.InvocationJobSummaries, b.summary())
	}
	return out, err
}

// StopModelInvocationJob ends a batch; what is done is written.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_StopModelInvocationJob.html
func (s *Service) StopModelInvocationJob(ctx context.Context, in *bedrock.StopModelInvocationJobInput) (*bedrock.StopModelInvocationJobOutput, error) {
	k := named(ctx, batchKind, aws.ToString(in.JobIdentifier))
	return &bedrock.StopModelInvocationJobOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		b, err := s.batch(tx, k)
		if err != nil {
			return err
		}
		if b.ended() || b.Status == types.ModelInvocationJobStatusStopping {
			return conflict("The model invocation job %s cannot be stopped: its status is %s.", b.ID, b.Status)
		}
		return s.turn(tx, &b, types.ModelInvocationJobStatusStopping, "")
	})
}

func (s *Service) stopModelInvocationJobTargets(ctx context.Context, in *bedrock.StopModelInvocationJobInput) ([]wire.Target, error) {
	return on(ctx, batchKind, in.JobIdentifier)
}

// turn brings a batch into a status, and tells of it.
func (s *Service) turn(tx *store.Tx, b *batch, to types.ModelInvocationJobStatus, message string) error {
	if b.Status == to {
		return nil
	}
	b.Status, b.Modified = to, s.Clock.Now()
	if message != "" {
		b.Message = message
	}
	if b.ended() {
		b.Ended = b.Modified
	}
	if err := s.batches.Put(tx, b.key(), *b); err != nil {
		return fmt.Errorf("cannot keep batch: %w", err)
	}
	return emitBatch(tx, b)
}
