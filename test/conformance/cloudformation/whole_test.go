package cloudformation_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// TestStacks makes a stack of each service's resources, updates it and deletes it.
func TestStacks(t *testing.T) {
	s := harness.Start(t)
	who := harness.Must(s.Admin(t.Context()))(t)
	c := cloudformation.NewFromConfig(who.Config())
	able := []types.Capability{types.CapabilityCapabilityNamedIam}
	cases(who, func(name string, pieces ...piece) {
		t.Run(name, func(t *testing.T) {
			ctx, stack := t.Context(), aws.String("types-"+strings.ToLower(name))
			if _, err := c.CreateStack(ctx, &cloudformation.CreateStackInput{StackName: stack, Capabilities: able, TemplateBody: aws.String(whole(t, false, pieces))}); err != nil {
				t.Fatal(err)
			}
			await(t, c, *stack, types.StackStatusCreateComplete)
			inSync(t, c, *stack)
			_, err := c.UpdateStack(ctx, &cloudformation.UpdateStackInput{StackName: stack, Capabilities: able, TemplateBody: aws.String(whole(t, true, pieces))})
			if err != nil {
				t.Error(err)
			} else {
				await(t, c, *stack, types.StackStatusUpdateComplete)
			}
			if _, err := c.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: stack}); err != nil {
				t.Fatal(err)
			}
			await(t, c, *stack, types.StackStatusDeleteComplete)
		})
	})
}

// inSync wants no drift of a stack that nobody has touched.
func inSync(t *testing.T, c *cloudformation.Client, stack string) {
	t.Helper()
	begun, err := c.DetectStackDrift(t.Context(), &cloudformation.DetectStackDriftInput{StackName: &stack})
	if err != nil {
		t.Fatal(err)
	}
	wait(t, func(ctx context.Context) (bool, error) {
		out, err := c.DescribeStackDriftDetectionStatus(ctx, &cloudformation.DescribeStackDriftDetectionStatusInput{StackDriftDetectionId: begun.StackDriftDetectionId})
		return err == nil && out.DetectionStatus != types.StackDriftDetectionStatusDetectionInProgress, err
	})
	out, err := c.DescribeStackResourceDrifts(t.Context(), &cloudformation.DescribeStackResourceDriftsInput{StackName: &stack})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range out.StackResourceDrifts {
		if d.StackResourceDriftStatus == types.StackResourceDriftStatusModified || d.StackResourceDriftStatus == types.StackResourceDriftStatusDeleted {
			t.Errorf("%s is %s: %s, not %s", *d.LogicalResourceId, d.StackResourceDriftStatus, aws.ToString(d.ActualProperties), aws.ToString(d.ExpectedProperties))
		}
	}
}

// whole is a template of pieces, each after the one before: some need one that they do not name.
func whole(t *testing.T, updated bool, pieces []piece) string {
	t.Helper()
	resources := map[string]any{}
	for i, p := range pieces {
		text := p.properties
		if updated && p.updated != "" {
			text = p.updated
		}
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var properties any
		if err := d.Decode(&properties); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		r := map[string]any{"Type": p.typ, "Properties": substituted(properties)}
		if i > 0 {
			r["DependsOn"] = pieces[i-1].name
		}
		resources[p.name] = r
	}
	b, err := json.Marshal(map[string]any{"Resources": resources})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// substituted has strings that name other pieces be substitutions.
func substituted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			out[k] = substituted(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = substituted(e)
		}
		return out
	case string:
		if reference.MatchString(v) {
			return map[string]any{"Fn::Sub": strings.NewReplacer("${Account}", "${AWS::AccountId}", "${Region}", "${AWS::Region}").Replace(v)}
		}
	}
	return v
}

// await waits until a stack has a status, and tells why it has another.
func await(t *testing.T, c *cloudformation.Client, stack string, want types.StackStatus) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		out, err := c.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: &stack})
		if err != nil && want == types.StackStatusDeleteComplete && strings.Contains(err.Error(), "does not exist") {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		is := out.Stacks[0].StackStatus
		if is == want {
			return
		}
		if !strings.HasSuffix(string(is), "_IN_PROGRESS") || time.Now().After(deadline) {
			events, err := c.DescribeStackEvents(t.Context(), &cloudformation.DescribeStackEventsInput{StackName: &stack})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events.StackEvents {
				if strings.HasSuffix(string(e.ResourceStatus), "_FAILED") {
					t.Logf("%s %s: %s", *e.LogicalResourceId, e.ResourceStatus, aws.ToString(e.ResourceStatusReason))
				}
			}
			t.Fatalf("stack is %s: %s", is, aws.ToString(out.Stacks[0].StackStatusReason))
		}
	}
}
