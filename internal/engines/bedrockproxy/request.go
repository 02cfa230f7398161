package bedrockproxy

import (
	"maps"
	"strings"
)

// refusal is what is wrong with a record: a sentence for whoever sent it.
type refusal string

// Error is the sentence.
func (r refusal) Error() string { return string(r) }

// question is one call of the model.
type question struct {
	body   map[string]any
	whole  bool // the answer is the model's own document, not its text alone
	stream bool
}

const (
	errRecord = refusal("The record is neither text nor an object.")
	errNoText = refusal("The record has neither messages, inputs, prompt nor text, and no BEDROCK_PROMPT_TEMPLATE says what of it the model is to read.")
	errBody   = refusal("The bodies of this model's family are not known: set BEDROCK_BODY_TEMPLATE, or send them whole.")
)

// questions reads a record. Several come of a record with a list of inputs; list tells that their answers are a list too.
func (c Config) questions(record any) (qs []question, list bool, err error) {
	object, _ := record.(map[string]any)
	inputs, hugging := object["inputs"]
	if !hugging || c.Native && c.Body == nil && embedding(c.Model) == nil { // a native body may have such a member
		q, err := c.question(record, nil)
		return []question{q}, false, err
	}
	// The form of Hugging Face's containers.
	// Source: https://huggingface.co/docs/sagemaker/inference
	parameters, _ := object["parameters"].(map[string]any)
	all, several := inputs.([]any)
	if !several {
		all = []any{inputs}
	}
	for _, one := range all {
		q, err := c.question(one, parameters)
		if err != nil {
			return nil, true, err
		}
		q.stream = q.stream || object["stream"] == true
		qs = append(qs, q)
	}
	return qs, true, nil
}

// question makes a call of a record.
func (c Config) question(record any, parameters map[string]any) (q question, err error) {
	object, _ := record.(map[string]any)
	q.stream = object["stream"] == true
	if c.Native {
		q.whole = true
		q.body, err = c.native(record)
		return q, err
	}
	if object["messages"] != nil && c.Prompt == "" {
		q.body, q.whole = maps.Clone(object), true
		delete(q.body, "stream")
		delete(q.body, "modelId")
		plain(q.body)
	} else {
		text, err := c.text(record)
		if err != nil {
			return q, err
		}
		q.body = map[string]any{"messages": []any{map[string]any{"role": "user", "content": []any{map[string]any{"text": text}}}}}
	}
	c.settings(q.body, parameters)
	return q, nil
}

// text is what the model reads of a record.
func (c Config) text(record any) (string, error) {
	if c.Prompt != "" {
		return expand(c.Prompt, record)
	}
	switch r := record.(type) {
	case string:
		return r, nil
	case map[string]any:
		for _, name := range []string{"prompt", "text"} {
			if s, ok := r[name].(string); ok {
				return s, nil
			}
		}
		return "", errNoText
	case []any: // columns
		return "", errNoText
	}
	return "", errRecord
}

// plain makes a body of Converse of one whose messages are written as OpenAI's are: texts as content, and the role system.
func plain(body map[string]any) {
	messages, _ := body["messages"].([]any)
	var talk, system []any
	for _, m := range messages {
		one, _ := m.(map[string]any)
		text, ok := one["content"].(string)
		if !ok {
			talk = append(talk, m)
			continue
		}
		content := []any{map[string]any{"text": text}}
		if one["role"] == "system" {
			system = append(system, content...)
			continue
		}
		talk = append(talk, map[string]any{"role": one["role"], "content": content})
	}
	body["messages"] = talk
	if has, _ := body["system"].([]any); len(system) > 0 {
		body["system"] = append(has, system...)
	}
}

// settings puts what the environment and a record's parameters say into a body of Converse that doesn't say it itself. The guardrail
// is the environment's, whatever the body says.
func (c Config) settings(body, parameters map[string]any) {
	if _, has := body["system"]; !has && c.System != "" {
		body["system"] = []any{map[string]any{"text": c.System}}
	}
	inference, _ := body["inferenceConfig"].(map[string]any)
	if inference == nil {
		inference = map[string]any{}
	}
	put := func(name string, v any) {
		if _, has := inference[name]; !has && v != nil {
			inference[name] = v
		}
	}
	put("maxTokens", parameters["max_new_tokens"])
	put("temperature", parameters["temperature"])
	put("topP", parameters["top_p"])
	put("stopSequences", parameters["stop"])
	if c.MaxTokens > 0 {
		put("maxTokens", c.MaxTokens)
	}
	if c.Temperature != nil {
		put("temperature", *c.Temperature)
	}
	if c.TopP != nil {
		put("topP", *c.TopP)
	}
	if len(c.Stop) > 0 {
		put("stopSequences", c.Stop)
	}
	if len(inference) > 0 {
		body["inferenceConfig"] = inference
	}
	if c.Guardrail != "" {
		body["guardrailConfig"] = map[string]any{"guardrailIdentifier": c.Guardrail, "guardrailVersion": c.GuardrailVersion}
	}
}

// native is the body of InvokeModel.
func (c Config) native(record any) (map[string]any, error) {
	if c.Body != nil {
		v, err := fill(c.Body, record)
		body, _ := v.(map[string]any)
		return body, err
	}
	made := embedding(c.Model)
	if object, ok := record.(map[string]any); ok && (made == nil || object["text"] == nil) {
		body := maps.Clone(object)
		delete(body, "stream")
		return body, nil
	}
	text, err := c.text(record)
	if err == nil && made == nil {
		err = errBody
	}
	if err != nil {
		return nil, err
	}
	return made(text), nil
}

// embedding makes the body of a model of embeddings; nil when the model is none that is known.
func embedding(model string) func(text string) map[string]any {
	switch {
	case strings.Contains(model, "titan-embed"):
		return func(text string) map[string]any { return map[string]any{"inputText": text} }
	case strings.Contains(model, "cohere.embed"):
		return func(text string) map[string]any {
			return map[string]any{"texts": []any{text}, "input_type": "search_document"}
		}
	}
	return nil
}
