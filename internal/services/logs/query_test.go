package logs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// query runs a query over the last hour.
func (f *fixture) query(text string, groups ...string) (string, *cloudwatchlogs.GetQueryResultsOutput) {
	f.t.Helper()
	now := f.clock.Now().Unix()
	q, err := f.StartQuery(f.ctx, &cloudwatchlogs.StartQueryInput{LogGroupNames: groups, QueryString: &text, StartTime: aws.Int64(now - 3600), EndTime: &now})
	f.ok(err)
	var out *cloudwatchlogs.GetQueryResultsOutput
	f.soon("result", func() bool {
		out, err = f.GetQueryResults(f.ctx, &cloudwatchlogs.GetQueryResultsInput{QueryId: q.QueryId})
		f.ok(err)
		return out.Status == types.QueryStatusComplete || out.Status == types.QueryStatusFailed
	})
	var rows []string
	for _, r := range out.Results {
		var fields []string
		for _, x := range r {
			if *x.Field != "@ptr" {
				fields = append(fields, *x.Field+"="+*x.Value)
			}
		}
		rows = append(rows, strings.Join(fields, " "))
	}
	return strings.Join(rows, " / "), out
}

// TestInsights runs queries over one group and over two.
func TestInsights(t *testing.T) {
	f := open(t)
	f.group("a", "s")
	f.group("b", "s")
	f.put("a", "s", `{"level":"INFO","ms":5}`, `{"level":"ERROR","ms":7}`, `{"level":"INFO","ms":9}`)
	f.put("b", "s", `{"level":"ERROR","ms":100}`)
	got, out := f.query("filter level = 'INFO' | stats count(*) as n, avg(ms) as ms by level", "a")
	f.same(got, "level=INFO n=2 ms=7")
	if s := out.Statistics; s.RecordsScanned != 3 || s.RecordsMatched != 2 || s.BytesScanned == 0 {
		t.Errorf("got %+v", s)
	}
	got, _ = f.query("fields ms | sort ms desc | limit 3", "a", "b")
	f.same(got, "ms=100 / ms=9 / ms=7")
	got, out = f.query("fields ms", "a", "b")
	f.same(got, "ms=9 / ms=100 / ms=7 / ms=5")
	last := out.Results[3]
	record, err := f.GetLogRecord(f.ctx, &cloudwatchlogs.GetLogRecordInput{LogRecordPointer: last[len(last)-1].Value})
	f.ok(err)
	f.same(record.LogRecord["level"]+record.LogRecord["@logStream"]+record.LogRecord["@message"], `INFOs{"level":"INFO","ms":5}`)
	_, err = f.GetLogRecord(f.ctx, &cloudwatchlogs.GetLogRecordInput{LogRecordPointer: str("x")})
	f.fails(err, "InvalidParameterException")
	fields, err := f.GetLogGroupFields(f.ctx, &cloudwatchlogs.GetLogGroupFieldsInput{LogGroupName: str("a")})
	f.ok(err)
	f.same(fmt.Sprint(len(fields.LogGroupFields), fields.LogGroupFields[0].Percent), "7 100")
	for _, text := range []string{"nonsense", "fields"} {
		_, err := f.StartQuery(f.ctx, &cloudwatchlogs.StartQueryInput{LogGroupName: str("a"), QueryString: &text, StartTime: aws.Int64(0), EndTime: aws.Int64(10)})
		f.fails(err, "MalformedQueryException")
	}
	_, err = f.StartQuery(f.ctx, &cloudwatchlogs.StartQueryInput{LogGroupName: str("none"), QueryString: str("fields a"), StartTime: aws.Int64(0), EndTime: aws.Int64(10)})
	f.fails(err, "ResourceNotFoundException")
	list, err := f.DescribeQueries(f.ctx, &cloudwatchlogs.DescribeQueriesInput{Status: types.QueryStatusComplete})
	f.ok(err)
	if len(list.Queries) != 3 {
		t.Errorf("got %d queries", len(list.Queries))
	}
	_, err = f.StopQuery(f.ctx, &cloudwatchlogs.StopQueryInput{QueryId: list.Queries[0].QueryId})
	f.fails(err, "InvalidParameterException")
	page, err := f.GetQueryResults(f.ctx, &cloudwatchlogs.GetQueryResultsInput{QueryId: list.Queries[0].QueryId, MaxItems: aws.Int32(1)})
	f.ok(err)
	if len(page.Results) != 1 {
		t.Errorf("got %d rows", len(page.Results))
	}
	d, err := f.PutQueryDefinition(f.ctx, &cloudwatchlogs.PutQueryDefinitionInput{Name: str("slow"), QueryString: str("sort ms desc"), LogGroupNames: []string{"a"}})
	f.ok(err)
	kept, err := f.DescribeQueryDefinitions(f.ctx, &cloudwatchlogs.DescribeQueryDefinitionsInput{QueryDefinitionNamePrefix: str("sl")})
	f.ok(err)
	if len(kept.QueryDefinitions) != 1 || *kept.QueryDefinitions[0].QueryDefinitionId != *d.QueryDefinitionId {
		t.Errorf("got %+v", kept.QueryDefinitions)
	}
	_, err = f.DeleteQueryDefinition(f.ctx, &cloudwatchlogs.DeleteQueryDefinitionInput{QueryDefinitionId: d.QueryDefinitionId})
	f.ok(err)
}

