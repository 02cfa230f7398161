package lambda_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// record is what a destination gets.
type record struct {
	Version        string
	RequestContext struct {
		RequestID, FunctionArn, Condition string
		ApproximateInvokeCount            int
	}
	RequestPayload, ResponsePayload json.RawMessage
	ResponseContext                 *struct {
		StatusCode                     int
		ExecutedVersion, FunctionError string
	}
}

// destinations has what comes of events brought to queues.
func (f *fixture) destinations(name, success, failure string, retries int32) {
	f.t.Helper()
	d := &types.DestinationConfig{}
	if success != "" {
		d.OnSuccess = &types.OnSuccess{Destination: &success}
	}
	if failure != "" {
		d.OnFailure = &types.OnFailure{Destination: &failure}
	}
	_, err := f.PutFunctionEventInvokeConfig(f.ctx, &lambda.PutFunctionEventInvokeConfigInput{FunctionName: &name, DestinationConfig: d, MaximumRetryAttempts: &retries})
	f.ok(err)
}

func (f *fixture) later(name, do, text string) {
	f.t.Helper()
	out, err := f.Invoke(f.ctx, &lambda.InvokeInput{FunctionName: &name, InvocationType: types.InvocationTypeEvent, Payload: doing(do, text)})
	f.ok(err)
	if out.StatusCode != 202 {
		f.t.Errorf("status %d", out.StatusCode)
	}
}

// TestEvents has functions run later, and their outcome told.
func TestEvents(t *testing.T) {
	f := open(t)
	good, goodARN := f.queue("good", nil)
	bad, badARN := f.queue("bad", nil)
	dead, deadARN := f.queue("dead", nil)
	f.create("later", inGo(), func(in *lambda.CreateFunctionInput) {
		in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: &deadARN}
	})
	f.destinations("later", goodARN, badARN, 0)

	told := func(url string) (r record) {
		t.Helper()
		m := f.arrives(url)
		if err := json.Unmarshal([]byte(*m.Body), &r); err != nil {
			t.Errorf("%s: %v", *m.Body, err)
		}
		return r
	}
	f.later("later", "echo", "a")
	r := told(good)
	if r.RequestContext.Condition != "Success" || r.RequestContext.ApproximateInvokeCount != 1 || string(r.ResponsePayload) != `{"text":"a"}` ||
		!strings.HasSuffix(r.RequestContext.FunctionArn, ":function:later:$LATEST") || r.ResponseContext.StatusCode != 200 {
		t.Errorf("success: %+v", r)
	}
	f.later("later", "fail", "on purpose")
	r = told(bad)
	if r.RequestContext.Condition != "RetriesExhausted" || r.RequestContext.ApproximateInvokeCount != 1 || r.ResponseContext.FunctionError != "Unhandled" ||
		!strings.Contains(string(r.ResponsePayload), "on purpose") || !strings.Contains(string(r.RequestPayload), `"fail"`) {
		t.Errorf("failure: %+v", r)
	}
	m := f.arrives(dead)
	if *m.Body != string(doing("fail", "on purpose")) || *m.MessageAttributes["ErrorMessage"].StringValue != "on purpose" ||
		*m.MessageAttributes["ErrorCode"].StringValue != "200" || *m.MessageAttributes["RequestID"].StringValue != r.RequestContext.RequestID {
		t.Errorf("dead letter: %s %+v", *m.Body, m.MessageAttributes)
	}

	// What was accepted runs also when the server dies.
	_, err := f.PutFunctionConcurrency(f.ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("later"), ReservedConcurrentExecutions: aws.Int32(1)})
	f.ok(err)
	f.later("later", "sleep", "")
	for i := range 20 {
		f.later("later", "echo", fmt.Sprint(i))
	}
	f.server.Kill()
	f.restart()
	got := map[string]bool{}
	for end := time.Now().Add(time.Minute); len(got) < 21 && time.Now().Before(end); {
		got[string(told(good).ResponsePayload)] = true
	}
	if len(got) != 21 {
		t.Errorf("arrived %v", got)
	}
	_, err = f.PutFunctionConcurrency(f.ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("later"), ReservedConcurrentExecutions: aws.Int32(0)})
	f.ok(err)
	f.later("later", "echo", "never")
	if r = told(bad); r.RequestContext.Condition != "ZeroReservedConcurrency" || r.ResponseContext != nil {
		t.Errorf("without concurrency: %+v", r)
	}
}

