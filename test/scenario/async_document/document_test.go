package async_document

import (
	"encoding/json"
	"flag"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/atelier-studio/atelier/test/scenario/stage"
)

var reading = flag.Duration("reading", 3*time.Second, "how long the document is read")

const pages = 100

func TestGo(t *testing.T) {
	s := stage.New(t, harness.Options{})
	told := s.Queue("told")
	success, failure := told.Topic("success"), told.Topic("failure")
	s.Container("reader", s.Image(), map[string]string{"PAGE_TIME": (*reading / pages).String()})
	begun := time.Now()
	s.Deploy("reader", &types.AsyncInferenceConfig{OutputConfig: &types.AsyncInferenceOutputConfig{S3OutputPath: aws.String(stage.URI("results")),
		S3FailurePath: aws.String(stage.URI("failures")), NotificationConfig: &types.AsyncInferenceNotificationConfig{SuccessTopic: &success, ErrorTopic: &failure}}},
		stage.Variant("V", "reader", 1, 1))
	for _, m := range messages(told, 2) {
		if m["eventName"] != "TestNotification" || m["eventSource"] != "aws:sagemaker" {
			t.Errorf("the new endpoint told %v", m)
		}
	}
	read(s, told)
	fails(s, told)
	for name, want := range map[string]float64{"InvocationsProcessed": 2, "InvocationFailures": 1} {
		s.Soon("metric "+name, 30*time.Second, func() bool { return s.MeasuredOf("AWS/SageMaker", name, begun, "EndpointName", "reader").Sum == want })
	}
	s.Audited(map[string]string{"CreateModel": "reader", "CreateEndpoint": "reader"})
}

func messages(q *stage.Queue, n int) []map[string]any {
	return q.Take("messages", *reading+time.Minute, func(told []map[string]any) bool { return len(told) >= n })
}

func invoke(s *stage.Stage, id, input string) *sagemakerruntime.InvokeEndpointAsyncOutput {
	s.Helper()
	out, err := s.Runtime.InvokeEndpointAsync(s.Context(), &sagemakerruntime.InvokeEndpointAsyncInput{EndpointName: aws.String("reader"), InferenceId: &id,
		InputLocation: &input, ContentType: aws.String("application/pdf"), Accept: aws.String("application/json")})
	s.Must("invoke", err)
	if *out.InferenceId != id || !strings.HasPrefix(aws.ToString(out.OutputLocation), stage.URI("results/")) || !strings.HasSuffix(*out.OutputLocation, ".out") ||
		!strings.HasPrefix(aws.ToString(out.FailureLocation), stage.URI("failures/")) {
		s.Errorf("the answer is %+v", out)
	}
	return out
}

// read has the document read.
func read(s *stage.Stage, told *stage.Queue) {
	s.Helper()
	input := s.Put("in/report.pdf", pdf(pages))
	begun := time.Now()
	out := invoke(s, "report", input)
	if took := time.Since(begun); took > *reading/2 {
		s.Errorf("it was accepted after %v", took)
	}
	if _, there := s.Get(*out.OutputLocation); there {
		s.Error("the result is there before it was made")
	}
	m := messages(told, 1)[0]
	took := time.Since(begun)
	s.Logf("%d pages were read in %v", pages, took.Round(10*time.Millisecond))
	if took < *reading {
		s.Errorf("the document was read in %v, want %v", took, *reading)
	}
	timed(s, m, begun, took)
	want := map[string]any{"awsRegion": harness.Region, "invocationStatus": "Completed", "inferenceId": "report", "eventVersion": "1.0", "eventSource": "aws:sagemaker",
		"eventName":          "InferenceResult",
		"requestParameters":  map[string]any{"accept": "application/json", "contentType": "application/pdf", "endpointName": "reader", "inputLocation": input},
		"responseParameters": map[string]any{"contentType": "application/json", "outputLocation": *out.OutputLocation}}
	if !reflect.DeepEqual(m, want) {
		s.Errorf("told %v,\nwant %v", m, want)
	}
	body, _ := s.Get(*out.OutputLocation)
	var result struct {
		Pages int
		Text  []string
	}
	if err := json.Unmarshal(body, &result); err != nil || result.Pages != pages || len(result.Text) != pages {
		s.Fatalf("the result is %.300s: %v", body, err)
	}
	for i, text := range result.Text {
		if text != sentence(i+1) {
			s.Errorf("page %d reads %q", i+1, text)
		}
	}
	if _, there := s.Get(*out.FailureLocation); there {
		s.Error("there is an object of a failure")
	}
}

// timed takes the times out of a message, which must be those of the invocation.
func timed(s *stage.Stage, m map[string]any, begun time.Time, took time.Duration) {
	s.Helper()
	var at [2]time.Time
	for i, name := range []string{"receivedTime", "eventTime"} {
		var err error
		if at[i], err = time.Parse("2006-01-02T15:04:05.000Z", fmt.Sprint(m[name])); err != nil {
			s.Errorf("%s: %v", name, err)
		}
		delete(m, name)
	}
	const second = time.Second // of rounding, and of what is done around it
	if at[0].Before(begun.Add(-second)) || at[0].After(begun.Add(second)) || at[1].Sub(at[0]) > took+second || at[1].Before(at[0]) {
		s.Errorf("received %v and ended %v, where it began %v and took %v", at[0], at[1], begun, took)
	}
}

// fails has something read that is no document.
func fails(s *stage.Stage, told *stage.Queue) {
	s.Helper()
	input := s.Put("in/letter.pdf", []byte("dear sirs"))
	begun := time.Now()
	out := invoke(s, "letter", input)
	m := messages(told, 1)[0]
	timed(s, m, begun, time.Since(begun))
	if why := fmt.Sprint(m["failureReason"]); !strings.HasPrefix(why, "ModelError: Received client error (400) from primary with message \"it is no PDF") {
		s.Errorf("the reason is %s", why)
	}
	delete(m, "failureReason")
	want := map[string]any{"awsRegion": harness.Region, "invocationStatus": "Failed", "inferenceId": "letter", "eventVersion": "1.0", "eventSource": "aws:sagemaker",
		"eventName":          "InferenceResult",
		"requestParameters":  map[string]any{"accept": "application/json", "contentType": "application/pdf", "endpointName": "reader", "inputLocation": input},
		"responseParameters": map[string]any{"outputLocation": *out.FailureLocation}}
	if !reflect.DeepEqual(m, want) {
		s.Errorf("told %v,\nwant %v", m, want)
	}
	if body, _ := s.Get(*out.FailureLocation); string(body) != "it is no PDF\n" {
		s.Errorf("the object of the failure is %q", body)
	}
	if _, there := s.Get(*out.OutputLocation); there {
		s.Error("there is a result")
	}
}
