package blazingtext

import (
	"bufio"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
)

// What begins a file of fastText.
const (
	magic   = 793712314
	version = 12
)

// modelFile is the model's name in its directory.
const modelFile = "model.bin"

// write writes a model of a training. Rows of buckets that no line had become holes of the file: zeros that take no space.
func (m *Model) write(dir string, f *features) (err error) {
	file, err := os.Create(filepath.Join(dir, modelFile))
	if err != nil {
		return err
	}
	defer func() {
		if e := file.Close(); err == nil {
			err = e
		}
	}()
	w := &writer{file: file, Writer: bufio.NewWriterSize(file, 1<<20)}
	w.numbers(int32(magic), int32(version), m.args)
	w.numbers(int32(len(m.words.entries)), int32(m.words.words), int32(m.words.labels), m.words.tokens, int64(-1))
	for _, e := range m.words.entries {
		_, _ = w.WriteString(e.word)
		_ = w.WriteByte(0)
		kind := int8(0)
		if e.label {
			kind = 1
		}
		w.numbers(e.count, kind)
	}
	dim := int(m.Dim)
	w.numbers(false, int64(m.words.words)+int64(m.Bucket), int64(dim))
	w.floats(m.input[:m.words.words*dim])
	hole := int64(0)
	for _, at := range f.bucket {
		if at < 0 {
			hole += int64(dim) * 4
			continue
		}
		w.skip(&hole)
		w.floats(m.input[int(at)*dim : (int(at)+1)*dim])
	}
	w.skip(&hole)
	w.numbers(false, int64(m.words.labels), int64(dim))
	w.floats(m.output)
	if w.failed == nil {
		w.failed = w.Flush()
	}
	return w.failed
}

// writer writes numbers as fastText does, and keeps the first failure.
type writer struct {
	*bufio.Writer
	file   *os.File
	bytes  []byte // of numbers on their way
	zeros  [1 << 15]byte
	failed error
}

func (w *writer) numbers(list ...any) {
	for _, n := range list {
		if err := binary.Write(w.Writer, binary.LittleEndian, n); w.failed == nil {
			w.failed = err
		}
	}
}

func (w *writer) floats(list []float32) {
	for len(list) > 0 {
		part := list[:min(len(list), 1024)]
		list, w.bytes = list[len(part):], w.bytes[:0]
		for _, f := range part {
			w.bytes = binary.LittleEndian.AppendUint32(w.bytes, math.Float32bits(f))
		}
		if _, err := w.Write(w.bytes); err != nil && w.failed == nil {
			w.failed = err
		}
	}
}

// skip leaves a hole, if it is worth its system calls.
func (w *writer) skip(hole *int64) {
	n := *hole
	*hole = 0
	if n < 1<<15 {
		if _, err := w.Write(w.zeros[:n]); err != nil && w.failed == nil {
			w.failed = err
		}
		return
	}
	if err := w.Flush(); err != nil && w.failed == nil {
		w.failed = err
	}
	if _, err := w.file.Seek(n, 1); err != nil && w.failed == nil {
		w.failed = err
	}
}
