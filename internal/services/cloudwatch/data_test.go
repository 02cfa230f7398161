package cloudwatch_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func TestPutAndGet(t *testing.T) {
	f := open(t)
	now := f.clock.Now()
	at := func(minutes int) *time.Time { return aws.Time(now.Add(time.Duration(minutes) * time.Minute)) }
	dims := []types.Dimension{{Name: str("Host"), Value: str("h1")}}
	_, err := f.PutMetricData(f.ctx, &cloudwatch.PutMetricDataInput{Namespace: str("App"), MetricData: []types.MetricDatum{
		{MetricName: str("latency"), Dimensions: dims, Unit: "Milliseconds", Timestamp: at(-10), Values: []float64{1, 2, 100}, Counts: []float64{50, 49, 1}},
		{MetricName: str("latency"), Dimensions: dims, Unit: "Milliseconds", Timestamp: at(-9), StatisticValues: &types.StatisticSet{SampleCount: aws.Float64(4),
			Sum: aws.Float64(40), Minimum: aws.Float64(5), Maximum: aws.Float64(20)}},
		{MetricName: str("latency"), Dimensions: dims, Unit: "Seconds", Timestamp: at(-9), Value: aws.Float64(3)},
		{MetricName: str("requests"), Timestamp: at(-5), Value: aws.Float64(8), StorageResolution: aws.Int32(1)},
	}})
	f.ok(err)
	out, err := f.GetMetricStatistics(f.ctx, &cloudwatch.GetMetricStatisticsInput{Namespace: str("App"), MetricName: str("latency"), Dimensions: dims, StartTime: at(-15),
		EndTime: at(0), Period: aws.Int32(60), Unit: "Milliseconds", Statistics: []types.Statistic{"Sum", "SampleCount", "Minimum", "Maximum", "Average"}})
	f.ok(err)
	got := ""
	for _, p := range out.Datapoints {
		got += fmt.Sprintf("%v %v %v %v %v %s;", *p.Sum, *p.SampleCount, *p.Minimum, *p.Maximum, *p.Average, p.Unit)
	}
	if got != "248 100 1 100 2.48 Milliseconds;40 4 5 20 10 Milliseconds;" {
		t.Errorf("statistics %s", got)
	}
	extended, err := f.GetMetricStatistics(f.ctx, &cloudwatch.GetMetricStatisticsInput{Namespace: str("App"), MetricName: str("latency"), Dimensions: dims, StartTime: at(-15),
		EndTime: at(0), Period: aws.Int32(300), ExtendedStatistics: []string{"p50", "p99.9", "tm99"}})
	f.ok(err)
	if len(extended.Datapoints) != 1 || extended.Datapoints[0].Unit != "Seconds" { // of those in milliseconds some came as statistics
		t.Errorf("extended %+v", extended.Datapoints)
	}
	fine, err := f.GetMetricStatistics(f.ctx, &cloudwatch.GetMetricStatisticsInput{Namespace: str("App"), MetricName: str("requests"), StartTime: at(-5), EndTime: at(-4),
		Period: aws.Int32(1), Statistics: []types.Statistic{"Sum"}})
	f.ok(err)
	if len(fine.Datapoints) != 1 || *fine.Datapoints[0].Sum != 8 {
		t.Errorf("by the second %+v", fine.Datapoints)
	}
}

