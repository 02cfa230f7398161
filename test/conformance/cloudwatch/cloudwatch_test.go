// Package cloudwatch_test drives CloudWatch with boto3, the Go SDK and raw requests.
package cloudwatch_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func TestPython(t *testing.T) {
	s := harness.Start(t)
	harness.Tell(t, harness.Must(s.Admin(t.Context()))(t), "cloudwatch.py")
}

// TestQueryAndJSON speaks the two protocols that clients of today no longer do.
func TestQueryAndJSON(t *testing.T) {
	s := harness.Start(t)
	who := harness.Must(s.Admin(t.Context()))(t)
	send := func(kind, target, body string, status int, wants ...string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/", bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		if target != "" {
			r.Header.Set("X-Amz-Target", target)
		}
		sum := sha256.Sum256([]byte(body))
		if err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: who.Key, SecretAccessKey: who.Secret}, r, hex.EncodeToString(sum[:]),
			"monitoring", harness.Region, time.Now()); err != nil {
			t.Fatal(err)
		}
		out, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer out.Body.Close()
		b, err := io.ReadAll(out.Body)
		if err != nil || out.StatusCode != status {
			t.Errorf("%s: %d %v\n%s", body, out.StatusCode, err, b)
		}
		for _, want := range wants {
			if !strings.Contains(string(b), want) {
				t.Errorf("%s: no %s in\n%s", body, want, b)
			}
		}
	}
	query := func(action string, status int, v url.Values, wants ...string) {
		t.Helper()
		v.Set("Action", action)
		v.Set("Version", "2010-08-01")
		send("application/x-www-form-urlencoded; charset=utf-8", "", v.Encode(), status, wants...)
	}
	json := func(action string, status int, body string, wants ...string) {
		t.Helper()
		send("application/x-amz-json-1.0", "GraniteServiceVersion20100801."+action, body, status, wants...)
	}
	now := time.Now().UTC().Truncate(time.Minute).Add(-5 * time.Minute)
	query("PutMetricData", 200, url.Values{"Namespace": {"Q"}, "MetricData.member.1.MetricName": {"m"}, "MetricData.member.1.Value": {"4"},
		"MetricData.member.1.Timestamp": {now.Format(time.RFC3339)}, "MetricData.member.1.Dimensions.member.1.Name": {"D"},
		"MetricData.member.1.Dimensions.member.1.Value": {"v"}}, "<PutMetricDataResponse", "RequestId")
	stats := url.Values{"Namespace": {"Q"}, "MetricName": {"m"}, "Dimensions.member.1.Name": {"D"}, "Dimensions.member.1.Value": {"v"}, "Period": {"60"},
		"StartTime": {now.Add(-time.Minute).Format(time.RFC3339)}, "EndTime": {now.Add(time.Minute).Format(time.RFC3339)}, "Statistics.member.1": {"Sum"}}
	query("GetMetricStatistics", 200, stats, "<Sum>4", "<Label>m</Label>", "<Timestamp>"+now.Format("2006-01-02T15:04:05Z"))
	query("PutMetricAlarm", 200, url.Values{"AlarmName": {"q"}, "Namespace": {"Q"}, "MetricName": {"m"}, "Statistic": {"Sum"}, "Period": {"60"}, "EvaluationPeriods": {"1"},
		"Threshold": {"1"}, "ComparisonOperator": {"GreaterThanThreshold"}}, "<PutMetricAlarmResponse")
	query("PutMetricAlarm", 400, url.Values{"AlarmName": {"q"}}, "<Code>ValidationError</Code>", "<Type>Sender</Type>")
	query("SetAlarmState", 404, url.Values{"AlarmName": {"none"}, "StateValue": {"OK"}, "StateReason": {"r"}}, "<Code>ResourceNotFound</Code>")
	query("DescribeAlarms", 200, url.Values{}, "<AlarmName>q</AlarmName>", "<Threshold>1")
	query("DescribeInsightRules", 501, url.Values{}, "NotImplemented")
	json("ListMetrics", 200, `{"Namespace":"Q"}`, `"MetricName":"m"`, `"Dimensions":[{"Name":"D","Value":"v"}]`)
	json("DescribeAlarms", 200, `{"AlarmNames":["q"]}`, `"AlarmName":"q"`, `"ComparisonOperator":"GreaterThanThreshold"`)
	json("GetMetricData", 400, `{"MetricDataQueries":[{"Id":"e","Expression":"1"}],"StartTime":0,"EndTime":60}`, `"__type":"ValidationException"`, "must be a time series")
	json("PutMetricData", 400, `{"Namespace":"AWS/x","MetricData":[{"MetricName":"m","Value":1}]}`, "InvalidParameterValueException")
}

