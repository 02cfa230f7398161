// Package gguf reads and writes the headers of GGUF files: what a model is, and which tensors lie where. A file is checked before
// anything else is made of it, for the library that runs it trusts its files.
// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
package gguf

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
)

// Bounds of what a header may hold.
const (
	maxPairs   = 1 << 14
	maxTensors = 1 << 16
	maxString  = 1 << 22
	maxArray   = 1 << 22
	maxHeader  = 1 << 29 // bytes
	keptArray  = 64      // longer arrays are counted, not kept
)

// ErrFormat is a file that is no sound GGUF file.
var ErrFormat = errors.New("not a GGUF file")

// Kind is the type of a value.
type Kind uint32

// The kinds.
const (
	Uint8 Kind = iota
	Int8
	Uint16
	Int16
	Uint32
	Int32
	Float32
	Bool
	String
	Array
	Uint64
	Int64
	Float64
)

// Long is an array that was too long to be kept.
type Long struct {
	Of  Kind
	Len int
}

// Tensor is one tensor.
type Tensor struct {
	Name   string
	Shape  []uint64
	Type   uint32
	Offset uint64 // from where tensors begin
}

// Header is what a file says of itself. Values are uint64, int64, float64, bool, string, []any or Long.
type Header struct {
	Version uint32
	Meta    map[string]any
	Tensors []Tensor
	Data    int64 // where tensors begin
}

// Open reads the header of a file and checks that its tensors lie within it. Errors are ErrFormat or of the file system.
func Open(path string) (*Header, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read model: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("cannot read model: %w", err)
	}
	return Read(f, info.Size())
}

// Read reads the header of a file of size bytes.
func Read(r io.Reader, size int64) (*Header, error) {
	d := &decoder{r: bufio.NewReaderSize(io.LimitReader(r, min(size, maxHeader)), 1<<16)}
	h := &Header{Meta: map[string]any{}}
	if string(d.bytes(4)) != "GGUF" {
		return nil, fmt.Errorf("%w: it does not begin with GGUF", ErrFormat)
	}
	if h.Version = d.u32(); d.err == nil && (h.Version < 2 || h.Version > 3) {
		return nil, fmt.Errorf("%w: version %d is not known", ErrFormat, h.Version)
	}
	tensors, pairs := d.u64(), d.u64()
	if tensors > maxTensors || pairs > maxPairs {
		return nil, fmt.Errorf("%w: it has too many members", ErrFormat)
	}
	for range pairs {
		key := d.text()
		h.Meta[key] = d.value(Kind(d.u32()), 0)
		if d.err != nil {
			break
		}
	}
	for range tensors {
		if d.err != nil {
			break
		}
		h.Tensors = append(h.Tensors, d.tensor())
	}
	if d.err != nil {
		if errors.Is(d.err, io.EOF) || errors.Is(d.err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%w: it ends within its header", ErrFormat)
		}
		return nil, d.err
	}
	align := int64(h.Uint("general.alignment", 32))
	if align <= 0 || align > 1<<16 || align&(align-1) != 0 {
		return nil, fmt.Errorf("%w: its alignment is %d", ErrFormat, align)
	}
	h.Data = (d.n + align - 1) / align * align
	return h, h.check(size)
}

// check tells whether all tensors lie within a file of size bytes.
func (h *Header) check(size int64) error {
	for _, t := range h.Tensors {
		n, known := t.Bytes()
		whole := uint64(size)
		if t.Offset > whole || n > whole || uint64(h.Data)+t.Offset+n > whole || known && n == 0 {
			return fmt.Errorf("%w: tensor %.60q does not lie within it", ErrFormat, t.Name)
		}
	}
	return nil
}

// Text is a string of the metadata, "" when there is none.
func (h *Header) Text(key string) string {
	s, _ := h.Meta[key].(string)
	return s
}

// Uint is a whole number of the metadata.
func (h *Header) Uint(key string, otherwise uint64) uint64 {
	switch v := h.Meta[key].(type) {
	case uint64:
		return v
	case int64:
		if v >= 0 {
			return uint64(v)
		}
	}
	return otherwise
}

// Architecture is the kind of network: "llama", "bert".
func (h *Header) Architecture() string { return h.Text("general.architecture") }

// Context is how many tokens the model was trained to see at once.
func (h *Header) Context() int {
	return int(min(h.Uint(h.Architecture()+".context_length", 0), 1<<24))
}

// Embedding tells that the model makes vectors and no text.
func (h *Header) Embedding() bool {
	_, pools := h.Meta[h.Architecture()+".pooling_type"]
	causal, told := h.Meta[h.Architecture()+".attention.causal"].(bool)
	return pools || told && !causal
}

// Cache is how many bytes a context of n tokens takes, with 16-bit keys and values.
func (h *Header) Cache(n int) int64 {
	a := h.Architecture()
	heads := h.Uint(a+".attention.head_count", 1)
	wide := float64(h.Uint(a+".embedding_length", 0)) * float64(h.Uint(a+".attention.head_count_kv", heads)) / float64(max(heads, 1))
	return int64(min(4*float64(h.Uint(a+".block_count", 0))*wide*float64(n), 1<<50))
}
