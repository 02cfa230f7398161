package fault

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
	runtimetypes "github.com/aws/aws-sdk-go-v2/service/sagemakerruntime/types"
	"github.com/aws/smithy-go"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/atelier-studio/atelier/test/scenario/stage"
)

var limits = flag.Bool("limits", false, "wait for SageMaker's own time limits and send more than its largest payloads")

// TestServing has models go wrong in every way; what they do to their endpoints and jobs is told, and nothing else suffers.
func TestServing(t *testing.T) {
	s := stage.New(t, harness.Options{})
	image := s.Image()
	f := &faults{s, image}
	f.Container("good", image, nil)
	f.Deploy("good", nil, stage.Variant("V", "good", 2, 1))
	f.archives()
	f.starts()
	f.answers()
	f.dies()
	f.hogs()
	f.later()
	if body, err := f.do("good", `{"do":"echo"}`); err != nil || !strings.Contains(body, "echo") {
		t.Errorf("at last the good model answers %q, %v", body, err)
	}
}

type faults struct {
	*stage.Stage
	image string
}

// do tells a model what to do.
func (f *faults) do(endpoint, command string) (string, error) {
	out, err := f.Ask(f.Context(), endpoint, command)
	if err != nil {
		return "", err
	}
	return string(out.Body), nil
}

// packed is a model's archive with one entry.
func packed(h tar.Header, text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	h.Mode, h.Size = 0o644, int64(len(text))
	_ = w.WriteHeader(&h)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	_ = z.Close()
	return b.Bytes()
}

// archives deploys models whose files are hostile or damaged.
func (f *faults) archives() {
	whole := packed(tar.Header{Name: "weights", Typeflag: tar.TypeReg}, strings.Repeat("0123456789", 1000))
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-6] ^= 0xff // of the checksum
	for name, c := range map[string]struct {
		archive []byte
		why     string
	}{
		"no-archive": {[]byte("no archive"), "is not a gzip archive"},
		"cut":        {whole[:len(whole)/2], "is damaged"},
		"flipped":    {flipped, "is damaged"},
		"climbs":     {packed(tar.Header{Name: "../../climbs", Typeflag: tar.TypeReg}, "x"), "leads out of the model's directory"},
		"absolute":   {packed(tar.Header{Name: "/etc/absolute", Typeflag: tar.TypeReg}, "x"), "leads out of the model's directory"},
		"symlink":    {packed(tar.Header{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, ""), "neither a file nor a directory"},
		"hardlink":   {packed(tar.Header{Name: "link", Typeflag: tar.TypeLink, Linkname: "../../x"}, ""), "neither a file nor a directory"},
		"device":     {packed(tar.Header{Name: "device", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3}, ""), "neither a file nor a directory"},
	} {
		f.Model(name, types.ContainerDefinition{Image: &f.image, ModelDataUrl: aws.String(f.Put("models/"+name+".tar.gz", c.archive))})
		f.fails(name, "Failed to download or unpack model data for production variant V: ", c.why)
	}
}

// fails deploys a model that cannot be served.
func (f *faults) fails(name string, why ...string) {
	f.Helper()
	f.Configure(name, nil, stage.Variant("V", name, 1, 1))
	_, err := f.Models.CreateEndpoint(f.Context(), &sagemaker.CreateEndpointInput{EndpointName: &name, EndpointConfigName: &name})
	f.Must("endpoint", err)
	is := f.Settled(name)
	if is.EndpointStatus != types.EndpointStatusFailed {
		f.Errorf("%s is %s", name, is.EndpointStatus)
	}
	for _, text := range why {
		if !strings.Contains(aws.ToString(is.FailureReason), text) {
			f.Errorf("%s failed: %s, want %q", name, aws.ToString(is.FailureReason), text)
		}
	}
	_, err = f.do(name, "{}")
	if e := smithy.APIError(nil); !errors.As(err, &e) || e.ErrorCode() != "ValidationError" {
		f.Errorf("asked, %s says %v", name, err)
	}
}

// starts deploys models whose programs never get healthy. An update to one leaves what served.
func (f *faults) starts() {
	f.Container("at-start", f.image, map[string]string{"BREAKS": "at-start"})
	f.fails("at-start", "did not pass the ping health check", "It exited with code 7.")
	_, err := f.Models.UpdateEndpoint(f.Context(), &sagemaker.UpdateEndpointInput{EndpointName: aws.String("good"), EndpointConfigName: aws.String("at-start")})
	f.Must("update", err)
	is := f.Settled("good")
	if is.EndpointStatus != types.EndpointStatusInService || *is.EndpointConfigName != "good" || !strings.Contains(aws.ToString(is.FailureReason), "ping health check") {
		f.Errorf("after the update: %s with %s: %s", is.EndpointStatus, *is.EndpointConfigName, aws.ToString(is.FailureReason))
	}
	if *limits {
		f.Container("never-healthy", f.image, map[string]string{"BREAKS": "never-healthy"})
		f.fails("never-healthy", "did not pass the ping health check", "answered GET /ping with 503")
	}
}

