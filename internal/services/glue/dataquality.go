package glue

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// quality is the state of Data Quality.
type quality struct {
	tokens   *wire.Tokens
	rulesets *store.Table[ruleset] // by name
}

func (s *Service) openQuality() {
	s.quality = quality{tokens: wire.NewTokens(s.Store, s.Clock), rulesets: store.NewTable[ruleset](s.Store, "glue_dataqualityruleset")}
}

// qualityOps lists the operations of Data Quality.
func (s *Service) qualityOps() wire.Ops {
	return wire.Ops{
		wire.Op(s.CreateDataQualityRuleset, wire.On(s.createRulesetTargets)),
		wire.Op(s.DeleteDataQualityRuleset, wire.On(s.deleteRulesetTargets)),
		wire.Op(s.GetDataQualityRuleset, wire.On(s.getRulesetTargets)),
		wire.Op(s.ListDataQualityRulesets, wire.On(onRulesets[listRulesetsInput])),
		wire.Op(s.UpdateDataQualityRuleset, wire.On(s.updateRulesetTargets)),
	}
}

// onRuleset is what IAM has to allow for the ruleset of a name: "*" for any.
// Source: https://docs.aws.amazon.com/glue/latest/dg/data-quality-authorization.html
func onRuleset(ctx context.Context, name string) []wire.Target {
	c := wire.CallOf(ctx)
	return []wire.Target{{Resource: arn.New("glue", c.Region, c.Account(), "dataQualityRuleset/"+name)}}
}

// onRulesets is for operations that name no ruleset: runs, results and lists.
func onRulesets[I any](ctx context.Context, _ *I) ([]wire.Target, error) {
	return onRuleset(ctx, "*"), nil
}

// within is the place of the caller's account and region.
func within(ctx context.Context, id string) store.Key {
	c := wire.CallOf(ctx)
	return store.Key{Account: c.Account(), Region: c.Region, ID: id}
}

// tokenReused gives the client token's error Glue's words.
func tokenReused(err error) error {
	if errors.Is(err, wire.ErrTokenReused) {
		return &types.IdempotentParameterMismatchException{Message: aws.String("The client token was used before with other parameters.")}
	}
	return err
}

// newestFirst makes an id, with which later ones stand before earlier ones.
func (s *Service) newestFirst(prefix string) string {
	random := make([]byte, 12)
	_, _ = rand.Read(random) // never fails
	return fmt.Sprintf("%s-%016x%s", prefix, math.MaxInt64-s.Clock.Now().UnixNano(), hex.EncodeToString(random))
}

// pages walks the rows of t in the caller's account and region, and makes a page of what show gives.
func pages[T, O any](ctx context.Context, s *Service, t *store.Table[T], token *string, max *int32, show func(string, T) *O) ([]O, *string, error) {
	return fill(ctx, token, max, func(after string) ([]entry[store.Row[T]], error) {
		k := within(ctx, "")
		var rows []store.Row[T]
		err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
			rows, err = t.List(tx, store.Range{Account: k.Account, Region: k.Region, After: after, Limit: batch})
			return err
		})
		out := make([]entry[store.Row[T]], len(rows))
		for i, r := range rows {
			out[i] = entry[store.Row[T]]{r.Key.ID, r}
		}
		return out, err
	}, func(r store.Row[T]) (*O, error) { return show(r.Key.ID, r.Value), nil })
}
