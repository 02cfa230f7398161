package sagemaker

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// trainingJob is a training, from its start on.
type trainingJob struct {
	In                sagemaker.CreateTrainingJobInput
	Status            types.TrainingJobStatus
	Transitions       []types.SecondaryStatusTransition
	Failure           string `json:",omitempty"`
	Artifacts         string `json:",omitempty"` // S3 URI of the model
	Created, Modified time.Time
	Started, Ended    *time.Time         `json:",omitempty"`
	Metrics           []types.MetricData `json:",omitempty"`
}

// phase notes a secondary status.
func (t *trainingJob) phase(now time.Time, status types.SecondaryStatus, message string) {
	if n := len(t.Transitions); n > 0 && t.Transitions[n-1].EndTime == nil {
		t.Transitions[n-1].EndTime = &now
	}
	t.Transitions = append(t.Transitions, types.SecondaryStatusTransition{Status: status, StartTime: &now, StatusMessage: &message})
	t.Modified = now
}

func (t *trainingJob) secondary() types.SecondaryStatus {
	return t.Transitions[len(t.Transitions)-1].Status
}

// CreateTrainingJob starts a training.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
func (s *Service) CreateTrainingJob(ctx context.Context, in *sagemaker.CreateTrainingJobInput) (*sagemaker.CreateTrainingJobOutput, error) {
	k, now := here(ctx, aws.ToString(in.TrainingJobName)), s.Clock.Now()
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	if err := checkTraining(in); err != nil {
		return nil, err
	}
	if err := s.trusted(ctx, aws.ToString(in.RoleArn)); err != nil {
		return nil, err
	}
	t := trainingJob{In: *in, Status: types.TrainingJobStatusInProgress, Created: now}
	t.In.Tags = nil
	t.phase(now, types.SecondaryStatusStarting, "Starting the training job")
	return &sagemaker.CreateTrainingJobOutput{TrainingJobArn: aws.String(aTraining.of(k))}, s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.trainings.Insert(tx, k, t); err != nil {
			if err == store.ErrExists {
				return &types.ResourceInUse{Message: aws.String("Training job names must be unique within an AWS account and region, and a training job with this name already exists (" + aTraining.of(k) + ")")}
			}
			return err
		}
		if err := s.tag(tx, aTraining, k, tags); err != nil {
			return err
		}
		if err := s.trainingTold(tx, k, t); err != nil {
			return err
		}
		_, err := tx.Enqueue(trainJob, k)
		return err
	})
}

func (s *Service) createTrainingTargets(ctx context.Context, in *sagemaker.CreateTrainingJobInput) ([]wire.Target, error) {
	targets, err := aTraining.on(ctx, in.TrainingJobName)
	return append(targets, passRole(in.RoleArn)), err
}

