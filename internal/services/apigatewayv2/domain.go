package apigatewayv2

import (
	"context"
	"net"
	"regexp"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// domain is a domain name with its mappings, by id. Its key is the name.
type domain struct {
	types.DomainName
	Mappings map[string]types.ApiMapping
}

const mappingSelection = "$request.basepath"

var hostName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$`)

// checkName wants a name that can be a host's, and is none that the server itself goes by.
func (s *Service) checkName(name string) error {
	if len(name) > 253 || !hostName.MatchString(name) || net.ParseIP(name) != nil || strings.HasSuffix(name, ".amazonaws.com") {
		return invalid("Invalid domain name: %s. It is a name in small letters with at least one dot; wildcards are not implemented by Atelier.", name)
	}
	return nil
}

func (s *Service) domain(tx *store.Tx, k store.Key) (domain, error) {
	d, err := s.domains.Get(tx, k)
	if absent(err) {
		err = missing("Invalid domain name identifier specified")
	}
	return d, err
}

// configured gives a domain name the one configuration that it has.
func configured(d *domain, region string, in []types.DomainNameConfiguration) error {
	if len(in) > 1 {
		return invalid("Only one domain name configuration is supported")
	}
	c := types.DomainNameConfiguration{}
	if len(in) == 1 {
		c = in[0]
	}
	if c.EndpointType == "" {
		c.EndpointType = types.EndpointTypeRegional
	}
	if c.EndpointType != types.EndpointTypeRegional {
		return invalid("HTTP APIs support only regional domain names")
	}
	if c.SecurityPolicy == "" {
		c.SecurityPolicy = types.SecurityPolicyTls12
	}
	if c.IpAddressType == "" {
		c.IpAddressType = types.IpAddressTypeIpv4
	}
	c.DomainNameStatus, c.HostedZoneId = types.DomainNameStatusAvailable, aws.String("Z1UJRXOUMOOFQ8")
	if len(d.DomainNameConfigurations) == 1 {
		c.ApiGatewayDomainName = d.DomainNameConfigurations[0].ApiGatewayDomainName
	} else {
		c.ApiGatewayDomainName = aws.String("d-" + identity.RandomID(10) + ".execute-api." + region + ".amazonaws.com")
	}
	d.DomainNameConfigurations = []types.DomainNameConfiguration{c}
	return nil
}

// alias is the first label of the name that API Gateway gives a domain name.
func (d *domain) alias() string {
	label, _, _ := strings.Cut(aws.ToString(d.DomainNameConfigurations[0].ApiGatewayDomainName), ".")
	return label
}

// CreateDomainName makes a domain name. Requests whose host it is are for it from then on.
// Source: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/domainnames.html
func (s *Service) CreateDomainName(ctx context.Context, in *apigatewayv2.CreateDomainNameInput) (*apigatewayv2.CreateDomainNameOutput, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if in.MutualTlsAuthentication != nil {
		return nil, invalid("Mutual TLS is not implemented by Atelier.")
	}
	if in.RoutingMode != "" && in.RoutingMode != types.RoutingModeApiMappingOnly {
		return nil, invalid("Routing rules are not implemented by Atelier; the routing mode is API_MAPPING_ONLY.")
	}
	k := here(ctx, in.DomainName)
	if err := s.checkName(k.ID); err != nil {
		return nil, err
	}
	d := domain{types.DomainName{DomainName: in.DomainName, ApiMappingSelectionExpression: aws.String(mappingSelection), RoutingMode: types.RoutingModeApiMappingOnly,
		DomainNameArn: aws.String("arn:aws:apigateway:" + k.Region + "::/domainnames/" + k.ID), Tags: orEmpty(in.Tags)}, map[string]types.ApiMapping{}}
	if err := configured(&d, k.Region, in.DomainNameConfigurations); err != nil {
		return nil, err
	}
	if err := s.Store.Update(ctx, func(tx *store.Tx) error {
		rows, err := s.domains.List(tx, store.Range{AllAccounts: true, AllRegions: true, Prefix: k.ID})
		if err != nil {
			return err
		}
		if slices.ContainsFunc(rows, func(r store.Row[domain]) bool { return r.Key.ID == k.ID }) {
			return conflict("The domain name you provided already exists.")
		}
		return s.domains.Insert(tx, k, d)
	}); err != nil {
		return nil, err
	}
	return like[apigatewayv2.CreateDomainNameOutput](d.DomainName), nil
}

// GetDomainName tells of a domain name.
func (s *Service) GetDomainName(ctx context.Context, in *apigatewayv2.GetDomainNameInput) (out *apigatewayv2.GetDomainNameOutput, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		d, err := s.domain(tx, here(ctx, in.DomainName))
		out = like[apigatewayv2.GetDomainNameOutput](d.DomainName)
		return err
	})
	return out, err
}

// GetDomainNames lists the domain names of an account.
func (s *Service) GetDomainNames(ctx context.Context, in *apigatewayv2.GetDomainNamesInput) (*apigatewayv2.GetDomainNamesOutput, error) {
	k, list := here(ctx, nil), []types.DomainName{}
	if err := s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := s.domains.List(tx, store.Range{Account: k.Account, Region: k.Region})
		for _, r := range rows {
			list = append(list, r.Value.DomainName)
		}
		return err
	}); err != nil {
		return nil, err
	}
	items, next, err := page(ctx, list, func(d types.DomainName) string { return *d.DomainName }, in.MaxResults, in.NextToken)
	return &apigatewayv2.GetDomainNamesOutput{Items: items, NextToken: next}, err
}

// UpdateDomainName changes a domain name's configuration.
func (s *Service) UpdateDomainName(ctx context.Context, in *apigatewayv2.UpdateDomainNameInput) (out *apigatewayv2.UpdateDomainNameOutput, err error) {
	if m := in.MutualTlsAuthentication; m != nil && aws.ToString(m.TruststoreUri) != "" {
		return nil, invalid("Mutual TLS is not implemented by Atelier.")
	}
	if in.RoutingMode != "" && in.RoutingMode != types.RoutingModeApiMappingOnly {
		return nil, invalid("Routing rules are not implemented by Atelier; the routing mode is API_MAPPING_ONLY.")
	}
	k := here(ctx, in.DomainName)
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		d, err := s.domain(tx, k)
		if err != nil {
			return err
		}
		if len(in.DomainNameConfigurations) > 0 {
			if err := configured(&d, k.Region, in.DomainNameConfigurations); err != nil {
				return err
			}
		}
		out = like[apigatewayv2.UpdateDomainNameOutput](d.DomainName)
		return s.domains.Put(tx, k, d)
	})
	return out, err
}

// DeleteDomainName removes a domain name with its mappings.
func (s *Service) DeleteDomainName(ctx context.Context, in *apigatewayv2.DeleteDomainNameInput) (*apigatewayv2.DeleteDomainNameOutput, error) {
	k := here(ctx, in.DomainName)
	return &apigatewayv2.DeleteDomainNameOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.domain(tx, k); err != nil {
			return err
		}
		return s.domains.Delete(tx, k)
	})
}
