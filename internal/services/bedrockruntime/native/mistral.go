package native

import "github.com/atelier-studio/atelier/internal/engines/models"

// mistral is Mistral's family.
// Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-text-completion.html
type mistral struct{}

// Decode reads a request.
func (mistral) Decode(body []byte) (models.Request, error) {
	var in struct {
		Prompt      string   `json:"prompt"`
		MaxTokens   *int     `json:"max_tokens"`
		Stop        []string `json:"stop"`
		Temperature *float64 `json:"temperature"`
		TopP        *float64 `json:"top_p"`
		TopK        *int     `json:"top_k"`
	}
	if err := read(body, &in, "prompt"); err != nil {
		return models.Request{}, err
	}
	if err := firstOf(within("max_tokens", in.MaxTokens, 1, 8192), within("temperature", in.Temperature, 0, 1), within("top_p", in.TopP, 0, 1),
		within("top_k", in.TopK, 0, 200), stops("stop", in.Stop, 10)); err != nil {
		return models.Request{}, err
	}
	return models.Request{Prompt: in.Prompt, Sampling: models.Sampling{MaxTokens: *or(in.MaxTokens, 512), Temperature: or(in.Temperature, 0.5),
		TopP: or(in.TopP, 0.9), TopK: in.TopK, Stop: in.Stop}}, nil
}

func stops(name string, list []string, most int) error {
	if len(list) > most {
		return malformed("#/%s: expected maximum item count: %d, found: %d", name, most, len(list))
	}
	for _, s := range list {
		if s == "" {
			return malformed("#/%s: stop sequences cannot be empty", name)
		}
	}
	return nil
}

type mistralAnswer struct {
	Outputs []mistralOutput `json:"outputs"`
	Metrics *Metrics        `json:"amazon-bedrock-invocationMetrics,omitempty"`
}

type mistralOutput struct {
	Text string  `json:"text"`
	Stop *string `json:"stop_reason"`
}

// Encode writes an answer.
func (mistral) Encode(_ string, a models.Answer) any {
	return mistralAnswer{Outputs: []mistralOutput{{a.Text(), llamaStop(a.Stop)}}}
}

// Stream begins a streamed answer.
func (mistral) Stream(_ string, emit func(any) error) Stream { return mistralStream{emit} }

type mistralStream struct{ emit func(any) error }

// Part writes a part.
func (s mistralStream) Part(p models.Part) error {
	return s.emit(mistralAnswer{Outputs: []mistralOutput{{p.Text, nil}}})
}

// End writes why it ended.
func (s mistralStream) End(a models.Answer, m *Metrics) error {
	return s.emit(mistralAnswer{Outputs: []mistralOutput{{"", llamaStop(a.Stop)}}, Metrics: m})
}
