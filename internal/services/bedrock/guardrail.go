package bedrock

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"

	"github.com/atelier-studio/atelier/internal/engines/guardrail"
	"github.com/atelier-studio/atelier/internal/platform/foundation"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

const guardrails = "guardrail"

// CreateGuardrail makes a guardrail; it is a draft until a version of it is made.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateGuardrail.html
func (s *Service) CreateGuardrail(ctx context.Context, in *bedrock.CreateGuardrailInput) (out *bedrock.CreateGuardrailOutput, err error) {
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	k, now := here(ctx, newID()), s.Clock.Now()
	g := foundation.Guardrail{ID: k.ID, Version: foundation.Draft, Name: aws.ToString(in.Name), Description: aws.ToString(in.Description), Created: now, Updated: now,
		BlockedInput: aws.ToString(in.BlockedInputMessaging), BlockedOutput: aws.ToString(in.BlockedOutputsMessaging), KMSKey: aws.ToString(in.KmsKeyId), Tags: tags,
		Topics: in.TopicPolicyConfig, Content: in.ContentPolicyConfig, Words: in.WordPolicyConfig, Sensitive: in.SensitiveInformationPolicyConfig,
		Grounding: in.ContextualGroundingPolicyConfig}
	if err := checkGuardrail(g, in.AutomatedReasoningPolicyConfig != nil); err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientRequestToken, in, func() (*bedrock.CreateGuardrailOutput, error) {
			rows, err := s.Shelf.Guardrails.List(tx, store.Range{Account: k.Account, Region: k.Region})
			for _, r := range rows {
				if r.Value.Name == g.Name && r.Value.Version == foundation.Draft {
					return nil, conflict("Another guardrail in your account already has the name %s.", g.Name)
				}
			}
			if err != nil {
				return nil, err
			}
			return &bedrock.CreateGuardrailOutput{GuardrailId: aws.String(k.ID), GuardrailArn: aws.String(arnOf(k, guardrails)), Version: aws.String(g.Version), CreatedAt: &now},
				s.Shelf.Guardrails.Insert(tx, versioned(k, g.Version), g)
		})
		return reused(err)
	})
	return out, err
}

func versioned(k store.Key, version string) store.Key {
	k.ID += "/" + version
	return k
}

// checkGuardrail refuses what could not be applied.
func checkGuardrail(g foundation.Guardrail, reasoning bool) error {
	if reasoning {
		return invalid("Automated reasoning policies are not supported.")
	}
	if g.Topics == nil && g.Content == nil && g.Words == nil && g.Sensitive == nil && g.Grounding == nil {
		return invalid("The guardrail has no policy: at least one must be configured.")
	}
	if c := g.Grounding; c != nil {
		for _, f := range c.FiltersConfig {
			if t := aws.ToFloat64(f.Threshold); t < 0 || t >= 1 {
				return invalid("The threshold of contextual grounding must be from 0 to 0.99.")
			}
		}
	}
	if c := g.Content; c != nil {
		for _, f := range c.FiltersConfig {
			if f.Type == types.GuardrailContentFilterTypePromptAttack && f.OutputStrength != types.GuardrailFilterStrengthNone {
				return invalid("The output strength of PROMPT_ATTACK must be NONE.")
			}
		}
	}
	if _, err := guardrail.Compile(guardrail.PolicyOf(g), nil); err != nil {
		return invalid("The guardrail cannot be applied: %s.", err)
	}
	return nil
}

// find reads a version of a guardrail; "" is the draft.
func (s *Service) find(tx *store.Tx, k store.Key, version string) (foundation.Guardrail, error) {
	if version == "" {
		version = foundation.Draft
	}
	g, err := s.Shelf.Guardrails.Get(tx, versioned(k, version))
	return g, absent(err, missing("Guardrail %s does not exist in version %s.", k.ID, version))
}

// UpdateGuardrail changes the draft as a whole.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_UpdateGuardrail.html
func (s *Service) UpdateGuardrail(ctx context.Context, in *bedrock.UpdateGuardrailInput) (*bedrock.UpdateGuardrailOutput, error) {
	k, now := named(ctx, guardrails, aws.ToString(in.GuardrailIdentifier)), s.Clock.Now()
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		g, err := s.find(tx, k, "")
		if err != nil {
			return err
		}
		g.Name, g.Description, g.Updated = aws.ToString(in.Name), aws.ToString(in.Description), now
		g.BlockedInput, g.BlockedOutput, g.KMSKey = aws.ToString(in.BlockedInputMessaging), aws.ToString(in.BlockedOutputsMessaging), aws.ToString(in.KmsKeyId)
		g.Topics, g.Content, g.Words = in.TopicPolicyConfig, in.ContentPolicyConfig, in.WordPolicyConfig
		g.Sensitive, g.Grounding = in.SensitiveInformationPolicyConfig, in.ContextualGroundingPolicyConfig
		if err := checkGuardrail(g, in.AutomatedReasoningPolicyConfig != nil); err != nil {
			return err
		}
		return s.Shelf.Guardrails.Put(tx, versioned(k, g.Version), g)
	})
	return &bedrock.UpdateGuardrailOutput{GuardrailId: aws.String(k.ID), GuardrailArn: aws.String(arnOf(k, guardrails)), Version: aws.String(foundation.Draft), UpdatedAt: &now}, err
}

