package blazingtext

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/learn"
)

// Load reads model.bin, or the only file of the directory that ends in .bin.
func (a *Algorithm) Load(modelDir string, _ map[string]string) (learn.Model, error) {
	name := filepath.Join(modelDir, modelFile)
	if _, err := os.Stat(name); err != nil {
		found, err := filepath.Glob(filepath.Join(strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(modelDir), "*.bin"))
		if err != nil || len(found) != 1 {
			return nil, fmt.Errorf("no %s in the model", modelFile)
		}
		name = found[0]
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	m, err := read(file, info.Size(), a.limits.Memory)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", filepath.Base(name), err)
	}
	m.body, m.threads = a.limits.Body, a.limits.Threads
	return m, nil
}

// read reads a model of fastText of so many bytes. What the file says of sizes must fit into its own size, and into memory.
func read(in io.Reader, size, memory int64) (*Model, error) {
	r := &reader{Reader: bufio.NewReaderSize(in, 1<<20), left: size}
	m := &Model{}
	var sign, of int32
	r.numbers(&sign, &of)
	if r.failed != nil || sign != magic || of > version || of < 11 {
		return nil, errors.New("it is not a model of fastText of version 11 or 12")
	}
	r.numbers(&m.args)
	if of == 11 {
		m.MaxN = 0 // its supervised models had no subwords
	}
	if r.failed == nil && m.Model != modelSupervised {
		return nil, errors.New("it is no text classification: its mode is not supervised")
	}
	if r.failed == nil && (m.Dim < 1 || m.Dim > 1<<20 || m.Bucket < 0 || m.WordNgrams < 0 || m.WordNgrams > 1<<10 || m.MinN < 0 || m.MaxN < 0 || m.MaxN > 1<<10 ||
		m.Loss < lossHierarchical || m.Loss > lossOneVsAll) {
		return nil, errors.New("its settings are out of range")
	}
	r.dictionary(&m.words)
	m.input, m.bucket = r.matrix(int64(m.words.words)+int64(m.Bucket), int64(m.Dim), memory, m.words.words, true)
	m.output, _ = r.matrix(int64(m.words.labels), int64(m.Dim), memory, 0, false)
	if r.failed != nil {
		return nil, r.failed
	}
	m.words.trim()
	if m.Loss == lossHierarchical {
		counts := make([]int64, m.words.labels)
		for i := range counts {
			counts[i] = min(max(0, m.words.entries[m.words.words+i].count), 1e12)
		}
		m.tree = newTree(counts)
	}
	return m, nil
}

// reader reads numbers and keeps the first failure.
type reader struct {
	*bufio.Reader
	left   int64 // bytes of the file
	failed error
}

func (r *reader) numbers(list ...any) {
	for _, n := range list {
		if r.failed != nil {
			return
		}
		r.left -= int64(binary.Size(n))
		r.failed = binary.Read(r.Reader, binary.LittleEndian, n)
	}
}

func (r *reader) dictionary(d *dictionary) {
	var size, words, labels int32
	var pruned int64
	r.numbers(&size, &words, &labels, &d.tokens, &pruned)
	switch {
	case r.failed != nil:
		return
	case words < 0 || labels < 1 || size < 0 || words > size || size-words != labels || int64(size) > r.left/10:
		r.failed = errors.New("its dictionary is out of range")
		return
	case pruned >= 0:
		r.failed = errors.New("it is quantised or pruned, which is not supported")
		return
	}
	for i := range size {
		b, err := r.ReadSlice(0)
		if err != nil {
			r.failed = fmt.Errorf("a word of its dictionary has no end: %w", err)
			return
		}
		word := b[:len(b)-1]
		r.left -= int64(len(b))
		e := entry{word: string(word), hash: hashOf(word), label: i >= words}
		var kind int8
		r.numbers(&e.count, &kind)
		if r.failed != nil {
			return
		}
		if (kind == 1) != e.label {
			r.failed = errors.New("its dictionary is not in order")
			return
		}
		d.entries = append(d.entries, e)
	}
	d.words, d.labels = int(words), int(labels)
}

// matrix reads rows of numbers. With places it leaves out rows that are all zeros after the first few, and gives where each of the
// others is.
func (r *reader) matrix(rows, columns, memory int64, first int, places bool) (list []float32, at []int32) {
	var quantised bool
	var m, n int64
	r.numbers(&quantised, &m, &n)
	switch {
	case r.failed != nil:
		return nil, nil
	case quantised:
		r.failed = errors.New("it is quantised or pruned, which is not supported")
		return nil, nil
	case m != rows || n != columns || m > r.left/4/n:
		r.failed = errors.New("a matrix is not of the size that its settings and dictionary give")
		return nil, nil
	case m*n*4 > memory || m > math.MaxInt32:
		r.failed = fmt.Errorf("a matrix of %d MB is above the limit of %d MB", m*n>>18, memory>>20)
		return nil, nil
	}
	// What is not written to takes no memory.
	list = make([]float32, m*n)
	r.left -= m * n * 4
	row, used := make([]byte, 4*n), 0
	for i := range int(m) {
		if _, r.failed = io.ReadFull(r.Reader, row); r.failed != nil {
			return nil, nil
		}
		if places && i >= first {
			if zero(row) {
				at = append(at, -1)
				continue
			}
			at = append(at, int32(used/int(n)))
		}
		to := list[used : used+int(n)]
		used += len(to)
		for j := range to {
			to[j] = math.Float32frombits(binary.LittleEndian.Uint32(row[4*j:]))
		}
	}
	if used == len(list) {
		return list, nil
	}
	return list[:used], at
}

func zero(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b) != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
