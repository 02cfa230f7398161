package openai

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

// request is the body of a chat completion, or of a completion when it has a prompt.
type request struct {
	Model         string      `json:"model"`
	Messages      []utterance `json:"messages,omitempty"`
	Prompt        *string     `json:"prompt,omitempty"`
	MaxTokens     int         `json:"max_tokens,omitempty"`
	Temperature   *float64    `json:"temperature,omitempty"`
	TopP          *float64    `json:"top_p,omitempty"`
	TopK          *int        `json:"top_k,omitempty"`
	Seed          *int64      `json:"seed,omitempty"`
	Stop          []string    `json:"stop,omitempty"`
	Tools         []tool      `json:"tools,omitempty"`
	ToolChoice    any         `json:"tool_choice,omitempty"`
	Stream        bool        `json:"stream"`
	StreamOptions any         `json:"stream_options,omitempty"`
}

type utterance struct {
	Role    string     `json:"role"`
	Content any        `json:"content,omitempty"` // text, or members of a content
	Calls   []toolCall `json:"tool_calls,omitempty"`
	CallID  string     `json:"tool_call_id,omitempty"`
}

type member struct {
	Type  string    `json:"type"`
	Text  string    `json:"text,omitempty"`
	Image *imageURL `json:"image_url,omitempty"`
}

type imageURL struct {
	URL string `json:"url"`
}

type tool struct {
	Type     string   `json:"type"`
	Function function `json:"function"`
}

type function struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
	Arguments   string          `json:"arguments,omitempty"`
}

type toolCall struct {
	Index    int      `json:"index,omitempty"`
	ID       string   `json:"id,omitempty"`
	Type     string   `json:"type,omitempty"`
	Function function `json:"function"`
}

// body writes a request in the server's words.
func (m *Model) body(r models.Request) (request, error) {
	s := r.Sampling
	out := request{Model: m.cfg.Model, MaxTokens: s.MaxTokens, Temperature: s.Temperature, TopP: s.TopP, TopK: s.TopK, Seed: s.Seed, Stop: s.Stop,
		Stream: true, StreamOptions: map[string]bool{"include_usage": true}}
	if r.Turns == nil {
		out.Prompt = &r.Prompt
		return out, nil
	}
	if r.System != "" {
		out.Messages = append(out.Messages, utterance{Role: "system", Content: r.System})
	}
	for _, t := range r.Turns {
		list, err := m.turn(t)
		if err != nil {
			return out, err
		}
		out.Messages = append(out.Messages, list...)
	}
	for _, t := range r.Tools {
		out.Tools = append(out.Tools, tool{Type: "function", Function: function{Name: t.Name, Description: t.Description, Parameters: t.Schema}})
	}
	switch {
	case r.Choice.Tool != "":
		out.ToolChoice = map[string]any{"type": "function", "function": map[string]string{"name": r.Choice.Tool}}
	case r.Choice.Any:
		out.ToolChoice = "required"
	}
	return out, nil
}

// turn writes one turn; each result of a tool is a message of its own.
func (m *Model) turn(t models.Turn) ([]utterance, error) {
	var list []utterance
	var members []member
	var calls []toolCall
	for _, c := range t.Content {
		switch {
		case c.Result != nil:
			list = append(list, utterance{Role: "tool", CallID: c.Result.ID, Content: c.Result.Text})
		case c.Use != nil:
			calls = append(calls, toolCall{ID: c.Use.ID, Type: "function", Function: function{Name: c.Use.Name, Arguments: string(c.Use.Input)}})
		case c.Image != nil && !m.cfg.Images:
			return nil, models.Errorf(models.Invalid, "This model doesn't support the image content block that you provided.")
		case c.Image != nil:
			members = append(members, member{Type: "image_url",
				Image: &imageURL{"data:" + c.Image.Type + ";base64," + base64.StdEncoding.EncodeToString(c.Image.Data)}})
		default:
			members = append(members, member{Type: "text", Text: c.Text})
		}
	}
	if members == nil && calls == nil {
		return list, nil
	}
	out := utterance{Role: string(t.Role), Calls: calls}
	if text, ok := onlyText(members); ok {
		out.Content = text // which every server understands
	} else if members != nil {
		out.Content = members
	}
	return append(list, out), nil
}

func onlyText(list []member) (string, bool) {
	var b strings.Builder
	for _, m := range list {
		if m.Image != nil {
			return "", false
		}
		b.WriteString(m.Text)
	}
	return b.String(), true
}
