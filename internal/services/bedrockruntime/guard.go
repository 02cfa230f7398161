package bedrockruntime

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/atelier-studio/atelier/internal/engines/guardrail"
	"github.com/atelier-studio/atelier/internal/engines/models"
	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/foundation"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// intervened ends an answer that a guardrail blocked or changed.
const intervened models.Stop = "guardrail_intervened"

// guard is a guardrail in a call. A nil guard lets everything through.
type guard struct {
	rail  *guardrail.Guardrail
	kept  foundation.Guardrail
	told  types.GuardrailTrace
	after bool // a stream is given on at once and judged afterwards

	by      guardrail.Context
	refused *models.Answer
	input   assessment
	outputs []assessment
	wrote   []string // what the model wrote
}

// assessment is what came of one side.
type assessment struct {
	result guardrail.Result
	chars  int
	took   time.Duration
	made   bool
}

var errGuardrail = errors.New("guardrail does not exist")

// guard finds the guardrail of a call of a model.
func (s *Service) guard(ctx context.Context, identifier, version *string, trace types.GuardrailTrace) (*guard, error) {
	g, err := s.openGuard(ctx, aws.ToString(identifier), aws.ToString(version))
	if errors.Is(err, errGuardrail) {
		return nil, invalid("The guardrail identifier or version provided in the request does not exist.")
	}
	if err != nil {
		return nil, err
	}
	g.told = trace
	return g, nil
}

func (s *Service) openGuard(ctx context.Context, identifier, version string) (*guard, error) {
	a, err := arn.Parse(guardrailARN(ctx, identifier))
	id, ok := strings.CutPrefix(a.Resource, "guardrail/")
	if err != nil || !ok || a.Service != "bedrock" {
		return nil, errGuardrail
	}
	if version == "" {
		version = foundation.Draft
	}
	g := &guard{}
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		g.kept, err = s.Shelf.Guardrails.Get(tx, store.Key{Account: a.Account, Region: a.Region, ID: id + "/" + version})
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errGuardrail
	}
	if err != nil {
		return nil, err
	}
	g.rail, err = s.rail(a.Account+"/"+a.Region, g.kept)
	return g, err
}

// rail compiles a guardrail, once for each version of it.
func (s *Service) rail(of string, kept foundation.Guardrail) (*guardrail.Guardrail, error) {
	type key struct {
		of, id, version string
		updated         time.Time
	}
	k := key{of, kept.ID, kept.Version, kept.Updated}
	if r, ok := s.rails.Load(k); ok {
		return r.(*guardrail.Guardrail), nil
	}
	r, err := guardrail.Compile(guardrail.PolicyOf(kept), s.embedding)
	if err != nil {
		return nil, invalid("The guardrail cannot be applied: %s.", err)
	}
	if s.railCount.Add(1) > maxRails {
		s.rails.Clear()
		s.railCount.Store(1)
	}
	s.rails.Store(k, r)
	return r, nil
}

// embedding gives vectors for topics and grounding, nil where no model makes them.
func (s *Service) embedding(ctx context.Context, texts []string) ([][]float32, error) {
	m := s.Library.Embedder()
	if m == nil {
		return nil, nil
	}
	v, err := m.Embed(ctx, texts)
	return v.List, err
}

// refusal is the answer when the input was blocked.
func (g *guard) refusal() *models.Answer {
	if g == nil {
		return nil
	}
	return g.refused
}

// check looks at a text of the caller's, and gives it with what is masked.
func (g *guard) check(ctx context.Context, text string) (string, error) {
	begin := time.Now()
	r, err := g.rail.Check(ctx, guardrail.Input, text, g.by)
	if err != nil {
		return "", err
	}
	g.input.add(r, text, time.Since(begin))
	if r.Blocked && g.refused == nil {
		g.refused = &models.Answer{Content: []models.Content{{Text: g.kept.BlockedInput}}, Stop: intervened}
	}
	return r.Text, nil
}

