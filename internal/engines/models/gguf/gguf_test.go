package gguf

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func sample(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	words := make([]string, 100)
	err := Write(&b, []Pair{{"general.architecture", "llama"}, {"llama.context_length", uint32(2048)}, {"llama.block_count", uint32(2)},
		{"llama.embedding_length", uint32(64)}, {"llama.attention.head_count", uint32(4)}, {"llama.attention.head_count_kv", uint32(2)},
		{"tokenizer.ggml.tokens", words}, {"x.f", float32(0.5)}, {"x.b", true}, {"x.i", []int32{-1, 2}}, {"x.n", int32(-7)}},
		[]Blob{{"a", []uint64{3, 2}, 0, 24, func(w io.Writer) error { _, err := w.Write(make([]byte, 24)); return err }},
			{"b", []uint64{32}, 8, 34, func(w io.Writer) error { _, err := w.Write(make([]byte, 34)); return err }}})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	b := sample(t)
	h, err := Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if h.Architecture() != "llama" || h.Context() != 2048 || h.Embedding() || h.Cache(10) != 4*2*32*10 || len(h.Tensors) != 2 {
		t.Errorf("%+v", h)
	}
	if l, ok := h.Meta["tokenizer.ggml.tokens"].(Long); !ok || l.Len != 100 || h.Meta["x.b"] != true || h.Meta["x.n"] != int64(-7) || h.Meta["x.f"] != 0.5 {
		t.Errorf("%v", h.Meta)
	}
}

func TestDamagedFiles(t *testing.T) {
	whole := sample(t)
	f := func(what string, b []byte) {
		t.Helper()
		if _, err := Read(bytes.NewReader(b), int64(len(b))); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", what, err)
		}
	}
	f("nothing", nil)
	f("another file", []byte("PK\x03\x04 and so on"))
	for _, n := range []int{3, 4, 8, 20, 60, 200, len(whole) - 32 - 34} {
		f("cut", whole[:n])
	}
	many := bytes.Clone(whole)
	copy(many[8:], []byte{255, 255, 255, 255, 255, 255, 255, 127})
	f("too many tensors", many)
	old := bytes.Clone(whole)
	old[4] = 1
	f("version 1", old)
}

func FuzzRead(f *testing.F) {
	f.Add(sample(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for _, x := range h.Tensors {
			if n, _ := x.Bytes(); uint64(h.Data)+x.Offset+n > uint64(len(b)) {
				t.Errorf("tensor %q ends behind the file", x.Name)
			}
		}
		_, _, _ = h.Context(), h.Embedding(), h.Cache(1<<20)
	})
}
