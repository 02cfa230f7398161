package athena

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// slow runs for minutes when nobody stops it.
const slow = `SELECT count(*) AS n FROM UNNEST(sequence(1, 9999)) AS a(x) CROSS JOIN UNNEST(sequence(1, 9999)) AS b(y)
	CROSS JOIN UNNEST(sequence(1, 9999)) AS c(z) WHERE (x * y + z) % 7 = 3`

// running starts a query and waits until it runs.
func (c *caller) running(sql string) string {
	c.t.Helper()
	id := c.start(sql)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		out, err := c.GetQueryExecution(context.Background(), &athena.GetQueryExecutionInput{QueryExecutionId: &id})
		if err != nil {
			c.t.Fatal(err)
		}
		if s := out.QueryExecution.Status; s.State == types.QueryExecutionStateRunning {
			return id
		} else if s.State != types.QueryExecutionStateQueued || time.Now().After(deadline) {
			c.t.Fatalf("query is %s: %s", s.State, aws.ToString(s.StateChangeReason))
		}
	}
}

// results lists what lies where results go.
func (c *caller) results() int {
	c.t.Helper()
	out, err := c.s3.ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: aws.String("results")})
	if err != nil {
		c.t.Fatal(err)
	}
	return len(out.Contents)
}

func TestStop(t *testing.T) {
	_, c := start(t)
	id := c.running(slow)
	if _, err := c.GetQueryResults(t.Context(), &athena.GetQueryResultsInput{QueryExecutionId: &id}); err == nil ||
		!strings.Contains(err.Error(), "Query has not yet finished. Current state: RUNNING") {
		t.Errorf("results of a running query: %v", err)
	}
	if _, err := c.StopQueryExecution(t.Context(), &athena.StopQueryExecutionInput{QueryExecutionId: &id}); err != nil {
		t.Fatal(err)
	}
	e := c.wait(id)
	if e.Status.State != types.QueryExecutionStateCancelled || e.Status.CompletionDateTime == nil {
		t.Errorf("%+v", e.Status)
	}
	if _, err := c.StopQueryExecution(t.Context(), &athena.StopQueryExecutionInput{QueryExecutionId: &id}); err != nil {
		t.Errorf("a second stop: %v", err)
	}
	var ids []string // more than run at a time: when the cancelled ones still held their places, the last would wait for ever
	for range 12 {
		ids = append(ids, c.start(slow))
	}
	for _, id := range ids {
		if _, err := c.StopQueryExecution(t.Context(), &athena.StopQueryExecutionInput{QueryExecutionId: &id}); err != nil {
			t.Fatal(err)
		}
	}
	c.gives("SELECT 1 AS a", "a", "1")
	list, err := c.ListQueryExecutions(t.Context(), &athena.ListQueryExecutionsInput{MaxResults: aws.Int32(3)})
	if err != nil || len(list.QueryExecutionIds) != 3 || list.NextToken == nil || list.QueryExecutionIds[1] != ids[11] {
		t.Errorf("%+v %v", list, err)
	}
	got, err := c.BatchGetQueryExecution(t.Context(), &athena.BatchGetQueryExecutionInput{QueryExecutionIds: []string{ids[0], "nothing"}})
	if err != nil || len(got.QueryExecutions) != 1 || len(got.UnprocessedQueryExecutionIds) != 1 {
		t.Errorf("%+v %v", got, err)
	}
}

func TestKilledServer(t *testing.T) {
	dir := t.TempDir()
	first, err := harness.Launch(harness.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	who := harness.Must(first.Admin(t.Context()))(t)
	c := as(t, who)
	if _, err := c.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("results")}); err != nil {
		t.Fatal(err)
	}
	done, id := c.start("SELECT 1 AS a"), c.running(slow)
	c.wait(done)
	first.Kill()
	second := harness.StartWith(t, harness.Options{DataDir: dir})
	c = as(t, second.Caller(who.Key, who.Secret, ""))
	e := c.wait(id)
	if e.Status.State != types.QueryExecutionStateFailed || !strings.Contains(aws.ToString(e.Status.StateChangeReason), "the server stopped") ||
		!e.Status.AthenaError.Retryable || aws.ToInt32(e.Status.AthenaError.ErrorCategory) != 1 {
		t.Errorf("%+v %s", e.Status, aws.ToString(e.Status.StateChangeReason))
	}
	if n := c.results(); n != 2 {
		t.Errorf("%d objects are left, want the two of the query that ended", n)
	}
	if e := c.wait(done); e.Status.State != types.QueryExecutionStateSucceeded {
		t.Errorf("what had ended is %s now", e.Status.State)
	}
}

