package athena

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	_ "modernc.org/sqlite"
)

// TestTrail has queries leave their events and their lines in the audit trail. The events are taken from the server's own
// file, as one more who listens.
func TestTrail(t *testing.T) {
	s, c := start(t)
	db := harness.Must(sql.Open("sqlite", filepath.Join(s.DataDir, "state.db")+"?_pragma=busy_timeout(10000)"))(t)
	defer db.Close()
	if _, err := db.Exec(`INSERT INTO subscribers (name, seq) VALUES ('test', (SELECT coalesce(max(seq), 0) FROM events))`); err != nil {
		t.Fatal(err)
	}
	good, bad := c.start("SELECT 1 AS a"), c.start("SELECT 1 / 0 AS a")
	c.wait(good)
	c.wait(bad)

	told := map[string][]string{}
	rows, err := db.Query(`SELECT body FROM events ORDER BY seq`)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var body []byte
		var e bus.Event
		must(t, rows.Scan(&body))
		must(t, json.Unmarshal(body, &e))
		if e.Source != "aws.athena" {
			continue
		}
		var d struct {
			VersionID, CurrentState, PreviousState, StatementType, QueryExecutionID, WorkgroupName, SequenceNumber string
			AthenaError                                                                                            *struct {
				ErrorCategory, ErrorType int
				ErrorMessage             string
			}
		}
		must(t, json.Unmarshal(e.Detail, &d))
		line := strings.Join([]string{e.DetailType, d.VersionID, d.PreviousState, d.CurrentState, d.StatementType, d.WorkgroupName, d.SequenceNumber}, "|")
		if d.AthenaError != nil {
			line += fmt.Sprintf("|%d|%s", d.AthenaError.ErrorCategory, strings.Split(d.AthenaError.ErrorMessage, ":")[0])
		}
		told[d.QueryExecutionID] = append(told[d.QueryExecutionID], line)
	}
	must(t, rows.Err())
	const change = "Athena Query State Change|0|"
	for id, want := range map[string][]string{
		good: {change + "|QUEUED|DML|primary|1", change + "QUEUED|RUNNING|DML|primary|2", change + "RUNNING|SUCCEEDED|DML|primary|3"},
		bad:  {change + "|QUEUED|DML|primary|1", change + "QUEUED|RUNNING|DML|primary|2", change + "RUNNING|FAILED|DML|primary|3|2|DIVISION_BY_ZERO"},
	} {
		if got := strings.Join(told[id], "\n"); got != strings.Join(want, "\n") {
			t.Errorf("events are\n%s\nwant\n%s", got, strings.Join(want, "\n"))
		}
	}

	who := harness.Must(s.Admin(t.Context()))(t)
	name := "StartQueryExecution"
	trail, err := who.CloudTrail().LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{
		LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyEventName, AttributeValue: &name}}})
	must(t, err)
	for _, id := range []string{good, bad} {
		found := 0
		for _, e := range trail.Events {
			if text := *e.CloudTrailEvent; strings.Contains(text, id) && strings.Contains(text, `"eventSource":"athena.amazonaws.com"`) && strings.Contains(text, who.ARN) {
				found++
			}
		}
		if found != 1 {
			t.Errorf("the trail has %d lines of query %s, of %d", found, id, len(trail.Events))
		}
	}
}
