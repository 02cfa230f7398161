package cloudwatch

import (
	"encoding/json"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// The documents of alarms that events and functions get.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
type detail struct {
	AlarmName     string         `json:"alarmName"`
	Operation     string         `json:"operation,omitempty"`
	State         *stateDetail   `json:"state,omitempty"`
	PreviousState *stateDetail   `json:"previousState,omitempty"`
	Configuration map[string]any `json:"configuration"`
}

type stateDetail struct {
	Value      types.StateValue          `json:"value"`
	Reason     string                    `json:"reason,omitempty"`
	ReasonData string                    `json:"reasonData,omitempty"`
	Timestamp  string                    `json:"timestamp"`
	By         types.ActionsSuppressedBy `json:"actionsSuppressedBy,omitempty"`
	Why        string                    `json:"actionsSuppressedReason,omitempty"`
}

func (b before) detail() *stateDetail {
	return &stateDetail{Value: b.State, Reason: b.Reason, ReasonData: b.Data, Timestamp: b.Time.Format(timeForm)}
}

func (a *alarm) state() *stateDetail {
	d := a.before().detail()
	if a.Composite != nil {
		d.By, d.Why = a.Composite.By, a.Composite.Reason
	}
	return d
}

// configuration is what an alarm looks at, in events.
func (a *alarm) configuration() map[string]any {
	out := map[string]any{}
	if a.Description != "" {
		out["description"] = a.Description
	}
	if c := a.Composite; c != nil {
		out["alarmRule"] = c.Rule
		if c.Suppressor != "" {
			out["actionsSuppressor"], out["actionsSuppressorWaitPeriod"], out["actionsSuppressorExtensionPeriod"] = c.Suppressor, c.Wait, c.Extension
		}
		return out
	}
	p, _, err := a.Metric.plan("")
	if err != nil {
		return out
	}
	var list []map[string]any
	for _, q := range p.queries {
		m := map[string]any{"id": *q.Id, "returnData": q.returned()}
		if q.Label != nil {
			m["label"] = *q.Label
		}
		if q.Expression != nil {
			m["expression"] = *q.Expression
		} else {
			dims := map[string]string{}
			for _, d := range q.MetricStat.Metric.Dimensions {
				dims[*d.Name] = *d.Value
			}
			stat := map[string]any{"metric": map[string]any{"namespace": *q.MetricStat.Metric.Namespace, "name": *q.MetricStat.Metric.MetricName, "dimensions": dims},
				"period": *q.MetricStat.Period, "stat": *q.MetricStat.Stat}
			if q.MetricStat.Unit != "" {
				stat["unit"] = q.MetricStat.Unit
			}
			m["metricStat"] = stat
		}
		list = append(list, m)
	}
	out["metrics"] = list
	return out
}

func event(k store.Key, kind string, d any, at time.Time) bus.Event {
	b, err := json.Marshal(d)
	if err != nil {
		b = []byte("{}")
	}
	return bus.Event{Source: "aws.cloudwatch", DetailType: kind, Account: k.Account, Region: k.Region, Resources: []string{alarmARN(k)}, Detail: b, Time: at}
}

func configurationEvent(k store.Key, a *alarm, operation string) bus.Event {
	c := a.configuration()
	c["actionsEnabled"], c["alarmName"], c["timestamp"] = a.ActionsEnabled, a.Name, a.Configured.Format(timeForm)
	c["okActions"], c["alarmActions"], c["insufficientDataActions"] = list(a.OK), list(a.Alarm), list(a.Insufficient)
	if m := a.Metric; m != nil {
		c["evaluationPeriods"], c["threshold"], c["comparisonOperator"] = m.Periods, m.Threshold, m.Comparison
		if m.Missing != "" {
			c["treatMissingData"] = m.Missing
		}
		if m.ToAlarm != nil {
			c["datapointsToAlarm"] = *m.ToAlarm
		}
	}
	return event(k, "CloudWatch Alarm Configuration Change", detail{AlarmName: a.Name, Operation: operation, State: a.state(), Configuration: c}, time.Time{})
}

func list(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

// configurationData is what a history tells of a change of an alarm.
func configurationData(a *alarm, word string) string {
	kind := map[string]string{"created": "Create", "updated": "Update", "deleted": "Delete"}[word]
	doc := map[string]any{"version": "1.0", "type": kind}
	field := map[string]string{"created": "createdAlarm", "updated": "updatedAlarm", "deleted": "deletedAlarm"}[word]
	in := a.configuration()
	in["alarmName"], in["stateValue"], in["actionsEnabled"] = a.Name, a.State, a.ActionsEnabled
	in["okActions"], in["alarmActions"], in["insufficientDataActions"] = list(a.OK), list(a.Alarm), list(a.Insufficient)
	if m := a.Metric; m != nil {
		in["metricName"], in["namespace"], in["threshold"], in["evaluationPeriods"] = filled(m.Name), filled(m.Namespace), m.Threshold, m.Periods
		in["comparisonOperator"], in["period"], in["statistic"] = m.Comparison, m.Period, aws.ToString(filled(m.stat()))
	}
	doc[field] = in
	b, err := json.Marshal(doc)
	if err != nil {
		return "{}"
	}
	return string(b)
}
