package apigatewayv2

import (
	"context"
	"regexp"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

var mappingKey = regexp.MustCompile(`^[A-Za-z0-9$_.+!*'()-]+(/[A-Za-z0-9$_.+!*'()-]+)*$`)

// checkMapping wants a mapping to a stage that is there, with a key that no other has.
func (s *Service) checkMapping(tx *store.Tx, k store.Key, d *domain, m types.ApiMapping) error {
	key := aws.ToString(m.ApiMappingKey)
	if key != "" && (len(key) > 300 || !mappingKey.MatchString(key)) {
		return invalid("API mapping key should not start with a '/' or have consecutive '/'s, and have only letters, digits and $-_.+!*'()")
	}
	for id, other := range d.Mappings {
		if id != *m.ApiMappingId && aws.ToString(other.ApiMappingKey) == key {
			return conflict("ApiMapping key already exists for this domain name")
		}
	}
	k.ID = aws.ToString(m.ApiId)
	a, err := s.find(tx, k)
	if err != nil {
		return err
	}
	if _, err = a.stage(m.Stage); err != nil {
		return invalid("Invalid stage identifier specified")
	}
	return nil
}

// changeMappings reads, changes and writes a domain name.
func (s *Service) changeMappings(ctx context.Context, name *string, f func(tx *store.Tx, k store.Key, d *domain) error) error {
	k := here(ctx, name)
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		d, err := s.domain(tx, k)
		if err != nil {
			return err
		}
		if err := f(tx, k, &d); err != nil {
			return err
		}
		return s.domains.Put(tx, k, d)
	})
}

func (d *domain) mapping(id *string) (types.ApiMapping, error) {
	m, ok := d.Mappings[aws.ToString(id)]
	if !ok {
		return m, missing("Invalid API mapping identifier specified")
	}
	return m, nil
}

// CreateApiMapping has paths of a domain name lead to a stage.
// Source: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/domainnames-domainname-apimappings.html
func (s *Service) CreateApiMapping(ctx context.Context, in *apigatewayv2.CreateApiMappingInput) (*apigatewayv2.CreateApiMappingOutput, error) {
	m := types.ApiMapping{ApiMappingId: aws.String(newID(ctx, 6)), ApiId: in.ApiId, Stage: in.Stage, ApiMappingKey: aws.String(aws.ToString(in.ApiMappingKey))}
	if err := s.changeMappings(ctx, in.DomainName, func(tx *store.Tx, k store.Key, d *domain) error {
		if err := s.checkMapping(tx, k, d, m); err != nil {
			return err
		}
		d.Mappings[*m.ApiMappingId] = m
		return nil
	}); err != nil {
		return nil, err
	}
	return like[apigatewayv2.CreateApiMappingOutput](m), nil
}

// GetApiMapping tells of a mapping.
func (s *Service) GetApiMapping(ctx context.Context, in *apigatewayv2.GetApiMappingInput) (out *apigatewayv2.GetApiMappingOutput, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		d, err := s.domain(tx, here(ctx, in.DomainName))
		if err != nil {
			return err
		}
		m, err := d.mapping(in.ApiMappingId)
		out = like[apigatewayv2.GetApiMappingOutput](m)
		return err
	})
	return out, err
}

// GetApiMappings lists the mappings of a domain name.
func (s *Service) GetApiMappings(ctx context.Context, in *apigatewayv2.GetApiMappingsInput) (*apigatewayv2.GetApiMappingsOutput, error) {
	var list []types.ApiMapping
	if err := s.Store.View(ctx, func(tx *store.Tx) error {
		d, err := s.domain(tx, here(ctx, in.DomainName))
		list = sorted(d.Mappings)
		return err
	}); err != nil {
		return nil, err
	}
	items, next, err := page(ctx, list, func(m types.ApiMapping) string { return *m.ApiMappingId }, in.MaxResults, in.NextToken)
	return &apigatewayv2.GetApiMappingsOutput{Items: items, NextToken: next}, err
}

// UpdateApiMapping changes a mapping.
func (s *Service) UpdateApiMapping(ctx context.Context, in *apigatewayv2.UpdateApiMappingInput) (*apigatewayv2.UpdateApiMappingOutput, error) {
	var m types.ApiMapping
	if err := s.changeMappings(ctx, in.DomainName, func(tx *store.Tx, k store.Key, d *domain) (err error) {
		if m, err = d.mapping(in.ApiMappingId); err != nil {
			return err
		}
		merge(&m, in)
		if err := s.checkMapping(tx, k, d, m); err != nil {
			return err
		}
		d.Mappings[*m.ApiMappingId] = m
		return nil
	}); err != nil {
		return nil, err
	}
	return like[apigatewayv2.UpdateApiMappingOutput](m), nil
}

// DeleteApiMapping removes a mapping.
func (s *Service) DeleteApiMapping(ctx context.Context, in *apigatewayv2.DeleteApiMappingInput) (*apigatewayv2.DeleteApiMappingOutput, error) {
	return &apigatewayv2.DeleteApiMappingOutput{}, s.changeMappings(ctx, in.DomainName, func(_ *store.Tx, _ store.Key, d *domain) error {
		if _, err := d.mapping(in.ApiMappingId); err != nil {
			return err
		}
		delete(d.Mappings, *in.ApiMappingId)
		return nil
	})
}
