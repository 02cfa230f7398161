package native

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

var families = []string{"anthropic", "llama", "titan", "nova", "mistral"}

func TestAnthropicConversation(t *testing.T) {
	r, err := TextsOf("anthropic").Decode([]byte(`{"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"system":[{"type":"text","text":"s"}],"stop_sequences":["x"],
		"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f","input":{"a":1}}]},
		{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":[{"type":"text","text":"r"}],"is_error":true}]}],
		"tools":[{"name":"f","description":"d","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"f"}}`))
	if err != nil || r.System != "s" || len(r.Turns) != 3 || string(r.Turns[1].Content[0].Use.Input) != `{"a":1}` || !r.Turns[2].Content[0].Result.Failed ||
		r.Turns[2].Content[0].Result.Text != "r" || r.Choice.Tool != "f" || r.Sampling.MaxTokens != 9 || *r.Sampling.Temperature != 1 {
		t.Errorf("%+v %v", r, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}}]}]}`))
	f.Add([]byte(`{"prompt":"x","max_gen_len":3}`))
	f.Add([]byte(`{"inputText":"x","textGenerationConfig":{"stopSequences":["a"]}}`))
	f.Add([]byte(`{"messages":[{"role":"user","content":[{"toolUse":{"toolUseId":"1","name":"f","input":5}}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f"}}]}}`))
	f.Add([]byte(`{"texts":["a"],"input_type":"clustering"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, name := range families {
			family := TextsOf(name)
			r, err := family.Decode(b)
			var own *Error
			if err != nil && !errors.As(err, &own) {
				t.Errorf("%s: %v", name, err)
			}
			if err != nil {
				continue
			}
			if r.Turns == nil && name != "llama" && name != "mistral" || r.Sampling.MaxTokens < 0 {
				t.Errorf("%s: %+v", name, r)
			}
			for _, turn := range r.Turns {
				for _, c := range turn.Content {
					if c.Use != nil && !json.Valid(c.Use.Input) {
						t.Errorf("%s: input %s", name, c.Use.Input)
					}
				}
			}
		}
		for _, name := range []string{"titan-embed", "cohere-embed"} {
			family := VectorsOf(name)
			texts, err := family.Texts(b)
			if err != nil {
				continue
			}
			v := models.Vectors{}
			for range texts {
				v.List, v.Tokens = append(v.List, []float32{1, 0}), append(v.Tokens, 1)
			}
			_, _ = family.Encode(b, v)
		}
	})
}
