package cloudformation_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

func (f *fixture) changeSet(stack, name, body string, kind types.ChangeSetType) *cloudformation.DescribeChangeSetOutput {
	f.t.Helper()
	_, err := f.CreateChangeSet(f.ctx, &cloudformation.CreateChangeSetInput{StackName: &stack, ChangeSetName: &name, TemplateBody: &body, ChangeSetType: kind})
	f.ok(err)
	out, err := f.DescribeChangeSet(f.ctx, &cloudformation.DescribeChangeSetInput{StackName: &stack, ChangeSetName: &name})
	f.ok(err)
	return out
}

func TestChangeSets(t *testing.T) {
	f := open(t)
	c := f.changeSet("s", "first", two, types.ChangeSetTypeCreate)
	f.equal("status", []any{c.Status, c.ExecutionStatus, len(c.Changes)}, []any{"CREATE_COMPLETE", "AVAILABLE", 2})
	f.equal("action", c.Changes[0].ResourceChange.Action, "Add")
	f.equal("things", f.names(), []string{})
	_, err := f.ExecuteChangeSet(f.ctx, &cloudformation.ExecuteChangeSetInput{StackName: aws.String("s"), ChangeSetName: c.ChangeSetId})
	f.ok(err)
	f.ends("s", types.StackStatusCreateComplete)

	same := f.changeSet("s", "same", two, "")
	f.equal("no changes", []any{same.Status, *same.StatusReason}, []any{"FAILED", "The submitted information didn't contain changes. Submit different information to create a change set."})
	c = f.changeSet("s", "next", three, "")
	got := map[string]string{}
	for _, x := range c.Changes {
		r := x.ResourceChange
		got[*r.LogicalResourceId] = string(r.Action) + " " + string(r.Replacement)
	}
	f.equal("changes", got, map[string]string{"Group": "Add ", "Queue": "Modify False", "Topic": "Modify True"})
	_, err = f.ExecuteChangeSet(f.ctx, &cloudformation.ExecuteChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("same")})
	f.fails(err, "InvalidChangeSetStatus", "cannot be executed")
	_, err = f.ExecuteChangeSet(f.ctx, &cloudformation.ExecuteChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("next")})
	f.ok(err)
	f.ends("s", types.StackStatusUpdateComplete)
	f.equal("things", f.names(), []string{"g", "q", "t2"})
	_, err = f.DescribeChangeSet(f.ctx, &cloudformation.DescribeChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("none")})
	f.fails(err, "ChangeSetNotFound", "ChangeSet [none] does not exist")
}

func TestExports(t *testing.T) {
	f := open(t)
	f.ok(f.create("a", two, nil))
	f.ends("a", types.StackStatusCreateComplete)
	user := `Resources: {Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Sub ["of-${Q}", {Q: !ImportValue a-queue}]}}}`
	f.ok(f.create("b", user, nil))
	f.ends("b", types.StackStatusCreateComplete)
	f.equal("things", f.names(), []string{"of-q", "q", "t"})
	_, err := f.DeleteStack(f.ctx, &cloudformation.DeleteStackInput{StackName: aws.String("a")})
	f.ok(err)
	s := f.ends("a", types.StackStatusCreateComplete)
	f.equal("reason", *s.StackStatusReason, "Export a-queue cannot be deleted as it is in use by b")
	f.ok(f.update("a", three, nil))
	f.ends("a", types.StackStatusUpdateRollbackComplete)
	f.says(f.history("a"), "a UPDATE_ROLLBACK_IN_PROGRESS Export a-queue cannot be deleted as it is in use by b")
	l, err := f.ListImports(f.ctx, &cloudformation.ListImportsInput{ExportName: aws.String("a-queue")})
	f.ok(err)
	f.equal("imports", l.Imports, []string{"b"})
	f.ok(f.create("c", `Resources: {Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !ImportValue nothing}}}`, nil))
	f.ends("c", types.StackStatusRollbackComplete)
	f.says(f.history("c"), "No export named nothing found")
}

