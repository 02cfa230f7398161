package bedrockruntime

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/atelier-studio/atelier/internal/engines/models"
	"github.com/atelier-studio/atelier/internal/wire"
)

// ConverseStream answers a conversation while the answer is written.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
func (s *Service) ConverseStream(ctx context.Context, in *bedrockruntime.ConverseStreamInput) (*bedrockruntime.ConverseStreamOutput,
	wire.Events[types.ConverseStreamOutput], error) {
	begin := time.Now()
	m, err := s.choose(ctx, in.ModelId)
	if err != nil {
		return nil, nil, err
	}
	var g *guard
	if c := in.GuardrailConfig; c != nil {
		if g, err = s.guard(ctx, c.GuardrailIdentifier, c.GuardrailVersion, c.Trace); err != nil {
			return nil, nil, err
		}
		g.after = c.StreamProcessingMode == types.GuardrailStreamProcessingModeAsync
	}
	talk := conversation{system: in.System, messages: in.Messages, tools: in.ToolConfig, inference: in.InferenceConfig, further: in.AdditionalModelRequestFields}
	if talk.messages, err = g.messages(ctx, talk.system, talk.messages); err != nil {
		return nil, nil, err
	}
	r, err := talk.request(ctx)
	if err != nil {
		return nil, nil, err
	}
	run, err := s.begin(ctx, m, r, g)
	if err != nil {
		return nil, nil, err
	}
	return &bedrockruntime.ConverseStreamOutput{}, func(send func(types.ConverseStreamOutput) error) error {
		w := &converseWriter{send: send, block: -1}
		a, err := run(w.part)
		if err != nil {
			return s.broken(ctx, m.name, err)
		}
		out := &types.ConverseStreamMetadataEvent{Usage: usage(a.Usage), Metrics: &types.ConverseStreamMetrics{LatencyMs: aws.Int64(time.Since(begin).Milliseconds())},
			PerformanceConfig: in.PerformanceConfig}
		if t := g.trace(); t != nil {
			out.Trace = &types.ConverseStreamTrace{Guardrail: t}
		}
		s.log(ctx, record{operation: "ConverseStream", model: m, input: in, output: message(a), usage: a.Usage, took: time.Since(begin)})
		return w.end(&types.MessageStopEvent{StopReason: stopReason(a.Stop), AdditionalModelResponseFields: pick(m, a, in.AdditionalModelResponseFieldPaths)}, out)
	}, nil
}

// begin starts an answer and waits for its first part, so that what fails before is an ordinary error. What is returned gives the
// parts on, and then the whole answer; it must be called, or ctx ended.
func (s *Service) begin(ctx context.Context, m chosen, r models.Request, g *guard) (func(models.Sink) (models.Answer, error), error) {
	if a := g.refusal(); a != nil {
		return func(sink models.Sink) (models.Answer, error) { return *a, sink(models.Part{Text: a.Text()}) }, nil
	}
	type ended struct {
		answer models.Answer
		err    error
	}
	within, cancel := context.WithCancel(ctx)
	parts, done := make(chan models.Part), make(chan ended, 1)
	go func() {
		filter := g.filter(within, func(p models.Part) error {
			select {
			case parts <- p:
				return nil
			case <-within.Done():
				return within.Err()
			}
		})
		a, err := m.Stream(within, r, filter.part)
		if err == nil {
			err = filter.end(&a)
		} else if filter.blocked() { // the model was told to stop
			err = filter.end(&a)
		}
		done <- ended{a, err}
		close(parts)
	}()
	first, some := <-parts
	if !some {
		e := <-done
		cancel()
		if e.err != nil {
			return nil, s.fault(ctx, m.name, e.err)
		}
		return func(models.Sink) (models.Answer, error) { return e.answer, nil }, nil
	}
	return func(sink models.Sink) (models.Answer, error) {
		defer cancel()
		for p := first; some; p, some = <-parts {
			if err := sink(p); err != nil {
				return models.Answer{}, err
			}
		}
		e := <-done
		return e.answer, e.err
	}, nil
}

// converseWriter writes the events of a stream.
type converseWriter struct {
	send  func(types.ConverseStreamOutput) error
	begun bool
	block int
}

func (w *converseWriter) part(p models.Part) error {
	if err := w.begin(); err != nil {
		return err
	}
	if p.Block != w.block {
		if err := w.stop(); err != nil {
			return err
		}
		w.block = p.Block
	}
	i := aws.Int32(int32(p.Block))
	switch {
	case p.Use != nil:
		return w.send(&types.ConverseStreamOutputMemberContentBlockStart{Value: types.ContentBlockStartEvent{ContentBlockIndex: i,
			Start: &types.ContentBlockStartMemberToolUse{Value: types.ToolUseBlockStart{ToolUseId: aws.String(p.Use.ID), Name: aws.String(p.Use.Name)}}}})
	case p.Input != "":
		return w.send(&types.ConverseStreamOutputMemberContentBlockDelta{Value: types.ContentBlockDeltaEvent{ContentBlockIndex: i,
			Delta: &types.ContentBlockDeltaMemberToolUse{Value: types.ToolUseBlockDelta{Input: aws.String(p.Input)}}}})
	}
	return w.send(&types.ConverseStreamOutputMemberContentBlockDelta{Value: types.ContentBlockDeltaEvent{ContentBlockIndex: i,
		Delta: &types.ContentBlockDeltaMemberText{Value: p.Text}}})
}

func (w *converseWriter) begin() error {
	if w.begun {
		return nil
	}
	w.begun = true
	return w.send(&types.ConverseStreamOutputMemberMessageStart{Value: types.MessageStartEvent{Role: types.ConversationRoleAssistant}})
}

func (w *converseWriter) stop() error {
	if w.block < 0 {
		return nil
	}
	return w.send(&types.ConverseStreamOutputMemberContentBlockStop{Value: types.ContentBlockStopEvent{ContentBlockIndex: aws.Int32(int32(w.block))}})
}

func (w *converseWriter) end(stop *types.MessageStopEvent, metadata *types.ConverseStreamMetadataEvent) error {
	if w.block < 0 { // an answer has a block, even when it says nothing
		if err := w.part(models.Part{}); err != nil {
			return err
		}
	}
	if err := w.stop(); err != nil {
		return err
	}
	if err := w.send(&types.ConverseStreamOutputMemberMessageStop{Value: *stop}); err != nil {
		return err
	}
	return w.send(&types.ConverseStreamOutputMemberMetadata{Value: *metadata})
}
