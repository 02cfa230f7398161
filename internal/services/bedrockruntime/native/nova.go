package native

import (
	"encoding/json"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

// nova is Amazon's family whose bodies are like those of Converse.
// Source: https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html
type nova struct{}

type novaBlock struct {
	Text  *string `json:"text,omitempty"`
	Image *struct {
		Format string `json:"format"`
		Source struct {
			Bytes []byte `json:"bytes"`
		} `json:"source"`
	} `json:"image,omitempty"`
	Use *struct {
		ID    string          `json:"toolUseId"`
		Name  string          `json:"name"`
		Input json.RawMessage `json:"input"`
	} `json:"toolUse,omitempty"`
	Result *struct {
		ID      string `json:"toolUseId"`
		Status  string `json:"status"`
		Content []struct {
			Text *string         `json:"text"`
			JSON json.RawMessage `json:"json"`
		} `json:"content"`
	} `json:"toolResult,omitempty"`
}

type novaMessage struct {
	Role    string      `json:"role"`
	Content []novaBlock `json:"content"`
}

type novaTools struct {
	Tools []struct {
		Spec struct {
			Name        string `json:"name"`
			Description string `json:"description"`
			InputSchema struct {
				JSON json.RawMessage `json:"json"`
			} `json:"inputSchema"`
		} `json:"toolSpec"`
	} `json:"tools"`
	Choice *struct {
		Auto *struct{} `json:"auto"`
		Any  *struct{} `json:"any"`
		Tool *struct {
			Name string `json:"name"`
		} `json:"tool"`
	} `json:"toolChoice"`
}

// Decode reads a request.
func (nova) Decode(body []byte) (models.Request, error) {
	var in struct {
		Version  string        `json:"schemaVersion"`
		System   []novaBlock   `json:"system"`
		Messages []novaMessage `json:"messages"`
		Config   struct {
			MaxTokens   *int     `json:"maxTokens"`
			NewTokens   *int     `json:"max_new_tokens"`
			Temperature *float64 `json:"temperature"`
			TopP        *float64 `json:"topP"`
			OldTopP     *float64 `json:"top_p"`
			TopK        *int     `json:"topK"`
			OldTopK     *int     `json:"top_k"`
			Stop        []string `json:"stopSequences"`
		} `json:"inferenceConfig"`
		Tools *novaTools `json:"toolConfig"`
	}
	if err := read(body, &in, "messages"); err != nil {
		return models.Request{}, err
	}
	c := in.Config
	if c.MaxTokens == nil {
		c.MaxTokens = c.NewTokens
	}
	if c.TopP == nil {
		c.TopP = c.OldTopP
	}
	if c.TopK == nil {
		c.TopK = c.OldTopK
	}
	if err := firstOf(within("inferenceConfig/maxTokens", c.MaxTokens, 1, 1<<20), within("inferenceConfig/temperature", c.Temperature, 0, 1),
		within("inferenceConfig/topP", c.TopP, 0, 1), stops("inferenceConfig/stopSequences", c.Stop, 4)); err != nil {
		return models.Request{}, err
	}
	r := models.Request{Sampling: models.Sampling{MaxTokens: number(c.MaxTokens), Temperature: c.Temperature, TopP: c.TopP, TopK: c.TopK, Stop: c.Stop}}
	for _, b := range in.System {
		if b.Text != nil {
			r.System += *b.Text
		}
	}
	for i, m := range in.Messages {
		t := models.Turn{Role: models.Role(m.Role)}
		for _, b := range m.Content {
			t.Content = append(t.Content, b.content())
		}
		r.Turns = append(r.Turns, t)
		if err := turnsOK(i, t); err != nil {
			return r, err
		}
	}
	if len(r.Turns) == 0 {
		return r, malformed("#/messages: expected minimum item count: 1, found: 0")
	}
	if t := in.Tools; t != nil {
		for _, x := range t.Tools {
			r.Tools = append(r.Tools, models.Tool{Name: x.Spec.Name, Description: x.Spec.Description, Schema: x.Spec.InputSchema.JSON})
		}
		if t.Choice != nil {
			r.Choice.Any = t.Choice.Any != nil
			if t.Choice.Tool != nil {
				r.Choice.Tool = t.Choice.Tool.Name
			}
		}
	}
	return r, nil
}

// turnsOK checks that user and assistant take turns.
func turnsOK(i int, t models.Turn) error {
	want := models.User
	if i%2 == 1 {
		want = models.Assistant
	}
	switch {
	case t.Role != models.User && t.Role != models.Assistant:
		return malformed("#/messages/%d/role: %q is not a valid enum value", i, t.Role)
	case t.Role != want:
		return malformed("#/messages: roles must alternate between user and assistant, beginning with user")
	case len(t.Content) == 0:
		return malformed("#/messages/%d/content: expected minimum item count: 1, found: 0", i)
	}
	return nil
}

func (b novaBlock) content() (c models.Content) {
	switch {
	case b.Image != nil:
		c.Image = &models.Image{Type: "image/" + b.Image.Format, Data: b.Image.Source.Bytes}
	case b.Use != nil:
		c.Use = &models.ToolUse{ID: b.Use.ID, Name: b.Use.Name, Input: object(b.Use.Input)}
	case b.Result != nil:
		c.Result = &models.ToolResult{ID: b.Result.ID, Failed: b.Result.Status == "error"}
		for _, x := range b.Result.Content {
			if x.Text != nil {
				c.Result.Text += *x.Text
			} else {
				c.Result.Text += string(x.JSON)
			}
		}
	case b.Text != nil:
		c.Text = *b.Text
	}
	return c
}

func object(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || raw[0] != '{' {
		return json.RawMessage("{}")
	}
	return raw
}

// Encode writes an answer.
func (nova) Encode(_ string, a models.Answer) any {
	content := []any{}
	for _, c := range a.Content {
		if c.Use != nil {
			content = append(content, map[string]any{"toolUse": map[string]any{"toolUseId": c.Use.ID, "name": c.Use.Name, "input": c.Use.Input}})
		} else {
			content = append(content, map[string]any{"text": c.Text})
		}
	}
	return map[string]any{"output": map[string]any{"message": map[string]any{"role": "assistant", "content": content}},
		"stopReason": a.Stop, "usage": novaUsage(a.Usage)}
}

func novaUsage(u models.Usage) map[string]int {
	return map[string]int{"inputTokens": u.Input, "outputTokens": u.Output, "totalTokens": u.Input + u.Output}
}

// Stream begins a streamed answer.
func (nova) Stream(_ string, emit func(any) error) Stream { return &novaStream{emit: emit, block: -1} }

type novaStream struct {
	emit  func(any) error
	begun bool
	block int
}

// Part writes a part.
func (s *novaStream) Part(p models.Part) error {
	if err := s.begin(); err != nil {
		return err
	}
	if p.Block != s.block {
		if err := s.end(); err != nil {
			return err
		}
		s.block = p.Block
	}
	switch {
	case p.Use != nil:
		return s.emit(map[string]any{"contentBlockStart": map[string]any{"contentBlockIndex": p.Block,
			"start": map[string]any{"toolUse": map[string]string{"toolUseId": p.Use.ID, "name": p.Use.Name}}}})
	case p.Input != "":
		return s.delta(p.Block, map[string]any{"toolUse": map[string]string{"input": p.Input}})
	}
	return s.delta(p.Block, map[string]any{"text": p.Text})
}

func (s *novaStream) begin() error {
	if s.begun {
		return nil
	}
	s.begun = true
	return s.emit(map[string]any{"messageStart": map[string]string{"role": "assistant"}})
}

func (s *novaStream) delta(block int, d any) error {
	return s.emit(map[string]any{"contentBlockDelta": map[string]any{"contentBlockIndex": block, "delta": d}})
}

func (s *novaStream) end() error {
	if s.block < 0 {
		return nil
	}
	return s.emit(map[string]any{"contentBlockStop": map[string]any{"contentBlockIndex": s.block}})
}

// End writes why it ended, and the counts.
func (s *novaStream) End(a models.Answer, m *Metrics) error {
	if err := firstOf(s.begin(), s.end()); err != nil {
		return err
	}
	if err := s.emit(map[string]any{"messageStop": map[string]any{"stopReason": a.Stop}}); err != nil {
		return err
	}
	last := map[string]any{"metadata": map[string]any{"usage": novaUsage(a.Usage), "metrics": map[string]any{}, "trace": map[string]any{}}}
	if m != nil {
		last["amazon-bedrock-invocationMetrics"] = m
	}
	return s.emit(last)
}
