// Package logs_test drives CloudWatch Logs with boto3, the AWS CLI and the Go SDK.
package logs_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func TestPython(t *testing.T) {
	s := harness.Start(t)
	harness.Tell(t, harness.Must(s.Admin(t.Context()))(t), "logs.py")
}

// story is a server with a group.
type story struct {
	*cloudwatchlogs.Client
	t   *testing.T
	who harness.Caller
}

func begin(t *testing.T, groups ...string) story {
	t.Helper()
	s := harness.Start(t)
	who := harness.Must(s.Admin(t.Context()))(t)
	x := story{cloudwatchlogs.NewFromConfig(who.Config()), t, who}
	for _, g := range groups {
		_, err := x.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &g})
		x.ok(err)
	}
	return x
}

func (x story) ok(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

// arrive waits for a message in a group.
func (x story) arrive(group, want string) {
	x.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		out, err := x.FilterLogEvents(x.t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
		x.ok(err)
		for _, e := range out.Events {
			if strings.Contains(*e.Message, want) {
				return
			}
		}
	}
	x.t.Fatalf("%s does not arrive in %s", want, group)
}

// TestCommandLine reads events with the AWS CLI.
func TestCommandLine(t *testing.T) {
	x := begin(t, "cli")
	_, err := x.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("cli"), LogStreamName: aws.String("s")})
	x.ok(err)
	_, err = x.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("cli"), LogStreamName: aws.String("s"),
		LogEvents: []types.InputLogEvent{{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String("hello")}}})
	x.ok(err)
	aws := harness.Must(harness.AWS())(t)
	for _, args := range [][]string{{"filter-log-events", "--log-group-name", "cli", "--query", "events[].message", "--output", "text"},
		{"get-log-events", "--log-group-name", "cli", "--log-stream-name", "s", "--query", "events[].message", "--output", "text"}} {
		c := exec.CommandContext(t.Context(), aws, append([]string{"logs"}, args...)...)
		c.Env = append(os.Environ(), x.who.Environ()...)
		out, err := c.CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != "hello" {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}

// TestLiveTail watches a group with the Go SDK.
func TestLiveTail(t *testing.T) {
	x := begin(t, "live")
	stream := "s"
	_, err := x.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("live"), LogStreamName: &stream})
	x.ok(err)
	local := func(o *cloudwatchlogs.Options) { // the SDK would put "stream-" before the host
		o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
			return s.Initialize.Add(middleware.InitializeMiddlewareFunc("local", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				return next.HandleInitialize(smithyhttp.DisableEndpointHostPrefix(ctx, true), in)
			}), middleware.Before)
		})
	}
	out, err := x.StartLiveTail(t.Context(), &cloudwatchlogs.StartLiveTailInput{LogGroupIdentifiers: []string{"arn:aws:logs:us-east-1:" + x.who.Account + ":log-group:live"}}, local)
	x.ok(err)
	events := out.GetStream()
	defer events.Close()
	for e := range events.Events() {
		switch e := e.(type) {
		case *types.StartLiveTailResponseStreamMemberSessionStart:
			_, err := x.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("live"), LogStreamName: &stream,
				LogEvents: []types.InputLogEvent{{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String("now")}}})
			x.ok(err)
		case *types.StartLiveTailResponseStreamMemberSessionUpdate:
			if list := e.Value.SessionResults; len(list) > 0 {
				if *list[0].Message != "now" {
					t.Errorf("got %s", *list[0].Message)
				}
				return
			}
		}
	}
	t.Errorf("the tail ended: %v", events.Err())
}

