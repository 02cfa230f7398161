package glue

import (
	"context"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/glue"
)

// tagKey is where the tags of a resource are kept.
func tagKey(name string) store.Key {
	a, err := arn.Parse(name)
	if err != nil {
		return store.Key{ID: name}
	}
	return store.Key{Account: a.Account, Region: a.Region, ID: a.Resource}
}

// taggable finds out whether a resource of the caller's that may be tagged is there: catalogs, databases and connections here,
// and what others have told of.
// Source: https://docs.aws.amazon.com/glue/latest/dg/monitor-tags.html
func (s *Service) taggable(ctx context.Context, tx *store.Tx, name string) error {
	call := wire.CallOf(ctx)
	a, err := arn.Parse(name)
	if err != nil || a.Service != "glue" || a.Region != call.Region || a.Account != call.Account() {
		return notFound("Resource %s not found.", name)
	}
	kind, id, _ := strings.Cut(a.Resource, "/")
	r := governance.Resource{Kind: governance.Catalog, Catalog: a.Account}
	switch kind {
	case "catalog":
		if id != "" {
			r.Catalog += ":" + id
		}
		_, err = s.readCatalog(tx, a.Region, r)
	case "database":
		if i := strings.LastIndexByte(id, '/'); i >= 0 {
			r.Catalog, id = r.Catalog+":"+id[:i], id[i+1:]
		}
		r.Kind, r.Database = governance.Database, id
		_, err = s.Catalog.Database(tx, a.Region, r)
	case "connection":
		_, err = s.connections.Get(tx, store.Key{Account: a.Account, Region: a.Region, ID: id})
	default:
		there, known := s.tagged[kind]
		if !known {
			return invalid("Resources of the kind %s cannot be tagged.", kind)
		}
		err = there(tx, store.Key{Account: a.Account, Region: a.Region, ID: id})
	}
	return absent(err, notFound("Resource %s not found.", name))
}

// tagNew gives a new resource its tags.
func (s *Service) tagNew(tx *store.Tx, name string, tags map[string]string) error {
	if len(tags) == 0 {
		return nil
	}
	return s.putTags(tx, name, nil, tags)
}

func (s *Service) putTags(tx *store.Tx, name string, has, added map[string]string) error {
	type pair struct{ k, v string }
	var list []pair
	for k, v := range added {
		list = append(list, pair{k, v})
	}
	_, err := wire.TagMap(list, func(p pair) (*string, *string) { return &p.k, &p.v })
	var tags map[string]string
	if err == nil {
		tags, err = wire.AddTags(has, added)
	}
	if err != nil {
		return invalid("%v", err)
	}
	return s.tags.Put(tx, tagKey(name), tags)
}

// untagAll forgets the tags of a resource that is gone.
func (s *Service) untagAll(tx *store.Tx, name string) error { return s.tags.DeleteIf(tx, tagKey(name)) }

// tagsOf are the tags of a resource in conditions.
func (s *Service) tagsOf(ctx context.Context, name string) (authz.Context, error) {
	var tags map[string]string
	if err := s.policies.image.Read(ctx, func() { tags = s.tags.Rows()[tagKey(name)] }); err != nil || len(tags) == 0 {
		return nil, err
	}
	out := authz.Context{}
	for k, v := range tags {
		out["aws:ResourceTag/"+k] = []string{v}
	}
	return out, nil
}

// onARN names a resource by its ARN.
func (s *Service) onARN(ctx context.Context, name *string) ([]wire.Target, error) {
	keys, err := s.tagsOf(ctx, *name)
	return []wire.Target{{Resource: *name, Context: keys}}, err
}

// TagResource adds tags to a resource.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_TagResource.html
func (s *Service) TagResource(ctx context.Context, in *glue.TagResourceInput) (*glue.TagResourceOutput, error) {
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.taggable(ctx, tx, *in.ResourceArn); err != nil {
			return err
		}
		has, err := s.tags.Get(tx, tagKey(*in.ResourceArn))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return s.putTags(tx, *in.ResourceArn, has, in.TagsToAdd)
	})
	if err != nil {
		return nil, err
	}
	return &glue.TagResourceOutput{}, nil
}

func (s *Service) tagResourceTargets(ctx context.Context, in *glue.TagResourceInput) ([]wire.Target, error) {
	return s.onARN(ctx, in.ResourceArn)
}

// UntagResource takes tags off a resource.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_UntagResource.html
func (s *Service) UntagResource(ctx context.Context, in *glue.UntagResourceInput) (*glue.UntagResourceOutput, error) {
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.taggable(ctx, tx, *in.ResourceArn); err != nil {
			return err
		}
		has, err := s.tags.Get(tx, tagKey(*in.ResourceArn))
		if err != nil {
			return absent(err, nil)
		}
		return s.tags.Put(tx, tagKey(*in.ResourceArn), wire.RemoveTags(has, in.TagsToRemove))
	})
	if err != nil {
		return nil, err
	}
	return &glue.UntagResourceOutput{}, nil
}

func (s *Service) untagResourceTargets(ctx context.Context, in *glue.UntagResourceInput) ([]wire.Target, error) {
	return s.onARN(ctx, in.ResourceArn)
}

// GetTags lists the tags of a resource.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetTags.html
func (s *Service) GetTags(ctx context.Context, in *glue.GetTagsInput) (*glue.GetTagsOutput, error) {
	out := &glue.GetTagsOutput{}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		if err := s.taggable(ctx, tx, *in.ResourceArn); err != nil {
			return err
		}
		has, err := s.tags.Get(tx, tagKey(*in.ResourceArn))
		if out.Tags = has; has == nil {
			out.Tags = map[string]string{}
		}
		return absent(err, nil)
	})
	return out, err
}

func (s *Service) getTagsTargets(ctx context.Context, in *glue.GetTagsInput) ([]wire.Target, error) {
	return s.onARN(ctx, in.ResourceArn)
}
