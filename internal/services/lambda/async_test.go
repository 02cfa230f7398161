package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/atelier-studio/atelier/internal/services/lambda/sandbox"
)

// TestRetries has an event that fails tried after one minute and after two, and then told to be given up.
func TestRetries(t *testing.T) {
	f := open(t)
	url, arn := f.queue("dead", nil)
	f.create("f", func(in *lambda.CreateFunctionInput) { in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: &arn} })
	_, err := f.PutFunctionEventInvokeConfig(f.ctx, &lambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("f"),
		DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: &arn}}})
	f.ok(err)
	var mu sync.Mutex
	var at []time.Duration
	begun := f.clock.Now()
	f.plays(func(sandbox.Function, sandbox.Invocation) (sandbox.Result, error) {
		mu.Lock()
		defer mu.Unlock()
		at = append(at, f.clock.Now().Sub(begun))
		return sandbox.Result{FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"no"}`)}, nil
	})
	tried := func(n int) func() bool { return func() bool { mu.Lock(); defer mu.Unlock(); return len(at) == n } }
	out, err := f.Invoke(f.ctx, &lambda.InvokeInput{FunctionName: aws.String("f"), InvocationType: types.InvocationTypeEvent, Payload: []byte(`{"a":1}`)})
	f.ok(err)
	if out.StatusCode != 202 {
		t.Errorf("status %d", out.StatusCode)
	}
	f.soon("the first attempt", tried(1))
	for i := range 24 { // in steps, so that the time of attempts is seen
		f.clock.Advance(10 * time.Second)
		f.desk.Wake()
		want := 1
		if f.clock.Now().Sub(begun) >= 80*time.Second { // a minute and up to a quarter
			want = 2
		}
		if i < 23 {
			f.soon(fmt.Sprint("attempt ", want), func() bool { mu.Lock(); defer mu.Unlock(); return len(at) >= want })
		}
	}
	f.soon("the last attempt", tried(3))
	if at[1] < time.Minute || at[1] > 80*time.Second || at[2]-at[1] < 2*time.Minute || at[2]-at[1] > 160*time.Second {
		t.Errorf("attempts at %v", at)
	}
	got := map[string]bool{}
	f.soon("the dead letters", func() bool {
		list, err := f.sqs.ReceiveMessage(f.ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 1, MessageAttributeNames: []string{"All"}})
		f.ok(err)
		for _, m := range list.Messages {
			got[*m.Body] = true
		}
		return len(got) == 2
	})
	for body := range got {
		var r struct {
			RequestContext struct {
				Condition              string
				ApproximateInvokeCount int
			}
		}
		if body != `{"a":1}` && (json.Unmarshal([]byte(body), &r) != nil || r.RequestContext.Condition != "RetriesExhausted" || r.RequestContext.ApproximateInvokeCount != 3) {
			t.Errorf("record %s", body)
		}
	}
}

// TestSpared has what is no fault of the function count as no attempt, until the event is too old.
func TestSpared(t *testing.T) {
	f := open(t)
	url, arn := f.queue("failed", nil)
	f.create("f")
	_, err := f.PutFunctionEventInvokeConfig(f.ctx, &lambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("f"), MaximumRetryAttempts: aws.Int32(0),
		MaximumEventAgeInSeconds: aws.Int32(60), DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: &arn}}})
	f.ok(err)
	var mu sync.Mutex
	attempts := 0
	f.plays(func(sandbox.Function, sandbox.Invocation) (sandbox.Result, error) {
		mu.Lock()
		defer mu.Unlock()
		attempts++
		return sandbox.Result{}, errors.New("no sandbox to be had")
	})
	_, err = f.Invoke(f.ctx, &lambda.InvokeInput{FunctionName: aws.String("f"), InvocationType: types.InvocationTypeEvent})
	f.ok(err)
	var body string
	f.soon("the record", func() bool {
		f.clock.Advance(2 * time.Second)
		f.desk.Wake()
		list, err := f.sqs.ReceiveMessage(f.ctx, &sqs.ReceiveMessageInput{QueueUrl: &url})
		f.ok(err)
		if len(list.Messages) == 1 {
			body = *list.Messages[0].Body
		}
		return body != ""
	})
	if attempts < 3 || !strings.Contains(body, `"condition":"EventAgeExceeded"`) {
		t.Errorf("%d attempts, %s", attempts, body)
	}
}
