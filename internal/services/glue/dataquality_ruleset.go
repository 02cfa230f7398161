package glue

import (
	"context"
	"encoding/json"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/glue/dqdl"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// ruleset is a ruleset of an account.
type ruleset struct {
	Name, Text        string
	Description       *string
	Security          *string // security configuration, kept only
	Target            *types.DataQualityTargetTable
	Rules             int32
	Created, Modified time.Time
	RecommendationRun *string
}

// MarshalJSON leaves out what is not set.
func (r ruleset) MarshalJSON() ([]byte, error) {
	type plain ruleset
	return catalog.Compact(json.Marshal(plain(r)))
}

// parseRuleset reads the rules of a request.
func parseRuleset(text *string) (dqdl.Ruleset, error) {
	r, err := dqdl.Parse(aws.ToString(text))
	if err != nil {
		return r, invalid("%v", err)
	}
	return r, nil
}

// CreateDataQualityRuleset keeps a ruleset.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateDataQualityRuleset.html
func (s *Service) CreateDataQualityRuleset(ctx context.Context, in *glue.CreateDataQualityRulesetInput) (*glue.CreateDataQualityRulesetOutput, error) {
	rules, err := parseRuleset(in.Ruleset)
	if err != nil {
		return nil, err
	}
	now := wire.CallOf(ctx).Time
	r := ruleset{Name: *in.Name, Text: *in.Ruleset, Description: in.Description, Security: in.DataQualitySecurityConfiguration,
		Target: in.TargetTable, Rules: int32(len(rules.Rules)), Created: now, Modified: now}
	var out *glue.CreateDataQualityRulesetOutput
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.quality.tokens, tx, in.ClientToken, in, func() (*glue.CreateDataQualityRulesetOutput, error) {
			if err := taken(s.quality.rulesets.Insert(tx, within(ctx, r.Name), r), exists("Data quality ruleset %s already exists.", r.Name)); err != nil {
				return nil, err
			}
			return &glue.CreateDataQualityRulesetOutput{Name: in.Name}, s.tagNew(tx, rulesetARN(ctx, r.Name), in.Tags)
		})
		return tokenReused(err)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) createRulesetTargets(ctx context.Context, in *glue.CreateDataQualityRulesetInput) ([]wire.Target, error) {
	return s.onRuleset(ctx, in.Name)
}

// rulesetNamed reads a ruleset of the caller's.
func (s *Service) rulesetNamed(ctx context.Context, tx *store.Tx, name string) (ruleset, error) {
	r, err := s.quality.rulesets.Get(tx, within(ctx, name))
	return r, absent(err, noRuleset(name))
}

func noRuleset(name string) error { return notFound("Data quality ruleset %s not found.", name) }

// GetDataQualityRuleset describes a ruleset.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetDataQualityRuleset.html
func (s *Service) GetDataQualityRuleset(ctx context.Context, in *glue.GetDataQualityRulesetInput) (*glue.GetDataQualityRulesetOutput, error) {
	var r ruleset
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		r, err = s.rulesetNamed(ctx, tx, *in.Name)
		return err
	}); err != nil {
		return nil, err
	}
	return &glue.GetDataQualityRulesetOutput{Name: &r.Name, Ruleset: &r.Text, Description: r.Description, TargetTable: r.Target,
		CreatedOn: &r.Created, LastModifiedOn: &r.Modified, RecommendationRunId: r.RecommendationRun, DataQualitySecurityConfiguration: r.Security}, nil
}

func (s *Service) getRulesetTargets(ctx context.Context, in *glue.GetDataQualityRulesetInput) ([]wire.Target, error) {
	return s.onRuleset(ctx, in.Name)
}

// UpdateDataQualityRuleset changes description and rules; what isn't given stays.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateDataQualityRuleset.html
func (s *Service) UpdateDataQualityRuleset(ctx context.Context, in *glue.UpdateDataQualityRulesetInput) (*glue.UpdateDataQualityRulesetOutput, error) {
	var rules dqdl.Ruleset
	if in.Ruleset != nil {
		var err error
		if rules, err = parseRuleset(in.Ruleset); err != nil {
			return nil, err
		}
	}
	var r ruleset
	err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if r, err = s.rulesetNamed(ctx, tx, *in.Name); err != nil {
			return err
		}
		if in.Description != nil {
			r.Description = in.Description
		}
		if in.Ruleset != nil {
			r.Text, r.Rules = *in.Ruleset, int32(len(rules.Rules))
		}
		r.Modified = wire.CallOf(ctx).Time
		return s.quality.rulesets.Put(tx, within(ctx, r.Name), r)
	})
	if err != nil {
		return nil, err
	}
	return &glue.UpdateDataQualityRulesetOutput{Name: &r.Name, Description: r.Description, Ruleset: &r.Text}, nil
}

