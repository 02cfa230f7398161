package cloudwatch

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/scaling"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	courier = "cloudwatch"
	// principal calls topics, and lambdaPrincipal functions.
	principal       = "cloudwatch.amazonaws.com"
	lambdaPrincipal = "lambda.alarms.cloudwatch.amazonaws.com"
)

// parcel is an action on its way.
type parcel struct {
	Alarm   string // name
	Action  string // ARN
	State   types.StateValue
	Subject string `json:",omitempty"`
	Body    string
}

// act has actions called.
func (s *Service) act(tx *store.Tx, k store.Key, a *alarm, old before, value *float64, actions []string) error {
	if !a.ActionsEnabled {
		return nil
	}
	for _, action := range actions {
		p, err := s.parcel(k, a, old, value, action)
		if err != nil {
			return err
		}
		p.Account, p.Region, p.Line = k.Account, k.Region, alarmARN(k)+"\n"+action
		if err := s.Desk.Accept(tx, p); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) parcel(k store.Key, a *alarm, old before, value *float64, action string) (p delivery.Parcel, err error) {
	p = delivery.Parcel{Kind: courier, MaxAttempts: delivery.Attempts + 1, MaxAge: delivery.Age}
	if scalingPolicy(action) {
		x := scaling.Alarm{Policy: action, Alarm: a.Name, ARN: alarmARN(k), State: string(a.State), Time: s.Clock.Now(), Value: value}
		if a.Metric != nil {
			x.Threshold, x.Comparison = a.Metric.Threshold, string(a.Metric.Comparison)
		}
		p.Kind, p.MaxAttempts, p.MaxAge = scaling.Kind, 3, time.Minute // the alarm tells it again while its state lasts
		p.Data, err = json.Marshal(x)
		return p, err
	}
	x := parcel{Alarm: a.Name, Action: action, State: a.State}
	var body any
	if strings.HasPrefix(action, "arn:aws:lambda:") {
		body = map[string]any{"source": "aws.cloudwatch", "alarmArn": alarmARN(k), "accountId": k.Account, "time": a.Stated.Format(timeForm), "region": k.Region,
			"alarmData": detail{AlarmName: a.Name, State: a.state(), PreviousState: old.detail(), Configuration: a.configuration()}}
	} else {
		x.Subject = fmt.Sprintf("%s: \"%s\" in %s", a.State, a.Name, regionName(k.Region))
		if len(x.Subject) > 100 {
			x.Subject = x.Subject[:97] + "..."
		}
		body = s.message(k, a, old)
	}
	b, err := json.Marshal(body)
	if err != nil {
		return p, err
	}
	x.Body = string(b)
	p.Data, err = json.Marshal(x)
	return p, err
}

// deliver calls an action.
func (s *Service) deliver(ctx context.Context, p delivery.Parcel) error {
	var x parcel
	if err := json.Unmarshal(p.Data, &x); err != nil {
		return delivery.Permanent(err)
	}
	k := store.Key{Account: p.Account, Region: p.Region, ID: x.Alarm}
	to, err := arn.Parse(x.Action)
	if err != nil {
		return delivery.Permanent(err)
	}
	as := delivery.As{Service: principal, Source: alarmARN(k), Account: p.Account, Owner: p.Account}
	if to.Service == "lambda" {
		as.Service = lambdaPrincipal
		err = s.Clients.Invoke(ctx, as, x.Action, []byte(x.Body))
	} else {
		err = s.Clients.Publish(ctx, as, x.Action, delivery.Message{Subject: x.Subject, Body: x.Body})
	}
	if err != nil {
		return err
	}
	return s.acted(ctx, k, x, "")
}

// bury writes into the alarm's history that an action failed.
func (s *Service) bury(ctx context.Context, p delivery.Parcel) error {
	var x parcel
	if err := json.Unmarshal(p.Data, &x); err != nil {
		return nil
	}
	return s.acted(ctx, store.Key{Account: p.Account, Region: p.Region, ID: x.Alarm}, x, p.Failure)
}

func (s *Service) acted(ctx context.Context, k store.Key, x parcel, failure string) error {
	summary, state := "Successfully executed action "+x.Action, "Succeeded"
	if failure != "" {
		summary, state = `Failed to execute action `+x.Action+`. Received error: "`+failure+`"`, "Failed"
	}
	data, err := json.Marshal(map[string]any{"version": "1.0", "actionState": state, "stateUpdateAction": x.State, "notificationResource": x.Action,
		"publishedMessage": x.Body, "error": filled(failure)})
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		a, err := s.alarms.Get(tx, k)
		if err != nil && !absent(err) {
			return err
		}
		a.Name = x.Alarm
		return s.note(tx, k, &a, types.HistoryItemTypeAction, summary, string(data))
	})
}

