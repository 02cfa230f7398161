package sagemaker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/featurestore"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// featureGroup is what records have in common. In has no feature definitions, as Features has them.
type featureGroup struct {
	In                sagemaker.CreateFeatureGroupInput
	Features          []feature
	Status            types.FeatureGroupStatus
	Failure           string `json:",omitempty"`
	Blocked           string `json:",omitempty"` // why the offline store takes nothing
	Created, Modified time.Time
	Update            types.LastUpdateStatusValue `json:",omitempty"` // of the last update
}

// feature is a definition with what people say of it.
type feature struct {
	featurestore.Definition
	Description       string            `json:",omitempty"`
	Parameters        map[string]string `json:",omitempty"`
	Created, Modified time.Time
}

func (g *featureGroup) online() bool {
	return g.In.OnlineStoreConfig != nil && aws.ToBool(g.In.OnlineStoreConfig.EnableOnlineStore)
}

func (g *featureGroup) feature(name string) *feature {
	for i := range g.Features {
		if g.Features[i].Name == name {
			return &g.Features[i]
		}
	}
	return nil
}

func (g *featureGroup) definitions() (out []featurestore.Definition) {
	for _, f := range g.Features {
		out = append(out, f.Definition)
	}
	return out
}

// groupKey is the key of a feature group that is named or given by its ARN.
func groupKey(ctx context.Context, nameOrARN *string) store.Key {
	text := aws.ToString(nameOrARN)
	if a, err := arn.Parse(text); err == nil {
		return store.Key{Account: a.Account, Region: a.Region, ID: strings.TrimPrefix(a.Resource, aFeatureGroup.arn+"/")}
	}
	return here(ctx, text)
}

// onGroup says that an operation touches a feature group.
func onGroup(ctx context.Context, nameOrARN *string) ([]wire.Target, error) {
	return []wire.Target{{Resource: aFeatureGroup.of(groupKey(ctx, nameOrARN))}}, nil
}

// noResource is the error of resources that SageMaker has one for.
func noResource(k kind, of store.Key, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return &types.ResourceNotFound{Message: aws.String(fmt.Sprintf("Resource Not Found: Amazon SageMaker can't find a %s with name %s.", k.word, of.ID))}
	}
	return err
}

// CreateFeatureGroup makes a group for records, with an online store, an offline store or both.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateFeatureGroup.html
func (s *Service) CreateFeatureGroup(ctx context.Context, in *sagemaker.CreateFeatureGroupInput) (*sagemaker.CreateFeatureGroupOutput, error) {
	k, now := here(ctx, aws.ToString(in.FeatureGroupName)), s.Clock.Now()
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	g := featureGroup{In: *in, Status: types.FeatureGroupStatusCreating, Created: now, Modified: now}
	g.In.Tags, g.In.FeatureDefinitions = nil, nil
	if g.Features, err = features(in.FeatureDefinitions, now); err != nil {
		return nil, err
	}
	if err := g.check(); err != nil {
		return nil, err
	}
	if in.RoleArn != nil {
		if err := s.trusted(ctx, *in.RoleArn); err != nil {
			return nil, err
		}
	}
	taken := func(tx *store.Tx) error {
		_, err := s.groups.Get(tx, k)
		if err == nil {
			return &types.ResourceInUse{Message: aws.String("Resource Already Exists: FeatureGroup with name " + k.ID + " already exists. Choose a different name.")}
		}
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	}
	if err := s.Store.View(ctx, taken); err != nil {
		return nil, err
	}
	if g.In.OfflineStoreConfig != nil {
		g.resolve(k)
		g.Failure = s.catalogued(ctx, g)
	}
	return &sagemaker.CreateFeatureGroupOutput{FeatureGroupArn: aws.String(aFeatureGroup.of(k))}, s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := taken(tx); err != nil {
			return err
		}
		if err := s.groups.Insert(tx, k, g); err != nil {
			return err
		}
		if err := s.tag(tx, aFeatureGroup, k, tags); err != nil {
			return err
		}
		if err := s.groupTold(tx, k, g); err != nil {
			return err
		}
		_, err := tx.Enqueue(groupJob, k)
		return err
	})
}

func (s *Service) createFeatureGroupTargets(ctx context.Context, in *sagemaker.CreateFeatureGroupInput) ([]wire.Target, error) {
	targets, err := aFeatureGroup.on(ctx, in.FeatureGroupName)
	if in.RoleArn != nil {
		targets = append(targets, passRole(in.RoleArn))
	}
	return targets, err
}

// features reads definitions.
func features(list []types.FeatureDefinition, now time.Time) (out []feature, err error) {
	for _, d := range list {
		f := feature{Definition: featurestore.Definition{Name: aws.ToString(d.FeatureName), Kind: featurestore.Kind(d.FeatureType),
			List: d.CollectionType != "", As: string(d.CollectionType)}, Created: now, Modified: now}
		v, _ := d.CollectionConfig.(*types.CollectionConfigMemberVectorConfig)
		if (v != nil) != (d.CollectionType == types.CollectionTypeVector) {
			return nil, invalid("Feature %s: a Vector needs VectorConfig, and nothing else has one.", f.Name)
		}
		if v != nil {
			f.Size = aws.ToInt32(v.Value.Dimension)
			if f.Kind != featurestore.Fractional {
				return nil, invalid("Feature %s: vectors have Fractional values.", f.Name)
			}
		}
		out = append(out, f)
	}
	return out, nil
}

