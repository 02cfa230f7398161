package sqs_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestStandard(t *testing.T) {
	f := open(t)
	q := f.queue("q", map[string]string{"VisibilityTimeout": "30"})
	f.send(q, "a", "b", "c")
	f.counts(q, "3", "0", "0")
	got := f.gets(q, "a", "b", "c")
	f.counts(q, "0", "3", "0")
	f.gets(q)
	f.delete(q, got[1])
	f.clock.Advance(31 * time.Second)
	again := f.gets(q, "a", "c")
	if n := again[0].Attributes["ApproximateReceiveCount"]; n != "2" {
		t.Errorf("received %s times", n)
	}
	f.delete(q, got[0]) // with a receipt that counts no more
	f.counts(q, "0", "2", "0")
	if _, err := f.ChangeMessageVisibility(f.ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: q, ReceiptHandle: again[0].ReceiptHandle}); err != nil {
		t.Error(err)
	}
	f.counts(q, "1", "1", "0")
	_, err := f.ChangeMessageVisibility(f.ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: q, ReceiptHandle: again[0].ReceiptHandle, VisibilityTimeout: 5})
	f.fails(err, "AWS.SimpleQueueService.MessageNotInflight")
	_, err = f.DeleteMessage(f.ctx, &sqs.DeleteMessageInput{QueueUrl: q, ReceiptHandle: str("nonsense")})
	f.fails(err, "ReceiptHandleIsInvalid")
	// A receipt still deletes what became visible again, when nobody else got it.
	f.delete(q, again[0])
	f.counts(q, "0", "1", "0")
}

func TestDelayAndLife(t *testing.T) {
	f := open(t)
	q := f.queue("q", map[string]string{"DelaySeconds": "10", "MessageRetentionPeriod": "60"})
	f.send(q, "late")
	_, err := f.SendMessage(f.ctx, &sqs.SendMessageInput{QueueUrl: q, MessageBody: str("later"), DelaySeconds: 20})
	f.ok(err)
	f.counts(q, "0", "0", "2")
	f.gets(q)
	f.clock.Advance(10 * time.Second)
	f.again()
	f.counts(q, "1", "0", "1")
	f.gets(q, "late")
	f.clock.Advance(10 * time.Second)
	f.gets(q, "later")
	f.clock.Advance(39 * time.Second)
	f.counts(q, "2", "0", "0")
	f.clock.Advance(time.Second)
	f.counts(q, "0", "0", "0")
	f.gets(q)
	f.send(q, "x")
	f.clock.Advance(50 * time.Second)
	_, err = f.SetQueueAttributes(f.ctx, &sqs.SetQueueAttributesInput{QueueUrl: q, Attributes: map[string]string{"MessageRetentionPeriod": "100"}})
	f.ok(err)
	f.clock.Advance(40 * time.Second) // what is there already lives longer too
	f.gets(q, "x")
}

