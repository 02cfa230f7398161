// Package sqs_test drives SQS with the Go SDK and boto3.
package sqs_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestPython(t *testing.T) {
	s := harness.Start(t)
	harness.Tell(t, harness.Must(s.Admin(t.Context()))(t), "sqs.py")
}

// TestRestart has a server go away with messages in every state.
func TestRestart(t *testing.T) {
	ctx := t.Context()
	o := harness.Options{DataDir: t.TempDir()}
	s, err := harness.Launch(o)
	if err != nil {
		t.Fatal(err)
	}
	c := sqs.NewFromConfig(s.Root().Config())
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	made, err := c.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("q.fifo"), Attributes: map[string]string{"FifoQueue": "true", "VisibilityTimeout": "600"}})
	must(err)
	name := aws.String("http://x/" + (*made.QueueUrl)[len(*made.QueueUrl)-len("000000000000/q.fifo"):])
	for i := range 4 {
		_, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: name, MessageBody: aws.String(fmt.Sprint(i)), MessageGroupId: aws.String(fmt.Sprint("g", i%2)),
			MessageDeduplicationId: aws.String(fmt.Sprint(i))})
		must(err)
	}
	got, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: name})
	must(err)
	if len(got.Messages) != 1 || *got.Messages[0].Body != "0" {
		t.Fatalf("got %+v", got.Messages)
	}
	s.Kill()
	again := harness.StartWith(t, o)
	c = sqs.NewFromConfig(again.Root().Config())
	_, err = c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: name, MessageBody: aws.String("again"), MessageGroupId: aws.String("g0"), MessageDeduplicationId: aws.String("2")})
	must(err)
	other, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: name, MaxNumberOfMessages: 10})
	must(err)
	if len(other.Messages) != 2 || *other.Messages[0].Body != "1" || *other.Messages[1].Body != "3" {
		t.Errorf("the group of a message in flight is not blocked: %+v", other.Messages)
	}
	_, err = c.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: name, ReceiptHandle: got.Messages[0].ReceiptHandle})
	must(err)
	next, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: name, MaxNumberOfMessages: 10})
	must(err)
	if len(next.Messages) != 1 || *next.Messages[0].Body != "2" {
		t.Errorf("got %+v", next.Messages)
	}
}

func TestWaitEndsWithTheQueue(t *testing.T) {
	ctx := t.Context()
	s := harness.Start(t)
	c := sqs.NewFromConfig(s.Root().Config())
	made, err := c.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("q")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: made.QueueUrl, WaitTimeSeconds: 1}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	begun := time.Now()
	go func() {
		_, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: made.QueueUrl, WaitTimeSeconds: 20})
		ended <- err
	}()
	time.Sleep(100 * time.Millisecond) // so that it waits already, mostly
	if _, err := c.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: made.QueueUrl}); err != nil {
		t.Fatal(err)
	}
	err = <-ended
	var gone *types.QueueDoesNotExist
	if err != nil && !errors.As(err, &gone) || time.Since(begun) > 15*time.Second {
		t.Errorf("after %v: %v", time.Since(begun), err)
	}
}
