package cloudtrail

import (
	"context"
	"strconv"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

const (
	pageSize = 50
	chunk    = 200
	// maxRead is how many events one call reads on through for an attribute without an index. A call that finds few in them
	// answers those, and a token to go on with.
	maxRead = 5000
)

// LookupEvents finds events of the caller's account and region, newest first.
// Source: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
func (s *Service) LookupEvents(ctx context.Context, in *cloudtrail.LookupEventsInput) (*cloudtrail.LookupEventsOutput, error) {
	call := wire.CallOf(ctx)
	q, err := s.query(ctx, in)
	if err != nil {
		return nil, err
	}
	out := &cloudtrail.LookupEventsOutput{Events: []types.Event{}}
	if in.EventCategory == types.EventCategoryInsight {
		return out, nil
	}
	limit := pageSize
	if in.MaxResults != nil {
		if limit = int(*in.MaxResults); limit < 1 || limit > pageSize {
			return nil, &types.InvalidMaxResultsException{Message: aws.String("MaxResults must be between 1 and 50.")}
		}
	}
	err = s.store.View(ctx, func(tx *store.Tx) error {
		before, read := q.before, 0
		for {
			rows, err := q.read(tx, s.events, store.Range{Account: call.Account(), Region: call.Region, Reverse: true, After: before, Limit: chunk})
			if err != nil {
				return err
			}
			for _, row := range rows {
				if row.Key.ID < q.from {
					return nil
				}
				if len(out.Events) == limit || read == maxRead {
					out.NextToken = wire.PageToken(ctx, before)
					return nil
				}
				before = row.Key.ID
				read++
				if q.match == nil || q.match(row.Value) {
					out.Events = append(out.Events, describe(row.Value))
				}
			}
			if len(rows) < chunk {
				return nil
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// query is what is asked for: ids from (inclusive) to before (exclusive), by an index or a test.
type query struct {
	from, before string
	index, value string
	match        func(event) bool
}

func (q query) read(tx *store.Tx, t *store.Table[event], r store.Range) ([]store.Row[event], error) {
	if q.index != "" {
		return t.Find(tx, q.index, q.value, r)
	}
	return t.List(tx, r)
}

func (s *Service) query(ctx context.Context, in *cloudtrail.LookupEventsInput) (q query, err error) {
	now := s.clock.Now()
	from, to := now.Add(-Retention), now
	if in.StartTime != nil && in.StartTime.After(from) {
		from = *in.StartTime
	}
	if in.EndTime != nil {
		to = *in.EndTime
	}
	if to.Before(from) && in.StartTime != nil && in.EndTime != nil && in.EndTime.Before(*in.StartTime) {
		return q, &types.InvalidTimeRangeException{Message: aws.String("The start time must be before the end time.")}
	}
	// Times on the wire are whole seconds, and the end's own second is part of the range.
	q.from, q.before = id(from.Truncate(time.Second), ""), id(to.Truncate(time.Second).Add(time.Second), "")
	position, err := wire.PagePosition(ctx, in.NextToken)
	if err != nil {
		return q, &types.InvalidNextTokenException{Message: aws.String("The token is not valid.")}
	}
	if position != "" {
		q.before = min(q.before, position)
	}
	if len(in.LookupAttributes) == 0 {
		return q, nil
	}
	if len(in.LookupAttributes) > 1 {
		return q, &types.InvalidLookupAttributesException{Message: aws.String("You can specify only one lookup attribute.")}
	}
	a := in.LookupAttributes[0]
	value := aws.ToString(a.AttributeValue)
	switch a.AttributeKey {
	case types.LookupAttributeKeyEventId, types.LookupAttributeKeyEventName, types.LookupAttributeKeyUsername,
		types.LookupAttributeKeyAccessKeyId, types.LookupAttributeKeyResourceName:
		q.index, q.value = string(a.AttributeKey), value
	case types.LookupAttributeKeyEventSource:
		q.match = func(e event) bool { return e.Source == value }
	case types.LookupAttributeKeyReadOnly:
		q.match = func(e event) bool { return strconv.FormatBool(e.ReadOnly) == value }
	case types.LookupAttributeKeyResourceType:
		q.match = func(e event) bool {
			for _, r := range e.Resources {
				if r.Type == value {
					return true
				}
			}
			return false
		}
	default:
		return q, &types.InvalidLookupAttributesException{Message: aws.String("The lookup attribute is not valid.")}
	}
	return q, nil
}

func describe(e event) types.Event {
	out := types.Event{EventId: aws.String(e.ID), EventName: aws.String(e.Name), EventSource: aws.String(e.Source),
		EventTime: aws.Time(e.Time.Truncate(time.Second)), ReadOnly: aws.String(strconv.FormatBool(e.ReadOnly)),
		CloudTrailEvent: aws.String(e.Record), Resources: []types.Resource{}}
	if e.Username != "" {
		out.Username = aws.String(e.Username)
	}
	if e.Key != "" {
		out.AccessKeyId = aws.String(e.Key)
	}
	for _, r := range e.Resources {
		x := types.Resource{ResourceName: aws.String(r.Name)}
		if r.Type != "" {
			x.ResourceType = aws.String(r.Type)
		}
		out.Resources = append(out.Resources, x)
	}
	return out
}
