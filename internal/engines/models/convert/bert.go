package convert

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/models/gguf"
)

// bertConfig is config.json.
type bertConfig struct {
	Architectures []string `json:"architectures"`
	ModelType     string   `json:"model_type"`
	Hidden        uint32   `json:"hidden_size"`
	Intermediate  uint32   `json:"intermediate_size"`
	Layers        uint32   `json:"num_hidden_layers"`
	Heads         uint32   `json:"num_attention_heads"`
	Positions     uint32   `json:"max_position_embeddings"`
	Epsilon       float32  `json:"layer_norm_eps"`
	Types         uint32   `json:"type_vocab_size"`
	Vocabulary    uint32   `json:"vocab_size"`
}

// Directory converts the model of a directory (config.json, tokenizer.json or vocab.txt, model.safetensors) into a GGUF file at to.
// Errors are ErrFormat or of the file system.
func Directory(dir, to string) (err error) {
	var c bertConfig
	if there, err := readJSON(filepath.Join(dir, "config.json"), &c); err != nil || !there {
		return errors.Join(err, wrong("config.json is missing"))
	}
	if c.ModelType != "bert" {
		return wrong("a network of type %.40q is not converted, only bert; convert it to GGUF with llama.cpp's own program", c.ModelType)
	}
	if c.Layers > 200 || c.Hidden == 0 || c.Heads == 0 || c.Hidden > 1<<16 {
		return wrong("config.json has impossible sizes")
	}
	words, err := vocabulary(dir, c.Vocabulary)
	if err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		return fmt.Errorf("cannot convert model: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("cannot convert model: %w", err)
	}
	a, err := readArchive(f, info.Size())
	if err != nil {
		return err
	}
	blobs, err := a.bert(int(c.Layers))
	if err != nil {
		return err
	}
	meta, err := c.meta(dir, words)
	if err != nil {
		return err
	}
	out, err := os.CreateTemp(filepath.Dir(to), ".convert-")
	if err != nil {
		return fmt.Errorf("cannot convert model: %w", err)
	}
	err = errors.Join(gguf.Write(out, meta, blobs), out.Sync(), out.Close())
	if err == nil {
		err = os.Rename(out.Name(), to)
	}
	if err != nil {
		_ = os.Remove(out.Name())
	}
	return err
}

// meta is what the file says of itself.
func (c bertConfig) meta(dir string, words []string) ([]gguf.Pair, error) {
	pooling := uint32(1) // the mean
	var p struct {
		CLS bool `json:"pooling_mode_cls_token"`
	}
	if _, err := readJSON(filepath.Join(dir, "1_Pooling", "config.json"), &p); err != nil {
		return nil, err
	}
	if p.CLS {
		pooling = 2
	}
	tokens, kinds := make([]string, len(words)), make([]int32, len(words))
	ids := map[string]uint32{}
	for i, w := range words {
		kinds[i] = 1
		switch {
		case strings.HasPrefix(w, "[") && strings.HasSuffix(w, "]"):
			tokens[i] = w
			if slices.Contains([]string{"[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]"}, w) {
				kinds[i], ids[w] = 3, uint32(i)
			}
		case strings.HasPrefix(w, "##"):
			tokens[i] = w[2:]
		default:
			tokens[i] = "\u2581" + w // which begins a word
		}
	}
	for _, w := range []string{"[CLS]", "[SEP]", "[UNK]", "[PAD]"} {
		if _, ok := ids[w]; !ok {
			return nil, wrong("the vocabulary has no %s", w)
		}
	}
	const t, b = "tokenizer.ggml.", "bert."
	return []gguf.Pair{{Key: "general.architecture", Value: "bert"}, {Key: "general.name", Value: filepath.Base(dir)},
		{Key: b + "context_length", Value: c.Positions}, {Key: b + "embedding_length", Value: c.Hidden}, {Key: b + "feed_forward_length", Value: c.Intermediate},
		{Key: b + "block_count", Value: c.Layers}, {Key: b + "attention.head_count", Value: c.Heads}, {Key: b + "attention.layer_norm_epsilon", Value: c.Epsilon},
		{Key: b + "attention.causal", Value: false}, {Key: b + "pooling_type", Value: pooling},
		{Key: t + "model", Value: "bert"}, {Key: t + "token_type_count", Value: c.Types}, {Key: t + "tokens", Value: tokens}, {Key: t + "token_type", Value: kinds},
		{Key: t + "bos_token_id", Value: ids["[CLS]"]}, {Key: t + "cls_token_id", Value: ids["[CLS]"]}, {Key: t + "eos_token_id", Value: ids["[SEP]"]},
		{Key: t + "seperator_token_id", Value: ids["[SEP]"]}, {Key: t + "unknown_token_id", Value: ids["[UNK]"]}, {Key: t + "padding_token_id", Value: ids["[PAD]"]}}, nil
}

