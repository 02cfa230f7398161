package sagemaker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/featurestore"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// The jobs of feature groups.
const (
	groupJob       = "sagemaker-feature-group"
	removeGroupJob = "sagemaker-remove-feature-group"
	offlineJob     = "sagemaker-offline-store"
)

// catalogued makes the Glue table of a new group, in the name of whoever makes the group. It tells what went wrong.
func (s *Service) catalogued(ctx context.Context, g featureGroup) (failure string) {
	to := g.In.OfflineStoreConfig.DataCatalogConfig
	if to == nil || aws.ToBool(g.In.OfflineStoreConfig.DisableGlueTableCreation) {
		return ""
	}
	call := wire.CallOf(ctx)
	client := glue.NewFromConfig(s.Clients.Configure(call.Principal, call.Region))
	_, err := client.GetDatabase(ctx, &glue.GetDatabaseInput{Name: to.Database})
	var missing *gluetypes.EntityNotFoundException
	if errors.As(err, &missing) {
		_, err = client.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: to.Database}})
		if errors.As(err, new(*gluetypes.AlreadyExistsException)) {
			err = nil
		}
	}
	if err == nil {
		_, err = client.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: to.Database, TableInput: g.table()})
	}
	if err != nil {
		return fmt.Sprintf("The Glue table %s.%s cannot be made: %v", aws.ToString(to.Database), aws.ToString(to.TableName), err)
	}
	return ""
}

// recatalogued gives the Glue table of a group the columns of its features.
func (s *Service) recatalogued(ctx context.Context, g featureGroup) (failure string) {
	to := g.In.OfflineStoreConfig.DataCatalogConfig
	if to == nil || aws.ToBool(g.In.OfflineStoreConfig.DisableGlueTableCreation) {
		return ""
	}
	call := wire.CallOf(ctx)
	if _, err := glue.NewFromConfig(s.Clients.Configure(call.Principal, call.Region)).UpdateTable(ctx,
		&glue.UpdateTableInput{DatabaseName: to.Database, TableInput: g.table()}); err != nil {
		return err.Error()
	}
	return ""
}

// table is the Glue table of a group's offline store.
func (g *featureGroup) table() *gluetypes.TableInput {
	var columns, keys []gluetypes.Column
	add := func(name, kind string) {
		columns = append(columns, gluetypes.Column{Name: aws.String(name), Type: aws.String(kind)})
	}
	for _, f := range g.Features {
		add(f.Name, f.Column())
	}
	add(featurestore.WriteTime, "timestamp")
	add(featurestore.InvocationTime, "timestamp")
	add(featurestore.IsDeleted, "boolean")
	for _, name := range featurestore.Keys() {
		keys = append(keys, gluetypes.Column{Name: aws.String(name), Type: aws.String("string")})
	}
	return &gluetypes.TableInput{Name: g.In.OfflineStoreConfig.DataCatalogConfig.TableName, TableType: aws.String("EXTERNAL_TABLE"), PartitionKeys: keys,
		Parameters:        map[string]string{"EXTERNAL": "TRUE", "classification": "parquet", "parquet.compression": "SNAPPY"},
		StorageDescriptor: parquetAt(columns, *g.In.OfflineStoreConfig.S3StorageConfig.ResolvedOutputS3Uri)}
}

func parquetAt(columns []gluetypes.Column, location string) *gluetypes.StorageDescriptor {
	return &gluetypes.StorageDescriptor{Columns: columns, Location: &location,
		InputFormat:  aws.String("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"),
		OutputFormat: aws.String("org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"),
		SerdeInfo: &gluetypes.SerDeInfo{SerializationLibrary: aws.String("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"),
			Parameters: map[string]string{"serialization.format": "1"}}}
}

// openGroup sees whether a new group's stores can be used.
func (s *Service) openGroup(ctx context.Context, k store.Key) error {
	var g featureGroup
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		g, err = s.groups.Get(tx, k)
		return err
	}); err != nil {
		return gone(err)
	}
	failure := g.Failure
	if failure == "" && g.In.OfflineStoreConfig != nil {
		failure = s.bucketFailure(ctx, k, g)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		g, err := s.groups.Get(tx, k)
		if err != nil || g.Status != types.FeatureGroupStatusCreating {
			return gone(err)
		}
		g.Status, g.Failure, g.Modified = types.FeatureGroupStatusCreated, failure, s.Clock.Now()
		if failure != "" {
			g.Status = types.FeatureGroupStatusCreateFailed
		}
		if err := s.groups.Put(tx, k, g); err != nil {
			return err
		}
		return s.groupTold(tx, k, g)
	})
}

