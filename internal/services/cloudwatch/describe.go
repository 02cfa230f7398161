package cloudwatch

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// DescribeAlarms lists alarms, in order of name. Without AlarmTypes only metric alarms are listed, as in AWS.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
func (s *Service) DescribeAlarms(ctx context.Context, in *cloudwatch.DescribeAlarmsInput) (*cloudwatch.DescribeAlarmsOutput, error) {
	kinds := in.AlarmTypes
	if len(kinds) == 0 {
		kinds = []types.AlarmType{types.AlarmTypeMetricAlarm}
	}
	related := in.ChildrenOfAlarmName != nil || in.ParentsOfAlarmName != nil
	switch {
	case len(in.AlarmNames) > 0 && in.AlarmNamePrefix != nil:
		return nil, badCombination("AlarmNames and AlarmNamePrefix must not be given together.")
	case related && (len(in.AlarmNames) > 0 || in.AlarmNamePrefix != nil || in.ActionPrefix != nil || in.StateValue != "" || len(in.AlarmTypes) > 0 ||
		in.ChildrenOfAlarmName != nil && in.ParentsOfAlarmName != nil):
		return nil, invalid("ChildrenOfAlarmName and ParentsOfAlarmName must be given alone.")
	}
	list, err := s.chosen(ctx, func(k store.Key, a *alarm) bool {
		switch {
		case in.ChildrenOfAlarmName != nil:
			parent := beside(k, *in.ChildrenOfAlarmName)
			return s.parents[k][parent]
		case in.ParentsOfAlarmName != nil:
			return s.parents[beside(k, *in.ParentsOfAlarmName)][k]
		}
		return slices.Contains(kinds, a.kind()) && (len(in.AlarmNames) == 0 || slices.Contains(in.AlarmNames, a.Name)) &&
			strings.HasPrefix(a.Name, aws.ToString(in.AlarmNamePrefix)) && (in.StateValue == "" || in.StateValue == a.State) &&
			(in.ActionPrefix == nil || slices.ContainsFunc(slices.Concat(a.OK, a.Alarm, a.Insufficient), func(action string) bool {
				return strings.HasPrefix(action, *in.ActionPrefix)
			}))
	})
	if err != nil {
		return nil, err
	}
	size := 50
	if in.MaxRecords != nil {
		size = int(*in.MaxRecords)
	}
	page, next, err := wire.Page(ctx, list, func(a alarm) string { return a.Name }, size, in.NextToken)
	if err != nil {
		return nil, badToken(err)
	}
	out := &cloudwatch.DescribeAlarmsOutput{MetricAlarms: []types.MetricAlarm{}, CompositeAlarms: []types.CompositeAlarm{}, NextToken: next}
	for i := range page {
		a := &page[i]
		if a.Composite != nil {
			out.CompositeAlarms = append(out.CompositeAlarms, a.showComposite(here(ctx, a.Name)))
		} else {
			out.MetricAlarms = append(out.MetricAlarms, a.showMetric(here(ctx, a.Name)))
		}
	}
	return out, nil
}

// chosen gives the caller's alarms that f wants, in order of name.
func (s *Service) chosen(ctx context.Context, f func(k store.Key, a *alarm) bool) ([]alarm, error) {
	of := here(ctx, "")
	var out []alarm
	err := s.image.Read(ctx, func() {
		for k, a := range s.alarms.Rows() {
			if k.Account == of.Account && k.Region == of.Region && f(k, &a) {
				out = append(out, a)
			}
		}
	})
	slices.SortFunc(out, func(a, b alarm) int { return cmp.Compare(a.Name, b.Name) })
	return out, err
}

func (a *alarm) kind() types.AlarmType {
	if a.Composite != nil {
		return types.AlarmTypeCompositeAlarm
	}
	return types.AlarmTypeMetricAlarm
}

func (a *alarm) showMetric(k store.Key) types.MetricAlarm {
	m := a.Metric
	out := types.MetricAlarm{AlarmName: &a.Name, AlarmArn: aws.String(alarmARN(k)), AlarmDescription: filled(a.Description), ActionsEnabled: &a.ActionsEnabled,
		OKActions: list(a.OK), AlarmActions: list(a.Alarm), InsufficientDataActions: list(a.Insufficient), AlarmConfigurationUpdatedTimestamp: &a.Configured,
		StateValue: a.State, StateReason: &a.Reason, StateReasonData: filled(a.Data), StateUpdatedTimestamp: &a.Stated, StateTransitionedTimestamp: &a.Changed,
		MetricName: filled(m.Name), Namespace: filled(m.Namespace), Dimensions: m.Dimensions, Statistic: m.Statistic, ExtendedStatistic: filled(m.Extended),
		Unit: m.Unit, EvaluationPeriods: &m.Periods, DatapointsToAlarm: m.ToAlarm, Threshold: &m.Threshold, ComparisonOperator: m.Comparison,
		TreatMissingData: filled(m.Missing), EvaluateLowSampleCountPercentile: filled(m.LowSample), Metrics: m.Metrics}
	if out.Dimensions == nil {
		out.Dimensions = []types.Dimension{}
	}
	if m.Period > 0 {
		out.Period = &m.Period
	}
	return out
}

func (a *alarm) showComposite(k store.Key) types.CompositeAlarm {
	c := a.Composite
	out := types.CompositeAlarm{AlarmName: &a.Name, AlarmArn: aws.String(alarmARN(k)), AlarmDescription: filled(a.Description), ActionsEnabled: &a.ActionsEnabled,
		OKActions: list(a.OK), AlarmActions: list(a.Alarm), InsufficientDataActions: list(a.Insufficient), AlarmConfigurationUpdatedTimestamp: &a.Configured,
		StateValue: a.State, StateReason: &a.Reason, StateReasonData: filled(a.Data), StateUpdatedTimestamp: &a.Stated, StateTransitionedTimestamp: &a.Changed,
		AlarmRule: &c.Rule, ActionsSuppressor: filled(c.Suppressor), ActionsSuppressedBy: c.By, ActionsSuppressedReason: filled(c.Reason)}
	if c.Suppressor != "" {
		out.ActionsSuppressorWaitPeriod, out.ActionsSuppressorExtensionPeriod = &c.Wait, &c.Extension
	}
	return out
}

// DescribeAlarmsForMetric lists the alarms on one metric.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmsForMetric.html
func (s *Service) DescribeAlarmsForMetric(ctx context.Context, in *cloudwatch.DescribeAlarmsForMetricInput) (*cloudwatch.DescribeAlarmsForMetricOutput, error) {
	want := position(series(*in.Namespace, *in.MetricName, in.Dimensions))
	list, err := s.chosen(ctx, func(_ store.Key, a *alarm) bool {
		if a.Metric == nil {
			return false
		}
		m := a.Metric
		for _, q := range m.Metrics {
			if x := q.MetricStat; x != nil && position(series(*x.Metric.Namespace, *x.Metric.MetricName, x.Metric.Dimensions)) == want {
				return true
			}
		}
		return position(series(m.Namespace, m.Name, m.Dimensions)) == want && (in.Statistic == "" || in.Statistic == m.Statistic) &&
			(in.ExtendedStatistic == nil || *in.ExtendedStatistic == m.Extended) && (in.Period == nil || *in.Period == m.Period) &&
			(in.Unit == "" || in.Unit == m.Unit)
	})
	out := &cloudwatch.DescribeAlarmsForMetricOutput{MetricAlarms: []types.MetricAlarm{}}
	for i := range list {
		out.MetricAlarms = append(out.MetricAlarms, list[i].showMetric(here(ctx, list[i].Name)))
	}
	return out, err
}
