package glue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/tabular"
	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/glue/layout"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// A crawler that looks only at what is new or has changed remembers what it found in each folder.
// Source: https://docs.aws.amazon.com/glue/latest/dg/incremental-crawls.html

// known is a folder that was crawled.
type known struct{ Files *kept }

// change is a folder in which something changed, and when.
type change struct{ At int64 }

// folderKey is where what concerns a folder is kept for a crawler.
func folderKey(k store.Key, bucket, folder string) store.Key {
	k.ID += "/" + bucket + "/" + folder
	return k
}

// inFolders is where the folders of a target are kept for a crawler.
func inFolders(k store.Key, t crawlTarget) store.Range {
	return store.Range{Account: k.Account, Region: k.Region, Prefix: folderKey(k, t.Bucket, folderOf(t.Prefix)).ID}
}

// objectChanged notes, for crawlers that wait for it, in which folder an object was made or deleted.
func (s *Service) objectChanged(ctx context.Context, e bus.Event) error {
	if e.Source != "aws.s3" || e.DetailType != "Object Created" && e.DetailType != "Object Deleted" {
		return nil
	}
	var d struct {
		Bucket struct{ Name string }
		Object struct{ Key string }
	}
	if json.Unmarshal(e.Detail, &d) != nil || d.Bucket.Name == "" || strings.IndexByte(d.Object.Key, 0) >= 0 {
		return nil
	}
	var waiting []store.Row[crawler]
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		waiting, err = s.crawlers.rows.Find(tx, byBucket, d.Bucket.Name, store.Range{AllAccounts: true, AllRegions: true})
		return err
	})
	if err != nil || len(waiting) == 0 {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		for _, row := range waiting {
			if err := s.folderChanged(tx, row, d.Bucket.Name, d.Object.Key, e.Time.UnixNano()); err != nil {
				return err
			}
		}
		return nil
	})
}

// folderChanged notes that an object of a crawler's targets has changed.
func (s *Service) folderChanged(tx *store.Tx, row store.Row[crawler], bucket, key string, at int64) error {
	for _, t := range row.Value.Targets.S3Targets {
		p, err := parsePlace(t.Path)
		if err != nil || p.Bucket != bucket || !lies(p.url(key), p.url(p.Prefix)) {
			continue
		}
		return s.crawlers.changes.Put(tx, folderKey(row.Key, bucket, folderOf(key)), change{at})
	}
	return nil
}

// changes are the folders of a target that have changed, and when.
func (x *crawling) changes(ctx context.Context, t crawlTarget) (map[string]int64, error) {
	out := map[string]int64{}
	err := x.s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := x.s.crawlers.changes.List(tx, inFolders(x.w.Key, t))
		for _, row := range rows {
			out[strings.TrimPrefix(row.Key.ID, folderKey(x.w.Key, t.Bucket, "").ID)] = row.Value.At
		}
		return err
	})
	return out, err
}

// readChanged lists and samples the folders that have changed.
func (r *sampler) readChanged(ctx context.Context) error {
	t := r.target
	for _, folder := range slices.Sorted(maps.Keys(r.changed)) {
		pages := s3.NewListObjectsV2Paginator(r.client, &s3.ListObjectsV2Input{Bucket: &t.Bucket, Prefix: aws.String(folder), Delimiter: aws.String("/")})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return refusedList(t, err)
			}
			if err := r.sample(ctx, slices.DeleteFunc(page.Contents, func(o s3types.Object) bool { return !lies(t.url(*o.Key), t.url(t.Prefix)) })); err != nil {
				return err
			}
		}
	}
	r.Done = true
	return nil
}

// knownFolders tells which folders of a target are not to be looked at again; nil when all are.
func (x *crawling) knownFolders(ctx context.Context, t crawlTarget) (func(folder string) bool, error) {
	if x.c.RecrawlPolicy.RecrawlBehavior != types.RecrawlBehaviorCrawlNewFoldersOnly || !x.c.Full {
		return nil, nil
	}
	has := map[string]bool{}
	err := x.remembered(ctx, t, func(folder string, _ known) { has[folder] = true })
	return func(folder string) bool { return has[folder] }, err
}

