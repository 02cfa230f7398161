package bedrockproxy

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Config says how the model is asked. Its fields come from the container's environment.
type Config struct {
	Model                       string // id, inference profile or ARN
	Native                      bool   // InvokeModel instead of Converse
	Prompt                      string // template of a prompt, with {{names}} of a record's members
	Body                        any    // template of a native body, JSON with {{names}} in its texts
	System                      string
	MaxTokens                   int
	Temperature, TopP           *float64
	Stop                        []string
	Guardrail, GuardrailVersion string
	Concurrency                 int  // records that are asked for at a time
	Batch                       bool // a batch transform: each line of a text is a record
}

const (
	defaultConcurrency = 8
	maxConcurrency     = 256
	maxTemplate        = 256 << 10 // bytes
)

// FromEnvironment reads a configuration. Errors name the variable.
func FromEnvironment(env map[string]string) (Config, error) {
	c := Config{Model: env["BEDROCK_MODEL_ID"], Prompt: env["BEDROCK_PROMPT_TEMPLATE"], System: env["BEDROCK_SYSTEM_PROMPT"], Guardrail: env["BEDROCK_GUARDRAIL_ID"],
		GuardrailVersion: env["BEDROCK_GUARDRAIL_VERSION"], Concurrency: defaultConcurrency, Batch: env["SAGEMAKER_BATCH"] == "true"}
	if c.Model == "" {
		return c, fmt.Errorf("BEDROCK_MODEL_ID must name a model of Bedrock's")
	}
	switch strings.ToLower(env["BEDROCK_API"]) {
	case "", "converse":
	case "invokemodel", "invoke_model":
		c.Native = true
	default:
		return c, fmt.Errorf("BEDROCK_API must be Converse or InvokeModel")
	}
	if c.Guardrail != "" && c.GuardrailVersion == "" {
		c.GuardrailVersion = "DRAFT"
	}
	if len(c.Prompt) > maxTemplate || len(env["BEDROCK_BODY_TEMPLATE"]) > maxTemplate {
		return c, fmt.Errorf("BEDROCK_PROMPT_TEMPLATE and BEDROCK_BODY_TEMPLATE may have %d bytes", maxTemplate)
	}
	if t := env["BEDROCK_BODY_TEMPLATE"]; t != "" {
		if _, ok := decode([]byte(t), &c.Body).(map[string]any); !ok {
			return c, fmt.Errorf("BEDROCK_BODY_TEMPLATE must be a JSON object")
		}
	}
	if t := env["BEDROCK_STOP_SEQUENCES"]; t != "" && json.Unmarshal([]byte(t), &c.Stop) != nil {
		return c, fmt.Errorf("BEDROCK_STOP_SEQUENCES must be a JSON list of texts")
	}
	for _, n := range []struct {
		name        string
		to          *int
		least, most int
	}{{"BEDROCK_MAX_TOKENS", &c.MaxTokens, 1, 1 << 20}, {"BEDROCK_CONCURRENCY", &c.Concurrency, 1, maxConcurrency}} {
		if t := env[n.name]; t != "" {
			v, err := strconv.Atoi(t)
			if err != nil || v < n.least || v > n.most {
				return c, fmt.Errorf("%s must be a number from %d to %d", n.name, n.least, n.most)
			}
			*n.to = v
		}
	}
	for _, n := range []struct {
		name string
		to   **float64
	}{{"BEDROCK_TEMPERATURE", &c.Temperature}, {"BEDROCK_TOP_P", &c.TopP}} {
		if t := env[n.name]; t != "" {
			v, err := strconv.ParseFloat(t, 64)
			if err != nil || !(v >= 0 && v <= 2) {
				return c, fmt.Errorf("%s must be a number from 0 to 2", n.name)
			}
			*n.to = &v
		}
	}
	return c, nil
}
