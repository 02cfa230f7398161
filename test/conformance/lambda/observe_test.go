package lambda_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// TestObserved finds what a function logged in CloudWatch Logs, and how it went in CloudWatch. A function whose role may not log runs
// all the same.
func TestObserved(t *testing.T) {
	f := open(t)
	f.create("watched", inGo())
	mute := f.newRole("mute", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"logs:*","Resource":"*"}]}`)
	f.create("mute", inGo(), func(in *lambda.CreateFunctionInput) { in.Role = &mute })
	for range 3 {
		f.call("watched", "echo", "x")
	}
	f.call("watched", "fail", "on purpose")
	f.call("mute", "echo", "x")

	logs := cloudwatchlogs.NewFromConfig(f.admin.Config())
	var text string
	f.soon("the log", func() bool {
		out, err := logs.FilterLogEvents(f.ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/lambda/watched")})
		if err != nil {
			return false // the group is made with the first line
		}
		text = ""
		for _, e := range out.Events {
			text += *e.Message + "\n"
		}
		return strings.Count(text, "REPORT RequestId: ") == 4
	})
	if strings.Count(text, "doing echo") != 3 || strings.Count(text, "doing fail") != 1 || strings.Count(text, "START RequestId: ") != 4 {
		t.Errorf("logged %s", text)
	}
	groups, err := logs.DescribeLogGroups(f.ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	f.ok(err)
	if len(groups.LogGroups) != 1 {
		t.Errorf("%d groups of logs", len(groups.LogGroups))
	}

	metrics := cloudwatch.NewFromConfig(f.admin.Config())
	sum := func(name string) float64 {
		out, err := metrics.GetMetricStatistics(f.ctx, &cloudwatch.GetMetricStatisticsInput{Namespace: aws.String("AWS/Lambda"), MetricName: &name, Period: aws.Int32(60),
			Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("watched")}},
			StartTime:  aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now().Add(time.Hour)), Statistics: []cloudwatchtypes.Statistic{"Sum"}})
		f.ok(err)
		total := 0.0
		for _, p := range out.Datapoints {
			total += *p.Sum
		}
		return total
	}
	f.soon("the metrics", func() bool { return sum("Invocations") == 4 && sum("Errors") == 1 && sum("Duration") > 0 })
}

// TestTrail finds no secrets of functions in the trail.
func TestTrail(t *testing.T) {
	f := open(t)
	f.create("secretive", inGo(), func(in *lambda.CreateFunctionInput) {
		in.Environment = &types.Environment{Variables: map[string]string{"TOKEN": "s3cr3t"}}
	})
	f.soon("the record", func() bool {
		out, err := f.admin.CloudTrail().LookupEvents(f.ctx, &cloudtrail.LookupEventsInput{})
		f.ok(err)
		found := false
		for _, e := range out.Events {
			if strings.Contains(*e.CloudTrailEvent, "s3cr3t") || strings.Contains(*e.CloudTrailEvent, "TOKEN") {
				t.Fatalf("the trail tells %s", *e.CloudTrailEvent)
			}
			found = found || *e.EventName == "CreateFunction"
		}
		return found
	})
}
