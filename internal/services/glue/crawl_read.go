package glue

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/tabular"
	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/glue/layout"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	lakeformationtypes "github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// part is how many objects one step reads.
const part = 5000

// crawlTarget is a place to crawl: a target in S3, or the data of a table of a CatalogTarget.
type crawlTarget struct {
	s3Place
	Exclusions []string
	Sample     int    // files of a folder that are read, 0 for all
	Database   string // where its tables are
	Table      string // the table that it is the data of
}

// targets are the places to crawl.
func (x *crawling) targets(ctx context.Context) (out []crawlTarget, err error) {
	for _, t := range x.c.Targets.S3Targets {
		p, err := parsePlace(t.Path)
		if err != nil {
			return nil, fault{said(err)}
		}
		out = append(out, crawlTarget{s3Place: p, Exclusions: t.Exclusions, Sample: int(aws.ToInt32(t.SampleSize)), Database: aws.ToString(x.c.DatabaseName)})
	}
	client := x.catalog()
	for _, t := range x.c.Targets.CatalogTargets {
		for _, name := range t.Tables {
			got, err := client.GetTable(ctx, &glue.GetTableInput{CatalogId: x.c.CatalogId, DatabaseName: t.DatabaseName, Name: &name})
			if err != nil {
				return nil, fault{fmt.Sprintf("cannot read table %s: %s", name, said(err))}
			}
			if got.Table.StorageDescriptor == nil {
				return nil, fault{fmt.Sprintf("table %s has no location", name)}
			}
			p, err := parsePlace(got.Table.StorageDescriptor.Location)
			if err != nil {
				return nil, fault{said(err)}
			}
			out = append(out, crawlTarget{s3Place: p, Database: *t.DatabaseName, Table: *got.Table.Name})
		}
	}
	return out, nil
}

func (x *crawling) catalog() *glue.Client {
	return glue.NewFromConfig(x.cfg, func(o *glue.Options) { o.Retryer = aws.NopRetryer{} })
}

// objects is the client that reads a target: with the role's own rights, or with what Lake Formation vends for the place.
func (x *crawling) objects(ctx context.Context, t crawlTarget) (*s3.Client, error) {
	cfg := x.cfg
	if aws.ToBool(x.c.LakeFormationConfiguration.UseLakeFormationCredentials) {
		out, err := lakeformation.NewFromConfig(cfg).GetTemporaryDataLocationCredentials(ctx, &lakeformation.GetTemporaryDataLocationCredentialsInput{
			DataLocations: []string{t.url(strings.TrimSuffix(t.Prefix, "/"))}, CredentialsScope: lakeformationtypes.CredentialsScopeRead})
		if err != nil {
			return nil, fault{fmt.Sprintf("cannot get Lake Formation's credentials for %s: %s", t.url(t.Prefix), said(err))}
		}
		cfg.Credentials = credentials.NewStaticCredentialsProvider(aws.ToString(out.Credentials.AccessKeyId), aws.ToString(out.Credentials.SecretAccessKey),
			aws.ToString(out.Credentials.SessionToken))
	}
	return lake.Client(cfg), nil
}

// reading is what was read so far.
type reading struct {
	After    string // the last key
	Done     bool
	Files    int
	Messages []string
	Unread   []string // URLs of what could not be read
}

// read samples the files of all targets.
func (x *crawling) read(ctx context.Context, targets []crawlTarget) (all reading, err error) {
	for i, t := range targets {
		after := ""
		for n := 0; ; n++ {
			r, err := step(ctx, fmt.Sprintf("read %d %d", i, n), func(ctx context.Context) (reading, error) { return x.readPart(ctx, i, n, t, after) })
			if err != nil {
				return all, err
			}
			all.Files += r.Files
			all.Unread = append(all.Unread, r.Unread...)
			all.Messages = append(all.Messages, r.Messages[:min(len(r.Messages), maxMessages-len(all.Messages))]...)
			if after = r.After; r.Done {
				break
			}
		}
	}
	return all, nil
}

