package openai

import (
	"context"
	"encoding/json"
	"math"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

// Embed gives a vector for each text.
func (m *Model) Embed(ctx context.Context, texts []string) (models.Vectors, error) {
	c, err := m.post(ctx, "/embeddings", map[string]any{"model": m.cfg.Model, "input": texts})
	if err != nil {
		return models.Vectors{}, err
	}
	defer c.close()
	var out struct {
		Data []struct {
			Index     int       `json:"index"`
			Embedding []float32 `json:"embedding"`
		} `json:"data"`
		Usage struct {
			Prompt int `json:"prompt_tokens"`
		} `json:"usage"`
	}
	if err := json.NewDecoder(c).Decode(&out); err != nil {
		return models.Vectors{}, c.fault(ctx, err)
	}
	v := models.Vectors{List: make([][]float32, len(texts)), Tokens: make([]int, len(texts))}
	for _, d := range out.Data {
		if d.Index < 0 || d.Index >= len(texts) || len(d.Embedding) == 0 || v.List[d.Index] != nil {
			return v, models.Errorf(models.Broken, "The model's server sent embeddings of other texts.")
		}
		sum := 0.0
		for _, x := range d.Embedding {
			sum += float64(x) * float64(x)
		}
		for i := range d.Embedding {
			d.Embedding[i] = float32(float64(d.Embedding[i]) / math.Sqrt(max(sum, 1e-24)))
		}
		v.List[d.Index] = d.Embedding
	}
	if len(out.Data) != len(texts) {
		return v, models.Errorf(models.Broken, "The model's server sent %d embeddings for %d texts.", len(out.Data), len(texts))
	}
	length := 0 // the server counts all texts together; each gets its share by length
	for _, t := range texts {
		length += len(t)
	}
	for i, t := range texts {
		v.Tokens[i] = out.Usage.Prompt * len(t) / max(length, 1)
	}
	return v, nil
}

// Count has the server read the request and write one token: its API has no other way to be asked.
func (m *Model) Count(ctx context.Context, r models.Request) (int, error) {
	r.Sampling.MaxTokens = 1
	a, err := m.Stream(ctx, r, nil)
	if err != nil {
		return 0, err
	}
	return a.Usage.Input, nil
}
