package glue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"

	"github.com/atelier-studio/atelier/internal/engines/tabular"
	"github.com/atelier-studio/atelier/internal/services/glue/layout"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// sampler reads the beginnings of a target's files.
type sampler struct {
	reading
	client   *s3.Client
	target   crawlTarget
	excluded layout.Exclusions
	options  tabular.Options
	skip     func(folder string) bool // folders that are known
	seen     map[string]int           // files of a folder that were read
	last     map[string]*tabular.Schema
	same     map[string]*tabular.Schema
	files    []layout.File
	changed  map[string]int64 // the folders that had changed, and when
}

func (x *crawling) newSampler(ctx context.Context, client *s3.Client, t crawlTarget) (*sampler, error) {
	excluded, err := layout.ParseExclusions(t.Exclusions)
	if err != nil {
		return nil, fault{err.Error()}
	}
	own, err := x.classifiers(ctx)
	if err != nil {
		return nil, err
	}
	skip, err := x.knownFolders(ctx, t)
	return &sampler{client: client, target: t, excluded: excluded, options: tabular.Options{Classifiers: own}, skip: skip, seen: map[string]int{},
		last: map[string]*tabular.Schema{}, same: map[string]*tabular.Schema{}}, err
}

// readAll lists and samples the next objects of the target. A path that is an object is that object alone.
func (r *sampler) readAll(ctx context.Context, after string) error {
	t := r.target
	prefix := t.Prefix
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		out, err := r.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &t.Bucket, Prefix: &prefix, MaxKeys: aws.Int32(1)})
		if err != nil {
			return refusedList(t, err)
		}
		if len(out.Contents) == 1 && *out.Contents[0].Key == prefix {
			r.Done = true
			return r.sample(ctx, out.Contents)
		}
		prefix += "/"
	}
	return r.list(ctx, &s3.ListObjectsV2Input{Bucket: &t.Bucket, Prefix: &prefix, StartAfter: later(after)})
}

func later(after string) *string {
	if after == "" {
		return nil
	}
	return &after
}

// list samples what is listed, page by page; the next page is listed meanwhile.
func (r *sampler) list(ctx context.Context, in *s3.ListObjectsV2Input) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	type listed struct {
		objects []types.Object
		err     error
	}
	listing := make(chan listed, 1)
	go func() {
		defer close(listing)
		pages := s3.NewListObjectsV2Paginator(r.client, in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				listing <- listed{nil, err}
				return
			}
			select {
			case listing <- listed{page.Contents, nil}:
			case <-ctx.Done():
				return
			}
		}
	}()
	for page := range listing {
		if page.err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return refusedList(r.target, page.err)
		}
		if err := r.sample(ctx, page.objects); err != nil {
			return err
		}
		if len(page.objects) > 0 {
			r.After = *page.objects[len(page.objects)-1].Key
		}
		if len(r.files) >= part {
			return nil
		}
	}
	r.Done = true
	return ctx.Err()
}

// readers is how many objects are read at a time: waiting for the store is most of it.
func readers() int { return max(8, 4*runtime.GOMAXPROCS(0)) }

// sampled is what was found in an object.
type sampled struct {
	object types.Object
	schema tabular.Schema
	err    error
	unread bool // and not to be: enough of its folder were read
}

// sample reads objects side by side, and takes what was found in their order.
func (r *sampler) sample(ctx context.Context, objects []types.Object) error {
	list := make([]sampled, 0, len(objects))
	for _, o := range objects {
		folder := folderOf(*o.Key)
		if !r.target.isData(*o.Key, aws.ToInt64(o.Size), r.excluded) || r.skip != nil && r.skip(folder) {
			continue
		}
		r.seen[folder]++
		list = append(list, sampled{object: o, unread: r.target.Sample > 0 && r.seen[folder] > r.target.Sample})
	}
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(readers(), len(list)) {
		wg.Go(func() {
			for i := range next {
				o := list[i].object
				list[i].schema, list[i].err = tabular.Infer(ctx, tabular.At(r.target.url(*o.Key),
					&ranged{ctx: ctx, client: r.client, bucket: r.target.Bucket, key: *o.Key, size: *o.Size}, *o.Size), r.options)
			}
		})
	}
	for i := range list {
		if !list[i].unread && ctx.Err() == nil {
			next <- i
		}
	}
	close(next)
	wg.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, s := range list {
		r.take(s)
	}
	return nil
}

