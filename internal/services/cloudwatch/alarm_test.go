package cloudwatch_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func above(name string, actions ...string) *cloudwatch.PutMetricAlarmInput {
	return &cloudwatch.PutMetricAlarmInput{AlarmName: &name, Namespace: str("N"), MetricName: str("m"), Statistic: "Average", Period: aws.Int32(60),
		EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(5), ComparisonOperator: "GreaterThanThreshold", AlarmActions: actions, OKActions: actions}
}

// TestAlarm goes from no data to alarm and back, and tells a topic with its first policy, the bus and the history.
func TestAlarm(t *testing.T) {
	f := open(t)
	topic, queue := f.topic("t")
	in := above("high", topic)
	in.AlarmDescription, in.Tags = str("too high"), []types.Tag{{Key: str("k"), Value: str("v")}}
	_, err := f.PutMetricAlarm(f.ctx, in)
	f.ok(err)
	if got := f.state("high"); got != types.StateValueInsufficientData {
		t.Errorf("begins as %s", got)
	}
	f.put(7, 9)
	f.pass(62 * time.Second)
	f.becomes("high", types.StateValueAlarm)
	subject, m := f.arrives(queue)
	want := "Threshold Crossed: 1 out of the last 1 datapoints [8.0 ("
	if subject != `ALARM: "high" in US East (N. Virginia)` || m["NewStateValue"] != "ALARM" || m["OldStateValue"] != "INSUFFICIENT_DATA" ||
		!strings.HasPrefix(m["NewStateReason"].(string), want) || m["AlarmDescription"] != "too high" || m["Trigger"].(map[string]any)["Statistic"] != "AVERAGE" {
		t.Errorf("%s %v", subject, m)
	}
	f.put(1)
	f.pass(60 * time.Second)
	f.becomes("high", types.StateValueOk)
	if subject, m = f.arrives(queue); !strings.HasPrefix(subject, "OK: ") || m["OldStateValue"] != "ALARM" {
		t.Errorf("%s %v", subject, m)
	}
	f.pass(60 * time.Second) // two periods without data are made up for by those before
	f.pass(60 * time.Second)
	f.pass(60 * time.Second)
	f.becomes("high", types.StateValueInsufficientData)

	f.soon("history", func() bool {
		out, err := f.DescribeAlarmHistory(f.ctx, &cloudwatch.DescribeAlarmHistoryInput{AlarmName: str("high"), ScanBy: "TimestampAscending"})
		f.ok(err)
		got := ""
		for _, h := range out.AlarmHistoryItems {
			got += string(h.HistoryItemType) + " " + *h.HistorySummary + "\n"
		}
		return strings.Count(got, "StateUpdate Alarm updated from") == 3 && strings.Count(got, "Action Successfully executed action "+topic) == 2 &&
			strings.HasPrefix(got, `ConfigurationUpdate Alarm "high" created`) && strings.Contains(got, "from ALARM to OK")
	})
	f.soon("events", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		got := ""
		for _, e := range f.events {
			var d struct {
				AlarmName     string
				State         struct{ Value string }
				PreviousState struct{ Value string }
				Configuration struct{ Metrics []map[string]any }
			}
			f.ok(json.Unmarshal(e.Detail, &d))
			got += fmt.Sprintf("%s|%s %s>%s %d %v;", e.Source, e.DetailType, d.PreviousState.Value, d.State.Value, len(d.Configuration.Metrics), e.Resources)
		}
		arn := "[arn:aws:cloudwatch:us-east-1:" + f.account + ":alarm:high]"
		return got == "aws.cloudwatch|CloudWatch Alarm Configuration Change >INSUFFICIENT_DATA 1 "+arn+";"+
			"aws.cloudwatch|CloudWatch Alarm State Change INSUFFICIENT_DATA>ALARM 1 "+arn+";"+
			"aws.cloudwatch|CloudWatch Alarm State Change ALARM>OK 1 "+arn+";"+
			"aws.cloudwatch|CloudWatch Alarm State Change OK>INSUFFICIENT_DATA 1 "+arn+";"
	})
	_, err = f.DeleteAlarms(f.ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"high", "none"}})
	f.ok(err)
	out, err := f.DescribeAlarms(f.ctx, &cloudwatch.DescribeAlarmsInput{})
	f.ok(err)
	if len(out.MetricAlarms) != 0 {
		t.Errorf("left %v", out.MetricAlarms)
	}
}

