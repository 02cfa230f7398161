package blueprints

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/atelier-studio/atelier/blueprints"
	"github.com/atelier-studio/atelier/internal/blueprint"
	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// denied are the calls that make resources of each type.
var denied = map[string]string{"AWS::S3::Bucket": "s3:CreateBucket", "AWS::SNS::Topic": "sns:CreateTopic", "AWS::SNS::Subscription": "sns:Subscribe", "AWS::IAM::Role": "iam:CreateRole",
	"AWS::Logs::LogGroup": "logs:CreateLogGroup", "AWS::SageMaker::Model": "sagemaker:CreateModel", "AWS::SageMaker::EndpointConfig": "sagemaker:CreateEndpointConfig",
	"AWS::SageMaker::Endpoint": "sagemaker:CreateEndpoint", "AWS::ApplicationAutoScaling::ScalableTarget": "application-autoscaling:RegisterScalableTarget",
	"AWS::ApplicationAutoScaling::ScalingPolicy": "application-autoscaling:PutScalingPolicy", "AWS::CloudWatch::Alarm": "cloudwatch:PutMetricAlarm", "AWS::CloudWatch::Dashboard": "cloudwatch:PutDashboard",
	"AWS::Lambda::Function": "lambda:CreateFunction", "AWS::Lambda::Permission": "lambda:AddPermission", "AWS::ApiGatewayV2::Api": "apigateway:POST", "AWS::ApiGatewayV2::Integration": "apigateway:POST",
	"AWS::ApiGatewayV2::Route": "apigateway:POST", "AWS::ApiGatewayV2::Stage": "apigateway:POST"}

// resources are a template's, with their types.
func resources(template string) (list [][2]string) {
	_, template, _ = strings.Cut(template, "\nResources:\n")
	for _, m := range regexp.MustCompile(`(?m)^  (\w+):\n    Type: (AWS::\S+)$`).FindAllStringSubmatch(template, -1) {
		list = append(list, [2]string{m[1], m[2]})
	}
	return list
}

// fail creates a stack that does not come to be, and wants it gone without a trace.
func (s *stage) fail(name, template, role string, p map[string]string) (reason string) {
	s.Helper()
	in := &cloudformation.CreateStackInput{StackName: &name, TemplateBody: &template, Parameters: given(p), Capabilities: []types.Capability{types.CapabilityCapabilityIam}}
	if role != "" {
		in.RoleARN = &role
	}
	made, err := s.stacks.CreateStack(s.Context(), in)
	s.ok(err)
	s.ended(name, "ROLLBACK_COMPLETE")
	events, err := s.stacks.DescribeStackEvents(s.Context(), &cloudformation.DescribeStackEventsInput{StackName: &name})
	s.ok(err)
	for _, e := range events.StackEvents {
		if e.ResourceStatus == types.ResourceStatusCreateFailed && !strings.Contains(aws.ToString(e.ResourceStatusReason), "cancelled") {
			reason += aws.ToString(e.LogicalResourceId) + " (" + aws.ToString(e.ResourceType) + "): " + aws.ToString(e.ResourceStatusReason) + "\n"
		}
	}
	_, err = s.stacks.DeleteStack(s.Context(), &cloudformation.DeleteStackInput{StackName: &name})
	s.ok(err)
	s.ended(*made.StackId, "DELETE_COMPLETE")
	return reason
}

