package native

import (
	"encoding/json"
	"strings"

	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

// anthropic is the family of Claude, with the bodies of the Messages API.
// Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html
type anthropic struct{}

type anthropicBlock struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Source *struct {
		Type  string `json:"type"`
		Media string `json:"media_type"`
		Data  []byte `json:"data"`
	} `json:"source"`
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Input   json.RawMessage `json:"input"`
	UseID   string          `json:"tool_use_id"`
	Content anthropicText   `json:"content"`
	Failed  bool            `json:"is_error"`
	Cache   any             `json:"cache_control"`
}

// anthropicText is a text, or blocks.
type anthropicText []anthropicBlock

// UnmarshalJSON reads either.
func (t *anthropicText) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		*t = anthropicText{{Type: "text", Text: text}}
		return nil
	}
	return json.Unmarshal(b, (*[]anthropicBlock)(t))
}

func (t anthropicText) text() string {
	var b strings.Builder
	for _, x := range t {
		b.WriteString(x.Text)
	}
	return b.String()
}

// Decode reads a request.
func (anthropic) Decode(body []byte) (models.Request, error) {
	var in struct {
		Version     string        `json:"anthropic_version"`
		Beta        []string      `json:"anthropic_beta"`
		MaxTokens   *int          `json:"max_tokens"`
		System      anthropicText `json:"system"`
		Temperature *float64      `json:"temperature"`
		TopP        *float64      `json:"top_p"`
		TopK        *int          `json:"top_k"`
		Stop        []string      `json:"stop_sequences"`
		Messages    []struct {
			Role    string        `json:"role"`
			Content anthropicText `json:"content"`
		} `json:"messages"`
		Tools []struct {
			Type        string          `json:"type"`
			Name        string          `json:"name"`
			Description string          `json:"description"`
			Schema      json.RawMessage `json:"input_schema"`
			Cache       any             `json:"cache_control"`
		} `json:"tools"`
		Choice *struct {
			Type     string `json:"type"`
			Name     string `json:"name"`
			Parallel *bool  `json:"disable_parallel_tool_use"`
		} `json:"tool_choice"`
		Metadata json.RawMessage `json:"metadata"`
	}
	if err := read(body, &in, "anthropic_version", "max_tokens", "messages"); err != nil {
		return models.Request{}, err
	}
	if in.Version != "bedrock-2023-05-31" {
		return models.Request{}, malformed("#/anthropic_version: must be bedrock-2023-05-31")
	}
	if err := firstOf(within("max_tokens", in.MaxTokens, 1, 1<<20), within("temperature", in.Temperature, 0, 1), within("top_p", in.TopP, 0, 1),
		within("top_k", in.TopK, 0, 500), stops("stop_sequences", in.Stop, 8191)); err != nil {
		return models.Request{}, err
	}
	r := models.Request{System: in.System.text(), Sampling: models.Sampling{MaxTokens: number(in.MaxTokens), Temperature: or(in.Temperature, 1),
		TopP: in.TopP, TopK: in.TopK, Stop: in.Stop}}
	for i, m := range in.Messages {
		t := models.Turn{Role: models.Role(m.Role)}
		for _, b := range m.Content {
			c, err := b.content()
			if err != nil {
				return r, err
			}
			t.Content = append(t.Content, c)
		}
		if err := turnsOK(i, t); err != nil {
			return r, err
		}
		r.Turns = append(r.Turns, t)
	}
	if len(r.Turns) == 0 {
		return r, malformed("#/messages: expected minimum item count: 1, found: 0")
	}
	for _, t := range in.Tools {
		r.Tools = append(r.Tools, models.Tool{Name: t.Name, Description: t.Description, Schema: t.Schema})
	}
	if c := in.Choice; c != nil {
		r.Choice.Any = c.Type == "any"
		if c.Type == "tool" {
			r.Choice.Tool = c.Name
		}
	}
	return r, nil
}

func (b anthropicBlock) content() (models.Content, error) {
	switch b.Type {
	case "text":
		return models.Content{Text: b.Text}, nil
	case "image":
		if b.Source == nil || b.Source.Type != "base64" {
			return models.Content{}, malformed("#/messages: the source of an image must be base64")
		}
		return models.Content{Image: &models.Image{Type: b.Source.Media, Data: b.Source.Data}}, nil
	case "tool_use":
		return models.Content{Use: &models.ToolUse{ID: b.ID, Name: b.Name, Input: object(b.Input)}}, nil
	case "tool_result":
		return models.Content{Result: &models.ToolResult{ID: b.UseID, Text: b.Content.text(), Failed: b.Failed}}, nil
	}
	return models.Content{}, malformed("#/messages: a block of type %q is not supported", b.Type)
}

