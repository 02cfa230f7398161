package sagemaker

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/hosting"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/transform"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

const (
	transformJobName = "sagemaker-transform"
	transformLogs    = "/aws/sagemaker/TransformJobs"
	// together is how many objects are a step of the job: what a killed server does again at most.
	together = 16
)

// transform runs a batch transform. Objects that were done before the server was killed are not done again.
func (s *Service) transform(ctx context.Context, k store.Key) error {
	stop := s.transformStops.wait(k)
	defer s.transformStops.forget(k)
	var t transformJob
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		t, err = s.transforms.Get(tx, k)
		return err
	}); err != nil {
		return err
	}
	if t.Ended != nil {
		return nil
	}
	running, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if t.Status == types.TransformJobStatusStopping {
		cancel(errStopped)
	}
	go func() {
		select {
		case <-stop:
			cancel(errStopped)
		case <-running.Done():
		}
	}()
	err := s.transformAll(running, k, t)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.transformed(ctx, k, err, context.Cause(running) == errStopped)
}

var errStopped = errors.New("the job was asked to stop")

// transformFailure is what went wrong, in words for whoever started the job.
type transformFailure struct{ reason string }

func (f *transformFailure) Error() string { return f.reason }

func (s *Service) transformAll(ctx context.Context, k store.Key, t transformJob) error {
	if err := s.transformBegun(ctx, k); err != nil {
		return err
	}
	env := s.environment(k, aws.ToString(t.Model.In.ExecutionRoleArn), transformLogs)
	source := t.In.TransformInput.DataSource.S3DataSource
	type objects struct {
		Base  string
		Names []string
		Err   string
	}
	in, err := jobs.Step(ctx, "list", func(ctx context.Context) (o objects, err error) {
		o.Base, o.Names, err = env.Objects(ctx, aws.ToString(source.S3Uri), source.S3DataType == types.S3DataTypeManifestFile)
		if err != nil && ctx.Err() == nil {
			o.Err, err = err.Error(), nil
		}
		o.Names = slices.DeleteFunc(o.Names, func(n string) bool { return n == "" || strings.HasSuffix(n, "/") })
		return o, err
	})
	switch {
	case err != nil:
		return err
	case in.Err != "":
		return &transformFailure{"ClientError: Cannot list the input: " + in.Err}
	case len(in.Names) == 0:
		return &transformFailure{"ClientError: No objects found under " + aws.ToString(source.S3Uri)}
	}
	run, err := s.startTransform(ctx, k, t, env)
	if err != nil {
		return err
	}
	defer s.Fleet.Remove(run.key)
	failed := 0
	for i := 0; i < len(in.Names); i += together {
		names := in.Names[i:min(i+together, len(in.Names))]
		bad, err := jobs.Step(ctx, fmt.Sprint("objects ", i), func(ctx context.Context) ([]string, error) { return run.objects(ctx, in.Base, names) })
		if err != nil {
			return err
		}
		failed += len(bad)
	}
	if failed > 0 {
		return &transformFailure{fmt.Sprintf("ClientError: %d of %d objects failed. See the log group %s for more information.", failed, len(in.Names), transformLogs)}
	}
	return nil
}

// transformRun is a transform whose model is there.
type transformRun struct {
	s   *Service
	k   store.Key
	t   transformJob
	key string
	env container.Environment
	job transform.Job
}

