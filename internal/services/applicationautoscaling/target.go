package applicationautoscaling

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// target is something that is scaled.
type target struct {
	Namespace types.ServiceNamespace
	Dimension types.ScalableDimension
	Resource  string
	ARN       string
	Min, Max  int32
	Suspended types.SuspendedState
	Created   time.Time
	Tags      map[string]string `json:",omitempty"`

	Out, In time.Time `json:",omitzero"`  // when a policy scaled it last
	Base    int       `json:",omitempty"` // its capacity before the cooldown of scaling out
	Doing   *doing    `json:",omitempty"`
}

// doing is a change of capacity that was begun: after a crash it is gone on with, and not made anew.
type doing struct {
	For      string // what it is made for
	Activity string // id
	From, To int
	Policy   bool `json:",omitempty"` // a policy asked for it
	Base     int  `json:",omitempty"` // capacity before the cooldown that it is in
}

// dimension finds what can be scaled.
func (s *Service) dimension(n types.ServiceNamespace, d types.ScalableDimension, resource *string) (Dimension, error) {
	out, ok := s.Dimensions[d]
	switch {
	case !ok:
		return out, invalid("The scalable dimension %s of %s is not implemented by Atelier.", d, n)
	case out.Namespace != n:
		return out, invalid("Unsupported service namespace, resource type or scalable dimension: %s, %s", n, d)
	case !out.Resource.MatchString(aws.ToString(resource)):
		return out, invalid("The resource id %s is not valid for the scalable dimension %s.", aws.ToString(resource), d)
	}
	return out, nil
}

// RegisterScalableTarget makes a target, or changes what is given of one.
// Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
func (s *Service) RegisterScalableTarget(ctx context.Context, in *applicationautoscaling.RegisterScalableTargetInput) (*applicationautoscaling.RegisterScalableTargetOutput, error) {
	d, err := s.dimension(in.ServiceNamespace, in.ScalableDimension, in.ResourceId)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags, nil); err != nil {
		return nil, err
	}
	k := at(ctx, in.ServiceNamespace, in.ScalableDimension, in.ResourceId)
	if err := s.Store.Update(ctx, func(tx *store.Tx) error { return s.linkRole(tx, d, k.Account) }); err != nil {
		return nil, err
	}
	c, err := s.as(ctx, d, k)
	if err != nil {
		return nil, err
	}
	if _, err := d.Get(ctx, c, *in.ResourceId); errors.Is(err, errNoResource) {
		return nil, invalid("%s: %v", *in.ResourceId, err)
	}
	out := &applicationautoscaling.RegisterScalableTargetOutput{}
	return out, s.Store.Update(ctx, func(tx *store.Tx) error {
		t, err := s.targets.Get(tx, k)
		switch {
		case absent(err):
			if in.MinCapacity == nil || in.MaxCapacity == nil {
				return invalid("MinCapacity and MaxCapacity are required to register a new scalable target.")
			}
			id := strings.ReplaceAll(uuid.NewString(), "-", "")
			t = target{Namespace: in.ServiceNamespace, Dimension: in.ScalableDimension, Resource: *in.ResourceId, Created: s.Clock.Now(), Tags: in.Tags,
				ARN:       arn.New("application-autoscaling", k.Region, k.Account, "scalable-target/"+id),
				Suspended: types.SuspendedState{DynamicScalingInSuspended: aws.Bool(false), DynamicScalingOutSuspended: aws.Bool(false), ScheduledScalingSuspended: aws.Bool(false)}}
		case err != nil:
			return err
		case len(in.Tags) > 0:
			return invalid("Tags cannot be given for a scalable target that is registered already: use TagResource.")
		}
		before := [2]int32{t.Min, t.Max}
		if in.MinCapacity != nil {
			t.Min = *in.MinCapacity
		}
		if in.MaxCapacity != nil {
			t.Max = *in.MaxCapacity
		}
		if t.Min < 0 || t.Max < t.Min {
			return invalid("MaxCapacity must be greater than or equal to MinCapacity, and both must not be negative.")
		}
		if x := in.SuspendedState; x != nil {
			for to, from := range map[**bool]*bool{&t.Suspended.DynamicScalingInSuspended: x.DynamicScalingInSuspended,
				&t.Suspended.DynamicScalingOutSuspended: x.DynamicScalingOutSuspended, &t.Suspended.ScheduledScalingSuspended: x.ScheduledScalingSuspended} {
				if from != nil {
					*to = from
				}
			}
		}
		out.ScalableTargetARN = aws.String(t.ARN)
		if before != [2]int32{t.Min, t.Max} {
			if err := s.bind(tx, k, &t, "", before[0] != t.Min); err != nil {
				return err
			}
		}
		return s.targets.Put(tx, k, t)
	})
}

