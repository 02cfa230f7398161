package sagemaker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/featurestore"
	"github.com/aws/aws-sdk-go-v2/aws"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/uuid"
)

const (
	// collecting is how long records are collected before they become files.
	collecting = 2 * time.Second
	// offlineBatch is how many records are written together, and offlineRounds how often a job does so before the next goes on.
	offlineBatch  = 5000
	offlineRounds = 50
	// patience is how long the store waits at most before it tries again what failed.
	patience = 5 * time.Minute
)

// append has a record written to the offline store, soon.
func (s *Service) append(tx *store.Tx, k store.Key, r featurestore.Row) error {
	id, err := uuid.NewV7() // in order of time
	if err != nil {
		return err
	}
	of := k
	of.ID = k.ID + "/" + id.String()
	if err := s.pending.Insert(tx, of, r); err != nil {
		return err
	}
	err = s.flushes.Insert(tx, k, struct{}{})
	if errors.Is(err, store.ErrExists) { // a job is there
		return nil
	}
	if err == nil {
		_, err = tx.Enqueue(offlineJob, k)
	}
	return err
}

// batch is a part of what waits: the records from First to Last, and the time at which they are written.
type batch struct {
	First, Last string
	Written     time.Time
}

// flush writes what waits for the offline store of a group into files. Each round first says which records it takes: so a file that a
// killed server had written is written over, and no record is in two.
func (s *Service) flush(ctx context.Context, k store.Key) error {
	if err := jobs.Sleep(ctx, collecting); err != nil {
		return err
	}
	for round, failures := 0, 0; round < offlineRounds; round++ {
		b, err := jobs.Step(ctx, fmt.Sprint("take ", round), func(ctx context.Context) (b batch, err error) {
			rows, err := s.waiting(ctx, k, "", "")
			if err == nil && len(rows) > 0 {
				b = batch{rows[0].Key.ID, rows[len(rows)-1].Key.ID, s.Clock.Now()}
			}
			return b, err
		})
		if err == nil && b.First == "" {
			break
		}
		failure := ""
		if err == nil {
			failure, err = jobs.Step(ctx, fmt.Sprint("write ", round), func(ctx context.Context) (string, error) { return s.writeOffline(ctx, k, b) })
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil: // what waits must not wait for ever
			s.Logger.Error("an offline store cannot be written", "group", aFeatureGroup.of(k), "error", err)
		case failure == "":
			failures = 0
			continue
		}
		failures++
		if err := jobs.Sleep(ctx, min(time.Second<<min(failures, 10), patience)); err != nil {
			return err
		}
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.groups.Get(tx, k); err != nil {
			return gone(err)
		}
		left, err := s.pending.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + "/", Limit: 1})
		switch {
		case err != nil:
			return err
		case len(left) == 0:
			return gone(s.flushes.Delete(tx, k))
		}
		_, err = tx.Enqueue(offlineJob, k)
		return err
	})
}

// waiting reads records that wait, those from first to last when these are given.
func (s *Service) waiting(ctx context.Context, k store.Key, first, last string) (rows []store.Row[featurestore.Row], err error) {
	r := store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + "/", Limit: offlineBatch}
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = s.pending.List(tx, r)
		return err
	})
	for i, row := range rows {
		if row.Key.ID < first || last != "" && row.Key.ID > last {
			return rows[:i], err
		}
	}
	return rows, err
}

// writeOffline writes a batch: a file for each hour of its events. It tells why it could not, which the group tells then, too.
func (s *Service) writeOffline(ctx context.Context, k store.Key, b batch) (failure string, err error) {
	var g featureGroup
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		g, err = s.groups.Get(tx, k)
		return err
	}); err != nil {
		return "", gone(err)
	}
	rows, err := s.waiting(ctx, k, b.First, b.Last)
	if err != nil {
		return "", err
	}
	hours := map[[4]string][]featurestore.Row{}
	for _, r := range rows {
		p := featurestore.Partition(r.Value.Event)
		hours[p] = append(hours[p], r.Value)
	}
	env := s.environment(k, aws.ToString(g.In.RoleArn), "")
	base := *g.In.OfflineStoreConfig.S3StorageConfig.ResolvedOutputS3Uri
	for p, list := range hours {
		latest := list[0].Event
		for _, r := range list {
			if r.Event.After(latest) {
				latest = r.Event
			}
		}
		var file bytes.Buffer
		if err := featurestore.Write(&file, g.definitions(), list, b.Written); err != nil {
			return "", err
		}
		name := base + "/" + featurestore.Folder(p) + "/" + featurestore.File(latest, b.First+strings.Join(p[:], "/"))
		if err := env.Put(ctx, name, "application/octet-stream", bytes.NewReader(file.Bytes())); err != nil {
			if ctx.Err() != nil {
				return "", ctx.Err()
			}
			failure = fmt.Sprintf("The offline store at %s cannot be written: %v", base, err)
			break
		}
	}
	return failure, s.Store.Update(ctx, func(tx *store.Tx) error {
		g, err := s.groups.Get(tx, k)
		if err != nil {
			return gone(err)
		}
		if g.Blocked != failure {
			g.Blocked = failure
			if err := s.groups.Put(tx, k, g); err != nil {
				return err
			}
		}
		if failure != "" {
			return nil
		}
		for p := range hours {
			if err := s.partition(tx, k, g, p); err != nil {
				return err
			}
		}
		for _, r := range rows {
			if err := s.pending.Delete(tx, r.Key); gone(err) != nil {
				return err
			}
		}
		return nil
	})
}

// partition makes a partition of a group's Glue table known, when the table is there.
func (s *Service) partition(tx *store.Tx, k store.Key, g featureGroup, p [4]string) error {
	to := g.In.OfflineStoreConfig.DataCatalogConfig
	if to == nil || aws.ToBool(g.In.OfflineStoreConfig.DisableGlueTableCreation) {
		return nil
	}
	t, err := s.Catalog.Table(tx, k.Region, governance.Resource{Catalog: k.Account, Database: strings.ToLower(aws.ToString(to.Database)),
		Table: strings.ToLower(aws.ToString(to.TableName))})
	if err != nil {
		return gone(err)
	}
	d := parquetAt(nil, t.Location())
	if t.StorageDescriptor != nil {
		copied := *t.StorageDescriptor
		d = &copied
	}
	d.Location = aws.String(*g.In.OfflineStoreConfig.S3StorageConfig.ResolvedOutputS3Uri + "/" + featurestore.Folder(p))
	err = s.Catalog.Partitions.Insert(tx, k.Region, t, gluetypes.PartitionInput{Values: p[:], StorageDescriptor: d}, s.Clock.Now())
	if errors.Is(err, store.ErrExists) {
		return nil
	}
	return err
}
