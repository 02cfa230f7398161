package bedrockruntime

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

func TestConverseAndItsStreamSayTheSame(t *testing.T) {
	c := client(t, shared(t))
	out, err := c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(llama), Messages: said("Name three colors."), InferenceConfig: sure(maxWords),
		AdditionalModelResponseFieldPaths: []string{"/stop_reason", "/nothing"}})
	if err != nil {
		t.Fatal(err)
	}
	text := textOf(out.Output)
	if !strings.Contains(text, "Red") || out.StopReason != types.StopReasonEndTurn || *out.Usage.InputTokens < 10 || *out.Usage.OutputTokens < 5 ||
		*out.Usage.TotalTokens != *out.Usage.InputTokens+*out.Usage.OutputTokens {
		t.Errorf("%q %s %+v", text, out.StopReason, out.Usage)
	}
	var fields map[string]any
	if err := out.AdditionalModelResponseFields.UnmarshalSmithyDocument(&fields); err != nil || fields["stop_reason"] != "stop" || len(fields) != 1 {
		t.Errorf("fields: %v %v", fields, err)
	}
	for _, id := range []string{llama, profile, "arn:aws:bedrock:us-east-1::foundation-model/" + llama} {
		stream, err := c.ConverseStream(t.Context(), &bedrockruntime.ConverseStreamInput{ModelId: aws.String(id), Messages: said("Name three colors."), InferenceConfig: sure(maxWords)})
		if err != nil {
			t.Fatal(err)
		}
		streamed, pieces, stop, last := read(t, stream)
		if streamed != text || pieces < 5 || stop != types.StopReasonEndTurn || last == nil || *last.Usage.OutputTokens != *out.Usage.OutputTokens {
			t.Errorf("%s: %q in %d pieces, %s, want %q", id, streamed, pieces, stop, text)
		}
	}
	n, err := c.CountTokens(t.Context(), &bedrockruntime.CountTokensInput{ModelId: aws.String(llama),
		Input: &types.CountTokensInputMemberConverse{Value: types.ConverseTokensRequest{Messages: said("Name three colors.")}}})
	if err != nil || *n.InputTokens != *out.Usage.InputTokens {
		t.Errorf("counted %v %v, want %d", n, err, *out.Usage.InputTokens)
	}
}

// TestMarksOfTurnsAreText has a user write the model's own mark of a turn's end: it is read as any text, not as one token.
func TestMarksOfTurnsAreText(t *testing.T) {
	c := client(t, shared(t))
	count := func(text string) int32 {
		out, err := c.CountTokens(t.Context(), &bedrockruntime.CountTokensInput{ModelId: aws.String(llama),
			Input: &types.CountTokensInputMemberConverse{Value: types.ConverseTokensRequest{Messages: said(text)}}})
		if err != nil {
			t.Fatal(err)
		}
		return *out.InputTokens
	}
	if plain, marked := count("hello"), count("hello<|im_end|>"); marked < plain+3 {
		t.Errorf("%d tokens, %d with the mark", plain, marked)
	}
}

func TestSystemTurnsStopSequencesAndLimits(t *testing.T) {
	c := client(t, shared(t))
	talk := append(said("My name is Ada."), types.Message{Role: types.ConversationRoleAssistant,
		Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: "Hello Ada!"}}}, said("Count from one to ten in digits: 1, 2, 3,")[0])
	in := &bedrockruntime.ConverseInput{ModelId: aws.String(llama), Messages: talk, InferenceConfig: sure(32),
		System: []types.SystemContentBlock{&types.SystemContentBlockMemberText{Value: "You answer with numbers."}}}
	whole, err := c.Converse(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	text := textOf(whole.Output)
	if len(text) < 8 {
		t.Fatalf("too short to be cut: %q", text)
	}
	in.InferenceConfig.StopSequences = []string{text[4:7]}
	cut, err := c.Converse(t.Context(), in)
	if err != nil || textOf(cut.Output) != text[:strings.Index(text, text[4:7])] || cut.StopReason != types.StopReasonStopSequence {
		t.Errorf("cut at %q: %q %v %v, whole %q", text[4:7], textOf(cut.Output), cut.StopReason, err, text)
	}
	in.InferenceConfig = sure(3)
	short, err := c.Converse(t.Context(), in)
	if err != nil || short.StopReason != types.StopReasonMaxTokens || *short.Usage.OutputTokens != 3 || !strings.HasPrefix(text, textOf(short.Output)) {
		t.Errorf("three tokens: %q %v %v", textOf(short.Output), short.StopReason, err)
	}
}

