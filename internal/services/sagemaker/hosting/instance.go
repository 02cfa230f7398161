package hosting

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/compute"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
)

// The contract of a serving container.
const (
	port        = 8080
	pingTime    = 2 * time.Second
	connectTime = 250 * time.Millisecond
	stopTime    = 30 * time.Second
)

// server is a process that serves: one container of an instance.
type server struct {
	Container
	process compute.Process
	client  *http.Client
	models  *models // of a multi-model container
}

// instance is a model that runs.
type instance struct {
	id         string
	dir        string
	containers []*server
	busy       atomic.Int64
	lastUsed   atomic.Int64  // unix nanoseconds
	gone       chan struct{} // closed when a process ended
	goneOnce   sync.Once
}

// newID names an instance as EC2 names its.
func newID() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b)
	return "i-0" + hex.EncodeToString(b)
}

// StartError is why an instance could not be started, in words for who deployed it.
type StartError struct{ Reason string }

// Error is the reason.
func (e *StartError) Error() string { return e.Reason }

// launch starts an instance and waits until it is healthy.
func (f *Fleet) launch(ctx context.Context, v Variant) (_ *instance, err error) {
	i := &instance{id: newID(), gone: make(chan struct{})}
	i.dir = filepath.Join(f.cfg.Dir, "instances", i.id)
	defer func() {
		if err != nil {
			i.stop(context.WithoutCancel(ctx), 0)
		}
	}()
	for n, c := range v.Model.Containers {
		if c.Host == "" && len(v.Model.Containers) > 1 {
			c.Host = fmt.Sprintf("container-%d", n+1)
		}
		if err := f.start(ctx, i, v, c); err != nil {
			return nil, err
		}
	}
	healthy, cancel := context.WithTimeout(ctx, orElse(v.Startup, StartupTime))
	defer cancel()
	for n, c := range i.containers {
		if err := i.healthy(healthy, c); err != nil {
			which := "primary"
			if len(i.containers) > 1 {
				which = fmt.Sprintf("%s (number %d)", c.Host, n+1)
			}
			return nil, &StartError{fmt.Sprintf("The %s container for production variant %s did not pass the ping health check. Please check "+
				"CloudWatch logs for this endpoint.%s", which, v.Name, why(c, err))}
		}
	}
	return i, nil
}

func why(c *server, err error) string {
	select {
	case <-c.process.Done():
		e := c.process.Exit()
		switch {
		case e.OutOfMemory:
			return " It ran out of memory."
		case e.Signal != "":
			return " It was ended by the signal " + e.Signal + "."
		}
		return fmt.Sprintf(" It exited with code %d.", e.Code)
	default:
		return " It " + err.Error() + "."
	}
}

func orElse(d, other time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return other
}