func TestPutRefuses(t *testing.T) {
	f := open(t)
	g := func(code string, d types.MetricDatum) {
		t.Helper()
		d.MetricName = str("m")
		_, err := f.PutMetricData(f.ctx, &cloudwatch.PutMetricDataInput{Namespace: str("N"), MetricData: []types.MetricDatum{d}})
		f.fails(err, code)
	}
	one := aws.Float64(1)
	g("MissingParameter", types.MetricDatum{})
	g("InvalidParameterCombination", types.MetricDatum{Value: one, Values: []float64{1}})
	g("InvalidParameterValue", types.MetricDatum{Values: []float64{1, 2}, Counts: []float64{1}})
	g("InvalidParameterValue", types.MetricDatum{Values: make([]float64, 151)})
	g("InvalidParameterValue", types.MetricDatum{Value: aws.Float64(math.NaN())})
	g("InvalidParameterValue", types.MetricDatum{Value: aws.Float64(math.Inf(1))})
	g("InvalidParameterValue", types.MetricDatum{Value: aws.Float64(1e300)})
	g("InvalidParameterValue", types.MetricDatum{Value: one, StorageResolution: aws.Int32(30)})
	g("InvalidParameterValue", types.MetricDatum{Value: one, Timestamp: aws.Time(f.clock.Now().Add(-15 * 24 * time.Hour))})
	g("InvalidParameterValue", types.MetricDatum{Value: one, Timestamp: aws.Time(f.clock.Now().Add(3 * time.Hour))})
	g("InvalidParameterValue", types.MetricDatum{StatisticValues: &types.StatisticSet{SampleCount: aws.Float64(0), Sum: one, Minimum: one, Maximum: one}})
	_, err := f.PutMetricData(f.ctx, &cloudwatch.PutMetricDataInput{Namespace: str("AWS/SQS"), MetricData: []types.MetricDatum{{MetricName: str("m"), Value: one}}})
	f.fails(err, "InvalidParameterValue")
	_, err = f.PutMetricData(f.ctx, &cloudwatch.PutMetricDataInput{Namespace: str("N"), MetricData: make([]types.MetricDatum, 0)})
	f.fails(err, "MissingParameter")
}

func TestMetricData(t *testing.T) {
	f := open(t)
	start := f.clock.Now().Add(-time.Hour)
	for host, values := range map[string][]float64{"a": {1, 2, 3}, "b": {10, 20, 30}} {
		var data []types.MetricDatum
		for i, v := range values {
			data = append(data, types.MetricDatum{MetricName: str("load"), Value: &v, Timestamp: aws.Time(start.Add(time.Duration(i) * time.Minute)),
				Dimensions: []types.Dimension{{Name: str("Host"), Value: str(host)}}})
		}
		_, err := f.PutMetricData(f.ctx, &cloudwatch.PutMetricDataInput{Namespace: str("App"), MetricData: data})
		f.ok(err)
	}
	hidden := aws.Bool(false)
	stat := func(id, host string) types.MetricDataQuery {
		return types.MetricDataQuery{Id: &id, ReturnData: hidden, MetricStat: &types.MetricStat{Stat: str("Average"), Period: aws.Int32(60), Metric: &types.Metric{
			Namespace: str("App"), MetricName: str("load"), Dimensions: []types.Dimension{{Name: str("Host"), Value: str(host)}}}}}
	}
	get := func(limit int32, scan types.ScanBy, queries ...types.MetricDataQuery) (string, error) {
		in := &cloudwatch.GetMetricDataInput{StartTime: &start, EndTime: aws.Time(start.Add(10 * time.Minute)), MetricDataQueries: queries, ScanBy: scan}
		if limit > 0 {
			in.MaxDatapoints = &limit
		}
		var out []string
		p := cloudwatch.NewGetMetricDataPaginator(f.Client, in)
		for p.HasMorePages() {
			page, err := p.NextPage(f.ctx)
			if err != nil {
				return "", err
			}
			var parts []string
			for _, r := range page.MetricDataResults {
				parts = append(parts, fmt.Sprintf("%s %s %v", *r.Id, *r.Label, r.Values))
			}
			out = append(out, strings.Join(parts, "; "))
		}
		return strings.Join(out, " | "), nil
	}
	g := func(limit int32, scan types.ScanBy, want string, queries ...types.MetricDataQuery) {
		t.Helper()
		if got, err := get(limit, scan, queries...); err != nil || got != want {
			t.Errorf("got %s %v, want %s", got, err, want)
		}
	}
	sum := types.MetricDataQuery{Id: str("sum"), Expression: str("SUM(METRICS())")}
	g(0, "TimestampAscending", "sum sum [11 22 33]", stat("a", "a"), stat("b", "b"), sum)
	g(0, "", "sum sum [33 22 11]", stat("a", "a"), stat("b", "b"), sum)
	found := types.MetricDataQuery{Id: str("s"), Expression: str(`SEARCH('{App,Host} MetricName="load"', 'Maximum', 300)`)}
	g(0, "TimestampAscending", "s a [3]; s b [30]", found)
	g(2, "TimestampAscending", "m All a [1 2] | m All a [3]; m All b [10] | m All b [20 30]",
		types.MetricDataQuery{Id: str("m"), Label: str("All"), Expression: str(`SEARCH('{App,Host} load', 'Average', 60)`)})
	shown := stat("x", "a")
	shown.ReturnData, shown.Label = nil, str("${PROP('MetricName')} of ${PROP('Dim.Host')}: ${MAX} max, ${LABEL}")
	g(0, "TimestampAscending", "x load of a: 3 max, load [1 2 3]", shown)
	g(0, "TimestampAscending", "e e []", stat("none", "c"), types.MetricDataQuery{Id: str("e"), Expression: str("none * 2")})
	chain := types.MetricDataQuery{Id: str("y"), Expression: str("sum / 11")}
	hiddenSum := sum
	hiddenSum.ReturnData = hidden
	g(0, "TimestampAscending", "y y [1 2 3]", chain, hiddenSum, stat("a", "a"), stat("b", "b"))

	refused := func(queries ...types.MetricDataQuery) {
		t.Helper()
		_, err := get(0, "", queries...)
		f.fails(err, "ValidationError")
	}
	bad := func(expression string) types.MetricDataQuery {
		return types.MetricDataQuery{Id: str("q"), Expression: &expression}
	}
	refused(bad("1"))
	refused(bad("q + 1"))
	refused(bad("nope"))
	refused(bad("SUM("))
	refused(bad("SEARCH('(', 'Sum')"))
	refused(bad("SELECT AVG(load) FROM App"))
	refused(sum, sum)
	refused(types.MetricDataQuery{Id: str("Upper"), Expression: str("TIME_SERIES(1)")})
	refused(types.MetricDataQuery{Id: str("z")})
	other := stat("a", "a")
	other.AccountId = str("999999999999")
	refused(other)
	circle := types.MetricDataQuery{Id: str("c1"), Expression: str("c2")}
	refused(circle, types.MetricDataQuery{Id: str("c2"), Expression: str("c1")})
}

