// Package training runs training containers by their contract: channels and configuration in /opt/ml/input, the model out of
// /opt/ml/model, reasons of failure out of /opt/ml/output/failure.
//
// https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
package training

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/atelier-studio/atelier/internal/engines/compute"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
)

// Job is a training.
type Job struct {
	Name, ARN    string
	Image        string
	Entrypoint   []string // in place of the image's
	Arguments    []string
	Parameters   map[string]string
	Env          map[string]string
	Channels     []Channel
	InstanceType string
	MemoryMB     int
	CPU          float64
	Limit        time.Duration // how long it may run; 0 is a day
	Isolated     bool
	Surroundings container.Environment
}

// Channel is an input.
type Channel struct {
	Name, URI   string
	Manifest    bool // URI is a list of objects
	ContentType string
	Gzip        bool // objects are compressed
}

// Phase is how far a training is, in SageMaker's words for secondary statuses.
type Phase string

// The phases.
const (
	Downloading Phase = "Downloading"
	Training    Phase = "Training"
	Uploading   Phase = "Uploading"
)

// Config is what a runner needs.
type Config struct {
	Driver   compute.Driver
	Images   container.Images
	Endpoint http.Handler // AWS, for the containers
	Dir      string       // of the trainings' files
}

// Runner runs trainings.
type Runner struct{ Config }

// New makes a runner. It keeps its files in a directory of its own below Dir.
func New(c Config) *Runner {
	c.Dir = filepath.Join(c.Dir, "trainings")
	_ = os.RemoveAll(c.Dir) // of a server that died
	return &Runner{c}
}

// Failure is what went wrong in a training, in words for whoever started it.
type Failure struct{ Reason string }

// Error is the reason.
func (f *Failure) Error() string { return f.Reason }

// Outcome is where a training's results lie until Done is called.
type Outcome struct {
	Model, Output string // directories
	Stopped       bool   // it was asked to end
	TimedOut      bool   // it ran for longer than it may
	Done          func()
}

// stopTime is how long a container has after it was asked to end.
const stopTime = 120 * time.Second

// Run trains. stop asks it to end early; what the model's directory holds then counts. Errors are *Failure when the training is at fault.
func (r *Runner) Run(ctx context.Context, j Job, stop <-chan struct{}, phase func(Phase)) (_ Outcome, err error) {
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		return Outcome{}, err
	}
	dir, err := os.MkdirTemp(r.Dir, "")
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Model: filepath.Join(dir, "model"), Output: filepath.Join(dir, "output"), Done: func() { _ = os.RemoveAll(dir) }}
	defer func() {
		if err != nil {
			out.Done()
		}
	}()
	phase(Downloading)
	if err := r.lay(ctx, j, dir); err != nil {
		return out, err
	}
	want := container.Want{Image: j.Image, Args: []string{"train"}, Entrypoint: j.Entrypoint, Env: j.Env, From: j.Surroundings, Scratch: filepath.Join(dir, "scratch"),
		Parameters: j.Parameters}
	if len(j.Entrypoint)+len(j.Arguments) > 0 {
		want.Args = j.Arguments
	}
	p, err := r.Images.Program(ctx, want)
	if err != nil {
		return out, &Failure{fmt.Sprintf("ClientError: Cannot prepare image %s: %v", j.Image, err)}
	}
	spec := p.On("algo-1", container.Size{Cores: j.CPU, MemoryMB: j.MemoryMB}, compute.Mount{Source: filepath.Join(dir, "input"), Target: "/opt/ml/input", Write: true},
		compute.Mount{Source: out.Model, Target: "/opt/ml/model", Write: true}, compute.Mount{Source: out.Output, Target: "/opt/ml/output", Write: true},
		compute.Mount{Source: filepath.Join(dir, "checkpoints"), Target: "/opt/ml/checkpoints", Write: true})
	if err := give(spec, filepath.Join(dir, "input")); err != nil {
		p.Free()
		return out, err
	}
	spec.Limits.TmpMB = 4096
	own := j.Surroundings.Surround(&spec, j.Isolated, r.Endpoint)
	own["TRAINING_JOB_NAME"], own["TRAINING_JOB_ARN"], own["CURRENT_HOST"] = j.Name, j.ARN, "algo-1"
	container.Setenv(&spec, own, j.Env)
	lines := &container.Lines{To: func(line string) { j.Surroundings.Log("algo-1", j.Name, "", line) }}
	defer lines.Flush()
	spec.Stdout, spec.Stderr = lines, lines
	phase(Training)
	process, err := p.Start(ctx, r.Driver, spec)
	if err != nil {
		return out, &Failure{fmt.Sprintf("ClientError: Cannot start image %s: %v", j.Image, err)}
	}
	limit := j.Limit
	if limit == 0 {
		limit = 24 * time.Hour
	}
	select {
	case <-process.Done():
	case <-stop:
		out.Stopped = true
		process.Terminate(ctx, stopTime)
	case <-time.After(limit):
		out.TimedOut = true
		process.Terminate(ctx, stopTime)
	case <-ctx.Done(): // the server stops: it is run again
		process.Kill()
		<-process.Done()
		return out, ctx.Err()
	}
	<-process.Done()
	if e := process.Exit(); e.Code != 0 && !out.Stopped && !out.TimedOut {
		return out, &Failure{reason(out.Output, e)}
	}
	phase(Uploading)
	return out, nil
}

