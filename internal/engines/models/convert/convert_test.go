package convert

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/models/gguf"
)

// pack writes a safetensors file.
func pack(t testing.TB, tensors map[string][]uint64) []byte {
	t.Helper()
	header, at := map[string]tensor{}, uint64(0)
	for name, shape := range tensors {
		n := uint64(4)
		for _, d := range shape {
			n *= d
		}
		header[name] = tensor{"F32", shape, [2]uint64{at, at + n}}
		at += n
	}
	b, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(b)))
	return append(append(out, b...), make([]byte, at)...)
}

func tiny(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	tensors := map[string][]uint64{}
	for name := range bertRest {
		tensors[name] = []uint64{4}
		if name == "embeddings.word_embeddings.weight" {
			tensors[name] = []uint64{6, 4}
		}
	}
	for name := range bertLayer {
		tensors["encoder.layer.0."+name+".weight"] = []uint64{4, 4}
		tensors["encoder.layer.0."+name+".bias"] = []uint64{4}
	}
	for name, content := range map[string][]byte{
		"config.json":       []byte(`{"model_type":"bert","hidden_size":4,"intermediate_size":4,"num_hidden_layers":1,"num_attention_heads":2,"max_position_embeddings":8,"layer_norm_eps":1e-12,"type_vocab_size":2,"vocab_size":6}`),
		"tokenizer.json":    []byte(`{"model":{"type":"WordPiece","vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"cat":4,"##s":5}}}`),
		"model.safetensors": pack(t, tensors),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDirectory(t *testing.T) {
	dir := tiny(t)
	to := filepath.Join(t.TempDir(), "out.gguf")
	if err := Directory(dir, to); err != nil {
		t.Fatal(err)
	}
	h, err := gguf.Open(to)
	if err != nil {
		t.Fatal(err)
	}
	words, _ := h.Meta["tokenizer.ggml.tokens"].([]any)
	if !h.Embedding() || h.Context() != 8 || len(h.Tensors) != 21 || len(words) != 6 || words[4] != "\u2581cat" || words[5] != "s" || words[2] != "[CLS]" {
		t.Errorf("%+v %v", h, words)
	}
	for _, x := range h.Tensors {
		if x.Name == "token_embd.weight" && (x.Shape[0] != 4 || x.Shape[1] != 6) {
			t.Errorf("shape %v", x.Shape)
		}
	}
}

func TestWhatCannotBeConverted(t *testing.T) {
	f := func(what, file, content string) {
		t.Helper()
		dir := tiny(t)
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(t.TempDir(), "out.gguf")
		if err := Directory(dir, to); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := os.Stat(to); err == nil {
			t.Errorf("%s: a file was left", what)
		}
	}
	f("another network", "config.json", `{"model_type":"llama","hidden_size":4}`)
	f("no JSON", "config.json", `{`)
	f("another tokenizer", "tokenizer.json", `{"model":{"type":"BPE"}}`)
	f("a vocabulary that is too large", "tokenizer.json", `{"model":{"type":"WordPiece","vocab":{"a":99}}}`)
	f("no tensors", "model.safetensors", "\x02\x00\x00\x00\x00\x00\x00\x00{}")
	f("a header that is too long", "model.safetensors", "\xff\xff\xff\xff\xff\xff\xff\x7f{}")
}

func TestHalf(t *testing.T) {
	f := func(v uint16, want float64) {
		t.Helper()
		if got := float64(half(v)); got != want {
			t.Errorf("%04x: %v, want %v", v, got, want)
		}
	}
	f(0x3c00, 1)
	f(0xc000, -2)
	f(0x0001, math.Ldexp(1, -24))
	f(0x7c00, math.Inf(1))
	f(0x3555, 0.333251953125)
}

func FuzzArchive(f *testing.F) {
	f.Add(pack(f, map[string][]uint64{"a": {2, 3}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := readArchive(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for name, x := range a.tensors {
			if sizes[x.Type] == 0 {
				continue
			}
			var out bytes.Buffer
			if err := a.copyTo(&out, x, false); err != nil || uint64(out.Len()) != x.Offsets[1]-x.Offsets[0] {
				t.Errorf("tensor %q: %d bytes, %v", name, out.Len(), err)
			}
		}
	})
}
