package applicationautoscaling_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	metrics "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// TestTracking follows a metric out and in, by alarms that it makes itself.
func TestTracking(t *testing.T) {
	f := open(t)
	f.register(2, 10)
	f.becomes(2)
	out := f.policy("p", tracking(50, "load"))
	if len(out.Alarms) != 2 || !strings.HasPrefix(*out.Alarms[0].AlarmName, "TargetTracking-endpoint/e/variant/v-AlarmHigh-") ||
		!strings.HasPrefix(*out.PolicyARN, "arn:aws:autoscaling:us-east-1:"+f.account+":scalingPolicy:") || !strings.HasSuffix(*out.PolicyARN, ":resource/sagemaker/"+resource+":policyName/p") {
		t.Errorf("made %+v", out)
	}
	list, err := f.cloudwatch.DescribeAlarms(f.ctx, &cloudwatch.DescribeAlarmsInput{})
	f.ok(err)
	high := list.MetricAlarms[0]
	if len(list.MetricAlarms) != 2 || *high.EvaluationPeriods != 3 || *high.Threshold != 50 || high.AlarmActions[0] != *out.PolicyARN ||
		*list.MetricAlarms[1].EvaluationPeriods != 15 || *list.MetricAlarms[1].Threshold != 45 {
		t.Errorf("alarms %+v", list.MetricAlarms)
	}
	f.clock.Advance(2 * time.Second)
	for range 3 {
		f.pass("load", 100)
	}
	f.becomes(4) // twice as much
	f.pass("load", 100)
	f.pass("load", 200) // in the cooldown what was added counts: 2 × 4
	f.becomes(8)
	for range 3 {
		f.pass("load", 200)
	}
	f.becomes(10)
	for range 15 {
		f.pass("load", 10)
	}
	f.becomes(2)
	got := strings.Join(f.activities(false), "\n")
	if !strings.Contains(got, "Successful Setting desired instance count to 10. monitor alarm TargetTracking-endpoint/e/variant/v-AlarmHigh-") ||
		!strings.Contains(got, "in state ALARM triggered policy p") || !strings.Contains(got, "Setting desired instance count to 2. minimum capacity was set to 2") {
		t.Errorf("activities\n%s", got)
	}
	_, err = f.DeregisterScalableTarget(f.ctx, &applicationautoscaling.DeregisterScalableTargetInput{ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: str(resource)})
	f.ok(err)
	f.soon("the end of the alarms", func() bool {
		list, err := f.cloudwatch.DescribeAlarms(f.ctx, &cloudwatch.DescribeAlarmsInput{})
		f.ok(err)
		return len(list.MetricAlarms) == 0
	})
}

// TestTwoPolicies scales in only when both would.
func TestTwoPolicies(t *testing.T) {
	f := open(t)
	f.capacity = 8
	f.register(1, 10)
	f.policy("a", tracking(50, "a"))
	f.policy("b", tracking(50, "b"))
	f.clock.Advance(2 * time.Second)
	for range 16 {
		f.pass("b", 50)
		f.clock.Advance(-time.Minute)
		f.pass("a", 5)
	}
	if f.has() != 8 {
		t.Errorf("scaled in to %d by one of two", f.has())
	}
	for range 15 {
		f.pass("b", 5)
		f.clock.Advance(-time.Minute)
		f.pass("a", 5)
	}
	f.becomes(1)
}

