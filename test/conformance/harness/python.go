package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Tell runs a script of test/conformance/python as a caller, with more of an environment, and wants it told to its end.
func Tell(t *testing.T, as Caller, script string, environ ...string) {
	t.Helper()
	tell(t, as, Must(Python())(t), script, environ...)
}

// TellSageMaker is Tell for a script story.py of the SageMaker SDK's second or third line.
func TellSageMaker(t *testing.T, as Caller, line int) {
	t.Helper()
	dir := fmt.Sprint("sagemaker", line)
	tell(t, as, Must(SageMaker(line))(t), filepath.Join(dir, "story.py"), "SAGEMAKER_USER_CONFIG_OVERRIDE="+filepath.Join(dir, "config.yaml"))
}

func tell(t *testing.T, as Caller, python, script string, environ ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), python, "-B", script)
	c.Dir = filepath.Join(Root(), "test", "conformance", "python")
	c.Env = append(append(os.Environ(), as.Environ()...), environ...)
	out, err := c.CombinedOutput()
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "the story is told") {
		t.Errorf("%v\n%s", err, out)
	}
}
