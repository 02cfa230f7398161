package lakeformation

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

const (
	maxTags   = 1000 // in an account
	maxValues = 1000 // of a tag
)

// definition reads a tag.
func (s *Service) definition(ctx context.Context, tx *store.Tx, catalog, tag string) (governance.TagDefinition, error) {
	d, err := s.Ledger.Tags.Get(tx, key(ctx, catalogResource(catalog).Account(), tag))
	return d, absent(err, notFound("Tag key does not exist: %s", tag))
}

// hasTags checks that the catalog's account has the tags with their values. "*" is any.
func (s *Service) hasTags(ctx context.Context, tx *store.Tx, catalog string, want []governance.TagValues) error {
	for _, t := range want {
		d, err := s.definition(ctx, tx, catalog, t.Key)
		if err != nil {
			return err
		}
		for _, v := range t.Values {
			if v != "*" && !slices.Contains(d.Values, v) {
				return notFound("Tag value does not exist: %s=%s", t.Key, v)
			}
		}
	}
	return nil
}

// CreateLFTag defines a tag with its possible values. Keys and values are kept in lower case.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_CreateLFTag.html
func (s *Service) CreateLFTag(ctx context.Context, in *lakeformation.CreateLFTagInput) (*lakeformation.CreateLFTagOutput, error) {
	call := wire.CallOf(ctx)
	r := catalogResource(catalogOf(ctx, in.CatalogId))
	d := governance.TagDefinition{Key: fold(in.TagKey), Values: lower(in.TagValues)}
	return done(&lakeformation.CreateLFTagOutput{}, s.update(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := s.mayMake(ctx, r, governance.CreateTag); err != nil {
			return err
		}
		rows, err := s.Ledger.Tags.List(tx, store.Range{Account: r.Account(), Region: call.Region})
		if err != nil {
			return err
		}
		if len(rows) >= maxTags {
			return &types.ResourceNumberLimitExceededException{Message: aws.String("The account has too many tags.")}
		}
		err = s.Ledger.Tags.Insert(tx, key(ctx, r.Account(), d.Key), d)
		if errors.Is(err, store.ErrExists) {
			return invalid("Tag key already exists: %s", d.Key)
		}
		if err != nil {
			return err
		}
		return s.owns(ctx, tx, tagResource(r.Catalog, d.Key, "*"))
	}))
}

// owns grants who makes a tag or expression everything on it.
func (s *Service) owns(ctx context.Context, tx *store.Tx, r governance.Resource) error {
	call := wire.CallOf(ctx)
	all := governance.All.Of(r.Kind)
	g := governance.Grant{Grantor: r.Account(), Region: call.Region, Principal: name(ctx), Resource: r, Permissions: all, Grantable: all,
		By: name(ctx), Updated: s.now()}
	return s.Ledger.Grants.Put(tx, g.Key(), g)
}

// GetLFTag shows a tag with those of its values that the caller may see.
func (s *Service) GetLFTag(ctx context.Context, in *lakeformation.GetLFTagInput) (*lakeformation.GetLFTagOutput, error) {
	out := &lakeformation.GetLFTagOutput{}
	return done(out, s.view(ctx, func(ctx context.Context, tx *store.Tx) error {
		catalog := catalogOf(ctx, in.CatalogId)
		d, err := s.definition(ctx, tx, catalog, fold(in.TagKey))
		if err != nil {
			return err
		}
		values, err := s.shownValues(ctx, catalog, d)
		if err == nil && len(values) == 0 {
			err = insufficient(governance.Describe, tagResource(catalog, d.Key))
		}
		out.CatalogId, out.TagKey, out.TagValues = &catalog, &d.Key, values
		return err
	}))
}

