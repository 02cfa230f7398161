package eventbridge

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

const defaultBus = "default"

// bus is an event bus. The default one of an account is there without a row.
type bus struct {
	Description string `json:",omitempty"`
	KMSKey      string `json:",omitempty"`
	DeadLetters string `json:",omitempty"` // ARN of a queue
	Policy      string `json:",omitempty"`
	Tags        map[string]string
	Created     time.Time
	Modified    time.Time
}

func busARN(k store.Key) string { return arn.New("events", k.Region, k.Account, "event-bus/"+k.ID) }

// busKey reads a bus's name or ARN; nothing is the default one.
func busKey(ctx context.Context, name *string) (store.Key, error) {
	k := here(ctx, aws.ToString(name))
	if k.ID == "" {
		k.ID = defaultBus
	}
	if !strings.HasPrefix(k.ID, "arn:") {
		return k, nil
	}
	k, ok := keyOfBus(k.ID)
	if !ok {
		return k, invalid("Parameter EventBusName is not valid.")
	}
	return k, nil
}

func keyOfBus(text string) (store.Key, bool) {
	a, err := arn.Parse(text)
	name, ok := strings.CutPrefix(a.Resource, "event-bus/")
	return store.Key{Account: a.Account, Region: a.Region, ID: name}, err == nil && ok && a.Service == "events" && name != ""
}

// bus reads a bus from memory.
func (s *Service) bus(ctx context.Context, k store.Key) (b bus, err error) {
	ok := false
	if err = s.image.Read(ctx, func() { b, ok = s.buses.Rows()[k] }); err != nil {
		return b, err
	}
	if !ok && k.ID != defaultBus {
		return b, missing("Event bus %s does not exist.", k.ID)
	}
	return b, nil
}

// busIn reads a bus in a transaction.
func (s *Service) busIn(tx *store.Tx, k store.Key) (bus, error) {
	b, err := s.buses.Get(tx, k)
	if absent(err) {
		if k.ID == defaultBus {
			return bus{}, nil
		}
		return b, missing("Event bus %s does not exist.", k.ID)
	}
	return b, err
}

// onBus names a bus with its policy.
func (s *Service) onBus(ctx context.Context, name *string) ([]wire.Target, error) {
	k, err := busKey(ctx, name)
	if err != nil {
		return nil, err
	}
	t, err := s.busTarget(ctx, k)
	return []wire.Target{t}, err
}

func (s *Service) busTarget(ctx context.Context, k store.Key) (wire.Target, error) {
	t := wire.Target{Resource: busARN(k), Account: k.Account}
	var b bus
	if err := s.image.Read(ctx, func() { b = s.buses.Rows()[k] }); err != nil {
		return t, err
	}
	for name, v := range b.Tags {
		if t.Context == nil {
			t.Context = authz.Context{}
		}
		t.Context["aws:ResourceTag/"+name] = []string{v}
	}
	var err error
	t.Policy, err = s.policy(k, b)
	return t, err
}

func (s *Service) policy(k store.Key, b bus) (*authz.Policy, error) {
	if b.Policy == "" {
		return nil, nil
	}
	if p, ok := s.policies.Load(k); ok {
		return p.(*authz.Policy), nil
	}
	p, err := authz.ParseResource([]byte(b.Policy))
	if err != nil {
		return nil, err
	}
	p.ID = busARN(k)
	s.policies.Store(k, p)
	return p, nil
}

func deadLetters(c *types.DeadLetterConfig) string {
	if c == nil {
		return ""
	}
	return aws.ToString(c.Arn)
}

func deadLetterConfig(text string) *types.DeadLetterConfig {
	if text == "" {
		return nil
	}
	return &types.DeadLetterConfig{Arn: &text}
}

// CreateEventBus makes a custom bus.
// Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html
func (s *Service) CreateEventBus(ctx context.Context, in *eventbridge.CreateEventBusInput) (*eventbridge.CreateEventBusOutput, error) {
	name := aws.ToString(in.Name)
	if in.EventSourceName != nil || strings.HasPrefix(name, "aws.partner/") {
		return nil, invalid("Partner event sources are not implemented by Atelier.")
	}
	if name == defaultBus || strings.Contains(name, "/") {
		return nil, invalid("Parameter EventBusName is not valid. Reason: Event bus name must not be default or contain '/'.")
	}
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	k, now := here(ctx, name), wire.CallOf(ctx).Time
	b := bus{Description: aws.ToString(in.Description), KMSKey: aws.ToString(in.KmsKeyIdentifier), DeadLetters: deadLetters(in.DeadLetterConfig),
		Tags: tags, Created: now, Modified: now}
	if err := s.Store.Update(ctx, func(tx *store.Tx) error { return s.buses.Insert(tx, k, b) }); err != nil {
		if err == store.ErrExists {
			return nil, exists("Event bus %s already exists.", name)
		}
		return nil, err
	}
	return &eventbridge.CreateEventBusOutput{EventBusArn: aws.String(busARN(k)), Description: in.Description, DeadLetterConfig: in.DeadLetterConfig,
		KmsKeyIdentifier: in.KmsKeyIdentifier}, nil
}

