package applicationautoscaling

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	metrics "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	alarmsKind = "application-autoscaling.alarms"
	// A target is scaled out when the metric was above its value for highPeriods, and in when it was below slack of it for lowPeriods.
	highPeriods = 3
	lowPeriods  = 15
	slack       = 0.9
)

// watched is the metric that a target tracking policy looks at.
type watched struct {
	Namespace, Name, Statistic, Unit string
	Period                           int32
	Dimensions                       [][2]string
	Metrics                          []types.TargetTrackingMetricDataQuery
}

func watch(c *types.TargetTrackingScalingPolicyConfiguration, d Dimension, resource string) watched {
	if named := c.PredefinedMetricSpecification; named != nil {
		return d.Metrics[named.PredefinedMetricType](resource)
	}
	custom := c.CustomizedMetricSpecification
	out := watched{Namespace: aws.ToString(custom.Namespace), Name: aws.ToString(custom.MetricName), Statistic: string(custom.Statistic), Unit: aws.ToString(custom.Unit),
		Period: 60, Metrics: custom.Metrics}
	for _, x := range custom.Dimensions {
		out.Dimensions = append(out.Dimensions, [2]string{aws.ToString(x.Name), aws.ToString(x.Value)})
	}
	return out
}

// alarm is the request for an alarm on the metric.
func (w watched) alarm(name, policy string) *cloudwatch.PutMetricAlarmInput {
	in := &cloudwatch.PutMetricAlarmInput{AlarmName: &name, AlarmActions: []string{policy},
		AlarmDescription: aws.String("DO NOT EDIT OR DELETE. For TargetTrackingScaling policy " + policy + ".")}
	if len(w.Metrics) == 0 {
		in.Namespace, in.MetricName, in.Statistic, in.Period, in.Unit = &w.Namespace, &w.Name, metrics.Statistic(w.Statistic), &w.Period, metrics.StandardUnit(w.Unit)
		for _, x := range w.Dimensions {
			in.Dimensions = append(in.Dimensions, metrics.Dimension{Name: aws.String(x[0]), Value: aws.String(x[1])})
		}
		return in
	}
	for _, q := range w.Metrics {
		m := metrics.MetricDataQuery{Id: q.Id, Expression: q.Expression, Label: q.Label, ReturnData: q.ReturnData}
		if x := q.MetricStat; x != nil {
			m.MetricStat = &metrics.MetricStat{Stat: x.Stat, Unit: metrics.StandardUnit(aws.ToString(x.Unit)), Period: &w.Period, Metric: &metrics.Metric{}}
			if x.Metric != nil {
				m.MetricStat.Metric.Namespace, m.MetricStat.Metric.MetricName = x.Metric.Namespace, x.Metric.MetricName
				for _, d := range x.Metric.Dimensions {
					m.MetricStat.Metric.Dimensions = append(m.MetricStat.Metric.Dimensions, metrics.Dimension{Name: d.Name, Value: d.Value})
				}
			}
		}
		in.Metrics = append(in.Metrics, m)
	}
	return in
}

// putAlarms makes the alarms of a target tracking policy, or changes them. gone is one that the policy no longer has.
// Source: https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
func (s *Service) putAlarms(ctx context.Context, k store.Key, d Dimension, t target, p *policy) (gone string, err error) {
	c, err := s.as(ctx, d, k)
	if err != nil {
		return "", err
	}
	w := watch(p.Tracking, d, t.Resource)
	name := func(kind string) string {
		return "TargetTracking-" + t.Resource + "-Alarm" + kind + "-" + uuid.NewString()
	}
	if p.High == "" {
		p.High = name("High")
	}
	if aws.ToBool(p.Tracking.DisableScaleIn) {
		gone, p.Low = p.Low, ""
	} else if p.Low == "" {
		p.Low = name("Low")
	}
	client := cloudwatch.NewFromConfig(c)
	high := w.alarm(p.High, p.ARN)
	high.ComparisonOperator, high.Threshold, high.EvaluationPeriods = metrics.ComparisonOperatorGreaterThanThreshold, p.Tracking.TargetValue, aws.Int32(highPeriods)
	if _, err := client.PutMetricAlarm(ctx, high); err != nil {
		return "", invalid("The alarm of the policy cannot be made: %v", message(err))
	}
	if p.Low == "" {
		return gone, nil
	}
	low := w.alarm(p.Low, p.ARN)
	low.ComparisonOperator, low.Threshold, low.EvaluationPeriods = metrics.ComparisonOperatorLessThanThreshold, aws.Float64(slack**p.Tracking.TargetValue), aws.Int32(lowPeriods)
	if _, err := client.PutMetricAlarm(ctx, low); err != nil {
		return "", invalid("The alarm of the policy cannot be made: %v", message(err))
	}
	return "", nil
}

// message is what a service said of an error.
func message(err error) string {
	if e, ok := asAPI(err); ok {
		return e.ErrorMessage()
	}
	return err.Error()
}

// dropping is alarms that are to be deleted.
type dropping struct {
	Target string
	Names  []string
}

// dropAlarms has alarms deleted.
func (s *Service) dropAlarms(tx *store.Tx, k store.Key, names ...string) error {
	x := dropping{Target: k.ID}
	for _, name := range names {
		if name != "" {
			x.Names = append(x.Names, name)
		}
	}
	if len(x.Names) == 0 {
		return nil
	}
	data, err := json.Marshal(x)
	if err != nil {
		return err
	}
	return s.Desk.Accept(tx, delivery.Parcel{Kind: alarmsKind, Account: k.Account, Region: k.Region, Data: data, MaxAttempts: 20, MaxAge: 24 * time.Hour})
}

func (s *Service) removeAlarms(ctx context.Context, p delivery.Parcel) error {
	var x dropping
	if err := json.Unmarshal(p.Data, &x); err != nil {
		return delivery.Permanent(err)
	}
	k := store.Key{Account: p.Account, Region: p.Region, ID: x.Target}
	d, ok := s.Dimensions[types.ScalableDimension(strings.Split(x.Target, separator)[1])]
	if !ok {
		return nil
	}
	c, err := s.as(ctx, d, k)
	if err != nil {
		return err
	}
	_, err = cloudwatch.NewFromConfig(c).DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: x.Names})
	return err
}
