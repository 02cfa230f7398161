package harness

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Tell runs a script of test/conformance/python as a caller, with more of an environment, and wants it told to its end.
func Tell(t *testing.T, as Caller, script string, environ ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), Must(Python())(t), "-B", script)
	c.Dir = filepath.Join(Root(), "test", "conformance", "python")
	c.Env = append(append(os.Environ(), as.Environ()...), environ...)
	out, err := c.CombinedOutput()
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "the story is told") {
		t.Errorf("%v\n%s", err, out)
	}
}