func (s *Service) createBusTargets(ctx context.Context, in *eventbridge.CreateEventBusInput) ([]wire.Target, error) {
	return s.onOne(ctx, "event-bus", in.Name)
}

// DeleteEventBus removes a custom bus that has no rules. One that is not there is no error.
func (s *Service) DeleteEventBus(ctx context.Context, in *eventbridge.DeleteEventBusInput) (*eventbridge.DeleteEventBusOutput, error) {
	k := here(ctx, aws.ToString(in.Name))
	if k.ID == defaultBus {
		return nil, invalid("Cannot delete event bus default.")
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		rows, err := s.rules.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + "/", Limit: 1})
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			return invalid("Cannot delete event bus %s because it has rules.", k.ID)
		}
		return s.buses.DeleteIf(tx, k)
	})
	if err != nil {
		return nil, err
	}
	return &eventbridge.DeleteEventBusOutput{}, nil
}

func (s *Service) deleteBusTargets(ctx context.Context, in *eventbridge.DeleteEventBusInput) ([]wire.Target, error) {
	return s.onBus(ctx, in.Name)
}

// UpdateEventBus changes description, key or dead letters.
func (s *Service) UpdateEventBus(ctx context.Context, in *eventbridge.UpdateEventBusInput) (*eventbridge.UpdateEventBusOutput, error) {
	k, err := busKey(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	out := &eventbridge.UpdateEventBusOutput{Arn: aws.String(busARN(k)), Name: &k.ID}
	err = s.changeBus(ctx, k, func(b *bus) error {
		if in.Description != nil {
			b.Description = *in.Description
		}
		if in.KmsKeyIdentifier != nil {
			b.KMSKey = *in.KmsKeyIdentifier
		}
		if in.DeadLetterConfig != nil {
			b.DeadLetters = deadLetters(in.DeadLetterConfig)
		}
		out.Description, out.DeadLetterConfig, out.KmsKeyIdentifier = filled(b.Description), deadLetterConfig(b.DeadLetters), filled(b.KMSKey)
		return nil
	})
	return out, err
}

func (s *Service) updateBusTargets(ctx context.Context, in *eventbridge.UpdateEventBusInput) ([]wire.Target, error) {
	return s.onBus(ctx, in.Name)
}

// changeBus reads, changes and writes a bus.
func (s *Service) changeBus(ctx context.Context, k store.Key, f func(b *bus) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		b, err := s.busIn(tx, k)
		if err != nil {
			return err
		}
		b.Tags = maps.Clone(b.Tags)
		if err := f(&b); err != nil {
			return err
		}
		b.Modified = s.Clock.Now()
		return s.buses.Put(tx, k, b)
	})
}

// DescribeEventBus tells of a bus.
func (s *Service) DescribeEventBus(ctx context.Context, in *eventbridge.DescribeEventBusInput) (*eventbridge.DescribeEventBusOutput, error) {
	k, err := busKey(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	b, err := s.bus(ctx, k)
	if err != nil {
		return nil, err
	}
	return &eventbridge.DescribeEventBusOutput{Arn: aws.String(busARN(k)), Name: &k.ID, Policy: filled(b.Policy), Description: filled(b.Description),
		KmsKeyIdentifier: filled(b.KMSKey), DeadLetterConfig: deadLetterConfig(b.DeadLetters), CreationTime: when(b.Created), LastModifiedTime: when(b.Modified)}, nil
}

func (s *Service) describeBusTargets(ctx context.Context, in *eventbridge.DescribeEventBusInput) ([]wire.Target, error) {
	return s.onBus(ctx, in.Name)
}

func filled(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// ListEventBuses lists the account's buses.
func (s *Service) ListEventBuses(ctx context.Context, in *eventbridge.ListEventBusesInput) (*eventbridge.ListEventBusesOutput, error) {
	found := map[string]bus{defaultBus: {}}
	of := here(ctx, "")
	if err := s.image.Read(ctx, func() {
		for k, b := range s.buses.Rows() {
			if k.Account == of.Account && k.Region == of.Region {
				found[k.ID] = b
			}
		}
	}); err != nil {
		return nil, err
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if strings.HasPrefix(name, aws.ToString(in.NamePrefix)) {
			names = append(names, name)
		}
	}
	names, next, err := page(ctx, names, func(n string) string { return n }, in.Limit, in.NextToken)
	out := &eventbridge.ListEventBusesOutput{EventBuses: []types.EventBus{}, NextToken: next}
	for _, name := range names {
		k, b := store.Key{Account: of.Account, Region: of.Region, ID: name}, found[name]
		out.EventBuses = append(out.EventBuses, types.EventBus{Arn: aws.String(busARN(k)), Name: &name, Policy: filled(b.Policy),
			Description: filled(b.Description), CreationTime: when(b.Created), LastModifiedTime: when(b.Modified)})
	}
	return out, err
}

func page[T any](ctx context.Context, list []T, key func(T) string, limit *int32, token *string) ([]T, *string, error) {
	size := 100
	if limit != nil {
		size = int(*limit)
	}
	list, next, err := wire.Page(ctx, list, key, size, token)
	if err != nil {
		err = invalid("NextToken is not valid.")
	}
	return list, next, err
}
