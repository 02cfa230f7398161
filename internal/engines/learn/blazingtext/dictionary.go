package blazingtext

import (
	"hash/maphash"
	"slices"
	"strings"
)

const (
	labelPrefix = "__label__"
	endOfLine   = "</s>"
)

// entry is a word or a label.
type entry struct {
	word  string
	hash  uint32
	count int64
	label bool
}

// dictionary holds words and labels by what they read. Its order becomes that of the model's rows: words, then labels.
type dictionary struct {
	entries       []entry
	slots         []int32      // a table of entries, -1 when free; its length is a power of two
	seed          maphash.Seed // of the table: FNV's collisions are easily made
	words, labels int          // of these kinds, once it is sealed; what comes after them was too rare
	tokens        int64
}

// hashOf is fastText's hash: FNV-1a that takes each byte as signed.
func hashOf(b []byte) uint32 {
	h := uint32(2166136261)
	for _, c := range b {
		h = (h ^ uint32(int8(c))) * 16777619
	}
	return h
}

// slot is where a word is, or would go.
func (d *dictionary) slot(b []byte, h uint32) int {
	mask := len(d.slots) - 1
	i := int(maphash.Bytes(d.seed, b)) & mask
	for {
		e := d.slots[i]
		if e < 0 || d.entries[e].hash == h && d.entries[e].word == string(b) {
			return i
		}
		i = (i + 1) & mask
	}
}

// find gives the entry of a word, -1 when there is none.
func (d *dictionary) find(b []byte, h uint32) int32 {
	if len(d.slots) == 0 {
		return -1
	}
	return d.slots[d.slot(b, h)]
}

// add counts a word n times.
func (d *dictionary) add(b []byte, h uint32, n int64) int32 {
	if 2*len(d.entries) >= len(d.slots) {
		d.grow(max(1024, 2*len(d.slots)))
	}
	i := d.slot(b, h)
	if d.slots[i] < 0 {
		d.slots[i] = int32(len(d.entries))
		word := string(b)
		d.entries = append(d.entries, entry{word: word, hash: h, label: strings.HasPrefix(word, labelPrefix)})
	}
	d.entries[d.slots[i]].count += n
	return d.slots[i]
}

func (d *dictionary) grow(n int) {
	d.slots, d.seed = make([]int32, n), maphash.MakeSeed()
	for i := range d.slots {
		d.slots[i] = -1
	}
	for i := range d.entries {
		d.slots[d.slot([]byte(d.entries[i].word), d.entries[i].hash)] = int32(i)
	}
}

// seal orders the entries: words by how often they occur, labels likewise, then the words that occur less than least times. It
// gives each entry's new place.
func (d *dictionary) seal(least int64) []int32 {
	order := make([]int32, len(d.entries))
	for i := range order {
		order[i] = int32(i)
	}
	class := func(e entry) int {
		switch {
		case e.label:
			return 1
		case e.count < least:
			return 2
		}
		return 0
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		x, y := d.entries[a], d.entries[b]
		if c := class(x) - class(y); c != 0 {
			return c
		}
		return int(min(1, max(-1, y.count-x.count)))
	})
	sorted, places := make([]entry, len(order)), make([]int32, len(order))
	for to, from := range order {
		sorted[to], places[from] = d.entries[from], int32(to)
		switch class(sorted[to]) {
		case 0:
			d.words++
		case 1:
			d.labels++
		}
	}
	d.entries = sorted
	return places
}

// trim forgets what is too rare and finds the rest again.
func (d *dictionary) trim() {
	d.entries = slices.Clip(d.entries[:d.words+d.labels])
	n := 1024
	for n < 2*len(d.entries) {
		n *= 2
	}
	d.grow(n)
}

func (d *dictionary) label(i int) string { return d.entries[d.words+i].word }

// next takes the first word off a text; rest is nil at its end. Like fastText it parts words at white space and NUL.
func next(b []byte) (word, rest []byte) {
	i := 0
	for i < len(b) && blank(b[i]) {
		i++
	}
	j := i
	for j < len(b) && !blank(b[j]) {
		j++
	}
	return b[i:j], b[j:]
}

func blank(c byte) bool { return c == ' ' || c <= '\r' && c >= '\t' || c == 0 }