func TestSteps(t *testing.T) {
	f := open(t)
	f.register(1, 6)
	put := func(name string, c *types.StepScalingPolicyConfiguration) (string, error) {
		out, err := f.PutScalingPolicy(f.ctx, &applicationautoscaling.PutScalingPolicyInput{PolicyName: &name, PolicyType: types.PolicyTypeStepScaling,
			ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: str(resource), StepScalingPolicyConfiguration: c})
		if err != nil {
			return "", err
		}
		return *out.PolicyARN, nil
	}
	f64 := aws.Float64
	policy, err := put("up", &types.StepScalingPolicyConfiguration{AdjustmentType: "ChangeInCapacity", Cooldown: i32(180), StepAdjustments: []types.StepAdjustment{
		{MetricIntervalLowerBound: f64(0), MetricIntervalUpperBound: f64(10), ScalingAdjustment: i32(1)}, {MetricIntervalLowerBound: f64(10), ScalingAdjustment: i32(3)}}})
	f.ok(err)
	for _, bad := range []*types.StepScalingPolicyConfiguration{
		{StepAdjustments: []types.StepAdjustment{{ScalingAdjustment: i32(1)}}},
		{AdjustmentType: "ChangeInCapacity"},
		{AdjustmentType: "ChangeInCapacity", StepAdjustments: []types.StepAdjustment{{MetricIntervalLowerBound: f64(5), MetricIntervalUpperBound: f64(1), ScalingAdjustment: i32(1)}}},
		{AdjustmentType: "ChangeInCapacity", StepAdjustments: []types.StepAdjustment{{MetricIntervalUpperBound: f64(1), ScalingAdjustment: i32(1)}, {MetricIntervalLowerBound: f64(2), ScalingAdjustment: i32(1)}}},
	} {
		_, err := put("bad", bad)
		f.fails(err, "ValidationException")
	}
	_, err = f.cloudwatch.PutMetricAlarm(f.ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: str("mine"), Namespace: str("N"), MetricName: str("queue"), Statistic: "Average",
		Period: i32(60), EvaluationPeriods: i32(1), Threshold: f64(50), ComparisonOperator: metrics.ComparisonOperatorGreaterThanOrEqualToThreshold, AlarmActions: []string{policy}})
	f.ok(err)
	f.clock.Advance(2 * time.Second)
	f.pass("queue", 55)
	f.becomes(2)
	f.pass("queue", 55) // the cooldown: one was added already
	f.pass("queue", 70) // three, of which one was added
	f.becomes(4)
	f.clock.Advance(3 * time.Minute)
	f.pass("queue", 70)
	f.becomes(6) // the most
	f.clock.Advance(3 * time.Minute)
	f.pass("queue", 70)
	f.soon("that it is not scaled", func() bool {
		return strings.HasPrefix(f.activities(true)[0], "Unfulfilled Attempting to scale due to alarm triggered monitor alarm mine")
	})
	if f.sets != 3 {
		t.Errorf("was set %d times: %v", f.sets, f.activities(true))
	}
}

func TestSchedules(t *testing.T) {
	f := open(t)
	f.register(1, 5)
	put := func(name, when string, least, most *int32) error {
		_, err := f.PutScheduledAction(f.ctx, &applicationautoscaling.PutScheduledActionInput{ScheduledActionName: &name, Schedule: &when, ServiceNamespace: namespace,
			ScalableDimension: dimension, ResourceId: str(resource), ScalableTargetAction: &types.ScalableTargetAction{MinCapacity: least, MaxCapacity: most}})
		return err
	}
	soon := f.clock.Now().Add(10 * time.Minute)
	f.ok(put("once", soon.Format("at(2006-01-02T15:04:05)"), i32(4), i32(8)))
	f.ok(put("often", "rate(30 minutes)", nil, i32(2)))
	f.fails(put("past", "at(2020-01-01T00:00:00)", i32(1), nil), "ValidationException")
	f.fails(put("never", "cron(0 0 30 2 ? *)", i32(1), nil), "ValidationException")
	f.fails(put("words", "tomorrow", i32(1), nil), "ValidationException")
	f.fails(put("none", "rate(1 hour)", nil, nil), "ValidationException")
	f.fails(put("a:b", "rate(1 hour)", i32(1), nil), "ValidationException")
	f.clock.Advance(10 * time.Minute)
	f.service.Wake()
	f.becomes(4)
	targets, err := f.DescribeScalableTargets(f.ctx, &applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: namespace})
	f.ok(err)
	if x := targets.ScalableTargets[0]; *x.MinCapacity != 4 || *x.MaxCapacity != 8 {
		t.Errorf("bounds %d to %d", *x.MinCapacity, *x.MaxCapacity)
	}
	list, err := f.DescribeScheduledActions(f.ctx, &applicationautoscaling.DescribeScheduledActionsInput{ServiceNamespace: namespace})
	f.ok(err)
	if len(list.ScheduledActions) != 1 || *list.ScheduledActions[0].ScheduledActionName != "often" {
		t.Errorf("left %+v", list.ScheduledActions)
	}
	f.clock.Advance(20 * time.Minute)
	f.service.Wake()
	f.becomes(2) // the least gives way
	if got := f.activities(false)[0]; !strings.Contains(got, "scheduled action name often was triggered") {
		t.Errorf("activity %s", got)
	}
	_, err = f.RegisterScalableTarget(f.ctx, &applicationautoscaling.RegisterScalableTargetInput{ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: str(resource),
		MaxCapacity: i32(9), MinCapacity: i32(0), SuspendedState: &types.SuspendedState{ScheduledScalingSuspended: aws.Bool(true)}})
	f.ok(err)
	f.clock.Advance(30 * time.Minute)
	f.service.Wake()
	f.soon("the next time", func() bool {
		targets, err := f.DescribeScalableTargets(f.ctx, &applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: namespace})
		f.ok(err)
		return *targets.ScalableTargets[0].MaxCapacity == 9
	})
}

