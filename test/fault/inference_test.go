package fault

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
	"github.com/aws/smithy-go"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/atelier-studio/atelier/test/scenario/stage"
)

var (
	invocations = flag.Int("invocations", 120, "asynchronous invocations")
	batches     = flag.Int("batches", 24, "objects of a transform")
)

// set sets a stage on a server that will be killed.
func set(t *testing.T, o harness.Options) *stage.Stage {
	t.Helper()
	return stage.Set(t, start(t, o))
}

// TestKillInvocations has a queue of asynchronous invocations made while the server is killed again and again. Every one that was
// accepted ends as Completed with its answer or, every tenth, as Failed with its reason, and never as both.
func TestKillInvocations(t *testing.T) {
	o := harness.Options{DataDir: t.TempDir()}
	s := set(t, o)
	told := s.Queue("told")
	success, failure := told.Topic("success"), told.Topic("failure")
	s.Container("model", s.Image(), nil)
	s.Deploy("queue", &types.AsyncInferenceConfig{ClientConfig: &types.AsyncInferenceClientConfig{MaxConcurrentInvocationsPerInstance: aws.Int32(4)},
		OutputConfig: &types.AsyncInferenceOutputConfig{S3OutputPath: aws.String(stage.URI("results")), S3FailurePath: aws.String(stage.URI("failures")),
			NotificationConfig: &types.AsyncInferenceNotificationConfig{SuccessTopic: &success, ErrorTopic: &failure}}}, stage.Variant("V", "model", 1, 1))
	stage.Crowd(8, *invocations, func(i int) { s.Put(fmt.Sprint("in/", i), []byte(question(i))) })

	var mu sync.Mutex
	now, next := s, make(chan struct{})
	alive := func() (*stage.Stage, chan struct{}) {
		mu.Lock()
		defer mu.Unlock()
		return now, next
	}
	var accepted atomic.Int64
	outputs := make([][2]string, *invocations) // of an answer, of a failure
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		stage.Crowd(4, *invocations, func(i int) {
			for {
				s, died := alive()
				out, err := s.Runtime.InvokeEndpointAsync(t.Context(), &sagemakerruntime.InvokeEndpointAsyncInput{EndpointName: aws.String("queue"),
					InferenceId: aws.String(fmt.Sprint(i)), InputLocation: aws.String(stage.URI(fmt.Sprint("in/", i))), ContentType: aws.String("application/json"),
					Filename: aws.String(fmt.Sprint(i, ".out"))})
				var api smithy.APIError
				switch {
				case err == nil:
					outputs[i] = [2]string{*out.OutputLocation, *out.FailureLocation}
					accepted.Add(1)
					return
				case errors.As(err, &api):
					t.Errorf("invocation %d: %v", i, err)
					return
				}
				select {
				case <-died: // it may have been accepted: then it ends, too
				case <-time.After(time.Minute):
					t.Errorf("invocation %d: %v", i, err)
					return
				}
			}
		})
	}()
	for n := range *kills {
		s.Soon("invocations", 10*time.Minute, func() bool {
			return ended(now) >= *invocations*(n+1)/(*kills+2)
		})
		now.Server.Kill()
		t.Logf("kill %d when %d were accepted", n+1, accepted.Load())
		again := s.Again(start(t, o))
		mu.Lock()
		now = again
		close(next)
		next = make(chan struct{})
		mu.Unlock()
	}
	<-sent
	ends, twice := map[string]map[string]any{}, 0
	told.Again(now).Take("messages", 5*time.Minute, func(list []map[string]any) bool {
		clear(ends)
		twice = 0
		for _, m := range list {
			if m["eventName"] == "TestNotification" {
				continue
			}
			id := fmt.Sprint(m["inferenceId"])
			if was := ends[id]; was != nil {
				if twice++; was["invocationStatus"] != m["invocationStatus"] {
					t.Fatalf("invocation %s ended as %v and as %v", id, was, m)
				}
			}
			ends[id] = m
		}
		return len(ends) >= *invocations
	})
	for i := range *invocations {
		m := ends[fmt.Sprint(i)]
		body, there := now.Get(outputs[i][0])
		switch {
		case i%10 == 9 && (m["invocationStatus"] != "Failed" || !strings.HasPrefix(fmt.Sprint(m["failureReason"]), "ModelError: Received client error (400)") || there):
			t.Errorf("invocation %d: %v, an answer is there: %v", i, m, there)
		case i%10 != 9 && (m["invocationStatus"] != "Completed" || strings.TrimSpace(string(body)) != question(i)):
			t.Errorf("invocation %d: %v, the answer is %q", i, m, body)
		}
	}
	t.Logf("%d invocations ended, %d messages came again", len(ends), twice)
	if err := now.Server.Stop(); err != nil {
		t.Errorf("%v\n%s", err, now.Server.Log())
	}
}

