package bedrockproxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/schemas"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go/transport/http/protocol/restjson1"
)

// stream answers one question while the answer is written. An error before anything is written is returned; later ones end the stream
// with a line that tells them.
func (s *server) stream(ctx context.Context, q question, accept string, w http.ResponseWriter) error {
	out := &writer{w: w, kind: "application/jsonlines"}
	switch {
	case strings.Contains(accept, "text/event-stream"):
		out.kind, out.before, out.after = "text/event-stream", "data: ", "\n"
	case strings.Contains(accept, "text/plain") && !s.Native:
		out.kind, out.letters = "text/plain; charset=utf-8", true
	}
	ask := s.converseStream
	if s.Native {
		ask = s.nativeStream
	}
	err := ask(ctx, q, out)
	if err == nil || !out.begun {
		return err
	}
	if !out.letters {
		_ = out.line(encode(map[string]any{"error": faultOf(err)}))
	}
	s.log("a stream broke off: %v", err)
	return nil
}

// writer writes the parts of an answer.
type writer struct {
	w                   http.ResponseWriter
	kind, before, after string
	letters, begun      bool
}

func (w *writer) write(text string) error {
	if !w.begun {
		w.begun = true
		w.w.Header().Set("Content-Type", w.kind)
	}
	if _, err := io.WriteString(w.w, text); err != nil {
		return err
	}
	return http.NewResponseController(w.w).Flush()
}

func (w *writer) line(b []byte) error { return w.write(w.before + string(b) + "\n" + w.after) }

// converseStream writes the events of ConverseStream as they are, or what is said in them as Hugging Face's containers write it.
func (s *server) converseStream(ctx context.Context, q question, w *writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var body io.ReadCloser
	_, err := s.client.ConverseStream(ctx, &bedrockruntime.ConverseStreamInput{ModelId: &s.Model}, apart, bedrockruntime.WithAPIOptions(send(encode(q.body)), keep(func(b io.ReadCloser) (io.ReadCloser, error) {
		body = b
		return http.NoBody, nil
	})))
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	var said said
	d, buffer := eventstream.NewDecoder(), make([]byte, 0, 4096)
	for {
		m, err := d.Decode(body, buffer)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("cannot read the answer: %w", err)
		}
		if name := header(m, ":exception-type"); name != "" {
			var told struct{ Message string }
			_ = json.Unmarshal(m.Payload, &told)
			return &fault{Status: http.StatusFailedDependency, Code: strings.ToUpper(name[:1]) + name[1:], Message: told.Message}
		}
		if err := said.event(header(m, ":event-type"), m.Payload, q.whole, w); err != nil {
			return err
		}
	}
	if !said.ended {
		return errors.New("the answer broke off")
	}
	if q.whole || w.letters {
		return nil
	}
	return w.line(encode(map[string]any{"generated_text": said.text, "stop_reason": said.reason, "usage": said.usage}))
}

// apart gives a stream a protocol of its own: the SDK's (smithy-go up to 1.28.9) keeps state that streams of one client write to together.
func apart(o *bedrockruntime.Options) {
	o.Protocol = restjson1.New(schemas.AmazonBedrockFrontendService)
}

func header(m eventstream.Message, name string) string {
	v := m.Headers.Get(name)
	if v == nil {
		return ""
	}
	return v.String()
}

// said is what a stream said so far.
type said struct {
	text, reason string
	usage        json.RawMessage
	ended        bool
}

func (s *said) event(name string, payload []byte, whole bool, w *writer) error {
	var e struct {
		Delta      struct{ Text string }
		StopReason string
		Usage      json.RawMessage
	}
	if err := json.Unmarshal(payload, &e); err != nil {
		return fmt.Errorf("cannot read the answer: %w", err)
	}
	switch name {
	case "messageStop":
		s.reason, s.ended = e.StopReason, true
	case "metadata":
		s.usage = e.Usage
	}
	s.text += e.Delta.Text
	switch {
	case w.letters:
		if e.Delta.Text != "" {
			return w.write(e.Delta.Text)
		}
	case whole:
		return w.line(encode(map[string]any{name: json.RawMessage(payload)}))
	case e.Delta.Text != "":
		return w.line(encode(map[string]any{"token": map[string]any{"text": e.Delta.Text}}))
	}
	return nil
}

// nativeStream writes the chunks of InvokeModelWithResponseStream as they are.
func (s *server) nativeStream(ctx context.Context, q question, w *writer) error {
	out, err := s.client.InvokeModelWithResponseStream(ctx, &bedrockruntime.InvokeModelWithResponseStreamInput{ModelId: &s.Model, Body: encode(q.body),
		GuardrailIdentifier: optional(s.Guardrail), GuardrailVersion: optional(s.GuardrailVersion), ContentType: aws.String("application/json")}, apart)
	if err != nil {
		return err
	}
	events := out.GetStream()
	defer func() { _ = events.Close() }()
	for e := range events.Events() {
		if chunk, ok := e.(*types.ResponseStreamMemberChunk); ok {
			if err := w.line(chunk.Value.Bytes); err != nil {
				return err
			}
		}
	}
	return events.Err()
}