func (s *Service) updateRulesetTargets(ctx context.Context, in *glue.UpdateDataQualityRulesetInput) ([]wire.Target, error) {
	return s.onRuleset(ctx, in.Name)
}

// DeleteDataQualityRuleset removes a ruleset. The results of its runs stay.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteDataQualityRuleset.html
func (s *Service) DeleteDataQualityRuleset(ctx context.Context, in *glue.DeleteDataQualityRulesetInput) (*glue.DeleteDataQualityRulesetOutput, error) {
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := absent(s.quality.rulesets.Delete(tx, within(ctx, *in.Name)), noRuleset(*in.Name)); err != nil {
			return err
		}
		return s.untagAll(tx, rulesetARN(ctx, *in.Name))
	})
	if err != nil {
		return nil, err
	}
	return &glue.DeleteDataQualityRulesetOutput{}, nil
}

func (s *Service) deleteRulesetTargets(ctx context.Context, in *glue.DeleteDataQualityRulesetInput) ([]wire.Target, error) {
	return s.onRuleset(ctx, in.Name)
}

// ListDataQualityRulesets lists the rulesets that a filter and tags let through, in order of name.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_ListDataQualityRulesets.html
func (s *Service) ListDataQualityRulesets(ctx context.Context, in *glue.ListDataQualityRulesetsInput) (*glue.ListDataQualityRulesetsOutput, error) {
	tagged := func(string) bool { return true }
	if len(in.Tags) > 0 {
		with := map[string]bool{}
		if err := s.policies.image.Read(ctx, func() {
			for k, tags := range s.tags.Rows() {
				if hasTags(tags, in.Tags) {
					with[k.Account+k.Region+k.ID] = true
				}
			}
		}); err != nil {
			return nil, err
		}
		tagged = func(name string) bool {
			k := tagKey(rulesetARN(ctx, name))
			return with[k.Account+k.Region+k.ID]
		}
	}
	list, next, err := pages(ctx, s, s.quality.rulesets, in.NextToken, in.MaxResults, func(_ string, r ruleset) *types.DataQualityRulesetListDetails {
		if !r.passes(in.Filter) || !tagged(r.Name) {
			return nil
		}
		return &types.DataQualityRulesetListDetails{Name: &r.Name, Description: r.Description, CreatedOn: &r.Created, LastModifiedOn: &r.Modified,
			RecommendationRunId: r.RecommendationRun, RuleCount: &r.Rules, TargetTable: r.Target}
	})
	return &glue.ListDataQualityRulesetsOutput{Rulesets: list, NextToken: next}, err
}

func (r ruleset) passes(f *types.DataQualityRulesetFilterCriteria) bool {
	if f == nil {
		return true
	}
	t := f.TargetTable
	if t != nil {
		own := r.Target
		if own == nil || aws.ToString(own.DatabaseName) != aws.ToString(t.DatabaseName) || aws.ToString(own.TableName) != aws.ToString(t.TableName) ||
			t.CatalogId != nil && aws.ToString(own.CatalogId) != *t.CatalogId {
			return false
		}
	}
	return (f.Name == nil || *f.Name == r.Name) && (f.Description == nil || *f.Description == aws.ToString(r.Description)) &&
		between(r.Created, f.CreatedAfter, f.CreatedBefore) && between(r.Modified, f.LastModifiedAfter, f.LastModifiedBefore)
}

// between tells whether t is after one and before the other point in time, when they are given.
func between(t time.Time, after, before *time.Time) bool {
	return (after == nil || t.After(*after)) && (before == nil || t.Before(*before))
}

// hasTags tells whether all that is wanted is there.
func hasTags(has, want map[string]string) bool {
	for k, v := range want {
		if own, ok := has[k]; !ok || own != v {
			return false
		}
	}
	return true
}
