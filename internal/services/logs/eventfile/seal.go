package eventfile

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// beginSealing has the journals that wait sealed. f.mu is held.
func (f *Files) beginSealing() {
	if f.sealing || f.closed || len(f.waiting) == 0 {
		return
	}
	f.sealing = true
	go f.sealAll()
}

// sealAll seals what waits, oldest first. What fails is tried again: until then it lies in the journal and in memory.
func (f *Files) sealAll() {
	for wait := 100 * time.Millisecond; ; {
		f.mu.Lock()
		if len(f.waiting) == 0 || f.closed {
			f.sealing = false
			f.idle.Broadcast()
			f.mu.Unlock()
			return
		}
		g := f.waiting[0]
		f.mu.Unlock()
		if err := f.seal(context.Background(), g); err != nil {
			f.Logger.Error("cannot seal log events", "error", err)
			time.Sleep(wait)
			wait = min(2*wait, 10*time.Second)
			continue
		}
		wait = 100 * time.Millisecond
	}
}

// seal writes a journal's events into the groups' files, then their places into the store. Either may be done again.
func (f *Files) seal(ctx context.Context, g *generation) error {
	f.mu.Lock()
	all := make(map[string]map[string]*head, len(g.heads)) // streams may be hidden meanwhile
	for group, heads := range g.heads {
		all[group] = maps.Clone(heads)
	}
	f.mu.Unlock()
	made := map[string]map[string]part{}
	for group, heads := range all {
		parts, err := f.sealGroup(g, group, heads)
		if err != nil {
			return fmt.Errorf("cannot write log file: %w", err)
		}
		made[group] = parts
	}
	var places []placed
	var gone []string // groups of whose file nothing is left
	err := f.Store.Update(ctx, func(tx *store.Tx) error {
		places, gone = places[:0], gone[:0]
		for _, group := range slices.Sorted(maps.Keys(made)) {
			of := Place{}
			streams := map[string]Summary{}
			for id, h := range all[group] {
				of = Place{Account: h.place.Account, Region: h.place.Region, Group: group}
				streams[id] = h.summary
			}
			if f.Sealed != nil {
				if err := f.Sealed(tx, of, streams); err != nil {
					return err
				}
			}
			if len(streams) == 0 {
				gone = append(gone, group)
			}
			for _, id := range slices.Sorted(maps.Keys(streams)) {
				p := made[group][id]
				if err := f.parts.Put(tx, of.key(partID(group, id, g.number)), p); err != nil {
					return err
				}
				places = append(places, placed{group, id, p})
			}
		}
		return f.state.Put(tx, stateKey, state{Sealed: g.number, Seq: f.seq.Load()})
	})
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.waiting = slices.DeleteFunc(slices.Clone(f.waiting), func(w *generation) bool { return w == g })
	f.sealed = g.number
	for _, p := range places {
		if ix := f.indexes[p.group]; ix != nil {
			ix.add(p.stream, p.part)
		}
	}
	f.room.Broadcast()
	f.mu.Unlock()
	for _, group := range gone {
		_ = os.Remove(f.file(group, fileName{g.number, 0})) // a file that nobody knows of is only in the way
		_ = os.Remove(f.groupDir(group))
	}
	if err := os.Remove(f.journal(g.name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.Logger.Error("cannot remove journal of log events", "error", err) // it is not read again
	}
	return nil
}

type placed struct {
	group, stream string
	part          part
}

// sealGroup writes a group's file.
func (f *Files) sealGroup(g *generation, group string, heads map[string]*head) (map[string]part, error) {
	parts := make(map[string]part, len(heads))
	err := f.writeFile(group, fileName{g.number, 0}, slices.Sorted(maps.Keys(heads)), func(id string) ([]Event, error) {
		return inOrder(heads[id].events, heads[id].mixed), nil
	}, parts)
	return parts, err
}

// writeFile writes a file with the frames of streams one after the other, and tells what parts it has.
func (f *Files) writeFile(group string, name fileName, ids []string, events func(id string) ([]Event, error), parts map[string]part) error {
	if err := os.MkdirAll(f.groupDir(group), 0o700); err != nil {
		return err
	}
	path := f.file(group, name)
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(file, 1<<20)
	offset := int64(0)
	var buffer []byte
	for _, id := range ids {
		list, e := events(id)
		if err = e; err != nil {
			break
		}
		p := part{Generation: name.generation, Version: name.version, Offset: offset}
		for _, x := range list {
			p.Summary.Add(Summary{x.Time, x.Time, x.Ingested, 1, x.Size()})
		}
		for len(list) > 0 && err == nil {
			n, size := 0, 0
			for n < len(list) && size < frameSize {
				size += len(list[n].Message) + 16
				n++
			}
			buffer = f.appendFrame(buffer[:0], list[:n])
			_, err = w.Write(buffer)
			p.Frames = append(p.Frames, frame{list[0].Time, list[n-1].Time, int64(len(buffer))})
			offset += int64(len(buffer))
			list = list[n:]
		}
		parts[id] = p
	}
	err = errors.Join(err, w.Flush(), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err == nil {
		err = syncDir(f.groupDir(""))
	}
	return err
}
