package bedrock

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"

	"github.com/atelier-studio/atelier/internal/engines/models/library"
	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/foundation"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/atelier-studio/atelier/internal/wire/codec"
)

// principal is the service as roles trust it.
const principal = "bedrock.amazonaws.com"

// Config is what the service needs.
type Config struct {
	Store   *store.Store
	Shelf   *foundation.Shelf
	Library *library.Library
	Clients *delivery.Clients
	Jobs    *jobs.Runner
	Clock   clock.Clock
	Dir     string // for batches on their way
}

// Service is Bedrock's management.
type Service struct {
	Config
	tokens  *wire.Tokens
	batches *store.Table[batch]
	imports *store.Table[importJob]
}

// New makes the service and defines its jobs.
func New(c Config) *Service {
	s := &Service{Config: c, tokens: wire.NewTokens(c.Store, c.Clock), batches: store.NewTable[batch](c.Store, "bedrock_batch"),
		imports: store.NewTable[importJob](c.Store, "bedrock_import")}
	jobs.Define(c.Jobs, jobBatch, s.runBatch)
	jobs.Define(c.Jobs, jobImport, s.runImport)
	return s
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "bedrock" }

// Codec tells of the API's unions.
func (*Service) Codec() []codec.Option { return []codec.Option{codec.Unions(unions()...)} }

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.CreateGuardrail),
		wire.Op(s.CreateGuardrailVersion, wire.On(s.createGuardrailVersionTargets)),
		wire.Op(s.CreateInferenceProfile),
		wire.Op(s.CreateModelImportJob, wire.On(s.createModelImportJobTargets)),
		wire.Op(s.CreateModelInvocationJob, wire.On(s.createModelInvocationJobTargets)),
		wire.Op(s.CreateProvisionedModelThroughput),
		wire.Op(s.DeleteGuardrail, wire.On(s.deleteGuardrailTargets)),
		wire.Op(s.DeleteImportedModel, wire.On(s.deleteImportedModelTargets)),
		wire.Op(s.DeleteInferenceProfile, wire.On(s.deleteInferenceProfileTargets)),
		wire.Op(s.DeleteModelInvocationLoggingConfiguration),
		wire.Op(s.DeleteProvisionedModelThroughput, wire.On(s.deleteProvisionedModelThroughputTargets)),
		wire.Op(s.GetFoundationModel, wire.On(s.getFoundationModelTargets)),
		wire.Op(s.GetGuardrail, wire.On(s.getGuardrailTargets)),
		wire.Op(s.GetImportedModel, wire.On(s.getImportedModelTargets)),
		wire.Op(s.GetInferenceProfile, wire.On(s.getInferenceProfileTargets)),
		wire.Op(s.GetModelImportJob, wire.On(s.getModelImportJobTargets)),
		wire.Op(s.GetModelInvocationJob, wire.On(s.getModelInvocationJobTargets)),
		wire.Op(s.GetModelInvocationLoggingConfiguration),
		wire.Op(s.GetProvisionedModelThroughput, wire.On(s.getProvisionedModelThroughputTargets)),
		wire.Op(s.ListFoundationModels),
		wire.Op(s.ListGuardrails),
		wire.Op(s.ListImportedModels),
		wire.Op(s.ListInferenceProfiles),
		wire.Op(s.ListModelImportJobs),
		wire.Op(s.ListModelInvocationJobs),
		wire.Op(s.ListProvisionedModelThroughputs),
		wire.Op(s.ListTagsForResource, wire.On(s.listTagsForResourceTargets)),
		wire.Op(s.PutModelInvocationLoggingConfiguration, wire.On(s.putModelInvocationLoggingConfigurationTargets)),
		wire.Op(s.StopModelInvocationJob, wire.On(s.stopModelInvocationJobTargets)),
		wire.Op(s.TagResource, wire.On(s.tagResourceTargets)),
		wire.Op(s.UntagResource, wire.On(s.untagResourceTargets)),
		wire.Op(s.UpdateGuardrail, wire.On(s.updateGuardrailTargets)),
		wire.Op(s.UpdateProvisionedModelThroughput, wire.On(s.updateProvisionedModelThroughputTargets)),
	}
}

func invalid(format string, args ...any) error {
	return &types.ValidationException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func missing(format string, args ...any) error {
	return &types.ResourceNotFoundException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func conflict(format string, args ...any) error {
	return &types.ConflictException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// absent turns "not found" into the given error.
func absent(err, instead error) error {
	if errors.Is(err, store.ErrNotFound) {
		return instead
	}
	return err
}

func reused(err error) error {
	if errors.Is(err, wire.ErrTokenReused) {
		return conflict("The client request token was used with other parameters.")
	}
	return err
}

// here is the key of something of the caller's.
func here(ctx context.Context, id string) store.Key {
	call := wire.CallOf(ctx)
	return store.Key{Account: call.Account(), Region: call.Region, ID: id}
}

// arnOf is the ARN of something of the caller's kind of resource.
func arnOf(k store.Key, kind string) string {
	return arn.New("bedrock", k.Region, k.Account, kind+"/"+k.ID)
}

// named reads the id of a resource out of an identifier, which is an id or an ARN of the kind.
func named(ctx context.Context, kind, identifier string) store.Key {
	a, err := arn.Parse(identifier)
	if err != nil {
		return here(ctx, identifier)
	}
	if len(a.Resource) <= len(kind)+1 || a.Resource[:len(kind)+1] != kind+"/" {
		return here(ctx, identifier) // which nothing has
	}
	return store.Key{Account: a.Account, Region: a.Region, ID: a.Resource[len(kind)+1:]}
}

// on is the target of an operation on one resource.
func on(ctx context.Context, kind string, identifier *string) ([]wire.Target, error) {
	k := named(ctx, kind, aws.ToString(identifier))
	return []wire.Target{{Resource: arnOf(k, kind)}}, nil
}

func passRole(role *string) wire.Target {
	return wire.Target{Action: "iam:PassRole", Resource: aws.ToString(role), Context: authz.Context{"iam:PassedToService": {principal}}}
}

// pageSize is how much a list answers when nothing is asked for.
const pageSize = 100

func page[T any](ctx context.Context, list []T, key func(T) string, limit *int32, token *string) ([]T, *string, error) {
	size := pageSize
	if limit != nil && *limit > 0 {
		size = int(*limit)
	}
	list, next, err := wire.Page(ctx, list, key, size, token)
	if err != nil {
		err = invalid("The nextToken is not valid.")
	}
	return list, next, err
}

func filled(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
