package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Message is what goes to a queue or topic.
type Message struct {
	Body       string
	Subject    string // of a topic's message
	Group      string
	Duplicate  string // deduplication id
	Attributes map[string]Attribute
}

// Attribute is a message attribute. Text counts but for a type that begins with Binary.
type Attribute struct {
	Type   string
	Text   string `json:",omitempty"`
	Binary []byte `json:",omitempty"`
}

// Send puts a message into a queue, which may be another account's.
func (c *Clients) Send(ctx context.Context, as As, queue string, m Message) error {
	a, err := arn.Parse(queue)
	if err != nil || a.Service != "sqs" {
		return Permanent(fmt.Errorf("%s is no queue", queue))
	}
	config, err := c.Config(ctx, as, a.Region)
	if err != nil {
		return err
	}
	in := &sqs.SendMessageInput{QueueUrl: aws.String("http://atelier.internal/" + a.Account + "/" + a.Resource), MessageBody: &m.Body}
	if m.Group != "" {
		in.MessageGroupId = &m.Group
	}
	if m.Duplicate != "" {
		in.MessageDeduplicationId = &m.Duplicate
	}
	for name, v := range m.Attributes {
		if in.MessageAttributes == nil {
			in.MessageAttributes = map[string]types.MessageAttributeValue{}
		}
		in.MessageAttributes[name] = types.MessageAttributeValue{DataType: aws.String(v.Type), StringValue: text(v), BinaryValue: v.Binary}
	}
	_, err = sqs.NewFromConfig(config).SendMessage(ctx, in)
	return Judged(err)
}

func text(a Attribute) *string {
	if a.Binary != nil {
		return nil
	}
	return &a.Text
}

// Publish sends a message to a topic.
func (c *Clients) Publish(ctx context.Context, as As, topic string, m Message) error {
	a, err := arn.Parse(topic)
	if err != nil || a.Service != "sns" {
		return Permanent(fmt.Errorf("%s is no topic", topic))
	}
	config, err := c.Config(ctx, as, a.Region)
	if err != nil {
		return err
	}
	in := &sns.PublishInput{TopicArn: &topic, Message: &m.Body}
	for to, v := range map[**string]string{&in.Subject: m.Subject, &in.MessageGroupId: m.Group, &in.MessageDeduplicationId: m.Duplicate} {
		if v != "" {
			*to = &v
		}
	}
	for name, v := range m.Attributes {
		if in.MessageAttributes == nil {
			in.MessageAttributes = map[string]snstypes.MessageAttributeValue{}
		}
		in.MessageAttributes[name] = snstypes.MessageAttributeValue{DataType: aws.String(v.Type), StringValue: text(v), BinaryValue: v.Binary}
	}
	_, err = sns.NewFromConfig(config).Publish(ctx, in)
	return Judged(err)
}

// Invoke has a function run with an event, later: it is accepted here, and what comes of it is the function's.
func (c *Clients) Invoke(ctx context.Context, as As, function string, event []byte) error {
	return c.invoke(ctx, as, function, lambdatypes.InvocationTypeEvent, event)
}

// MayInvoke tells whether as may have a function run, without running it.
func (c *Clients) MayInvoke(ctx context.Context, as As, function string) error {
	return c.invoke(ctx, as, function, lambdatypes.InvocationTypeDryRun, nil)
}

func (c *Clients) invoke(ctx context.Context, as As, function string, kind lambdatypes.InvocationType, event []byte) error {
	a, err := arn.Parse(function)
	if err != nil || a.Service != "lambda" {
		return Permanent(fmt.Errorf("%s is no function", function))
	}
	config, err := c.Config(ctx, as, a.Region)
	if err != nil {
		return err
	}
	_, err = lambda.NewFromConfig(config).Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, InvocationType: kind, Payload: event})
	var conflict *lambdatypes.ResourceConflictException
	if errors.As(err, &conflict) {
		return err // it is being made
	}
	return Judged(err)
}

// Why are the attributes of a dead letter that tell why it is one, as EventBridge has them.
// Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html
func (p Parcel) Why(names map[string]string) map[string]Attribute {
	out := map[string]Attribute{}
	for name, v := range names {
		if v != "" {
			out[name] = Attribute{Type: "String", Text: v}
		}
	}
	out["ERROR_CODE"] = Attribute{Type: "String", Text: p.Code}
	out["ERROR_MESSAGE"] = Attribute{Type: "String", Text: Printable(p.Failure)}
	condition := "MaximumRetryAttempts"
	if p.MaxAge > 0 && p.Due.Sub(p.Accepted) > p.MaxAge {
		condition = "MaximumEventAgeInSeconds"
	}
	out["EXHAUSTED_RETRY_CONDITION"] = Attribute{Type: "String", Text: condition}
	out["RETRY_ATTEMPTS"] = Attribute{Type: "Number", Text: fmt.Sprint(max(p.Attempts-1, 0))}
	return out
}

// Printable is what a message attribute may hold of a text.
func Printable(s string) string {
	out := make([]rune, 0, min(len(s), 1024))
	for _, c := range s {
		if len(out) == 1024 {
			break
		}
		if c < ' ' || c == 0xfffe || c == 0xffff || c == 0xfffd {
			c = ' '
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return "unknown"
	}
	return string(out)
}

// Attempts and age that EventBridge gives a delivery when nobody says otherwise.
const (
	Attempts = 185
	Age      = 24 * time.Hour
)