// check refuses what no group can be.
func (g *featureGroup) check() error {
	in, offline := g.In, g.In.OfflineStoreConfig != nil
	memory := g.online() && in.OnlineStoreConfig.StorageType == types.StorageTypeInMemory
	switch {
	case !g.online() && !offline:
		return invalid("At least one of OnlineStoreConfig and OfflineStoreConfig must be given.")
	case offline && in.RoleArn == nil:
		return invalid("RoleArn is required for an offline store.")
	case offline && in.OfflineStoreConfig.TableFormat == types.TableFormatIceberg:
		return wire.Errorf(400, "NotImplemented", "Offline stores of table format Iceberg are not implemented by Atelier.")
	case offline && memory:
		return invalid("A feature group whose online store is InMemory cannot have an offline store.")
	}
	if offline {
		if _, _, ok := bucketAndKey(aws.ToString(in.OfflineStoreConfig.S3StorageConfig.S3Uri)); !ok {
			return invalid("Invalid S3Uri %q.", aws.ToString(in.OfflineStoreConfig.S3StorageConfig.S3Uri))
		}
	}
	if err := checkFeatures(g.Features, offline, memory); err != nil {
		return err
	}
	id, at := g.feature(aws.ToString(in.RecordIdentifierFeatureName)), g.feature(aws.ToString(in.EventTimeFeatureName))
	switch {
	case id == nil:
		return invalid("The record identifier feature %s is not among the feature definitions.", aws.ToString(in.RecordIdentifierFeatureName))
	case at == nil:
		return invalid("The event time feature %s is not among the feature definitions.", aws.ToString(in.EventTimeFeatureName))
	case id == at:
		return invalid("The record identifier feature and the event time feature must not be the same.")
	case id.List || id.Kind == featurestore.Fractional:
		return invalid("The record identifier feature must be of type String or Integral.")
	case at.List || at.Kind == featurestore.Integral:
		return invalid("The event time feature must be of type String or Fractional.")
	}
	return nil
}

func checkFeatures(list []feature, offline, memory bool) error {
	names := map[string]bool{}
	for _, f := range list {
		name := strings.ToLower(f.Name)
		switch {
		case featurestore.Reserved(name, offline):
			return invalid("The feature name %s is reserved.", f.Name)
		case names[name]:
			return invalid("Feature names must be unique: %s is given twice.", f.Name)
		case f.List && !memory:
			return invalid("Feature %s: collections need an online store of storage type InMemory.", f.Name)
		}
		names[name] = true
	}
	return nil
}

// resolve fills where the offline store is.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-offline.html
func (g *featureGroup) resolve(k store.Key) {
	off := *g.In.OfflineStoreConfig
	to := *off.S3StorageConfig
	to.ResolvedOutputS3Uri = aws.String(fmt.Sprintf("%s/%s/sagemaker/%s/offline-store/%s-%d/data", trimmed(to.S3Uri), k.Account, k.Region, k.ID, g.Created.Unix()))
	off.S3StorageConfig = &to
	if off.DataCatalogConfig == nil && !aws.ToBool(off.DisableGlueTableCreation) {
		off.DataCatalogConfig = &types.DataCatalogConfig{Catalog: aws.String("AwsDataCatalog"), Database: aws.String("sagemaker_featurestore"),
			TableName: aws.String(strings.ReplaceAll(strings.ToLower(k.ID), "-", "_") + fmt.Sprintf("_%d", g.Created.Unix()))}
	}
	if off.DisableGlueTableCreation == nil {
		off.DisableGlueTableCreation = aws.Bool(false)
	}
	if off.TableFormat == "" || off.TableFormat == types.TableFormatDefault {
		off.TableFormat = types.TableFormatGlue
	}
	g.In.OfflineStoreConfig = &off
}

// DeleteFeatureGroup ends a group with its online store. What is in S3 and in Glue stays.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteFeatureGroup.html
func (s *Service) DeleteFeatureGroup(ctx context.Context, in *sagemaker.DeleteFeatureGroupInput) (*sagemaker.DeleteFeatureGroupOutput, error) {
	k := here(ctx, aws.ToString(in.FeatureGroupName))
	return &sagemaker.DeleteFeatureGroupOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		g, err := s.groups.Get(tx, k)
		if err != nil {
			return noResource(aFeatureGroup, k, err)
		}
		if g.Status == types.FeatureGroupStatusDeleting {
			return nil
		}
		g.Status, g.Modified = types.FeatureGroupStatusDeleting, s.Clock.Now()
		if err := s.groups.Put(tx, k, g); err != nil {
			return err
		}
		if err := s.groupTold(tx, k, g); err != nil {
			return err
		}
		_, err = tx.Enqueue(removeGroupJob, k)
		return err
	})
}