// give makes the files below dir the program's own: drivers of the SageMaker SDK make their scripts there executable, and write beside them.
func give(spec compute.Spec, dir string) error {
	if os.Getuid() != 0 { // the program is the server's user
		return nil
	}
	user, group := spec.Owner()
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, user, group)
	})
}

// maxReason is the most of a reason, in characters.
const maxReason = 1024

// reason is why a container failed, as itself says or as its end tells.
func reason(output string, e compute.Exit) string {
	f, err := os.Open(filepath.Join(output, "failure"))
	if err == nil {
		b, _ := io.ReadAll(io.LimitReader(f, 4*maxReason))
		_ = f.Close()
		text := strings.ToValidUTF8(string(b), "\uFFFD")
		if utf8.RuneCountInString(text) > maxReason {
			text = string([]rune(text)[:maxReason])
		}
		if strings.HasPrefix(text, "ClientError") || strings.HasPrefix(text, "AlgorithmError") {
			return text
		}
		return "AlgorithmError: " + text + ", exit code: " + fmt.Sprint(e.Code)
	}
	if e.OutOfMemory {
		return "ClientError: Please use an instance type with more memory, or reduce the size of training data processed on an instance."
	}
	return fmt.Sprintf("AlgorithmError: , exit code: %d", e.Code)
}

// lay brings configuration and channels into dir.
func (r *Runner) lay(ctx context.Context, j Job, dir string) error {
	for _, d := range []string{"input/config", "input/data", "model", "output/data", "checkpoints", "scratch"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	for _, d := range []string{"model", "output", "output/data", "checkpoints"} { // the container's user is another
		if err := os.Chmod(filepath.Join(dir, d), 0o777); err != nil {
			return err
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	inputs := map[string]any{}
	for _, c := range j.Channels {
		in := map[string]string{"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
		if c.ContentType != "" {
			in["ContentType"] = c.ContentType
		}
		inputs[c.Name] = in
	}
	group := map[string]any{"instance_group_name": "homogeneousCluster", "instance_type": j.InstanceType, "hosts": []string{"algo-1"}}
	for name, v := range map[string]any{"hyperparameters": orEmpty(j.Parameters), "inputdataconfig": inputs,
		"resourceconfig": map[string]any{"current_host": "algo-1", "hosts": []string{"algo-1"}, "network_interface_name": "lo",
			"current_instance_type": j.InstanceType, "current_group_name": "homogeneousCluster", "instance_groups": []any{group}}} {
		b, err := json.Marshal(v)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "input/config", name+".json"), b, 0o644)
		}
		if err != nil {
			return err
		}
	}
	for _, c := range j.Channels {
		if err := r.channel(ctx, j.Surroundings, c, filepath.Join(dir, "input/data", c.Name)); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return &Failure{fmt.Sprintf("ClientError: Data download failed: channel %s: %v", c.Name, err)}
		}
	}
	return nil
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// channel brings the objects of a channel.
func (r *Runner) channel(ctx context.Context, e container.Environment, c Channel, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	base, names, err := e.Objects(ctx, c.URI, c.Manifest)
	if err != nil {
		return err
	}
	found := false
	for _, n := range names {
		if n == "" || strings.HasSuffix(n, "/") {
			continue
		}
		found = true
		if !filepath.IsLocal(n) {
			return fmt.Errorf("the key %q leads out of the channel's directory", n)
		}
		to := filepath.Join(dir, n)
		if !strings.HasSuffix(c.URI, "/") && !c.Manifest { // a prefix within a name
			to = filepath.Join(dir, strings.TrimPrefix(n, filepath.Base(c.URI)+"/"))
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		fetch := e.Fetch
		if c.Gzip {
			fetch = e.FetchGzip
		}
		if err := fetch(ctx, base+n, to); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("no S3 objects found under S3 URL %q given in input data source", c.URI)
	}
	return nil
}
