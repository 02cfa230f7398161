package athena

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// TestPython runs boto3, awswrangler and PyAthena.
func TestPython(t *testing.T) {
	python := harness.Must(harness.Python())(t)
	s, _ := start(t)
	admin := harness.Must(s.Admin(t.Context()))(t)
	c := exec.CommandContext(t.Context(), python, "-B", "-W", "ignore", "athena_clients.py")
	c.Dir = filepath.Join(harness.Root(), "test", "conformance", "python")
	c.Env = append(append(os.Environ(), admin.Environ()...), "ATHENA_LAKE=lake", "ATHENA_RESULTS=results")
	if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "queries run") {
		t.Errorf("%v\n%s", err, out)
	}
}