func (s *Service) deleteFeatureGroupTargets(ctx context.Context, in *sagemaker.DeleteFeatureGroupInput) ([]wire.Target, error) {
	return aFeatureGroup.on(ctx, in.FeatureGroupName)
}

// UpdateFeatureGroup adds features, or changes how long records of the online store live.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateFeatureGroup.html
func (s *Service) UpdateFeatureGroup(ctx context.Context, in *sagemaker.UpdateFeatureGroupInput) (*sagemaker.UpdateFeatureGroupOutput, error) {
	k, now := groupKey(ctx, in.FeatureGroupName), s.Clock.Now()
	added, err := features(in.FeatureAdditions, now)
	if err != nil {
		return nil, err
	}
	var g featureGroup
	if err := s.Store.Update(ctx, func(tx *store.Tx) error {
		if g, err = s.groups.Get(tx, k); err != nil {
			return noResource(aFeatureGroup, k, err)
		}
		if g.Status != types.FeatureGroupStatusCreated {
			return invalid("Cannot update the feature group %s: its status is %s.", k.ID, g.Status)
		}
		if err := g.change(in, added); err != nil {
			return err
		}
		g.Update, g.Modified = types.LastUpdateStatusValueSuccessful, now
		return s.groups.Put(tx, k, g)
	}); err != nil {
		return nil, err
	}
	if len(added) > 0 && g.In.OfflineStoreConfig != nil {
		if failure := s.recatalogued(ctx, g); failure != "" {
			s.Logger.Warn("a feature group's table could not be changed", "group", aFeatureGroup.of(k), "failure", failure)
		}
	}
	return &sagemaker.UpdateFeatureGroupOutput{FeatureGroupArn: aws.String(aFeatureGroup.of(k))}, nil
}

// change applies an update.
func (g *featureGroup) change(in *sagemaker.UpdateFeatureGroupInput, added []feature) error {
	g.Features = append(slices.Clone(g.Features), added...)
	memory := g.online() && g.In.OnlineStoreConfig.StorageType == types.StorageTypeInMemory
	if err := checkFeatures(g.Features, g.In.OfflineStoreConfig != nil, memory); err != nil {
		return err
	}
	if in.OnlineStoreConfig != nil {
		if !g.online() {
			return invalid("The feature group has no online store.")
		}
		c := *g.In.OnlineStoreConfig
		if in.OnlineStoreConfig.TtlDuration != nil {
			c.TtlDuration = in.OnlineStoreConfig.TtlDuration
		}
		g.In.OnlineStoreConfig = &c
	}
	if t := in.ThroughputConfig; t != nil {
		g.In.ThroughputConfig = &types.ThroughputConfig{ThroughputMode: t.ThroughputMode, ProvisionedReadCapacityUnits: t.ProvisionedReadCapacityUnits,
			ProvisionedWriteCapacityUnits: t.ProvisionedWriteCapacityUnits}
	}
	return nil
}

func (s *Service) updateFeatureGroupTargets(ctx context.Context, in *sagemaker.UpdateFeatureGroupInput) ([]wire.Target, error) {
	return onGroup(ctx, in.FeatureGroupName)
}

// UpdateFeatureMetadata changes what people say of a feature.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateFeatureMetadata.html
func (s *Service) UpdateFeatureMetadata(ctx context.Context, in *sagemaker.UpdateFeatureMetadataInput) (*sagemaker.UpdateFeatureMetadataOutput, error) {
	k := groupKey(ctx, in.FeatureGroupName)
	return &sagemaker.UpdateFeatureMetadataOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		g, err := s.groups.Get(tx, k)
		if err != nil {
			return noResource(aFeatureGroup, k, err)
		}
		g.Features = slices.Clone(g.Features)
		f := g.feature(aws.ToString(in.FeatureName))
		if f == nil {
			return &types.ResourceNotFound{Message: aws.String("Resource Not Found: the feature group " + k.ID + " has no feature " + aws.ToString(in.FeatureName) + ".")}
		}
		if in.Description != nil {
			f.Description = *in.Description
		}
		f.Parameters = maps.Clone(f.Parameters)
		if f.Parameters == nil {
			f.Parameters = map[string]string{}
		}
		for _, p := range in.ParameterAdditions {
			f.Parameters[aws.ToString(p.Key)] = aws.ToString(p.Value)
		}
		for _, name := range in.ParameterRemovals {
			delete(f.Parameters, name)
		}
		if len(f.Parameters) > 25 {
			return invalid("A feature has at most 25 parameters.")
		}
		f.Modified = s.Clock.Now()
		return s.groups.Put(tx, k, g)
	})
}

func (s *Service) updateFeatureMetadataTargets(ctx context.Context, in *sagemaker.UpdateFeatureMetadataInput) ([]wire.Target, error) {
	return onGroup(ctx, in.FeatureGroupName)
}
