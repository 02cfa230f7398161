package bedrockruntime

import (
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/atelier-studio/atelier/internal/engines/models/library"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/foundation"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/loglines"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/atelier-studio/atelier/internal/wire/codec"
)

// Config is what the service needs.
type Config struct {
	Store   *store.Store
	Shelf   *foundation.Shelf
	Library *library.Library
	Clients *delivery.Clients
	Jobs    *jobs.Runner
	Lines   *loglines.Shipper
	Metrics metrics.Recorder
	Clock   clock.Clock
	Logger  *slog.Logger
}

// maxRails is how many compiled guardrails are kept.
const maxRails = 256

// Service is Bedrock's runtime.
type Service struct {
	Config
	tokens    *wire.Tokens
	rails     sync.Map // compiled guardrails
	railCount atomic.Int32
	logs      chan logged
	asyncs    chan struct{} // as many as may be under way
}

// New makes the service and defines its jobs.
func New(c Config) *Service {
	s := &Service{Config: c, tokens: wire.NewTokens(c.Store, c.Clock), logs: make(chan logged, maxLogged), asyncs: make(chan struct{}, asyncWidth)}
	jobs.Define(c.Jobs, jobAsync, s.runAsync)
	return s
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "bedrock-runtime" }

// Codec tells of the API's documents and unions.
func (*Service) Codec() []codec.Option {
	return []codec.Option{
		codec.Documents(func(v any) any { return document.NewLazyDocument(v) }),
		codec.Unions(unions()...),
	}
}

// Ops lists the operations. The trail has those that CloudTrail calls management events, as it has them: with the model, and
// without what is said.
// Source: https://docs.aws.amazon.com/bedrock/latest/userguide/logging-using-cloudtrail.html
func (s *Service) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.ApplyGuardrail, wire.On(s.applyGuardrailTargets), wire.Data(), wire.Shows(func(in *bedrockruntime.ApplyGuardrailInput) *bedrockruntime.ApplyGuardrailInput {
			return &bedrockruntime.ApplyGuardrailInput{GuardrailIdentifier: in.GuardrailIdentifier, GuardrailVersion: in.GuardrailVersion, Source: in.Source}
		})),
		wire.Op(s.Converse, wire.On(s.converseTargets), wire.Recorded(), wire.Shows(func(in *bedrockruntime.ConverseInput) *bedrockruntime.ConverseInput {
			return &bedrockruntime.ConverseInput{ModelId: in.ModelId}
		})),
		wire.StreamOp[bedrockruntime.ConverseStreamInput, bedrockruntime.ConverseStreamOutput, types.ConverseStreamOutput](s.ConverseStream,
			wire.On(s.converseStreamTargets), wire.Recorded(), wire.Shows(func(in *bedrockruntime.ConverseStreamInput) *bedrockruntime.ConverseStreamInput {
				return &bedrockruntime.ConverseStreamInput{ModelId: in.ModelId}
			})),
		wire.Op(s.CountTokens, wire.On(s.countTokensTargets), wire.Data(), wire.Shows(func(in *bedrockruntime.CountTokensInput) *bedrockruntime.CountTokensInput {
			return &bedrockruntime.CountTokensInput{ModelId: in.ModelId}
		})),
		wire.Op(s.GetAsyncInvoke, wire.On(s.getAsyncInvokeTargets), wire.Data()),
		wire.Op(s.InvokeModel, wire.On(s.invokeModelTargets), wire.Recorded(), wire.Shows(func(in *bedrockruntime.InvokeModelInput) *bedrockruntime.InvokeModelInput {
			return &bedrockruntime.InvokeModelInput{ModelId: in.ModelId}
		})),
		wire.StreamOp[bedrockruntime.InvokeModelWithResponseStreamInput, bedrockruntime.InvokeModelWithResponseStreamOutput, types.ResponseStream](
			s.InvokeModelWithResponseStream, wire.On(s.invokeModelWithResponseStreamTargets), wire.Recorded(),
			wire.Shows(func(in *bedrockruntime.InvokeModelWithResponseStreamInput) *bedrockruntime.InvokeModelWithResponseStreamInput {
				return &bedrockruntime.InvokeModelWithResponseStreamInput{ModelId: in.ModelId}
			})),
		wire.Op(s.ListAsyncInvokes, wire.Recorded()),
		wire.Op(s.StartAsyncInvoke, wire.On(s.startAsyncInvokeTargets), wire.Data(), wire.Shows(func(in *bedrockruntime.StartAsyncInvokeInput) *bedrockruntime.StartAsyncInvokeInput {
			return &bedrockruntime.StartAsyncInvokeInput{ModelId: in.ModelId, OutputDataConfig: in.OutputDataConfig, ClientRequestToken: in.ClientRequestToken, Tags: in.Tags}
		})),
	}
}
