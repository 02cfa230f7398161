package eventbridge

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/arn"
)

// logged is what an input transformer makes for a log group.
// Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
type logged struct {
	Timestamp json.RawMessage `json:"timestamp"`
	Message   *string         `json:"message"`
}

// log writes an event to a log group: what was made of it, or the event as it is. A rule has one stream a day.
func (s *Service) log(ctx context.Context, account string, to arn.ARN, x parcel) error {
	at, message := s.Clock.Now(), x.Input
	var l logged
	if x.Target.InputTransformer != nil && json.Unmarshal([]byte(x.Input), &l) == nil && l.Message != nil {
		message = *l.Message
		at = moment(l.Timestamp, at)
	}
	if message == "" {
		message = string(x.Event)
	}
	stream := uuid.NewSHA1(uuid.NameSpaceURL, []byte(x.Rule+s.Clock.Now().UTC().Format("2006-01-02"))).String()
	return s.Clients.Log(ctx, x.as(account), to.String(), stream, at, message)
}

// moment reads a time in milliseconds, or as a date.
func moment(text json.RawMessage, otherwise time.Time) time.Time {
	var ms int64
	if json.Unmarshal(text, &ms) == nil && ms > 0 {
		return time.UnixMilli(ms)
	}
	var t time.Time
	if json.Unmarshal(text, &t) == nil && !t.IsZero() {
		return t
	}
	return otherwise
}