// start brings the data and starts the process of one container.
func (f *Fleet) start(ctx context.Context, i *instance, v Variant, c Container) error {
	env := v.Model.Env
	name := c.Host
	if name == "" {
		name = "primary"
	}
	dir := filepath.Join(i.dir, name)
	data := filepath.Join(dir, "model")
	if err := os.MkdirAll(data, 0o755); err != nil {
		return err
	}
	coming, cancel := context.WithTimeout(ctx, orElse(v.Download, DownloadTime))
	defer cancel()
	if err := fetch(coming, env, c, data); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &StartError{fmt.Sprintf("Failed to download or unpack model data for production variant %s: %v", v.Name, err)}
	}
	p, err := f.cfg.Images.Program(coming, container.Want{Image: c.Image, Args: []string{"serve"}, Env: c.Env, From: env, Model: data,
		Scratch: filepath.Join(dir, "scratch")})
	if err == nil {
		err = able(p, v.Model, c)
	}
	if err != nil {
		p.Free()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &StartError{fmt.Sprintf("Failed to prepare image %s for production variant %s: %v", c.Image, v.Name, err)}
	}
	target := "/opt/ml/model"
	if c.Multi {
		target = "/opt/ml/models"
	}
	spec := p.On(name, container.Size{Cores: v.CPU, MemoryMB: v.MemoryMB}, compute.Mount{Source: data, Target: target})
	spec.Limits.TmpMB = 2048
	own := env.Surround(&spec, v.Model.Isolated, f.cfg.Endpoint)
	own["SAGEMAKER_BIND_TO_PORT"], own["SAGEMAKER_SAFE_PORT_RANGE"] = fmt.Sprint(port), "21000-21999"
	if c.Multi {
		own["SAGEMAKER_MULTI_MODEL"] = "true"
		if v.MemoryMB > 0 { // of built-in algorithms; half is left for what answers
			own["ATELIER_MODELS_MEMORY"] = fmt.Sprint(v.MemoryMB << 19)
		}
	}
	container.Setenv(&spec, own, c.Env)
	out := &container.Lines{To: func(line string) { env.Log(v.Name, i.id, c.Host, line) }}
	spec.Stdout, spec.Stderr = out, out
	process, err := p.Start(ctx, f.cfg.Driver, spec)
	if err != nil {
		return &StartError{fmt.Sprintf("Failed to start image %s for production variant %s: %v", c.Image, v.Name, err)}
	}
	started := &server{Container: c, process: process, client: clientOf(process)}
	if c.Multi {
		started.models = newModels(started, env, data, c.Cold, func(name string, value float64) { v.Model.tell(v.Name, name, value) })
	}
	i.containers = append(i.containers, started)
	go func() {
		<-process.Done()
		out.Flush()
		i.goneOnce.Do(func() { close(i.gone) })
	}()
	return nil
}

// The labels by which an image says what it can.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/inference-pipeline-real-time.html
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-multi-model-build-container.html
const (
	multiLabel = "com.amazonaws.sagemaker.capabilities.multi-models"
	bindLabel  = "com.amazonaws.sagemaker.capabilities.accept-bind-to-port"
)

// able tells whether an image can be what a model wants of it.
func able(p container.Program, m Model, c Container) error {
	label := ""
	switch {
	case p.Known:
	case c.Multi:
		label = multiLabel
	case len(m.Containers) > 1:
		label = bindLabel
	}
	if label == "" || p.Labels[label] == "true" {
		return nil
	}
	return fmt.Errorf("your Ecr Image %s does not contain required %s=true Docker label(s)", c.Image, label)
}

// clientOf reaches the server of a process.
func clientOf(p compute.Process) *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{MaxIdleConnsPerHost: 256, MaxIdleConns: 256, DisableCompression: true, WriteBufferSize: 64 << 10, ReadBufferSize: 64 << 10,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				ctx, cancel := context.WithTimeout(ctx, connectTime)
				defer cancel()
				c, err := p.Dial(ctx, port)
				if err != nil {
					return nil, unsent{err}
				}
				return c, nil
			}}}
}

// unsent is why a request never reached the container.
type unsent struct{ error }

func url(path string) string { return fmt.Sprintf("http://127.0.0.1:%d%s", port, path) }

// healthy waits until a container answers its health check.
func (i *instance) healthy(ctx context.Context, c *server) error {
	last := errors.New("did not answer")
	for wait := 2 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := ping(ctx, c)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return last
		case <-c.process.Done():
			return last
		case <-time.After(wait):
		}
	}
}

func ping(ctx context.Context, c *server) error {
	ctx, cancel := context.WithTimeout(ctx, pingTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url("/ping"), nil)
	if err != nil {
		return err
	}
	answer, err := c.client.Do(r)
	if err != nil {
		return errors.New("did not answer GET /ping")
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("answered GET /ping with %d", answer.StatusCode)
	}
	return nil
}

// stop ends the processes, after what is under way, and forgets their files.
func (i *instance) stop(ctx context.Context, patience time.Duration) {
	for end := time.Now().Add(patience); i.busy.Load() > 0 && time.Now().Before(end) && ctx.Err() == nil; {
		select {
		case <-i.gone:
			end = time.Now()
		case <-time.After(10 * time.Millisecond):
		}
	}
	var all sync.WaitGroup
	for _, c := range i.containers {
		all.Go(func() {
			c.process.Terminate(ctx, stopTime)
			c.client.CloseIdleConnections()
		})
	}
	all.Wait()
	_ = os.RemoveAll(i.dir)
}
