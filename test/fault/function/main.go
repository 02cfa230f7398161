// Command function takes messages from queues and sends them on to others, in order within a group. Poison it refuses.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		panic(err)
	}
	client := sqs.NewFromConfig(cfg)
	lambda.Start(func(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
		return pass(ctx, client, e)
	})
}

func pass(ctx context.Context, client *sqs.Client, e events.SQSEvent) (out events.SQSEventResponse, err error) {
	stopped := map[string]bool{} // groups whose first message failed
	in := &sqs.SendMessageBatchInput{QueueUrl: aws.String(os.Getenv("OUT"))}
	fifo := strings.HasSuffix(*in.QueueUrl, ".fifo")
	for i, r := range e.Records {
		group := r.Attributes["MessageGroupId"]
		if strings.Contains(r.Body, "poison") || group != "" && stopped[group] {
			stopped[group] = true
			out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: r.MessageId})
			continue
		}
		m := types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), MessageBody: aws.String(r.Body)}
		if fifo {
			m.MessageGroupId, m.MessageDeduplicationId = aws.String(group), aws.String(r.Body)
		}
		in.Entries = append(in.Entries, m)
	}
	if len(in.Entries) == 0 {
		return out, nil
	}
	sent, err := client.SendMessageBatch(ctx, in)
	if err == nil && len(sent.Failed) > 0 {
		err = fmt.Errorf("%d messages were not sent: %s", len(sent.Failed), aws.ToString(sent.Failed[0].Message))
	}
	return out, err
}
