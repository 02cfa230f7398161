package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// inlined is the largest result that a notification carries itself, in bytes. A message of SNS has 256 KB at most.
const inlined = 128 << 10

// callback hears of each asynchronous inference that ended, downloads its result, and tells the clients.
type callback struct {
	files store
	topic string
	sns   *sns.Client
}

func newCallback(cfg aws.Config, files store, env func(string) string) *callback {
	return &callback{files, env("RESULT_TOPIC"), sns.NewFromConfig(cfg)}
}

// completion is SageMaker's notification.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-check-predictions.html
type completion struct {
	Name    string `json:"eventName"`
	ID      string `json:"inferenceId"`
	Status  string `json:"invocationStatus"`
	Reason  string `json:"failureReason"`
	Request struct {
		Input string `json:"inputLocation"`
	} `json:"requestParameters"`
	Response struct {
		Output string `json:"outputLocation"`
	} `json:"responseParameters"`
}

// notice is what clients are told.
type notice struct {
	invocation
	Result json.RawMessage `json:"result,omitempty"`
}

func (c *callback) handle(ctx context.Context, event json.RawMessage) (any, error) {
	var in events.SNSEvent
	if err := json.Unmarshal(event, &in); err != nil {
		return nil, err
	}
	for _, r := range in.Records {
		var done completion
		if err := json.Unmarshal([]byte(r.SNS.Message), &done); err != nil {
			return nil, fmt.Errorf("cannot read the notification: %w", err)
		}
		if done.Name != "InferenceResult" || !identifier.MatchString(done.ID) {
			fmt.Printf("left aside: %s of %q\n", done.Name, done.ID) // TestNotification, at the endpoint's creation
			continue
		}
		if err := c.tell(ctx, done); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (c *callback) tell(ctx context.Context, done completion) error {
	now := time.Now().UTC()
	n := notice{invocation: invocation{ID: done.ID, Status: done.Status, Input: done.Request.Input, Output: done.Response.Output, Reason: done.Reason, Ended: &now}}
	if done.Status == "Completed" {
		_, key, _ := place(done.Response.Output)
		size, err := c.files.size(ctx, key)
		if err != nil {
			return fmt.Errorf("cannot look at %s: %w", done.Response.Output, err)
		}
		n.Bytes = &size
		b, _, err := c.files.get(ctx, key, inlined)
		if err != nil {
			return fmt.Errorf("cannot download %s: %w", done.Response.Output, err)
		}
		n.Result = inline(b)
	}
	if err := c.files.keep(ctx, endNote(n.ID), n.invocation); err != nil {
		return err
	}
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	_, err = c.sns.Publish(ctx, &sns.PublishInput{TopicArn: &c.topic, Message: aws.String(string(b)), Subject: aws.String("Inference " + short(n.ID) + ": " + n.Status)})
	if err != nil {
		return fmt.Errorf("cannot tell of %s: %w", n.ID, err)
	}
	fmt.Printf("told of %s: %s\n", n.ID, n.Status)
	return nil
}

// inline is a result as a notification carries it: JSON as it is, other text as a string, the rest not at all.
func inline(b []byte) json.RawMessage {
	switch {
	case len(b) > inlined:
		return nil
	case json.Valid(b):
		return b
	case !utf8.Valid(b):
		return nil
	}
	s, err := json.Marshal(string(b))
	if err != nil || len(s) > inlined {
		return nil
	}
	return s
}

// short cuts a name for a subject, which has 99 characters at most.
func short(name string) string { return name[:min(len(name), 70)] }