func (s *Service) updateGuardrailTargets(ctx context.Context, in *bedrock.UpdateGuardrailInput) ([]wire.Target, error) {
	return on(ctx, guardrails, in.GuardrailIdentifier)
}

// CreateGuardrailVersion keeps the draft as it is now.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateGuardrailVersion.html
func (s *Service) CreateGuardrailVersion(ctx context.Context, in *bedrock.CreateGuardrailVersionInput) (out *bedrock.CreateGuardrailVersionOutput, err error) {
	k, now := named(ctx, guardrails, aws.ToString(in.GuardrailIdentifier)), s.Clock.Now()
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientRequestToken, in, func() (*bedrock.CreateGuardrailVersionOutput, error) {
			g, err := s.find(tx, k, "")
			if err != nil {
				return nil, err
			}
			g.Next++
			if err := s.Shelf.Guardrails.Put(tx, versioned(k, foundation.Draft), g); err != nil {
				return nil, err
			}
			g.Version, g.Created, g.Updated = strconv.Itoa(g.Next), now, now
			if in.Description != nil {
				g.Description = *in.Description
			}
			return &bedrock.CreateGuardrailVersionOutput{GuardrailId: aws.String(k.ID), Version: aws.String(g.Version)}, s.Shelf.Guardrails.Insert(tx, versioned(k, g.Version), g)
		})
		return reused(err)
	})
	return out, err
}

func (s *Service) createGuardrailVersionTargets(ctx context.Context, in *bedrock.CreateGuardrailVersionInput) ([]wire.Target, error) {
	return on(ctx, guardrails, in.GuardrailIdentifier)
}

// DeleteGuardrail removes a version, or the guardrail with all of them.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_DeleteGuardrail.html
func (s *Service) DeleteGuardrail(ctx context.Context, in *bedrock.DeleteGuardrailInput) (*bedrock.DeleteGuardrailOutput, error) {
	k := named(ctx, guardrails, aws.ToString(in.GuardrailIdentifier))
	return &bedrock.DeleteGuardrailOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		if v := aws.ToString(in.GuardrailVersion); v != "" {
			if v == foundation.Draft {
				return invalid("The draft cannot be deleted alone.")
			}
			return absent(s.Shelf.Guardrails.Delete(tx, versioned(k, v)), missing("Guardrail %s does not exist in version %s.", k.ID, v))
		}
		if _, err := s.find(tx, k, ""); err != nil {
			return err
		}
		rows, err := s.Shelf.Guardrails.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + "/"})
		for _, r := range rows {
			err = errors.Join(err, s.Shelf.Guardrails.Delete(tx, r.Key))
		}
		return err
	})
}

func (s *Service) deleteGuardrailTargets(ctx context.Context, in *bedrock.DeleteGuardrailInput) ([]wire.Target, error) {
	return on(ctx, guardrails, in.GuardrailIdentifier)
}

// ListGuardrails lists the drafts, or the versions of one guardrail.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListGuardrails.html
func (s *Service) ListGuardrails(ctx context.Context, in *bedrock.ListGuardrailsInput) (*bedrock.ListGuardrailsOutput, error) {
	of, prefix := here(ctx, ""), ""
	if id := aws.ToString(in.GuardrailIdentifier); id != "" {
		of = named(ctx, guardrails, id)
		prefix = of.ID + "/"
	}
	var rows []store.Row[foundation.Guardrail]
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = s.Shelf.Guardrails.List(tx, store.Range{Account: of.Account, Region: of.Region, Prefix: prefix})
		return err
	}); err != nil {
		return nil, err
	}
	if prefix != "" && len(rows) == 0 {
		return nil, missing("Guardrail %s does not exist.", of.ID)
	}
	list := []store.Row[foundation.Guardrail]{}
	for _, r := range rows {
		if prefix != "" || strings.HasSuffix(r.Key.ID, "/"+foundation.Draft) {
			list = append(list, r)
		}
	}
	list, next, err := page(ctx, list, func(r store.Row[foundation.Guardrail]) string { return r.Key.ID }, in.MaxResults, in.NextToken)
	out := &bedrock.ListGuardrailsOutput{Guardrails: []types.GuardrailSummary{}, NextToken: next}
	for _, r := range list {
		g := r.Value
		k := r.Key
		k.ID = g.ID
		out.Guardrails = append(out.Guardrails, types.GuardrailSummary{Id: aws.String(g.ID), Arn: aws.String(arnOf(k, guardrails)), Name: aws.String(g.Name), Version: aws.String(g.Version),
			Status: types.GuardrailStatusReady, Description: filled(g.Description), CreatedAt: &g.Created, UpdatedAt: &g.Updated})
	}
	return out, err
}