type anthropicUsage struct {
	Input  int `json:"input_tokens"`
	Output int `json:"output_tokens"`
}

type anthropicAnswer struct {
	ID       string         `json:"id"`
	Type     string         `json:"type"`
	Role     string         `json:"role"`
	Model    string         `json:"model"`
	Content  []any          `json:"content"`
	Stop     *string        `json:"stop_reason"`
	Sequence *string        `json:"stop_sequence"`
	Usage    anthropicUsage `json:"usage"`
}

func anthropicStop(a models.Answer) (stop, sequence *string) {
	s := string(a.Stop)
	if a.Stop == models.Filtered {
		s = "refusal"
	}
	if a.Sequence != "" {
		sequence = &a.Sequence
	}
	return &s, sequence
}

func newAnthropic(model string) anthropicAnswer {
	return anthropicAnswer{ID: "msg_bdrk_" + strings.ReplaceAll(uuid.NewString(), "-", "")[:24], Type: "message", Role: "assistant", Model: model, Content: []any{}}
}

// Encode writes an answer.
func (anthropic) Encode(model string, a models.Answer) any {
	out := newAnthropic(model)
	for _, c := range a.Content {
		if c.Use != nil {
			out.Content = append(out.Content, map[string]any{"type": "tool_use", "id": c.Use.ID, "name": c.Use.Name, "input": c.Use.Input})
		} else {
			out.Content = append(out.Content, map[string]any{"type": "text", "text": c.Text})
		}
	}
	out.Stop, out.Sequence = anthropicStop(a)
	out.Usage = anthropicUsage{a.Usage.Input, a.Usage.Output}
	return out
}

// Stream begins a streamed answer.
func (anthropic) Stream(model string, emit func(any) error) Stream {
	return &anthropicStream{emit: emit, model: model, block: -1}
}

type anthropicStream struct {
	emit  func(any) error
	model string
	begun bool
	block int
}

// Part writes a part.
func (s *anthropicStream) Part(p models.Part) error {
	if err := s.begin(); err != nil {
		return err
	}
	if p.Block != s.block {
		if err := s.end(); err != nil {
			return err
		}
		s.block = p.Block
		var begin any = map[string]string{"type": "text", "text": ""}
		if p.Use != nil {
			begin = map[string]any{"type": "tool_use", "id": p.Use.ID, "name": p.Use.Name, "input": struct{}{}}
		}
		if err := s.emit(map[string]any{"type": "content_block_start", "index": p.Block, "content_block": begin}); err != nil {
			return err
		}
	}
	switch {
	case p.Use != nil:
		return nil
	case p.Input != "":
		return s.delta(map[string]string{"type": "input_json_delta", "partial_json": p.Input})
	}
	return s.delta(map[string]string{"type": "text_delta", "text": p.Text})
}

func (s *anthropicStream) begin() error {
	if s.begun {
		return nil
	}
	s.begun = true
	return s.emit(map[string]any{"type": "message_start", "message": newAnthropic(s.model)})
}

func (s *anthropicStream) delta(d any) error {
	return s.emit(map[string]any{"type": "content_block_delta", "index": s.block, "delta": d})
}

func (s *anthropicStream) end() error {
	if s.block < 0 {
		return nil
	}
	return s.emit(map[string]any{"type": "content_block_stop", "index": s.block})
}

// End writes why it ended, and the counts.
func (s *anthropicStream) End(a models.Answer, m *Metrics) error {
	if err := firstOf(s.begin(), s.end()); err != nil {
		return err
	}
	stop, sequence := anthropicStop(a)
	if err := s.emit(map[string]any{"type": "message_delta", "delta": map[string]any{"stop_reason": stop, "stop_sequence": sequence},
		"usage": map[string]int{"output_tokens": a.Usage.Output}}); err != nil {
		return err
	}
	last := map[string]any{"type": "message_stop"}
	if m != nil {
		last["amazon-bedrock-invocationMetrics"] = m
	}
	return s.emit(last)
}