// TestTargets has services call functions, and only those that the function's policy lets in.
func TestTargets(t *testing.T) {
	f := open(t)
	good, goodARN := f.queue("good", nil)
	arn := f.create("target", inGo()).FunctionArn
	f.destinations("target", goodARN, "", 0)
	allow := func(id, principal, source string) {
		t.Helper()
		_, err := f.AddPermission(f.ctx, &lambda.AddPermissionInput{FunctionName: arn, StatementId: &id, Action: aws.String("lambda:InvokeFunction"),
			Principal: &principal, SourceArn: &source})
		f.ok(err)
	}
	asked := func() string {
		t.Helper()
		var r record
		f.ok(json.Unmarshal([]byte(*f.arrives(good).Body), &r))
		return string(r.RequestPayload)
	}

	events := eventbridge.NewFromConfig(f.admin.Config())
	dead, deadARN := f.queue("dead", map[string]string{"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`})
	rule, err := events.PutRule(f.ctx, &eventbridge.PutRuleInput{Name: aws.String("orders"), EventPattern: aws.String(`{"source":["shop"]}`)})
	f.ok(err)
	_, err = events.PutTargets(f.ctx, &eventbridge.PutTargetsInput{Rule: aws.String("orders"), Targets: []eventtypes.Target{{Id: aws.String("1"), Arn: arn,
		InputPath: aws.String("$.detail"), DeadLetterConfig: &eventtypes.DeadLetterConfig{Arn: &deadARN}}}})
	f.ok(err)
	put := func(detail string) {
		t.Helper()
		_, err := events.PutEvents(f.ctx, &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{{Source: aws.String("shop"), DetailType: aws.String("t"), Detail: &detail}}})
		f.ok(err)
	}
	put(`{"n":0}`)
	if m := f.arrives(dead); *m.MessageAttributes["ERROR_CODE"].StringValue != "AccessDeniedException" {
		t.Errorf("not allowed: %+v", m.MessageAttributes)
	}
	allow("other-rule", "events.amazonaws.com", *rule.RuleArn+"x")
	put(`{"n":1}`)
	f.arrives(dead)
	allow("rule", "events.amazonaws.com", *rule.RuleArn)
	put(`{"n":2}`)
	if got := asked(); got != `{"n":2}` {
		t.Errorf("rule: %s", got)
	}

	topics := sns.NewFromConfig(f.admin.Config())
	topic, err := topics.CreateTopic(f.ctx, &sns.CreateTopicInput{Name: aws.String("news")})
	f.ok(err)
	allow("topic", "sns.amazonaws.com", *topic.TopicArn)
	_, err = topics.Subscribe(f.ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("lambda"), Endpoint: arn})
	f.ok(err)
	_, err = topics.Publish(f.ctx, &sns.PublishInput{TopicArn: topic.TopicArn, Message: aws.String("hello"), Subject: aws.String("greeting")})
	f.ok(err)
	var told struct {
		Records []struct {
			EventSource, EventSubscriptionArn string
			Sns                               struct{ Message, Subject, TopicArn, Signature, SigningCertUrl, Type string }
		}
	}
	got := asked()
	if err := json.Unmarshal([]byte(got), &told); err != nil || len(told.Records) != 1 || told.Records[0].Sns.Message != "hello" || told.Records[0].Sns.Subject != "greeting" ||
		told.Records[0].EventSource != "aws:sns" || told.Records[0].Sns.TopicArn != *topic.TopicArn || told.Records[0].Sns.Signature == "" || told.Records[0].Sns.SigningCertUrl == "" {
		t.Errorf("topic: %s %v", got, err)
	}

	bucket := aws.String("watched")
	_, err = f.admin.S3().CreateBucket(f.ctx, &s3.CreateBucketInput{Bucket: bucket})
	f.ok(err)
	notify := func() error {
		_, err := f.admin.S3().PutBucketNotificationConfiguration(f.ctx, &s3.PutBucketNotificationConfigurationInput{Bucket: bucket,
			NotificationConfiguration: &s3types.NotificationConfiguration{LambdaFunctionConfigurations: []s3types.LambdaFunctionConfiguration{{
				LambdaFunctionArn: arn, Events: []s3types.Event{"s3:ObjectCreated:*"}, Id: aws.String("c")}}}})
		return err
	}
	f.fails(notify(), "InvalidArgument", "Unable to validate the following destination configurations")
	allow("bucket", "s3.amazonaws.com", "arn:aws:s3:::watched")
	f.ok(notify())
	_, err = f.admin.S3().PutObject(f.ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("new"), Body: strings.NewReader("x")})
	f.ok(err)
	if got := asked(); !strings.Contains(got, `"eventName":"ObjectCreated:Put"`) || !strings.Contains(got, `"key":"new"`) {
		t.Errorf("bucket: %s", got)
	}

	role := f.roleFor("scheduler", "scheduler", allowInvoke)
	_, err = scheduler.NewFromConfig(f.admin.Config()).CreateSchedule(f.ctx, &scheduler.CreateScheduleInput{Name: aws.String("once"),
		ScheduleExpression: aws.String("at(" + time.Now().UTC().Add(2*time.Second).Format("2006-01-02T15:04:05") + ")"), FlexibleTimeWindow: &schedulertypes.FlexibleTimeWindow{Mode: "OFF"},
		Target: &schedulertypes.Target{Arn: arn, RoleArn: &role, Input: aws.String(`{"at":"once"}`)}})
	f.ok(err)
	if got := asked(); got != `{"at":"once"}` {
		t.Errorf("schedule: %s", got)
	}
}

