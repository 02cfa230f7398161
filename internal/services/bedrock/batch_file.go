package bedrock

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"

	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"
)

// file is one input of a batch. Answers are appended to out as they come, each with the number of its record, and synced before
// they count: a record that is there is never computed again, and one that was half written is.
type file struct {
	r       *run
	name    string
	in, out string

	mu     sync.Mutex
	f      *os.File
	size   int64
	done   map[int]int64 // where in out the answer of a record begins
	counts counts
}

// answered is a line of out.
type answered struct {
	Record int             `json:"n"`
	Line   json.RawMessage `json:"line"`
	Bad    bool            `json:"bad,omitempty"`
	Input  int64           `json:"in,omitempty"` // tokens
	Output int64           `json:"out,omitempty"`
}

// lines reads the lines of a file, at most maxRecord long; longer ones are given as nil.
func lines(path string, f func(n int, at int64, line []byte) error) error {
	in, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("cannot read batch: %w", err)
	}
	defer in.Close()
	r := bufio.NewReaderSize(in, 1<<20)
	at := int64(0)
	for n := 0; ; {
		var line []byte
		length, long, ended := 0, false, false
		for {
			part, err := r.ReadSlice('\n')
			length += len(part)
			if long = long || len(line)+len(part) > maxRecord; !long {
				line = append(line, part...)
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			if errors.Is(err, io.EOF) {
				ended = true
			} else if err != nil {
				return fmt.Errorf("cannot read batch: %w", err)
			}
			break
		}
		if long {
			line = nil
		}
		if long || len(bytes.TrimSpace(line)) > 0 {
			if err := f(n, at, line); err != nil {
				return err
			}
			n++
		}
		at += int64(length)
		if ended {
			return nil
		}
	}
}

