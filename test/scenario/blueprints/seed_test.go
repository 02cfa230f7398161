package blueprints

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// life creates a stack of a template, changes it, and deletes it.
func (s *stage) life(name, template string, p map[string]string, change func(template string) string) {
	s.Helper()
	capabilities := []types.Capability{types.CapabilityCapabilityIam}
	_, err := s.stacks.CreateStack(s.Context(), &cloudformation.CreateStackInput{StackName: &name, TemplateBody: &template, Parameters: given(p), Capabilities: capabilities})
	s.ok(err)
	s.ended(name, "CREATE_COMPLETE")
	changed := change(template)
	if changed == template {
		s.Fatalf("nothing to change in %s", name)
	}
	_, err = s.stacks.UpdateStack(s.Context(), &cloudformation.UpdateStackInput{StackName: &name, TemplateBody: &changed, Parameters: given(p), Capabilities: capabilities})
	s.ok(err)
	id := s.ended(name, "UPDATE_COMPLETE").ID
	_, err = s.stacks.DeleteStack(s.Context(), &cloudformation.DeleteStackInput{StackName: &name})
	s.ok(err)
	s.ended(id, "DELETE_COMPLETE")
}

// TestSeedTemplate lives the seed's own template, with its {...} filled.
func TestSeedTemplate(t *testing.T) {
	t.Parallel()
	s := set(t)
	before := s.inventory()
	b, err := os.ReadFile(filepath.Join("testdata", "seed.yaml"))
	s.ok(err)
	s.life("seed", string(b), map[string]string{"ProjectName": "genai", "Environment": "dev"}, func(template string) string {
		return strings.Replace(template, "      VersioningConfiguration:\n        Status: Enabled\n", "      VersioningConfiguration:\n        Status: Suspended\n", 1)
	})
	s.same(before)
}

// TestCDK lives what `cdk synth` makes of the seed's stack. Its bucket is kept, as CDK has it.
func TestCDK(t *testing.T) {
	t.Parallel()
	s := set(t)
	before := s.inventory()
	b, err := os.ReadFile(filepath.Join("testdata", "cdk.json"))
	s.ok(err)
	s.life("cdk", string(b), nil, func(template string) string {
		return strings.Replace(template, `"Status": "Enabled"`, `"Status": "Suspended"`, 1)
	})
	for _, x := range s.inventory() {
		if bucket, ok := strings.CutPrefix(x, "bucket cdk-databucket"); ok {
			_, err := s.files.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String("cdk-databucket" + bucket)})
			s.ok(err)
		}
	}
	s.same(before)
}
