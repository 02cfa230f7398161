package cloudformation_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestPython(t *testing.T) {
	s := harness.Start(t)
	harness.Tell(t, harness.Must(s.Admin(t.Context()))(t), "cloudformation.py")
}

// TestDeploy has the AWS CLI package and deploy a template, again without changes, and with another parameter.
func TestDeploy(t *testing.T) {
	s := harness.Start(t)
	who := harness.Must(s.Admin(t.Context()))(t)
	program := harness.Must(harness.AWS())(t)
	dir := t.TempDir()
	body := `
Parameters: {Env: {Type: String, Default: dev}}
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {Tags: [{Key: env, Value: !Ref Env}]}}
  Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: inner.yaml}}
Outputs: {Url: {Value: !Ref Queue}}
`
	for name, text := range map[string]string{"t.yaml": body, "inner.yaml": "Resources: {Topic: {Type: AWS::SNS::Topic}}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := who.S3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("artifacts")}); err != nil {
		t.Fatal(err)
	}
	run := func(want string, args ...string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), program, append([]string{"cloudformation"}, args...)...)
		c.Dir, c.Env = dir, append(os.Environ(), who.Environ()...)
		out, err := c.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Fatalf("aws cloudformation %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	run("Successfully packaged", "package", "--template-file", "t.yaml", "--s3-bucket", "artifacts", "--output-template-file", "p.yaml")
	deploy := []string{"deploy", "--stack-name", "deployed", "--template-file", "p.yaml", "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--tags", "team=a"}
	began := time.Now()
	run("Successfully created/updated stack - deployed", deploy...)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("deploying took %s: the CLI had to ask again", took)
	}
	run("No changes to deploy", append(deploy, "--no-fail-on-empty-changeset")...)
	run("Successfully created/updated stack - deployed", append(deploy, "--parameter-overrides", "Env=prod")...)
	run("UPDATE_COMPLETE", "describe-stacks", "--stack-name", "deployed")
	run("", "delete-stack", "--stack-name", "deployed")
	run("", "wait", "stack-delete-complete", "--stack-name", "deployed")
}

// TestTwoHundred creates 200 resources in under 10 s, and deletes them.
func TestTwoHundred(t *testing.T) {
	s := harness.Start(t)
	c := cloudformation.NewFromConfig(harness.Must(s.Admin(t.Context()))(t).Config())
	resources := map[string]any{}
	for i := range 50 {
		q, topic := fmt.Sprintf("Q%d", i), fmt.Sprintf("T%d", i)
		resources[q] = map[string]any{"Type": "AWS::SQS::Queue"}
		resources[topic] = map[string]any{"Type": "AWS::SNS::Topic", "Properties": map[string]any{"DisplayName": map[string]any{"Fn::GetAtt": []string{q, "QueueName"}}}}
		resources[fmt.Sprintf("P%d", i)] = map[string]any{"Type": "AWS::SSM::Parameter", "Properties": map[string]any{"Type": "String", "Value": map[string]any{"Ref": topic}}}
		resources[fmt.Sprintf("R%d", i)] = map[string]any{"Type": "AWS::IAM::Role", "Properties": map[string]any{"AssumeRolePolicyDocument": json.RawMessage(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)}}
	}
	body, err := json.Marshal(map[string]any{"Resources": resources})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	made, err := c.CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: aws.String("many"), TemplateBody: aws.String(string(body)),
		Capabilities: []types.Capability{types.CapabilityCapabilityIam}})
	if err != nil {
		t.Fatal(err)
	}
	await := func(want types.StackStatus) {
		t.Helper()
		for {
			out, err := c.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: made.StackId})
			if err != nil {
				t.Fatal(err)
			}
			if st := out.Stacks[0]; !strings.HasSuffix(string(st.StackStatus), "IN_PROGRESS") {
				if st.StackStatus != want {
					t.Fatalf("%s: %s", st.StackStatus, aws.ToString(st.StackStatusReason))
				}
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	await(types.StackStatusCreateComplete)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("200 resources took %s", took)
	}
	if _, err := c.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: made.StackId}); err != nil {
		t.Fatal(err)
	}
	await(types.StackStatusDeleteComplete)
}
