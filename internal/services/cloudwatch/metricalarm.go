package cloudwatch

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/cloudwatch/metricmath"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	day  = 86400
	week = 7 * day
	// maxAlarmMetrics is how many metrics and expressions an alarm looks at.
	maxAlarmMetrics = 20
)

// PutMetricAlarm makes an alarm, or replaces all of one but its state and tags.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func (s *Service) PutMetricAlarm(ctx context.Context, in *cloudwatch.PutMetricAlarmInput) (*cloudwatch.PutMetricAlarmOutput, error) {
	m := &metric{Namespace: aws.ToString(in.Namespace), Name: aws.ToString(in.MetricName), Dimensions: in.Dimensions, Statistic: in.Statistic,
		Extended: aws.ToString(in.ExtendedStatistic), Unit: in.Unit, Period: aws.ToInt32(in.Period), Metrics: in.Metrics, Periods: aws.ToInt32(in.EvaluationPeriods),
		ToAlarm: in.DatapointsToAlarm, Threshold: aws.ToFloat64(in.Threshold), Comparison: in.ComparisonOperator, Missing: aws.ToString(in.TreatMissingData),
		LowSample: aws.ToString(in.EvaluateLowSampleCountPercentile)}
	if err := refuse(in); err != nil {
		return nil, err
	}
	if err := m.check(wire.CallOf(ctx).Account()); err != nil {
		return nil, err
	}
	a := alarm{Name: *in.AlarmName, Description: aws.ToString(in.AlarmDescription), ActionsEnabled: in.ActionsEnabled == nil || *in.ActionsEnabled,
		OK: in.OKActions, Alarm: in.AlarmActions, Insufficient: in.InsufficientDataActions, Metric: m}
	return &cloudwatch.PutMetricAlarmOutput{}, s.put(ctx, a, in.Tags)
}

// refuse names what Atelier has not.
func refuse(in *cloudwatch.PutMetricAlarmInput) error {
	switch in.ComparisonOperator {
	case types.ComparisonOperatorGreaterThanUpperThreshold, types.ComparisonOperatorLessThanLowerThreshold,
		types.ComparisonOperatorLessThanLowerOrGreaterThanUpperThreshold:
		return unsupported("Anomaly detection alarms")
	}
	switch {
	case in.ThresholdMetricId != nil:
		return unsupported("Anomaly detection alarms")
	case in.EvaluationCriteria != nil, in.EvaluationInterval != nil, in.EvaluationWindow != nil, in.WarmUpConfiguration != nil, in.ActionConfiguration != nil:
		return unsupported("EvaluationCriteria, EvaluationInterval, EvaluationWindow, WarmUpConfiguration and ActionConfiguration")
	case in.Threshold == nil:
		return invalid("The parameter Threshold is required.")
	case in.ComparisonOperator == "":
		return invalid("The parameter ComparisonOperator is required.")
	}
	return nil
}

func (m *metric) check(account string) error {
	switch {
	case m.Periods < 1:
		return invalid("The parameter EvaluationPeriods is required.")
	case m.ToAlarm != nil && *m.ToAlarm > m.Periods:
		return invalid("The parameter DatapointsToAlarm must be less than or equal to EvaluationPeriods.")
	case m.Missing != "" && !strings.Contains("|breaching|notBreaching|ignore|missing|", "|"+m.Missing+"|"):
		return invalid("The value %s for parameter TreatMissingData is not supported.", m.Missing)
	case m.LowSample != "" && m.LowSample != "evaluate" && m.LowSample != "ignore":
		return invalid("Option %s is not supported. Supported options for parameter EvaluateLowSampleCountPercentile are evaluate and ignore.", m.LowSample)
	case len(m.Metrics) > 0 && m.Name != "":
		return invalid("Metrics list must not be specified together with MetricName.")
	case len(m.Metrics) > 0:
		return m.checkMetrics(account)
	case m.Name == "" || m.Namespace == "":
		return invalid("The parameters MetricName and Namespace are required, or Metrics.")
	case m.Period == 0:
		return invalid("The parameter Period is required.")
	case (m.Statistic == "") == (m.Extended == ""):
		return invalid("Exactly one of Statistic and ExtendedStatistic must be given.")
	}
	if m.Extended != "" {
		if _, ok := parseExtended(m.Extended); !ok {
			return invalid("The value %s for parameter ExtendedStatistic is not supported.", m.Extended)
		}
	}
	return m.checkPeriod(m.Period)
}

