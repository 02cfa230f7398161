package eventfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// handful is how many rows a transaction removes at most, so that nobody waits long for the writer.
const handful = 500

// Head is what there is of a stream that is not sealed yet.
func (f *Files) Head(ctx context.Context, p Place) (s Summary, err error) {
	if err := f.open(ctx); err != nil {
		return s, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, g := range f.generations() {
		for id, h := range g.heads[p.Group] {
			if p.Stream == "" || p.Stream == id {
				s.Add(h.summary)
			}
		}
	}
	return s, nil
}

// Heads is Head of every stream of a group that has one.
func (f *Files) Heads(ctx context.Context, group Place) (map[string]Summary, error) {
	if err := f.open(ctx); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string]Summary{}
	for _, g := range f.generations() {
		for id, h := range g.heads[group.Group] {
			s := out[id]
			s.Add(h.summary)
			out[id] = s
		}
	}
	return out, nil
}

// Hide takes a stream or a group that was deleted out of what is read, at once. Forget removes it.
func (f *Files) Hide(p Place) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, g := range f.generations() {
		if p.Stream == "" {
			delete(g.heads, p.Group)
		} else {
			delete(g.heads[p.Group], p.Stream)
		}
	}
	if ix := f.indexes[p.Group]; ix != nil && p.Stream != "" {
		delete(ix.streams, p.Stream)
	} else {
		delete(f.indexes, p.Group)
	}
}

// Forget removes the files and rows of a stream or group that was deleted. It may be repeated.
func (f *Files) Forget(ctx context.Context, p Place) error {
	if err := f.open(ctx); err != nil {
		return err
	}
	f.Hide(p)
	prefix := p.Group + separator
	if p.Stream != "" {
		prefix += p.Stream + separator
	}
	names := map[fileName]bool{}
	for {
		n := 0
		err := f.Store.Update(ctx, func(tx *store.Tx) error {
			rows, err := f.parts.List(tx, store.Range{Account: p.Account, Region: p.Region, Prefix: prefix, Limit: handful})
			n = len(rows)
			for _, r := range rows {
				if err := f.parts.Delete(tx, r.Key); err != nil {
					return err
				}
				names[r.Value.name()] = true
			}
			return err
		})
		if err != nil {
			return err
		}
		if n < handful {
			break
		}
	}
	if p.Stream == "" {
		if err := os.RemoveAll(f.groupDir(p.Group)); err != nil {
			return fmt.Errorf("cannot remove log files: %w", err)
		}
		return nil
	}
	return f.sweep(ctx, p, names)
}

// sweep removes those files of which no part is left.
func (f *Files) sweep(ctx context.Context, group Place, names map[fileName]bool) error {
	if len(names) == 0 {
		return nil
	}
	if err := f.index(ctx, group); err != nil {
		return err
	}
	f.mu.Lock()
	var left map[fileName]int
	if ix := f.indexes[group.Group]; ix != nil {
		left = ix.files()
	}
	f.mu.Unlock()
	for n := range names {
		if left[n] > 0 {
			continue
		}
		if err := os.Remove(f.file(group.Group, n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot remove log file: %w", err)
		}
	}
	return nil
}

// Expire removes the parts of a group whose events are all before a time, and tells, in the same transaction, how many bytes they were.
func (f *Files) Expire(ctx context.Context, group Place, before int64, freed func(tx *store.Tx, streams map[string]int64) error) error {
	if err := f.open(ctx); err != nil {
		return err
	}
	if err := f.index(ctx, group); err != nil {
		return err
	}
	f.mu.Lock()
	var old []placed
	if ix := f.indexes[group.Group]; ix != nil {
		for stream, parts := range ix.streams {
			for _, p := range parts {
				if p.Last < before {
					old = append(old, placed{group.Group, stream, p})
				}
			}
		}
	}
	f.mu.Unlock()
	names := map[fileName]bool{}
	for list := range slices.Chunk(old, handful) {
		err := f.Store.Update(ctx, func(tx *store.Tx) error {
			streams := map[string]int64{}
			for _, p := range list {
				if err := f.parts.Delete(tx, group.key(partID(p.group, p.stream, p.part.Generation))); err != nil && !errors.Is(err, store.ErrNotFound) {
					return err
				}
				streams[p.stream] += p.part.Bytes
			}
			return freed(tx, streams)
		})
		if err != nil {
			return err
		}
		f.mu.Lock()
		for _, p := range list {
			names[p.part.name()] = true
			if ix := f.indexes[group.Group]; ix != nil {
				ix.streams[p.stream] = slices.DeleteFunc(slices.Clone(ix.streams[p.stream]), func(has part) bool { return has.Generation == p.part.Generation })
			}
		}
		f.mu.Unlock()
	}
	return f.sweep(ctx, group, names)
}

// Name is the part of a stream's id before the last ":", by which services name streams.
func Name(stream string) string {
	if i := strings.LastIndexByte(stream, ':'); i >= 0 {
		return stream[:i]
	}
	return stream
}