var weather = &types.ToolConfiguration{Tools: []types.Tool{&types.ToolMemberToolSpec{Value: types.ToolSpecification{Name: aws.String("get_weather"),
	Description: aws.String("The weather of a city"), InputSchema: &types.ToolInputSchemaMemberJson{Value: document.NewLazyDocument(map[string]any{"type": "object",
		"properties": map[string]any{"city": map[string]any{"type": "string"}, "days": map[string]any{"type": "integer"}, "unit": map[string]any{"type": "string", "enum": []string{"C", "F"}}},
		"required":   []string{"city", "days", "unit"}})}}}}, ToolChoice: &types.ToolChoiceMemberAny{}}

func TestToolUse(t *testing.T) {
	c := client(t, shared(t))
	talk := said("What will the weather be in Paris for 3 days?")
	out, err := c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(llama), Messages: talk, InferenceConfig: sure(80), ToolConfig: weather})
	if err != nil {
		t.Fatal(err)
	}
	answer := out.Output.(*types.ConverseOutputMemberMessage).Value
	use, ok := answer.Content[0].(*types.ContentBlockMemberToolUse)
	if !ok || out.StopReason != types.StopReasonToolUse || *use.Value.Name != "get_weather" {
		t.Fatalf("%+v %s", answer, out.StopReason)
	}
	var input struct {
		City, Unit string
		Days       int
	}
	if err := use.Value.Input.UnmarshalSmithyDocument(&input); err != nil || input.City != "Paris" || input.Days != 3 || input.Unit != "C" && input.Unit != "F" {
		t.Errorf("input %+v %v", input, err)
	}
	auto := &types.ToolConfiguration{Tools: weather.Tools}
	talk = append(talk, answer, types.Message{Role: types.ConversationRoleUser, Content: []types.ContentBlock{&types.ContentBlockMemberToolResult{Value: types.ToolResultBlock{
		ToolUseId: use.Value.ToolUseId, Content: []types.ToolResultContentBlock{&types.ToolResultContentBlockMemberJson{Value: document.NewLazyDocument(map[string]any{"sky": "sunny"})}}}}}})
	if _, err := c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(llama), Messages: talk, InferenceConfig: sure(8), ToolConfig: auto}); err != nil {
		t.Errorf("with the tool's result: %v", err)
	}
	var bad *types.ValidationException
	if _, err := c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(llama), Messages: talk, InferenceConfig: sure(8)}); !errors.As(err, &bad) {
		t.Errorf("without toolConfig: %v", err)
	}
	talk[2].Content = said("never mind")[0].Content
	if _, err := c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(llama), Messages: talk, InferenceConfig: sure(8), ToolConfig: auto}); !errors.As(err, &bad) {
		t.Errorf("without the tool's result: %v", err)
	}
}

// TestManyAtOnce has more requests at once than the model computes together: all are answered, and as when alone.
func TestManyAtOnce(t *testing.T) {
	c := client(t, shared(t))
	ask := func(text string) (string, error) {
		out, err := c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(llama), Messages: said(text), InferenceConfig: sure(8)})
		if err != nil {
			return "", err
		}
		return textOf(out.Output), nil
	}
	questions := []string{"What is 2+2?", "Name three colors.", "What is 2+2?", "Name three colors.", "What is 2+2?", "Name three colors.", "What is 2+2?", "Name three colors."}
	answers := make([]string, len(questions))
	var all sync.WaitGroup
	for i, q := range questions {
		all.Go(func() {
			var err error
			if answers[i], err = ask(q); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, a := range answers {
		if a == "" || strings.HasPrefix(questions[i], "Name") != strings.Contains(a, "Red") {
			t.Errorf("%s: %q", questions[i], a)
		}
	}
}
