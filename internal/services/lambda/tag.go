package lambda

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

func tagContext(tags map[string]string) authz.Context {
	if len(tags) == 0 {
		return nil
	}
	c := authz.Context{}
	for k, v := range tags {
		c["aws:ResourceTag/"+k] = []string{v}
	}
	return c
}

// tagged finds what an ARN names: a function, or an event source mapping.
func (s *Service) tagged(ctx context.Context, resource *string) (r ref, mapped bool, tags map[string]string, err error) {
	a, err := arn.Parse(aws.ToString(resource))
	if err != nil || a.Service != "lambda" {
		return r, false, nil, invalid("%s is not a resource's ARN.", aws.ToString(resource))
	}
	if id, ok := strings.CutPrefix(a.Resource, "event-source-mapping:"); ok {
		r.Key = store.Key{Account: a.Account, Region: a.Region, ID: id}
		m, err := s.mapping(ctx, r.Key)
		return r, true, m.Tags, err
	}
	r, ok := parseRef(a.Account, a.Region, *resource)
	if !ok || r.Qualifier != "" {
		return r, false, nil, invalid("Tags on function aliases and versions are not supported. Please specify either a function's or an event source mapping's ARN.")
	}
	f, ok, err := s.find(ctx, r.Key)
	if err == nil && !ok {
		err = missing("Function not found: %s", r.arn())
	}
	return r, false, f.Tags, err
}

// onTagged names what is tagged for authorization. That it is not there the handler says.
func (s *Service) onTagged(ctx context.Context, resource *string) ([]wire.Target, error) {
	_, _, tags, _ := s.tagged(ctx, resource)
	return []wire.Target{{Resource: aws.ToString(resource), Context: tagContext(tags)}}, nil
}

// retag reads and changes tags.
func (s *Service) retag(ctx context.Context, resource *string, f func(map[string]string) (map[string]string, error)) error {
	r, mapped, _, err := s.tagged(ctx, resource)
	if err != nil {
		return err
	}
	if mapped {
		return s.changeMapping(ctx, r.Key, func(_ *store.Tx, m *mapping) (err error) {
			m.Tags, err = f(m.Tags)
			return err
		})
	}
	return s.change(ctx, r, func(_ *store.Tx, has *function) (err error) {
		has.Tags, err = f(has.Tags)
		return err
	})
}

func checkTags(tags map[string]string) error {
	if _, err := wire.TagMap(keys(tags), func(k string) (*string, *string) { return &k, aws.String(tags[k]) }); err != nil {
		return invalid("%v", err)
	}
	return nil
}

// TagResource adds tags.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_TagResource.html
func (s *Service) TagResource(ctx context.Context, in *lambda.TagResourceInput) (*lambda.TagResourceOutput, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if err := s.retag(ctx, in.Resource, func(has map[string]string) (map[string]string, error) {
		out, err := wire.AddTags(has, in.Tags)
		if err != nil {
			return nil, invalid("%v", err)
		}
		return out, nil
	}); err != nil {
		return nil, err
	}
	return &lambda.TagResourceOutput{}, nil
}

func (s *Service) tagTargets(ctx context.Context, in *lambda.TagResourceInput) ([]wire.Target, error) {
	return s.onTagged(ctx, in.Resource)
}

// UntagResource removes tags.
func (s *Service) UntagResource(ctx context.Context, in *lambda.UntagResourceInput) (*lambda.UntagResourceOutput, error) {
	if err := s.retag(ctx, in.Resource, func(has map[string]string) (map[string]string, error) { return wire.RemoveTags(has, in.TagKeys), nil }); err != nil {
		return nil, err
	}
	return &lambda.UntagResourceOutput{}, nil
}

func (s *Service) untagTargets(ctx context.Context, in *lambda.UntagResourceInput) ([]wire.Target, error) {
	return s.onTagged(ctx, in.Resource)
}

// ListTags lists tags.
func (s *Service) ListTags(ctx context.Context, in *lambda.ListTagsInput) (*lambda.ListTagsOutput, error) {
	_, _, tags, err := s.tagged(ctx, in.Resource)
	if err != nil {
		return nil, err
	}
	if tags == nil {
		tags = map[string]string{}
	}
	return &lambda.ListTagsOutput{Tags: tags}, nil
}

func (s *Service) listTagsTargets(ctx context.Context, in *lambda.ListTagsInput) ([]wire.Target, error) {
	return s.onTagged(ctx, in.Resource)
}
