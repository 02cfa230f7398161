package athena

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// crowdMemory is how much memory the server may hold, in MiB, after fifty queries of a small table that came at once.
const crowdMemory = 600

// TestCrowd has fifty queries come at once. All end, with the right answers, and the server holds little memory at the most.
func TestCrowd(t *testing.T) {
	s, c := start(t)
	var lines strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&lines, "%d,c%d,%d.5\n", i, i%97, i%1000)
	}
	c.lake()
	c.put("crowd/a.csv", lines.String())
	c.gives(`CREATE EXTERNAL TABLE sales.crowd (id bigint, country string, amount double) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://lake/crowd/'`)
	var wait sync.WaitGroup
	got := make([]string, 50)
	for n := range got {
		wait.Go(func() {
			e := c.wait(c.start(fmt.Sprintf("SELECT count(*) AS n, count(DISTINCT country) AS c, sum(a.amount) AS s FROM sales.crowd a WHERE id > %d", n)))
			if e.Status.State != types.QueryExecutionStateSucceeded {
				got[n] = aws.ToString(e.Status.StateChangeReason)
				return
			}
			got[n] = c.get(*e.ResultConfiguration.OutputLocation)
		})
	}
	wait.Wait()
	sum := 9_990_000.0 + 10_000
	for n, text := range got {
		sum -= float64(n) + 0.5
		if want := fmt.Sprintf("\"%d\",\"97\",\"%.1f\"\n", 19_999-n, sum); !strings.HasSuffix(text, want) {
			t.Errorf("query %d gives %q, want %q", n, text, want)
		}
	}
	if most := peak(t, s.PID); most > crowdMemory {
		t.Errorf("the server held %d MiB, more than %d", most, crowdMemory)
	} else {
		t.Logf("the server held %d MiB at the most", most)
	}
}

// peak is the most memory that a process held, in MiB; 0 where the system does not tell.
func peak(t *testing.T, pid int) (mib int) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if os.IsNotExist(err) {
		return 0
	}
	must(t, err)
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			var kib int
			_, err := fmt.Sscan(rest, &kib)
			must(t, err)
			mib = kib / 1024
		}
	}
	return mib
}