func checkTraining(in *sagemaker.CreateTrainingJobInput) error {
	unbuilt := func(what string) error {
		return wire.Errorf(400, "NotImplemented", what+" is not implemented by Atelier.")
	}
	a, r := in.AlgorithmSpecification, in.ResourceConfig
	switch {
	case a == nil || r == nil:
		return unbuilt("Training without AlgorithmSpecification and ResourceConfig")
	case a.AlgorithmName != nil:
		return unbuilt("Training with an algorithm of the marketplace")
	case aws.ToString(a.TrainingImage) == "":
		return invalid("Either AlgorithmName or TrainingImage must be given.")
	case a.TrainingInputMode == types.TrainingInputModePipe:
		return unbuilt("Training with input mode Pipe")
	case len(r.InstanceGroups) > 0, aws.ToInt32(r.InstanceCount) > 1:
		return unbuilt("Training on several instances")
	case r.InstanceType == "":
		return invalid("InstanceType is required.")
	case in.CheckpointConfig != nil:
		return unbuilt("Training with checkpoints")
	}
	if _, known := container.InstanceType(string(r.InstanceType)); !known {
		return unbuilt("Training on instances of type " + string(r.InstanceType))
	}
	if _, _, ok := bucketAndKey(aws.ToString(in.OutputDataConfig.S3OutputPath)); !ok {
		return invalid("Invalid S3OutputPath %q: it must be an S3 URI.", aws.ToString(in.OutputDataConfig.S3OutputPath))
	}
	names := map[string]bool{}
	for _, c := range in.InputDataConfig {
		name := aws.ToString(c.ChannelName)
		switch {
		case names[name]:
			return invalid("Channel names must be unique: %q is given twice.", name)
		case c.DataSource == nil || c.DataSource.S3DataSource == nil:
			return unbuilt("A channel without S3DataSource")
		case c.DataSource.S3DataSource.S3DataType == types.S3DataTypeAugmentedManifestFile:
			return unbuilt("A channel with an augmented manifest")
		case c.InputMode == types.TrainingInputModePipe, c.RecordWrapperType == types.RecordWrapperRecordio:
			return unbuilt("A channel that is piped or wrapped")
		}
		if _, _, ok := bucketAndKey(aws.ToString(c.DataSource.S3DataSource.S3Uri)); !ok {
			return invalid("Invalid S3Uri %q of channel %s.", aws.ToString(c.DataSource.S3DataSource.S3Uri), name)
		}
		names[name] = true
	}
	for _, m := range a.MetricDefinitions {
		if _, err := regexp.Compile(aws.ToString(m.Regex)); err != nil {
			return invalid("Invalid Regex %q of metric %s.", aws.ToString(m.Regex), aws.ToString(m.Name))
		}
	}
	return nil
}

// DescribeTrainingJob tells of a training.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
func (s *Service) DescribeTrainingJob(ctx context.Context, in *sagemaker.DescribeTrainingJobInput) (*sagemaker.DescribeTrainingJobOutput, error) {
	k := here(ctx, aws.ToString(in.TrainingJobName))
	var t trainingJob
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		t, err = s.trainings.Get(tx, k)
		return noTraining(k, err)
	}); err != nil {
		return nil, err
	}
	isolated, encrypted, spot := aws.ToBool(t.In.EnableNetworkIsolation), aws.ToBool(t.In.EnableInterContainerTrafficEncryption), aws.ToBool(t.In.EnableManagedSpotTraining)
	out := &sagemaker.DescribeTrainingJobOutput{TrainingJobName: in.TrainingJobName, TrainingJobArn: aws.String(aTraining.of(k)),
		TrainingJobStatus: t.Status, SecondaryStatus: t.secondary(), SecondaryStatusTransitions: t.Transitions, CreationTime: &t.Created,
		LastModifiedTime: &t.Modified, TrainingStartTime: t.Started, TrainingEndTime: t.Ended, AlgorithmSpecification: t.In.AlgorithmSpecification,
		HyperParameters: t.In.HyperParameters, InputDataConfig: t.In.InputDataConfig, OutputDataConfig: t.In.OutputDataConfig,
		ResourceConfig: t.In.ResourceConfig, RoleArn: t.In.RoleArn, StoppingCondition: t.In.StoppingCondition, VpcConfig: t.In.VpcConfig,
		Environment: t.In.Environment, EnableNetworkIsolation: &isolated, EnableInterContainerTrafficEncryption: &encrypted,
		EnableManagedSpotTraining: &spot, FinalMetricDataList: t.Metrics, ExperimentConfig: t.In.ExperimentConfig, ProfilerConfig: t.In.ProfilerConfig,
		DebugHookConfig: t.In.DebugHookConfig, TensorBoardOutputConfig: t.In.TensorBoardOutputConfig, RetryStrategy: t.In.RetryStrategy}
	if to := *t.In.OutputDataConfig; to.KmsKeyId == nil { // clients read it without asking
		to.KmsKeyId, out.OutputDataConfig = aws.String(""), &to
	}
	if t.Failure != "" {
		out.FailureReason = &t.Failure
	}
	if t.Artifacts != "" {
		out.ModelArtifacts = &types.ModelArtifacts{S3ModelArtifacts: &t.Artifacts}
	}
	if t.Started != nil && t.Ended != nil {
		n := int32(t.Ended.Sub(*t.Started).Seconds() + 0.999)
		out.TrainingTimeInSeconds, out.BillableTimeInSeconds = &n, &n
	}
	return out, nil
}

