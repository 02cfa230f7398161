package gguf

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// decoder reads little-endian values. After an error it gives zeros.
type decoder struct {
	r   *bufio.Reader
	n   int64
	err error
	buf [8]byte
}

func (d *decoder) bytes(n int) []byte {
	b := d.buf[:n]
	if d.err == nil {
		var got int
		got, d.err = io.ReadFull(d.r, b)
		d.n += int64(got)
	}
	if d.err != nil {
		clear(b)
	}
	return b
}

func (d *decoder) u32() uint32 { return binary.LittleEndian.Uint32(d.bytes(4)) }
func (d *decoder) u64() uint64 { return binary.LittleEndian.Uint64(d.bytes(8)) }

func (d *decoder) text() string {
	n := d.u64()
	if d.err == nil && n > maxString {
		d.err = fmt.Errorf("%w: a text is too long", ErrFormat)
	}
	if d.err != nil {
		return ""
	}
	b := make([]byte, 0, min(n, 4096))
	for uint64(len(b)) < n && d.err == nil {
		part := make([]byte, min(n-uint64(len(b)), 1<<16))
		var got int
		got, d.err = io.ReadFull(d.r, part)
		d.n += int64(got)
		b = append(b, part[:got]...)
	}
	return string(b)
}

func (d *decoder) value(k Kind, depth int) any {
	switch k {
	case Uint8:
		return uint64(d.bytes(1)[0])
	case Int8:
		return int64(int8(d.bytes(1)[0]))
	case Uint16:
		return uint64(binary.LittleEndian.Uint16(d.bytes(2)))
	case Int16:
		return int64(int16(binary.LittleEndian.Uint16(d.bytes(2))))
	case Uint32:
		return uint64(d.u32())
	case Int32:
		return int64(int32(d.u32()))
	case Float32:
		return float64(math.Float32frombits(d.u32()))
	case Bool:
		return d.bytes(1)[0] != 0
	case String:
		return d.text()
	case Uint64:
		return d.u64()
	case Int64:
		return int64(d.u64())
	case Float64:
		return math.Float64frombits(d.u64())
	case Array:
		return d.array(depth)
	}
	if d.err == nil {
		d.err = fmt.Errorf("%w: type %d is not known", ErrFormat, k)
	}
	return nil
}

func (d *decoder) array(depth int) any {
	of, n := Kind(d.u32()), d.u64()
	if d.err == nil && (n > maxArray || depth > 2) {
		d.err = fmt.Errorf("%w: an array is too long or too deep", ErrFormat)
	}
	var list []any
	for i := uint64(0); i < n && d.err == nil; i++ {
		if v := d.value(of, depth+1); n <= keptArray {
			list = append(list, v)
		}
	}
	if n > keptArray {
		return Long{of, int(n)}
	}
	return list
}

func (d *decoder) tensor() Tensor {
	t := Tensor{Name: d.text()}
	n := d.u32()
	if d.err == nil && n > 8 {
		d.err = fmt.Errorf("%w: a tensor has %d dimensions", ErrFormat, n)
	}
	for range n {
		if d.err != nil {
			return t
		}
		t.Shape = append(t.Shape, d.u64())
	}
	t.Type, t.Offset = d.u32(), d.u64()
	return t
}

// layout is how many values a block holds and how many bytes it takes, by type.
// Source: https://github.com/ggml-org/llama.cpp/blob/master/gguf-py/gguf/constants.py
var layout = map[uint32][2]uint64{
	0: {1, 4}, 1: {1, 2}, 2: {32, 18}, 3: {32, 20}, 6: {32, 22}, 7: {32, 24}, 8: {32, 34}, 9: {32, 40}, 10: {256, 84}, 11: {256, 110},
	12: {256, 144}, 13: {256, 176}, 14: {256, 210}, 15: {256, 292}, 16: {256, 66}, 17: {256, 74}, 18: {256, 98}, 19: {256, 50}, 20: {32, 18},
	21: {256, 110}, 22: {256, 82}, 23: {256, 136}, 24: {1, 1}, 25: {1, 2}, 26: {1, 4}, 27: {1, 8}, 28: {1, 8}, 29: {256, 56}, 30: {1, 2},
	34: {256, 54}, 35: {256, 66}, 39: {32, 17},
}

// Bytes is how much room a tensor takes. It is not known of types that came after this was written.
func (t Tensor) Bytes() (n uint64, known bool) {
	l, known := layout[t.Type]
	if !known {
		return 0, false
	}
	n = 1
	for _, d := range t.Shape {
		if d != 0 && n > math.MaxUint64/d {
			return math.MaxUint64, true
		}
		n *= d
	}
	n = (n + l[0] - 1) / l[0]
	if n > math.MaxUint64/l[1] {
		return math.MaxUint64, true
	}
	return n * l[1], true
}