const boundKind = "application-autoscaling.bound"

// bounding is a change of a target's bounds, within which its capacity has to be.
type bounding struct {
	Target string // id of its key
	ID     string // of the change
	Cause  string
}

// bind has a target's capacity brought within its bounds.
func (s *Service) bind(tx *store.Tx, k store.Key, t *target, action string, lower bool) error {
	cause := "maximum capacity was set to " + itoa(int(t.Max))
	if lower {
		cause = "minimum capacity was set to " + itoa(int(t.Min))
	}
	if action != "" {
		cause = "scheduled action name " + action + " was triggered"
	}
	data, err := json.Marshal(bounding{Target: k.ID, ID: uuid.NewString(), Cause: cause})
	if err != nil {
		return err
	}
	return s.Desk.Accept(tx, delivery.Parcel{Kind: boundKind, Account: k.Account, Region: k.Region, Line: t.ARN, Data: data, MaxAttempts: 10, MaxAge: time.Hour})
}

// DeregisterScalableTarget forgets a target with its policies and scheduled actions.
func (s *Service) DeregisterScalableTarget(ctx context.Context, in *applicationautoscaling.DeregisterScalableTargetInput) (*applicationautoscaling.DeregisterScalableTargetOutput, error) {
	k := at(ctx, in.ServiceNamespace, in.ScalableDimension, in.ResourceId)
	return &applicationautoscaling.DeregisterScalableTargetOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.targets.Delete(tx, k); absent(err) {
			return s.noTarget(k)
		} else if err != nil {
			return err
		}
		of := store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + separator}
		policies, err := s.policies.List(tx, of)
		if err != nil {
			return err
		}
		for _, p := range policies {
			if err := s.deletePolicy(tx, p.Key, p.Value); err != nil {
				return err
			}
		}
		actions, err := s.schedules.List(tx, of)
		for _, a := range actions {
			if err := s.schedules.Delete(tx, a.Key); err != nil {
				return err
			}
		}
		return err
	})
}

func (s *Service) noTarget(k store.Key) error {
	p := strings.Split(k.ID, separator)
	return missing("No scalable target registered for service namespace: %s, resource ID: %s, scalable dimension: %s", p[0], p[2], p[1])
}

// DescribeScalableTargets lists the targets of a service.
func (s *Service) DescribeScalableTargets(ctx context.Context, in *applicationautoscaling.DescribeScalableTargetsInput) (*applicationautoscaling.DescribeScalableTargetsOutput, error) {
	k := at(ctx, in.ServiceNamespace, "", nil)
	var rows []store.Row[target]
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = s.targets.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: string(in.ServiceNamespace) + separator})
		return err
	}); err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r store.Row[target]) bool {
		return in.ScalableDimension != "" && r.Value.Dimension != in.ScalableDimension || len(in.ResourceIds) > 0 && !slices.Contains(in.ResourceIds, r.Value.Resource)
	})
	rows, next, err := page(ctx, rows, in.MaxResults, in.NextToken)
	out := &applicationautoscaling.DescribeScalableTargetsOutput{ScalableTargets: []types.ScalableTarget{}, NextToken: next}
	for _, r := range rows {
		t := r.Value
		out.ScalableTargets = append(out.ScalableTargets, types.ScalableTarget{ServiceNamespace: t.Namespace, ScalableDimension: t.Dimension, ResourceId: &t.Resource,
			ScalableTargetARN: &t.ARN, MinCapacity: &t.Min, MaxCapacity: &t.Max, RoleARN: aws.String(s.Dimensions[t.Dimension].roleARN(k.Account)),
			CreationTime: &t.Created, SuspendedState: &t.Suspended})
	}
	return out, err
}
