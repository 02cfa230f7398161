package cloudwatch

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// observations reads "0 - X": 0 is fine, X breaches, - is missing.
func observations(text string) (out []observation) {
	for i, c := range strings.Fields(text) {
		o := observation{At: int64(i * 60)}
		switch c {
		case "0":
			o.Value = aws.Float64(0)
		case "X":
			o.Value = aws.Float64(10)
		}
		out = append(out, o)
	}
	return out
}

// TestJudge has the tables of
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html and more.
func TestJudge(t *testing.T) {
	f := func(seen string, n, m int32, missing, ignore, breaching, notBreaching types.StateValue) {
		t.Helper()
		for treat, want := range map[string]types.StateValue{"": missing, "missing": missing, "ignore": ignore, "breaching": breaching, "notBreaching": notBreaching} {
			x := &metric{Periods: n, ToAlarm: &m, Threshold: 5, Comparison: types.ComparisonOperatorGreaterThanThreshold, Missing: treat}
			if got := x.judge(observations(seen)).State; got != want {
				t.Errorf("%s, %d of %d, %q: %q, want %q", seen, m, n, treat, got, want)
			}
		}
	}
	const ok, alarm, none, keep = types.StateValueOk, types.StateValueAlarm, types.StateValueInsufficientData, types.StateValue("")
	f("0 - X - X", 3, 3, ok, ok, ok, ok)
	f("0 - - - -", 3, 3, ok, ok, ok, ok)
	f("- - - - -", 3, 3, none, keep, alarm, ok)
	f("0 X X - X", 3, 3, alarm, alarm, alarm, alarm)
	f("- - X - -", 3, 3, alarm, keep, alarm, ok)
	f("0 - X - X", 3, 2, alarm, alarm, alarm, alarm)
	f("0 0 X 0 X", 3, 2, alarm, alarm, alarm, alarm)
	f("0 - X - -", 3, 2, ok, ok, alarm, ok)
	f("- - - - 0", 3, 2, ok, ok, alarm, ok)
	f("- - - X -", 3, 2, alarm, keep, alarm, ok)
	f("- - X", 1, 1, alarm, alarm, alarm, alarm)
	f("X - -", 1, 1, alarm, alarm, alarm, alarm)
	f("X - 0", 1, 1, ok, ok, ok, ok)
	f("- - - - X", 3, 3, keep, keep, alarm, ok)
}

func TestFewSamples(t *testing.T) {
	x := &metric{Periods: 1, Threshold: 5, Comparison: types.ComparisonOperatorGreaterThanThreshold, Extended: "p99"}
	list := observations("0 0 X")
	list[2].Few = true
	if got := x.judge(list).State; got != types.StateValueAlarm {
		t.Errorf("evaluated: %s", got)
	}
	x.LowSample = "ignore"
	if got := x.judge(list).State; got != "" {
		t.Errorf("ignored: %s", got)
	}
	for stat, want := range map[string]float64{"p50": 20, "p90": 100, "p10": 100, "Average": 0, "tm99": 0} {
		if got := lowSample(stat); got < want-1e-6 || got > want+1e-6 {
			t.Errorf("%s needs %v samples, want %v", stat, got, want)
		}
	}
}

func TestReason(t *testing.T) {
	f := func(seen_ string, n, m int32, missing string, want string) {
		t.Helper()
		x := &metric{Periods: n, ToAlarm: &m, Threshold: 5, Comparison: types.ComparisonOperatorGreaterThanThreshold, Missing: missing}
		list := observations(seen_)
		text, data := x.reason(x.judge(list), types.StateValueOk, time.Unix(600, 0).UTC(), seen{list: list, period: 60})
		if text != want {
			t.Errorf("%s: %s\nwant %s", seen_, text, want)
		}
		if !strings.Contains(data, `"queryDate":"1970-01-01T00:10:00.000+0000"`) {
			t.Errorf("data %s", data)
		}
	}
	f("0 0 X", 1, 1, "", "Threshold Crossed: 1 out of the last 1 datapoints [10.0 (01/01/70 00:02:00)] was greater than the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition).")
	f("0 0 X X", 2, 2, "", "Threshold Crossed: 2 out of the last 2 datapoints [10.0 (01/01/70 00:03:00), 10.0 (01/01/70 00:02:00)] were greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition).")
	f("- - 0", 1, 1, "", "Threshold Crossed: 1 out of the last 1 datapoints [0.0 (01/01/70 00:02:00)] was not greater than the threshold (5.0) (minimum 1 datapoint for OK -> OK transition).")
	f("- - -", 1, 1, "", "Insufficient Data: 1 datapoint was unknown.")
	f("- - -", 1, 1, "breaching", "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [Breaching].")
}
