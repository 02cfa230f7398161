package bedrockruntime

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/atelier-studio/atelier/internal/engines/models"
	"github.com/atelier-studio/atelier/internal/engines/models/library"
	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/foundation"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// These are the actions that IAM knows: Converse has none of its own.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
const (
	invoke       = "bedrock:InvokeModel"
	invokeStream = "bedrock:InvokeModelWithResponseStream"
	count        = "bedrock:CountTokens"
	apply        = "bedrock:ApplyGuardrail"
)

func (s *Service) converseTargets(ctx context.Context, in *bedrockruntime.ConverseInput) ([]wire.Target, error) {
	list, err := s.on(ctx, invoke, in.ModelId)
	if g := in.GuardrailConfig; g != nil && err == nil {
		list = append(list, onGuardrail(ctx, g.GuardrailIdentifier)...)
	}
	return list, err
}

func (s *Service) converseStreamTargets(ctx context.Context, in *bedrockruntime.ConverseStreamInput) ([]wire.Target, error) {
	list, err := s.on(ctx, invokeStream, in.ModelId)
	if g := in.GuardrailConfig; g != nil && err == nil {
		list = append(list, onGuardrail(ctx, g.GuardrailIdentifier)...)
	}
	return list, err
}

func (s *Service) invokeModelTargets(ctx context.Context, in *bedrockruntime.InvokeModelInput) ([]wire.Target, error) {
	list, err := s.on(ctx, invoke, in.ModelId)
	return append(list, onGuardrail(ctx, in.GuardrailIdentifier)...), err
}

func (s *Service) invokeModelWithResponseStreamTargets(ctx context.Context, in *bedrockruntime.InvokeModelWithResponseStreamInput) ([]wire.Target, error) {
	list, err := s.on(ctx, invokeStream, in.ModelId)
	return append(list, onGuardrail(ctx, in.GuardrailIdentifier)...), err
}

func (s *Service) countTokensTargets(ctx context.Context, in *bedrockruntime.CountTokensInput) ([]wire.Target, error) {
	return s.on(ctx, count, in.ModelId)
}

// on names what a call of a model touches: the model, and what leads to it.
func (s *Service) on(ctx context.Context, action string, identifier *string) ([]wire.Target, error) {
	call, id := wire.CallOf(ctx), aws.ToString(identifier)
	m, err := s.resolve(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		m.ARNs = []string{id}
	case errors.Is(err, foundation.ErrIdentifier):
		return nil, invalid("The provided model identifier is invalid.")
	case err != nil:
		return nil, err
	}
	var list []wire.Target
	for _, a := range m.ARNs {
		list = append(list, wire.Target{Action: action, Resource: a})
	}
	if to, ok := s.profiled(m.ID); ok && m.Imported == nil { // the profile of the system and its model
		list = append(list, wire.Target{Action: action, Resource: foundation.ModelARN(call.Region, to)})
		if len(m.ARNs) == 1 && !strings.HasPrefix(id, "arn:") {
			list[0].Resource = arn.New("bedrock", call.Region, call.Account(), "inference-profile/"+id)
		}
	}
	return list, nil
}

// resolve finds what an identifier stands for. Nothing is read for one that is no ARN.
func (s *Service) resolve(ctx context.Context, id string) (m foundation.Model, err error) {
	call := wire.CallOf(ctx)
	if !strings.HasPrefix(id, "arn:") {
		return s.Shelf.Resolve(nil, call.Account(), call.Region, id)
	}
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		m, err = s.Shelf.Resolve(tx, call.Account(), call.Region, id)
		return err
	})
	return m, err
}

// profiled tells whether an id is that of a profile, and of which model.
func (s *Service) profiled(id string) (string, bool) {
	e, ok := s.Library.Find(id)
	return e.ID, ok && e.ID != id
}

func onGuardrail(ctx context.Context, identifier *string) []wire.Target {
	if aws.ToString(identifier) == "" {
		return nil
	}
	return []wire.Target{{Action: apply, Resource: guardrailARN(ctx, *identifier)}}
}

// guardrailARN is the ARN of a guardrail that is named by id or ARN.
func guardrailARN(ctx context.Context, identifier string) string {
	if strings.HasPrefix(identifier, "arn:") {
		return identifier
	}
	call := wire.CallOf(ctx)
	return arn.New("bedrock", call.Region, call.Account(), "guardrail/"+identifier)
}

// chosen is the model that a call is for.
type chosen struct {
	models.Model
	name   string // as the caller said it
	family string
}

// choose finds the model that a caller names.
func (s *Service) choose(ctx context.Context, identifier *string) (chosen, error) {
	id := aws.ToString(identifier)
	m, err := s.resolve(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return chosen{}, &types.ResourceNotFoundException{Message: aws.String("Could not resolve the foundation model from the model identifier: " + id)}
	}
	if err != nil {
		return chosen{}, err
	}
	e := library.Entry{}
	ok := false
	if m.Imported != nil {
		e, ok = library.Entry{ID: id, Driver: "llamacpp", File: m.Imported.File, Family: m.Imported.Family}, true
	} else {
		e, ok = s.Library.Find(m.ID)
	}
	if !ok && versions.MatchString(m.ID) { // amazon.titan-text-express-v1:0:8k is the same model with another context
		e, ok = s.Library.Find(versions.ReplaceAllString(m.ID, "$1"))
	}
	if !ok {
		return chosen{}, invalid("The provided model identifier is invalid.")
	}
	model, err := s.Library.Open(e)
	if err != nil {
		return chosen{}, s.fault(ctx, id, err)
	}
	return chosen{Model: model, name: id, family: e.FamilyOf()}, nil
}

var versions = regexp.MustCompile(`^(.+:[0-9]+):[0-9a-z]+$`)
