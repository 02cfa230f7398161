package logs

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/logs/eventfile"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// objectSize is how much of a stream goes into one object, in bytes before compression.
const objectSize = 32 << 20

// runExport writes an export task's objects: <prefix>/<task>/<stream>/<number>.gz, in which each line has time and message. Objects have
// names that a repetition gives again.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html
func (s *Service) runExport(ctx context.Context, row store.Key) error {
	_, err := jobs.Step(ctx, "export", func(ctx context.Context) (string, error) {
		e, live, err := s.changeExport(ctx, row, types.ExportTaskStatusCodeRunning, "Task is running.")
		if err != nil || !live {
			return "", err
		}
		code, message := types.ExportTaskStatusCodeCompleted, "Completed successfully"
		if err := s.write(ctx, row, e); err != nil {
			var api smithy.APIError
			switch {
			case ctx.Err() != nil:
				return "", ctx.Err()
			case errors.As(err, &api):
				code, message = types.ExportTaskStatusCodeFailed, api.ErrorCode()+": "+api.ErrorMessage()
			default:
				code, message = types.ExportTaskStatusCodeFailed, err.Error()
			}
		}
		_, _, err = s.changeExport(ctx, row, code, message)
		return string(code), err
	})
	return err
}

// changeExport sets the state of a task that has not ended.
func (s *Service) changeExport(ctx context.Context, row store.Key, code types.ExportTaskStatusCode, message string) (e export, live bool, err error) {
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if e, err = s.exports.Get(tx, row); err != nil || e.over() {
			return err
		}
		live = true
		e.state(code, message)
		if e.over() {
			e.ExecutionInfo.CompletionTime = aws.Int64(s.now())
		}
		return s.exports.Put(tx, row, e)
	})
	return e, live, err
}

// bucket puts objects into the task's bucket, whose policy has to let CloudWatch Logs of the region.
type bucket struct {
	client *s3.Client
	e      export
}

func (b bucket) put(ctx context.Context, key string, body []byte) error {
	if p := strings.Trim(*b.e.DestinationPrefix, "/"); p != "" {
		key = p + "/" + key
	}
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{Bucket: b.e.Destination, Key: &key, Body: bytes.NewReader(body)})
	return err
}

func (s *Service) write(ctx context.Context, row store.Key, e export) error {
	k := store.Key{Account: row.Account, Region: row.Region, ID: *e.LogGroupName}
	g, err := s.find(ctx, k)
	if err != nil {
		return err
	}
	config, err := s.Clients.Config(ctx, delivery.As{Service: "logs." + row.Region + ".amazonaws.com", Source: groupARN(k) + ":*", Account: row.Account}, row.Region)
	if err != nil {
		return err
	}
	to := bucket{s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true }), e}
	if err := to.put(ctx, "aws-logs-write-test", []byte("Permission Check Successful")); err != nil {
		return err
	}
	q := eventfile.Query{Group: g.place(k, ""), Streams: selected(nil, e.Streams)}
	q.From, q.To = g.window(s.now(), e.From, e.To)
	all, names := map[string]*lines{}, map[string]bool{}
	var failed error
	if _, err := s.files.Read(ctx, q, func(stream string, e eventfile.Event) bool {
		l := all[stream]
		if l == nil {
			l = newLines(stream, names)
			all[stream] = l
		}
		l.add(e)
		if l.size >= objectSize {
			if failed = s.uncancelled(ctx, row); failed == nil {
				failed = l.flush(ctx, to)
			}
		}
		return failed == nil
	}); err != nil || failed != nil {
		return errors.Join(failed, err)
	}
	for _, stream := range slices.Sorted(maps.Keys(all)) {
		if err := s.uncancelled(ctx, row); err != nil {
			return err
		}
		if err := all[stream].flush(ctx, to); err != nil {
			return err
		}
	}
	return nil
}

var errCancelled = errors.New("the task was cancelled")

// uncancelled ends a task that was cancelled meanwhile.
func (s *Service) uncancelled(ctx context.Context, row store.Key) error {
	return s.Store.View(ctx, func(tx *store.Tx) error {
		e, err := s.exports.Get(tx, row)
		if err == nil && e.over() {
			err = errCancelled
		}
		return err
	})
}

// lines is what goes into the next object of a stream.
type lines struct {
	name   string
	number int
	size   int
	b      bytes.Buffer
	z      *gzip.Writer
}

// newLines takes a name that no other stream of the task has.
func newLines(stream string, taken map[string]bool) *lines {
	l := &lines{name: strings.ReplaceAll(eventfile.Name(stream), "/", "-")}
	for taken[l.name] {
		l.name += "-"
	}
	taken[l.name] = true
	l.z = gzip.NewWriter(&l.b)
	return l
}

func (l *lines) add(e eventfile.Event) {
	n, _ := fmt.Fprintf(l.z, "%s %s\n", time.UnixMilli(e.Time).UTC().Format("2006-01-02T15:04:05.000Z"), e.Message) // memory takes all
	l.size += n
}

func (l *lines) flush(ctx context.Context, to bucket) error {
	if l.size == 0 {
		return nil
	}
	if err := l.z.Close(); err != nil {
		return err
	}
	if err := to.put(ctx, fmt.Sprintf("%s/%s/%06d.gz", *to.e.TaskId, l.name, l.number), l.b.Bytes()); err != nil {
		return err
	}
	l.b.Reset()
	l.z.Reset(&l.b)
	l.number, l.size = l.number+1, 0
	return nil
}
