package blueprints

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/atelier-studio/atelier/blueprints"
)

// denied is, for each type of the blueprint's resources, a call without which none is made, with what it is for where that is not all.
var denied = map[string]string{
	"AWS::ApiGatewayV2::Api":                      "apigateway:*",
	"AWS::ApiGatewayV2::Integration":              "apigateway:POST arn:aws:apigateway:*::/apis/*/integrations",
	"AWS::ApiGatewayV2::Route":                    "apigateway:POST arn:aws:apigateway:*::/apis/*/routes",
	"AWS::ApiGatewayV2::Stage":                    "apigateway:POST arn:aws:apigateway:*::/apis/*/stages",
	"AWS::ApplicationAutoScaling::ScalableTarget": "application-autoscaling:RegisterScalableTarget",
	"AWS::ApplicationAutoScaling::ScalingPolicy":  "application-autoscaling:PutScalingPolicy",
	"AWS::CloudWatch::Alarm":                      "cloudwatch:PutMetricAlarm",
	"AWS::CloudWatch::Dashboard":                  "cloudwatch:PutDashboard",
	"AWS::IAM::Role":                              "iam:CreateRole",
	"AWS::Lambda::Function":                       "lambda:CreateFunction",
	"AWS::Lambda::Permission":                     "lambda:AddPermission",
	"AWS::Logs::LogGroup":                         "logs:CreateLogGroup",
	"AWS::S3::Bucket":                             "s3:CreateBucket",
	"AWS::S3::BucketPolicy":                       "s3:PutBucketPolicy",
	"AWS::SNS::Subscription":                      "sns:Subscribe",
	"AWS::SNS::Topic":                             "sns:CreateTopic",
	"AWS::SNS::TopicPolicy":                       "sns:SetTopicAttributes",
	"AWS::SageMaker::Endpoint":                    "sagemaker:CreateEndpoint",
	"AWS::SageMaker::EndpointConfig":              "sagemaker:CreateEndpointConfig",
	"AWS::SageMaker::Model":                       "sagemaker:CreateModel",
}

// broken is a resource that cannot be made, right after another.
const broken = `Resources:
  Broken:
    Type: AWS::SSM::Parameter
    DependsOn: %s
    Properties: {Type: String, Value: 'no', AllowedPattern: '^yes$'}
`

// TestRollback forces a failure of the asynchronous blueprint at each type of its resources, by a role that may not make it, and after each
// resource in turn, and wants the account to be as it was.
func TestRollback(t *testing.T) {
	s := set(t)
	model := s.sample()
	b := all(t, "async")
	resources := s.whole(b, model)
	kinds := map[string]string{} // type -> role that cannot make it
	for _, r := range resources {
		action, ok := denied[*r.ResourceType]
		if !ok {
			t.Fatalf("%s: which call makes it?", *r.ResourceType)
		}
		if kinds[*r.ResourceType] == "" {
			kinds[*r.ResourceType] = s.without(action, len(kinds))
		}
	}
	before := s.inventory()
	var wg sync.WaitGroup
	slots := make(chan struct{}, 4)
	try := func(n int, what, template, role, failed string) {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			s.rolledBack(fmt.Sprint("broken-", n), what, template, role, failed, model)
		})
	}
	n := 0
	for kind, role := range kinds {
		try(n, "no "+kind, b.Template, role, "")
		n++
	}
	for _, r := range resources {
		try(n, "after "+*r.LogicalResourceId, strings.Replace(b.Template, "Resources:\n", fmt.Sprintf(broken, *r.LogicalResourceId), 1), "", "Broken")
		n++
	}
	wg.Wait()
	s.same(before)
}

func all(t *testing.T, kind string) blueprints.Blueprint {
	t.Helper()
	list := blueprints.All()
	i := slices.IndexFunc(list, func(b blueprints.Blueprint) bool { return b.Kind == kind })
	if i < 0 {
		t.Fatalf("there is no blueprint for %s", kind)
	}
	return list[i]
}