// shownValues are the values of a tag that the caller may see.
func (s *Service) shownValues(ctx context.Context, catalog string, d governance.TagDefinition) ([]string, error) {
	list := make([]governance.Resource, len(d.Values))
	for i, v := range d.Values {
		list[i] = tagResource(catalog, d.Key, v)
	}
	call := wire.CallOf(ctx)
	access, err := s.Ledger.AccessAll(ctx, call.Principal, call.Region, list)
	out := []string{}
	for i, a := range access {
		if a.Permissions() != 0 {
			out = append(out, d.Values[i])
		}
	}
	return out, err
}

// ListLFTags lists the tags of a catalog, of those that are shared with the caller's account, or both.
func (s *Service) ListLFTags(ctx context.Context, in *lakeformation.ListLFTagsInput) (*lakeformation.ListLFTagsOutput, error) {
	call := wire.CallOf(ctx)
	within := store.Range{Account: catalogResource(catalogOf(ctx, in.CatalogId)).Account(), Region: call.Region}
	if in.ResourceShareType != "" {
		within = store.Range{AllAccounts: true, Region: call.Region}
	}
	out := &lakeformation.ListLFTagsOutput{LFTags: []types.LFTagPair{}}
	return done(out, s.view(ctx, func(ctx context.Context, tx *store.Tx) error {
		rows, err := s.Ledger.Tags.List(tx, within)
		if err != nil {
			return err
		}
		var list []types.LFTagPair
		for _, r := range rows {
			if in.ResourceShareType == types.ResourceShareTypeForeign && r.Key.Account == call.Account() {
				continue
			}
			values, err := s.shownValues(ctx, r.Key.Account, r.Value)
			if err != nil {
				return err
			}
			if len(values) > 0 {
				list = append(list, types.LFTagPair{CatalogId: &r.Key.Account, TagKey: &r.Value.Key, TagValues: values})
			}
		}
		out.LFTags, out.NextToken, err = page(ctx, list, func(t types.LFTagPair) string { return *t.TagKey + governance.Separator + *t.CatalogId },
			in.MaxResults, in.NextToken)
		if out.LFTags == nil {
			out.LFTags = []types.LFTagPair{}
		}
		return err
	}))
}

// UpdateLFTag adds possible values and removes others that nothing is tagged with.
func (s *Service) UpdateLFTag(ctx context.Context, in *lakeformation.UpdateLFTagInput) (*lakeformation.UpdateLFTagOutput, error) {
	catalog, tag := catalogOf(ctx, in.CatalogId), fold(in.TagKey)
	add, remove := lower(in.TagValuesToAdd), lower(in.TagValuesToDelete)
	return done(&lakeformation.UpdateLFTagOutput{}, s.update(ctx, func(ctx context.Context, tx *store.Tx) error {
		d, err := s.definition(ctx, tx, catalog, tag)
		if err != nil {
			return err
		}
		if err := s.require(ctx, tagResource(catalog, tag), governance.Alter); err != nil {
			return err
		}
		if len(add)+len(remove) == 0 || slices.ContainsFunc(add, func(v string) bool { return slices.Contains(remove, v) }) {
			return invalid("Values have to be given to add or to delete, each once.")
		}
		for _, v := range remove {
			if !slices.Contains(d.Values, v) {
				return notFound("Tag value does not exist: %s=%s", tag, v)
			}
		}
		if err := s.eachTagged(ctx, tx, catalog, func(t *governance.Tagged) (bool, error) {
			if slices.ContainsFunc(remove, func(v string) bool { return uses(*t, tag, v) }) {
				return false, invalid("Update not allowed. The value is attached to a resource.")
			}
			return false, nil
		}); err != nil {
			return err
		}
		for _, v := range add {
			if !slices.Contains(d.Values, v) {
				d.Values = append(d.Values, v)
			}
		}
		d.Values = slices.DeleteFunc(d.Values, func(v string) bool { return slices.Contains(remove, v) })
		if len(d.Values) > maxValues || len(d.Values) == 0 {
			return invalid("A tag has 1 to %d values.", maxValues)
		}
		return s.Ledger.Tags.Put(tx, key(ctx, catalogResource(catalog).Account(), tag), d)
	}))
}

