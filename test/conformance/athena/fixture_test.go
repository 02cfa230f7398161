package athena

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// output is where the tests' results go.
const output = "s3://results/here/"

// caller is somebody who runs queries.
type caller struct {
	*athena.Client
	glue *glue.Client
	s3   *s3.Client
	t    testing.TB
}

// start starts a server with the buckets "results" and "lake", and gives its administrator.
func start(t testing.TB) (*harness.Server, *caller) {
	t.Helper()
	s := harness.Start(t)
	c := as(t, harness.Must(s.Admin(context.Background()))(t))
	for _, b := range []string{"results", "lake"} {
		if _, err := c.s3.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String(b)}); err != nil {
			t.Fatal(err)
		}
	}
	return s, c
}

func as(t testing.TB, who harness.Caller) *caller {
	return &caller{Client: athena.NewFromConfig(who.Config()), glue: glue.NewFromConfig(who.Config()), s3: who.S3(), t: t}
}

// start begins a query.
func (c *caller) start(sql string) string {
	c.t.Helper()
	out, err := c.StartQueryExecution(context.Background(), &athena.StartQueryExecutionInput{QueryString: &sql, WorkGroup: aws.String("primary"),
		ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String(output)}})
	if err != nil {
		c.t.Fatalf("%s: %v", sql, err)
	}
	return *out.QueryExecutionId
}

// wait waits for a query's end.
func (c *caller) wait(id string) *types.QueryExecution {
	c.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		out, err := c.GetQueryExecution(context.Background(), &athena.GetQueryExecutionInput{QueryExecutionId: &id})
		if err != nil {
			c.t.Fatal(err)
		}
		switch out.QueryExecution.Status.State {
		case types.QueryExecutionStateQueued, types.QueryExecutionStateRunning:
		default:
			return out.QueryExecution
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("query still is %s", out.QueryExecution.Status.State)
		}
	}
}

// run runs a query that succeeds, and gives its rows: values joined by |, NULL as ~.
func (c *caller) run(sql string) []string {
	c.t.Helper()
	e := c.wait(c.start(sql))
	if e.Status.State != types.QueryExecutionStateSucceeded {
		c.t.Fatalf("%s: %s %s", sql, e.Status.State, aws.ToString(e.Status.StateChangeReason))
	}
	var lines []string
	pages := athena.NewGetQueryResultsPaginator(c, &athena.GetQueryResultsInput{QueryExecutionId: e.QueryExecutionId})
	for pages.HasMorePages() {
		p, err := pages.NextPage(context.Background())
		if err != nil {
			c.t.Fatalf("%s: %v", sql, err)
		}
		for _, r := range p.ResultSet.Rows {
			var parts []string
			for _, d := range r.Data {
				if d.VarCharValue == nil {
					parts = append(parts, "~")
				} else {
					parts = append(parts, strings.TrimRight(*d.VarCharValue, " \t"))
				}
			}
			lines = append(lines, strings.Join(parts, "|"))
		}
	}
	return lines
}

// gives runs a query whose rows are known, without the header of a SELECT.
func (c *caller) gives(sql string, want ...string) {
	c.t.Helper()
	got := c.run(sql)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		c.t.Errorf("%s\ngot  %q\nwant %q", sql, got, want)
	}
}

// fails runs a query that fails, with a reason that holds want.
func (c *caller) fails(sql, want string) {
	c.t.Helper()
	out, err := c.StartQueryExecution(context.Background(), &athena.StartQueryExecutionInput{QueryString: &sql,
		ResultConfiguration: &types.ResultConfiguration{OutputLocation: aws.String(output)}})
	reason := ""
	if err != nil {
		reason = err.Error()
	} else {
		e := c.wait(*out.QueryExecutionId)
		reason = string(e.Status.State) + " " + aws.ToString(e.Status.StateChangeReason)
		if e.Status.State == types.QueryExecutionStateFailed && (e.Status.AthenaError == nil || e.Status.AthenaError.ErrorCategory == nil) {
			c.t.Errorf("%s: no AthenaError", sql)
		}
	}
	if !strings.Contains(reason, want) || strings.HasPrefix(reason, "SUCCEEDED") {
		c.t.Errorf("%s\ngot  %s\nwant %s", sql, reason, want)
	}
}

// put writes an object of the lake.
func (c *caller) put(key, body string) {
	c.t.Helper()
	if _, err := c.s3.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String("lake"), Key: &key, Body: strings.NewReader(body)}); err != nil {
		c.t.Fatal(err)
	}
}

// get reads an object.
func (c *caller) get(location string) string {
	c.t.Helper()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(location, "s3://"), "/")
	out, err := c.s3.GetObject(context.Background(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		c.t.Fatalf("%s: %v", location, err)
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(b)
}

func get(bucket, key string) *s3.GetObjectInput {
	return &s3.GetObjectInput{Bucket: &bucket, Key: &key}
}

func bucket(name string) *s3.CreateBucketInput { return &s3.CreateBucketInput{Bucket: &name} }
