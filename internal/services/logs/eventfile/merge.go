package eventfile

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

const (
	// small is below which size, in bytes, a file is worth to be merged, few how many there may be of those, and together how large they
	// are that are merged at once.
	small    = 1 << 20
	few      = 32
	together = 8 << 20
	// lastRites is how long a file stays for who began to read before it was merged, and abandoned from which age on one is removed that
	// nobody knows of.
	lastRites = 10 * time.Minute
	abandoned = time.Hour
)

// grave is a file that was merged into another.
type grave struct {
	path  string
	since time.Time
}

// Merge makes one file of many small ones of a group, as come about when a group has few events among others' many.
func (f *Files) Merge(ctx context.Context, group Place) error {
	if err := f.open(ctx); err != nil {
		return err
	}
	f.bury()
	if err := f.index(ctx, group); err != nil {
		return err
	}
	for {
		if more, err := f.merge(ctx, group); err != nil || !more {
			return err
		}
	}
}

// chosen gives the small files of a group, the oldest first, with the parts in them by stream.
func (f *Files) chosen(group string) (names map[fileName]bool, parts map[string][]part) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ix := f.indexes[group]
	if ix == nil {
		return nil, nil
	}
	sizes := map[fileName]int64{}
	for _, list := range ix.streams {
		for _, p := range list {
			for _, fr := range p.Frames {
				sizes[p.name()] += fr[2]
			}
		}
	}
	maps.DeleteFunc(sizes, func(_ fileName, size int64) bool { return size >= small })
	if len(sizes) < few {
		return nil, nil
	}
	names, parts = map[fileName]bool{}, map[string][]part{}
	total := int64(0)
	for _, n := range slices.SortedFunc(maps.Keys(sizes), func(a, b fileName) int { return cmp.Compare(a.generation, b.generation) }) {
		if total += sizes[n]; total > together {
			break
		}
		names[n] = true
	}
	for stream, list := range ix.streams {
		for _, p := range list {
			if names[p.name()] {
				parts[stream] = append(parts[stream], p)
			}
		}
	}
	return names, parts
}

func (f *Files) merge(ctx context.Context, group Place) (more bool, err error) {
	names, old := f.chosen(group.Group)
	if len(names) < 2 {
		return false, nil
	}
	to := fileName{}
	for n := range names {
		to.generation, to.version = max(to.generation, n.generation), max(to.version, n.version)
	}
	to.version++
	made := map[string]part{}
	err = f.writeFile(group.Group, to, slices.Sorted(maps.Keys(old)), func(id string) ([]Event, error) { return f.eventsOf(ctx, group, old[id]) }, made)
	if err != nil {
		return false, fmt.Errorf("cannot merge log files: %w", err)
	}
	gone := false
	err = f.Store.Update(ctx, func(tx *store.Tx) error {
		gone = false
		for id, list := range old {
			for _, p := range list {
				if has, err := f.parts.Get(tx, group.key(partID(group.Group, id, p.Generation))); err == store.ErrNotFound || err == nil && has.Version != p.Version {
					gone = true // somebody deleted it meanwhile: another time
					return nil
				} else if err != nil {
					return err
				}
			}
		}
		for id, list := range old {
			for _, p := range list {
				if err := f.parts.Delete(tx, group.key(partID(group.Group, id, p.Generation))); err != nil {
					return err
				}
			}
			if err := f.parts.Put(tx, group.key(partID(group.Group, id, to.generation)), made[id]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || gone {
		_ = os.Remove(f.file(group.Group, to)) // nobody knows of it
		return false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if ix := f.indexes[group.Group]; ix != nil {
		for id := range old {
			if list, ok := ix.streams[id]; ok { // not hidden meanwhile
				ix.streams[id] = append(slices.DeleteFunc(slices.Clone(list), func(p part) bool { return names[p.name()] }), made[id])
			}
		}
	}
	for n := range names {
		f.graves = append(f.graves, grave{f.file(group.Group, n), time.Now()})
	}
	return true, nil
}

// eventsOf reads the events of parts, in order.
func (f *Files) eventsOf(ctx context.Context, group Place, parts []part) (out []Event, err error) {
	r := reading{Files: f, Query: Query{Group: group}, open: map[fileName]*os.File{}}
	defer r.close()
	for _, p := range parts {
		at := p.Offset
		for _, fr := range p.Frames {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			file, err := r.fileOf(p.name())
			if err != nil {
				return nil, err
			}
			b := make([]byte, fr[2])
			if _, err := file.ReadAt(b, at); err != nil {
				return nil, err
			}
			events, _, err := f.readFrame(b, func(*Event) bool { return true })
			if err != nil {
				return nil, err
			}
			out = append(out, events...)
			at += fr[2]
		}
	}
	slices.SortFunc(out, compare)
	return out, nil
}

// bury removes files that were merged and that nobody reads any more.
func (f *Files) bury() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.graves) > 0 && time.Since(f.graves[0].since) > lastRites {
		_ = os.Remove(f.graves[0].path) // one that stays is an orphan, and goes later
		f.graves = f.graves[1:]
	}
}

// orphans removes the files of a group that no part is in: those that a crash left.
func (f *Files) orphans(group string, known map[fileName]int, sealed uint64) {
	entries, err := os.ReadDir(f.groupDir(group))
	if err != nil {
		return // a group without files
	}
	names := map[string]bool{}
	for n := range known {
		names[n.String()] = true
	}
	for _, e := range entries {
		number, _, _ := strings.Cut(e.Name(), ".")
		generation, err := strconv.ParseUint(number, 10, 64)
		if err != nil || generation > sealed || names[e.Name()] {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > abandoned {
			_ = os.Remove(filepath.Join(f.groupDir(group), e.Name()))
		}
	}
}