// take writes down what was found in an object.
func (r *sampler) take(s sampled) {
	key, size, folder := *s.object.Key, *s.object.Size, folderOf(*s.object.Key)
	f := layout.File{Key: key, Size: size}
	switch {
	case s.unread:
		if r.last[folder] == nil {
			return
		}
		f.Schema = r.last[folder]
	case s.err != nil:
		r.Unread = append(r.Unread, r.target.url(key))
		r.say("%s: %s", r.target.url(key), whyUnread(s.err))
		return
	case s.schema.Format == tabular.None:
		return
	case !s.schema.Format.Readable():
		r.say("%s: its format (%s) is not one that tables are made of", r.target.url(key), s.schema.Format)
		return
	default:
		f.Records, f.Average = amount(s.schema, size)
		s.schema.Records, s.schema.Rows, s.schema.AverageRecord, s.schema.Bad, s.schema.Ragged, s.schema.Whole = 0, 0, 0, 0, 0, false
		f.Schema = intern(r.same, &s.schema)
		r.last[folder] = f.Schema
	}
	r.files = append(r.files, f)
}

func (r *sampler) say(format string, args ...any) {
	if len(r.Messages) < maxMessages {
		r.Messages = append(r.Messages, fmt.Sprintf(format, args...))
	}
}

// whyUnread is why an object could not be read, in words that its owner may read.
func whyUnread(err error) string {
	var api interface {
		ErrorCode() string
		ErrorMessage() string
	}
	switch {
	case errors.As(err, &api):
		return api.ErrorCode() + ": " + api.ErrorMessage()
	case errors.Is(err, tabular.ErrCorrupt):
		return tabular.ErrCorrupt.Error()
	case errors.Is(err, tabular.ErrTooLarge):
		return tabular.ErrTooLarge.Error()
	}
	return err.Error()
}

// amount is how many records a file has, about, and how long they are.
func amount(s tabular.Schema, size int64) (records, average int64) {
	switch {
	case s.Format == tabular.Parquet:
		if records = s.Rows; records > 0 {
			average = max(s.AverageRecord, size/records)
		}
	case s.Whole || s.AverageRecord == 0:
		records, average = s.Records, s.AverageRecord
	default:
		records, average = max(s.Records, size/s.AverageRecord), s.AverageRecord
	}
	return records, average
}

// intern gives the one schema that is the same.
func intern(same map[string]*tabular.Schema, s *tabular.Schema) *tabular.Schema {
	b, err := json.Marshal(s)
	if err != nil { // of such a struct it is never
		return s
	}
	if known, ok := same[string(b)]; ok {
		return known
	}
	same[string(b)] = s
	return s
}

// ranged reads an object at random. The end of a large one is read in one piece: that is where Parquet has its footer.
type ranged struct {
	ctx         context.Context
	client      *s3.Client
	bucket, key string
	size        int64
	tail        []byte
}

const tailSize = 64 << 10

// ReadAt reads a range.
func (r *ranged) ReadAt(p []byte, at int64) (int, error) {
	if at >= r.size {
		return 0, io.EOF
	}
	if from := max(0, r.size-tailSize); at >= from && at > 0 {
		if r.tail == nil {
			b := make([]byte, r.size-from)
			if err := r.get(b, from); err != nil {
				return 0, err
			}
			r.tail = b
		}
		n := copy(p, r.tail[at-from:])
		if n < len(p) {
			return n, io.EOF
		}
		return n, nil
	}
	want := min(int64(len(p)), r.size-at)
	if err := r.get(p[:want], at); err != nil {
		return 0, err
	}
	if want < int64(len(p)) {
		return int(want), io.EOF
	}
	return int(want), nil
}

func (r *ranged) get(p []byte, at int64) error {
	in := &s3.GetObjectInput{Bucket: &r.bucket, Key: &r.key}
	if at > 0 || int64(len(p)) < r.size {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-%d", at, at+int64(len(p))-1))
	}
	out, err := r.client.GetObject(r.ctx, in)
	if err != nil {
		return err
	}
	defer out.Body.Close()
	_, err = io.ReadFull(out.Body, p)
	return err
}
