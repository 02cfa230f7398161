package blueprints

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/atelier-studio/atelier/blueprints"
	"github.com/atelier-studio/atelier/internal/blueprint"
	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// parameters are what every deployment here gives.
func parameters(project, source, model string) map[string]string {
	p := map[string]string{"ProjectName": project, "ModelSource": source, "CodeS3Bucket": "made-before", "CodeS3Key": "function.zip", "Architecture": architecture}
	if source == "bedrock" {
		p["BedrockConfigModelId"], p["BedrockConfigMaxTokens"] = foundation, "4"
	} else {
		p["SageMakerConfigModelArtifactPath"] = model
	}
	return p
}

// sample is a model: what `atelier blueprint deploy` brings.
func (s *stage) sample() string {
	s.Helper()
	key, err := s.client.SampleModel(s.Context(), "made-before")
	s.ok(err)
	return "s3://made-before/" + key
}

func (s *stage) ended(name, want string) *blueprint.Stack {
	s.Helper()
	var stack *blueprint.Stack
	s.soon(name+" is "+want, func() (done bool) {
		var err error
		stack, err = s.client.Stack(s.Context(), name)
		s.ok(err)
		return !strings.HasSuffix(stack.Status, "_IN_PROGRESS")
	})
	if stack.Status != want {
		list, err := s.client.Resources(s.Context(), name)
		s.Fatalf("%s is %s, want %s: %s\n%+v %v", name, stack.Status, want, stack.Reason, list, err)
	}
	return stack
}

func (s *stage) tags(b blueprints.Blueprint) []types.Tag {
	return []types.Tag{{Key: aws.String("atelier:blueprint"), Value: &b.Name}}
}

func given(p map[string]string) (list []types.Parameter) {
	for k, v := range p {
		list = append(list, types.Parameter{ParameterKey: &k, ParameterValue: &v})
	}
	return list
}

// TestGo deploys each blueprint with each source by the Go SDK, uses it, updates it to less and deletes it.
func TestGo(t *testing.T) {
	t.Parallel()
	s := set(t)
	model := s.sample()
	before := s.inventory()
	for _, b := range blueprints.All() {
		for _, source := range []string{"sagemaker", "bedrock"} {
			name := "go-" + source + "-" + b.Kind
			p := parameters("go-"+source, source, model)
			_, err := s.stacks.CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: &name, TemplateBody: &b.Template, Parameters: given(p),
				Capabilities: []types.Capability{types.CapabilityCapabilityIam}, Tags: s.tags(b)})
			s.ok(err)
			stack := s.ended(name, "CREATE_COMPLETE")
			s.use(b.Kind, stack)
			p["MonitoringEnabled"] = "false"
			_, err = s.stacks.UpdateStack(t.Context(), &cloudformation.UpdateStackInput{StackName: &name, UsePreviousTemplate: aws.Bool(true), Parameters: given(p),
				Capabilities: []types.Capability{types.CapabilityCapabilityIam}, Tags: s.tags(b)})
			s.ok(err)
			stack = s.ended(name, "UPDATE_COMPLETE")
			if stack.Outputs["DashboardName"] != "" {
				t.Errorf("%s: there is still a dashboard", name)
			}
			if source == "sagemaker" { // a foundation model takes its time
				s.use(b.Kind, stack)
			}
			s.ok(s.client.Delete(t.Context(), name, blueprint.NewBoard(&bytes.Buffer{}, nil)))
			s.same(before)
			t.Logf("%s: used, updated, used, deleted", name)
		}
	}
}

// TestAWSCLI deploys each blueprint with each source by `aws cloudformation deploy`.
func TestAWSCLI(t *testing.T) {
	t.Parallel()
	s, cli := set(t), harness.Must(harness.AWS())(t)
	model := s.sample()
	before := s.inventory()
	type running struct {
		name, kind string
		out        *bytes.Buffer
		cmd        *exec.Cmd
	}
	var all []running // together: the CLI looks at a stack every half minute
	for _, b := range blueprints.All() {
		for _, source := range []string{"sagemaker", "bedrock"} {
			name := "cli-" + source + "-" + b.Kind
			args := []string{"cloudformation", "deploy", "--stack-name", name, "--template-file", filepath.Join(harness.Root(), "blueprints", b.Name+".yaml"),
				"--capabilities", "CAPABILITY_IAM", "--tags", "atelier:blueprint=" + b.Name, "--parameter-overrides"}
			for k, v := range parameters("cli-"+source, source, model) {
				args = append(args, k+"="+v)
			}
			c := exec.CommandContext(t.Context(), cli, args...)
			r := running{name, b.Kind, &bytes.Buffer{}, c}
			c.Env, c.Stdout, c.Stderr = append(os.Environ(), s.who.Environ()...), r.out, r.out
			s.ok(c.Start())
			all = append(all, r)
		}
	}
	for _, r := range all {
		if err := r.cmd.Wait(); err != nil {
			t.Fatalf("%s: %v\n%s\n%s", r.name, err, r.out, s.server.Log())
		}
		s.use(r.kind, s.ended(r.name, "CREATE_COMPLETE"))
		s.ok(s.client.Delete(t.Context(), r.name, blueprint.NewBoard(&bytes.Buffer{}, nil)))
	}
	s.same(before)
}