func uses(t governance.Tagged, tag, value string) bool {
	if v, ok := t.Tags[tag]; ok && (value == "" || v == value) {
		return true
	}
	for _, tags := range t.Columns {
		if v, ok := tags[tag]; ok && (value == "" || v == value) {
			return true
		}
	}
	return false
}

// eachTagged shows what is tagged in a catalog's account to f, and keeps what f changed.
func (s *Service) eachTagged(ctx context.Context, tx *store.Tx, catalog string, f func(*governance.Tagged) (changed bool, err error)) error {
	rows, err := s.Ledger.Tagged.List(tx, store.Range{Account: catalogResource(catalog).Account(), Region: wire.CallOf(ctx).Region})
	for _, r := range rows {
		changed, err := f(&r.Value)
		if err != nil {
			return err
		}
		if changed {
			if err := s.putTagged(tx, r.Key, r.Value); err != nil {
				return err
			}
		}
	}
	return err
}

// DeleteLFTag removes a tag, also from what is tagged with it, and the grants on it.
func (s *Service) DeleteLFTag(ctx context.Context, in *lakeformation.DeleteLFTagInput) (*lakeformation.DeleteLFTagOutput, error) {
	catalog, tag := catalogOf(ctx, in.CatalogId), fold(in.TagKey)
	return done(&lakeformation.DeleteLFTagOutput{}, s.update(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := s.definition(ctx, tx, catalog, tag); err != nil {
			return err
		}
		if err := s.require(ctx, tagResource(catalog, tag), governance.Drop); err != nil {
			return err
		}
		if err := s.eachTagged(ctx, tx, catalog, func(t *governance.Tagged) (bool, error) {
			if !uses(*t, tag, "") {
				return false, nil
			}
			delete(t.Tags, tag)
			for _, tags := range t.Columns {
				delete(tags, tag)
			}
			return true, nil
		}); err != nil {
			return err
		}
		if err := s.dropGrantsOn(ctx, tx, func(g governance.Grant) bool {
			r := g.Resource
			return r.Catalog == catalog && (r.Kind == governance.Tag && r.TagKey == tag || r.Kind == governance.TagPolicy &&
				slices.ContainsFunc(r.Expression, func(t governance.TagValues) bool { return t.Key == tag }))
		}); err != nil {
			return err
		}
		return s.Ledger.Tags.Delete(tx, key(ctx, catalogResource(catalog).Account(), tag))
	}))
}

// dropGrantsOn removes grants on what is no more.
func (s *Service) dropGrantsOn(ctx context.Context, tx *store.Tx, match func(governance.Grant) bool) error {
	region := wire.CallOf(ctx).Region
	grants, err := s.Ledger.All(ctx, func(g governance.Grant) bool {
		kind := g.Resource.Kind
		return g.Region == region && (kind == governance.Tag || kind == governance.TagPolicy || kind == governance.TagExpression) && match(g)
	})
	for _, g := range grants {
		if err := s.Ledger.Grants.Delete(tx, g.Key()); absent(err, nil) != nil {
			return err
		}
	}
	return err
}

// mayMake is for callers who were let make tags or expressions. IAM alone never lets anybody.
func (s *Service) mayMake(ctx context.Context, r governance.Resource, p governance.Permissions) error {
	a, err := s.access(ctx, r)
	if err == nil && a.Permissions()&p != p {
		err = insufficient(p, r)
	}
	return err
}

func pairs(catalog string, tags map[string]string) []types.LFTagPair {
	out := []types.LFTagPair{}
	for k, v := range tags {
		out = append(out, types.LFTagPair{CatalogId: aws.String(catalog), TagKey: aws.String(k), TagValues: []string{v}})
	}
	slices.SortFunc(out, func(a, b types.LFTagPair) int { return strings.Compare(*a.TagKey, *b.TagKey) })
	return out
}