// startTransform starts the model, and asks it for what suits it.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
func (s *Service) startTransform(ctx context.Context, k store.Key, t transformJob, env container.Environment) (*transformRun, error) {
	in := t.In
	extra := map[string]string{"SAGEMAKER_BATCH": "true"}
	if in.MaxPayloadInMB != nil {
		extra["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = fmt.Sprint(*in.MaxPayloadInMB)
	}
	if in.BatchStrategy != "" {
		extra["SAGEMAKER_BATCH_STRATEGY"] = map[types.BatchStrategy]string{types.BatchStrategyMultiRecord: "MULTI_RECORD", types.BatchStrategySingleRecord: "SINGLE_RECORD"}[in.BatchStrategy]
	}
	if in.MaxConcurrentTransforms != nil {
		extra["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = fmt.Sprint(*in.MaxConcurrentTransforms)
	}
	model := s.modelSpec(k, t.Model, false, transformLogs)
	for i := range model.Containers {
		c := &model.Containers[i]
		c.Env = maps.Clone(c.Env)
		if c.Env == nil {
			c.Env = map[string]string{}
		}
		maps.Copy(c.Env, in.Environment)
		maps.Copy(c.Env, extra)
	}
	size, _ := container.InstanceType(string(in.TransformResources.InstanceType))
	count := int(max(aws.ToInt32(in.TransformResources.InstanceCount), 1))
	run := &transformRun{s: s, k: k, t: t, key: "transform/" + fleetKey(k), env: env}
	rollout, err := s.Fleet.Prepare(ctx, run.key, hosting.Spec{Name: k.ID, Variants: []hosting.Variant{{Name: k.ID, Model: model, Weight: 1, Count: count,
		MemoryMB: size.MemoryMB, CPU: size.Cores}}})
	if err != nil {
		var start *hosting.StartError
		if errors.As(err, &start) {
			err = &transformFailure{"ClientError: " + start.Reason}
		}
		return nil, err
	}
	rollout.Finish()
	job, err := inside(&in)
	if err != nil {
		return nil, err
	}
	payload, width := defaultPayload, 1
	if p, ok := run.parameters(ctx); ok {
		payload, width = min(p.MaxPayloadInMB, maxPayload), p.MaxConcurrentTransforms
		job.Multi = in.BatchStrategy == types.BatchStrategyMultiRecord || in.BatchStrategy == "" && p.BatchStrategy != "SINGLE_RECORD"
	}
	if in.MaxPayloadInMB != nil {
		payload = int(*in.MaxPayloadInMB)
	}
	if n := aws.ToInt32(in.MaxConcurrentTransforms); n > 0 {
		width = int(n)
	}
	if payload*width > maxPayload {
		width = max(maxPayload/max(payload, 1), 1)
	}
	job.Payload, job.Slots = payload<<20, make(chan struct{}, count*max(width, 1))
	run.job = job
	return run, nil
}

type executionParameters struct {
	MaxConcurrentTransforms int
	BatchStrategy           string
	MaxPayloadInMB          int
}

// parameters asks the container for its own.
func (r *transformRun) parameters(ctx context.Context) (p executionParameters, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	a, err := r.s.Fleet.Endpoint(r.key).Get(ctx, "/execution-parameters")
	if err != nil {
		return p, false
	}
	defer func() { _ = a.Body.Close() }()
	err = json.NewDecoder(io.LimitReader(a.Body, 64<<10)).Decode(&p)
	return p, err == nil && a.Status == http.StatusOK && p.MaxPayloadInMB > 0 && p.MaxConcurrentTransforms > 0
}

// objects transforms some objects at a time. It names those that failed; what went wrong with them is in the log.
func (r *transformRun) objects(ctx context.Context, base string, names []string) (failed []string, err error) {
	var all sync.WaitGroup
	var mu sync.Mutex
	for _, name := range names {
		all.Go(func() {
			err := r.object(ctx, base, name)
			if err == nil || ctx.Err() != nil {
				return
			}
			r.env.Log(r.k.ID, "data-log", "", fmt.Sprintf("%s: %v", base+name, err))
			mu.Lock()
			defer mu.Unlock()
			failed = append(failed, name)
		})
	}
	all.Wait()
	return failed, context.Cause(ctx)
}

// transformDir is where outputs are put together.
func (s *Service) transformDir() string { return filepath.Join(s.Dir, "transforms") }

// object transforms one object. Its answers are an object when all are there, and nothing before.
func (r *transformRun) object(ctx context.Context, base, name string) error {
	body, _, err := r.env.Open(ctx, base+name)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	var in io.Reader = body
	if r.t.In.TransformInput.CompressionType == types.CompressionTypeGzip {
		if in, err = gzip.NewReader(body); err != nil {
			return fmt.Errorf("the object is not compressed: %w", err)
		}
	}
	dir := r.s.transformDir()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	out, err := os.CreateTemp(dir, "")
	if err != nil {
		return err
	}
	defer func() { _ = out.Close(); _ = os.Remove(out.Name()) }()
	if err := r.job.Object(ctx, in, out, r); err != nil {
		return err
	}
	if _, err := out.Seek(0, io.SeekStart); err != nil {
		return err
	}
	kind := r.job.Accept
	if kind == "" {
		kind = "application/octet-stream"
	}
	return r.env.Put(ctx, trimmed(r.t.In.TransformOutput.S3OutputPath)+"/"+name+".out", kind, out)
}

// Ask has the model answer. What is no fault of the request is tried again.
func (r *transformRun) Ask(ctx context.Context, contentType, accept string, body []byte) ([]byte, string, error) {
	retries, limit := 3, 10*time.Minute
	if c := r.t.In.ModelClientConfig; c != nil {
		if c.InvocationsMaxRetries != nil {
			retries = int(*c.InvocationsMaxRetries)
		}
		if c.InvocationsTimeoutInSeconds != nil {
			limit = seconds(c.InvocationsTimeoutInSeconds)
		}
	}
	header := http.Header{}
	if contentType != "" {
		header["Content-Type"] = []string{contentType}
	}
	if accept != "" {
		header["Accept"] = []string{accept}
	}
	for n := 0; ; n++ {
		answer, kind, again, err := r.ask(ctx, hosting.Request{Header: header, Body: body}, limit)
		if err == nil || !again || n >= retries || ctx.Err() != nil {
			return answer, kind, err
		}
		select {
		case <-ctx.Done():
			return nil, "", ctx.Err()
		case <-time.After(time.Second << min(n, 4)):
		}
	}
}

func (r *transformRun) ask(ctx context.Context, q hosting.Request, limit time.Duration) (answer []byte, kind string, again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	e := r.s.Fleet.Endpoint(r.key)
	if e == nil {
		return nil, "", false, errStopped
	}
	a, err := e.Invoke(ctx, q)
	if err != nil {
		return nil, "", true, err
	}
	defer func() { _ = a.Body.Close() }()
	answer, err = io.ReadAll(io.LimitReader(a.Body, hosting.MaxAnswer+1))
	switch {
	case err != nil:
		return nil, "", true, err
	case len(answer) > hosting.MaxAnswer:
		return nil, "", false, hosting.ErrTooLarge
	case a.Status >= 300:
		return nil, "", a.Status >= 500 || a.Status == http.StatusTooManyRequests,
			fmt.Errorf("the model answered with status %d: %.1000s", a.Status, answer)
	}
	return answer, a.Header.Get("Content-Type"), false, nil
}

func (s *Service) transformBegun(ctx context.Context, k store.Key) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		t, err := s.transforms.Get(tx, k)
		if err != nil || t.Started != nil {
			return err
		}
		now := s.Clock.Now()
		t.Started, t.Modified = &now, now
		return s.transforms.Put(tx, k, t)
	})
}