func TestRefusals(t *testing.T) {
	f := open(t)
	f.fails(f.create("s", `Resources: {X: {Type: AWS::Moon::Base}}`, nil), "ValidationError", "Template format error: Unrecognized resource types: [AWS::Moon::Base]")
	role := `Resources: {R: {Type: AWS::IAM::Role, Properties: {RoleName: r, AssumeRolePolicyDocument: {}}}}`
	f.fails(f.create("s", role, func(in *cloudformation.CreateStackInput) { in.Capabilities = nil }), "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]")
	f.fails(f.create("s_1", two, nil), "ValidationError", "[a-zA-Z][-a-zA-Z0-9]*")
	f.fails(f.create("s", two, func(in *cloudformation.CreateStackInput) {
		in.RoleARN = aws.String("arn:aws:iam::" + f.account + ":role/none")
	}), "ValidationError", "is invalid or cannot be assumed")
	f.fails(f.create("s", two, func(in *cloudformation.CreateStackInput) {
		in.Parameters = []types.Parameter{{ParameterKey: aws.String("No"), ParameterValue: aws.String("x")}}
	}), "ValidationError", "Parameters: [No] do not exist in the template")
	f.equal("things", f.names(), []string{})
}

func TestStackPolicy(t *testing.T) {
	f := open(t)
	f.ok(f.create("s", two, func(in *cloudformation.CreateStackInput) {
		in.StackPolicyBody = aws.String(`{"Statement":[{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"},
			{"Effect":"Deny","Action":"Update:Replace","Principal":"*","Resource":"LogicalResourceId/Topic"}]}`)
	}))
	f.ends("s", types.StackStatusCreateComplete)
	f.ok(f.update("s", three, nil))
	f.ends("s", types.StackStatusUpdateRollbackComplete)
	f.says(f.history("s"), "Topic UPDATE_FAILED Action denied by stack policy: Statement [#2] does not allow [Update:Replace] for resource [LogicalResourceId/Topic]")
	f.ok(f.update("s", three, func(in *cloudformation.UpdateStackInput) {
		in.StackPolicyDuringUpdateBody = aws.String(`{"Statement":[{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"}]}`)
	}))
	f.ends("s", types.StackStatusUpdateComplete)
}

func TestWaitConditions(t *testing.T) {
	f := open(t)
	f.ok(f.create("s", `
Resources:
  Handle: {Type: AWS::CloudFormation::WaitConditionHandle}
  Wait: {Type: AWS::CloudFormation::WaitCondition, Properties: {Handle: !Ref Handle, Timeout: "600", Count: 1}}
Outputs: {Data: {Value: !GetAtt Wait.Data}}
`, nil))
	var url string
	for end := time.Now().Add(20 * time.Second); url == ""; time.Sleep(5 * time.Millisecond) {
		out, err := f.DescribeStackResource(f.ctx, &cloudformation.DescribeStackResourceInput{StackName: aws.String("s"), LogicalResourceId: aws.String("Handle")})
		if err == nil {
			url = aws.ToString(out.StackResourceDetail.PhysicalResourceId)
		}
		if time.Now().After(end) {
			t.Fatal("no handle")
		}
	}
	site := httptest.NewServer(wire.Sites(f.service.Sites(), "/_atelier/", http.NotFoundHandler()))
	defer site.Close()
	put, err := http.NewRequestWithContext(context.Background(), http.MethodPut, site.URL+url[strings.Index(url, "/_atelier"):],
		strings.NewReader(`{"Status":"SUCCESS","UniqueId":"one","Data":"ready","Reason":"r"}`))
	f.ok(err)
	answer, err := http.DefaultClient.Do(put)
	f.ok(err)
	body, _ := io.ReadAll(answer.Body)
	f.equal("answer", answer.StatusCode, 200)
	_ = answer.Body.Close()
	s := f.ends("s", types.StackStatusCreateComplete)
	f.equal("data "+string(body), *s.Outputs[0].OutputValue, `{"one":"ready"}`)

	f.ok(f.create("late", `
Resources:
  Handle: {Type: AWS::CloudFormation::WaitConditionHandle}
  Wait: {Type: AWS::CloudFormation::WaitCondition, Properties: {Handle: !Ref Handle, Timeout: "600"}}
`, nil))
	f.clock.Advance(11 * time.Minute)
	f.ends("late", types.StackStatusRollbackComplete)
	f.says(f.history("late"), "WaitCondition timed out. Received 0 conditions when expecting 1")
}