// allowInvoke lets a role have functions run.
const allowInvoke = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"*"}]}`

// TestQueue has a function run with what a queue holds.
func TestQueue(t *testing.T) {
	f := open(t)
	in, inARN := f.queue("in", map[string]string{"VisibilityTimeout": "30"})
	f.create("consumer", inGo())
	none := f.newRole("none", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:Get*","Resource":"*"}]}`)
	f.create("powerless", inGo(), func(in *lambda.CreateFunctionInput) { in.Role = &none })
	_, err := f.CreateEventSourceMapping(f.ctx, &lambda.CreateEventSourceMappingInput{FunctionName: aws.String("powerless"), EventSourceArn: &inARN})
	f.fails(err, "InvalidParameterValueException", "does not have permissions to call ReceiveMessage on SQS")
	for _, bad := range []*lambda.CreateEventSourceMappingInput{{BatchSize: aws.Int32(11)}, {StartingPosition: types.EventSourcePositionLatest},
		{FilterCriteria: &types.FilterCriteria{Filters: []types.Filter{{Pattern: aws.String(`{"body":1}`)}}}}} {
		bad.FunctionName, bad.EventSourceArn = aws.String("consumer"), &inARN
		_, err := f.CreateEventSourceMapping(f.ctx, bad)
		f.fails(err, "InvalidParameterValueException", "")
	}
	m, err := f.CreateEventSourceMapping(f.ctx, &lambda.CreateEventSourceMappingInput{FunctionName: aws.String("consumer"), EventSourceArn: &inARN,
		FilterCriteria: &types.FilterCriteria{Filters: []types.Filter{{Pattern: aws.String(`{"body":{"wanted":[true]}}`)}}}})
	f.ok(err)
	_, err = f.CreateEventSourceMapping(f.ctx, &lambda.CreateEventSourceMappingInput{FunctionName: aws.String("consumer"), EventSourceArn: &inARN})
	f.fails(err, "ResourceConflictException", *m.UUID)
	state := func(want string) func() bool {
		return func() bool {
			got, err := f.GetEventSourceMapping(f.ctx, &lambda.GetEventSourceMappingInput{UUID: m.UUID})
			f.ok(err)
			return *got.State == want
		}
	}
	f.soon("Enabled", state("Enabled"))
	for i := range 30 {
		_, err := f.sqs.SendMessage(f.ctx, &sqs.SendMessageInput{QueueUrl: &in, MessageBody: aws.String(fmt.Sprintf(`{"wanted":%v,"n":%d}`, i%2 == 0, i))})
		f.ok(err)
	}
	f.soon("an empty queue", func() bool { return f.holds(in) == 0 })
	got, err := f.GetEventSourceMapping(f.ctx, &lambda.GetEventSourceMappingInput{UUID: m.UUID})
	f.ok(err)
	if *got.LastProcessingResult != "OK" {
		t.Errorf("result %s", *got.LastProcessingResult)
	}
	_, err = f.UpdateEventSourceMapping(f.ctx, &lambda.UpdateEventSourceMappingInput{UUID: m.UUID, Enabled: aws.Bool(false)})
	f.ok(err)
	f.soon("Disabled", state("Disabled"))
	_, err = f.sqs.SendMessage(f.ctx, &sqs.SendMessageInput{QueueUrl: &in, MessageBody: aws.String(`{"wanted":true}`)})
	f.ok(err)
	time.Sleep(time.Second) // long enough for a poller that goes on to take it
	if n := f.holds(in); n != 1 {
		t.Errorf("a queue whose mapping is disabled holds %d messages", n)
	}
	_, err = f.UpdateEventSourceMapping(f.ctx, &lambda.UpdateEventSourceMappingInput{UUID: m.UUID, Enabled: aws.Bool(true)})
	f.ok(err)
	f.soon("an empty queue", func() bool { return f.holds(in) == 0 })
	_, err = f.DeleteEventSourceMapping(f.ctx, &lambda.DeleteEventSourceMappingInput{UUID: m.UUID})
	f.ok(err)
	_, err = f.GetEventSourceMapping(f.ctx, &lambda.GetEventSourceMappingInput{UUID: m.UUID})
	f.fails(err, "ResourceNotFoundException", "")
}

// holds is how many messages a queue has, also those on their way.
func (f *fixture) holds(url string) int {
	f.t.Helper()
	out, err := f.sqs.GetQueueAttributes(f.ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
	f.ok(err)
	a, b := 0, 0
	_, _ = fmt.Sscan(out.Attributes["ApproximateNumberOfMessages"], &a)
	_, _ = fmt.Sscan(out.Attributes["ApproximateNumberOfMessagesNotVisible"], &b)
	return a + b
}
