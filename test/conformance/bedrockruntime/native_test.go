package bedrockruntime

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

// families have each a body, and where its answer has the text, as a whole and in the chunks of a stream.
var families = []struct {
	id, body string
	text     func(v map[string]any) string
	piece    func(v map[string]any) string
	ended    func(v map[string]any) bool
}{
	{llama, `{"prompt":"Once upon a time","max_gen_len":10,"temperature":0}`,
		func(v map[string]any) string { return str(v, "generation") }, func(v map[string]any) string { return str(v, "generation") },
		func(v map[string]any) bool { return str(v, "stop_reason") == "length" }},
	{claude, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":10,"temperature":0,"system":"Be kind.","messages":[{"role":"user","content":[{"type":"text","text":"Name three colors."}]}]}`,
		func(v map[string]any) string { return str(v, "content", "0", "text") }, func(v map[string]any) string { return str(v, "delta", "text") },
		func(v map[string]any) bool {
			return str(v, "stop_reason")+str(v, "delta", "stop_reason") == "max_tokens"
		}},
	{titan, `{"inputText":"Name three colors.","textGenerationConfig":{"maxTokenCount":10,"temperature":0,"stopSequences":[]}}`,
		func(v map[string]any) string { return str(v, "results", "0", "outputText") }, func(v map[string]any) string { return str(v, "outputText") },
		func(v map[string]any) bool {
			return str(v, "results", "0", "completionReason")+str(v, "completionReason") == "LENGTH"
		}},
	{nova, `{"schemaVersion":"messages-v1","messages":[{"role":"user","content":[{"text":"Name three colors."}]}],"inferenceConfig":{"maxTokens":10,"temperature":0}}`,
		func(v map[string]any) string { return str(v, "output", "message", "content", "0", "text") },
		func(v map[string]any) string { return str(v, "contentBlockDelta", "delta", "text") },
		func(v map[string]any) bool {
			return str(v, "stopReason")+str(v, "messageStop", "stopReason") == "max_tokens"
		}},
	{mistral, `{"prompt":"Once upon a time","max_tokens":10,"temperature":0}`,
		func(v map[string]any) string { return str(v, "outputs", "0", "text") }, func(v map[string]any) string { return str(v, "outputs", "0", "text") },
		func(v map[string]any) bool { return str(v, "outputs", "0", "stop_reason") == "length" }},
}

// str follows names and indexes to a text, "" when there is none.
func str(v any, path ...string) string {
	for _, p := range path {
		switch x := v.(type) {
		case map[string]any:
			v = x[p]
		case []any:
			if p != "0" || len(x) == 0 {
				return ""
			}
			v = x[0]
		default:
			return ""
		}
	}
	s, _ := v.(string)
	return s
}

func TestBodiesOfEachFamily(t *testing.T) {
	c := client(t, shared(t))
	for _, f := range families {
		t.Run(f.id, func(t *testing.T) {
			out, err := c.InvokeModel(t.Context(), &bedrockruntime.InvokeModelInput{ModelId: aws.String(f.id), Body: []byte(f.body)})
			if err != nil {
				t.Fatal(err)
			}
			var whole map[string]any
			if err := json.Unmarshal(out.Body, &whole); err != nil || f.text(whole) == "" || !f.ended(whole) {
				t.Fatalf("%s %v", out.Body, err)
			}
			stream, err := c.InvokeModelWithResponseStream(t.Context(), &bedrockruntime.InvokeModelWithResponseStreamInput{ModelId: aws.String(f.id), Body: []byte(f.body)})
			if err != nil {
				t.Fatal(err)
			}
			text, ended, metrics := "", false, false
			events := stream.GetStream()
			for e := range events.Events() {
				var v map[string]any
				if err := json.Unmarshal(e.(*types.ResponseStreamMemberChunk).Value.Bytes, &v); err != nil {
					t.Fatal(err)
				}
				text += f.piece(v)
				ended = ended || f.ended(v)
				_, metrics = v["amazon-bedrock-invocationMetrics"]
			}
			if err := events.Err(); err != nil || text != f.text(whole) || !ended || !metrics {
				t.Errorf("stream: %q ended %v metrics %v (%v), whole %q", text, ended, metrics, err, f.text(whole))
			}
		})
	}
}

