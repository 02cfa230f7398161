package gguf

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// alignment is where tensors lie in files that are written here.
const alignment = 32

// Pair is a member of the metadata: bool, string, uint32, int32, float32, []string or []int32.
type Pair struct {
	Key   string
	Value any
}

// Blob is a tensor to be written. Shape has the innermost dimension first.
type Blob struct {
	Name  string
	Shape []uint64
	Type  uint32
	Size  uint64
	Data  func(w io.Writer) error
}

// Write writes a file.
func Write(to io.Writer, meta []Pair, tensors []Blob) error {
	e := &encoder{w: bufio.NewWriterSize(to, 1<<20)}
	e.raw([]byte("GGUF"))
	e.u32(3)
	e.u64(uint64(len(tensors)))
	e.u64(uint64(len(meta)))
	for _, p := range meta {
		e.text(p.Key)
		e.value(p.Value)
	}
	at := uint64(0)
	for _, t := range tensors {
		e.text(t.Name)
		e.u32(uint32(len(t.Shape)))
		for _, d := range t.Shape {
			e.u64(d)
		}
		e.u32(t.Type)
		e.u64(at)
		at += (t.Size + alignment - 1) / alignment * alignment
	}
	for _, t := range tensors {
		e.pad()
		before := e.n
		if e.err == nil {
			e.err = t.Data(e)
		}
		if e.err == nil && uint64(e.n-before) != t.Size {
			e.err = fmt.Errorf("cannot write %s: it has %d bytes, not %d", t.Name, e.n-before, t.Size)
		}
	}
	e.pad()
	if e.err != nil {
		return e.err
	}
	return e.w.Flush()
}

type encoder struct {
	w   *bufio.Writer
	n   int64
	err error
}

// Write writes a part of a tensor.
func (e *encoder) Write(b []byte) (int, error) {
	e.raw(b)
	return len(b), e.err
}

func (e *encoder) raw(b []byte) {
	if e.err == nil {
		_, e.err = e.w.Write(b)
		e.n += int64(len(b))
	}
}

func (e *encoder) pad() {
	if over := e.n % alignment; over != 0 {
		e.raw(make([]byte, alignment-over))
	}
}

func (e *encoder) u32(v uint32) { e.raw(binary.LittleEndian.AppendUint32(nil, v)) }
func (e *encoder) u64(v uint64) { e.raw(binary.LittleEndian.AppendUint64(nil, v)) }

func (e *encoder) text(s string) {
	e.u64(uint64(len(s)))
	e.raw([]byte(s))
}

func (e *encoder) value(v any) {
	switch v := v.(type) {
	case bool:
		e.u32(uint32(Bool))
		b := byte(0)
		if v {
			b = 1
		}
		e.raw([]byte{b})
	case string:
		e.u32(uint32(String))
		e.text(v)
	case uint32:
		e.u32(uint32(Uint32))
		e.u32(v)
	case int32:
		e.u32(uint32(Int32))
		e.u32(uint32(v))
	case float32:
		e.u32(uint32(Float32))
		e.u32(math.Float32bits(v))
	case []string:
		e.list(String, len(v))
		for _, s := range v {
			e.text(s)
		}
	case []int32:
		e.list(Int32, len(v))
		for _, n := range v {
			e.u32(uint32(n))
		}
	default:
		e.err = fmt.Errorf("cannot write a %T", v)
	}
}

func (e *encoder) list(of Kind, n int) {
	e.u32(uint32(Array))
	e.u32(uint32(of))
	e.u64(uint64(n))
}
