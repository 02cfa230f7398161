package llamacpp

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/ardanlabs/jinja"

	"github.com/atelier-studio/atelier/internal/engines/models"
	"github.com/atelier-studio/atelier/internal/engines/models/gguf"
)

// chatML is for models that bring no template.
const chatML = `{% for m in messages %}<|im_start|>{{ m['role'] }}
{{ m['content'] }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`

// maxTemplate bounds the template of a file, in bytes.
const maxTemplate = 256 << 10

// template writes conversations as the model was taught to read them.
type template struct {
	t     *jinja.Template
	tools bool // it knows how to write tools itself
}

func newTemplate(h *gguf.Header) (*template, error) {
	source := h.Text("tokenizer.chat_template")
	if source == "" {
		source = chatML
	}
	if len(source) > maxTemplate {
		return nil, fmt.Errorf("cannot read template: it is longer than %d bytes", maxTemplate)
	}
	t, err := jinja.Compile(source)
	if err != nil {
		return nil, fmt.Errorf("cannot read template: %w", err)
	}
	return &template{t: t, tools: strings.Contains(source, "tools")}, nil
}

// piece is a part of a prompt: what the template wrote, or what somebody said.
type piece struct {
	text string
	said bool
}

// mark stands for what somebody said while a template is at work. The characters around the number are for private use.
func mark(n int) string { return fmt.Sprintf("\uE0F1%d\uE0F2", n) }

var marks = regexp.MustCompile("\uE0F1([0-9]{1,9})\uE0F2")

// prompt is what the model continues. What holds one of the model's own marks is kept apart from what the template writes, so
// that nobody can speak in another's name.
func (t *template) prompt(r models.Request, e *engine) ([]piece, error) {
	for _, turn := range r.Turns {
		for _, c := range turn.Content {
			if c.Image != nil {
				return nil, models.Errorf(models.Invalid, "This model doesn't support the image content block that you provided.")
			}
		}
	}
	if r.Turns == nil {
		return []piece{{text: r.Prompt}}, nil // whose caller writes the marks
	}
	list := t.messages(r)
	said := t.keepApart(list, e.controls)
	data := map[string]any{"messages": list, "add_generation_prompt": true, "bos_token": e.first, "eos_token": e.last}
	if t.tools && len(r.Tools) > 0 {
		data["tools"] = toolList(r.Tools)
	}
	if last := r.Turns[len(r.Turns)-1]; last.Role == models.Assistant {
		data["add_generation_prompt"] = false
	}
	text, err := t.t.Render(data)
	if err != nil {
		return nil, &models.Error{Kind: models.Invalid, Text: "The conversation does not fit the chat template of the model.", Cause: err}
	}
	return cut(text, said), nil
}

// keepApart puts marks in the place of contents that hold one of the model's own, and gives these contents.
func (t *template) keepApart(messages []any, controls []string) (said []string) {
	for _, m := range messages {
		m := m.(map[string]any)
		text, _ := m["content"].(string)
		if at, _ := first(text, controls); at >= 0 || marks.MatchString(text) {
			m["content"] = mark(len(said))
			said = append(said, text)
		}
	}
	return said
}

// cut cuts a prompt where the marks are.
func cut(text string, said []string) []piece {
	var list []piece
	at := 0
	for _, m := range marks.FindAllStringSubmatchIndex(text, -1) {
		n, err := strconv.Atoi(text[m[2]:m[3]])
		if err != nil || n >= len(said) {
			continue
		}
		list = append(list, piece{text: text[at:m[0]]}, piece{said[n], true})
		at = m[1]
	}
	return append(list, piece{text: text[at:]})
}

func (t *template) messages(r models.Request) []any {
	var list []any
	system := r.System
	if len(r.Tools) > 0 && !t.tools {
		system = strings.TrimLeft(system+"\n\n", "\n") + instructions(r.Tools)
	}
	if system != "" {
		list = append(list, map[string]any{"role": "system", "content": system})
	}
	for _, turn := range r.Turns {
		list = append(list, t.message(turn)...)
	}
	return list
}

// message writes a turn. The results of tools are messages of their own where the template knows tools.
func (t *template) message(turn models.Turn) (list []any) {
	var text strings.Builder
	var calls []any
	for _, c := range turn.Content {
		switch {
		case c.Use != nil && t.tools:
			var input any
			_ = json.Unmarshal(c.Use.Input, &input) // it came from JSON
			calls = append(calls, map[string]any{"id": c.Use.ID, "type": "function",
				"function": map[string]any{"name": c.Use.Name, "arguments": input}})
		case c.Use != nil:
			fmt.Fprintf(&text, "<tool_call>\n{\"name\": %q, \"arguments\": %s}\n</tool_call>", c.Use.Name, c.Use.Input)
		case c.Result != nil && t.tools:
			list = append(list, map[string]any{"role": "tool", "tool_call_id": c.Result.ID, "content": c.Result.Text})
		case c.Result != nil:
			fmt.Fprintf(&text, "<tool_response>\n%s\n</tool_response>", c.Result.Text)
		default:
			text.WriteString(c.Text)
		}
	}
	if text.Len() == 0 && calls == nil && list != nil {
		return list
	}
	m := map[string]any{"role": string(turn.Role), "content": text.String()}
	if calls != nil {
		m["tool_calls"] = calls
	}
	return append(list, m)
}

func toolList(tools []models.Tool) []any {
	var list []any
	for _, t := range tools {
		var schema any
		_ = json.Unmarshal(t.Schema, &schema)
		list = append(list, map[string]any{"type": "function",
			"function": map[string]any{"name": t.Name, "description": t.Description, "parameters": schema}})
	}
	return list
}

// instructions tell a model of tools whose template does not know them.
func instructions(tools []models.Tool) string {
	var b strings.Builder
	b.WriteString("You can call functions. Their signatures are within <tools></tools>:\n<tools>\n")
	for _, t := range toolList(tools) {
		line, err := json.Marshal(t)
		if err != nil {
			continue // it was made of JSON
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	b.WriteString("</tools>\nTo call one, answer with its name and arguments as JSON:\n<tool_call>\n{\"name\": \"...\", \"arguments\": {}}\n</tool_call>")
	return b.String()
}