// TestKilled has data that were acknowledged, and the state of an alarm, survive kill -9.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	s := harness.StartWith(t, harness.Options{DataDir: dir})
	who := harness.Must(s.Admin(t.Context()))(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	at := time.Now().Add(-time.Hour).Truncate(time.Hour)
	var acknowledged atomic.Int64
	var all sync.WaitGroup
	client := cloudwatch.NewFromConfig(who.Config())
	_, err := client.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("a"), Namespace: aws.String("K"), MetricName: aws.String("x"),
		Statistic: "Sum", Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: "GreaterThanThreshold",
		TreatMissingData: aws.String("ignore")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("a"), StateValue: "ALARM", StateReason: aws.String("set")}); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		all.Go(func() {
			for ctx.Err() == nil {
				_, err := client.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("K"), MetricData: []types.MetricDatum{
					{MetricName: aws.String("n"), Value: aws.Float64(1), Timestamp: &at}}}, func(o *cloudwatch.Options) { o.RetryMaxAttempts = 1 })
				if err != nil {
					return
				}
				acknowledged.Add(1)
			}
		})
	}
	for end := time.Now().Add(20 * time.Second); acknowledged.Load() < 500 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	s.Kill()
	all.Wait()
	s = harness.StartWith(t, harness.Options{DataDir: dir})
	client = cloudwatch.NewFromConfig(s.Caller(who.Key, who.Secret, "").Config())
	out, err := client.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{Namespace: aws.String("K"), MetricName: aws.String("n"), StartTime: &at,
		EndTime: aws.Time(at.Add(time.Hour)), Period: aws.Int32(3600), Statistics: []types.Statistic{"Sum", "SampleCount"}})
	if err != nil {
		t.Fatal(err)
	}
	// At most the calls that were under way are there besides those that were acknowledged.
	if n := acknowledged.Load(); n == 0 || len(out.Datapoints) != 1 || *out.Datapoints[0].Sum < float64(n) || *out.Datapoints[0].Sum > float64(n+8) {
		t.Errorf("%d were acknowledged, kept %+v", n, out.Datapoints)
	}
	alarms, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
	if err != nil || len(alarms.MetricAlarms) != 1 || alarms.MetricAlarms[0].StateValue != "ALARM" {
		t.Errorf("alarms %+v %v", alarms, err)
	}
}

// TestRights lets a user put data into one namespace only.
func TestRights(t *testing.T) {
	s := harness.Start(t)
	who := harness.Must(s.User(t.Context(), s.Root(), "metrics", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudwatch:PutMetricData",
		"Resource":"*","Condition":{"StringEquals":{"cloudwatch:namespace":"Mine"}}}]}`))(t)
	client := cloudwatch.NewFromConfig(who.Config())
	put := func(namespace string) error {
		_, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: &namespace, MetricData: []types.MetricDatum{
			{MetricName: aws.String("m"), Value: aws.Float64(1)}}})
		return err
	}
	if err := put("Mine"); err != nil {
		t.Error(err)
	}
	if err := put("Theirs"); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("got %v", err)
	}
	if _, err := client.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{}); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("got %v", err)
	}
}
