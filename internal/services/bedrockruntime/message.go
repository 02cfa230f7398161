package bedrockruntime

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

// conversation reads what Converse and ConverseStream are asked.
type conversation struct {
	system    []types.SystemContentBlock
	messages  []types.Message
	tools     *types.ToolConfiguration
	inference *types.InferenceConfiguration
	further   document.Interface
}

// request writes the conversation for a model. Errors are for the caller.
func (c conversation) request(ctx context.Context) (models.Request, error) {
	r := models.Request{Turns: []models.Turn{}}
	if len(c.messages) == 0 {
		return r, invalid("The messages field must hold at least one message.")
	}
	for i, b := range c.system {
		switch b := b.(type) {
		case *types.SystemContentBlockMemberText:
			if strings.TrimSpace(b.Value) == "" {
				return r, invalid("The text field in the SystemContentBlock object at system.%d is blank. Add text to the text field, and try again.", i)
			}
			r.System = joined(r.System, b.Value)
		case *types.SystemContentBlockMemberGuardContent:
			if t, ok := b.Value.(*types.GuardrailConverseContentBlockMemberText); ok {
				r.System = joined(r.System, aws.ToString(t.Value.Text))
			}
		}
	}
	asked := map[string]bool{} // calls of the turn before
	for i, m := range c.messages {
		t, err := c.turn(ctx, i, m, asked)
		if err != nil {
			return r, err
		}
		asked = map[string]bool{}
		for _, x := range t.Content {
			if x.Use != nil {
				asked[x.Use.ID] = true
			}
		}
		r.Turns = append(r.Turns, t)
	}
	if err := c.readTools(&r); err != nil {
		return r, err
	}
	return r, c.readInference(&r)
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "\n" + b
}

