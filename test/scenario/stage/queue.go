package stage

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Queue is where what happens is told.
type Queue struct {
	s        *Stage
	url, arn string
}

// open lets rules and topics send.
const open = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["events.amazonaws.com","sns.amazonaws.com"]},"Action":"sqs:SendMessage","Resource":"*"}]}`

// Queue makes a queue.
func (s *Stage) Queue(name string) *Queue {
	s.Helper()
	client := sqs.NewFromConfig(s.Who.Config())
	made, err := client.CreateQueue(s.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{"Policy": open}})
	s.Must("queue", err)
	got, err := client.GetQueueAttributes(s.Context(), &sqs.GetQueueAttributesInput{QueueUrl: made.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
	s.Must("queue", err)
	return &Queue{s, *made.QueueUrl, got.Attributes["QueueArn"]}
}

// Again is the queue on the server of a stage that was set again.
func (q *Queue) Again(s *Stage) *Queue { return &Queue{s, q.url, q.arn} }

// Events has SageMaker's events of a type told in a queue.
func (s *Stage) Events(detailType string) *Queue {
	s.Helper()
	q := s.Queue("events")
	rules := eventbridge.NewFromConfig(s.Who.Config())
	_, err := rules.PutRule(s.Context(), &eventbridge.PutRuleInput{Name: aws.String("told"), EventPattern: aws.String(
		fmt.Sprintf(`{"source":["aws.sagemaker"],"detail-type":[%q]}`, detailType))})
	s.Must("rule", err)
	_, err = rules.PutTargets(s.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("told"), Targets: []eventtypes.Target{{Id: aws.String("q"), Arn: &q.arn}}})
	s.Must("target", err)
	return q
}

// Topic makes a topic that tells its messages in the queue, as they are.
func (q *Queue) Topic(name string) (arn string) {
	q.s.Helper()
	topics := sns.NewFromConfig(q.s.Who.Config())
	made, err := topics.CreateTopic(q.s.Context(), &sns.CreateTopicInput{Name: &name})
	q.s.Must("topic", err)
	_, err = topics.Subscribe(q.s.Context(), &sns.SubscribeInput{TopicArn: made.TopicArn, Protocol: aws.String("sqs"), Endpoint: &q.arn,
		Attributes: map[string]string{"RawMessageDelivery": "true"}})
	q.s.Must("subscription", err)
	return *made.TopicArn
}

// Take waits for messages until enough says that they are.
func (q *Queue) Take(what string, limit time.Duration, enough func(told []map[string]any) bool) (told []map[string]any) {
	q.s.Helper()
	client := sqs.NewFromConfig(q.s.Who.Config())
	for end := time.Now().Add(limit); !enough(told); {
		if time.Now().After(end) {
			q.s.Fatalf("%s: not within %v: %d messages, %.3000v", what, limit, len(told), told)
		}
		out, err := client.ReceiveMessage(q.s.Context(), &sqs.ReceiveMessageInput{QueueUrl: &q.url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
		q.s.Must("receive", err)
		var gone []sqstypes.DeleteMessageBatchRequestEntry
		for i, m := range out.Messages {
			var one map[string]any
			q.s.Must("message", json.Unmarshal([]byte(*m.Body), &one))
			told = append(told, one)
			gone = append(gone, sqstypes.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
		}
		if len(gone) > 0 {
			_, err := client.DeleteMessageBatch(q.s.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: &q.url, Entries: gone})
			q.s.Must("delete", err)
		}
	}
	return told
}
