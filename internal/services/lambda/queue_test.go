package lambda

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
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

func TestFailed(t *testing.T) {
	batch := []sqsRecord{{MessageID: "a"}, {MessageID: "b"}}
	f := func(answer, want string, all bool) {
		t.Helper()
		ids, none := failed([]byte(answer), batch)
		if got := strings.Join(slices.Sorted(maps.Keys(ids)), ","); got != want || none != all {
			t.Errorf("%s: got %s %v", answer, got, none)
		}
	}
	f(``, "", false)
	f(`null`, "", false)
	f(`{}`, "", false)
	f(`"done"`, "", false)
	f(`{"batchItemFailures":null}`, "", false)
	f(`{"batchItemFailures":[]}`, "", false)
	f(`{"batchItemFailures":[{"itemIdentifier":"b"}]}`, "b", false)
	f(`{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"}]}`, "a,b", false)
	f(`{"batchItemFailures":[{"itemIdentifier":"c"}]}`, "", true)
	f(`{"batchItemFailures":[{"itemIdentifier":""}]}`, "", true)
	f(`{"batchItemFailures":[{"itemIdentifier":null}]}`, "", true)
	f(`{"batchItemFailures":[{"other":"a"}]}`, "", true)
	f(`{"batchItemFailures":"a"}`, "", true)
	f(`{`, "", true)
}

func FuzzFailed(f *testing.F) {
	f.Add([]byte(`{"batchItemFailures":[{"itemIdentifier":"b"}]}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		ids, none := failed(answer, []sqsRecord{{MessageID: "a"}, {MessageID: "b"}})
		for id := range ids {
			if none || id != "a" && id != "b" {
				t.Errorf("%s: got %v %v", answer, ids, none)
			}
		}
	})
}

func TestWanted(t *testing.T) {
	f := func(pattern, body string, want bool) {
		t.Helper()
		filters, err := readFilters(&types.FilterCriteria{Filters: []types.Filter{{Pattern: &pattern}}})
		if err != nil {
			t.Fatal(err)
		}
		r := sqsRecord{Body: body, Attributes: map[string]string{"SenderId": "me"}, Given: map[string]sqsAttribute{"kind": {String: aws.String("k"), Type: "String"}}}
		if got := wanted(filters, r); got != want {
			t.Errorf("%s %s: got %v", pattern, body, got)
		}
	}
	f(`{"body":{"a":[1]}}`, `{"a":1}`, true)
	f(`{"body":{"a":[1]}}`, `{"a":2}`, false)
	f(`{"body":{"a":[1]}}`, `text`, false)
	f(`{"body":["text"]}`, `text`, true)
	f(`{"body":["text"]}`, `other`, false)
	f(`{"attributes":{"SenderId":["me"]}}`, `x`, true)
	f(`{"messageAttributes":{"kind":{"stringValue":["k"]}}}`, `x`, true)
	f(`{"messageAttributes":{"kind":{"stringValue":["l"]}}}`, `x`, false)
}

func TestBatches(t *testing.T) {
	var list []sqsRecord
	for i := range 10 {
		list = append(list, sqsRecord{MessageID: fmt.Sprint(i), Body: strings.Repeat("\n", 1<<20)})
	}
	n := 0
	for _, b := range batches(list) {
		payload, err := encode(map[string]any{"Records": b})
		if err != nil || len(payload) > maxEvent {
			t.Errorf("%d bytes, %v", len(payload), err)
		}
		for _, r := range b {
			if r.MessageID != fmt.Sprint(n) {
				t.Errorf("%s is out of order", r.MessageID)
			}
			n++
		}
	}
	if n != 10 {
		t.Errorf("%d of 10 messages", n)
	}
	if got := batches(list[:1]); len(got) != 1 || len(got[0]) != 1 {
		t.Errorf("of one message: %v batches", len(got))
	}
}

// TestWindow has messages of a while come together.
func TestWindow(t *testing.T) {
	f := open(t)
	url, arn := f.queue("in", nil)
	f.create("f")
	var mu sync.Mutex
	var sizes []int
	f.plays(func(_ sandbox.Function, in sandbox.Invocation) (sandbox.Result, error) {
		var e struct{ Records []json.RawMessage }
		if err := json.Unmarshal(in.Payload, &e); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		sizes = append(sizes, len(e.Records))
		return sandbox.Result{Payload: []byte(`null`)}, nil
	})
	for i := range 25 {
		_, err := f.sqs.SendMessage(f.ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String(fmt.Sprint(i))})
		f.ok(err)
	}
	_, err := f.CreateEventSourceMapping(f.ctx, &lambda.CreateEventSourceMappingInput{FunctionName: aws.String("f"), EventSourceArn: &arn, BatchSize: aws.Int32(25),
		MaximumBatchingWindowInSeconds: aws.Int32(5)})
	f.ok(err)
	f.soon("the batch", func() bool { mu.Lock(); defer mu.Unlock(); return len(sizes) > 0 })
	if sizes[0] != 25 {
		t.Errorf("batches of %v", sizes)
	}
}

// TestFIFO has a group go on with what failed before anything after it.
func TestFIFO(t *testing.T) {
	f := open(t)
	url, arn := f.queue("in.fifo", map[string]string{"FifoQueue": "true"})
	f.create("f")
	var mu sync.Mutex
	var got []string
	failures := 2
	f.plays(func(_ sandbox.Function, in sandbox.Invocation) (sandbox.Result, error) {
		var e struct{ Records []struct{ Body string } }
		if err := json.Unmarshal(in.Payload, &e); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		if failures > 0 {
			failures--
			return sandbox.Result{FunctionError: "Unhandled", Payload: []byte(`{}`)}, nil
		}
		for _, r := range e.Records {
			got = append(got, r.Body)
		}
		return sandbox.Result{Payload: []byte(`null`)}, nil
	})
	for i := range 9 {
		_, err := f.sqs.SendMessage(f.ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String(fmt.Sprint(i)), MessageGroupId: aws.String("g"), MessageDeduplicationId: aws.String(fmt.Sprint(i))})
		f.ok(err)
	}
	_, err := f.CreateEventSourceMapping(f.ctx, &lambda.CreateEventSourceMappingInput{FunctionName: aws.String("f"), EventSourceArn: &arn, BatchSize: aws.Int32(2)})
	f.ok(err)
	seen := 2
	f.soon("all messages", func() bool {
		mu.Lock()
		left, done := failures, slices.Contains(got, "8")
		mu.Unlock()
		if left < seen { // what failed is hidden for thirty seconds
			seen = left
			f.clock.Advance(31 * time.Second)
			_, err := f.sqs.SendMessage(f.ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("wake"), MessageGroupId: aws.String("other"),
				MessageDeduplicationId: aws.String(fmt.Sprint("wake", left))})
			f.ok(err)
		}
		return done
	})
	mu.Lock()
	defer mu.Unlock()
	if list := slices.DeleteFunc(slices.Compact(got), func(s string) bool { return s == "wake" }); fmt.Sprint(list) != "[0 1 2 3 4 5 6 7 8]" {
		t.Errorf("got %v", list)
	}
}
