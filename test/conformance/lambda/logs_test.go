package lambda_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// TestSubscription sends the events of a log group to a function, which has a log group of its own.
func TestSubscription(t *testing.T) {
	f := open(t)
	good, goodARN := f.queue("good", nil)
	arn := f.create("target", inGo()).FunctionArn
	f.destinations("target", goodARN, goodARN, 0)
	logs := cloudwatchlogs.NewFromConfig(f.admin.Config())
	group, stream := aws.String("app"), aws.String("s")
	_, err := logs.CreateLogGroup(f.ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group})
	f.ok(err)
	_, err = logs.CreateLogStream(f.ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream})
	f.ok(err)
	subscribe := func() error {
		_, err := logs.PutSubscriptionFilter(f.ctx, &cloudwatchlogs.PutSubscriptionFilterInput{LogGroupName: group, FilterName: aws.String("errors"),
			FilterPattern: aws.String("ERROR"), DestinationArn: arn})
		return err
	}
	f.fails(subscribe(), "InvalidParameterException", "Could not execute the lambda function")
	_, err = f.AddPermission(f.ctx, &lambda.AddPermissionInput{FunctionName: arn, StatementId: aws.String("logs"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("logs.amazonaws.com"), SourceArn: aws.String("arn:aws:logs:us-east-1:" + f.admin.Account + ":log-group:app:*")})
	f.ok(err)
	f.ok(subscribe())
	_, err = logs.PutLogEvents(f.ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: []types.InputLogEvent{
		{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String("fine")}, {Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String("ERROR one")}}})
	f.ok(err)
	var r record
	f.ok(json.Unmarshal([]byte(*f.arrives(good).Body), &r))
	var sent struct{ Awslogs struct{ Data []byte } }
	f.ok(json.Unmarshal(r.RequestPayload, &sent))
	z, err := gzip.NewReader(bytes.NewReader(sent.Awslogs.Data))
	f.ok(err)
	b, err := io.ReadAll(z)
	f.ok(err)
	if got := string(b); !strings.Contains(got, `"message":"ERROR one"`) || strings.Contains(got, "fine") || !strings.Contains(got, `"logGroup":"app"`) {
		t.Errorf("got %s", got)
	}
	f.soon("report in the function's own log", func() bool {
		out, err := logs.FilterLogEvents(f.ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/lambda/target"), FilterPattern: aws.String("REPORT")})
		return err == nil && len(out.Events) > 0
	})
}