// message is what topics get.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
func (s *Service) message(k store.Key, a *alarm, old before) map[string]any {
	out := map[string]any{"AlarmName": a.Name, "AlarmDescription": filled(a.Description), "AWSAccountId": k.Account, "NewStateValue": a.State,
		"AlarmConfigurationUpdatedTimestamp": a.Configured.Format(timeForm), "NewStateReason": a.Reason, "StateChangeTime": a.Stated.Format(timeForm),
		"Region": regionName(k.Region), "AlarmArn": alarmARN(k), "OldStateValue": old.State, "OKActions": list(a.OK), "AlarmActions": list(a.Alarm),
		"InsufficientDataActions": list(a.Insufficient)}
	if a.Composite != nil {
		out["AlarmRule"] = a.Composite.Rule
		return out
	}
	m := a.Metric
	t := map[string]any{"Period": m.Period, "EvaluationPeriods": m.Periods, "ComparisonOperator": m.Comparison, "Threshold": m.Threshold,
		"TreatMissingData": m.Missing, "EvaluateLowSampleCountPercentile": m.LowSample}
	if m.ToAlarm != nil {
		t["DatapointsToAlarm"] = *m.ToAlarm
	}
	if len(m.Metrics) > 0 {
		t["Metrics"] = triggers(m.Metrics)
	} else {
		t["MetricName"], t["Namespace"], t["Unit"], t["Dimensions"] = m.Name, m.Namespace, filled(string(m.Unit)), pairs(m.Dimensions)
		if m.Statistic != "" {
			t["StatisticType"], t["Statistic"] = "Statistic", statisticWord(m.Statistic)
		} else {
			t["StatisticType"], t["ExtendedStatistic"] = "ExtendedStatistic", m.Extended
		}
	}
	out["Trigger"] = t
	return out
}

func statisticWord(s types.Statistic) string {
	if s == types.StatisticSampleCount {
		return "SAMPLE_COUNT"
	}
	return strings.ToUpper(string(s))
}

func pairs(list []types.Dimension) []map[string]string {
	out := []map[string]string{}
	for _, d := range list {
		out = append(out, map[string]string{"name": *d.Name, "value": *d.Value})
	}
	return out
}

func triggers(list []types.MetricDataQuery) []map[string]any {
	var out []map[string]any
	for _, q := range list {
		m := map[string]any{"Id": *q.Id, "ReturnData": q.ReturnData == nil || *q.ReturnData}
		if q.Label != nil {
			m["Label"] = *q.Label
		}
		if q.Expression != nil {
			m["Expression"] = *q.Expression
		} else {
			x := q.MetricStat
			m["MetricStat"] = map[string]any{"Metric": map[string]any{"Dimensions": pairs(x.Metric.Dimensions), "MetricName": aws.ToString(x.Metric.MetricName),
				"Namespace": aws.ToString(x.Metric.Namespace)}, "Period": *x.Period, "Stat": *x.Stat}
		}
		out = append(out, m)
	}
	return out
}

// regionName is how messages call a region.
func regionName(region string) string {
	if name, ok := map[string]string{"us-east-1": "US East (N. Virginia)", "us-east-2": "US East (Ohio)", "us-west-1": "US West (N. California)",
		"us-west-2": "US West (Oregon)", "eu-west-1": "EU (Ireland)", "eu-west-2": "EU (London)", "eu-west-3": "EU (Paris)", "eu-central-1": "EU (Frankfurt)",
		"eu-north-1": "EU (Stockholm)", "ap-south-1": "Asia Pacific (Mumbai)", "ap-northeast-1": "Asia Pacific (Tokyo)", "ap-northeast-2": "Asia Pacific (Seoul)",
		"ap-southeast-1": "Asia Pacific (Singapore)", "ap-southeast-2": "Asia Pacific (Sydney)", "sa-east-1": "South America (Sao Paulo)",
		"ca-central-1": "Canada (Central)"}[region]; ok {
		return name
	}
	return region
}
