package duckdb

import (
	"container/list"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"
)

// kept are the written parts of cut tables, for the next query that needs the same part of the same files. What a part was
// made of is its name: files, columns, formats and conditions, but not who asked. Those who share one have the same cut, so
// it holds nothing that either may not see; that it is there tells only that somebody with the same cut asked before.
// The least used go first when there is too much of them.
type kept struct {
	dir string
	max int64 // bytes

	mu      sync.Mutex
	serial  int64
	bytes   int64
	parts   map[string][]*list.Element // by what they were made of
	recent  *list.List                 // of *keptPart, last used first
	written map[string]chan struct{}   // what is being written; closed at the end
}

type keptPart struct {
	id    string
	names []string
	path  string
	bytes int64
	used  time.Time
}

const (
	keptIdle  = time.Hour // a part that nobody uses for so long goes
	keptLeast = 64 << 10  // what a part counts at least, so that their number is bounded too
)

func newKept(dir string, max int64) *kept {
	return &kept{dir: dir, max: max, parts: map[string][]*list.Element{}, recent: list.New(), written: map[string]chan struct{}{}}
}

// link gives a part with at least these columns the name to. It stays there when the part itself goes.
func (k *kept) link(id string, names []string, to string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.expire()
	for _, e := range k.parts[id] {
		p := e.Value.(*keptPart)
		if covers(p.names, names) && os.Link(p.path, to) == nil {
			k.recent.MoveToFront(e)
			p.used = time.Now()
			return true
		}
	}
	return false
}

func covers(all, some []string) bool {
	return !slices.ContainsFunc(some, func(n string) bool { return !slices.Contains(all, n) })
}

// turn lets one query at a time write a part. The others wait for it and are told no: it is there now, or they write what
// they need for themselves. done ends the turn.
func (k *kept) turn(ctx context.Context, key string) (mine bool, done func(), err error) {
	k.mu.Lock()
	other := k.written[key]
	if other == nil {
		own := make(chan struct{})
		k.written[key] = own
		k.mu.Unlock()
		return true, func() {
			k.mu.Lock()
			delete(k.written, key)
			k.mu.Unlock()
			close(own)
		}, nil
	}
	k.mu.Unlock()
	select {
	case <-other:
		return false, func() {}, nil
	case <-ctx.Done():
		return false, func() {}, ctx.Err()
	}
}

// put keeps the file at path, which stays where it is, too.
func (k *kept) put(id string, names []string, path string) {
	fi, err := os.Stat(path)
	if err != nil || fi.Size() > k.most() || os.MkdirAll(k.dir, 0o700) != nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.serial++
	p := &keptPart{id: id, names: names, path: filepath.Join(k.dir, strconv.FormatInt(k.serial, 10)), bytes: max(fi.Size(), keptLeast), used: time.Now()}
	if os.Link(path, p.path) != nil {
		return
	}
	for _, e := range slices.Clone(k.parts[id]) {
		if covers(names, e.Value.(*keptPart).names) {
			k.drop(e)
		}
	}
	k.parts[id] = append(k.parts[id], k.recent.PushFront(p))
	k.bytes += p.bytes
	for k.bytes > k.max {
		k.drop(k.recent.Back())
	}
}

// most is the size of the largest part that is kept.
func (k *kept) most() int64 { return k.max / 2 }

func (k *kept) expire() {
	for e := k.recent.Back(); e != nil && time.Since(e.Value.(*keptPart).used) > keptIdle; e = k.recent.Back() {
		k.drop(e)
	}
}

func (k *kept) drop(e *list.Element) {
	p := k.recent.Remove(e).(*keptPart)
	k.bytes -= p.bytes
	_ = os.Remove(p.path)
	if k.parts[p.id] = slices.DeleteFunc(k.parts[p.id], func(x *list.Element) bool { return x == e }); len(k.parts[p.id]) == 0 {
		delete(k.parts, p.id)
	}
}
