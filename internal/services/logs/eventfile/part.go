package eventfile

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// part is what one file holds of a stream. Its row has the id <group>/<stream>/<generation>.
type part struct {
	Generation uint64
	Version    int   `json:",omitempty"` // of the file: that of a merge of older ones
	Offset     int64 // of the first frame
	Frames     []frame
	Summary
}

// frame is the time of its first and last event, and its length in bytes.
type frame [3]int64

// separator is in no id of a group, and in that of a stream only before its last part.
const separator = ":"

func partID(group, stream string, generation uint64) string {
	return group + separator + stream + separator + fmt.Sprintf("%020d", generation)
}

// fileName tells a group's files apart.
type fileName struct {
	generation uint64
	version    int
}

func (p part) name() fileName { return fileName{p.Generation, p.Version} }

func (n fileName) String() string {
	if n.version == 0 {
		return fmt.Sprintf("%020d", n.generation)
	}
	return fmt.Sprintf("%020d.%d", n.generation, n.version)
}

func (f *Files) file(group string, n fileName) string {
	return filepath.Join(f.groupDir(group), n.String())
}

// index is the parts of a group, by stream.
type index struct{ streams map[string][]part }

func (ix *index) add(stream string, p part) { ix.streams[stream] = append(ix.streams[stream], p) }

// files counts the parts of each file.
func (ix *index) files() map[fileName]int {
	out := map[fileName]int{}
	for _, list := range ix.streams {
		for _, p := range list {
			out[p.name()]++
		}
	}
	return out
}

// index reads the index of a group into memory. What is sealed meanwhile is read again.
func (f *Files) index(ctx context.Context, group Place) error {
	for {
		f.mu.Lock()
		_, ok := f.indexes[group.Group]
		sealed := f.sealed
		f.mu.Unlock()
		if ok {
			return nil
		}
		ix := &index{map[string][]part{}}
		prefix := group.Group + separator
		err := f.Store.View(ctx, func(tx *store.Tx) error {
			rows, err := f.parts.List(tx, store.Range{Account: group.Account, Region: group.Region, Prefix: prefix})
			for _, r := range rows {
				ix.add(r.Key.ID[len(prefix):strings.LastIndex(r.Key.ID, separator)], r.Value)
			}
			return err
		})
		if err != nil {
			return err
		}
		f.mu.Lock()
		if f.sealed == sealed {
			for stream, list := range ix.streams { // those of a generation that is about to be sealed are in memory still
				kept := list[:0]
				for _, p := range list {
					if p.Generation <= sealed {
						kept = append(kept, p)
					}
				}
				ix.streams[stream] = kept
			}
			f.indexes[group.Group] = ix
			known := ix.files()
			f.mu.Unlock()
			f.orphans(group.Group, known, sealed)
			return nil
		}
		f.mu.Unlock()
	}
}