func (m *metric) checkPeriod(period int32) error {
	if period != 10 && period != 20 && period != 30 && period%60 != 0 {
		return invalid("Period must be 10, 20, 30 or a multiple of 60.")
	}
	switch all := int64(period) * int64(m.Periods); {
	case period >= 3600 && all > week:
		return invalid("Metrics cannot be checked across more than seven days (EvaluationPeriods * Period must be <= 604800).")
	case period < 3600 && all > day:
		return invalid("Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).")
	}
	return nil
}

func (m *metric) checkMetrics(account string) error {
	if len(m.Metrics) > maxAlarmMetrics {
		return invalid("An alarm must not have more than %d metrics.", maxAlarmMetrics)
	}
	p, err := newPlan(m.Metrics, account)
	if err != nil {
		return err
	}
	q, err := p.watched()
	if err != nil {
		return err
	}
	for _, o := range p.queries {
		if o.expression != nil && o.expression.Calls("SEARCH") {
			return invalid("Error in expression '%s': SEARCH is not supported in alarms", *o.Id)
		}
	}
	if p.types[*q.Id] != metricmath.Single {
		return invalid("Error in expression '%s': an alarm needs a single time series", *q.Id)
	}
	return m.checkPeriod(int32((&computation{plan: p}).period(q)))
}

// watched is the one query of an alarm that gives its data.
func (p *plan) watched() (out *query, err error) {
	for _, q := range p.queries {
		if !q.returned() {
			continue
		}
		if out != nil {
			return nil, invalid("Exactly one element of the metrics list should return data.")
		}
		out = q
	}
	if out == nil {
		return nil, invalid("Exactly one element of the metrics list should return data.")
	}
	return out, nil
}

// checkActions checks whom an alarm may call.
func checkActions(lists ...[]string) error {
	for _, list := range lists {
		for _, text := range list {
			a, err := arn.Parse(text)
			if err != nil {
				return invalid("Invalid arn syntax: %s", text)
			}
			switch {
			case a.Service == "sns" || a.Service == "lambda" && strings.HasPrefix(a.Resource, "function:"),
				a.Service == "autoscaling" && strings.HasPrefix(a.Resource, "scalingPolicy:") && strings.Contains(a.Resource, ":resource/"):
			default:
				return unsupported("Alarm actions of the kind of " + text)
			}
		}
	}
	return nil
}

// put writes an alarm. One that is there keeps its state and tags.
func (s *Service) put(ctx context.Context, a alarm, tags []types.Tag) error {
	if err := checkActions(a.OK, a.Alarm, a.Insufficient); err != nil {
		return err
	}
	given, err := tagMap(tags)
	if err != nil {
		return err
	}
	k, now := here(ctx, a.Name), s.Clock.Now()
	a.Configured = now
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		has, err := s.alarms.Get(tx, k)
		switch {
		case absent(err):
			a.State, a.Reason, a.Stated, a.Changed, a.Tags = types.StateValueInsufficientData, "Unchecked: Initial alarm creation", now, now, given
		case err != nil:
			return err
		case (has.Metric == nil) != (a.Metric == nil):
			return invalid("An alarm of another type already has the name %s.", a.Name)
		default:
			a.State, a.Reason, a.Data, a.Stated, a.Changed, a.Tags = has.State, has.Reason, has.Data, has.Stated, has.Changed, has.Tags
			if !now.After(has.Configured) {
				a.Configured = has.Configured.Add(1) // so that what was looked at before is told from what is looked at now
			}
		}
		operation, word := "update", "updated"
		if err != nil {
			operation, word = "create", "created"
		}
		if err := s.note(tx, k, &a, types.HistoryItemTypeConfigurationUpdate, `Alarm "`+a.Name+`" `+word, configurationData(&a, word)); err != nil {
			return err
		}
		if err := tx.Emit(configurationEvent(k, &a, operation)); err != nil {
			return err
		}
		return s.alarms.Put(tx, k, a)
	})
}

func (s *Service) putAlarmTargets(ctx context.Context, in *cloudwatch.PutMetricAlarmInput) ([]wire.Target, error) {
	return onAlarm(ctx, aws.ToString(in.AlarmName)), nil
}