func TestBadInput(t *testing.T) {
	c := client(t, shared(t))
	invoke := func(id, body, want string) {
		t.Helper()
		_, err := c.InvokeModel(t.Context(), &bedrockruntime.InvokeModelInput{ModelId: aws.String(id), Body: []byte(body)})
		tells(t, err, "ValidationException", want)
	}
	invoke("no.such-model-v1:0", `{}`, "The provided model identifier is invalid.")
	invoke(llama, `{"messages":[]}`, "required key [prompt] not found")
	invoke(llama, `{"prompt":"x","max_tokens":3}`, "extraneous key [max_tokens] is not permitted")
	invoke(llama, `{"prompt":"x","temperature":7}`, "is not less or equal to 1")
	invoke(llama, `{"prompt":5}`, "expected type: string")
	invoke(llama, `{"prompt":`, "Malformed input request")
	invoke(claude, `{"prompt":"x"}`, "required key [anthropic_version] not found")
	invoke(claude, `{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"messages":[{"role":"assistant","content":"x"}]}`, "roles must alternate")
	invoke(llama, `{"prompt":"`+strings.Repeat("word ", 4000)+`"}`, "Input is too long for requested model")
	invoke(llama, strings.Repeat("x", 30_000_000), "25000000")
	converse := func(want string, messages []types.Message) {
		t.Helper()
		_, err := c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(llama), Messages: messages, InferenceConfig: sure(1)})
		tells(t, err, "ValidationException", want)
	}
	converse("must start with a user message", []types.Message{{Role: types.ConversationRoleAssistant, Content: said("x")[0].Content}})
	converse("must alternate", append(said("a"), said("b")...))
	converse("is blank", said(" "))
	png := &types.ContentBlockMemberImage{Value: types.ImageBlock{Format: types.ImageFormatPng, Source: &types.ImageSourceMemberBytes{Value: []byte("no picture")}}}
	converse("Could not process image", []types.Message{{Role: types.ConversationRoleUser, Content: []types.ContentBlock{png}}})
	pdf := &types.ContentBlockMemberDocument{Value: types.DocumentBlock{Name: aws.String("doc"), Format: types.DocumentFormatPdf, Source: &types.DocumentSourceMemberBytes{Value: []byte("no document")}}}
	converse("could not be read", []types.Message{{Role: types.ConversationRoleUser, Content: []types.ContentBlock{pdf}}})
	_, err := c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String("arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl"), Messages: said("x")})
	if err == nil || !strings.Contains(err.Error(), "AccessDenied") && !strings.Contains(err.Error(), "ResourceNotFound") {
		t.Errorf("a model of nobody: %v", err)
	}
}

func TestNoAccess(t *testing.T) {
	s := shared(t)
	admin, err := s.Admin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	who, err := s.User(t.Context(), admin, "reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"bedrock:InvokeModel","Resource":"arn:aws:bedrock:*::foundation-model/meta.*"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	c := bedrockruntime.NewFromConfig(who.Config())
	if _, err := c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(llama), Messages: said("hi"), InferenceConfig: sure(1)}); err != nil {
		t.Errorf("what is allowed: %v", err)
	}
	_, err = c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(claude), Messages: said("hi"), InferenceConfig: sure(1)})
	tells(t, err, "AccessDeniedException", "bedrock:InvokeModel")
	_, err = c.ConverseStream(t.Context(), &bedrockruntime.ConverseStreamInput{ModelId: aws.String(llama), Messages: said("hi"), InferenceConfig: sure(1)})
	tells(t, err, "AccessDeniedException", "bedrock:InvokeModelWithResponseStream")
}
