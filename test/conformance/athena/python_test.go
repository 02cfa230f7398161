package athena

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// TestPython runs boto3, awswrangler and PyAthena, and these with PyIceberg over tables of Iceberg.
func TestPython(t *testing.T) {
	python := harness.Must(harness.Python())(t)
	s, _ := start(t)
	admin := harness.Must(s.Admin(t.Context()))(t)
	for script, last := range map[string]string{"athena_clients.py": "queries run", "athena_iceberg.py": "tables shared"} {
		t.Run(script, func(t *testing.T) {
			c := exec.CommandContext(t.Context(), python, "-B", "-W", "ignore", script)
			c.Dir = filepath.Join(harness.Root(), "test", "conformance", "python")
			c.Env = append(append(os.Environ(), admin.Environ()...), "ATHENA_LAKE=lake", "ATHENA_RESULTS=results")
			if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), last) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
