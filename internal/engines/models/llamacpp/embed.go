package llamacpp

import (
	"context"
	"fmt"
	"math"

	"github.com/hybridgroup/yzma/pkg/llama"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

// embedSequences is how many texts are computed together.
const embedSequences = 32

// maxTokenBytes is more than any text has for each of its tokens.
const maxTokenBytes = 1024

// Embed gives a vector for each text.
func (m *Model) Embed(ctx context.Context, texts []string) (models.Vectors, error) {
	e, err := m.runtime.acquire(ctx, m)
	if err != nil {
		return models.Vectors{}, err
	}
	defer m.runtime.release(e)
	e.embedding.Lock()
	defer e.embedding.Unlock()
	if err := e.openVectors(); err != nil {
		return models.Vectors{}, err
	}
	var v models.Vectors
	most := int(llama.NUBatch(e.vectors))
	var batch [][]llama.Token
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		list, err := e.compute(batch)
		v.List, batch, size = append(v.List, list...), nil, 0
		return err
	}
	for _, text := range texts {
		if len(text) > most*maxTokenBytes { // to count its tokens would take minutes
			return v, models.Errorf(models.Invalid, "Input is too long for requested model: it has %d bytes, and the model takes %d tokens.", len(text), most)
		}
		tokens := llama.Tokenize(e.vocab, plain(text), true, false)
		if len(tokens) == 0 {
			return v, models.Errorf(models.Invalid, "A text has no tokens.")
		}
		if len(tokens) > most {
			return v, models.Errorf(models.Invalid, "Input is too long for requested model: it has %d tokens, and the model takes %d.", len(tokens), most)
		}
		if len(batch) == embedSequences || size+len(tokens) > most {
			if err := flush(); err != nil {
				return v, err
			}
			if err := ctx.Err(); err != nil {
				return v, err
			}
		}
		batch, size = append(batch, tokens), size+len(tokens)
		v.Tokens = append(v.Tokens, len(tokens))
	}
	return v, flush()
}

// openVectors makes the context that vectors are computed in. Models of text get the mean of their tokens.
func (e *engine) openVectors() error {
	if e.vectors != 0 {
		return nil
	}
	n := uint32(min(e.model.spec.Context, 8192))
	c := llama.ContextDefaultParams()
	c.NCtx, c.NBatch, c.NUbatch, c.NSeqMax = n, n, n, embedSequences
	c.NThreads, c.NThreadsBatch = int32(e.runtime.cfg.Threads), int32(e.runtime.cfg.Threads)
	c.Embeddings, c.KVUnified, c.NoPerf = 1, 1, 1
	if !e.model.header.Embedding() {
		c.PoolingType = llama.PoolingTypeMean
	}
	ctx, err := llama.InitFromModel(e.weights, c)
	if err != nil {
		return &models.Error{Kind: models.Unavailable, Text: "The model cannot be loaded.", Cause: fmt.Errorf("cannot make context of %s: %w", e.model.spec.File, err)}
	}
	if p := llama.GetPoolingType(ctx); p == llama.PoolingTypeNone || p == llama.PoolingTypeRank {
		_ = llama.Free(ctx)
		return models.Errorf(models.Invalid, "The model makes no embeddings of texts.")
	}
	e.vectors = ctx
	return nil
}

func (e *engine) compute(texts [][]llama.Token) ([][]float32, error) {
	n := int32(0)
	for _, t := range texts {
		n += int32(len(t))
	}
	b := llama.BatchInit(n, 0, 1)
	defer func() { _ = llama.BatchFree(b) }()
	for i, tokens := range texts {
		for at, t := range tokens {
			if err := b.Add(t, llama.Pos(at), []llama.SeqId{llama.SeqId(i)}, true); err != nil {
				return nil, fmt.Errorf("cannot embed: %w", err)
			}
		}
	}
	if memory, err := llama.GetMemory(e.vectors); err == nil && memory != 0 { // models that only read have none
		_ = llama.MemoryClear(memory, true)
	}
	if code, err := llama.Decode(e.vectors, b); err != nil || code != 0 {
		return nil, models.Errorf(models.Broken, "The model failed to compute embeddings (%d).", code)
	}
	width := llama.ModelNEmbdOut(e.weights)
	list := make([][]float32, len(texts))
	for i := range texts {
		v, err := llama.GetEmbeddingsSeq(e.vectors, llama.SeqId(i), width)
		if err != nil || v == nil {
			return nil, models.Errorf(models.Broken, "The model gave no embedding.")
		}
		list[i] = unit(v)
	}
	return list, nil
}

// unit is a copy of v of length 1.
func unit(v []float32) []float32 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	scale := 1 / math.Sqrt(max(sum, 1e-24))
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(float64(x) * scale)
	}
	return out
}
