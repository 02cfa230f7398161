package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/lambda/sandbox"
)

const (
	courier = "lambda"
	// crew is how many events run at a time, and crowd how many of them of one function.
	crew, crowd = 128, 64
	// patience is longer than the longest timeout.
	patience = 16 * time.Minute
	// Events are tried three times, and are six hours old at most, when nobody says otherwise.
	// Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
	retries = 2
	age     = 6 * time.Hour
)

// event is an invocation that runs later.
type event struct {
	Name      string
	Qualifier string `json:",omitempty"`
	RequestID string
	Payload   []byte
	Context   string `json:",omitempty"` // the client's
}

// later takes an event. From then on it will run.
func (s *Service) later(ctx context.Context, r ref, in sandbox.Invocation) error {
	if _, _, _, err := s.runnable(ctx, r); err != nil {
		return err
	}
	f, _, err := s.find(ctx, r.Key)
	if err != nil {
		return err
	}
	data, err := json.Marshal(event{r.ID, r.Qualifier, in.RequestID, in.Payload, in.ClientContext})
	if err != nil {
		return err
	}
	p := delivery.Parcel{Kind: courier, Account: r.Account, Region: r.Region, Place: functionARN(r.Key), Data: data, MaxAttempts: retries + 1, MaxAge: age}
	if c, ok := f.Events[eventQualifier(r)]; ok {
		if c.MaximumRetryAttempts != nil {
			p.MaxAttempts = int(*c.MaximumRetryAttempts) + 1
		}
		if c.MaximumEventAgeInSeconds != nil {
			p.MaxAge = time.Duration(*c.MaximumEventAgeInSeconds) * time.Second
		}
	}
	s.measure(r, "AsyncEventsReceived", "Count", 1)
	return s.Store.Update(ctx, func(tx *store.Tx) error { return s.Desk.Accept(tx, p) })
}

func orLatest(qualifier string) string {
	if qualifier == "" {
		return latest
	}
	return qualifier
}

// outcome is what came of an attempt. As an error it is a function that failed, as text for the parcel.
type outcome struct {
	Status  int    `json:"status"`
	Version string `json:"version"`
	Failure string `json:"failure,omitempty"`
	Payload []byte `json:"payload,omitempty"`
}

// maxKept is how much is kept of what a function answers, for its destinations.
const maxKept = 256 << 10

// Error is the outcome as text.
func (o *outcome) Error() string {
	b, _ := json.Marshal(o) // it has nothing that can't be
	return string(b)
}

// ErrorCode is what the parcel tells.
func (o *outcome) ErrorCode() string { return o.Failure }

// deliver runs an event once.
func (s *Service) deliver(ctx context.Context, p delivery.Parcel) error {
	var e event
	if err := json.Unmarshal(p.Data, &e); err != nil {
		return delivery.Permanent(err)
	}
	r := ref{store.Key{Account: p.Account, Region: p.Region, ID: e.Name}, e.Qualifier}
	if p.MaxAge > 0 && s.Clock.Now().Sub(p.Accepted) > p.MaxAge {
		return delivery.Permanent(errTooOld)
	}
	g, err := s.begin(ctx, r)
	var gone *types.ResourceNotFoundException
	switch {
	case errors.As(err, &gone):
		return delivery.Permanent(err)
	case err != nil:
		if f, ok, e := s.find(ctx, r.Key); e == nil && ok && f.Reserved != nil && *f.Reserved == 0 {
			return delivery.Permanent(errNone)
		}
		return delivery.Spared(err)
	}
	result, err := s.run(ctx, g, sandbox.Invocation{RequestID: e.RequestID, Payload: e.Payload, ClientContext: e.Context}, nil)
	if err != nil {
		return delivery.Spared(err)
	}
	o := &outcome{Status: 200, Version: *g.version.Version, Failure: result.FunctionError, Payload: result.Payload}
	if len(o.Payload) > maxKept {
		o.Payload, _ = json.Marshal(string(o.Payload[:maxKept])) // a string can be
	}
	if o.Failure != "" {
		return delivery.After(o, time.Duration(p.Attempts+1)*time.Minute) // after one minute, and after two
	}
	return s.tell(ctx, p, e, "Success", o, success)
}

var (
	errTooOld = errors.New("event is too old")
	errNone   = errors.New("function has no concurrency")
)

