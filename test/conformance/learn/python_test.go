package learn

import (
	"os/exec"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// python runs a script of this directory and gives what it prints.
func python(t *testing.T, script string, args ...string) string {
	t.Helper()
	interpreter := harness.Must(harness.Learn())(t)
	c := exec.CommandContext(t.Context(), interpreter, append([]string{script}, args...)...)
	out, err := c.Output()
	if err != nil {
		stderr := ""
		if e, ok := err.(*exec.ExitError); ok {
			stderr = string(e.Stderr)
		}
		t.Fatalf("%s: %v\n%s%s", script, err, out, stderr)
	}
	return string(out)
}