// TestActionsOff has an alarm change without telling anybody, and a missing topic told in the history.
func TestActionsOff(t *testing.T) {
	f := open(t)
	topic, queue := f.topic("t")
	_, err := f.PutMetricAlarm(f.ctx, above("a", topic, topic+"-none"))
	f.ok(err)
	f.pass(2 * time.Second)
	_, err = f.DisableAlarmActions(f.ctx, &cloudwatch.DisableAlarmActionsInput{AlarmNames: []string{"a"}})
	f.ok(err)
	set := func(s types.StateValue) {
		t.Helper()
		_, err := f.SetAlarmState(f.ctx, &cloudwatch.SetAlarmStateInput{AlarmName: str("a"), StateValue: s, StateReason: str("because")})
		f.ok(err)
	}
	set("ALARM")
	_, err = f.EnableAlarmActions(f.ctx, &cloudwatch.EnableAlarmActionsInput{AlarmNames: []string{"a"}})
	f.ok(err)
	set("OK")
	if subject, m := f.arrives(queue); !strings.HasPrefix(subject, "OK") || m["NewStateReason"] != "because" {
		t.Errorf("%s %v", subject, m)
	}
	f.soon("a failure", func() bool {
		out, err := f.DescribeAlarmHistory(f.ctx, &cloudwatch.DescribeAlarmHistoryInput{HistoryItemType: "Action"})
		f.ok(err)
		return len(out.AlarmHistoryItems) == 2 && strings.Contains(*out.AlarmHistoryItems[0].HistorySummary+*out.AlarmHistoryItems[1].HistorySummary, "Failed to execute action "+topic+"-none")
	})
	_, err = f.SetAlarmState(f.ctx, &cloudwatch.SetAlarmStateInput{AlarmName: str("none"), StateValue: "OK", StateReason: str("r")})
	f.fails(err, "ResourceNotFound")
}

// TestScaling tells a scaling policy again while the alarm lasts.
func TestScaling(t *testing.T) {
	f := open(t)
	policy := "arn:aws:autoscaling:us-east-1:" + f.account + ":scalingPolicy:u:resource/lambda/function:f:live:policyName/p"
	in := above("a", policy)
	in.OKActions = nil
	_, err := f.PutMetricAlarm(f.ctx, in)
	f.ok(err)
	f.put(7)
	f.pass(62 * time.Second)
	told := func(n int) {
		t.Helper()
		f.soon("the policy", func() bool { f.mu.Lock(); defer f.mu.Unlock(); return len(f.scaled) >= n })
	}
	told(1)
	f.put(9)
	f.pass(60 * time.Second)
	told(2)
	if a := f.scaled[1]; a.Policy != policy || a.Alarm != "a" || a.State != "ALARM" || a.Value == nil || *a.Value != 9 || a.Threshold != 5 {
		t.Errorf("told %+v", a)
	}
	f.put(1)
	f.pass(60 * time.Second)
	f.becomes("a", types.StateValueOk)
}

func TestMathAlarm(t *testing.T) {
	f := open(t)
	stat := func(id, name string) types.MetricDataQuery {
		return types.MetricDataQuery{Id: &id, ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{Metric: &types.Metric{Namespace: str("N"), MetricName: &name},
			Period: aws.Int32(60), Stat: str("Sum")}}
	}
	in := &cloudwatch.PutMetricAlarmInput{AlarmName: str("rate"), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(10), ComparisonOperator: "GreaterThanOrEqualToThreshold",
		TreatMissingData: str("notBreaching"),
		Metrics:          []types.MetricDataQuery{stat("e", "errors"), stat("all", "m"), {Id: str("percent"), Expression: str("100 * FILL(e, 0) / all")}}}
	_, err := f.PutMetricAlarm(f.ctx, in)
	f.ok(err)
	f.pass(2 * time.Second)
	f.becomes("rate", types.StateValueOk)
	f.put(10)
	_, err = f.PutMetricData(f.ctx, &cloudwatch.PutMetricDataInput{Namespace: str("N"), MetricData: []types.MetricDatum{{MetricName: str("errors"), Value: aws.Float64(1)}}})
	f.ok(err)
	f.pass(60 * time.Second)
	f.becomes("rate", types.StateValueAlarm)
	for _, expression := range []string{"SEARCH('{N} m', 'Sum')", "[e, all]", "1", "nope", "e +", "SELECT AVG(m) FROM N"} {
		in.Metrics[2].Expression = &expression
		_, err := f.PutMetricAlarm(f.ctx, in)
		f.fails(err, "ValidationError")
	}
}

