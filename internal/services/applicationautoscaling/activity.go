package applicationautoscaling

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

const (
	// remembered is how long activities are kept, and cleared how many that are older go when one comes.
	remembered = 6 * 7 * 24 * time.Hour
	cleared    = 1000
)

// activity is a change of a capacity, or that there was none.
type activity struct {
	ID          string
	Target      string // id of its key
	Start       time.Time
	End         *time.Time `json:",omitempty"`
	Cause       string
	Description string
	Status      types.ScalingActivityStatusCode
	Message     string                  `json:",omitempty"`
	Reasons     []types.NotScaledReason `json:",omitempty"` // it was not scaled
}

// key puts the latest first.
func (a *activity) key(target store.Key) store.Key {
	return within(target, fmt.Sprintf("%020d/%s", math.MaxInt64-a.Start.UnixNano(), a.ID))
}

func noun(d types.ScalableDimension) string {
	switch d {
	case types.ScalableDimensionLambdaFunctionProvisionedConcurrency:
		return "concurrency"
	case types.ScalableDimensionSageMakerVariantDesiredInstanceCount:
		return "instance count"
	}
	return "capacity"
}

// unscaled notes that a policy asked for more or less than there may be, once until something else happens.
func (s *Service) unscaled(ctx context.Context, k store.Key, t target, now int, out bool, cause string) error {
	code := "AlreadyAtMinCapacity"
	if out {
		code = "AlreadyAtMaxCapacity"
	}
	current, least, most := int32(now), t.Min, t.Max
	at := s.Clock.Now()
	a := activity{ID: uuid.NewString(), Target: k.ID, Start: at, End: &at, Cause: cause, Status: types.ScalingActivityStatusCodeUnfulfilled,
		Description: "Attempting to scale due to alarm triggered", Reasons: []types.NotScaledReason{{Code: &code, CurrentCapacity: &current, MinCapacity: &least, MaxCapacity: &most}}}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		of := store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + separator, Limit: 1}
		last, err := s.activities.List(tx, of)
		if err != nil {
			return err
		}
		if len(last) > 0 && len(last[0].Value.Reasons) > 0 && *last[0].Value.Reasons[0].Code == code {
			return nil
		}
		of.After, of.Limit = (&activity{Start: at.Add(-remembered)}).key(k).ID, cleared
		if _, err := s.activities.DeleteAll(tx, of); err != nil {
			return err
		}
		return s.activities.Put(tx, a.key(k), a)
	})
}

// scaledToMax is the event of a target that is as large as it may be.
// Source: https://docs.aws.amazon.com/autoscaling/application/userguide/monitoring-eventbridge-scaling-activities.html
func (s *Service) scaledToMax(k store.Key, t target, x doing, a activity) bus.Event {
	b, err := json.Marshal(map[string]any{"startTime": a.Start.UTC().Format("2006-01-02T15:04:05Z"), "endTime": a.End.UTC().Format("2006-01-02T15:04:05Z"),
		"newDesiredCapacity": x.To, "oldDesiredCapacity": x.From, "minCapacity": t.Min, "maxCapacity": t.Max, "resourceId": t.Resource,
		"scalableDimension": t.Dimension, "serviceNamespace": t.Namespace, "statusCode": a.Status, "scaledToMax": true, "direction": "scale-out"})
	if err != nil {
		b = []byte("{}")
	}
	return bus.Event{Source: "aws.application-autoscaling", DetailType: "Application Auto Scaling Scaling Activity State Change", Account: k.Account, Region: k.Region,
		Resources: []string{}, Detail: b}
}

// DescribeScalingActivities lists what was scaled in the last six weeks, the latest first.
// Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalingActivities.html
func (s *Service) DescribeScalingActivities(ctx context.Context, in *applicationautoscaling.DescribeScalingActivitiesInput) (*applicationautoscaling.DescribeScalingActivitiesOutput, error) {
	since := s.Clock.Now().Add(-remembered)
	rows, err := described(ctx, s, s.activities, asked{in.ServiceNamespace, in.ScalableDimension, in.ResourceId}, func(a activity) (string, bool) {
		return a.Target, (len(a.Reasons) == 0 || in.IncludeNotScaledActivities != nil && *in.IncludeNotScaledActivities) && !a.Start.Before(since)
	})
	if err != nil {
		return nil, err
	}
	for i := range rows { // in order of time, whatever the target
		rows[i].Key.ID = rows[i].Key.ID[strings.LastIndex(rows[i].Key.ID, separator)+1:]
	}
	slices.SortFunc(rows, func(a, b store.Row[activity]) int { return strings.Compare(a.Key.ID, b.Key.ID) })
	rows, next, err := page(ctx, rows, in.MaxResults, in.NextToken)
	out := &applicationautoscaling.DescribeScalingActivitiesOutput{ScalingActivities: []types.ScalingActivity{}, NextToken: next}
	for _, r := range rows {
		a, part := r.Value, strings.Split(r.Value.Target, separator)
		x := types.ScalingActivity{ActivityId: &a.ID, ServiceNamespace: types.ServiceNamespace(part[0]), ScalableDimension: types.ScalableDimension(part[1]),
			ResourceId: &part[2], Cause: &a.Cause, Description: &a.Description, StartTime: &a.Start, EndTime: a.End, StatusCode: a.Status, NotScaledReasons: a.Reasons}
		if a.Message != "" {
			x.StatusMessage = &a.Message
		}
		out.ScalingActivities = append(out.ScalingActivities, x)
	}
	return out, err
}
