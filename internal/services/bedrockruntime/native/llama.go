package native

import "github.com/atelier-studio/atelier/internal/engines/models"

// llama is Meta's family.
// Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html
type llama struct{}

// Decode reads a request.
func (llama) Decode(body []byte) (models.Request, error) {
	var in struct {
		Prompt      string   `json:"prompt"`
		MaxGenLen   *int     `json:"max_gen_len"`
		Temperature *float64 `json:"temperature"`
		TopP        *float64 `json:"top_p"`
		Images      []string `json:"images"`
	}
	if err := read(body, &in, "prompt"); err != nil {
		return models.Request{}, err
	}
	if err := firstOf(within("max_gen_len", in.MaxGenLen, 1, 8192), within("temperature", in.Temperature, 0, 1), within("top_p", in.TopP, 0, 1)); err != nil {
		return models.Request{}, err
	}
	if len(in.Images) > 0 {
		return models.Request{}, malformed("#/images: images are not supported")
	}
	most := 512
	if in.MaxGenLen != nil {
		most = *in.MaxGenLen
	}
	return models.Request{Prompt: in.Prompt, Sampling: models.Sampling{MaxTokens: most, Temperature: or(in.Temperature, 0.5), TopP: or(in.TopP, 0.9)}}, nil
}

func or[T any](v *T, otherwise T) *T {
	if v == nil {
		return &otherwise
	}
	return v
}

type llamaAnswer struct {
	Generation string   `json:"generation"`
	Prompt     *int     `json:"prompt_token_count"`
	Output     int      `json:"generation_token_count"`
	Stop       *string  `json:"stop_reason"`
	Metrics    *Metrics `json:"amazon-bedrock-invocationMetrics,omitempty"`
}

func llamaStop(s models.Stop) *string {
	stop := "stop"
	if s == models.MaxTokens {
		stop = "length"
	}
	return &stop
}

// Encode writes an answer.
func (llama) Encode(_ string, a models.Answer) any {
	return llamaAnswer{Generation: a.Text(), Prompt: &a.Usage.Input, Output: a.Usage.Output, Stop: llamaStop(a.Stop)}
}

// Stream begins a streamed answer.
func (llama) Stream(_ string, emit func(any) error) Stream { return &llamaStream{emit: emit} }

type llamaStream struct {
	emit func(any) error
	n    int
}

// Part writes a part.
func (s *llamaStream) Part(p models.Part) error {
	s.n++
	return s.emit(llamaAnswer{Generation: p.Text, Output: s.n})
}

// End writes the counts.
func (s *llamaStream) End(a models.Answer, m *Metrics) error {
	return s.emit(llamaAnswer{Prompt: &a.Usage.Input, Output: a.Usage.Output, Stop: llamaStop(a.Stop), Metrics: m})
}
