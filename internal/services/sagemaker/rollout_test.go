package sagemaker

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

func TestSteps(t *testing.T) {
	count, percent := types.CapacitySizeTypeInstanceCount, types.CapacitySizeTypeCapacityPercent
	f := func(kind types.TrafficRoutingConfigType, size types.CapacitySizeType, n int32, instances int, want string) {
		t.Helper()
		c := &types.CapacitySize{Type: size, Value: &n}
		got := steps(&types.TrafficRoutingConfig{Type: kind, CanarySize: c, LinearStepSize: c}, instances)
		if text := fmt.Sprintf("%.2f", got); text != want {
			t.Errorf("%s of %d %s: got %s, want %s", kind, n, size, text, want)
		}
	}
	f(types.TrafficRoutingConfigTypeAllAtOnce, percent, 10, 1, "[1.00]")
	f(types.TrafficRoutingConfigTypeCanary, percent, 10, 1, "[0.10 1.00]")
	f(types.TrafficRoutingConfigTypeCanary, count, 1, 4, "[0.25 1.00]")
	f(types.TrafficRoutingConfigTypeCanary, count, 4, 4, "[1.00]")
	f(types.TrafficRoutingConfigTypeLinear, percent, 25, 1, "[0.25 0.50 0.75 1.00]")
	f(types.TrafficRoutingConfigTypeLinear, percent, 40, 1, "[0.40 0.80 1.00]")
	f(types.TrafficRoutingConfigTypeLinear, count, 1, 3, "[0.33 0.67 1.00]")
}

func TestWatchEnds(t *testing.T) {
	f := open(t)
	f.ok(f.watch(t.Context(), f.key, f.role, nil, 0))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.watch(ctx, f.key, f.role, nil, time.Hour); err != context.Canceled {
		t.Errorf("got %v", err)
	}
}

func TestRetain(t *testing.T) {
	v := func(name string, count int32, weight float32) variant {
		return variant{Of: types.ProductionVariant{VariantName: &name}, Count: count, Weight: weight}
	}
	f := func(want string, but ...types.VariantPropertyType) {
		t.Helper()
		now := &deployment{Variants: []variant{v("A", 5, 0.5), v("gone", 9, 9)}}
		next := &deployment{Variants: []variant{v("A", 1, 1), v("B", 2, 2)}}
		var list []types.VariantProperty
		for _, p := range but {
			list = append(list, types.VariantProperty{VariantPropertyType: p})
		}
		retain(next, now, list)
		got := ""
		for _, v := range next.Variants {
			got += fmt.Sprint(aws.ToString(v.Of.VariantName), v.Count, " ", v.Weight, ";")
		}
		if got != want {
			t.Errorf("but %v: got %s, want %s", but, got, want)
		}
	}
	f("A5 0.5;B2 2;")
	f("A1 0.5;B2 2;", types.VariantPropertyTypeDesiredInstanceCount)
	f("A5 1;B2 2;", types.VariantPropertyTypeDesiredWeight)
}