func TestComposite(t *testing.T) {
	f := open(t)
	topic, queue := f.topic("t")
	for _, name := range []string{"a", "b", "quiet"} {
		_, err := f.PutMetricAlarm(f.ctx, above(name))
		f.ok(err)
	}
	in := &cloudwatch.PutCompositeAlarmInput{AlarmName: str("both"), AlarmRule: str("ALARM(a) AND ALARM(b)"), AlarmActions: []string{topic}, OKActions: []string{topic},
		ActionsSuppressor: str("quiet"), ActionsSuppressorWaitPeriod: aws.Int32(30), ActionsSuppressorExtensionPeriod: aws.Int32(20)}
	_, err := f.PutCompositeAlarm(f.ctx, in)
	f.ok(err)
	f.becomes("both", types.StateValueOk)
	set := func(name string, s types.StateValue) {
		t.Helper()
		_, err := f.SetAlarmState(f.ctx, &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: s, StateReason: str("set")})
		f.ok(err)
	}
	by := func(want types.ActionsSuppressedBy) {
		t.Helper()
		f.soon("suppressed by "+string(want), func() bool {
			out, err := f.DescribeAlarms(f.ctx, &cloudwatch.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{"CompositeAlarm"}})
			f.ok(err)
			return out.CompositeAlarms[0].ActionsSuppressedBy == want
		})
	}
	f.pass(time.Second)
	by("WaitPeriod") // the first state, OK, waits too
	f.pass(30 * time.Second)
	by("")
	if subject, _ := f.arrives(queue); !strings.HasPrefix(subject, "OK") {
		t.Errorf("told %s", subject)
	}
	set("a", "ALARM")
	f.clock.Advance(time.Millisecond)
	set("b", "ALARM")
	f.becomes("both", types.StateValueAlarm)
	by("WaitPeriod")
	set("quiet", "ALARM")
	by("Alarm")
	set("quiet", "OK")
	by("ExtensionPeriod")
	f.pass(20 * time.Second)
	by("")
	subject, m := f.arrives(queue)
	if !strings.HasPrefix(subject, "ALARM") || m["AlarmRule"] != "ALARM(a) AND ALARM(b)" || !strings.Contains(m["NewStateReason"].(string), "alarm:b transitioned to ALARM at ") {
		t.Errorf("told %s %v", subject, m)
	}
	_, err = f.DeleteAlarms(f.ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"a"}})
	f.fails(err, "ValidationError")
	out, err := f.DescribeAlarms(f.ctx, &cloudwatch.DescribeAlarmsInput{ChildrenOfAlarmName: str("both")})
	f.ok(err)
	if len(out.MetricAlarms) != 3 {
		t.Errorf("children %v", out.MetricAlarms)
	}
	out, err = f.DescribeAlarms(f.ctx, &cloudwatch.DescribeAlarmsInput{ParentsOfAlarmName: str("a")})
	f.ok(err)
	if len(out.CompositeAlarms) != 1 {
		t.Errorf("parents %v", out.CompositeAlarms)
	}
	in.AlarmRule = str("ALARM(none)")
	_, err = f.PutCompositeAlarm(f.ctx, in)
	f.fails(err, "ValidationError")
	// Those that look at each other are left as they are, and hold up nobody.
	for _, x := range [][2]string{{"other", "FALSE"}, {"both", "NOT ALARM(other)"}, {"other", "ALARM(both)"}} {
		_, err = f.PutCompositeAlarm(f.ctx, &cloudwatch.PutCompositeAlarmInput{AlarmName: &x[0], AlarmRule: &x[1]})
		f.ok(err)
	}
	_, err = f.PutCompositeAlarm(f.ctx, &cloudwatch.PutCompositeAlarmInput{AlarmName: str("fine"), AlarmRule: str("ALARM(b)")})
	f.ok(err)
	f.becomes("fine", types.StateValueAlarm)
}

func TestAlarmsRefused(t *testing.T) {
	f := open(t)
	g := func(what string, change func(*cloudwatch.PutMetricAlarmInput)) {
		t.Helper()
		in := above("a")
		change(in)
		_, err := f.PutMetricAlarm(f.ctx, in)
		if err == nil {
			t.Errorf("%s is taken", what)
			return
		}
		f.fails(err, "ValidationError")
	}
	g("no threshold", func(in *cloudwatch.PutMetricAlarmInput) { in.Threshold = nil })
	g("no operator", func(in *cloudwatch.PutMetricAlarmInput) { in.ComparisonOperator = "" })
	g("anomaly detection", func(in *cloudwatch.PutMetricAlarmInput) { in.ThresholdMetricId = str("x") })
	g("no metric", func(in *cloudwatch.PutMetricAlarmInput) { in.MetricName = nil })
	g("two statistics", func(in *cloudwatch.PutMetricAlarmInput) { in.ExtendedStatistic = str("p99") })
	g("bad percentile", func(in *cloudwatch.PutMetricAlarmInput) { in.Statistic, in.ExtendedStatistic = "", str("p999") })
	g("odd period", func(in *cloudwatch.PutMetricAlarmInput) { in.Period = aws.Int32(61) })
	g("more than a day", func(in *cloudwatch.PutMetricAlarmInput) { in.EvaluationPeriods = aws.Int32(1441) })
	g("M above N", func(in *cloudwatch.PutMetricAlarmInput) { in.DatapointsToAlarm = aws.Int32(2) })
	g("missing data", func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = str("x") })
	g("action", func(in *cloudwatch.PutMetricAlarmInput) {
		in.AlarmActions = []string{"arn:aws:automate:us-east-1:ec2:stop"}
	})
	g("no ARN", func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmActions = []string{"topic"} })
}
