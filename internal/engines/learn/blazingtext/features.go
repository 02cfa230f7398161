package blazingtext

import (
	"bytes"

	"github.com/atelier-studio/atelier/internal/engines/learn"
)

// features are what the vectors of each line of a corpus are taken of: rows of the model's input, without those that no
// line has.
type features struct {
	rows   []int32
	ends   []int // of lines, in rows
	labels []int32
	lends  []int   // of lines, in labels
	bucket []int32 // where a bucket's row is: after the words' rows, -1 when no line has it
	count  int     // of rows
}

// extract finds the features of every line. The corpus must be numbered as the dictionary is.
func extract(d *dictionary, c corpus, buckets, ngrams, parts int) *features {
	f := &features{ends: make([]int, len(c.ends)), lends: make([]int, len(c.ends)), bucket: make([]int32, buckets)}
	size, labels := 0, 0
	for i := range c.ends {
		words := 0
		for _, t := range c.line(i) {
			switch {
			case d.entries[t].label:
				labels++
				continue
			case int(t) < d.words:
				size++
			}
			words++
		}
		for n := 2; n <= ngrams && n <= words && buckets > 0; n++ {
			size += words - n + 1
		}
		f.ends[i], f.lends[i] = size, labels
	}
	f.rows, f.labels = make([]int32, size), make([]int32, labels)
	learn.Together(parts, func(part int) {
		var hashes []uint64
		first, last := learn.Share(len(c.ends), parts, part)
		for i := first; i < last; i++ {
			rows, labels := f.rows[before(f.ends, i):before(f.ends, i)], f.labels[before(f.lends, i):before(f.lends, i)]
			hashes = hashes[:0]
			for _, t := range c.line(i) {
				e := &d.entries[t]
				if e.label {
					labels = append(labels, t-int32(d.words))
					continue
				}
				if int(t) < d.words {
					rows = append(rows, t)
				}
				hashes = append(hashes, widen(e.hash))
			}
			appendNgrams(rows, hashes, ngrams, buckets, int32(d.words))
		}
	})
	f.compact(d.words)
	return f
}

// compact gives the buckets that occur the rows after the words', in the order in which they occur.
func (f *features) compact(words int) {
	for i := range f.bucket {
		f.bucket[i] = -1
	}
	f.count = words
	for i, r := range f.rows {
		if int(r) < words {
			continue
		}
		at := &f.bucket[int(r)-words]
		if *at < 0 {
			*at = int32(f.count)
			f.count++
		}
		f.rows[i] = *at
	}
}

// of finds the features of other text, of those that f has rows for.
func (f *features) of(d *dictionary, text []byte, ngrams int) *features {
	var (
		other  features
		hashes []uint64
		seen   []int32
	)
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		text, hashes, seen = rest, hashes[:0], seen[:0]
		for more := true; more; {
			word, rest := next(line)
			if more = len(word) > 0; !more {
				word = []byte(endOfLine)
			}
			line = rest
			h := hashOf(word)
			at := d.find(word, h)
			switch {
			case at >= int32(d.words):
				other.labels = append(other.labels, at-int32(d.words))
				continue
			case at < 0 && bytes.HasPrefix(word, []byte(labelPrefix)):
				continue
			case at >= 0:
				other.rows = append(other.rows, at)
			}
			hashes = append(hashes, widen(h))
		}
		for _, r := range appendNgrams(seen, hashes, ngrams, len(f.bucket), 0) {
			if at := f.bucket[r]; at >= 0 {
				other.rows = append(other.rows, at)
			}
		}
		other.ends, other.lends = append(other.ends, len(other.rows)), append(other.lends, len(other.labels))
	}
	return &other
}

func before(ends []int, i int) int {
	if i == 0 {
		return 0
	}
	return ends[i-1]
}

func (f *features) line(i int) (rows, labels []int32) {
	return f.rows[before(f.ends, i):f.ends[i]], f.labels[before(f.lends, i):f.lends[i]]
}

// widen is how fastText takes a hash into its arithmetic of n-grams: as a signed number.
func widen(h uint32) uint64 { return uint64(int64(int32(h))) }

// appendNgrams appends the rows of a text's n-grams of two words and more.
func appendNgrams(rows []int32, hashes []uint64, ngrams, buckets int, words int32) []int32 {
	if ngrams < 2 || buckets == 0 {
		return rows
	}
	for i, h := range hashes {
		for j := i + 1; j < len(hashes) && j < i+ngrams; j++ {
			h = h*116049371 + hashes[j]
			rows = append(rows, words+int32(h%uint64(buckets)))
		}
	}
	return rows
}