func TestFIFO(t *testing.T) {
	f := open(t)
	q := f.queue("q.fifo", map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"})
	f.post(q, "a", "a1", "a2", "a3")
	f.post(q, "b", "b1")
	f.post(q, "a", "a2") // again
	one := f.take(q, 1)
	if *one[0].Body != "a1" {
		t.Fatalf("got %s", *one[0].Body)
	}
	two := f.gets(q, "b1") // the group a is busy
	f.delete(q, one...)
	more := f.gets(q, "a2", "a3")
	if more[0].Attributes["SequenceNumber"] >= more[1].Attributes["SequenceNumber"] || more[0].Attributes["MessageGroupId"] != "a" {
		t.Errorf("got %v %v", more[0].Attributes, more[1].Attributes)
	}
	f.again()
	f.gets(q)
	f.clock.Advance(29 * time.Second)
	f.gets(q)
	f.clock.Advance(2 * time.Second)
	_, err := f.DeleteMessage(f.ctx, &sqs.DeleteMessageInput{QueueUrl: q, ReceiptHandle: two[0].ReceiptHandle})
	f.fails(err, "InvalidParameterValue")
	f.gets(q, "a2", "a3", "b1")
	f.again()
	f.post(q, "a", "a1") // still within five minutes
	f.clock.Advance(31 * time.Second)
	f.delete(q, f.gets(q, "a2", "a3", "b1")...)
	f.gets(q)
	f.clock.Advance(5 * time.Minute)
	f.post(q, "a", "a1")
	f.gets(q, "a1")
	_, err = f.SendMessage(f.ctx, &sqs.SendMessageInput{QueueUrl: q, MessageBody: str("x")})
	f.fails(err, "MissingParameter")
}

func TestDeadLetters(t *testing.T) {
	f := open(t)
	d := f.queue("dead", nil)
	q := f.queue("q", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + f.arn(d) + `","maxReceiveCount":"2"}`})
	f.send(q, "poison")
	for range 2 {
		f.gets(q, "poison")
		f.clock.Advance(31 * time.Second)
	}
	f.gets(q)
	f.counts(q, "0", "0", "0")
	got := f.gets(d, "poison")
	if got[0].Attributes["DeadLetterQueueSourceArn"] != f.arn(q) || got[0].Attributes["ApproximateReceiveCount"] != "1" {
		t.Errorf("got %v", got[0].Attributes)
	}
	f.clock.Advance(31 * time.Second)
	sources, err := f.ListDeadLetterSourceQueues(f.ctx, &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: d})
	f.ok(err)
	if len(sources.QueueUrls) != 1 || sources.QueueUrls[0] != *q {
		t.Errorf("sources %v", sources.QueueUrls)
	}
	_, err = f.StartMessageMoveTask(f.ctx, &sqs.StartMessageMoveTaskInput{SourceArn: str(f.arn(d))})
	f.ok(err)
	f.soon("the end of the move", func() bool {
		out, err := f.ListMessageMoveTasks(f.ctx, &sqs.ListMessageMoveTasksInput{SourceArn: str(f.arn(d))})
		f.ok(err)
		return *out.Results[0].Status == "COMPLETED" && out.Results[0].ApproximateNumberOfMessagesMoved == 1
	})
	back := f.gets(q, "poison")
	if *back[0].MessageId == *got[0].MessageId {
		t.Error("a message that was moved back is a new one")
	}
	f.counts(d, "0", "0", "0")
}

func TestPurgeAndDelete(t *testing.T) {
	f := open(t)
	q := f.queue("q", nil)
	f.send(q, "a", "b")
	held := f.take(q, 1)
	_, err := f.PurgeQueue(f.ctx, &sqs.PurgeQueueInput{QueueUrl: q})
	f.ok(err)
	f.delete(q, held...)
	f.counts(q, "0", "0", "0")
	_, err = f.PurgeQueue(f.ctx, &sqs.PurgeQueueInput{QueueUrl: q})
	f.fails(err, "AWS.SimpleQueueService.PurgeQueueInProgress")
	f.send(q, "c")
	f.again()
	f.gets(q, "c")
	ended := make(chan error, 1)
	go func() {
		_, err := f.ReceiveMessage(f.ctx, &sqs.ReceiveMessageInput{QueueUrl: q, WaitTimeSeconds: 20})
		ended <- err
	}()
	time.Sleep(50 * time.Millisecond) // so that it waits already, mostly
	begun := time.Now()
	_, err = f.DeleteQueue(f.ctx, &sqs.DeleteQueueInput{QueueUrl: q})
	f.ok(err)
	if err := <-ended; time.Since(begun) > 10*time.Second {
		t.Errorf("who waited on a deleted queue waits on: %v", err)
	}
	_, err = f.SendMessage(f.ctx, &sqs.SendMessageInput{QueueUrl: q, MessageBody: str("x")})
	f.fails(err, "AWS.SimpleQueueService.NonExistentQueue")
	f.queue("q", nil)
	f.counts(q, "0", "0", "0")
}