// answers has the model answer badly, and asks too much of it.
func (f *faults) answers() {
	wrong := func(what string, err error, status int32, text string) {
		f.Helper()
		var e *runtimetypes.ModelError
		if !errors.As(err, &e) || stage.Status(err) != 424 || aws.ToInt32(e.OriginalStatusCode) != status || !strings.Contains(*e.Message, text) {
			f.Errorf("%s: %v", what, err)
		}
	}
	_, err := f.do("good", "no JSON")
	wrong("no JSON", err, 400, `Received client error (400) from primary with message "it is no JSON`)
	_, err = f.Runtime.InvokeEndpoint(f.Context(), &sagemakerruntime.InvokeEndpointInput{EndpointName: aws.String("good"), ContentType: aws.String("image/png"), Body: []byte("x")})
	wrong("content type", err, 415, "content type image/png is not supported")
	_, err = f.do("good", `{"do":"bytes","bytes":30000000}`)
	wrong("large answer", err, 200, "more than")
	const most = 6 << 20
	fits := `{"do":"` + strings.Repeat("x", most-9) + `"}`
	if body, err := f.do("good", fits); err != nil || strings.TrimSpace(body) != fits {
		f.Errorf("the largest body: %d bytes, %v", len(body), err)
	}
	_, err = f.do("good", fits+" ")
	if e := smithy.APIError(nil); !errors.As(err, &e) || e.ErrorCode() != "ValidationError" && stage.Status(err) != 413 {
		f.Errorf("a body of more than 6 MB: %v", err)
	}
	if *limits {
		begun := time.Now()
		_, err = f.do("good", `{"sleep":"70s"}`)
		wrong("late answer", err, 0, "Your invocation timed out while waiting for a response from container primary")
		if took := time.Since(begun); took < time.Minute || took > 65*time.Second {
			f.Errorf("a late answer was waited for %v", took)
		}
	}
}

// dies has instances die under load. Who asked them is told; the others are answered, and instances come in their place.
func (f *faults) dies() {
	var answered, broken atomic.Int64
	stage.Crowd(8, 400, func(i int) {
		command := `{"do":"echo"}`
		if i == 100 || i == 200 {
			command = `{"do":"die"}`
		}
		_, err := f.do("good", command)
		var e *runtimetypes.ModelError
		switch {
		case err == nil:
			answered.Add(1)
		case errors.As(err, &e) && strings.Contains(*e.Message, "closed the connection"):
			broken.Add(1)
		default:
			f.Errorf("a request of many: %v", err)
		}
	})
	if broken.Load() < 2 || broken.Load() > 2*8 { // those that were on their way to who died
		f.Errorf("%d requests were answered, %d not", answered.Load(), broken.Load())
	}
	if is := f.Settled("good"); is.EndpointStatus != types.EndpointStatusInService || *is.ProductionVariants[0].CurrentInstanceCount != 2 {
		f.Errorf("the endpoint has %d instances", *is.ProductionVariants[0].CurrentInstanceCount)
	}
}

// hogs has a model take more memory than its instance has.
func (f *faults) hogs() {
	name := "good"
	f.Deploy("hog", nil, types.ProductionVariant{VariantName: aws.String("V"), ModelName: &name,
		ServerlessConfig: &types.ProductionVariantServerlessConfig{MemorySizeInMB: aws.Int32(1024), MaxConcurrency: aws.Int32(1)}})
	_, err := f.do("hog", `{"do":"hog"}`)
	var e *runtimetypes.ModelError
	if !errors.As(err, &e) || !strings.Contains(*e.Message, "It ran out of memory.") {
		f.Errorf("a model that takes all memory: %v", err)
	}
	f.Soon("an answer again", time.Minute, func() bool { _, err := f.do("hog", "{}"); return err == nil })
}

