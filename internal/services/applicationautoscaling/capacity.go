package applicationautoscaling

import (
	"math"
	"strconv"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/scaling"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

func itoa(n int) string { return strconv.Itoa(n) }

func lower(a types.StepAdjustment) float64 {
	if a.MetricIntervalLowerBound == nil {
		return math.Inf(-1)
	}
	return *a.MetricIntervalLowerBound
}

func upper(a types.StepAdjustment) float64 {
	if a.MetricIntervalUpperBound == nil {
		return math.Inf(1)
	}
	return *a.MetricIntervalUpperBound
}

// limit is how large a capacity can be computed: bounds of targets are within it.
const limit = math.MaxInt32

func whole(v float64) int { return int(max(min(v, limit), 0)) }

// stepped is the capacity that a step policy asks for. ok is false when no step fits.
// Source: https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
func stepped(c *types.StepScalingPolicyConfiguration, from int, x scaling.Alarm) (to int, ok bool) {
	if x.Value == nil {
		return 0, false
	}
	delta := *x.Value - x.Threshold
	for _, a := range c.StepAdjustments {
		in := lower(a) <= delta && delta < upper(a)
		if delta < 0 {
			in = lower(a) < delta && delta <= upper(a)
		}
		if !in {
			continue
		}
		by := float64(*a.ScalingAdjustment)
		switch c.AdjustmentType {
		case types.AdjustmentTypeExactCapacity:
			return whole(by), true
		case types.AdjustmentTypePercentChangeInCapacity:
			by = share(float64(from)*by/100, aws.ToInt32(c.MinAdjustmentMagnitude))
		}
		return whole(float64(from) + by), true
	}
	return 0, false
}

// share rounds a change of so many percent: what is above one towards zero, what is below to one, and to no less than the least change.
func share(change float64, least int32) float64 {
	size := math.Abs(change)
	if size >= 1 {
		size = math.Floor(size)
	} else if size > 0 {
		size = 1
	}
	if change != 0 {
		size = max(size, float64(least))
	}
	return math.Copysign(size, change)
}

// tracked is the capacity at which the metric would have its target value.
func tracked(c *types.TargetTrackingScalingPolicyConfiguration, from int, value float64, out bool) int {
	to := whole(math.Ceil(float64(from)*value / *c.TargetValue - 1e-9))
	if out {
		return max(to, from+1)
	}
	return min(to, from)
}

// cooldown is how long after a change none of the same direction is made.
func (p *policy) cooldown(d Dimension, out bool) time.Duration {
	var given *int32
	switch {
	case p.Step != nil:
		given = p.Step.Cooldown
	case out:
		given = p.Tracking.ScaleOutCooldown
	default:
		given = p.Tracking.ScaleInCooldown
	}
	if given != nil {
		return time.Duration(*given) * time.Second
	}
	return d.Cooldown
}
