package bedrock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

const (
	// batchWorkers is how many records are computed together, and maxRecord how long one may be, in bytes.
	batchWorkers = 8
	maxRecord    = 32 << 20
	// maxInputs bounds the files of a batch, and maxInput one of them.
	maxInputs = 1000
	maxInput  = 5 << 30
	// noted is how often the counts of a batch are kept while it runs.
	noted = time.Second
)

// failure ends a batch; its text is for the caller.
type failure struct{ text string }

func (f *failure) Error() string { return f.text }

var errStopped = errors.New("batch was stopped")

// run is a batch under way.
type run struct {
	s   *Service
	b   batch
	dir string

	mu     sync.Mutex
	counts counts
	last   time.Time
}

// counts are what is done of a batch.
type counts struct{ total, good, bad, input, output int64 }

// runBatch carries a batch out. What an earlier run did is found on disk.
func (s *Service) runBatch(ctx context.Context, k store.Key) error {
	r := &run{s: s, dir: filepath.Join(s.Dir, k.Account, k.Region, k.ID)}
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		r.b, err = s.batches.Get(tx, k)
		return err
	}); err != nil || r.b.ended() {
		return err
	}
	err := r.all(ctx)
	if ctx.Err() != nil {
		return ctx.Err() // the server stops: the next run goes on
	}
	var failed *failure
	to, message := types.ModelInvocationJobStatusCompleted, ""
	switch {
	case errors.Is(err, errStopped):
		to = types.ModelInvocationJobStatusStopped
	case errors.Is(err, context.DeadlineExceeded):
		to, message = types.ModelInvocationJobStatusExpired, "The job did not end in time."
		if r.counts.good > 0 {
			to = types.ModelInvocationJobStatusPartiallyCompleted
		}
	case errors.As(err, &failed):
		to, message = types.ModelInvocationJobStatusFailed, failed.text
	case err != nil:
		to, message = types.ModelInvocationJobStatusFailed, "The job failed because of an internal error."
	}
	if failed := s.Store.Update(ctx, func(tx *store.Tx) error {
		b, err := s.batches.Get(tx, k)
		if err != nil {
			return err
		}
		b.count(r.counts)
		if b.Status == types.ModelInvocationJobStatusStopping && to == types.ModelInvocationJobStatusCompleted {
			to = types.ModelInvocationJobStatusStopped
		}
		return s.turn(tx, &b, to, message)
	}); failed != nil {
		return failed
	}
	_ = os.RemoveAll(r.dir)
	if to == types.ModelInvocationJobStatusFailed && failed == nil {
		return err // for the operator
	}
	return nil
}

func (b *batch) count(c counts) {
	b.Total, b.Good, b.Bad, b.InputTokens, b.OutTokens = c.total, c.good, c.bad, c.input, c.output
}

// status brings the batch forward, unless it is being stopped.
func (r *run) status(ctx context.Context, to types.ModelInvocationJobStatus) error {
	return r.s.Store.Update(ctx, func(tx *store.Tx) error {
		b, err := r.s.batches.Get(tx, r.b.key())
		if err != nil {
			return err
		}
		if b.Status == types.ModelInvocationJobStatusStopping {
			return errStopped
		}
		return r.s.turn(tx, &b, to, "")
	})
}

// config is how the batch calls other services: as its role.
func (r *run) config(ctx context.Context) (aws.Config, error) {
	c, err := r.s.Clients.Config(ctx, delivery.As{Service: principal, Source: r.b.arn(), Account: r.b.Account, RoleARN: r.b.Role}, r.b.Region)
	if err != nil {
		return c, &failure{"Bedrock could not assume the role " + r.b.Role + ": check that it trusts " + principal + "."}
	}
	return c, nil
}

func (r *run) objects(ctx context.Context) (*s3.Client, error) {
	c, err := r.config(ctx)
	return s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }), err
}

// all reads the input, computes every record and writes the output.
func (r *run) all(ctx context.Context) error {
	within, cancel := context.WithDeadline(ctx, time.Now().Add(r.b.Submitted.Add(time.Duration(r.b.Hours)*time.Hour).Sub(r.s.Clock.Now())))
	defer cancel()
	if r.b.Status == types.ModelInvocationJobStatusSubmitted {
		if err := r.status(ctx, types.ModelInvocationJobStatusValidating); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return fmt.Errorf("cannot run batch: %w", err)
	}
	files, err := r.fetch(within)
	if err != nil {
		return err
	}
	if err := r.status(ctx, types.ModelInvocationJobStatusInProgress); err != nil {
		return err
	}
	var ended error
	for _, f := range files { // so that what was done before counts from the beginning
		if err := f.resume(); err != nil {
			return err
		}
		r.counts.add(f.counts)
	}
	for _, f := range files {
		if ended = f.compute(within); ended != nil {
			break
		}
	}
	if ended != nil && !errors.Is(ended, errStopped) && !errors.Is(ended, context.DeadlineExceeded) {
		return ended
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := r.deliver(ctx, files); err != nil {
		return err
	}
	return ended
}

func (c *counts) add(o counts) {
	c.total += o.total
	c.good += o.good
	c.bad += o.bad
	c.input += o.input
	c.output += o.output
}

// fetch brings the input files to disk.
func (r *run) fetch(ctx context.Context) ([]*file, error) {
	client, err := r.objects(ctx)
	if err != nil {
		return nil, err
	}
	bucket, key, err := place(r.b.Input)
	if err != nil {
		return nil, &failure{err.Error()}
	}
	var keys []string
	prefix := strings.TrimSuffix(key, path.Base(key)) // of which the names of outputs are without
	if strings.HasSuffix(key, ".jsonl") {
		keys = []string{key}
	} else {
		if prefix = key; prefix != "" {
			prefix = strings.TrimSuffix(prefix, "/") + "/"
		}
		for p := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix}); p.HasMorePages() && len(keys) <= maxInputs; {
			page, err := p.NextPage(ctx)
			if err != nil {
				return nil, unreadable(r.b.Input, err)
			}
			for _, o := range page.Contents {
				if strings.HasSuffix(*o.Key, ".jsonl") {
					keys = append(keys, *o.Key)
				}
			}
		}
	}
	if len(keys) == 0 || len(keys) > maxInputs {
		return nil, &failure{fmt.Sprintf("The input %s holds %d .jsonl files; it must hold 1 to %d.", r.b.Input, len(keys), maxInputs)}
	}
	var files []*file
	for i, k := range keys {
		f := &file{r: r, name: strings.TrimPrefix(k, prefix), in: filepath.Join(r.dir, fmt.Sprintf("%d.in", i)), out: filepath.Join(r.dir, fmt.Sprintf("%d.out", i))}
		if err := download(ctx, client, bucket, k, f.in, maxInput); err != nil {
			return nil, unreadable("s3://"+bucket+"/"+k, err)
		}
		files = append(files, f)
	}
	return files, nil
}

func unreadable(uri string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &failure{"The input " + uri + " could not be read: " + told(err) + "."}
}
