package share_sales_db

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

func TestPython(t *testing.T) {
	python := harness.Must(harness.Python())(t)
	st := setStage(t, "python")
	orders := t.TempDir()
	for name, body := range st.orders {
		path := filepath.Join(orders, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.CommandContext(t.Context(), python, "-B", "share.py")
	c.Env = append(append(os.Environ(), st.p.Environ()...), "BUCKET="+st.bucket, "CRAWLER="+st.crawler, "KEEPER="+st.keeper, "ORDERS="+orders)
	for name, who := range map[string]harness.Caller{"P": st.p, "M": st.m, "C": st.c, "ANALYST": st.analyst} {
		c.Env = append(c.Env, name+"_KEY="+who.Key, name+"_SECRET="+who.Secret, name+"_ACCOUNT="+who.Account, name+"_ARN="+who.ARN)
	}
	out, err := c.CombinedOutput()
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "the table is shared") {
		t.Errorf("share.py: %v\n%s", err, out)
	}
}
