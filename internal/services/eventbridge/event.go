package eventbridge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	platformbus "github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/bus/pattern"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/uuid"
)

// maxEvents is how large the events of one call may be together.
// Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
const maxEvents = 1 << 20

// event is an event as rules and targets see it.
// Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
type event struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Replay     string          `json:"replay-name,omitempty"`
	Detail     json.RawMessage `json:"detail"`
}

const timeForm = "2006-01-02T15:04:05Z"

func valid(text string) bool { return json.Valid([]byte(text)) }

// entry checks an entry and makes an event of it; code and why tell what is wrong.
func entry(e types.PutEventsRequestEntry, account, region string, now time.Time, own bool) (ev event, code, why string) {
	argument := func(name string) (event, string, string) {
		return event{}, "InvalidArgument", "Parameter " + name + " is not valid. Reason: " + name + " is a required argument."
	}
	source, detail := aws.ToString(e.Source), strings.TrimSpace(aws.ToString(e.Detail))
	switch {
	case source == "":
		return argument("Source")
	case aws.ToString(e.DetailType) == "":
		return argument("DetailType")
	case detail == "":
		return argument("Detail")
	case detail[0] != '{' || !valid(detail):
		return ev, "MalformedDetail", "Detail is malformed."
	case strings.HasPrefix(source, "aws.") && !own:
		return ev, "NotAuthorizedForSourceException", "Not authorized for the source."
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(detail)); err != nil {
		return ev, "MalformedDetail", "Detail is malformed."
	}
	at := now
	if e.Time != nil {
		at = e.Time.UTC()
	}
	ev = event{Version: "0", ID: uuid.NewString(), DetailType: *e.DetailType, Source: source, Account: account, Time: at.Format(timeForm),
		Region: region, Resources: append([]string{}, e.Resources...), Detail: compact.Bytes()}
	return ev, "", ""
}

func size(e types.PutEventsRequestEntry) int {
	n := len(aws.ToString(e.Source)) + len(aws.ToString(e.DetailType)) + len(aws.ToString(e.Detail))
	if e.Time != nil {
		n += 14
	}
	for _, r := range e.Resources {
		n += len(r)
	}
	return n
}

// PutEvents puts events on buses. Each that gets an id will arrive at the targets of the rules that match it, or lie in their
// dead-letter queues.
// Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
func (s *Service) PutEvents(ctx context.Context, in *eventbridge.PutEventsInput) (*eventbridge.PutEventsOutput, error) {
	if in.EndpointId != nil {
		return nil, invalid("Global endpoints are not implemented by Atelier.")
	}
	call, total := wire.CallOf(ctx), 0
	for _, e := range in.Entries {
		if total += size(e); total > maxEvents {
			return nil, invalid("Total size of the entries in the request is over the limit.")
		}
	}
	out := &eventbridge.PutEventsOutput{Entries: make([]types.PutEventsResultEntry, len(in.Entries))}
	own := call.Principal.Kind == authz.Service
	var plans []*plan
	for i, e := range in.Entries {
		fail := func(code, why string) {
			out.FailedEntryCount++
			out.Entries[i] = types.PutEventsResultEntry{ErrorCode: &code, ErrorMessage: &why}
		}
		k, err := busKey(ctx, e.EventBusName)
		if err == nil {
			_, err = s.bus(ctx, k)
		}
		if err != nil {
			fail("ResourceNotFoundException", "Event bus "+aws.ToString(e.EventBusName)+" does not exist.")
			continue
		}
		ev, code, why := entry(e, call.Account(), call.Region, s.Clock.Now(), own)
		if code != "" {
			fail(code, why)
			continue
		}
		p, err := s.plan(ctx, k, ev, 0, nil)
		if err != nil {
			return nil, err
		}
		plans = append(plans, p)
		out.Entries[i] = types.PutEventsResultEntry{EventId: aws.String(ev.ID)}
	}
	if err := s.accept(ctx, plans...); err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) putEventsTargets(ctx context.Context, in *eventbridge.PutEventsInput) ([]wire.Target, error) {
	type asked struct{ bus, source, kind string }
	had := map[asked]bool{}
	var list []wire.Target
	for _, e := range in.Entries {
		a := asked{aws.ToString(e.EventBusName), aws.ToString(e.Source), aws.ToString(e.DetailType)}
		if had[a] {
			continue
		}
		had[a] = true
		one, err := s.onBus(ctx, e.EventBusName)
		if err != nil {
			return nil, err
		}
		keys := authz.Context{"events:source": {a.source}, "events:detail-type": {a.kind}}
		for name, v := range one[0].Context {
			keys[name] = v
		}
		one[0].Context = keys
		list = append(list, one[0])
	}
	return list, nil
}

// carry puts an event of the platform on the default bus of its account.
func (s *Service) carry(ctx context.Context, e platformbus.Event) error {
	if e.Account == "" {
		return nil
	}
	detail := e.Detail
	if len(detail) == 0 {
		detail = json.RawMessage("{}")
	}
	ev := event{Version: "0", ID: e.ID, DetailType: e.DetailType, Source: e.Source, Account: e.Account, Time: e.Time.UTC().Format(timeForm),
		Region: e.Region, Resources: append([]string{}, e.Resources...), Detail: detail}
	p, err := s.plan(ctx, store.Key{Account: e.Account, Region: e.Region, ID: defaultBus}, ev, 0, nil)
	var unreadable *wire.Error
	if errors.As(err, &unreadable) || !json.Valid(detail) { // it would hold up all others for ever
		s.Logger.Error("cannot read an event", "id", e.ID, "source", e.Source, "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	return s.accept(ctx, p)
}

// TestEventPattern tells whether an event matches a pattern.
// Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html
func (s *Service) TestEventPattern(_ context.Context, in *eventbridge.TestEventPatternInput) (*eventbridge.TestEventPatternOutput, error) {
	p, err := pattern.Parse([]byte(aws.ToString(in.EventPattern)))
	if err != nil {
		return nil, badPattern(err)
	}
	var has map[string]json.RawMessage
	if err := json.Unmarshal([]byte(aws.ToString(in.Event)), &has); err != nil {
		return nil, invalid("Parameter Event is not valid. Reason: it is not a JSON object.")
	}
	for _, name := range []string{"id", "account", "source", "time", "region", "resources", "detail-type"} {
		if _, ok := has[name]; !ok {
			return nil, invalid("Parameter Event is not valid. Reason: %s is a required field.", name)
		}
	}
	e, err := pattern.Read([]byte(*in.Event))
	if err != nil {
		return nil, invalid("Parameter Event is not valid. Reason: %v", err)
	}
	return &eventbridge.TestEventPatternOutput{Result: p.Match(e)}, nil
}
