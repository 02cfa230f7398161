package conformance

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// TestNotifications has a bucket tell a queue, a topic and EventBridge what happens to its objects.
func TestNotifications(t *testing.T) {
	ctx := t.Context()
	s := harness.Start(t)
	who := harness.Must(s.Admin(ctx))(t)
	queues, topics, events, bucket := sqs.NewFromConfig(who.Config()), sns.NewFromConfig(who.Config()), eventbridge.NewFromConfig(who.Config()), aws.String("tells")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["s3.amazonaws.com","sns.amazonaws.com","events.amazonaws.com"]},
		"Action":["sqs:SendMessage","sns:Publish"],"Resource":"*","Condition":{"StringEquals":{"aws:SourceAccount":"` + who.Account + `"}}}]}`
	queue := func(name string) (url *string, arn string) {
		t.Helper()
		out, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{"Policy": policy}})
		must(err)
		return out.QueueUrl, "arn:aws:sqs:" + harness.Region + ":" + who.Account + ":" + name
	}
	next := func(url *string) string {
		t.Helper()
		out, err := queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 15})
		must(err)
		if len(out.Messages) != 1 {
			t.Fatal("no message came")
		}
		_, err = queues.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: out.Messages[0].ReceiptHandle})
		must(err)
		return *out.Messages[0].Body
	}
	direct, directARN := queue("direct")
	behind, behindARN := queue("behind")
	bus, busARN := queue("bus")
	topic, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("t"), Attributes: map[string]string{"Policy": policy}})
	must(err)
	_, err = topics.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: &behindARN, Attributes: map[string]string{"RawMessageDelivery": "true"}})
	must(err)
	_, err = events.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":["aws.s3"],"detail":{"bucket":{"name":["tells"]}}}`)})
	must(err)
	_, err = events.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []eventtypes.Target{{Id: aws.String("q"), Arn: &busARN}}})
	must(err)
	_, err = who.S3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket})
	must(err)
	put := func(n *s3types.NotificationConfiguration) error {
		_, err := who.S3().PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{Bucket: bucket, NotificationConfiguration: n})
		return err
	}
	rules := &s3types.NotificationConfigurationFilter{Key: &s3types.S3KeyFilter{FilterRules: []s3types.FilterRule{
		{Name: s3types.FilterRuleNamePrefix, Value: aws.String("in/")}, {Name: s3types.FilterRuleNameSuffix, Value: aws.String(".csv")}}}}
	err = put(&s3types.NotificationConfiguration{QueueConfigurations: []s3types.QueueConfiguration{{QueueArn: aws.String(directARN + "-none"), Events: []s3types.Event{"s3:ObjectCreated:*"}}}})
	if err == nil || !strings.Contains(err.Error(), "Unable to validate") {
		t.Errorf("a queue that is not there: %v", err)
	}
	must(put(&s3types.NotificationConfiguration{EventBridgeConfiguration: &s3types.EventBridgeConfiguration{},
		QueueConfigurations: []s3types.QueueConfiguration{{Id: aws.String("made"), QueueArn: &directARN, Events: []s3types.Event{"s3:ObjectCreated:*"}, Filter: rules}},
		TopicConfigurations: []s3types.TopicConfiguration{{TopicArn: topic.TopicArn, Events: []s3types.Event{"s3:ObjectRemoved:Delete"}}}}))
	for _, url := range []*string{direct, behind} {
		if body := next(url); !strings.Contains(body, "s3:TestEvent") {
			t.Errorf("got %s", body)
		}
	}
	for _, key := range []string{"out/a.csv", "in/a b+ü.csv"} {
		_, err = who.S3().PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: strings.NewReader("content")})
		must(err)
	}
	var told struct {
		Records []struct {
			EventName string `json:"eventName"`
			S3        struct {
				ConfigurationID string `json:"configurationId"`
				Bucket          struct{ Name string }
				Object          struct {
					Key, ETag string
					Size      int
				}
			}
		}
	}
	must(json.Unmarshal([]byte(next(direct)), &told))
	if r := told.Records[0]; r.EventName != "ObjectCreated:Put" || r.S3.ConfigurationID != "made" || r.S3.Object.Key != "in/a+b%2B%C3%BC.csv" ||
		r.S3.Object.Size != 7 || r.S3.Object.ETag != "9a0364b9e99bb480dd25e1f0284c8555" || r.S3.Bucket.Name != "tells" {
		t.Errorf("got %+v", r)
	}
	_, err = who.S3().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("out/a.csv")})
	must(err)
	if body := next(behind); !strings.Contains(body, `"eventName":"ObjectRemoved:Delete"`) {
		t.Errorf("got %s", body)
	}
	for range 3 {
		if body := next(bus); !strings.Contains(body, `"source":"aws.s3"`) || !strings.Contains(body, `"detail-type":"Object `) {
			t.Errorf("got %s", body)
		}
	}
}