// transformed writes down how it ended.
func (s *Service) transformed(ctx context.Context, k store.Key, failure error, stopped bool) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		t, err := s.transforms.Get(tx, k)
		if err != nil || t.Ended != nil {
			return err
		}
		now := s.Clock.Now()
		t.Ended, t.Modified = &now, now
		var told *transformFailure
		switch {
		case stopped && failure != nil:
			t.Status = types.TransformJobStatusStopped
		case errors.As(failure, &told):
			t.Status, t.Failure = types.TransformJobStatusFailed, told.reason
		case failure != nil:
			s.Logger.Error("transform failed", "transform", aTransform.of(k), "error", failure)
			t.Status, t.Failure = types.TransformJobStatusFailed, "InternalServerError: We encountered an internal error. Please try again."
		default:
			t.Status = types.TransformJobStatusCompleted
		}
		if err := s.transforms.Put(tx, k, t); err != nil {
			return err
		}
		return s.transformTold(tx, k, t)
	})
}

// transformTold emits the event of a transform's state.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
func (s *Service) transformTold(tx *store.Tx, k store.Key, t transformJob) error {
	d := map[string]any{"TransformJobName": k.ID, "TransformJobArn": aTransform.of(k), "TransformJobStatus": t.Status, "ModelName": t.In.ModelName,
		"TransformInput": t.In.TransformInput, "TransformOutput": t.In.TransformOutput, "TransformResources": t.In.TransformResources,
		"CreationTime": t.Created.UnixMilli(), "BatchStrategy": t.In.BatchStrategy, "Environment": t.In.Environment, "DataProcessing": t.In.DataProcessing}
	if t.Started != nil {
		d["TransformStartTime"] = t.Started.UnixMilli()
	}
	if t.Ended != nil {
		d["TransformEndTime"] = t.Ended.UnixMilli()
	}
	if t.Failure != "" {
		d["FailureReason"] = t.Failure
	}
	detail, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return tx.Emit(bus.Event{Source: "aws.sagemaker", DetailType: "SageMaker Transform Job State Change", Account: k.Account, Region: k.Region,
		Time: t.Modified, Resources: []string{aTransform.of(k)}, Detail: detail})
}
