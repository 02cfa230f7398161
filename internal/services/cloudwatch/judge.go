package cloudwatch

import (
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// spare is how many periods more than it evaluates an alarm looks at, for data that are missing.
const spare = 2

// observation is what was seen of a period; Value is nil when there were no data.
type observation struct {
	At    int64 // seconds since 1970, the period's begin
	Value *float64
	Count float64 // of samples, when it is one metric
	Few   bool    // too few samples for the percentile
}

// verdict is what follows from observations. State is "" when the alarm keeps the one it has.
type verdict struct {
	State     types.StateValue
	Evaluated []observation // the latest first
	Filled    int           // periods without data that were held to be something
}

func breaches(c types.ComparisonOperator, v, threshold float64) bool {
	switch c {
	case types.ComparisonOperatorGreaterThanOrEqualToThreshold:
		return v >= threshold
	case types.ComparisonOperatorGreaterThanThreshold:
		return v > threshold
	case types.ComparisonOperatorLessThanThreshold:
		return v < threshold
	}
	return v <= threshold
}

// judge decides on observations, the oldest first. Real data go before what is made up for missing data.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func (m *metric) judge(list []observation) verdict {
	n, enough := int(m.Periods), m.enough()
	var real []observation
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Value != nil {
			real = append(real, list[i])
		}
	}
	out := verdict{Evaluated: real[:min(len(real), n)], Filled: max(n-len(real), 0)}
	breaching := 0
	for _, o := range out.Evaluated {
		if o.Few && m.LowSample == "ignore" {
			return out
		}
		if breaches(m.Comparison, *o.Value, m.Threshold) {
			breaching++
		}
	}
	fine := len(out.Evaluated) - breaching
	switch {
	case breaching >= enough:
		out.State = types.StateValueAlarm
	case out.Filled == 0:
		out.State = types.StateValueOk
	case m.Missing == "breaching":
		out.State = types.StateValueOk
		if breaching+out.Filled >= enough {
			out.State = types.StateValueAlarm
		}
	case m.Missing == "notBreaching":
		out.State = types.StateValueOk
	case m.Missing == "ignore":
		if fine > 0 {
			out.State = types.StateValueOk
		}
	case len(real) == 0:
		out.State = types.StateValueInsufficientData
	case fine == 0 && m.lasting(list, enough):
		out.State = types.StateValueAlarm
	case fine > 0:
		out.State = types.StateValueOk
	}
	return out
}

// lasting tells whether the oldest breaching data are so old that all the periods since would have been enough.
func (m *metric) lasting(list []observation, enough int) bool {
	for i, o := range list {
		if o.Value != nil && breaches(m.Comparison, *o.Value, m.Threshold) {
			return len(list)-i >= enough
		}
	}
	return false
}