// TestMetricFilters measures what matches.
func TestMetricFilters(t *testing.T) {
	f := open(t)
	f.group("g", "s")
	filter := func(name, pattern, value string, dimensions map[string]string, otherwise *float64) error {
		_, err := f.PutMetricFilter(f.ctx, &cloudwatchlogs.PutMetricFilterInput{LogGroupName: str("g"), FilterName: &name, FilterPattern: &pattern,
			MetricTransformations: []types.MetricTransformation{{MetricNamespace: &name, MetricName: str("m"), MetricValue: &value, Dimensions: dimensions, DefaultValue: otherwise}}})
		return err
	}
	f.ok(filter("Errors", "ERROR", "1", nil, aws.Float64(0)))
	f.ok(filter("Latency", "{ $.ms > 5 }", "$.ms", map[string]string{"Path": "$.path"}, nil))
	f.ok(filter("Bytes", "[ip, ..., bytes > 10]", "$bytes", nil, nil))
	f.fails(filter("bad", "{", "1", nil, nil), "InvalidParameterException")
	f.fails(filter("bad", "x", "many", nil, nil), "InvalidParameterException")
	f.fails(filter("bad", "x", "1", map[string]string{"a": "$.a"}, aws.Float64(0)), "InvalidParameterException")
	f.put("g", "s", "ERROR", "fine", `{"ms":7,"path":"/x"}`, `{"ms":1,"path":"/x"}`, `{"ms":9}`, "10.0.0.1 GET 200 77")
	f.same(f.measured.has("Errors"), "m=1, m=0, m=0, m=0, m=0, m=0")
	f.same(f.measured.has("Latency"), "m=7 Path=/x")
	f.same(f.measured.has("Bytes"), "m=77")
	f.same(f.measured.has("AWS/Logs"), "IncomingLogEvents=6 LogGroupName=g, IncomingBytes="+fmt.Sprint(len(`ERRORfine{"ms":7,"path":"/x"}{"ms":1,"path":"/x"}{"ms":9}10.0.0.1 GET 200 77`)+6*26)+" LogGroupName=g")
	list, err := f.DescribeMetricFilters(f.ctx, &cloudwatchlogs.DescribeMetricFiltersInput{MetricName: str("m"), MetricNamespace: str("Errors")})
	f.ok(err)
	if len(list.MetricFilters) != 1 {
		t.Errorf("got %+v", list.MetricFilters)
	}
	_, err = f.DeleteMetricFilter(f.ctx, &cloudwatchlogs.DeleteMetricFilterInput{LogGroupName: str("g"), FilterName: str("Errors")})
	f.ok(err)
	tested, err := f.TestMetricFilter(f.ctx, &cloudwatchlogs.TestMetricFilterInput{FilterPattern: str("[a, b = 2]"), LogEventMessages: []string{"1 2", "2 3", "3 2"}})
	f.ok(err)
	if len(tested.Matches) != 2 || tested.Matches[1].EventNumber != 3 || tested.Matches[1].ExtractedValues["$a"] != "3" {
		t.Errorf("got %+v", tested.Matches)
	}
}
