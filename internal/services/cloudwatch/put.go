package cloudwatch

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	maxData   = 1000 // of a request
	maxValues = 150  // of a datum
	// past and future are how far from now data may be.
	past   = 14 * 24 * time.Hour
	future = 2 * time.Hour
)

// greatest is how large a value may be.
var greatest = math.Pow(2, 360)

// PutMetricData keeps data. They are on disk when it returns.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
func (s *Service) PutMetricData(ctx context.Context, in *cloudwatch.PutMetricDataInput) (*cloudwatch.PutMetricDataOutput, error) {
	if strings.HasPrefix(*in.Namespace, "AWS/") && wire.CallOf(ctx).Principal.Kind != authz.Service {
		return nil, badValue("The value AWS/ for parameter Namespace is invalid.")
	}
	data := in.MetricData
	for _, e := range in.EntityMetricData {
		data = append(data, e.MetricData...)
	}
	switch {
	case len(data) == 0:
		return nil, required("The parameter MetricData is required.")
	case len(data) > maxData:
		return nil, badValue("The collection MetricData must not have a size greater than %d.", maxData)
	}
	now := s.Clock.Now()
	list := make([]metrics.Sample, len(data))
	for i := range data {
		var err error
		if list[i], err = sample(*in.Namespace, &data[i], fmt.Sprintf("MetricData.member.%d", i+1), now); err != nil {
			return nil, err
		}
	}
	call := wire.CallOf(ctx)
	return &cloudwatch.PutMetricDataOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		return s.Metrics.Put(tx, call.Account(), call.Region, list)
	})
}

func (s *Service) putDataTargets(_ context.Context, in *cloudwatch.PutMetricDataInput) ([]wire.Target, error) {
	return []wire.Target{{Resource: "*", Context: authz.Context{"cloudwatch:namespace": {aws.ToString(in.Namespace)}}}}, nil
}

// sample reads a datum, called at in messages.
func sample(namespace string, d *types.MetricDatum, at string, now time.Time) (metrics.Sample, error) {
	out := metrics.Sample{Series: series(namespace, *d.MetricName, d.Dimensions), Unit: unit(d.Unit), Time: now, Fine: aws.ToInt32(d.StorageResolution) == 1}
	if r := d.StorageResolution; r != nil && *r != 1 && *r != 60 {
		return out, badValue("The value %d for parameter %s.StorageResolution is invalid. It must be 1 or 60.", *r, at)
	}
	if t := d.Timestamp; t != nil {
		switch out.Time = *t; {
		case now.Sub(*t) > past:
			return out, badValue("The parameter %s.Timestamp must specify a time within the past two weeks.", at)
		case t.Sub(now) > future:
			return out, badValue("The parameter %s.Timestamp must specify a time no more than two hours in the future.", at)
		}
	}
	for i, x := range d.Dimensions {
		if strings.HasPrefix(*x.Name, ":") {
			return out, badValue("The value %s for parameter %s.Dimensions.member.%d.Name is invalid.", *x.Name, at, i+1)
		}
		for _, y := range d.Dimensions[:i] {
			if *x.Name == *y.Name {
				return out, badValue("The parameter %s.Dimensions must not have the name %s twice.", at, *x.Name)
			}
		}
	}
	given := 0
	for _, is := range []bool{d.Value != nil, len(d.Values) > 0, d.StatisticValues != nil} {
		if is {
			given++
		}
	}
	switch {
	case given == 0:
		return out, required("At least one of the parameters %[1]s.Value, %[1]s.Values and %[1]s.StatisticValues must be specified.", at)
	case given > 1:
		return out, badCombination("The parameters %[1]s.Value, %[1]s.Values and %[1]s.StatisticValues are mutually exclusive.", at)
	case d.StatisticValues != nil:
		return out, statistics(&out, d.StatisticValues, at+".StatisticValues")
	case d.Value != nil:
		out.Add(*d.Value, 1)
		return out, within(*d.Value, at+".Value")
	}
	return out, values(&out, d, at)
}

func values(out *metrics.Sample, d *types.MetricDatum, at string) error {
	if len(d.Values) > maxValues {
		return badValue("The collection %s.Values must not have a size greater than %d.", at, maxValues)
	}
	if len(d.Counts) > 0 && len(d.Counts) != len(d.Values) {
		return badValue("The parameters %[1]s.Values and %[1]s.Counts must be of the same size.", at)
	}
	for i, v := range d.Values {
		n := 1.0
		if len(d.Counts) > 0 {
			n = d.Counts[i]
			if err := within(n, at+".Counts"); err != nil || n < 0 {
				return badValue("The value %v for parameter %s.Counts is invalid.", n, at)
			}
		}
		if err := within(v, at+".Values"); err != nil {
			return err
		}
		out.Add(v, n)
	}
	return nil
}

func statistics(out *metrics.Sample, x *types.StatisticSet, at string) error {
	for name, v := range map[string]*float64{"SampleCount": x.SampleCount, "Sum": x.Sum, "Minimum": x.Minimum, "Maximum": x.Maximum} {
		if err := within(*v, at+"."+name); err != nil {
			return err
		}
	}
	if *x.SampleCount <= 0 || *x.Minimum > *x.Maximum {
		return badValue("The parameter %s is invalid: it needs a SampleCount above 0 and a Minimum that is not above its Maximum.", at)
	}
	out.Aggregate = metrics.Statistics(*x.Sum, *x.SampleCount, *x.Minimum, *x.Maximum)
	return nil
}

func within(v float64, at string) error {
	if math.IsNaN(v) || math.Abs(v) > greatest {
		return badValue("The value %v for parameter %s is invalid.", v, at)
	}
	return nil
}

// unit is how a unit is kept: "" for None.
func unit(u types.StandardUnit) string {
	if u == types.StandardUnitNone {
		return ""
	}
	return string(u)
}

func shownUnit(u string) types.StandardUnit {
	if u == "" {
		return types.StandardUnitNone
	}
	return types.StandardUnit(u)
}

func series(namespace, name string, list []types.Dimension) metrics.Series {
	dims := make([]metrics.Dimension, len(list))
	for i, d := range list {
		dims[i] = metrics.Dimension{Name: *d.Name, Value: *d.Value}
	}
	return metrics.Series{Namespace: namespace, Name: name, Dimensions: metrics.Sorted(dims)}
}

func dimensions(list []metrics.Dimension) []types.Dimension {
	out := make([]types.Dimension, len(list))
	for i, d := range list {
		out[i] = types.Dimension{Name: &d.Name, Value: &d.Value}
	}
	return out
}