func TestTimeoutAndCancel(t *testing.T) {
	f := open(t)
	f.slow["Topic"] = true
	f.ok(f.create("s", two, func(in *cloudformation.CreateStackInput) { in.TimeoutInMinutes = aws.Int32(5) }))
	f.clock.Advance(6 * time.Minute)
	f.ends("s", types.StackStatusRollbackComplete)
	f.says(f.history("s"), "Topic CREATE_FAILED Resource creation cancelled")
	f.equal("things", f.names(), []string{})

	f.slow["Topic"] = false
	f.ok(f.create("u", two, nil))
	f.ends("u", types.StackStatusCreateComplete)
	f.slow["Topic"] = true
	f.ok(f.update("u", three, nil))
	_, err := f.CancelUpdateStack(f.ctx, &cloudformation.CancelUpdateStackInput{StackName: aws.String("u")})
	f.ok(err)
	f.ends("u", types.StackStatusUpdateRollbackComplete)
	f.equal("things", f.names(), []string{"q", "t"})

	f.ok(f.create("d", `Resources: {Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: d}}}`, nil)) // deleted while it is made
	out, err := f.DescribeStacks(f.ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("d")})
	f.ok(err)
	_, err = f.DeleteStack(f.ctx, &cloudformation.DeleteStackInput{StackName: aws.String("d")})
	f.ok(err)
	f.ends(*out.Stacks[0].StackId, types.StackStatusDeleteComplete)
	f.equal("things", f.names(), []string{"q", "t"})
}

func TestDrift(t *testing.T) {
	f := open(t)
	f.ok(f.create("s", two, nil))
	f.ends("s", types.StackStatusCreateComplete)
	f.things["q"] = map[string]any{"QueueName": "q", "DelaySeconds": "7"}
	out, err := f.DetectStackDrift(f.ctx, &cloudformation.DetectStackDriftInput{StackName: aws.String("s")})
	f.ok(err)
	d, err := f.DescribeStackDriftDetectionStatus(f.ctx, &cloudformation.DescribeStackDriftDetectionStatusInput{StackDriftDetectionId: out.StackDriftDetectionId})
	f.ok(err)
	f.equal("drift", []any{d.DetectionStatus, d.StackDriftStatus, *d.DriftedStackResourceCount}, []any{"DETECTION_COMPLETE", "DRIFTED", 1})
	l, err := f.DescribeStackResourceDrifts(f.ctx, &cloudformation.DescribeStackResourceDriftsInput{StackName: aws.String("s"),
		StackResourceDriftStatusFilters: []types.StackResourceDriftStatus{types.StackResourceDriftStatusModified}})
	f.ok(err)
	f.equal("resources", len(l.StackResourceDrifts), 1)
	p := l.StackResourceDrifts[0].PropertyDifferences[0]
	f.equal("difference", []string{*p.PropertyPath, *p.ExpectedValue, *p.ActualValue}, []string{"/DelaySeconds", "5", "7"})
}

// TestSecrets has neither stacks nor events tell the value of a parameter that says NoEcho.
func TestSecrets(t *testing.T) {
	f := open(t)
	f.ok(f.create("s", `
Parameters: {Word: {Type: String, NoEcho: true}}
Resources: {P: {Type: AWS::SSM::Parameter, Properties: {Name: p, Type: String, Value: !Sub "in ${Word}"}}}
`, func(in *cloudformation.CreateStackInput) {
		in.Parameters = []types.Parameter{{ParameterKey: aws.String("Word"), ParameterValue: aws.String("sesame")}}
	}))
	s := f.ends("s", types.StackStatusCreateComplete)
	f.equal("parameter", *s.Parameters[0].ParameterValue, "****")
	f.equal("value", f.things["p"]["Value"], "in sesame")
	out, err := f.DescribeStackEvents(f.ctx, &cloudformation.DescribeStackEventsInput{StackName: aws.String("s")})
	f.ok(err)
	for _, e := range out.StackEvents {
		if strings.Contains(aws.ToString(e.ResourceProperties), "sesame") {
			t.Errorf("an event tells %s", *e.ResourceProperties)
		}
	}
}