// turn reads a message. asked are the calls of tools that it has to answer.
func (c conversation) turn(ctx context.Context, i int, m types.Message, asked map[string]bool) (models.Turn, error) {
	t := models.Turn{Role: models.Role(m.Role)}
	switch {
	case i == 0 && m.Role != types.ConversationRoleUser:
		return t, invalid("A conversation must start with a user message. Try again with a conversation that starts with a user message.")
	case i > 0 && m.Role == c.messages[i-1].Role:
		return t, invalid("A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.")
	case len(m.Content) == 0:
		return t, invalid("The content field in the Message object at messages.%d is empty. Add a ContentBlock object to the content field and try again.", i)
	}
	answered := 0
	for j, b := range m.Content {
		x, skip, err := content(ctx, fmt.Sprintf("messages.%d.content.%d", i, j), b)
		if err != nil {
			return t, err
		}
		if skip {
			continue
		}
		if (x.Use != nil || x.Result != nil) && c.tools == nil {
			return t, invalid("The toolConfig field must be defined when using toolUse and toolResult content blocks.")
		}
		if x.Use != nil && m.Role == types.ConversationRoleUser || x.Result != nil && m.Role != types.ConversationRoleUser {
			return t, invalid("A toolUse block belongs into a message of the assistant, and a toolResult block into one of the user, at messages.%d.content.%d.", i, j)
		}
		if x.Result != nil {
			if !asked[x.Result.ID] {
				return t, invalid("The toolUseId %q at messages.%d.content.%d is not one of a toolUse block of the previous turn.", x.Result.ID, i, j)
			}
			answered++
		}
		t.Content = append(t.Content, x)
	}
	if answered < len(asked) {
		ids := []string{}
		for id := range asked {
			if !slices.ContainsFunc(t.Content, func(c models.Content) bool { return c.Result != nil && c.Result.ID == id }) {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		return t, invalid("Expected toolResult blocks at messages.%d.content for the following Ids: %s", i, strings.Join(ids, ", "))
	}
	return t, nil
}

// content reads one member of a message. skip is for those that say nothing to the model.
func content(ctx context.Context, at string, b types.ContentBlock) (c models.Content, skip bool, err error) {
	switch b := b.(type) {
	case *types.ContentBlockMemberText:
		if strings.TrimSpace(b.Value) == "" {
			return c, false, invalid("The text field in the ContentBlock object at %s is blank. Add text to the text field, and try again.", at)
		}
		c.Text = b.Value
	case *types.ContentBlockMemberGuardContent:
		t, ok := b.Value.(*types.GuardrailConverseContentBlockMemberText)
		if !ok {
			return c, false, invalid("Only text can be guarded, at %s.", at)
		}
		c.Text = aws.ToString(t.Value.Text)
	case *types.ContentBlockMemberImage:
		c.Image, err = picture(at, b.Value)
	case *types.ContentBlockMemberDocument:
		c.Text, err = documentText(ctx, at, b.Value)
	case *types.ContentBlockMemberToolUse:
		raw, err := b.Value.Input.MarshalSmithyDocument()
		if err != nil {
			return c, false, invalid("The input of the toolUse block at %s is not valid.", at)
		}
		c.Use = &models.ToolUse{ID: aws.ToString(b.Value.ToolUseId), Name: aws.ToString(b.Value.Name), Input: raw}
	case *types.ContentBlockMemberToolResult:
		c.Result, err = toolResult(ctx, at, b.Value)
	case *types.ContentBlockMemberCachePoint, *types.ContentBlockMemberReasoningContent:
		return c, true, nil
	default:
		return c, false, invalid("This model doesn't support the content block at %s.", at)
	}
	return c, false, err
}

func toolResult(ctx context.Context, at string, b types.ToolResultBlock) (*models.ToolResult, error) {
	out := &models.ToolResult{ID: aws.ToString(b.ToolUseId), Failed: b.Status == types.ToolResultStatusError}
	for _, x := range b.Content {
		switch x := x.(type) {
		case *types.ToolResultContentBlockMemberText:
			out.Text = joined(out.Text, x.Value)
		case *types.ToolResultContentBlockMemberJson:
			raw, err := x.Value.MarshalSmithyDocument()
			if err != nil {
				return nil, invalid("The content of the toolResult block at %s is not valid.", at)
			}
			out.Text = joined(out.Text, string(raw))
		case *types.ToolResultContentBlockMemberDocument:
			text, err := documentText(ctx, at, x.Value)
			if err != nil {
				return nil, err
			}
			out.Text = joined(out.Text, text)
		default:
			return nil, invalid("This model doesn't support the content of the toolResult block at %s.", at)
		}
	}
	return out, nil
}

func (c conversation) readTools(r *models.Request) error {
	if c.tools == nil {
		return nil
	}
	seen := map[string]bool{}
	for i, t := range c.tools.Tools {
		switch t := t.(type) {
		case *types.ToolMemberToolSpec:
			name := aws.ToString(t.Value.Name)
			if seen[name] {
				return invalid("The tool %s is there twice in toolConfig.", name)
			}
			seen[name] = true
			s, ok := t.Value.InputSchema.(*types.ToolInputSchemaMemberJson)
			if !ok {
				return invalid("The inputSchema at toolConfig.tools.%d must be JSON.", i)
			}
			raw, err := s.Value.MarshalSmithyDocument()
			var object map[string]json.RawMessage
			if err != nil || json.Unmarshal(raw, &object) != nil || string(object["type"]) != `"object"` {
				return invalid("The value at toolConfig.tools.%d.toolSpec.inputSchema.json.type must be one of the following: object.", i)
			}
			r.Tools = append(r.Tools, models.Tool{Name: name, Description: aws.ToString(t.Value.Description), Schema: raw})
		case *types.ToolMemberCachePoint:
		default:
			return invalid("This model doesn't support the tool at toolConfig.tools.%d.", i)
		}
	}
	switch choice := c.tools.ToolChoice.(type) {
	case *types.ToolChoiceMemberAny:
		r.Choice.Any = true
	case *types.ToolChoiceMemberTool:
		if r.Choice.Tool = aws.ToString(choice.Value.Name); !seen[r.Choice.Tool] {
			return invalid("The tool %s of toolChoice is not among the tools of toolConfig.", r.Choice.Tool)
		}
	}
	return nil
}

// readInference reads how the answer is to be sampled. Of the further fields, those of the families are understood that say more
// of this; others are ignored, as they are for models that this one may stand in for.
func (c conversation) readInference(r *models.Request) error {
	if f := c.inference; f != nil {
		r.Sampling.MaxTokens, r.Sampling.Stop = int(aws.ToInt32(f.MaxTokens)), f.StopSequences
		if f.Temperature != nil {
			t := float64(*f.Temperature)
			r.Sampling.Temperature = &t
		}
		if f.TopP != nil {
			p := float64(*f.TopP)
			r.Sampling.TopP = &p
		}
		if slices.Contains(f.StopSequences, "") {
			return invalid("The stopSequences field holds an empty sequence.")
		}
	}
	if c.further == nil {
		return nil
	}
	raw, err := c.further.MarshalSmithyDocument()
	if err != nil {
		return invalid("The additionalModelRequestFields are not valid.")
	}
	var further struct {
		TopK *int   `json:"top_k"`
		Seed *int64 `json:"seed"`
	}
	var inner struct {
		Camel     *int `json:"topK"`
		Inference struct {
			Camel *int `json:"topK"`
		} `json:"inferenceConfig"`
	}
	if string(raw) != "null" && (json.Unmarshal(raw, &further) != nil || json.Unmarshal(raw, &inner) != nil) {
		return invalid("The additionalModelRequestFields are not valid.")
	}
	r.Sampling.Seed = further.Seed
	for _, k := range []*int{inner.Inference.Camel, inner.Camel, further.TopK} {
		if k != nil {
			r.Sampling.TopK = k
		}
	}
	if k := r.Sampling.TopK; k != nil && (*k < 0 || *k > 1<<20) {
		return invalid("The value of top_k is out of range.")
	}
	return nil
}