// atelier runs the command line.
func (s *stage) atelier(code int, args ...string) string {
	s.Helper()
	c := exec.CommandContext(s.Context(), harness.Must(harness.Binary())(s.T), append([]string{"blueprint"}, args...)...)
	c.Env = append(append(os.Environ(), s.who.Environ()...), "AWS_MAX_ATTEMPTS=3")
	out, _ := c.CombinedOutput() // the code is looked at
	if c.ProcessState.ExitCode() != code {
		s.Fatalf("atelier blueprint %v ends with %d, want %d\n%s\n%s", args, c.ProcessState.ExitCode(), code, out, s.server.Log())
	}
	return string(out)
}

// TestCommand goes the workflow's way with `atelier blueprint`, and fails on the way.
func TestCommand(t *testing.T) {
	t.Parallel()
	s, archive := set(t), harness.Must(code())(t)
	before := s.inventory()
	for _, b := range blueprints.All() {
		name := "shop-dev-" + b.Kind
		file := filepath.Join(t.TempDir(), "shop.yaml")
		s.ok(os.WriteFile(file, []byte("BlueprintConfig:\n  ModelSource: sagemaker\nProjectName: shop\nVPCConfig: {UseExisting: false}\nDataSources: {S3Buckets: [made-before, other], GlueDatabases: [sales_db]}\n"), 0o600))
		out := s.atelier(0, "deploy", b.Kind, "--parameters", file, "--code", archive)
		for _, want := range []string{"Parameters", "Stack", "Resources", "Initial configuration", "Validation", name + " is ready", "atelier blueprint delete " + name} {
			if !strings.Contains(out, want) {
				t.Errorf("deploy %s says no %q:\n%s", b.Kind, want, out)
			}
		}
		var outputs map[string]string
		s.ok(json.Unmarshal([]byte(s.atelier(0, "outputs", name, "--json")), &outputs))
		stack, err := s.client.Stack(t.Context(), name)
		s.ok(err)
		if !maps.Equal(outputs, stack.Outputs) {
			t.Errorf("outputs %v", outputs)
		}
		var notebook struct{ Cells []struct{ Source []string } }
		s.ok(json.Unmarshal([]byte(s.get("s3://"+outputs["BucketName"]+"/artifacts/notebooks/"+b.Name+".ipynb")), &notebook))
		if len(notebook.Cells) < 3 || !strings.Contains(strings.Join(notebook.Cells[1].Source, ""), name) {
			t.Errorf("the notebook is %+v", notebook)
		}
		if out := s.atelier(0, "status", name); !strings.Contains(out, "CREATE_COMPLETE") || !strings.Contains(out, "AWS::S3::Bucket") {
			t.Errorf("status: %s", out)
		}
		if out := s.atelier(1, "deploy", b.Kind, "--parameters", file, "--code", archive); !strings.Contains(out, "there is a stack "+name+" already") {
			t.Errorf("a second deploy: %s", out)
		}
		s.atelier(0, "update", name, "-p", "LogRetentionDays=7")
		if out := s.atelier(0, "update", name, "-p", "LogRetentionDays=7"); !strings.Contains(out, "nothing to change") {
			t.Errorf("an update without change: %s", out)
		}
		if out := s.atelier(1, "delete", name); !strings.Contains(out, "--yes") {
			t.Errorf("delete asks nobody: %s", out)
		}
		s.atelier(0, "delete", name, "--yes")
		s.atelier(1, "status", name)
	}
	kept := slices.Concat(before, []string{"bucket atelier-blueprints-" + s.who.Account + "-" + harness.Region})
	slices.Sort(kept)
	s.same(kept)
	f := func(want string, args ...string) {
		t.Helper()
		if out := s.atelier(1, append([]string{"deploy", "async", "--code", archive}, args...)...); !strings.Contains(out, want) {
			t.Errorf("%v: %s, want %q", args, out, want)
		}
		s.same(kept)
	}
	f("ProjectName must be given")
	f("must be 3 to 20 lower case letters", "-p", "ProjectName=No")
	f("InstanceType must match", "-p", "ProjectName=shop", "-p", "InstanceType=t3.micro")
	f("MaxInstances must be from 1 to 20", "-p", "ProjectName=shop", "-p", "MaxInstances=40")
	f("there is no parameter Nothing", "-p", "ProjectName=shop", "-p", "Nothing=1")
	f("VPCConfigVPCID is needed", "-p", "ProjectName=shop", "-p", "VPCConfigUseExisting=true")
	f("Model (AWS::SageMaker::Model): ", "-p", "ProjectName=shop", "-p", "SageMakerConfigModelArtifactPath=s3://made-before/no/model.tar.gz")
	out := s.atelier(1, "deploy", "async", "--code", archive, "--keep", "-p", "ProjectName=kept", "-p", "SageMakerConfigModelArtifactPath=s3://made-before/no/model.tar.gz")
	if stack := s.ended("kept-dev-async", "CREATE_FAILED"); !strings.Contains(out, "atelier blueprint delete "+stack.Name) {
		t.Errorf("what is kept: %s", out)
	}
	s.atelier(0, "delete", "kept-dev-async", "--yes")
	s.same(kept)
}