// TestRollback forces a failure at each resource of the asynchronous blueprint in turn: behind it, so that it is there and must go, and in
// the making of each type, which the stack's role may not.
func TestRollback(t *testing.T) {
	t.Parallel()
	s := set(t)
	model := s.sample()
	b, err := blueprints.Find("async")
	s.ok(err)
	role := func(name, deny string) string {
		made, err := s.who.IAM().CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudformation.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
		s.ok(err)
		_, err = s.who.IAM().PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"` + deny + `","Resource":"*"}]}`)})
		s.ok(err)
		return *made.Role.Arn
	}
	list := resources(b.Template)
	if len(list) < 35 {
		t.Fatalf("%d resources", len(list))
	}
	roles := map[string]string{}
	for _, r := range list {
		action, ok := denied[r[1]]
		if !ok {
			t.Fatalf("no call is known that makes %s", r[1])
		}
		if roles[action] == "" {
			roles[action] = role("without-"+strings.ReplaceAll(action, ":", "-"), action)
		}
	}
	before := s.inventory()
	p := func(i int) map[string]string {
		p := parameters(fmt.Sprintf("back-%d", i), "sagemaker", model)
		p["MinInstances"], p["NotificationUrl"] = "0", "https://example.com/hook"
		return p
	}
	for i, r := range list {
		broken := strings.Replace(b.Template, "\nResources:\n", "\nResources:\n  Fails:\n    Type: AWS::SQS::Queue\n    DependsOn: "+r[0]+"\n    Properties: {QueueName: not a name}\n\n", 1)
		if reason := s.fail(fmt.Sprintf("behind-%d", i), broken, "", p(i)); !strings.Contains(reason, "Fails (AWS::SQS::Queue)") {
			t.Errorf("behind %s: %s", r[0], reason)
		}
	}
	s.same(before)
	tried := map[string]bool{}
	for i, r := range list {
		if action := denied[r[1]]; !tried[action] {
			tried[action] = true
			if reason := s.fail(fmt.Sprintf("without-%d", i), b.Template, roles[action], p(100+i)); !strings.Contains(reason, "("+r[1]+")") && !strings.HasPrefix(action, "apigateway") {
				t.Errorf("without %s: %s", action, reason)
			}
			s.same(before)
		}
	}
}

// TestKilled kills the server in the middle of a creation, an update and a deletion of the asynchronous blueprint: each goes on to its end.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := harness.Launch(harness.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{T: t, server: first}
	s.who = harness.Must(first.Admin(t.Context()))(t)
	dial := func(server *harness.Server) {
		who := server.Caller(s.who.Key, s.who.Secret, "")
		who.Account, who.ARN = s.who.Account, s.who.ARN
		s.server, s.who = server, who
		s.client, s.stacks, s.files = blueprint.NewClient(who.Config()), cloudformation.NewFromConfig(who.Config()), who.S3()
	}
	dial(first)
	_, err = s.files.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("made-before")})
	s.ok(err)
	archive, err := os.ReadFile(harness.Must(code())(t))
	s.ok(err)
	s.put("made-before", "function.zip", archive)
	b, err := blueprints.Find("async")
	s.ok(err)
	p := parameters("kill", "sagemaker", s.sample())
	before := s.inventory()
	name, id := "killed", ""
	// again kills the server once so many resources have events of the kind, and starts it anew.
	again := func(status types.ResourceStatus, n int) {
		s.soon("the moment to kill", func() bool {
			out, err := s.stacks.DescribeStackEvents(t.Context(), &cloudformation.DescribeStackEventsInput{StackName: &id})
			s.ok(err)
			seen := 0
			for _, e := range out.StackEvents {
				if e.ResourceStatus == status {
					seen++
				}
			}
			return seen >= n
		})
		s.server.Kill()
		next, err := harness.Launch(harness.Options{DataDir: dir, Args: []string{"--listen", strings.TrimPrefix(first.URL, "http://")}})
		if err != nil {
			t.Fatal(err)
		}
		dial(next)
	}
	defer func() {
		if err := s.server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	for round, n := range []int{1, 12, 25} {
		made, err := s.stacks.CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: &name, TemplateBody: &b.Template, Parameters: given(p), Capabilities: []types.Capability{types.CapabilityCapabilityIam}, Tags: s.tags(b)})
		s.ok(err)
		id = *made.StackId
		again(types.ResourceStatusCreateComplete, n)
		s.ended(name, "CREATE_COMPLETE")
		p["LogRetentionDays"] = []string{"7", "14", "60"}[round]
		_, err = s.stacks.UpdateStack(t.Context(), &cloudformation.UpdateStackInput{StackName: &name, UsePreviousTemplate: aws.Bool(true), Parameters: given(p), Capabilities: []types.Capability{types.CapabilityCapabilityIam}, Tags: s.tags(b)})
		s.ok(err)
		again(types.ResourceStatusUpdateInProgress, 1+round)
		stack := s.ended(name, "UPDATE_COMPLETE")
		s.useAsync(stack)
		_, err = s.client.Empty(t.Context(), stack.Outputs["BucketName"])
		s.ok(err)
		_, err = s.stacks.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: &name})
		s.ok(err)
		again(types.ResourceStatusDeleteComplete, n)
		s.ended(id, "DELETE_COMPLETE")
		s.same(before)
		delete(p, "LogRetentionDays")
	}
}
