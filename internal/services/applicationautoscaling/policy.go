package applicationautoscaling

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// policy is how a target is scaled.
type policy struct {
	Target    string // id of its key
	Name      string
	ARN       string
	Type      types.PolicyType
	Step      *types.StepScalingPolicyConfiguration           `json:",omitempty"`
	Tracking  *types.TargetTrackingScalingPolicyConfiguration `json:",omitempty"`
	High, Low string                                          `json:",omitempty"` // names of its alarms
	Created   time.Time
	Slack     time.Time `json:",omitzero"` // when it last would have scaled in
}

// PutScalingPolicy makes a policy or replaces one. A target tracking policy makes its alarms.
// Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html
func (s *Service) PutScalingPolicy(ctx context.Context, in *applicationautoscaling.PutScalingPolicyInput) (*applicationautoscaling.PutScalingPolicyOutput, error) {
	d, err := s.dimension(in.ServiceNamespace, in.ScalableDimension, in.ResourceId)
	if err != nil {
		return nil, err
	}
	if err := named(*in.PolicyName, ""); err != nil {
		return nil, err
	}
	k := at(ctx, in.ServiceNamespace, in.ScalableDimension, in.ResourceId)
	pk := within(k, *in.PolicyName)
	p := policy{Target: k.ID, Name: *in.PolicyName, Created: s.Clock.Now()}
	var t target
	if err := s.Store.View(ctx, func(tx *store.Tx) error {
		var err error
		if t, err = s.targets.Get(tx, k); absent(err) {
			return s.noTarget(k)
		} else if err != nil {
			return err
		}
		has, err := s.policies.Get(tx, pk)
		if absent(err) {
			return nil
		}
		p = has
		return err
	}); err != nil {
		return nil, err
	}
	if err := p.configure(in, d); err != nil {
		return nil, err
	}
	if p.ARN == "" {
		p.ARN = arn.New("autoscaling", k.Region, k.Account, "scalingPolicy:"+uuid.NewString()+":resource/"+string(t.Namespace)+"/"+t.Resource+":policyName/"+p.Name)
	}
	out := &applicationautoscaling.PutScalingPolicyOutput{PolicyARN: &p.ARN, Alarms: []types.Alarm{}}
	gone := ""
	if p.Tracking != nil {
		if gone, err = s.putAlarms(ctx, k, d, t, &p); err != nil {
			return nil, err
		}
	}
	out.Alarms = p.alarms(k)
	return out, s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.targets.Get(tx, k); absent(err) { // it went meanwhile
			return s.noTarget(k)
		}
		if gone != "" {
			if err := s.dropAlarms(tx, k, gone); err != nil {
				return err
			}
		}
		return s.policies.Put(tx, pk, p)
	})
}

// configure takes over what a request says, and checks it.
func (p *policy) configure(in *applicationautoscaling.PutScalingPolicyInput, d Dimension) error {
	kind := in.PolicyType
	switch {
	case in.PredictiveScalingPolicyConfiguration != nil || kind == types.PolicyTypePredictiveScaling:
		return invalid("Predictive scaling is not implemented by Atelier.")
	case in.StepScalingPolicyConfiguration != nil && in.TargetTrackingScalingPolicyConfiguration != nil:
		return invalid("Only one policy configuration may be given.")
	case kind == "" && in.StepScalingPolicyConfiguration != nil:
		kind = types.PolicyTypeStepScaling
	case kind == "" && in.TargetTrackingScalingPolicyConfiguration != nil:
		kind = types.PolicyTypeTargetTrackingScaling
	}
	if p.Type != "" && kind != "" && kind != p.Type {
		return invalid("The type of a scaling policy cannot be changed.")
	}
	p.Type = cmp.Or(kind, p.Type)
	switch {
	case p.Type == types.PolicyTypeStepScaling && in.StepScalingPolicyConfiguration != nil:
		if d.Namespace != types.ServiceNamespaceSagemaker && d.Namespace != types.ServiceNamespaceCustomResource {
			return invalid("Step scaling policies are not supported for the service namespace %s.", d.Namespace)
		}
		p.Step = in.StepScalingPolicyConfiguration
		return checkSteps(p.Step)
	case p.Type == types.PolicyTypeTargetTrackingScaling && in.TargetTrackingScalingPolicyConfiguration != nil:
		p.Tracking = in.TargetTrackingScalingPolicyConfiguration
		return checkTracking(p.Tracking, d, *in.ResourceId)
	}
	return invalid("A policy configuration of the policy's type is required.")
}

