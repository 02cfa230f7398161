// Package convert makes GGUF files of models as they are published: safetensors with their configuration. It knows networks of
// the BERT kind, which make embeddings.
package convert

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// ErrFormat is a model that cannot be converted.
var ErrFormat = errors.New("cannot convert model")

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

// Bounds of what a file may hold.
const (
	maxHeader  = 64 << 20
	maxConfig  = 64 << 20
	maxTensors = 1 << 16
)

// tensor is where a tensor lies in a file.
type tensor struct {
	Type    string    `json:"dtype"`
	Shape   []uint64  `json:"shape"`
	Offsets [2]uint64 `json:"data_offsets"`
}

// sizes of the types that are read, in bytes.
var sizes = map[string]uint64{"F32": 4, "F16": 2, "BF16": 2}

// archive is an open safetensors file.
// Source: https://huggingface.co/docs/safetensors
type archive struct {
	f       io.ReaderAt
	data    uint64
	tensors map[string]tensor
}

// readArchive reads the header of a file of size bytes and checks that its tensors lie within it.
func readArchive(f io.ReaderAt, size int64) (*archive, error) {
	var head [8]byte
	if _, err := f.ReadAt(head[:], 0); err != nil {
		return nil, wrong("the file of tensors is too short")
	}
	n := binary.LittleEndian.Uint64(head[:])
	if n > maxHeader || n+8 > uint64(size) {
		return nil, wrong("the header of tensors is too long")
	}
	b := make([]byte, n)
	if _, err := f.ReadAt(b, 8); err != nil {
		return nil, wrong("the header of tensors ends early")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil || len(members) > maxTensors {
		return nil, wrong("the header of tensors cannot be read")
	}
	a := &archive{f: f, data: n + 8, tensors: map[string]tensor{}}
	for name, raw := range members {
		if name == "__metadata__" {
			continue
		}
		var t tensor
		if err := json.Unmarshal(raw, &t); err != nil {
			return nil, wrong("tensor %.60q cannot be read", name)
		}
		length := t.Offsets[1] - t.Offsets[0]
		if t.Offsets[1] < t.Offsets[0] || t.Offsets[1] > uint64(size)-a.data {
			return nil, wrong("tensor %.60q does not lie within the file", name)
		}
		if s := sizes[t.Type]; s > 0 {
			want := s
			for _, d := range t.Shape {
				if d > 0 && want > math.MaxUint64/d {
					return nil, wrong("tensor %.60q is too large", name)
				}
				want *= d
			}
			if want != length {
				return nil, wrong("tensor %.60q has %d bytes, not %d", name, length, want)
			}
		}
		a.tensors[name] = t
	}
	return a, nil
}

// copyTo writes a tensor, as 32-bit numbers when wide is set.
func (a *archive) copyTo(w io.Writer, t tensor, wide bool) error {
	src := io.NewSectionReader(a.f, int64(a.data+t.Offsets[0]), int64(t.Offsets[1]-t.Offsets[0]))
	if !wide || t.Type == "F32" {
		_, err := io.Copy(w, src)
		return err
	}
	buf := make([]byte, 1<<16)
	out := make([]byte, 0, 2*len(buf))
	for {
		n, err := io.ReadFull(src, buf)
		out = out[:0]
		for i := 0; i+1 < n; i += 2 {
			v := binary.LittleEndian.Uint16(buf[i:])
			bits := uint32(v) << 16 // BF16
			if t.Type == "F16" {
				bits = math.Float32bits(half(v))
			}
			out = binary.LittleEndian.AppendUint32(out, bits)
		}
		if _, failed := w.Write(out); failed != nil {
			return failed
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// half is a 16-bit number.
func half(v uint16) float32 {
	sign, exp, frac := 1.0, int(v>>10&31), float64(v&1023)
	if v>>15 == 1 {
		sign = -1
	}
	switch exp {
	case 0:
		return float32(sign * math.Ldexp(frac, -24))
	case 31:
		if frac != 0 {
			return float32(math.NaN())
		}
		return float32(math.Inf(int(sign)))
	}
	return float32(sign * math.Ldexp(1+frac/1024, exp-15))
}

// readJSON reads a configuration file, false when it isn't there.
func readJSON(path string, v any) (bool, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot convert model: %w", err)
	}
	defer f.Close()
	if err := json.NewDecoder(io.LimitReader(f, maxConfig)).Decode(v); err != nil {
		return false, wrong("%s cannot be read", f.Name())
	}
	return true, nil
}
