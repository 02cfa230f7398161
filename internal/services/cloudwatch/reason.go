package cloudwatch

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// timeForm is how alarms write times in JSON.
const timeForm = "2006-01-02T15:04:05.000-0700"

// decimal writes a number as alarms do: 1.0.
func decimal(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e7 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

var relations = map[types.ComparisonOperator]string{
	types.ComparisonOperatorGreaterThanOrEqualToThreshold: "greater than or equal to", types.ComparisonOperatorGreaterThanThreshold: "greater than",
	types.ComparisonOperatorLessThanThreshold: "less than", types.ComparisonOperatorLessThanOrEqualToThreshold: "less than or equal to",
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func were(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// reason tells in words and in JSON why a verdict is one.
func (m *metric) reason(v verdict, old types.StateValue, now time.Time, s seen) (text, data string) {
	n := int(m.Periods)
	type datapoint struct {
		Timestamp   string   `json:"timestamp"`
		SampleCount *float64 `json:"sampleCount,omitempty"`
		Value       *float64 `json:"value,omitempty"`
	}
	doc := struct {
		Version   string      `json:"version"`
		QueryDate string      `json:"queryDate"`
		StartDate string      `json:"startDate,omitempty"`
		Unit      string      `json:"unit,omitempty"`
		Statistic string      `json:"statistic,omitempty"`
		Period    int64       `json:"period"`
		Recent    []float64   `json:"recentDatapoints"`
		Threshold float64     `json:"threshold"`
		Evaluated []datapoint `json:"evaluatedDatapoints"`
	}{Version: "1.0", QueryDate: now.Format(timeForm), Unit: string(m.Unit), Statistic: m.stat(), Period: s.period, Recent: []float64{}, Threshold: m.Threshold}
	for _, o := range s.list[spare:] {
		point := datapoint{Timestamp: time.Unix(o.At, 0).UTC().Format(timeForm), Value: o.Value}
		if o.Count > 0 {
			point.SampleCount = &o.Count
		}
		if doc.Evaluated = append(doc.Evaluated, point); o.Value != nil {
			doc.Recent = append(doc.Recent, *o.Value)
		}
	}
	slices.Reverse(doc.Evaluated)
	if len(v.Evaluated) > 0 {
		doc.StartDate = time.Unix(v.Evaluated[len(v.Evaluated)-1].At, 0).UTC().Format(timeForm)
	}
	if b, err := json.Marshal(doc); err == nil {
		data = string(b)
	}
	if v.State == types.StateValueInsufficientData {
		return "Insufficient Data: " + plural(n, "datapoint") + " " + were(n) + " unknown.", data
	}
	treated := map[string]string{"breaching": "[Breaching]", "notBreaching": "[NonBreaching]"}[m.Missing]
	if len(v.Evaluated) == 0 {
		return fmt.Sprintf("Threshold Crossed: no datapoints were received for %s and %s %s treated as %s.", plural(n, "period"), plural(n, "missing datapoint"),
			were(n), treated), data
	}
	var points []string
	for _, o := range v.Evaluated {
		if breaches(m.Comparison, *o.Value, m.Threshold) == (v.State == types.StateValueAlarm) {
			points = append(points, fmt.Sprintf("%s (%s)", decimal(*o.Value), time.Unix(o.At, 0).UTC().Format("02/01/06 15:04:05")))
		}
	}
	not, minimum := "", m.enough()
	if v.State == types.StateValueOk {
		not, minimum = "not ", n-m.enough()+1
	}
	missing := ""
	if v.Filled > 0 && treated != "" {
		missing = fmt.Sprintf(" and %s %s treated as %s", plural(v.Filled, "missing datapoint"), were(v.Filled), treated)
	}
	return fmt.Sprintf("Threshold Crossed: %d out of the last %d datapoints [%s] %s %s%s the threshold (%s)%s (minimum %s for %s -> %s transition).", len(points), n,
		strings.Join(points, ", "), were(len(points)), not, relations[m.Comparison], decimal(m.Threshold), missing, plural(minimum, "datapoint"), old, v.State), data
}