func TestWorkgroupRules(t *testing.T) {
	_, c := start(t)
	c.lake()
	refused := func(err error, want string) {
		t.Helper()
		var invalid *types.InvalidRequestException
		if !errors.As(err, &invalid) || !strings.Contains(invalid.ErrorMessage(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	run := func(group, sql string) (*types.QueryExecution, error) {
		out, err := c.StartQueryExecution(t.Context(), &athena.StartQueryExecutionInput{QueryString: &sql, WorkGroup: &group})
		if err != nil {
			return nil, err
		}
		return c.wait(*out.QueryExecutionId), nil
	}
	_, err := run("primary", "SELECT 1")
	refused(err, "No output location provided")
	_, err = run("nothing", "SELECT 1")
	refused(err, "WorkGroup nothing is not found.")
	if _, err := c.CreateWorkGroup(t.Context(), &athena.CreateWorkGroupInput{Name: aws.String("small"), Configuration: &types.WorkGroupConfiguration{
		ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String("s3://results/small")}, BytesScannedCutoffPerQuery: aws.Int64(10_000_000)},
		Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}); err != nil {
		t.Fatal(err)
	}
	e, err := run("small", "SELECT count(*) FROM sales.orders")
	if err != nil || e.Status.State != types.QueryExecutionStateSucceeded || !strings.HasPrefix(*e.ResultConfiguration.OutputLocation, "s3://results/small/") {
		t.Errorf("%+v %v", e, err)
	}
	c.put("orders/big.csv", "id,country,amount\n"+strings.Repeat("5,DE,1\n", 2_000_000))
	e, err = run("small", "SELECT count(*) FROM sales.orders")
	if err != nil || e.Status.State != types.QueryExecutionStateFailed || !strings.Contains(*e.Status.StateChangeReason, "Bytes scanned limit was exceeded") {
		t.Errorf("%+v %v", e.Status, err)
	}
	if _, err := c.UpdateWorkGroup(t.Context(), &athena.UpdateWorkGroupInput{WorkGroup: aws.String("small"), State: types.WorkGroupStateDisabled}); err != nil {
		t.Fatal(err)
	}
	_, err = run("small", "SELECT 1")
	refused(err, "disabled")
	_, err = c.DeleteWorkGroup(t.Context(), &athena.DeleteWorkGroupInput{WorkGroup: aws.String("small")})
	refused(err, "not empty")
	if _, err := c.DeleteWorkGroup(t.Context(), &athena.DeleteWorkGroupInput{WorkGroup: aws.String("small"), RecursiveDeleteOption: aws.Bool(true)}); err != nil {
		t.Error(err)
	}
	groups, err := c.ListWorkGroups(t.Context(), &athena.ListWorkGroupsInput{})
	if err != nil || len(groups.WorkGroups) != 1 || *groups.WorkGroups[0].Name != "primary" {
		t.Errorf("%+v %v", groups, err)
	}
}

func TestReuse(t *testing.T) {
	s, c := start(t)
	c.lake()
	run := func(c *caller, sql string) *types.QueryExecution {
		t.Helper()
		out, err := c.StartQueryExecution(t.Context(), &athena.StartQueryExecutionInput{QueryString: &sql,
			ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String(output)}, ResultReuseConfiguration: &types.ResultReuseConfiguration{
				ResultReuseByAgeConfiguration: &types.ResultReuseByAgeConfiguration{Enabled: true, MaxAgeInMinutes: aws.Int32(5)}}})
		if err != nil {
			t.Fatal(err)
		}
		return c.wait(*out.QueryExecutionId)
	}
	f := func(c *caller, sql string, want bool) {
		t.Helper()
		e := run(c, sql)
		if e.Status.State != types.QueryExecutionStateSucceeded || e.Statistics.ResultReuseInformation.ReusedPreviousResult != want {
			t.Errorf("%s: %s %s reused %t, want %t", sql, e.Status.State, aws.ToString(e.Status.StateChangeReason), e.Statistics.ResultReuseInformation.ReusedPreviousResult, want)
		}
	}
	const count = "SELECT count(*) FROM sales.orders"
	f(c, count, false)
	f(c, count, true)
	f(c, "SELECT now()", false)
	f(c, "SELECT now()", false)
	other := as(t, harness.Must(s.User(t.Context(), s.Root(), "other", harness.AllowAll))(t))
	f(other, count, false)
	f(other, count, true)
	c.gives("ALTER TABLE sales.orders SET TBLPROPERTIES ('a'='b')")
	f(c, count, false)
	f(c, count, true)
}
