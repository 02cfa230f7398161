package apigatewayv2

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
)

func checkTags(tags map[string]string) error {
	_, err := wire.TagMap(slices.Collect(maps.Keys(tags)), func(k string) (key, value *string) {
		v := tags[k]
		return &k, &v
	})
	if err != nil {
		return invalid("%v", err)
	}
	return nil
}

// retag reads the tags of what an ARN names, and writes those that f gives, unless f is nil.
func (s *Service) retag(ctx context.Context, resource *string, f func(has map[string]string) (map[string]string, error)) (tags map[string]string, err error) {
	a, err := arn.Parse(aws.ToString(resource))
	parts := strings.Split(strings.TrimPrefix(a.Resource, "/"), "/")
	if err != nil || a.Service != "apigateway" || len(parts) < 2 || a.Region != wire.CallOf(ctx).Region {
		return nil, missing("Invalid resource identifier specified")
	}
	change := func(has map[string]string) (map[string]string, error) {
		tags = has
		if f == nil {
			return has, nil
		}
		return f(has)
	}
	id := &parts[1]
	run := s.Store.Update
	if f == nil {
		run = s.Store.View
	}
	switch {
	case parts[0] == "apis" && (len(parts) == 2 || len(parts) == 4 && parts[2] == "stages"):
		k := here(ctx, id)
		return tags, run(ctx, func(tx *store.Tx) error {
			a, err := s.find(tx, k)
			if err != nil {
				return err
			}
			if len(parts) == 2 {
				a.Tags, err = change(a.Tags)
			} else {
				g, missed := a.stage(&parts[3])
				if missed != nil {
					return missed
				}
				g.Tags, err = change(g.Tags)
				a.Stages[parts[3]] = g
			}
			if err != nil || f == nil {
				return err
			}
			return s.apis.Put(tx, k, a)
		})
	case parts[0] == "domainnames" && len(parts) == 2:
		k := here(ctx, id)
		return tags, run(ctx, func(tx *store.Tx) error {
			d, err := s.domain(tx, k)
			if err != nil {
				return err
			}
			if d.Tags, err = change(d.Tags); err != nil || f == nil {
				return err
			}
			return s.domains.Put(tx, k, d)
		})
	}
	return nil, missing("Invalid resource identifier specified")
}

// GetTags lists the tags of an API, stage or domain name.
func (s *Service) GetTags(ctx context.Context, in *apigatewayv2.GetTagsInput) (*apigatewayv2.GetTagsOutput, error) {
	tags, err := s.retag(ctx, in.ResourceArn, nil)
	return &apigatewayv2.GetTagsOutput{Tags: tags}, err
}

// TagResource adds tags.
func (s *Service) TagResource(ctx context.Context, in *apigatewayv2.TagResourceInput) (*apigatewayv2.TagResourceOutput, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	_, err := s.retag(ctx, in.ResourceArn, func(has map[string]string) (map[string]string, error) {
		out, err := wire.AddTags(has, in.Tags)
		if err != nil {
			err = invalid("%v", err)
		}
		return out, err
	})
	return &apigatewayv2.TagResourceOutput{}, err
}

// UntagResource removes tags.
func (s *Service) UntagResource(ctx context.Context, in *apigatewayv2.UntagResourceInput) (*apigatewayv2.UntagResourceOutput, error) {
	_, err := s.retag(ctx, in.ResourceArn, func(has map[string]string) (map[string]string, error) { return wire.RemoveTags(has, in.TagKeys), nil })
	return &apigatewayv2.UntagResourceOutput{}, err
}