func noTraining(k store.Key, err error) error {
	if err == store.ErrNotFound {
		return invalid("Requested resource not found.")
	}
	return err
}

func (s *Service) describeTrainingTargets(ctx context.Context, in *sagemaker.DescribeTrainingJobInput) ([]wire.Target, error) {
	return aTraining.on(ctx, in.TrainingJobName)
}

// StopTrainingJob asks a training to end. What its model's directory holds then is kept.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopTrainingJob.html
func (s *Service) StopTrainingJob(ctx context.Context, in *sagemaker.StopTrainingJobInput) (*sagemaker.StopTrainingJobOutput, error) {
	k := here(ctx, aws.ToString(in.TrainingJobName))
	return &sagemaker.StopTrainingJobOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		t, err := s.trainings.Get(tx, k)
		if err != nil {
			return noTraining(k, err)
		}
		if t.Status != types.TrainingJobStatusInProgress && t.Status != types.TrainingJobStatusStopping {
			return invalid("The request was rejected because the training job is in status %s.", t.Status)
		}
		if t.Status == types.TrainingJobStatusStopping {
			return nil
		}
		t.Status = types.TrainingJobStatusStopping
		t.phase(s.Clock.Now(), types.SecondaryStatusStopping, "Stopping the training job")
		tx.OnCommit(func() { s.trainingStops.ask(k) })
		if err := s.trainings.Put(tx, k, t); err != nil {
			return err
		}
		return s.trainingTold(tx, k, t)
	})
}

func (s *Service) stopTrainingTargets(ctx context.Context, in *sagemaker.StopTrainingJobInput) ([]wire.Target, error) {
	return aTraining.on(ctx, in.TrainingJobName)
}

// ListTrainingJobs lists trainings, the newest first.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTrainingJobs.html
func (s *Service) ListTrainingJobs(ctx context.Context, in *sagemaker.ListTrainingJobsInput) (*sagemaker.ListTrainingJobsOutput, error) {
	rows, next, err := list(ctx, s, s.trainings, listing{contains: in.NameContains, after: in.CreationTimeAfter, before: in.CreationTimeBefore,
		modifiedAfter: in.LastModifiedTimeAfter, modifiedBefore: in.LastModifiedTimeBefore, status: string(in.StatusEquals),
		byName: in.SortBy == types.SortByName, byStatus: in.SortBy == types.SortByStatus, ascending: in.SortOrder == types.SortOrderAscending,
		limit: in.MaxResults, token: in.NextToken}, func(r store.Row[trainingJob]) entry {
		return entry{name: r.Key.ID, status: string(r.Value.Status), created: r.Value.Created, modified: r.Value.Modified}
	})
	out := &sagemaker.ListTrainingJobsOutput{TrainingJobSummaries: []types.TrainingJobSummary{}, NextToken: next}
	for _, r := range rows {
		out.TrainingJobSummaries = append(out.TrainingJobSummaries, types.TrainingJobSummary{TrainingJobName: aws.String(r.Key.ID),
			TrainingJobArn: aws.String(aTraining.of(r.Key)), TrainingJobStatus: r.Value.Status, SecondaryStatus: r.Value.secondary(),
			CreationTime: &r.Value.Created, LastModifiedTime: &r.Value.Modified, TrainingEndTime: r.Value.Ended})
	}
	return out, err
}

// logGroup is where lines of trainings go.
const trainingLogs = "/aws/sagemaker/TrainingJobs"

// trimmed is an output path without a slash at its end.
func trimmed(path *string) string { return strings.TrimRight(aws.ToString(path), "/") }
