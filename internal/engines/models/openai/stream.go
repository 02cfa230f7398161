package openai

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

// chunk is one event of a stream.
type chunk struct {
	Choices []struct {
		Text  string `json:"text"` // of a completion
		Delta struct {
			Content   *string    `json:"content"`
			ToolCalls []toolCall `json:"tool_calls"`
		} `json:"delta"`
		FinishReason *string         `json:"finish_reason"`
		StopReason   json.RawMessage `json:"stop_reason"` // vLLM: the stop sequence
	} `json:"choices"`
	Usage *struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"`
	} `json:"usage"`
	Error json.RawMessage `json:"error"`
}

// Stream answers a request.
func (m *Model) Stream(ctx context.Context, r models.Request, sink models.Sink) (models.Answer, error) {
	body, err := m.body(r)
	if err != nil {
		return models.Answer{}, err
	}
	path := "/chat/completions"
	if body.Prompt != nil {
		path = "/completions"
	}
	c, err := m.post(ctx, path, body)
	if err != nil {
		return models.Answer{}, err
	}
	defer c.close()
	w := &writer{sink: sink, key: c.key, text: -1, calls: map[int]int{}}
	lines := bufio.NewReaderSize(c, 8<<10)
	for {
		line, err := readLine(lines)
		if data, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("data:")); ok {
			data = bytes.TrimSpace(data)
			if string(data) == "[DONE]" {
				return w.finish()
			}
			if err := w.event(data); err != nil {
				return models.Answer{}, err
			}
		}
		if errors.Is(err, io.EOF) {
			if w.answer.Stop == "" {
				return models.Answer{}, c.fault(ctx, io.ErrUnexpectedEOF)
			}
			return w.finish() // some servers leave the last line out
		}
		if err != nil {
			return models.Answer{}, c.fault(ctx, err)
		}
	}
}

func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, errors.New("a line is too long")
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// writer joins the events of a stream.
type writer struct {
	sink    models.Sink
	key     string // of the server
	answer  models.Answer
	text    int         // block of text that is being written, -1: none
	calls   map[int]int // block by the server's index of a call
	written [][]byte    // text or input, by block
}

func (w *writer) event(data []byte) error {
	var c chunk
	if err := json.Unmarshal(data, &c); err != nil {
		return &models.Error{Kind: models.Broken, Text: "The model's server sent what is no JSON.", Cause: err}
	}
	if len(c.Error) > 0 && string(c.Error) != "null" {
		return fault(500, data, w.key)
	}
	if c.Usage != nil {
		w.answer.Usage = models.Usage{Input: max(c.Usage.Prompt, 0), Output: max(c.Usage.Completion, 0)}
	}
	if len(c.Choices) == 0 {
		return nil
	}
	choice := c.Choices[0]
	text := choice.Text
	if choice.Delta.Content != nil {
		text += *choice.Delta.Content
	}
	if err := w.say(text); err != nil {
		return err
	}
	for _, t := range choice.Delta.ToolCalls {
		if err := w.call(t); err != nil {
			return err
		}
	}
	if choice.FinishReason != nil {
		w.answer.Stop = reason(*choice.FinishReason)
		if json.Unmarshal(choice.StopReason, &w.answer.Sequence) == nil && w.answer.Sequence != "" {
			w.answer.Stop = models.AtSequence
		}
	}
	return nil
}

func reason(s string) models.Stop {
	switch s {
	case "length":
		return models.MaxTokens
	case "tool_calls", "function_call":
		return models.CallTools
	case "content_filter":
		return models.Filtered
	}
	return models.EndTurn
}

func (w *writer) say(text string) error {
	if text == "" {
		return nil
	}
	if w.text < 0 {
		w.text = w.block(models.Content{})
	}
	w.written[w.text] = append(w.written[w.text], text...)
	return w.give(models.Part{Block: w.text, Text: text})
}

func (w *writer) call(t toolCall) error {
	at, known := w.calls[t.Index]
	if !known {
		if t.Function.Name == "" || len(w.calls) >= 256 {
			return models.Errorf(models.Broken, "The model's server sent a call of a tool without a name.")
		}
		if t.ID == "" {
			t.ID = fmt.Sprintf("call_%d", t.Index)
		}
		at = w.block(models.Content{Use: &models.ToolUse{ID: t.ID, Name: t.Function.Name}})
		w.calls[t.Index], w.text = at, -1
		if err := w.give(models.Part{Block: at, Use: &models.ToolUse{ID: t.ID, Name: t.Function.Name}}); err != nil {
			return err
		}
	}
	if t.Function.Arguments == "" {
		return nil
	}
	w.written[at] = append(w.written[at], t.Function.Arguments...)
	return w.give(models.Part{Block: at, Input: t.Function.Arguments})
}

func (w *writer) block(c models.Content) int {
	w.answer.Content = append(w.answer.Content, c)
	w.written = append(w.written, nil)
	return len(w.answer.Content) - 1
}

func (w *writer) give(p models.Part) error {
	if w.sink == nil {
		return nil
	}
	return w.sink(p)
}

// finish checks what the calls are given.
func (w *writer) finish() (models.Answer, error) {
	for i, c := range w.answer.Content {
		if c.Use == nil {
			w.answer.Content[i].Text = string(w.written[i])
			continue
		}
		input := bytes.TrimSpace(w.written[i])
		if len(input) == 0 {
			input = []byte("{}")
		}
		if !json.Valid(input) || input[0] != '{' {
			return w.answer, models.Errorf(models.Broken, "The model wrote a call of a tool whose input is no JSON object.")
		}
		c.Use.Input = input
		if w.answer.Stop == models.EndTurn {
			w.answer.Stop = models.CallTools
		}
	}
	if w.answer.Content == nil {
		w.answer.Content = []models.Content{{}}
	}
	if w.answer.Stop == "" {
		w.answer.Stop = models.EndTurn
	}
	return w.answer, nil
}