// whole deploys a blueprint to see what it has, and deletes it.
func (s *stage) whole(b blueprints.Blueprint, model string) []types.StackResourceSummary {
	s.Helper()
	_, err := s.stacks.CreateStack(s.Context(), &cloudformation.CreateStackInput{StackName: aws.String("whole"), TemplateBody: &b.Template,
		Parameters: given(parameters("whole", "sagemaker", model)), Capabilities: []types.Capability{types.CapabilityCapabilityIam}})
	s.ok(err)
	s.ended("whole", "CREATE_COMPLETE")
	out, err := s.stacks.ListStackResources(s.Context(), &cloudformation.ListStackResourcesInput{StackName: aws.String("whole")})
	s.ok(err)
	_, err = s.stacks.DeleteStack(s.Context(), &cloudformation.DeleteStackInput{StackName: aws.String("whole")})
	s.ok(err)
	s.soon("whole is deleted", func() bool {
		_, err := s.stacks.DescribeStacks(s.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("whole")})
		return err != nil
	})
	return out.StackResourceSummaries
}

// without makes a role of CloudFormation's that may do all but one thing.
func (s *stage) without(action string, n int) string {
	s.Helper()
	action, of, ok := strings.Cut(action, " ")
	if !ok {
		of = "*"
	}
	name := fmt.Sprint("deployer-", n)
	role, err := s.who.IAM().CreateRole(s.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudformation.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	s.ok(err)
	policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Action": "*", "Resource": "*"},
		map[string]any{"Effect": "Deny", "Action": action, "Resource": of}}})
	s.ok(err)
	_, err = s.who.IAM().PutRolePolicy(s.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: &name, PolicyDocument: aws.String(string(policy))})
	s.ok(err)
	return *role.Role.Arn
}

// rolledBack creates a stack that fails, wants to be told where and why, and deletes what is left of it.
func (s *stage) rolledBack(name, what, template, role, failed, model string) {
	in := &cloudformation.CreateStackInput{StackName: &name, TemplateBody: &template, Parameters: given(parameters(name, "sagemaker", model)),
		Capabilities: []types.Capability{types.CapabilityCapabilityIam}}
	if role != "" {
		in.RoleARN = &role
	}
	if _, err := s.stacks.CreateStack(s.Context(), in); err != nil {
		s.Errorf("%s: %v", what, err)
		return
	}
	status := ""
	s.soon(what+" is rolled back", func() bool {
		out, err := s.stacks.DescribeStacks(s.Context(), &cloudformation.DescribeStacksInput{StackName: &name})
		if err != nil {
			s.Errorf("%s: %v", what, err)
			return true
		}
		status = string(out.Stacks[0].StackStatus)
		return !strings.HasSuffix(status, "_IN_PROGRESS")
	})
	events, err := s.stacks.DescribeStackEvents(s.Context(), &cloudformation.DescribeStackEventsInput{StackName: &name})
	if err != nil {
		s.Errorf("%s: %v", what, err)
		return
	}
	told := slices.ContainsFunc(events.StackEvents, func(e types.StackEvent) bool {
		return e.ResourceStatus == types.ResourceStatusCreateFailed && aws.ToString(e.ResourceStatusReason) != "" &&
			(failed == *e.LogicalResourceId || failed == "" && *e.ResourceType == strings.TrimPrefix(what, "no "))
	})
	if status != "ROLLBACK_COMPLETE" || !told {
		s.Errorf("%s: the stack is %s, and that the resource failed is told: %v", what, status, told)
	}
	if _, err := s.stacks.DeleteStack(s.Context(), &cloudformation.DeleteStackInput{StackName: &name}); err != nil {
		s.Errorf("%s: %v", what, err)
	}
	s.soon(what+" is deleted", func() bool {
		_, err := s.stacks.DescribeStacks(s.Context(), &cloudformation.DescribeStacksInput{StackName: &name})
		return err != nil
	})
}