// resume finds what an earlier run did.
func (f *file) resume() error {
	f.done, f.counts = map[int]int64{}, counts{}
	if err := lines(f.in, func(int, int64, []byte) error { f.counts.total++; return nil }); err != nil {
		return err
	}
	whole := int64(0)
	if _, err := os.Stat(f.out); err == nil {
		if err := lines(f.out, func(_ int, at int64, line []byte) error {
			var a answered
			if !bytes.HasSuffix(line, []byte("\n")) || json.Unmarshal(line, &a) != nil {
				return io.EOF // it was being written
			}
			f.note(a, at)
			whole = at + int64(len(line))
			return nil
		}); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	var err error
	if f.f, err = os.OpenFile(f.out, os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return fmt.Errorf("cannot write batch: %w", err)
	}
	if err := f.f.Truncate(whole); err != nil {
		return fmt.Errorf("cannot write batch: %w", err)
	}
	f.size = whole
	_, err = f.f.Seek(whole, io.SeekStart)
	return err
}

func (f *file) note(a answered, at int64) {
	if _, twice := f.done[a.Record]; twice {
		return
	}
	f.done[a.Record] = at
	if a.Bad {
		f.counts.bad++
	} else {
		f.counts.good++
	}
	f.counts.input += a.Input
	f.counts.output += a.Output
}

// compute answers what is left.
func (f *file) compute(ctx context.Context) error {
	defer f.f.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	type task struct {
		n    int
		line []byte
	}
	tasks := make(chan task)
	var workers sync.WaitGroup
	for range batchWorkers {
		workers.Go(func() {
			for t := range tasks {
				a, err := f.r.record(ctx, t.n, t.line)
				if err == nil {
					err = f.keep(ctx, a)
				}
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	err := lines(f.in, func(n int, _ int64, line []byte) error {
		f.mu.Lock()
		_, done := f.done[n]
		f.mu.Unlock()
		if done {
			return nil
		}
		select {
		case tasks <- task{n, line}:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	close(tasks)
	workers.Wait()
	if cause := context.Cause(ctx); cause != nil && err == nil {
		err = cause
	}
	return err
}

// keep appends an answer, and notes now and then how far the batch is.
func (f *file) keep(ctx context.Context, a answered) error {
	b, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("cannot write batch: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err = f.f.Write(append(b, '\n')); err == nil {
		err = f.f.Sync()
	}
	if err != nil {
		return fmt.Errorf("cannot write batch: %w", err)
	}
	before := f.counts
	f.note(a, f.size)
	f.size += int64(len(b)) + 1
	return f.r.progress(ctx, counts{good: f.counts.good - before.good, bad: f.counts.bad - before.bad, input: f.counts.input - before.input,
		output: f.counts.output - before.output})
}

// progress counts on, and tells when the batch is to stop.
func (r *run) progress(ctx context.Context, more counts) error {
	r.mu.Lock()
	r.counts.add(more)
	now, c := time.Now(), r.counts
	due := now.Sub(r.last) >= noted
	if due {
		r.last = now
	}
	r.mu.Unlock()
	if !due {
		return nil
	}
	return r.s.Store.Update(ctx, func(tx *store.Tx) error {
		b, err := r.s.batches.Get(tx, r.b.key())
		if err != nil {
			return err
		}
		if b.Status == types.ModelInvocationJobStatusStopping {
			return errStopped
		}
		b.count(c)
		b.Modified = r.s.Clock.Now()
		return r.s.batches.Put(tx, b.key(), b)
	})
}

// deliver writes the answers in the order of their records, and the manifest last.
func (r *run) deliver(ctx context.Context, files []*file) error {
	bucket, prefix, err := place(r.b.Output)
	if err != nil {
		return &failure{err.Error()}
	}
	prefix = strings.TrimSuffix(prefix, "/")
	if prefix != "" {
		prefix += "/"
	}
	prefix += r.b.ID + "/"
	client, err := r.objects(ctx)
	if err != nil {
		return err
	}
	put := func(from, key string) error {
		err := upload(ctx, client, from, bucket, key)
		if err != nil && ctx.Err() == nil {
			return &failure{"The output s3://" + bucket + "/" + key + " could not be written: " + told(err) + "."}
		}
		return err
	}
	total := counts{}
	for _, f := range files {
		total.add(f.counts)
		ordered, err := f.ordered()
		if err != nil {
			return err
		}
		if err := put(ordered, prefix+f.name+".out"); err != nil {
			return err
		}
	}
	r.mu.Lock()
	r.counts = total
	r.mu.Unlock()
	manifest, err := json.Marshal(map[string]int64{"totalRecordCount": total.total, "processedRecordCount": total.good + total.bad, "successRecordCount": total.good,
		"errorRecordCount": total.bad, "inputTokenCount": total.input, "outputTokenCount": total.output})
	if err != nil {
		return fmt.Errorf("cannot write manifest: %w", err)
	}
	path := filepath.Join(r.dir, "manifest")
	if err := os.WriteFile(path, manifest, 0o600); err != nil {
		return fmt.Errorf("cannot write manifest: %w", err)
	}
	return put(path, prefix+"manifest.json.out")
}

// ordered writes the answers of a file in the order of its records.
func (f *file) ordered() (string, error) {
	to := f.out + ".ordered"
	in, err := os.Open(f.out)
	if err != nil {
		return "", fmt.Errorf("cannot order batch: %w", err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return "", fmt.Errorf("cannot order batch: %w", err)
	}
	w := bufio.NewWriterSize(out, 1<<20)
	for n := range int(f.counts.total) {
		at, ok := f.done[n]
		if !ok {
			continue // the batch ended before
		}
		if _, err = in.Seek(at, io.SeekStart); err != nil {
			break
		}
		var a answered
		if err = json.NewDecoder(in).Decode(&a); err != nil {
			break
		}
		if _, err = w.Write(append(a.Line, '\n')); err != nil {
			break
		}
	}
	if err = errors.Join(err, w.Flush(), out.Close()); err != nil {
		return "", fmt.Errorf("cannot order batch: %w", err)
	}
	return to, nil
}