// readPart lists and samples some objects of a target, and keeps what it found.
func (x *crawling) readPart(ctx context.Context, target, n int, t crawlTarget, after string) (reading, error) {
	client, err := x.objects(ctx, t)
	if err != nil {
		return reading{}, err
	}
	r, err := x.newSampler(ctx, client, t)
	if err != nil {
		return reading{}, err
	}
	if n == 0 && x.c.RecrawlPolicy.RecrawlBehavior == types.RecrawlBehaviorCrawlEventMode {
		if r.changed, err = x.changes(ctx, t); err != nil {
			return reading{}, err
		}
	}
	if x.onlyChanges() {
		err = r.readChanged(ctx)
	} else {
		err = r.readAll(ctx, after)
	}
	if err != nil {
		return reading{}, err
	}
	k := x.w.Key
	k.ID = fmt.Sprintf("%s/files/%04d/%06d", x.w.ID, target, n)
	err = x.s.Store.Update(ctx, func(tx *store.Tx) error {
		return x.s.crawlers.plans.Put(tx, k, plan{Files: keep(r.files), Seen: r.changed})
	})
	if err != nil {
		return reading{}, err
	}
	r.Files = len(r.files)
	return r.reading, x.progress(ctx, func(c *crawl) { c.Files += r.Files })
}

// onlyChanges tells whether only folders that changed are listed.
func (x *crawling) onlyChanges() bool {
	return x.c.RecrawlPolicy.RecrawlBehavior == types.RecrawlBehaviorCrawlEventMode && x.c.Full
}

// folderOf is the folder of a key: "" or ending with "/".
func folderOf(key string) string { return key[:strings.LastIndexByte(key, '/')+1] }

// isData tells what is looked at of a target: no empty files, and none that Hive's custom hides.
func (t crawlTarget) isData(key string, size int64, excluded layout.Exclusions) bool {
	if size == 0 || strings.HasSuffix(key, "/") || strings.HasSuffix(key, "_$folder$") {
		return false
	}
	rest := strings.TrimPrefix(strings.TrimPrefix(key, t.Prefix), "/")
	if rest == "" {
		rest = path.Base(key)
	}
	if slices.ContainsFunc(strings.Split(rest, "/"), func(name string) bool { return lake.Hidden(name) && !strings.Contains(name, "=") }) {
		return false
	}
	return !excluded.Match(rest)
}

// refusedList turns a refusal to list into the crawl's fault.
func refusedList(t crawlTarget, err error) error {
	var gone interface{ ErrorCode() string }
	if errors.As(err, &gone) {
		return fault{fmt.Sprintf("cannot list %s: %s", t.url(t.Prefix), said(err))}
	}
	return err
}

// kept is files as they are written down: their schemas apart, each once.
type kept struct {
	Schemas []tabular.Schema
	Files   []keptFile
}

type keptFile struct {
	Key           string
	Size          int64
	Records, Mean int64
	Schema        int
}

func keep(files []layout.File) *kept {
	out := &kept{Files: make([]keptFile, len(files))}
	at := map[*tabular.Schema]int{}
	for i, f := range files {
		n, ok := at[f.Schema]
		if !ok {
			n = len(out.Schemas)
			at[f.Schema] = n
			out.Schemas = append(out.Schemas, *f.Schema)
		}
		out.Files[i] = keptFile{f.Key, f.Size, f.Records, f.Average, n}
	}
	return out
}

// files gives them back; same has schemas that are shared.
func (k *kept) files(same map[string]*tabular.Schema) []layout.File {
	if k == nil {
		return nil
	}
	shared := make([]*tabular.Schema, len(k.Schemas))
	for i := range k.Schemas {
		shared[i] = intern(same, &k.Schemas[i])
	}
	out := make([]layout.File, len(k.Files))
	for i, f := range k.Files {
		out[i] = layout.File{Key: f.Key, Size: f.Size, Records: f.Records, Average: f.Mean, Schema: shared[f.Schema]}
	}
	return out
}