// TestFailure tells of a capacity that could not be set, and tries again with the next alarm.
func TestFailure(t *testing.T) {
	f := open(t)
	f.register(1, 10)
	c := tracking(50, "load")
	c.DisableScaleIn = aws.Bool(true)
	if out := f.policy("p", c); len(out.Alarms) != 1 {
		t.Errorf("alarms %+v", out.Alarms)
	}
	f.mu.Lock()
	f.broken = errors.New("no room")
	f.mu.Unlock()
	f.clock.Advance(2 * time.Second)
	for range 3 {
		f.pass("load", 100)
	}
	f.soon("the failure", func() bool {
		list := f.activities(false)
		return len(list) > 0 && strings.HasPrefix(list[0], "Failed Setting desired instance count to 2.")
	})
	f.mu.Lock()
	f.broken = nil
	f.mu.Unlock()
	f.pass("load", 100)
	f.becomes(2)
}

func TestTargets(t *testing.T) {
	f := open(t)
	g := func(code string, in *applicationautoscaling.RegisterScalableTargetInput) {
		t.Helper()
		_, err := f.RegisterScalableTarget(f.ctx, in)
		f.fails(err, code)
	}
	g("ValidationException", &applicationautoscaling.RegisterScalableTargetInput{ServiceNamespace: "ecs", ScalableDimension: "ecs:service:DesiredCount", ResourceId: str("service/c/s"), MinCapacity: i32(1), MaxCapacity: i32(2)})
	g("ValidationException", &applicationautoscaling.RegisterScalableTargetInput{ServiceNamespace: "lambda", ScalableDimension: dimension, ResourceId: str(resource), MinCapacity: i32(1), MaxCapacity: i32(2)})
	g("ValidationException", &applicationautoscaling.RegisterScalableTargetInput{ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: str("e"), MinCapacity: i32(1), MaxCapacity: i32(2)})
	g("ValidationException", &applicationautoscaling.RegisterScalableTargetInput{ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: str(resource), MinCapacity: i32(1)})
	g("ValidationException", &applicationautoscaling.RegisterScalableTargetInput{ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: str(resource), MinCapacity: i32(3), MaxCapacity: i32(2)})
	made, err := f.RegisterScalableTarget(f.ctx, &applicationautoscaling.RegisterScalableTargetInput{ServiceNamespace: namespace, ScalableDimension: dimension,
		ResourceId: str(resource), MinCapacity: i32(1), MaxCapacity: i32(2), Tags: map[string]string{"a": "1"}})
	f.ok(err)
	_, err = f.TagResource(f.ctx, &applicationautoscaling.TagResourceInput{ResourceARN: made.ScalableTargetARN, Tags: map[string]string{"b": "2"}})
	f.ok(err)
	_, err = f.UntagResource(f.ctx, &applicationautoscaling.UntagResourceInput{ResourceARN: made.ScalableTargetARN, TagKeys: []string{"a"}})
	f.ok(err)
	tags, err := f.ListTagsForResource(f.ctx, &applicationautoscaling.ListTagsForResourceInput{ResourceARN: made.ScalableTargetARN})
	f.ok(err)
	if len(tags.Tags) != 1 || tags.Tags["b"] != "2" {
		t.Errorf("tags %v", tags.Tags)
	}
	list, err := f.DescribeScalableTargets(f.ctx, &applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: namespace, ResourceIds: []string{resource}})
	f.ok(err)
	if len(list.ScalableTargets) != 1 || !strings.HasSuffix(*list.ScalableTargets[0].RoleARN, ":role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint") {
		t.Errorf("targets %+v", list.ScalableTargets)
	}
	_, err = f.PutScalingPolicy(f.ctx, &applicationautoscaling.PutScalingPolicyInput{PolicyName: str("p"), ServiceNamespace: namespace, ScalableDimension: dimension,
		ResourceId: str("endpoint/other/variant/v"), TargetTrackingScalingPolicyConfiguration: tracking(1, "m"), PolicyType: "TargetTrackingScaling"})
	f.fails(err, "ObjectNotFoundException")
	_, err = f.DeleteScalingPolicy(f.ctx, &applicationautoscaling.DeleteScalingPolicyInput{PolicyName: str("p"), ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: str(resource)})
	f.fails(err, "ObjectNotFoundException")
	out := f.policy("named", &types.TargetTrackingScalingPolicyConfiguration{TargetValue: aws.Float64(70),
		PredefinedMetricSpecification: &types.PredefinedMetricSpecification{PredefinedMetricType: types.MetricTypeSageMakerVariantInvocationsPerInstance}})
	alarms, err := f.cloudwatch.DescribeAlarms(f.ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{*out.Alarms[0].AlarmName}})
	f.ok(err)
	if a := alarms.MetricAlarms[0]; *a.Namespace != "AWS/SageMaker" || *a.MetricName != "InvocationsPerInstance" || a.Statistic != "Sum" || *a.Dimensions[0].Value != "e" {
		t.Errorf("alarm %+v", a)
	}
	policies, err := f.DescribeScalingPolicies(f.ctx, &applicationautoscaling.DescribeScalingPoliciesInput{ServiceNamespace: namespace, PolicyNames: []string{"named"}})
	f.ok(err)
	if len(policies.ScalingPolicies) != 1 || len(policies.ScalingPolicies[0].Alarms) != 2 {
		t.Errorf("policies %+v", policies.ScalingPolicies)
	}
}

// TestSuspended leaves a capacity alone while scaling out is suspended.
func TestSuspended(t *testing.T) {
	f := open(t)
	f.register(1, 10)
	suspend := func(out bool) {
		t.Helper()
		_, err := f.RegisterScalableTarget(f.ctx, &applicationautoscaling.RegisterScalableTargetInput{ServiceNamespace: namespace, ScalableDimension: dimension,
			ResourceId: str(resource), SuspendedState: &types.SuspendedState{DynamicScalingOutSuspended: &out}})
		f.ok(err)
	}
	suspend(true)
	high := f.policy("p", tracking(50, "load")).Alarms[0].AlarmName
	f.clock.Advance(2 * time.Second)
	for range 3 {
		f.pass("load", 100)
	}
	f.soon("the alarm", func() bool {
		list, err := f.cloudwatch.DescribeAlarms(f.ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{*high}})
		f.ok(err)
		return list.MetricAlarms[0].StateValue == metrics.StateValueAlarm
	})
	f.soon("that the policy was told", func() bool { n, err := f.desk.Waiting(f.ctx); return err == nil && n == 0 })
	if f.has() != 1 {
		t.Errorf("scaled to %d", f.has())
	}
	suspend(false)
	f.pass("load", 100)
	f.becomes(2)
}
