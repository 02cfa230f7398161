package athena

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// TestDBT has dbt build the project in test/conformance/dbt: a seed, a table, two incremental models, a view and their tests;
// and once more for the next day.
func TestDBT(t *testing.T) {
	dbt := harness.Must(harness.DBT())(t)
	s, c := start(t)
	who := harness.Must(s.Admin(t.Context()))(t)
	work := t.TempDir()
	build := func(args ...string) {
		t.Helper()
		b := exec.CommandContext(t.Context(), dbt, append(args, "--profiles-dir", ".")...)
		b.Dir = filepath.Join(harness.Root(), "test", "conformance", "dbt")
		b.Env = append(append(os.Environ(), who.Environ()...), "ATHENA_LAKE=lake", "ATHENA_RESULTS=results", "DBT_WORK="+work, "DBT_SEND_ANONYMOUS_USAGE_STATS=false")
		if out, err := b.CombinedOutput(); err != nil || !strings.Contains(string(out), "ERROR=0") {
			t.Fatalf("dbt %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	build("build")
	c.gives("SELECT * FROM shop.by_country ORDER BY country", "n|total|country", "2|12.0|DE", "2|23.0|FR", "1|7.0|IT, south")
	c.gives("SELECT id, total FROM shop.large ORDER BY id", "id|total", "1|12.0", "2|23.0", "4|7.0")
	c.gives("SELECT id FROM shop.seen ORDER BY id", "id", "1", "2")
	days := []string{"country|total|day", "DE|10.5|2024-01-01", "FR|20.0|2024-01-01", "DE|1.5|2024-01-02", "IT, south|7.0|2024-01-02", "FR|3.0|2024-01-03"}
	c.gives("SELECT * FROM shop.by_day ORDER BY day, country", days...)

	build("run", "--vars", "{day: 2024-01-02}")
	c.gives("SELECT id, day FROM shop.seen ORDER BY id", "id|day", "1|2024-01-01", "2|2024-01-01", "3|2024-01-02", "4|2024-01-02")
	c.gives("SELECT * FROM shop.by_day ORDER BY day, country", days...) // its last two days were written again, not twice
	build("test")
	build("run", "--full-refresh", "--select", "seen")
	c.gives("SELECT id FROM shop.seen ORDER BY id", "id", "1", "2")
}