// checkSteps checks that the steps don't overlap and leave nothing between them.
func checkSteps(c *types.StepScalingPolicyConfiguration) error {
	if c.AdjustmentType == "" || len(c.StepAdjustments) == 0 {
		return invalid("AdjustmentType and StepAdjustments are required.")
	}
	if len(c.StepAdjustments) > 20 {
		return invalid("A step scaling policy must not have more than 20 step adjustments.")
	}
	if c.Cooldown != nil && *c.Cooldown < 0 || c.MinAdjustmentMagnitude != nil && *c.MinAdjustmentMagnitude < 0 {
		return invalid("Cooldown and MinAdjustmentMagnitude must not be negative.")
	}
	list := slices.Clone(c.StepAdjustments)
	slices.SortFunc(list, func(a, b types.StepAdjustment) int { return cmp.Compare(lower(a), lower(b)) })
	for i, a := range list {
		if a.ScalingAdjustment == nil {
			return invalid("ScalingAdjustment is required in each step adjustment.")
		}
		if lower(a) >= upper(a) {
			return invalid("The lower bound of a step adjustment must be below its upper bound.")
		}
		if i > 0 && lower(a) != upper(list[i-1]) {
			return invalid("The intervals of step adjustments must neither overlap nor leave a gap.")
		}
	}
	return nil
}

func checkTracking(c *types.TargetTrackingScalingPolicyConfiguration, d Dimension, resource string) error {
	custom, named := c.CustomizedMetricSpecification, c.PredefinedMetricSpecification
	switch {
	case *c.TargetValue <= 0:
		return invalid("TargetValue must be greater than 0.")
	case (custom == nil) == (named == nil):
		return invalid("Exactly one of CustomizedMetricSpecification and PredefinedMetricSpecification must be given.")
	case c.ScaleInCooldown != nil && *c.ScaleInCooldown < 0, c.ScaleOutCooldown != nil && *c.ScaleOutCooldown < 0:
		return invalid("Cooldowns must not be negative.")
	case named != nil:
		if _, ok := d.Metrics[named.PredefinedMetricType]; !ok {
			return invalid("The predefined metric %s is not supported for %s.", named.PredefinedMetricType, resource)
		}
	case len(custom.Metrics) == 0 && (custom.MetricName == nil || custom.Namespace == nil || custom.Statistic == ""):
		return invalid("CustomizedMetricSpecification needs MetricName, Namespace and Statistic, or Metrics.")
	case len(custom.Metrics) > 0 && (custom.MetricName != nil || custom.Namespace != nil):
		return invalid("CustomizedMetricSpecification must not have Metrics together with MetricName and Namespace.")
	}
	return nil
}

// DeleteScalingPolicy forgets a policy, and its alarms when it made them.
func (s *Service) DeleteScalingPolicy(ctx context.Context, in *applicationautoscaling.DeleteScalingPolicyInput) (*applicationautoscaling.DeleteScalingPolicyOutput, error) {
	k := at(ctx, in.ServiceNamespace, in.ScalableDimension, in.ResourceId)
	pk := within(k, *in.PolicyName)
	return &applicationautoscaling.DeleteScalingPolicyOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		p, err := s.policies.Get(tx, pk)
		if absent(err) {
			return missing("No scaling policy found for service namespace: %s, resource ID: %s, scalable dimension: %s, policy name: %s", in.ServiceNamespace,
				aws.ToString(in.ResourceId), in.ScalableDimension, *in.PolicyName)
		}
		if err != nil {
			return err
		}
		return s.deletePolicy(tx, pk, p)
	})
}

func (s *Service) deletePolicy(tx *store.Tx, k store.Key, p policy) error {
	if err := s.policies.Delete(tx, k); err != nil {
		return err
	}
	k.ID = p.Target
	return s.dropAlarms(tx, k, p.High, p.Low)
}

// DescribeScalingPolicies lists the policies of a service.
func (s *Service) DescribeScalingPolicies(ctx context.Context, in *applicationautoscaling.DescribeScalingPoliciesInput) (*applicationautoscaling.DescribeScalingPoliciesOutput, error) {
	rows, err := described(ctx, s, s.policies, asked{in.ServiceNamespace, in.ScalableDimension, in.ResourceId},
		func(p policy) (string, bool) { return p.Target, among(in.PolicyNames, p.Name) })
	if err != nil {
		return nil, err
	}
	rows, next, err := page(ctx, rows, in.MaxResults, in.NextToken)
	out := &applicationautoscaling.DescribeScalingPoliciesOutput{ScalingPolicies: []types.ScalingPolicy{}, NextToken: next}
	for _, r := range rows {
		p, part := r.Value, strings.Split(r.Value.Target, separator)
		out.ScalingPolicies = append(out.ScalingPolicies, types.ScalingPolicy{PolicyARN: &p.ARN, PolicyName: &p.Name, PolicyType: p.Type, CreationTime: &p.Created,
			ServiceNamespace: types.ServiceNamespace(part[0]), ScalableDimension: types.ScalableDimension(part[1]), ResourceId: &part[2],
			StepScalingPolicyConfiguration: p.Step, TargetTrackingScalingPolicyConfiguration: p.Tracking, Alarms: p.alarms(r.Key)})
	}
	return out, err
}

func (p *policy) alarms(k store.Key) []types.Alarm {
	out := []types.Alarm{}
	for _, name := range []string{p.High, p.Low} {
		if name != "" {
			out = append(out, types.Alarm{AlarmName: aws.String(name), AlarmARN: aws.String(arn.New("cloudwatch", k.Region, k.Account, "alarm:"+name))})
		}
	}
	return out
}
