package sagemaker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/builtin"
	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/images"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/training"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

const trainJob = "sagemaker-train"

// lastWords is how long the end of a training waits for its last lines to be in the log: who follows a training reads them when it ends.
const lastWords = 5 * time.Second

// stops are who waits to be asked to stop.
type stops struct {
	mu   sync.Mutex
	asks map[store.Key]chan struct{}
}

func (s *stops) wait(k store.Key) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asks == nil {
		s.asks = map[store.Key]chan struct{}{}
	}
	c := make(chan struct{})
	s.asks[k] = c
	return c
}

func (s *stops) ask(k store.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.asks[k]; c != nil {
		close(c)
		delete(s.asks, k)
	}
}

func (s *stops) forget(k store.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.asks, k)
}

// train runs a training. When the server was killed it begins again: what the container had done is gone with it.
func (s *Service) train(ctx context.Context, k store.Key) error {
	stop := s.trainingStops.wait(k)
	defer s.trainingStops.forget(k)
	var t trainingJob
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		t, err = s.trainings.Get(tx, k)
		return err
	}); err != nil {
		return err
	}
	if t.Ended != nil {
		return nil
	}
	if t.Status == types.TrainingJobStatusStopping {
		return s.trained(ctx, k, training.Outcome{Stopped: true}, "", nil, nil)
	}
	seen := newWatch(s, k, t)
	job := s.training(k, t, seen.line)
	out, err := s.Trainer.Run(ctx, job, stop, func(p training.Phase) { s.trainingPhase(ctx, k, p) })
	if ctx.Err() != nil {
		return ctx.Err()
	}
	uri := ""
	if err == nil {
		defer out.Done()
		uri, err = s.upload(ctx, k, t, job, out)
	}
	said, cancel := context.WithTimeout(ctx, lastWords)
	defer cancel()
	s.Lines.Flush(said, streamOf(k, aws.ToString(t.In.RoleArn), trainingLogs, k.ID+"/algo-1"))
	return s.trained(ctx, k, out, uri, seen.values(), err)
}

// training is the job in the words of who runs it.
func (s *Service) training(k store.Key, t trainingJob, line func(string)) training.Job {
	in := t.In
	size, _ := container.InstanceType(string(in.ResourceConfig.InstanceType))
	env := s.environment(k, aws.ToString(in.RoleArn), trainingLogs)
	send := env.Log
	env.Log = func(host, _, _, text string) {
		line(text)
		send(k.ID, host, "", text)
	}
	j := training.Job{Name: k.ID, ARN: aTraining.of(k), Image: aws.ToString(in.AlgorithmSpecification.TrainingImage), Parameters: in.HyperParameters,
		Entrypoint: in.AlgorithmSpecification.ContainerEntrypoint, Arguments: in.AlgorithmSpecification.ContainerArguments, Env: in.Environment,
		InstanceType: string(in.ResourceConfig.InstanceType), MemoryMB: size.MemoryMB, CPU: size.Cores, Isolated: aws.ToBool(in.EnableNetworkIsolation),
		Surroundings: env}
	if in.StoppingCondition != nil {
		j.Limit = seconds(in.StoppingCondition.MaxRuntimeInSeconds)
	}
	for _, c := range in.InputDataConfig {
		d := c.DataSource.S3DataSource
		j.Channels = append(j.Channels, training.Channel{Name: aws.ToString(c.ChannelName), URI: aws.ToString(d.S3Uri), ContentType: aws.ToString(c.ContentType),
			Manifest: d.S3DataType == types.S3DataTypeManifestFile, Gzip: c.CompressionType == types.CompressionTypeGzip})
	}
	return j
}

func (s *Service) trainingPhase(ctx context.Context, k store.Key, p training.Phase) {
	messages := map[training.Phase]string{training.Downloading: "Downloading input data", training.Training: "Training image download completed. Training in progress.",
		training.Uploading: "Uploading generated training model"}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		t, err := s.trainings.Get(tx, k)
		if err != nil || t.Status != types.TrainingJobStatusInProgress {
			return err
		}
		now := s.Clock.Now()
		if t.Started == nil {
			t.Started = &now
		}
		t.phase(now, types.SecondaryStatus(p), messages[p])
		if err := s.trainings.Put(tx, k, t); err != nil {
			return err
		}
		return s.trainingTold(tx, k, t)
	})
	if err != nil && ctx.Err() == nil {
		s.Logger.Error("cannot note how far a training is", "training", k.ID, "error", err)
	}
}

// upload packs model and output into S3: <output path>/<job>/output/model.tar.gz.
func (s *Service) upload(ctx context.Context, k store.Key, t trainingJob, j training.Job, out training.Outcome) (string, error) {
	base := trimmed(t.In.OutputDataConfig.S3OutputPath) + "/" + k.ID + "/output/"
	for name, dir := range map[string]string{"output.tar.gz": filepath.Join(out.Output, "data"), "model.tar.gz": out.Model} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return "", err
		}
		if len(entries) == 0 && name == "output.tar.gz" {
			continue
		}
		if err := pack(ctx, j.Surroundings, dir, base+name); err != nil {
			return "", &training.Failure{Reason: fmt.Sprintf("ClientError: Artifact upload failed: %v", err)}
		}
	}
	return base + "model.tar.gz", nil
}

