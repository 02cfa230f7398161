package athena

import (
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// TestIcebergKilled kills the server when an INSERT has written files and is not done.
func TestIcebergKilled(t *testing.T) {
	dir := t.TempDir()
	first, err := harness.Launch(harness.Options{DataDir: dir})
	must(t, err)
	who := harness.Must(first.Admin(t.Context()))(t)
	c := as(t, who)
	for _, b := range []string{"results", "lake"} {
		_, err := c.s3.CreateBucket(t.Context(), bucket(b))
		must(t, err)
	}
	c.ice("t")
	c.gives("ALTER TABLE ice.t SET TBLPROPERTIES ('write.target-file-size-bytes'='65536', 'vacuum_max_snapshot_age_seconds'='0')")
	before := len(c.keys("ice/t/data/"))
	id := c.start("INSERT INTO ice.t (id, country, amount) SELECT CAST(x * 1000 + y AS integer), 'DE', x FROM UNNEST(sequence(1, 4000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 999)) AS b(y)")
	for deadline := time.Now().Add(30 * time.Second); len(c.keys("ice/t/data/")) == before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no file is written")
		}
	}
	first.Kill()
	second := harness.StartWith(t, harness.Options{DataDir: dir})
	c = as(t, second.Caller(who.Key, who.Secret, ""))
	if e := c.wait(id); e.Status.State != types.QueryExecutionStateFailed {
		t.Errorf("the query is %s", e.Status.State)
	}
	if n := len(c.keys("ice/t/data/")); n <= before {
		t.Errorf("%d files: the server died too early to tell", n)
	}
	c.gives("SELECT count(*) AS n FROM ice.t", "n", "3")
	c.gives("INSERT INTO ice.t (id, country) VALUES (4, 'DE')")
	c.gives("SELECT count(*) AS n FROM ice.t", "n", "4")
	time.Sleep(1100 * time.Millisecond) // S3 tells ages in seconds
	c.gives("VACUUM ice.t")
	c.gives("SELECT count(*) AS n FROM ice.t", "n", "4")
	if n := len(c.keys("ice/t/data/")); n != before+1 {
		t.Errorf("%d files are left of %d", n, before+1)
	}
}
