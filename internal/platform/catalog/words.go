package catalog

import (
	"bytes"
	"slices"
	"sort"
	"strings"
)

// shelf holds the digests of an account in a region, and which words are in which.
type shelf struct {
	list  []*Digest // in order of their ids
	order []uint32  // their slots
	slots []*Digest // by slot; nil is free
	free  []uint32

	blob   []byte            // every word once, each after a "\n", and one at the end
	starts []int             // where each word begins in blob
	posts  [][]uint32        // the slots of the digests that have the word, in order
	number map[string]uint32 // of the word
	unused int               // words that no digest has any more
}

func newShelf() *shelf { return &shelf{number: map[string]uint32{}, blob: []byte{'\n'}} }

func (s *shelf) find(id string) (int, bool) {
	return slices.BinarySearchFunc(s.list, id, func(e *Digest, id string) int { return strings.Compare(e.ID, id) })
}

// set puts a digest in the place of the one with its id.
func (s *shelf) set(d *Digest) {
	i, there := s.find(d.ID)
	if there {
		s.leave(s.list[i])
		s.enter(d)
		s.list[i], s.order[i] = d, d.slot
		return
	}
	s.enter(d)
	s.list, s.order = slices.Insert(s.list, i, d), slices.Insert(s.order, i, d.slot)
}

func (s *shelf) remove(id string) {
	if i, there := s.find(id); there {
		s.leave(s.list[i])
		s.list, s.order = slices.Delete(s.list, i, i+1), slices.Delete(s.order, i, i+1)
	}
}

func (d *Digest) words() map[string]bool {
	out := map[string]bool{}
	for _, text := range []string{d.text, d.column} {
		for w := range strings.FieldsSeq(text) {
			out[w] = true
		}
	}
	return out
}

func (s *shelf) enter(d *Digest) {
	if n := len(s.free); n > 0 {
		d.slot = s.free[n-1]
		s.free = s.free[:n-1]
		s.slots[d.slot] = d
	} else {
		d.slot = uint32(len(s.slots))
		s.slots = append(s.slots, d)
	}
	for w := range d.words() {
		n, known := s.number[w]
		if !known {
			n = uint32(len(s.starts))
			s.number[strings.Clone(w)] = n
			s.starts = append(s.starts, len(s.blob))
			s.blob = append(append(s.blob, w...), '\n')
			s.posts = append(s.posts, nil)
		} else if len(s.posts[n]) == 0 {
			s.unused--
		}
		at, _ := slices.BinarySearch(s.posts[n], d.slot)
		s.posts[n] = slices.Insert(s.posts[n], at, d.slot)
	}
}

func (s *shelf) leave(d *Digest) {
	s.slots[d.slot] = nil
	s.free = append(s.free, d.slot)
	for w := range d.words() {
		n := s.number[w]
		if at, there := slices.BinarySearch(s.posts[n], d.slot); there {
			s.posts[n] = slices.Delete(s.posts[n], at, at+1)
		}
		if len(s.posts[n]) == 0 {
			s.unused++
		}
	}
	if s.unused > 1024 && s.unused > len(s.starts)/2 {
		s.shrink()
	}
}

// shrink forgets the words that nothing has.
func (s *shelf) shrink() {
	old := *s
	s.blob, s.starts, s.posts, s.number, s.unused = []byte{'\n'}, nil, nil, map[string]uint32{}, 0
	for w, n := range old.number {
		if len(old.posts[n]) > 0 {
			s.number[w] = uint32(len(s.starts))
			s.starts = append(s.starts, len(s.blob))
			s.blob = append(append(s.blob, w...), '\n')
			s.posts = append(s.posts, old.posts[n])
		}
	}
}

// with finds the slots of the digests in which each word is part of some word.
func (s *shelf) with(words []string) []bool {
	var out []bool
	for _, w := range words {
		has := make([]bool, len(s.slots))
		for at := 0; ; {
			i := bytes.Index(s.blob[at:], []byte(w))
			if i < 0 {
				break
			}
			n := sort.SearchInts(s.starts, at+i+1) - 1
			for _, slot := range s.posts[n] {
				has[slot] = true
			}
			if n+1 == len(s.starts) {
				break
			}
			at = s.starts[n+1]
		}
		for i := range out {
			has[i] = has[i] && out[i]
		}
		out = has
	}
	return out
}

// search walks the digests whose ids begin with within and that say text, in order of their ids.
func (s *shelf) search(within, text string, each func(*Digest)) {
	words := strings.Fields(strings.Trim(line(text), `"' `))
	exact := strings.ContainsAny(text, `"'`)
	var has []bool
	if len(words) > 0 {
		has = s.with(words)
		some := 0
		for _, h := range has {
			if h {
				some++
			}
		}
		if some < len(s.list)/16 {
			var few []*Digest
			for slot, h := range has {
				if d := s.slots[slot]; h && strings.HasPrefix(d.ID, within) && (!exact || d.says(text)) {
					few = append(few, d)
				}
			}
			slices.SortFunc(few, func(a, b *Digest) int { return strings.Compare(a.ID, b.ID) })
			for _, d := range few {
				each(d)
			}
			return
		}
	}
	i, _ := s.find(within)
	end := len(s.list)
	if within != "" {
		end, _ = s.find(within + "\U0010FFFF")
	}
	for ; i < end; i++ {
		if has == nil || has[s.order[i]] {
			if d := s.list[i]; !exact || d.says(text) {
				each(d)
			}
		}
	}
}

func (d *Digest) says(text string) bool {
	found, _ := d.Says(text)
	return found
}