func (a *assessment) add(r guardrail.Result, text string, took time.Duration) {
	a.result.Findings = append(a.result.Findings, r.Findings...)
	a.result.Blocked = a.result.Blocked || r.Blocked
	a.result.Masked = a.result.Masked || r.Masked
	a.chars += len([]rune(text))
	a.took += took
	a.made = true
}

// messages looks at a conversation: at its guarded contents when it has some, or else at all that the user says.
func (g *guard) messages(ctx context.Context, system []types.SystemContentBlock, list []types.Message) ([]types.Message, error) {
	if g == nil {
		return list, nil
	}
	marked := g.sources(list)
	for _, b := range system {
		if b, ok := b.(*types.SystemContentBlockMemberGuardContent); ok {
			if t, ok := b.Value.(*types.GuardrailConverseContentBlockMemberText); ok {
				if _, err := g.check(ctx, aws.ToString(t.Value.Text)); err != nil {
					return nil, err
				}
			}
		}
	}
	out := make([]types.Message, len(list))
	for i, m := range list {
		out[i] = m
		out[i].Content = nil
		for _, b := range m.Content {
			checked, err := g.block(ctx, m.Role, b, marked)
			if err != nil {
				return nil, err
			}
			out[i].Content = append(out[i].Content, checked)
		}
	}
	return out, nil
}

// sources finds what answers are judged by, and whether contents are marked at all.
func (g *guard) sources(list []types.Message) (marked bool) {
	for _, m := range list {
		for _, b := range m.Content {
			c, ok := b.(*types.ContentBlockMemberGuardContent)
			if !ok {
				continue
			}
			marked = true
			t, ok := c.Value.(*types.GuardrailConverseContentBlockMemberText)
			if !ok {
				continue
			}
			for _, q := range t.Value.Qualifiers {
				switch q {
				case types.GuardrailConverseContentQualifierGroundingSource:
					g.by.Source = joined(g.by.Source, aws.ToString(t.Value.Text))
				case types.GuardrailConverseContentQualifierQuery:
					g.by.Query = joined(g.by.Query, aws.ToString(t.Value.Text))
				}
			}
		}
	}
	return marked
}

func (g *guard) block(ctx context.Context, role types.ConversationRole, b types.ContentBlock, marked bool) (types.ContentBlock, error) {
	switch x := b.(type) {
	case *types.ContentBlockMemberText:
		if marked || role != types.ConversationRoleUser {
			return b, nil
		}
		text, err := g.check(ctx, x.Value)
		return &types.ContentBlockMemberText{Value: text}, err
	case *types.ContentBlockMemberGuardContent:
		t, ok := x.Value.(*types.GuardrailConverseContentBlockMemberText)
		if !ok {
			return b, nil
		}
		text, err := g.check(ctx, aws.ToString(t.Value.Text))
		return &types.ContentBlockMemberText{Value: text}, err
	}
	return b, nil
}

// answer looks at what the model wrote, and puts the guardrail's words in its place where it must.
func (g *guard) answer(ctx context.Context, a *models.Answer) error {
	if g == nil {
		return nil
	}
	for i, c := range a.Content {
		if c.Use != nil {
			continue
		}
		begin := time.Now()
		r, err := g.rail.Check(ctx, guardrail.Output, c.Text, g.by)
		if err != nil {
			return err
		}
		g.judged(r, c.Text, time.Since(begin))
		if r.Blocked {
			a.Content, a.Stop = []models.Content{{Text: g.kept.BlockedOutput}}, intervened
			return nil
		}
		if r.Masked {
			a.Content[i].Text, a.Stop = r.Text, intervened
		}
	}
	return nil
}

// judged keeps what came of a text of the model's.
func (g *guard) judged(r guardrail.Result, text string, took time.Duration) {
	a := assessment{}
	a.add(r, text, took)
	g.outputs, g.wrote = append(g.outputs, a), append(g.wrote, text)
}
