package cloudtrail

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// Retention is how long events can be looked up.
// Source: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
const Retention = 90 * 24 * time.Hour

// Config is what the service needs.
type Config struct {
	Store  *store.Store
	Clock  clock.Clock
	Logger *slog.Logger
}

// Service is CloudTrail. It is the audit.Recorder of the server.
type Service struct {
	store  *store.Store
	clock  clock.Clock
	logger *slog.Logger
	events *store.Table[event]
}

// event is one row. Its key's id begins with the time, so that a range of time is a range of keys.
type event struct {
	ID, Name, Source string
	Username, Key    string
	ReadOnly         bool
	Time             time.Time
	Resources        []resource `json:",omitempty"`
	Record           string     // JSON in CloudTrail's form
}

type resource struct{ Type, Name string }

// The indexes are the lookup attributes that pick few events. The others (EventSource, ReadOnly, ResourceType) pick many,
// and are found by reading on.
const (
	byID       = "EventId"
	byName     = "EventName"
	byUser     = "Username"
	byKey      = "AccessKeyId"
	byResource = "ResourceName"
)

// New makes the service.
func New(c Config) *Service {
	one := func(name string, f func(event) string) store.Index[event] {
		return store.Index[event]{Name: name, Value: func(e event) []string {
			if v := f(e); v != "" {
				return []string{v}
			}
			return nil
		}}
	}
	return &Service{store: c.Store, clock: c.Clock, logger: c.Logger, events: store.NewTable(c.Store, "cloudtrail_event",
		one(byID, func(e event) string { return e.ID }),
		one(byName, func(e event) string { return e.Name }),
		one(byUser, func(e event) string { return e.Username }),
		one(byKey, func(e event) string { return e.Key }),
		store.Index[event]{Name: byResource, Value: func(e event) []string {
			var names []string
			for _, r := range e.Resources {
				names = append(names, r.Name)
			}
			return names
		}})}
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "cloudtrail" }

// Ops lists the operations.
func (s *Service) Ops() wire.Ops { return wire.Ops{wire.Op(s.LookupEvents)} }

// id is the key of an event of time t; without an event's own id it is before all of that time.
func id(t time.Time, eventID string) string {
	return fmt.Sprintf("%016x/%s", max(t.UnixNano(), 0), eventID)
}

// Run drops events that are past their retention, once an hour, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if _, err := s.Expire(ctx); err != nil && ctx.Err() == nil {
			s.logger.Error("cannot drop old CloudTrail events", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Expire drops the events that are past their retention now, and tells how many there were.
func (s *Service) Expire(ctx context.Context) (n int, err error) {
	const some = 500 // so that no transaction holds up the writer
	for {
		got := 0
		err := s.store.Update(ctx, func(tx *store.Tx) error {
			rows, err := s.events.List(tx, store.Range{AllAccounts: true, AllRegions: true, Reverse: true, Limit: some,
				After: id(s.clock.Now().Add(-Retention), "")})
			if err != nil {
				return err
			}
			for _, row := range rows {
				if err := s.events.Delete(tx, row.Key); err != nil {
					return err
				}
			}
			got = len(rows)
			return nil
		})
		if n += got; err != nil || got < some {
			return n, err
		}
	}
}
