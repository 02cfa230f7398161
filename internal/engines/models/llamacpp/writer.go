package llamacpp

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

// callMarks are what models begin a call of a tool with.
var callMarks = []string{"<tool_call>", "[TOOL_CALLS]", "<|python_tag|>"}

// writer turns pieces of text into parts of an answer. It keeps back what may become a stop sequence, a tool call or a character.
type writer struct {
	sink  models.Sink
	stops []string
	tools bool // calls are looked for

	kept     string // not given on yet
	said     strings.Builder
	calling  bool // kept is a call, as far as it was written
	sequence string
}

func newWriter(r models.Request, sink models.Sink) *writer {
	w := &writer{sink: sink, tools: len(r.Tools) > 0}
	for _, s := range r.Sampling.Stop {
		if s != "" {
			w.stops = append(w.stops, s)
		}
	}
	return w
}

// write takes a piece. done means that a stop sequence came.
func (w *writer) write(piece string) (done bool, err error) {
	w.kept += piece
	if at, s := first(w.kept, w.stops); at >= 0 && !w.calling {
		w.kept, w.sequence = w.kept[:at], s
		return true, nil
	}
	if w.calling {
		return false, nil
	}
	marks := w.marks()
	if at, _ := first(w.kept, marks); at >= 0 {
		if err := w.say(w.kept[:at]); err != nil {
			return false, err
		}
		w.kept, w.calling = w.kept[at:], true
		return false, nil
	}
	n := len(w.kept) - incomplete(w.kept)
	n = min(n, len(w.kept)-held(w.kept, w.stops), len(w.kept)-held(w.kept, marks))
	if w.tools && w.said.Len() == 0 && strings.HasPrefix(strings.TrimLeft(w.kept, " \n"), "{") {
		w.calling = true // some models write a call as nothing but its JSON
		return false, nil
	}
	text := w.kept[:n]
	w.kept = w.kept[n:]
	return false, w.say(text)
}

func (w *writer) marks() []string {
	if w.tools {
		return callMarks
	}
	return nil
}

func (w *writer) say(text string) error {
	if text == "" {
		return nil
	}
	w.said.WriteString(text)
	if w.sink == nil {
		return nil
	}
	return w.sink(models.Part{Text: text})
}

// finish gives on what was kept, and the whole answer.
func (w *writer) finish(stop models.Stop, u models.Usage) (models.Answer, error) {
	a := models.Answer{Stop: stop, Usage: u, Sequence: w.sequence}
	if w.sequence != "" {
		a.Stop = models.AtSequence
	}
	var calls []models.ToolUse
	if w.calling {
		if calls = parseCalls(w.kept); len(calls) > 0 {
			w.kept = ""
		}
	}
	if err := w.say(strings.ToValidUTF8(w.kept, "\uFFFD")); err != nil {
		return a, err
	}
	if text := w.said.String(); text != "" || len(calls) == 0 {
		a.Content = append(a.Content, models.Content{Text: text})
	}
	for _, c := range calls {
		c.ID = "tooluse_" + strings.ReplaceAll(uuid.NewString(), "-", "")[:22]
		if w.sink != nil {
			use := c
			use.Input = nil
			if err := w.sink(models.Part{Block: len(a.Content), Use: &use}); err != nil {
				return a, err
			}
			if err := w.sink(models.Part{Block: len(a.Content), Input: string(c.Input)}); err != nil {
				return a, err
			}
		}
		a.Content = append(a.Content, models.Content{Use: &c})
		if a.Stop != models.MaxTokens {
			a.Stop = models.CallTools
		}
	}
	return a, nil
}

// first finds the first of some texts in s.
func first(s string, texts []string) (at int, text string) {
	at = -1
	for _, t := range texts {
		if i := strings.Index(s, t); i >= 0 && (at < 0 || i < at) {
			at, text = i, t
		}
	}
	return at, text
}

// held is how many bytes at the end of s may be the beginning of one of texts.
func held(s string, texts []string) int {
	most := 0
	for _, t := range texts {
		for n := min(len(t)-1, len(s)); n > most; n-- {
			if strings.HasSuffix(s, t[:n]) {
				most = n
				break
			}
		}
	}
	return most
}

// incomplete is how many bytes at the end of s are the beginning of a character.
func incomplete(s string) int {
	for n := 1; n <= min(utf8.UTFMax-1, len(s)); n++ {
		c := s[len(s)-n]
		if utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRuneInString(s[len(s)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// parseCalls reads the calls that a model wrote. What cannot be read is no call.
func parseCalls(s string) []models.ToolUse {
	var calls []models.ToolUse
	for tries := 0; tries < 256 && len(calls) < 64; tries++ {
		at := strings.IndexAny(s, "{[")
		if at < 0 {
			return calls
		}
		d := json.NewDecoder(strings.NewReader(s[at:]))
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			if s = s[at+1:]; strings.HasPrefix(s, "TOOL_CALLS]") {
				s = s[len("TOOL_CALLS]"):]
			}
			continue
		}
		s = s[at+int(d.InputOffset()):]
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			list = []json.RawMessage{raw}
		}
		for _, one := range list {
			if c, ok := parseCall(one); ok {
				calls = append(calls, c)
			}
		}
	}
	return calls
}

func parseCall(raw json.RawMessage) (models.ToolUse, bool) {
	var c struct {
		Name       string          `json:"name"`
		Arguments  json.RawMessage `json:"arguments"`
		Parameters json.RawMessage `json:"parameters"`
	}
	if json.Unmarshal(raw, &c) != nil || c.Name == "" {
		return models.ToolUse{}, false
	}
	input := c.Arguments
	if input == nil {
		input = c.Parameters
	}
	if len(input) > 0 && input[0] == '"' { // some write the arguments as a text that holds JSON
		if text, err := strconv.Unquote(string(input)); err == nil && json.Valid([]byte(text)) {
			input = json.RawMessage(text)
		}
	}
	if len(input) == 0 || input[0] != '{' {
		input = json.RawMessage("{}")
	}
	return models.ToolUse{Name: c.Name, Input: input}, true
}
