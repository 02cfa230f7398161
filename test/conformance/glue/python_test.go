package glue

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// runPython runs a script as the administrator of a new server; its last line has to begin with want.
func runPython(t *testing.T, script, want string) {
	t.Helper()
	python := harness.Must(harness.Python())(t)
	s := harness.Start(t)
	admin := harness.Must(s.Admin(t.Context()))(t)
	if _, err := admin.S3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), python, "-B", script)
	c.Dir = filepath.Join(harness.Root(), "test", "conformance", "python")
	c.Env = append(append(os.Environ(), admin.Environ()...), "GLUE_BUCKET=lake")
	out, err := c.CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err != nil || !strings.HasPrefix(lines[len(lines)-1], want) {
		t.Errorf("%s: %v\n%s", script, err, out)
	}
	t.Log(lines[len(lines)-1])
}

func TestWrangler(t *testing.T) { runPython(t, "glue_wrangler.py", "the catalog is wrangled") }

func TestIceberg(t *testing.T) { runPython(t, "glue_iceberg.py", "nothing is lost") }