func pack(ctx context.Context, e container.Environment, dir, uri string) error {
	f, err := os.CreateTemp(filepath.Dir(dir), "artifact-")
	if err != nil {
		return err
	}
	defer func() { _ = f.Close(); _ = os.Remove(f.Name()) }()
	if err := container.Pack(ctx, dir, f); err != nil {
		return err
	}
	if _, err := f.Seek(0, 0); err != nil {
		return err
	}
	return e.Put(ctx, uri, "application/x-tar", f)
}

// trained writes down how it ended.
func (s *Service) trained(ctx context.Context, k store.Key, out training.Outcome, artifacts string, values []types.MetricData, failure error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		t, err := s.trainings.Get(tx, k)
		if err != nil || t.Ended != nil {
			return err
		}
		now := s.Clock.Now()
		t.Ended, t.Metrics, t.Artifacts = &now, values, artifacts
		var told *training.Failure
		switch {
		case errors.As(failure, &told):
			t.Status, t.Failure = types.TrainingJobStatusFailed, told.Reason
			t.phase(now, types.SecondaryStatusFailed, "Training job failed")
		case failure != nil:
			s.Logger.Error("training failed", "training", aTraining.of(k), "error", failure)
			t.Status, t.Failure = types.TrainingJobStatusFailed, "InternalServerError: We encountered an internal error. Please try again."
			t.phase(now, types.SecondaryStatusFailed, "Training job failed")
		case out.TimedOut:
			t.Status = types.TrainingJobStatusStopped
			t.phase(now, types.SecondaryStatusMaxRuntimeExceeded, "Training job runtime exceeded MaxRuntimeInSeconds provided")
		case out.Stopped:
			t.Status = types.TrainingJobStatusStopped
			t.phase(now, types.SecondaryStatusStopped, "Training job stopped")
		default:
			t.Status = types.TrainingJobStatusCompleted
			t.phase(now, types.SecondaryStatusCompleted, "Training job completed")
		}
		t.Transitions[len(t.Transitions)-1].EndTime = &now
		if err := s.trainings.Put(tx, k, t); err != nil {
			return err
		}
		return s.trainingTold(tx, k, t)
	})
}

// trainingTold emits the event of a training's state.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
func (s *Service) trainingTold(tx *store.Tx, k store.Key, t trainingJob) error {
	in := t.In
	in.Tags = nil
	d := map[string]any{"TrainingJobName": k.ID, "TrainingJobArn": aTraining.of(k), "TrainingJobStatus": t.Status, "SecondaryStatus": t.secondary(),
		"HyperParameters": in.HyperParameters, "AlgorithmSpecification": in.AlgorithmSpecification, "RoleArn": in.RoleArn, "InputDataConfig": in.InputDataConfig,
		"OutputDataConfig": in.OutputDataConfig, "ResourceConfig": in.ResourceConfig, "StoppingCondition": in.StoppingCondition,
		"CreationTime": t.Created.UnixMilli(), "LastModifiedTime": t.Modified.UnixMilli(), "Tags": map[string]string{}}
	if t.Failure != "" {
		d["FailureReason"] = t.Failure
	}
	if t.Artifacts != "" {
		d["ModelArtifacts"] = map[string]string{"S3ModelArtifacts": t.Artifacts}
	}
	detail, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return tx.Emit(bus.Event{Source: "aws.sagemaker", DetailType: "SageMaker Training Job State Change", Account: k.Account, Region: k.Region,
		Time: t.Modified, Resources: []string{aTraining.of(k)}, Detail: detail})
}

// watch finds metrics in the lines of a training.
type watch struct {
	s        *Service
	k        store.Key
	patterns []pattern
	mu       sync.Mutex
	last     map[string]types.MetricData
}

type pattern struct {
	name string
	re   *regexp.Regexp
}

func newWatch(s *Service, k store.Key, t trainingJob) *watch {
	w := &watch{s: s, k: k, last: map[string]types.MetricData{}}
	add := func(name, re string) {
		if r, err := regexp.Compile(re); err == nil {
			w.patterns = append(w.patterns, pattern{name, r})
		}
	}
	for _, m := range t.In.AlgorithmSpecification.MetricDefinitions {
		add(aws.ToString(m.Name), aws.ToString(m.Regex))
	}
	if name, ok := images.Algorithm(aws.ToString(t.In.AlgorithmSpecification.TrainingImage)); ok {
		if a, ok := builtin.Find(name, learn.Limits{}); ok {
			for _, m := range a.Metrics() {
				add(m.Name, m.Regex)
			}
		}
	}
	return w
}

// line looks at a line.
func (w *watch) line(text string) {
	for _, p := range w.patterns {
		m := p.re.FindStringSubmatch(text)
		if len(m) < 2 {
			continue
		}
		v, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			continue
		}
		now := w.s.Clock.Now()
		w.s.Metrics.Record(w.k.Account, w.k.Region, "/aws/sagemaker/TrainingJobs", metrics.Datum{Name: p.name, Value: v, Time: now,
			Dimensions: []metrics.Dimension{{Name: "TrainingJobName", Value: w.k.ID}}})
		w.mu.Lock()
		w.last[p.name] = types.MetricData{MetricName: aws.String(p.name), Value: aws.Float32(float32(v)), Timestamp: aws.Time(now.Truncate(time.Second))}
		w.mu.Unlock()
	}
}

// values are the last of each metric, by name.
func (w *watch) values() (out []types.MetricData) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range w.last {
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b types.MetricData) int { return strings.Compare(*a.MetricName, *b.MetricName) })
	return out
}