// groupTold emits the event of a group's state.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
func (s *Service) groupTold(tx *store.Tx, k store.Key, g featureGroup) error {
	definitions := []map[string]any{}
	for _, f := range g.Features {
		definitions = append(definitions, map[string]any{"FeatureName": f.Name, "FeatureType": f.Kind})
	}
	d := map[string]any{"FeatureGroupArn": aFeatureGroup.of(k), "FeatureGroupName": k.ID, "RecordIdentifierFeatureName": g.In.RecordIdentifierFeatureName,
		"EventTimeFeatureName": g.In.EventTimeFeatureName, "FeatureDefinitions": definitions, "CreationTime": g.Created.UnixMilli(),
		"OnlineStoreConfig": g.In.OnlineStoreConfig, "OfflineStoreConfig": g.In.OfflineStoreConfig, "RoleArn": g.In.RoleArn, "FeatureGroupStatus": g.Status}
	if g.Failure != "" {
		d["FailureReason"] = g.Failure
	}
	detail, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return tx.Emit(bus.Event{Source: "aws.sagemaker", DetailType: "SageMaker Feature Group State Change", Account: k.Account, Region: k.Region,
		Time: g.Modified, Resources: []string{aFeatureGroup.of(k)}, Detail: detail})
}

// gone is nil for what is not there any more.
func gone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// bucketFailure tells why the role of a group cannot use the bucket of its offline store.
func (s *Service) bucketFailure(ctx context.Context, k store.Key, g featureGroup) string {
	uri, role := aws.ToString(g.In.OfflineStoreConfig.S3StorageConfig.S3Uri), aws.ToString(g.In.RoleArn)
	bucket, _, _ := bucketAndKey(uri)
	cfg, err := s.as(ctx, k, aFeatureGroup.of(k), role)
	if err == nil {
		_, err = s3.NewFromConfig(cfg, pathStyle).GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: &bucket})
	}
	if err != nil {
		return fmt.Sprintf("The role %s cannot use the bucket of the offline store at %s, for which it needs s3:GetBucketAcl and s3:PutObject: %v", role, uri, err)
	}
	return ""
}

// removeBatch is how many records are removed in one transaction.
const removeBatch = 2000

// removeGroup ends a group when what waits for its offline store is written.
func (s *Service) removeGroup(ctx context.Context, k store.Key) error {
	for range 60 {
		waits, err := jobs.Step(ctx, "waits", func(ctx context.Context) (waits bool, err error) {
			return waits, s.Store.View(ctx, func(tx *store.Tx) error {
				g, err := s.groups.Get(tx, k)
				if err != nil {
					return gone(err)
				}
				_, err = s.flushes.Get(tx, k)
				waits = err == nil && g.Blocked == ""
				return gone(err)
			})
		})
		if err != nil {
			return err
		}
		if !waits {
			break
		}
		if err := jobs.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	r := store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + "/", Limit: removeBatch}
	for _, of := range []func(*store.Tx) (int, error){
		func(tx *store.Tx) (int, error) { return s.records.DeleteAll(tx, r) },
		func(tx *store.Tx) (int, error) { return s.pending.DeleteAll(tx, r) },
	} {
		for n := removeBatch; n == removeBatch; {
			if err := s.Store.Update(ctx, func(tx *store.Tx) (err error) { n, err = of(tx); return err }); err != nil {
				return err
			}
		}
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		g, err := s.groups.Get(tx, k)
		if err != nil || g.Status != types.FeatureGroupStatusDeleting {
			return gone(err)
		}
		if err := s.groups.Delete(tx, k); err != nil {
			return err
		}
		if err := s.flushes.Delete(tx, k); gone(err) != nil {
			return err
		}
		return s.untag(tx, aFeatureGroup, k)
	})
}
