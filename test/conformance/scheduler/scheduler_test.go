// Package scheduler_test drives EventBridge Scheduler with boto3 and the Go SDK.
package scheduler_test

import (
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
)

func TestPython(t *testing.T) {
	s := harness.Start(t)
	harness.Tell(t, harness.Must(s.Admin(t.Context()))(t), "scheduler.py")
}

// TestRoleMustTrust refuses a schedule whose role does not let the scheduler in.
func TestRoleMustTrust(t *testing.T) {
	s := harness.Start(t)
	who := harness.Must(s.Admin(t.Context()))(t)
	_, err := scheduler.NewFromConfig(who.Config()).CreateSchedule(t.Context(), &scheduler.CreateScheduleInput{Name: aws.String("s"),
		ScheduleExpression: aws.String("rate(1 hour)"), FlexibleTimeWindow: &types.FlexibleTimeWindow{Mode: "OFF"},
		Target: &types.Target{Arn: aws.String("arn:aws:sqs:us-east-1:" + who.Account + ":q"), RoleArn: aws.String("arn:aws:iam::" + who.Account + ":role/none")}})
	if err == nil || !strings.Contains(err.Error(), "must allow AWS EventBridge Scheduler to assume the role") {
		t.Errorf("got %v", err)
	}
}
