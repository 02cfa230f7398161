package sagemaker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/featurestore"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/atelier-studio/atelier/internal/wire/codec"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	runtime "github.com/aws/aws-sdk-go-v2/service/sagemakerfeaturestoreruntime"
	recordtypes "github.com/aws/aws-sdk-go-v2/service/sagemakerfeaturestoreruntime/types"
)

// Records is SageMaker Feature Store Runtime: it writes and reads the records of a Service's feature groups.
type Records struct{ *Service }

// Records gives the service of records.
func (s *Service) Records() *Records { return &Records{s} }

// Name is the service's name in the API facts.
func (*Records) Name() string { return "sagemaker-featurestore-runtime" }

// Codec tells the wire layer what the service calls a request that breaks the API's constraints.
func (*Records) Codec() []codec.Option {
	return []codec.Option{codec.ValidationCode("ValidationError")}
}

// Run does nothing: the Service does.
func (*Records) Run(context.Context) {}

// Stack lists nothing: the Service does.
func (*Records) Stack() []resource.Type { return nil }

// Ops lists the operations.
func (s *Records) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.BatchGetRecord, wire.On(s.batchGetRecordTargets), wire.Data()),
		wire.Op(s.DeleteRecord, wire.On(s.deleteRecordTargets), wire.Data()),
		wire.Op(s.GetRecord, wire.On(s.getRecordTargets), wire.Data()),
		wire.Op(s.PutRecord, wire.On(s.putRecordTargets), wire.Data()),
	}
}

// record is a record of an online store.
type record struct {
	Event   time.Time
	Values  []featurestore.Value
	Deleted bool       `json:",omitempty"` // its values are gone, its time counts
	Expires *time.Time `json:",omitempty"`
}

// maxRecord is the most of a record, in bytes. Source: https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-quotas.html
const maxRecord = 350 << 10

func badRecord(format string, args ...any) error {
	return &recordtypes.ValidationError{Message: aws.String("Validation Error: " + fmt.Sprintf(format, args...))}
}

// usable reads a group that records can be put into or read from.
func (s *Records) usable(ctx context.Context, nameOrARN *string) (store.Key, featureGroup, error) {
	k := groupKey(ctx, nameOrARN)
	if k.Account != wire.CallOf(ctx).Account() {
		return k, featureGroup{}, &recordtypes.AccessForbidden{Message: aws.String("The feature group is of another account.")}
	}
	var g featureGroup
	var ok bool
	if err := s.image.Read(ctx, func() { g, ok = s.groups.Rows()[k] }); err != nil {
		return k, g, err
	}
	switch {
	case !ok:
		return k, g, &recordtypes.ResourceNotFound{Message: aws.String("Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name " + k.ID + ".")}
	case g.Status != types.FeatureGroupStatusCreated:
		return k, g, badRecord("The feature group %s cannot be used: its status is %s.", k.ID, g.Status)
	}
	return k, g, nil
}

// stores says which of a group's stores are meant.
func (g *featureGroup) stores(asked []recordtypes.TargetStore) (online, offline bool, err error) {
	online, offline = g.online(), g.In.OfflineStoreConfig != nil
	if len(asked) == 0 {
		return online, offline, nil
	}
	wantOnline, wantOffline := slices.Contains(asked, recordtypes.TargetStoreOnlineStore), slices.Contains(asked, recordtypes.TargetStoreOfflineStore)
	if wantOnline && !online || wantOffline && !offline {
		return false, false, badRecord("TargetStores names a store that the feature group does not have.")
	}
	return wantOnline, wantOffline, nil
}

func recordKey(k store.Key, id string) store.Key {
	k.ID += "/" + id
	return k
}

// PutRecord writes a record. The online store keeps the one with the latest time of event, the offline store has all of them.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature_store_PutRecord.html
func (s *Records) PutRecord(ctx context.Context, in *runtime.PutRecordInput) (*runtime.PutRecordOutput, error) {
	k, g, err := s.usable(ctx, in.FeatureGroupName)
	if err != nil {
		return nil, err
	}
	online, offline, err := g.stores(in.TargetStores)
	if err != nil {
		return nil, err
	}
	r, id, err := g.read(in.Record)
	if err != nil {
		return nil, err
	}
	if ttl := in.TtlDuration; ttl != nil {
		r.Expires = expiry(r.Event, string(ttl.Unit), ttl.Value)
	} else if c := g.In.OnlineStoreConfig; c != nil && c.TtlDuration != nil {
		r.Expires = expiry(r.Event, string(c.TtlDuration.Unit), c.TtlDuration.Value)
	}
	return &runtime.PutRecordOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		if online {
			if err := s.put(tx, recordKey(k, id), r); err != nil {
				return err
			}
		}
		if !offline {
			return nil
		}
		return s.append(tx, k, featurestore.Row{Values: r.Values, Event: r.Event, Invoked: s.Clock.Now()})
	})
}

// put keeps a record, unless there is a later one. One that has expired goes.
func (s *Records) put(tx *store.Tx, at store.Key, r record) error {
	old, err := s.records.Get(tx, at)
	switch {
	case gone(err) != nil:
		return err
	case err == nil && old.Event.After(r.Event):
		return nil
	case r.Expires != nil && !r.Expires.After(s.Clock.Now()):
		return gone(s.records.Delete(tx, at))
	}
	return s.records.Put(tx, at, r)
}

