package applicationautoscaling

import (
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/scaling"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

func TestStepped(t *testing.T) {
	f64, i32 := aws.Float64, aws.Int32
	out := []types.StepAdjustment{{MetricIntervalLowerBound: f64(0), MetricIntervalUpperBound: f64(10), ScalingAdjustment: i32(1)},
		{MetricIntervalLowerBound: f64(10), ScalingAdjustment: i32(50)}}
	in := []types.StepAdjustment{{MetricIntervalUpperBound: f64(0), MetricIntervalLowerBound: f64(-10), ScalingAdjustment: i32(-1)},
		{MetricIntervalUpperBound: f64(-10), ScalingAdjustment: i32(-30)}}
	f := func(kind types.AdjustmentType, steps []types.StepAdjustment, least int32, from int, value float64, want int, fits bool) {
		t.Helper()
		c := &types.StepScalingPolicyConfiguration{AdjustmentType: kind, StepAdjustments: steps, MinAdjustmentMagnitude: &least}
		if got, ok := stepped(c, from, scaling.Alarm{Value: &value, Threshold: 50}); got != want || ok != fits {
			t.Errorf("%s of %d at %v: %d %v, want %d %v", kind, from, value, got, ok, want, fits)
		}
	}
	f(types.AdjustmentTypeChangeInCapacity, out, 0, 4, 50, 5, true)
	f(types.AdjustmentTypeChangeInCapacity, out, 0, 4, 59.9, 5, true)
	f(types.AdjustmentTypeChangeInCapacity, out, 0, 4, 60, 54, true)
	f(types.AdjustmentTypeChangeInCapacity, out, 0, 4, 49, 0, false)
	f(types.AdjustmentTypeChangeInCapacity, in, 0, 4, 40, 0, true) // the bound is of the lower step
	f(types.AdjustmentTypeChangeInCapacity, in, 0, 4, 41, 3, true)
	f(types.AdjustmentTypePercentChangeInCapacity, out, 0, 5, 70, 7, true) // 2.5 is 2
	f(types.AdjustmentTypePercentChangeInCapacity, out, 0, 5, 55, 6, true) // 0.05 is 1
	f(types.AdjustmentTypePercentChangeInCapacity, out, 3, 5, 55, 8, true)
	f(types.AdjustmentTypePercentChangeInCapacity, in, 0, 10, 30, 7, true)
	f(types.AdjustmentTypeExactCapacity, out, 0, 4, 55, 1, true)
	if _, ok := stepped(&types.StepScalingPolicyConfiguration{StepAdjustments: out}, 4, scaling.Alarm{Threshold: 50}); ok {
		t.Error("scaled without a value")
	}
}

func TestTracked(t *testing.T) {
	f := func(from int, value float64, out bool, want int) {
		t.Helper()
		if got := tracked(&types.TargetTrackingScalingPolicyConfiguration{TargetValue: aws.Float64(0.7)}, from, value, out); got != want {
			t.Errorf("%d at %v: %d, want %d", from, value, got, want)
		}
	}
	f(10, 1.4, true, 20)
	f(10, 0.71, true, 11)
	f(0, 5, true, 1)
	f(10, 0.35, false, 5)
	f(10, 0.62, false, 9)
	f(10, 0.7, false, 10)
	f(10, 0, false, 0)
}