// TestEventsAndSchedules has EventBridge write by a resource policy, and the Scheduler by its role.
func TestEventsAndSchedules(t *testing.T) {
	x := begin(t, "/aws/events/orders", "schedules")
	arn := func(group string) *string {
		return aws.String("arn:aws:logs:us-east-1:" + x.who.Account + ":log-group:" + group)
	}
	_, err := x.PutResourcePolicy(t.Context(), &cloudwatchlogs.PutResourcePolicyInput{PolicyName: aws.String("events"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":["events.amazonaws.com","delivery.logs.amazonaws.com"]},"Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"` + *arn("/aws/events/*") + `:*"}]}`)})
	x.ok(err)
	bus := eventbridge.NewFromConfig(x.who.Config())
	_, err = bus.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":["shop"]}`)})
	x.ok(err)
	_, err = bus.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []eventtypes.Target{{Id: aws.String("whole"), Arn: arn("/aws/events/orders")},
		{Id: aws.String("made"), Arn: arn("/aws/events/orders"), InputTransformer: &eventtypes.InputTransformer{InputPathsMap: map[string]string{"id": "$.detail.id"},
			InputTemplate: aws.String(`{"message": "order <id> came"}`)}}}})
	x.ok(err)
	_, err = bus.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{{Source: aws.String("shop"), DetailType: aws.String("order"), Detail: aws.String(`{"id":7}`)}}})
	x.ok(err)
	x.arrive("/aws/events/orders", `"detail-type":"order"`)
	x.arrive("/aws/events/orders", "order 7 came")

	role, err := x.who.IAM().CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("schedules"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"scheduler.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	x.ok(err)
	_, err = x.who.IAM().PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("schedules"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"` + *arn("schedules") + `:*"}]}`)})
	x.ok(err)
	_, err = x.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("schedules"), LogStreamName: aws.String("s")})
	x.ok(err)
	at := time.Now().Add(time.Second).UTC()
	input, err := json.Marshal(map[string]any{"LogGroupName": "schedules", "LogStreamName": "s", "LogEvents": []any{map[string]any{"Timestamp": at.UnixMilli(), "Message": "by the API"}}})
	x.ok(err)
	for name, target := range map[string]schedulertypes.Target{"group": {Arn: arn("schedules"), Input: aws.String("by the group")},
		"api": {Arn: aws.String("arn:aws:scheduler:::aws-sdk:cloudwatchlogs:putLogEvents"), Input: aws.String(string(input))}} {
		target.RoleArn = role.Role.Arn
		_, err = scheduler.NewFromConfig(x.who.Config()).CreateSchedule(t.Context(), &scheduler.CreateScheduleInput{Name: &name, Target: &target,
			ScheduleExpression: aws.String("at(" + at.Format("2006-01-02T15:04:05") + ")"), FlexibleTimeWindow: &schedulertypes.FlexibleTimeWindow{Mode: "OFF"}})
		x.ok(err)
	}
	x.arrive("schedules", "by the group")
	x.arrive("schedules", "by the API")
}

// TestRights holds a user to a group.
func TestRights(t *testing.T) {
	s := harness.Start(t)
	admin := harness.Must(s.Admin(t.Context()))(t)
	own := "arn:aws:logs:us-east-1:" + admin.Account + ":log-group:mine"
	who := harness.Must(s.User(t.Context(), admin, "ann", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":["`+own+`:*","`+own+`"]}]}`))(t)
	c := cloudwatchlogs.NewFromConfig(who.Config())
	for _, name := range []string{"mine", "other"} {
		_, err := cloudwatchlogs.NewFromConfig(admin.Config()).CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name})
		if err != nil {
			t.Fatal(err)
		}
		refused := false
		check := func(err error) {
			t.Helper()
			refused = err != nil && strings.Contains(err.Error(), "AccessDeniedException")
			if refused == (name == "mine") {
				t.Errorf("%s: got %v", name, err)
			}
		}
		_, err = c.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &name, LogStreamName: aws.String("s")})
		check(err)
		_, err = c.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &name})
		check(err)
		_, err = c.TagResource(t.Context(), &cloudwatchlogs.TagResourceInput{ResourceArn: aws.String(strings.TrimSuffix(own, "mine") + name), Tags: map[string]string{"a": "b"}})
		check(err)
		_, err = c.StartQuery(t.Context(), &cloudwatchlogs.StartQueryInput{LogGroupNames: []string{"mine", name}, QueryString: aws.String("fields @message"), StartTime: aws.Int64(0), EndTime: aws.Int64(10)})
		check(err)
	}
}