func (s *Records) putRecordTargets(ctx context.Context, in *runtime.PutRecordInput) ([]wire.Target, error) {
	return onGroup(ctx, in.FeatureGroupName)
}

// expiry is when a record of an event expires.
func expiry(event time.Time, unit string, n *int32) *time.Time {
	one := map[string]time.Duration{"Seconds": time.Second, "Minutes": time.Minute, "Hours": time.Hour, "Days": 24 * time.Hour, "Weeks": 7 * 24 * time.Hour}[unit]
	days := time.Duration(aws.ToInt32(n)) * (one / time.Second) / 86400 // durations end after 290 years
	rest := time.Duration(aws.ToInt32(n)) * (one / time.Second) % 86400
	t := event.AddDate(0, 0, int(days)).Add(rest * time.Second)
	return &t
}

// read checks a record and finds its identifier.
func (g *featureGroup) read(list []recordtypes.FeatureValue) (r record, id string, err error) {
	seen, size := map[string]bool{}, 0
	for _, v := range list {
		name := aws.ToString(v.FeatureName)
		f := g.feature(name)
		switch {
		case f == nil:
			return r, "", badRecord("The feature group has no feature %s.", name)
		case seen[name]:
			return r, "", badRecord("The feature %s is given twice.", name)
		case v.ValueAsString == nil && v.ValueAsStringList == nil:
			return r, "", badRecord("The feature %s has no value. Leave out features without one.", name)
		case v.ValueAsString != nil && v.ValueAsStringList != nil:
			return r, "", badRecord("The feature %s has both ValueAsString and ValueAsStringList.", name)
		}
		value := featurestore.Value{Name: name, Text: aws.ToString(v.ValueAsString), List: v.ValueAsStringList}
		if err := f.Check(value); err != nil {
			return r, "", badRecord("%v", err)
		}
		seen[name] = true
		size += len(value.Name) + len(value.Text)
		for _, text := range value.List {
			size += len(text)
		}
		r.Values = append(r.Values, value)
		switch name {
		case aws.ToString(g.In.RecordIdentifierFeatureName):
			id = value.Text
		case aws.ToString(g.In.EventTimeFeatureName):
			if r.Event, err = featurestore.EventTime(f.Kind, value.Text); err != nil {
				return r, "", badRecord("feature %s: %v", name, err)
			}
		}
	}
	switch {
	case !seen[aws.ToString(g.In.RecordIdentifierFeatureName)], !seen[aws.ToString(g.In.EventTimeFeatureName)]:
		return r, "", badRecord("The record must have the features %s and %s.", *g.In.RecordIdentifierFeatureName, *g.In.EventTimeFeatureName)
	case size > maxRecord:
		return r, "", badRecord("The record has more than %d bytes.", maxRecord)
	}
	return r, id, checkIdentifier(id)
}

func checkIdentifier(id string) error {
	if id == "" || strings.IndexByte(id, 0) >= 0 {
		return badRecord("The record identifier must not be empty, nor have a NUL.")
	}
	return nil
}

// DeleteRecord deletes a record as of a time. A soft deletion keeps that time, so that older records do not come back.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature_store_DeleteRecord.html
func (s *Records) DeleteRecord(ctx context.Context, in *runtime.DeleteRecordInput) (*runtime.DeleteRecordOutput, error) {
	k, g, err := s.usable(ctx, in.FeatureGroupName)
	if err != nil {
		var missing *recordtypes.ResourceNotFound
		if errors.As(err, &missing) { // the operation has no such error
			err = badRecord("%s", *missing.Message)
		}
		return nil, err
	}
	online, offline, err := g.stores(in.TargetStores)
	if err != nil {
		return nil, err
	}
	id, clock := aws.ToString(in.RecordIdentifierValueAsString), g.feature(aws.ToString(g.In.EventTimeFeatureName))
	if err := checkIdentifier(id); err != nil {
		return nil, err
	}
	event, err := featurestore.EventTime(clock.Kind, aws.ToString(in.EventTime))
	if err != nil {
		return nil, badRecord("EventTime: %v", err)
	}
	values := []featurestore.Value{{Name: *g.In.RecordIdentifierFeatureName, Text: id}, {Name: clock.Name, Text: aws.ToString(in.EventTime)}}
	return &runtime.DeleteRecordOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		if online {
			if err := s.erase(tx, recordKey(k, id), record{Event: event, Values: values, Deleted: true}, in.DeletionMode == recordtypes.DeletionModeHardDelete); err != nil {
				return err
			}
		}
		if !offline {
			return nil
		}
		return s.append(tx, k, featurestore.Row{Values: values, Event: event, Invoked: s.Clock.Now(), Deleted: true})
	})
}

// erase puts a mark in the place of a record, or removes it. What is later than the mark stays.
func (s *Records) erase(tx *store.Tx, at store.Key, mark record, hard bool) error {
	old, err := s.records.Get(tx, at)
	later := err == nil && old.Event.After(mark.Event)
	switch {
	case gone(err) != nil:
		return err
	case hard && later:
		return badRecord("EventTime is before that of the record, which stays.")
	case hard:
		return gone(s.records.Delete(tx, at))
	case later:
		return nil
	}
	return s.records.Put(tx, at, mark)
}

func (s *Records) deleteRecordTargets(ctx context.Context, in *runtime.DeleteRecordInput) ([]wire.Target, error) {
	return onGroup(ctx, in.FeatureGroupName)
}
