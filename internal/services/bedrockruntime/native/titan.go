package native

import "github.com/atelier-studio/atelier/internal/engines/models"

// titan is Amazon's family of texts.
// Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html
type titan struct{}

// Decode reads a request.
func (titan) Decode(body []byte) (models.Request, error) {
	var in struct {
		Text   string `json:"inputText"`
		Config struct {
			Temperature *float64 `json:"temperature"`
			TopP        *float64 `json:"topP"`
			MaxTokens   *int     `json:"maxTokenCount"`
			Stop        []string `json:"stopSequences"`
		} `json:"textGenerationConfig"`
	}
	if err := read(body, &in, "inputText"); err != nil {
		return models.Request{}, err
	}
	c := in.Config
	if err := firstOf(within("textGenerationConfig/maxTokenCount", c.MaxTokens, 1, 8192), within("textGenerationConfig/temperature", c.Temperature, 0, 1),
		within("textGenerationConfig/topP", c.TopP, 0, 1), stops("textGenerationConfig/stopSequences", c.Stop, 4)); err != nil {
		return models.Request{}, err
	}
	return models.Request{Turns: []models.Turn{{Role: models.User, Content: []models.Content{{Text: in.Text}}}},
		Sampling: models.Sampling{MaxTokens: *or(c.MaxTokens, 512), Temperature: or(c.Temperature, 0.7), TopP: or(c.TopP, 0.9), Stop: c.Stop}}, nil
}

type titanResult struct {
	Tokens int    `json:"tokenCount"`
	Text   string `json:"outputText"`
	Reason string `json:"completionReason"`
}

func titanReason(s models.Stop) string {
	switch s {
	case models.MaxTokens:
		return "LENGTH"
	case models.AtSequence:
		return "STOP_CRITERIA_MET"
	case models.Filtered:
		return "CONTENT_FILTERED"
	}
	return "FINISH"
}

// Encode writes an answer.
func (titan) Encode(_ string, a models.Answer) any {
	return struct {
		Input   int           `json:"inputTextTokenCount"`
		Results []titanResult `json:"results"`
	}{a.Usage.Input, []titanResult{{a.Usage.Output, a.Text(), titanReason(a.Stop)}}}
}

// Stream begins a streamed answer.
func (titan) Stream(_ string, emit func(any) error) Stream { return &titanStream{emit: emit} }

type titanStream struct{ emit func(any) error }

type titanChunk struct {
	Text    string   `json:"outputText"`
	Index   int      `json:"index"`
	Total   *int     `json:"totalOutputTextTokenCount"`
	Reason  *string  `json:"completionReason"`
	Input   *int     `json:"inputTextTokenCount"`
	Metrics *Metrics `json:"amazon-bedrock-invocationMetrics,omitempty"`
}

// Part writes a part.
func (s *titanStream) Part(p models.Part) error { return s.emit(titanChunk{Text: p.Text}) }

// End writes the counts.
func (s *titanStream) End(a models.Answer, m *Metrics) error {
	reason := titanReason(a.Stop)
	return s.emit(titanChunk{Total: &a.Usage.Output, Reason: &reason, Input: &a.Usage.Input, Metrics: m})
}