// question is what an invocation asks. Every tenth is none.
func question(i int) string {
	if i%10 == 9 {
		return "none"
	}
	return fmt.Sprintf(`{"do":"%d","sleep":"20ms"}`, i)
}

// ended counts the answers that are there.
func ended(s *stage.Stage) int { return len(keys(s, "results/")) }

func keys(s *stage.Stage, prefix string) (list []string) {
	s.Helper()
	for pages := s3.NewListObjectsV2Paginator(s.Objects, &s3.ListObjectsV2Input{Bucket: aws.String(stage.Bucket), Prefix: &prefix}); pages.HasMorePages(); {
		page, err := pages.NextPage(s.Context())
		s.Must("list", err)
		for _, o := range page.Contents {
			list = append(list, *o.Key)
		}
	}
	return list
}

// TestKillTransform has objects transformed while the server is killed again and again. Every line has its answer once, in its order.
func TestKillTransform(t *testing.T) {
	const lines = 40
	o := harness.Options{DataDir: t.TempDir()}
	s := set(t, o)
	s.Container("lines", s.Image(), map[string]string{"LINES_TIME": "2ms"})
	line := func(object, n int) string {
		return fmt.Sprintf(`{"id":%d,"text":%q}`, n, strings.Repeat("x", (object+n)%50))
	}
	stage.Crowd(8, *batches, func(object int) {
		var b strings.Builder
		for n := range lines {
			b.WriteString(line(object, n) + "\n")
		}
		s.Put(fmt.Sprintf("in/%04d", object), []byte(b.String()))
	})
	name := "killed"
	_, err := s.Models.CreateTransformJob(t.Context(), &sagemaker.CreateTransformJobInput{TransformJobName: &name, ModelName: aws.String("lines"),
		BatchStrategy: types.BatchStrategySingleRecord, MaxConcurrentTransforms: aws.Int32(4), TransformInput: &types.TransformInput{SplitType: types.SplitTypeLine,
			ContentType: aws.String("application/jsonlines"), DataSource: &types.TransformDataSource{S3DataSource: &types.TransformS3DataSource{
				S3DataType: types.S3DataTypeS3Prefix, S3Uri: aws.String(stage.URI("in/"))}}},
		TransformOutput:    &types.TransformOutput{S3OutputPath: aws.String(stage.URI("out")), Accept: aws.String("application/jsonlines"), AssembleWith: types.AssemblyTypeLine},
		DataProcessing:     &types.DataProcessing{JoinSource: types.JoinSourceInput},
		TransformResources: &types.TransformResources{InstanceType: types.TransformInstanceTypeMlM5Large, InstanceCount: aws.Int32(1)}})
	s.Must("transform", err)
	for n := range *kills {
		s.Soon("outputs", 10*time.Minute, func() bool { return len(keys(s, "out/")) >= *batches*(n+1)/(*kills+2) })
		s.Server.Kill()
		t.Logf("kill %d", n+1)
		s = s.Again(start(t, o))
	}
	done := s.Transformed(name, 10*time.Minute)
	if done.TransformJobStatus != types.TransformJobStatusCompleted {
		t.Fatalf("it ended %s: %s", done.TransformJobStatus, aws.ToString(done.FailureReason))
	}
	if list := keys(s, "out/"); len(list) != *batches {
		t.Errorf("%d outputs of %d objects", len(list), *batches)
	}
	for object := range *batches {
		body, _ := s.Get(stage.URI(fmt.Sprintf("out/%04d.out", object)))
		got := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
		if len(got) != lines {
			t.Errorf("object %d: %d lines", object, len(got))
			continue
		}
		for n, text := range got {
			var a struct {
				ID     int
				Text   string
				Output struct{ Length int } `json:"SageMakerOutput"`
			}
			want := line(object, n)
			if err := json.Unmarshal([]byte(text), &a); err != nil || a.ID != n || len(a.Text) != (object+n)%50 || a.Output.Length != len(want) {
				t.Errorf("object %d, line %d: %s", object, n, text)
			}
		}
	}
	if err := s.Server.Stop(); err != nil {
		t.Errorf("%v\n%s", err, s.Server.Log())
	}
}