// remembered calls f with the folders of a target that were crawled.
func (x *crawling) remembered(ctx context.Context, t crawlTarget, f func(folder string, k known)) error {
	r := inFolders(x.w.Key, t)
	r.Limit = batch
	base := folderKey(x.w.Key, t.Bucket, "").ID
	for {
		var rows []store.Row[known]
		err := x.s.Store.View(ctx, func(tx *store.Tx) (err error) {
			rows, err = x.s.crawlers.folders.List(tx, r)
			return err
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, row := range rows {
			f(strings.TrimPrefix(row.Key.ID, base), row.Value)
		}
		r.After = rows[len(rows)-1].Key.ID
	}
}

// filesOf are the files of a target, by key: those that were read, and those of folders that were not looked at again.
func (x *crawling) filesOf(ctx context.Context, target int, t crawlTarget, same map[string]*tabular.Schema) (out []layout.File, err error) {
	seen := map[string]bool{}
	err = x.pieces(ctx, fmt.Sprintf("files/%04d/", target), func(p plan) {
		out = append(out, p.Files.files(same)...)
		for folder := range p.Seen {
			seen[folder] = true
		}
	})
	if err != nil || !x.incremental() || !x.c.Full {
		return out, err
	}
	for _, f := range out {
		seen[folderOf(f.Key)] = true
	}
	err = x.remembered(ctx, t, func(folder string, k known) {
		if !seen[folder] {
			out = append(out, k.Files.files(same)...)
		}
	})
	out = slices.DeleteFunc(out, func(f layout.File) bool { return !lies(t.url(f.Key), t.url(t.Prefix)) })
	slices.SortFunc(out, func(a, b layout.File) int { return strings.Compare(a.Key, b.Key) })
	return out, err
}

// remember keeps what was found in the folders that were read, and takes what is known of changes off the list.
func (x *crawling) remember(ctx context.Context, targets []crawlTarget) error {
	if !x.c.Full { // what an earlier configuration knew counts no more
		if err := x.forgetFolders(ctx); err != nil {
			return err
		}
	}
	for i, t := range targets {
		var pieces []plan
		if err := x.pieces(ctx, fmt.Sprintf("files/%04d/", i), func(p plan) { pieces = append(pieces, p) }); err != nil {
			return err
		}
		folders, seen := map[string][]layout.File{}, map[string]int64{}
		for _, p := range pieces {
			maps.Copy(seen, p.Seen)
			for _, f := range p.Files.files(map[string]*tabular.Schema{}) {
				folders[folderOf(f.Key)] = append(folders[folderOf(f.Key)], f)
			}
		}
		for folder := range seen {
			if _, has := folders[folder]; !has {
				folders[folder] = nil
			}
		}
		names := slices.Sorted(maps.Keys(folders))
		for some := range slices.Chunk(names, removed) {
			err := x.s.Store.Update(ctx, func(tx *store.Tx) error {
				for _, folder := range some {
					if err := x.rememberFolder(tx, t, folder, folders[folder], seen); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *crawling) rememberFolder(tx *store.Tx, t crawlTarget, folder string, files []layout.File, seen map[string]int64) error {
	k := folderKey(x.w.Key, t.Bucket, folder)
	c := &x.s.crawlers
	if len(files) > 0 {
		if err := c.folders.Put(tx, k, known{keep(files)}); err != nil {
			return err
		}
	} else if err := c.folders.Delete(tx, k); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	at, ok := seen[folder]
	if !ok {
		return nil
	}
	now, err := c.changes.Get(tx, k)
	if err != nil || now.At != at { // it has changed again since
		return absent(err, nil)
	}
	return c.changes.Delete(tx, k)
}

func (x *crawling) forgetFolders(ctx context.Context) error {
	for n := 1; n > 0; {
		err := x.s.Store.Update(ctx, func(tx *store.Tx) (err error) {
			n, err = x.s.crawlers.folders.DeleteAll(tx, store.Range{Account: x.w.Key.Account, Region: x.w.Key.Region, Prefix: x.w.Key.ID + "/", Limit: removed})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
