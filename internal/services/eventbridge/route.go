package eventbridge

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/bus/pattern"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

const (
	service = "events.amazonaws.com"
	courier = "events"
	// maxHops is how many buses an event may go through, so that buses that send to each other come to an end.
	maxHops = 5
)

// parcel is an event on its way to a target.
type parcel struct {
	Rule   string // ARN
	Bus    store.Key
	Target types.Target
	Event  json.RawMessage // as it came
	Input  string          // as the target gets it
	Hops   int             `json:",omitempty"`
}

// plan is an event with where it goes from a bus.
type plan struct {
	bus      store.Key
	event    event
	document []byte
	parcels  []delivery.Parcel
	archives []archive
}

// plan finds who gets an event. only, when there are some, are the ARNs of the rules that may.
func (s *Service) plan(ctx context.Context, of store.Key, e event, hops int, only []string) (*plan, error) {
	document, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	p := &plan{bus: of, event: e, document: document}
	read, err := pattern.Read(document)
	if err != nil {
		return nil, invalid("Event is not valid: %v", err)
	}
	var matched []*route
	err = s.image.Read(ctx, func() {
		r, ok := s.routes[of]
		if !ok {
			return
		}
		for _, one := range r.rules {
			if len(one.targets) > 0 && one.pattern.Match(read) && (len(only) == 0 || slices.Contains(only, ruleARN(one.key))) {
				matched = append(matched, one)
			}
		}
		for _, one := range r.archives {
			if e.Replay == "" && (one.pattern == nil || one.pattern.Match(read)) {
				p.archives = append(p.archives, one.archive)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(matched, func(a, b *route) int { return strings.Compare(a.key.ID, b.key.ID) })
	for _, r := range matched {
		s.count(ruleARN(r.key), "MatchedEvents")
		s.count(ruleARN(r.key), "TriggeredRules")
		if err := p.send(r.key, r.targets, s.Clock.Now(), hops); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// send adds the parcels of a rule's targets.
func (p *plan) send(ruleKey store.Key, targets []types.Target, now time.Time, hops int) error {
	name := ruleKey.ID[strings.IndexByte(ruleKey.ID, '/')+1:]
	for _, t := range targets {
		x := parcel{Rule: ruleARN(ruleKey), Bus: p.bus, Target: t, Event: p.document, Hops: hops}
		x.Input = input(t, p.document, reserved{rule: x.Rule, name: name, ingested: now.UTC().Format("2006-01-02T15:04:05.000Z")})
		data, err := json.Marshal(x)
		if err != nil {
			return err
		}
		d := delivery.Parcel{Kind: courier, Account: ruleKey.Account, Region: ruleKey.Region, Data: data, MaxAttempts: delivery.Attempts + 1, MaxAge: delivery.Age}
		if r := t.RetryPolicy; r != nil {
			if r.MaximumRetryAttempts != nil {
				d.MaxAttempts = int(*r.MaximumRetryAttempts) + 1
			}
			if r.MaximumEventAgeInSeconds != nil {
				d.MaxAge = time.Duration(*r.MaximumEventAgeInSeconds) * time.Second
			}
		}
		if strings.Contains(aws.ToString(t.Arn), ":api-destination/") {
			d.Place = *t.Arn
		}
		if q := t.SqsParameters; q != nil && aws.ToString(q.MessageGroupId) != "" {
			d.Line = x.Rule + "\n" + aws.ToString(t.Id)
		}
		p.parcels = append(p.parcels, d)
	}
	return nil
}

// accept writes plans down, in one transaction.
func (s *Service) accept(ctx context.Context, plans ...*plan) error {
	n := 0
	for _, p := range plans {
		n += len(p.parcels) + len(p.archives)
	}
	if n == 0 {
		return nil
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error { return s.acceptIn(tx, plans...) })
}

func (s *Service) acceptIn(tx *store.Tx, plans ...*plan) error {
	for _, p := range plans {
		for _, d := range p.parcels {
			if err := s.Desk.Accept(tx, d); err != nil {
				return err
			}
		}
		for _, a := range p.archives {
			if err := s.keep(tx, a, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// ring sends the event of a rule's schedule.
// Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
func (s *Service) ring(ctx context.Context, k store.Key, at time.Time) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := s.rules.Get(tx, k)
		if absent(err) || err == nil && !r.on() {
			return nil
		}
		if err != nil {
			return err
		}
		if due, ok := r.due(); !ok || !due.Equal(at) {
			return nil // it was changed just now, and rings when it says now
		}
		e := event{Version: "0", ID: newID(), DetailType: "Scheduled Event", Source: "aws.events", Account: k.Account, Region: k.Region,
			Time: at.UTC().Format(timeForm), Resources: []string{ruleARN(k)}, Detail: json.RawMessage("{}")}
		p := &plan{bus: store.Key{Account: k.Account, Region: k.Region, ID: r.Bus}, event: e}
		if p.document, err = json.Marshal(e); err != nil {
			return err
		}
		if err := p.send(k, r.Targets, s.Clock.Now(), 0); err != nil {
			return err
		}
		if err := s.acceptIn(tx, p); err != nil {
			return err
		}
		r.Rung = s.Clock.Now() // of those that were due while nobody was there, one
		return s.rules.Put(tx, k, r)
	})
}