func TestLongPoll(t *testing.T) {
	f := open(t)
	q := f.queue("q", map[string]string{"ReceiveMessageWaitTimeSeconds": "20"})
	got := make(chan string, 4)
	for range 4 {
		go func() {
			out, err := f.ReceiveMessage(f.ctx, &sqs.ReceiveMessageInput{QueueUrl: q})
			if err != nil || len(out.Messages) != 1 {
				got <- fmt.Sprint(out, err)
				return
			}
			got <- *out.Messages[0].Body
		}()
	}
	f.send(q, "1", "2", "3", "4")
	seen := map[string]bool{}
	for range 4 {
		seen[<-got] = true
	}
	if len(seen) != 4 {
		t.Errorf("got %v", seen)
	}
}

func TestEveryoneOnce(t *testing.T) {
	f := open(t)
	q := f.queue("q", nil)
	var mu sync.Mutex
	seen := map[string]int{}
	var senders, receivers sync.WaitGroup
	for w := range 8 {
		senders.Go(func() {
			for i := range 25 {
				if _, err := f.SendMessage(f.ctx, &sqs.SendMessageInput{QueueUrl: q, MessageBody: str(fmt.Sprint(w, "-", i))}); err != nil {
					t.Error(err)
				}
			}
		})
		receivers.Go(func() {
			for {
				mu.Lock()
				n := len(seen)
				mu.Unlock()
				if n == 200 {
					return
				}
				out, err := f.ReceiveMessage(f.ctx, &sqs.ReceiveMessageInput{QueueUrl: q, MaxNumberOfMessages: 10})
				if err != nil {
					t.Error(err)
					return
				}
				for _, m := range out.Messages {
					mu.Lock()
					seen[*m.Body]++
					mu.Unlock()
					if _, err := f.DeleteMessage(f.ctx, &sqs.DeleteMessageInput{QueueUrl: q, ReceiptHandle: m.ReceiptHandle}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	senders.Wait()
	receivers.Wait()
	for body, n := range seen {
		if n != 1 {
			t.Errorf("%s came %d times", body, n)
		}
	}
	f.counts(q, "0", "0", "0")
}

func TestBatch(t *testing.T) {
	f := open(t)
	q := f.queue("q", map[string]string{"MaximumMessageSize": "1024"})
	entry := func(id, body string) types.SendMessageBatchRequestEntry {
		return types.SendMessageBatchRequestEntry{Id: &id, MessageBody: &body}
	}
	out, err := f.SendMessageBatch(f.ctx, &sqs.SendMessageBatchInput{QueueUrl: q, Entries: []types.SendMessageBatchRequestEntry{
		entry("1", "a"), entry("2", strings.Repeat("x", 1025)), entry("3", "\x01")}})
	f.ok(err)
	if len(out.Successful) != 1 || len(out.Failed) != 2 || *out.Failed[0].Code != "InvalidParameterValue" || *out.Failed[1].Code != "InvalidMessageContents" {
		t.Errorf("got %+v %+v", out.Successful, out.Failed)
	}
	_, err = f.SendMessageBatch(f.ctx, &sqs.SendMessageBatchInput{QueueUrl: q, Entries: []types.SendMessageBatchRequestEntry{entry("1", "a"), entry("1", "b")}})
	f.fails(err, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct")
	m := f.gets(q, "a")
	changed, err := f.ChangeMessageVisibilityBatch(f.ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: q, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
		{Id: str("1"), ReceiptHandle: m[0].ReceiptHandle, VisibilityTimeout: 100}, {Id: str("2"), ReceiptHandle: str("?")}}})
	f.ok(err)
	if len(changed.Successful) != 1 || len(changed.Failed) != 1 {
		t.Errorf("got %+v", changed)
	}
	f.clock.Advance(99 * time.Second)
	f.gets(q)
	f.clock.Advance(2 * time.Second)
	f.gets(q, "a")
}
