package fault

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

var stackKills = flag.Int("stack-kills", 2, "how often the server is killed in each operation of a stack")

const layers = 8

// layered is a template of queues, topics and roles, in layers that need each other; version 2 changes all of them, names the topics anew, which
// replaces them, and leaves the last layer out.
func layered(version int) string {
	var b strings.Builder
	b.WriteString("Resources:\n")
	for i := range layers + 1 - version {
		needs := ""
		if i > 0 {
			needs = fmt.Sprintf("DependsOn: [Topic%d], ", i-1)
		}
		fmt.Fprintf(&b, "  Queue%d: {Type: AWS::SQS::Queue, %sProperties: {DelaySeconds: %d}}\n", i, needs, version)
		fmt.Fprintf(&b, "  Topic%d: {Type: AWS::SNS::Topic, Properties: {TopicName: t-v%d-%d, DisplayName: !GetAtt Queue%d.QueueName}}\n", i, version, i, i)
		fmt.Fprintf(&b, "  Role%d: {Type: AWS::IAM::Role, Properties: {Description: v%d, AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: "+
			"[{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]}}}\n", i, version)
	}
	return b.String()
}

// TestKillStack kills the server again and again while a stack is created, updated and deleted. Each goes on to its end, and nothing is made twice.
func TestKillStack(t *testing.T) {
	o := harness.Options{DataDir: t.TempDir()}
	s := start(t, o)
	name := aws.String("s")
	capable := []types.Capability{types.CapabilityCapabilityNamedIam}
	client := func() *cloudformation.Client { return cloudformation.NewFromConfig(s.Root().Config()) }
	through := func(what string, begin func(ctx context.Context, c *cloudformation.Client) error, good types.StackStatus) {
		t.Helper()
		c := client()
		done := make(chan error, 1)
		go func() { done <- begin(t.Context(), c) }()
		for i := range *stackKills {
			time.Sleep(time.Duration(5+i*12) * time.Millisecond) // at another step each time
			s.Kill()
			if i == 0 {
				<-done
			}
			s = start(t, o)
			if i == 0 { // it may have died before it took the request up
				if err := begin(t.Context(), client()); err != nil && !strings.Contains(err.Error(), "exists") && !strings.Contains(err.Error(), "PROGRESS") &&
					!strings.Contains(err.Error(), "No updates") {
					t.Fatal(err)
				}
			}
		}
		c = client()
		for end := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			out, err := c.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: name})
			if good == types.StackStatusDeleteComplete && err != nil && strings.Contains(err.Error(), "does not exist") {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			st := out.Stacks[0]
			if st.StackStatus == good {
				return
			}
			if !strings.HasSuffix(string(st.StackStatus), "IN_PROGRESS") || time.Now().After(end) {
				t.Fatalf("%s ends in %s: %s\n%s", what, st.StackStatus, aws.ToString(st.StackStatusReason), reasons(t, c, name))
			}
		}
	}
	through("create", func(ctx context.Context, c *cloudformation.Client) error {
		_, err := c.CreateStack(ctx, &cloudformation.CreateStackInput{StackName: name, TemplateBody: aws.String(layered(1)), Capabilities: capable})
		return err
	}, types.StackStatusCreateComplete)
	stands(t, s, layers, "create")
	through("update", func(ctx context.Context, c *cloudformation.Client) error {
		_, err := c.UpdateStack(ctx, &cloudformation.UpdateStackInput{StackName: name, TemplateBody: aws.String(layered(2)), Capabilities: capable})
		return err
	}, types.StackStatusUpdateComplete)
	stands(t, s, layers-1, "update")
	through("delete", func(ctx context.Context, c *cloudformation.Client) error {
		_, err := c.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: name})
		return err
	}, types.StackStatusDeleteComplete)
	stands(t, s, 0, "delete")
	if err := s.Stop(); err != nil {
		t.Errorf("%v\n%s", err, s.Log())
	}
}

// stands counts what is there of each type.
func stands(t *testing.T, s *harness.Server, want int, after string) {
	t.Helper()
	cfg := s.Root().Config()
	queues, err := sqs.NewFromConfig(cfg).ListQueues(t.Context(), &sqs.ListQueuesInput{})
	topics, terr := sns.NewFromConfig(cfg).ListTopics(t.Context(), &sns.ListTopicsInput{})
	roles, rerr := iam.NewFromConfig(cfg).ListRoles(t.Context(), &iam.ListRolesInput{PathPrefix: aws.String("/")})
	if err := errors.Join(err, terr, rerr); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range roles.Roles {
		if strings.HasPrefix(*r.RoleName, "s-Role") {
			n++
		}
	}
	if len(queues.QueueUrls) != want || len(topics.Topics) != want || n != want {
		t.Errorf("after %s there are %d queues, %d topics and %d roles, not %d", after, len(queues.QueueUrls), len(topics.Topics), n, want)
	}
}

func reasons(t *testing.T, c *cloudformation.Client, name *string) string {
	out, err := c.DescribeStackEvents(t.Context(), &cloudformation.DescribeStackEventsInput{StackName: name})
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, e := range out.StackEvents {
		fmt.Fprintln(&b, *e.LogicalResourceId, e.ResourceStatus, aws.ToString(e.ResourceStatusReason))
	}
	return b.String()
}