// vocabulary reads the words in order of their numbers.
func vocabulary(dir string, most uint32) ([]string, error) {
	if most == 0 || most > 1<<21 {
		return nil, wrong("config.json has no sensible vocab_size")
	}
	var t struct {
		Model struct {
			Type  string         `json:"type"`
			Vocab map[string]int `json:"vocab"`
		} `json:"model"`
	}
	there, err := readJSON(filepath.Join(dir, "tokenizer.json"), &t)
	if err != nil {
		return nil, err
	}
	if there {
		if t.Model.Type != "WordPiece" {
			return nil, wrong("a tokenizer of type %.40q is not converted, only WordPiece", t.Model.Type)
		}
		words := make([]string, most)
		for w, i := range t.Model.Vocab {
			if i < 0 || i >= len(words) {
				return nil, wrong("the vocabulary is larger than vocab_size")
			}
			words[i] = w
		}
		for i, w := range words {
			if w == "" {
				words[i] = fmt.Sprintf("[PAD%d]", i)
			}
		}
		return words, nil
	}
	f, err := os.Open(filepath.Join(dir, "vocab.txt"))
	if err != nil {
		return nil, wrong("there is neither tokenizer.json nor vocab.txt")
	}
	defer f.Close()
	var words []string
	for s := bufio.NewScanner(f); s.Scan() && len(words) < int(most); {
		words = append(words, s.Text())
	}
	for len(words) < int(most) {
		words = append(words, fmt.Sprintf("[PAD%d]", len(words)))
	}
	return words, nil
}

// bertNames are the tensors of a layer, and of the rest.
var (
	bertLayer = map[string]string{"attention.self.query": "attn_q", "attention.self.key": "attn_k", "attention.self.value": "attn_v",
		"attention.output.dense": "attn_output", "attention.output.LayerNorm": "attn_output_norm", "intermediate.dense": "ffn_up", "output.dense": "ffn_down",
		"output.LayerNorm": "layer_output_norm"}
	bertRest = map[string]string{"embeddings.word_embeddings.weight": "token_embd.weight", "embeddings.position_embeddings.weight": "position_embd.weight",
		"embeddings.token_type_embeddings.weight": "token_types.weight", "embeddings.LayerNorm.weight": "token_embd_norm.weight",
		"embeddings.LayerNorm.bias": "token_embd_norm.bias"}
)

// bert lists the tensors under the names that they are looked for by.
func (a *archive) bert(layers int) ([]gguf.Blob, error) {
	want := map[string]string{}
	for from, to := range bertRest {
		want[from] = to
	}
	for i := range layers {
		for from, to := range bertLayer {
			for _, part := range []string{".weight", ".bias"} {
				want[fmt.Sprintf("encoder.layer.%d.%s%s", i, from, part)] = fmt.Sprintf("blk.%d.%s%s", i, to, part)
			}
		}
	}
	var blobs []gguf.Blob
	for from, to := range want {
		t, ok := a.tensors[from]
		if !ok {
			if t, ok = a.tensors["bert."+from]; !ok {
				return nil, wrong("tensor %s is missing", from)
			}
		}
		kind, known := map[string]uint32{"F32": 0, "F16": 1, "BF16": 30}[t.Type]
		if !known {
			return nil, wrong("tensor %s is of type %.20q", from, t.Type)
		}
		size, wide := t.Offsets[1]-t.Offsets[0], len(t.Shape) == 1
		if wide { // one row: the library wants these exact
			kind, size = 0, size/sizes[t.Type]*4
		}
		shape := slices.Clone(t.Shape)
		slices.Reverse(shape)
		blobs = append(blobs, gguf.Blob{Name: to, Shape: shape, Type: kind, Size: size, Data: func(w io.Writer) error { return a.copyTo(w, t, wide) }})
	}
	sort.Slice(blobs, func(i, j int) bool { return blobs[i].Name < blobs[j].Name })
	return blobs, nil
}
