package sagemaker

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	runtime "github.com/aws/aws-sdk-go-v2/service/sagemakerfeaturestoreruntime"
	recordtypes "github.com/aws/aws-sdk-go-v2/service/sagemakerfeaturestoreruntime/types"
)

// readable is a group that has an online store.
func (s *Records) readable(ctx context.Context, nameOrARN *string, names []string) (store.Key, featureGroup, error) {
	k, g, err := s.usable(ctx, nameOrARN)
	switch {
	case err != nil:
		return k, g, err
	case !g.online():
		return k, g, badRecord("The feature group %s has no online store.", k.ID)
	}
	for _, name := range names {
		if g.feature(name) == nil {
			return k, g, badRecord("The feature group %s has no feature %s.", k.ID, name)
		}
	}
	return k, g, nil
}

// values are those of a record that is there and was not deleted; of the features named, when some are.
func (s *Records) values(tx *store.Tx, at store.Key, names []string) (out []recordtypes.FeatureValue, expires *string, err error) {
	r, err := s.records.Get(tx, at)
	if err != nil || r.Deleted || r.Expires != nil && !r.Expires.After(s.Clock.Now()) {
		return nil, nil, gone(err)
	}
	for _, v := range r.Values {
		if len(names) > 0 && !slices.Contains(names, v.Name) {
			continue
		}
		f := recordtypes.FeatureValue{FeatureName: aws.String(v.Name), ValueAsStringList: v.List}
		if v.List == nil {
			f.ValueAsString = aws.String(v.Text)
		}
		out = append(out, f)
	}
	if r.Expires != nil {
		expires = aws.String(r.Expires.UTC().Format(time.RFC3339))
	}
	return out, expires, nil
}

// GetRecord reads the latest record with an identifier. There is none in the answer when it is not there.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature_store_GetRecord.html
func (s *Records) GetRecord(ctx context.Context, in *runtime.GetRecordInput) (*runtime.GetRecordOutput, error) {
	k, _, err := s.readable(ctx, in.FeatureGroupName, in.FeatureNames)
	if err != nil {
		return nil, err
	}
	id := aws.ToString(in.RecordIdentifierValueAsString)
	if err := checkIdentifier(id); err != nil {
		return nil, err
	}
	out := &runtime.GetRecordOutput{}
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		out.Record, out.ExpiresAt, err = s.values(tx, recordKey(k, id), in.FeatureNames)
		return err
	})
	if in.ExpirationTimeResponse != recordtypes.ExpirationTimeResponseEnabled {
		out.ExpiresAt = nil
	}
	return out, err
}

func (s *Records) getRecordTargets(ctx context.Context, in *runtime.GetRecordInput) ([]wire.Target, error) {
	return onGroup(ctx, in.FeatureGroupName)
}

// maxIdentifiers is how many records of a group are asked for at a time.
const maxIdentifiers = 100

// BatchGetRecord reads records of several groups. What is not there is left out; a group that cannot be read gives an error for each.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature_store_BatchGetRecord.html
func (s *Records) BatchGetRecord(ctx context.Context, in *runtime.BatchGetRecordInput) (*runtime.BatchGetRecordOutput, error) {
	out := &runtime.BatchGetRecordOutput{Records: []recordtypes.BatchGetRecordResultDetail{}, Errors: []recordtypes.BatchGetRecordError{},
		UnprocessedIdentifiers: []recordtypes.BatchGetRecordIdentifier{}}
	for _, of := range in.Identifiers {
		if len(of.RecordIdentifiersValueAsString) > maxIdentifiers {
			return nil, badRecord("At most %d records of a feature group can be read at a time.", maxIdentifiers)
		}
		k, _, err := s.readable(ctx, of.FeatureGroupName, of.FeatureNames)
		var told interface {
			ErrorCode() string
			ErrorMessage() string
		}
		if err != nil && !errors.As(err, &told) {
			return nil, err
		}
		for _, id := range of.RecordIdentifiersValueAsString {
			if err != nil {
				out.Errors = append(out.Errors, recordtypes.BatchGetRecordError{FeatureGroupName: of.FeatureGroupName, RecordIdentifierValueAsString: aws.String(id),
					ErrorCode: aws.String(told.ErrorCode()), ErrorMessage: aws.String(told.ErrorMessage())})
				continue
			}
			if err := checkIdentifier(id); err != nil {
				return nil, err
			}
			d := recordtypes.BatchGetRecordResultDetail{FeatureGroupName: of.FeatureGroupName, RecordIdentifierValueAsString: aws.String(id)}
			if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
				d.Record, d.ExpiresAt, err = s.values(tx, recordKey(k, id), of.FeatureNames)
				return err
			}); err != nil {
				return nil, err
			}
			if in.ExpirationTimeResponse != recordtypes.ExpirationTimeResponseEnabled {
				d.ExpiresAt = nil
			}
			if d.Record != nil {
				out.Records = append(out.Records, d)
			}
		}
	}
	return out, nil
}

func (s *Records) batchGetRecordTargets(ctx context.Context, in *runtime.BatchGetRecordInput) (targets []wire.Target, err error) {
	for _, of := range in.Identifiers {
		on, _ := onGroup(ctx, of.FeatureGroupName)
		targets = append(targets, on...)
	}
	return targets, nil
}
