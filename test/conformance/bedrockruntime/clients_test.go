package bedrockruntime

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// TestBoto3 runs documents, native bodies and a guardrail of every policy through boto3.
func TestBoto3(t *testing.T) {
	admin := harness.Must(shared(t).Admin(t.Context()))(t)
	harness.Tell(t, admin, "bedrock.py", "BEDROCK_MODEL="+llama)
}

// TestJavaScript runs answers and streams through the SDK for JavaScript.
func TestJavaScript(t *testing.T) {
	admin := harness.Must(shared(t).Admin(t.Context()))(t)
	c := exec.CommandContext(t.Context(), "node", "bedrock.mjs")
	c.Dir = harness.Must(harness.NodeDir())(t)
	c.Env = append(append(os.Environ(), admin.Environ()...), "BEDROCK_MODEL="+llama)
	if out, err := c.CombinedOutput(); err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "the story is told") {
		t.Errorf("%v\n%s", err, out)
	}
}
