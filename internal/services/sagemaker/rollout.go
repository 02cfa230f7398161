package sagemaker

import (
	"context"
	"fmt"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/hosting"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// rolledBack is an update that an alarm undid.
type rolledBack struct{ alarm string }

// Error says which.
func (r *rolledBack) Error() string {
	return fmt.Sprintf("The deployment was rolled back: the alarm %s went off.", r.alarm)
}

// watchEvery is how often the alarms of a rollout are looked at.
const watchEvery = 2 * time.Second

// shift moves the traffic to the new generation as the policy of the update says, and watches the alarms meanwhile.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
func (s *Service) shift(ctx context.Context, k store.Key, e endpoint, r *hosting.Rollout) error {
	if e.Current == nil || e.Policy == nil { // nothing to shift from
		return nil
	}
	var alarms []string
	if a := e.Policy.AutoRollbackConfiguration; a != nil {
		for _, alarm := range a.Alarms {
			alarms = append(alarms, aws.ToString(alarm.AlarmName))
		}
	}
	var wait, bake time.Duration
	parts := []float64{1}
	if p := e.Policy.BlueGreenUpdatePolicy; p != nil {
		bake = seconds(p.TerminationWaitInSeconds)
		if t := p.TrafficRoutingConfiguration; t != nil {
			wait = seconds(t.WaitIntervalInSeconds)
			parts = steps(t, int(e.Next.total()))
		}
	} else if p := e.Policy.RollingUpdatePolicy; p != nil {
		wait = seconds(p.WaitIntervalInSeconds)
		if n := share(p.MaximumBatchSize, int(e.Next.total())); n > 0 {
			parts = ladder(n)
		}
	}
	role := aws.ToString(e.Next.Variants[0].Model.In.ExecutionRoleArn)
	for i, part := range parts {
		r.Shift(part)
		hold := wait
		if i == len(parts)-1 {
			hold = bake
		}
		if err := s.watch(ctx, k, role, alarms, hold); err != nil {
			return err
		}
	}
	return nil
}

func seconds(n *int32) time.Duration { return time.Duration(aws.ToInt32(n)) * time.Second }

func (d *deployment) total() (n int32) {
	for _, v := range d.Variants {
		n += v.Count
	}
	return max(n, 1)
}

// steps are the parts of the traffic that the new fleet gets, one after the other.
func steps(t *types.TrafficRoutingConfig, instances int) []float64 {
	switch t.Type {
	case types.TrafficRoutingConfigTypeCanary:
		if n := share(t.CanarySize, instances); n > 0 && n < 1 {
			return []float64{n, 1}
		}
	case types.TrafficRoutingConfigTypeLinear:
		if n := share(t.LinearStepSize, instances); n > 0 {
			return ladder(n)
		}
	}
	return []float64{1}
}

// ladder goes up to 1 in steps of n.
func ladder(n float64) (out []float64) {
	for at := n; at < 1-1e-9; at += n {
		out = append(out, at)
	}
	return append(out, 1)
}

// share is a capacity as a part of all.
func share(c *types.CapacitySize, instances int) float64 {
	if c == nil {
		return 0
	}
	n := float64(aws.ToInt32(c.Value))
	if c.Type == types.CapacitySizeTypeCapacityPercent {
		return n / 100
	}
	return n / float64(instances)
}

// watch waits, and gives up as soon as one of the alarms is on.
func (s *Service) watch(ctx context.Context, k store.Key, role string, alarms []string, hold time.Duration) error {
	for end := time.Now().Add(hold); ; {
		if len(alarms) > 0 {
			on, err := s.alarmed(ctx, k, role, alarms)
			if err != nil {
				return err
			}
			if on != "" {
				return &rolledBack{on}
			}
		}
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(left, watchEvery)):
		}
	}
}

// alarmed names an alarm that is on. It is asked for in the name of the model's role.
func (s *Service) alarmed(ctx context.Context, k store.Key, role string, alarms []string) (string, error) {
	cfg, err := s.as(ctx, k, "", role)
	if err != nil {
		return "", err
	}
	out, err := cloudwatch.NewFromConfig(cfg).DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: alarms, StateValue: cwtypes.StateValueAlarm,
		AlarmTypes: []cwtypes.AlarmType{cwtypes.AlarmTypeMetricAlarm, cwtypes.AlarmTypeCompositeAlarm}})
	if err != nil {
		return "", err
	}
	for _, a := range out.MetricAlarms {
		return aws.ToString(a.AlarmName), nil
	}
	for _, a := range out.CompositeAlarms {
		return aws.ToString(a.AlarmName), nil
	}
	return "", nil
}