// bury tells that an event was given up.
func (s *Service) bury(ctx context.Context, p delivery.Parcel) error {
	var e event
	if err := json.Unmarshal(p.Data, &e); err != nil {
		return delivery.Permanent(err)
	}
	o := &outcome{}
	if json.Unmarshal([]byte(p.Failure), o) != nil || o.Version == "" {
		o = nil
	}
	condition := "RetriesExhausted"
	switch {
	case p.Failure == errNone.Error():
		condition = "ZeroReservedConcurrency"
	case p.Failure == errTooOld.Error(), p.Attempts < p.MaxAttempts:
		condition = "EventAgeExceeded"
		s.measure(ref{store.Key{Account: p.Account, Region: p.Region, ID: e.Name}, ""}, "AsyncEventsDropped", "Count", 1)
	}
	return s.tell(ctx, p, e, condition, o, failure)
}

// tell has the outcome of an event brought to its destination, and what was given up to the dead-letter queue too. The event's
// own parcel is deleted after that, so that what a crash interrupts is told once more.
func (s *Service) tell(ctx context.Context, p delivery.Parcel, e event, condition string, o *outcome, which func(*types.DestinationConfig) *string) error {
	r := ref{store.Key{Account: p.Account, Region: p.Region, ID: e.Name}, e.Qualifier}
	var f function
	var v version
	ok := false
	if err := s.image.Read(ctx, func() {
		if f, ok = s.functions.Rows()[r.Key]; ok {
			v, ok = s.versions.Rows()[versionKey(r.Key, f.choose(r.Qualifier))]
		}
	}); err != nil || !ok {
		return err // a function that is gone tells nobody
	}
	var list []message
	if to := which(f.Events[eventQualifier(r)].DestinationConfig); to != nil {
		body, err := record(r, e, condition, p, o, s.Clock.Now())
		if err != nil {
			return err
		}
		list = append(list, message{To: *to, Body: string(body), Success: condition == "Success"})
	}
	if condition != "Success" && v.DeadLetterConfig != nil {
		m := message{To: aws.ToString(v.DeadLetterConfig.TargetArn), Body: string(e.Payload), Plain: true,
			Attributes: map[string]delivery.Attribute{"RequestID": {Type: "String", Text: e.RequestID}}}
		m.Attributes["ErrorCode"] = delivery.Attribute{Type: "Number", Text: "200"}
		m.Attributes["ErrorMessage"] = delivery.Attribute{Type: "String", Text: reason(p, o)}
		list = append(list, m)
	}
	if len(list) == 0 {
		return nil
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		for _, m := range list {
			m.Function, m.Role = functionARN(r.Key), *v.Role
			data, err := json.Marshal(m)
			if err != nil {
				return err
			}
			if err := s.Desk.Accept(tx, delivery.Parcel{Kind: destinations, Account: r.Account, Region: r.Region, Data: data, MaxAttempts: -1, MaxAge: age}); err != nil {
				return err
			}
		}
		return nil
	})
}

// reason is the beginning of a failure's message.
func reason(p delivery.Parcel, o *outcome) string {
	text := p.Failure
	if o != nil {
		var e struct {
			Message string `json:"errorMessage"`
		}
		text = string(o.Payload)
		if json.Unmarshal(o.Payload, &e) == nil && e.Message != "" {
			text = e.Message
		}
	}
	return delivery.Printable(text)
}

// record is what a destination gets.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
func record(r ref, e event, condition string, p delivery.Parcel, o *outcome, now time.Time) ([]byte, error) {
	attempts := p.Attempts
	if condition == "Success" {
		attempts++
	}
	m := map[string]any{"version": "1.0", "timestamp": now.UTC().Format("2006-01-02T15:04:05.000Z"),
		"requestContext": map[string]any{"requestId": e.RequestID, "functionArn": r.at(orLatest(r.Qualifier)).arn(), "condition": condition,
			"approximateInvokeCount": attempts},
		"requestPayload": embedded(e.Payload)}
	if o != nil {
		about := map[string]any{"statusCode": o.Status, "executedVersion": o.Version}
		if o.Failure != "" {
			about["functionError"] = o.Failure
		}
		m["responseContext"], m["responsePayload"] = about, embedded(o.Payload)
	}
	return json.Marshal(m)
}

// embedded is a payload within a record: as JSON when it is, and as text when not.
func embedded(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	if json.Valid(b) {
		return json.RawMessage(b)
	}
	return string(b)
}