// later asks an asynchronous endpoint for what goes wrong.
func (f *faults) later() {
	told := f.Queue("told")
	f.Deploy("later", &types.AsyncInferenceConfig{OutputConfig: &types.AsyncInferenceOutputConfig{S3OutputPath: aws.String(stage.URI("later")),
		S3FailurePath: aws.String(stage.URI("failed")), NotificationConfig: &types.AsyncInferenceNotificationConfig{ErrorTopic: aws.String(told.Topic("error"))}}},
		stage.Variant("V", "good", 1, 1))
	told.Take("the first message", time.Minute, func(told []map[string]any) bool { return len(told) == 1 })
	fails := func(name, kind string, input []byte, why string) {
		f.Helper()
		_, err := f.Runtime.InvokeEndpointAsync(f.Context(), &sagemakerruntime.InvokeEndpointAsyncInput{EndpointName: aws.String("later"), InferenceId: &name,
			ContentType: &kind, InputLocation: aws.String(f.Put("later-in/"+name, input)), InvocationTimeoutSeconds: aws.Int32(3)})
		f.Must("invoke", err)
		m := told.Take("failure", 2*time.Minute, func(told []map[string]any) bool { return len(told) == 1 })[0]
		if got := fmt.Sprint(m["failureReason"]); m["invocationStatus"] != "Failed" || m["inferenceId"] != name || !strings.HasPrefix(got, why) {
			f.Errorf("told %v, want %q", m, why)
		}
	}
	fails("late", "application/json", []byte(`{"sleep":"30s"}`), "ModelError: The invocation timed out")
	fails("kind", "image/png", []byte("x"), "ModelError: Received client error (415)")
	fails("dies", "application/json", []byte(`{"do":"die"}`), "ModelError: The model server closed the connection. It exited with code 3.")
	if *limits {
		fails("large", "application/json", make([]byte, 1<<30+1), "The input has more than 1 GB.")
	}
}

// TestDiskFull transforms objects of which one has more output than the server's disk takes. It fails, the other is done, and so is the
// next transform.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	small := filepath.Join(dir, "sagemaker")
	if err := os.Mkdir(small, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", small, "tmpfs", 0, "size=24m"); err != nil {
		t.Logf("no small disk can be had here: %v", err)
		return
	}
	t.Cleanup(func() { _ = syscall.Unmount(small, 0) })
	s := stage.New(t, harness.Options{DataDir: dir})
	s.Container("reader", s.Image(), nil)
	s.Put("in/a-small", []byte(`{"do":"bytes","bytes":1000}`))
	s.Put("in/b-large", []byte(strings.Repeat(`{"do":"bytes","bytes":4000000}`+"\n", 10)))
	transform := func(name, in string) *sagemaker.DescribeTransformJobOutput {
		_, err := s.Models.CreateTransformJob(t.Context(), &sagemaker.CreateTransformJobInput{TransformJobName: &name, ModelName: aws.String("reader"),
			BatchStrategy: types.BatchStrategySingleRecord, TransformInput: &types.TransformInput{ContentType: aws.String("application/json"), SplitType: types.SplitTypeLine,
				DataSource: &types.TransformDataSource{S3DataSource: &types.TransformS3DataSource{S3DataType: types.S3DataTypeS3Prefix, S3Uri: aws.String(stage.URI(in))}}},
			TransformOutput:    &types.TransformOutput{S3OutputPath: aws.String(stage.URI(name)), AssembleWith: types.AssemblyTypeLine},
			TransformResources: &types.TransformResources{InstanceType: types.TransformInstanceTypeMlM5Large, InstanceCount: aws.Int32(1)}})
		s.Must("transform", err)
		return s.Transformed(name, time.Minute)
	}
	full := transform("full", "in/")
	if full.TransformJobStatus != types.TransformJobStatusFailed || !strings.HasPrefix(aws.ToString(full.FailureReason), "ClientError: 1 of 2 objects failed") {
		t.Errorf("it ended %s: %s", full.TransformJobStatus, aws.ToString(full.FailureReason))
	}
	if b, ok := s.Get(stage.URI("full/a-small.out")); !ok || len(b) != 1001 {
		t.Errorf("the small output has %d bytes", len(b))
	}
	if _, ok := s.Get(stage.URI("full/b-large.out")); ok {
		t.Error("there is a part of the large output")
	}
	s.Soon("the reason in the log", 30*time.Second, func() bool {
		return strings.Contains(s.Logged("/aws/sagemaker/TransformJobs"), "no space left on device")
	})
	if again := transform("again", "in/a"); again.TransformJobStatus != types.TransformJobStatusCompleted {
		t.Errorf("the next ended %s: %s", again.TransformJobStatus, aws.ToString(again.FailureReason))
	}
}
