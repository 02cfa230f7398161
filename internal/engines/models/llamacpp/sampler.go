package llamacpp

import (
	"math/rand/v2"

	"github.com/hybridgroup/yzma/pkg/llama"
)

// What is sampled by when a request leaves it open: llama.cpp's own defaults.
const (
	firstTemperature = 0.8
	firstTopK        = 40
	firstTopP        = 0.95
	firstMinP        = 0.05
)

// sampler makes the chain that chooses tokens; 0 when the grammar is not understood. Temperature 0 takes the likeliest token.
func (e *engine) sampler(j job) llama.Sampler {
	chain := llama.SamplerChainInit(llama.SamplerChainDefaultParams())
	if j.grammar != "" {
		g := llama.SamplerInitGrammar(e.vocab, j.grammar, "root")
		if g == 0 {
			llama.SamplerFree(chain)
			return 0
		}
		llama.SamplerChainAdd(chain, g)
	}
	temperature, topK, topP, minP := firstTemperature, firstTopK, firstTopP, firstMinP
	s := j.sampling
	if s.Temperature != nil {
		temperature = *s.Temperature
	}
	if temperature <= 0 {
		llama.SamplerChainAdd(chain, llama.SamplerInitGreedy())
		return chain
	}
	if s.TopK != nil {
		topK = *s.TopK
	}
	if s.TopP != nil {
		topP, minP = *s.TopP, 0
	}
	seed := rand.Uint32()
	if s.Seed != nil {
		seed = uint32(*s.Seed)
	}
	llama.SamplerChainAdd(chain, llama.SamplerInitTopK(int32(topK)))
	llama.SamplerChainAdd(chain, llama.SamplerInitTopP(float32(topP), 1))
	if minP > 0 {
		llama.SamplerChainAdd(chain, llama.SamplerInitMinP(float32(minP), 1))
	}
	llama.SamplerChainAdd(chain, llama.SamplerInitTemp(float32(temperature)))
	llama.SamplerChainAdd(chain, llama.SamplerInitDist(seed))
	return chain
}