func TestListMetrics(t *testing.T) {
	f := open(t)
	for i := range 6 {
		var data []types.MetricDatum
		for j := range 100 {
			data = append(data, types.MetricDatum{MetricName: str(fmt.Sprintf("m%d", i)), Value: aws.Float64(1), Dimensions: []types.Dimension{
				{Name: str("D"), Value: str(fmt.Sprintf("%03d", j))}, {Name: str("C"), Value: str("c")}}})
		}
		_, err := f.PutMetricData(f.ctx, &cloudwatch.PutMetricDataInput{Namespace: str("N"), MetricData: data})
		f.ok(err)
	}
	count := func(in *cloudwatch.ListMetricsInput) (n, pages int) {
		t.Helper()
		p := cloudwatch.NewListMetricsPaginator(f.Client, in)
		seen := map[string]bool{}
		for p.HasMorePages() {
			out, err := p.NextPage(f.ctx)
			f.ok(err)
			for _, m := range out.Metrics {
				seen[fmt.Sprint(*m.MetricName, *m.Dimensions[1].Value)] = true
			}
			pages++
		}
		return len(seen), pages
	}
	g := func(in *cloudwatch.ListMetricsInput, want, pages int) {
		t.Helper()
		if n, p := count(in); n != want || p != pages {
			t.Errorf("%d in %d pages, want %d in %d", n, p, want, pages)
		}
	}
	g(&cloudwatch.ListMetricsInput{}, 600, 2)
	g(&cloudwatch.ListMetricsInput{Namespace: str("N"), MetricName: str("m1")}, 100, 1)
	g(&cloudwatch.ListMetricsInput{Dimensions: []types.DimensionFilter{{Name: str("D"), Value: str("007")}}}, 6, 1)
	g(&cloudwatch.ListMetricsInput{Dimensions: []types.DimensionFilter{{Name: str("C")}}, RecentlyActive: "PT3H"}, 600, 2)
	old := aws.Time(f.clock.Now().Add(-4 * time.Hour))
	_, err := f.PutMetricData(f.ctx, &cloudwatch.PutMetricDataInput{Namespace: str("Old"), MetricData: []types.MetricDatum{{MetricName: str("m"), Timestamp: old,
		Value: aws.Float64(1), Dimensions: []types.Dimension{{Name: str("A"), Value: str("a")}, {Name: str("D"), Value: str("d")}}}}})
	f.ok(err)
	g(&cloudwatch.ListMetricsInput{Namespace: str("Old"), RecentlyActive: "PT3H"}, 0, 1)
	g(&cloudwatch.ListMetricsInput{Namespace: str("Old")}, 1, 1)
}
