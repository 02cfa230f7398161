package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// messengers is how many clients send at a time, and how many receive.
const messengers = 16

// postal is the clients of a server's queues, topics and buses.
type postal struct {
	queues *sqs.Client
	topics *sns.Client
	events *eventbridge.Client
}

func newPostal(s *server) postal {
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &s.url, HTTPClient: s.client, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(s.key, s.secret, "")}
	return postal{sqs.NewFromConfig(cfg), sns.NewFromConfig(cfg), eventbridge.NewFromConfig(cfg)}
}

// messages measures how many messages go from end to end in a second, against moto.
func messages(ctx context.Context, o options) (section, error) {
	servers, err := o.start(ctx, shared, moto)
	defer stopAll(servers)
	if err != nil {
		return section{}, err
	}
	cases := []struct {
		name string
		send func(p postal, ctx context.Context, name string) (func(ctx context.Context, body string) error, error)
	}{{"SQS: send, receive, delete", toQueue}, {"SNS → SQS: publish, receive, delete", toTopic}, {"PutEvents → SQS: put, receive, delete", toBus}}
	var b strings.Builder
	b.WriteString("| Case | Server | messages per second | Atelier against it |\n|---|---|---:|---:|\n")
	for i, c := range cases {
		rates := map[string][]float64{}
		for round := range o.rounds {
			for _, s := range servers {
				p, name := newPostal(s), fmt.Sprintf("bench-%d-%d", i, round)
				send, err := c.send(p, ctx, name)
				if err == nil {
					var rate float64
					if rate, err = p.rate(ctx, name, o.each, send); err == nil {
						rates[s.name] = append(rates[s.name], rate)
					}
				}
				if err != nil && s.name == shared {
					return section{}, fmt.Errorf("%s: %w", c.name, err)
				}
				if err != nil {
					fmt.Fprintln(os.Stderr, "bench:", c.name, "on", s.name+":", err)
				}
			}
		}
		for _, s := range servers {
			ratio := ""
			if s.name != shared && len(rates[s.name]) > 0 {
				ratio = fmt.Sprintf("%.2f", median(rates[shared])/median(rates[s.name]))
			}
			fmt.Fprintf(&b, "| %s | %s | %.0f | %s |\n", c.name, s.name, median(rates[s.name]), ratio)
		}
	}
	return section{"Messages", b.String() + "\nSixteen clients send while sixteen receive, one message a call. Every message is on disk here before it is acknowledged;\nmoto keeps all in memory.\n"}, ctx.Err()
}

// queue makes a queue that takes from everybody.
func (p postal) queue(ctx context.Context, name string) (url *string, arn string, err error) {
	out, err := p.queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}]}`}})
	if err != nil {
		return nil, "", err
	}
	a, err := p.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: out.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
	if err != nil {
		return nil, "", err
	}
	return out.QueueUrl, a.Attributes["QueueArn"], nil
}

func toQueue(p postal, ctx context.Context, name string) (func(context.Context, string) error, error) {
	url, _, err := p.queue(ctx, name)
	return func(ctx context.Context, body string) error {
		_, err := p.queues.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: &body})
		return err
	}, err
}

func toTopic(p postal, ctx context.Context, name string) (func(context.Context, string) error, error) {
	_, arn, err := p.queue(ctx, name)
	if err != nil {
		return nil, err
	}
	t, err := p.topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: &name})
	if err != nil {
		return nil, err
	}
	_, err = p.topics.Subscribe(ctx, &sns.SubscribeInput{TopicArn: t.TopicArn, Protocol: aws.String("sqs"), Endpoint: &arn,
		Attributes: map[string]string{"RawMessageDelivery": "true"}})
	return func(ctx context.Context, body string) error {
		_, err := p.topics.Publish(ctx, &sns.PublishInput{TopicArn: t.TopicArn, Message: &body})
		return err
	}, err
}

func toBus(p postal, ctx context.Context, name string) (func(context.Context, string) error, error) {
	_, arn, err := p.queue(ctx, name)
	if err != nil {
		return nil, err
	}
	if _, err := p.events.PutRule(ctx, &eventbridge.PutRuleInput{Name: &name, EventPattern: aws.String(`{"source":["` + name + `"]}`)}); err != nil {
		return nil, err
	}
	_, err = p.events.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &name, Targets: []eventtypes.Target{{Id: aws.String("q"), Arn: &arn}}})
	return func(ctx context.Context, body string) error {
		_, err := p.events.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{{Source: &name, DetailType: aws.String("t"),
			Detail: aws.String(`{"n":` + body + `}`)}}})
		return err
	}, err
}

// rate sends for a while, and tells how many messages per second arrived until the last one that was sent had.
func (p postal) rate(ctx context.Context, name string, d time.Duration, send func(context.Context, string) error) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, d+2*time.Minute)
	defer cancel()
	url, err := p.queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return 0, err
	}
	var sent, got atomic.Int64
	var sending, receiving sync.WaitGroup
	var over atomic.Bool
	failed := make(chan error, 2*messengers)
	begun := time.Now()
	for range messengers {
		sending.Go(func() {
			for n := 0; time.Since(begun) < d; n++ {
				if err := send(ctx, strconv.Itoa(n)); err != nil {
					failed <- err
					return
				}
				sent.Add(1)
			}
		})
		receiving.Go(func() {
			for !over.Load() || got.Load() < sent.Load() {
				out, err := p.queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url.QueueUrl, WaitTimeSeconds: 1})
				if err != nil {
					failed <- err
					return
				}
				for _, m := range out.Messages {
					if _, err := p.queues.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url.QueueUrl, ReceiptHandle: m.ReceiptHandle}); err != nil {
						failed <- err
						return
					}
					got.Add(1)
				}
			}
		})
	}
	sending.Wait()
	over.Store(true)
	all := make(chan time.Duration, 1)
	go func() {
		for got.Load() < sent.Load() && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		all <- time.Since(begun)
	}()
	took := <-all
	receiving.Wait()
	select {
	case err := <-failed:
		return 0, err
	default:
	}
	return float64(got.Load()) / took.Seconds(), ctx.Err()
}
