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
	rails     sync.Map // compiled guardrails
	railCount atomic.Int32
	logs      chan logged
}

// New makes the service.
func New(c Config) *Service {
	return &Service{Config: c, logs: make(chan logged, maxLogged)}
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

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.ApplyGuardrail, wire.On(s.applyGuardrailTargets), wire.Data()),
		wire.Op(s.Converse, wire.On(s.converseTargets), wire.Data()),
		wire.StreamOp[bedrockruntime.ConverseStreamInput, bedrockruntime.ConverseStreamOutput, types.ConverseStreamOutput](s.ConverseStream,
			wire.On(s.converseStreamTargets), wire.Data()),
		wire.Op(s.CountTokens, wire.On(s.countTokensTargets), wire.Data()),
		wire.Op(s.InvokeModel, wire.On(s.invokeModelTargets), wire.Data()),
		wire.StreamOp[bedrockruntime.InvokeModelWithResponseStreamInput, bedrockruntime.InvokeModelWithResponseStreamOutput, types.ResponseStream](
			s.InvokeModelWithResponseStream, wire.On(s.invokeModelWithResponseStreamTargets), wire.Data()),
	}
}
