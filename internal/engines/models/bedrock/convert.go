package bedrock

import (
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

// request writes a request as Converse's. A prompt becomes a turn.
func (m *Model) request(r models.Request) (*bedrockruntime.ConverseStreamInput, error) {
	in := &bedrockruntime.ConverseStreamInput{ModelId: &m.cfg.Model, InferenceConfig: &types.InferenceConfiguration{StopSequences: r.Sampling.Stop}}
	if n := r.Sampling.MaxTokens; n > 0 {
		in.InferenceConfig.MaxTokens = aws.Int32(int32(min(n, 1<<30)))
	}
	if t := r.Sampling.Temperature; t != nil {
		in.InferenceConfig.Temperature = aws.Float32(float32(*t))
	}
	if p := r.Sampling.TopP; p != nil {
		in.InferenceConfig.TopP = aws.Float32(float32(*p))
	}
	if r.System != "" {
		in.System = []types.SystemContentBlock{&types.SystemContentBlockMemberText{Value: r.System}}
	}
	if r.Turns == nil {
		r.Turns = []models.Turn{{Role: models.User, Content: []models.Content{{Text: r.Prompt}}}}
	}
	for _, t := range r.Turns {
		msg := types.Message{Role: types.ConversationRole(t.Role)}
		for _, c := range t.Content {
			b, err := block(c)
			if err != nil {
				return nil, err
			}
			msg.Content = append(msg.Content, b)
		}
		in.Messages = append(in.Messages, msg)
	}
	if len(r.Tools) > 0 {
		in.ToolConfig = &types.ToolConfiguration{}
		for _, t := range r.Tools {
			s := types.ToolSpecification{Name: aws.String(t.Name), InputSchema: &types.ToolInputSchemaMemberJson{Value: lazy(t.Schema)}}
			if t.Description != "" {
				s.Description = aws.String(t.Description)
			}
			in.ToolConfig.Tools = append(in.ToolConfig.Tools, &types.ToolMemberToolSpec{Value: s})
		}
		switch {
		case r.Choice.Tool != "":
			in.ToolConfig.ToolChoice = &types.ToolChoiceMemberTool{Value: types.SpecificToolChoice{Name: aws.String(r.Choice.Tool)}}
		case r.Choice.Any:
			in.ToolConfig.ToolChoice = &types.ToolChoiceMemberAny{}
		}
	}
	return in, nil
}

func lazy(raw json.RawMessage) document.Interface {
	var v any
	if json.Unmarshal(raw, &v) != nil || v == nil {
		v = map[string]any{}
	}
	return document.NewLazyDocument(v)
}

func block(c models.Content) (types.ContentBlock, error) {
	switch {
	case c.Use != nil:
		return &types.ContentBlockMemberToolUse{Value: types.ToolUseBlock{ToolUseId: aws.String(c.Use.ID), Name: aws.String(c.Use.Name), Input: lazy(c.Use.Input)}}, nil
	case c.Result != nil:
		status := types.ToolResultStatusSuccess
		if c.Result.Failed {
			status = types.ToolResultStatusError
		}
		return &types.ContentBlockMemberToolResult{Value: types.ToolResultBlock{ToolUseId: aws.String(c.Result.ID), Status: status,
			Content: []types.ToolResultContentBlock{&types.ToolResultContentBlockMemberText{Value: c.Result.Text}}}}, nil
	case c.Image != nil:
		return &types.ContentBlockMemberImage{Value: types.ImageBlock{Format: types.ImageFormat(strings.TrimPrefix(c.Image.Type, "image/")),
			Source: &types.ImageSourceMemberBytes{Value: c.Image.Data}}}, nil
	}
	return &types.ContentBlockMemberText{Value: c.Text}, nil
}

// writer joins the events of a stream.
type writer struct {
	sink    models.Sink
	answer  models.Answer
	at      map[int32]int // content of the answer by Bedrock's index
	written [][]byte
}

func (w *writer) event(e types.ConverseStreamOutput) error {
	switch e := e.(type) {
	case *types.ConverseStreamOutputMemberContentBlockStart:
		if s, ok := e.Value.Start.(*types.ContentBlockStartMemberToolUse); ok {
			use := models.ToolUse{ID: aws.ToString(s.Value.ToolUseId), Name: aws.ToString(s.Value.Name)}
			kept := use
			return w.give(models.Part{Block: w.block(aws.ToInt32(e.Value.ContentBlockIndex), models.Content{Use: &kept}), Use: &use})
		}
	case *types.ConverseStreamOutputMemberContentBlockDelta:
		i := aws.ToInt32(e.Value.ContentBlockIndex)
		switch d := e.Value.Delta.(type) {
		case *types.ContentBlockDeltaMemberText:
			at := w.block(i, models.Content{})
			w.written[at] = append(w.written[at], d.Value...)
			return w.give(models.Part{Block: at, Text: d.Value})
		case *types.ContentBlockDeltaMemberToolUse:
			at := w.block(i, models.Content{})
			w.written[at] = append(w.written[at], aws.ToString(d.Value.Input)...)
			return w.give(models.Part{Block: at, Input: aws.ToString(d.Value.Input)})
		}
	case *types.ConverseStreamOutputMemberMessageStop:
		w.answer.Stop = models.Stop(e.Value.StopReason)
		if e.Value.StopReason == types.StopReasonGuardrailIntervened {
			w.answer.Stop = models.Filtered
		}
	case *types.ConverseStreamOutputMemberMetadata:
		if u := e.Value.Usage; u != nil {
			w.answer.Usage = models.Usage{Input: int(aws.ToInt32(u.InputTokens)), Output: int(aws.ToInt32(u.OutputTokens))}
		}
	}
	return nil
}

// block finds the content of an index, new when it begins.
func (w *writer) block(i int32, begin models.Content) int {
	at, ok := w.at[i]
	if !ok {
		at = len(w.answer.Content)
		w.at[i] = at
		w.answer.Content, w.written = append(w.answer.Content, begin), append(w.written, nil)
	}
	return at
}

func (w *writer) give(p models.Part) error {
	if w.sink == nil {
		return nil
	}
	return w.sink(p)
}

func (w *writer) finish() (models.Answer, error) {
	if w.answer.Stop == "" {
		return w.answer, models.Errorf(models.Broken, "The answer of the model's server broke off.")
	}
	for i := range w.answer.Content {
		c := &w.answer.Content[i]
		if c.Use == nil {
			c.Text = string(w.written[i])
			continue
		}
		if c.Use.Input = w.written[i]; len(c.Use.Input) == 0 {
			c.Use.Input = json.RawMessage("{}")
		}
		if !json.Valid(c.Use.Input) {
			return w.answer, models.Errorf(models.Broken, "The model wrote a call of a tool whose input is no JSON object.")
		}
	}
	return w.answer, nil
}
