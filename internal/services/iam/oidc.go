package iam

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const (
	maxClientIDs   = 100
	maxThumbprints = 5
)

func (s *Service) provider(tx *store.Tx, account, arn string) (identity.OIDCProvider, error) {
	none := noSuchEntity("OpenIDConnect Provider not found for arn %s", arn)
	_, host, ok := strings.Cut(arn, ":oidc-provider/")
	if !ok {
		return identity.OIDCProvider{}, invalidInput("Invalid ARN: %s", arn)
	}
	p, err := s.d.OIDCProviders.Get(tx, identity.NameKey(account, host))
	if err == nil && p.ARN() != arn {
		return identity.OIDCProvider{}, none
	}
	return p, absent(err, none)
}

func (s *Service) changeProvider(ctx context.Context, arn *string, f func(tx *store.Tx, p *identity.OIDCProvider) error) error {
	return s.update(ctx, func(tx *store.Tx, account string) error {
		p, err := s.provider(tx, account, aws.ToString(arn))
		if err != nil {
			return err
		}
		if err := f(tx, &p); err != nil {
			return err
		}
		return s.d.OIDCProviders.Put(tx, identity.NameKey(account, p.Host()), p)
	})
}

func checkThumbprints(list []string) error {
	if len(list) > maxThumbprints {
		return invalidInput("Thumbprint list must contain fewer than %d entries.", maxThumbprints)
	}
	for _, t := range list {
		if strings.Trim(lower(t), "0123456789abcdef") != "" {
			return invalidInput("Thumbprint %s is not hexadecimal.", t)
		}
	}
	return nil
}

// CreateOpenIDConnectProvider makes an issuer of web identities known. The URL is https; http does for an issuer on
// this machine.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
func (s *Service) CreateOpenIDConnectProvider(ctx context.Context, in *iam.CreateOpenIDConnectProviderInput) (*iam.CreateOpenIDConnectProviderOutput, error) {
	issuer := aws.ToString(in.Url)
	u, err := url.Parse(issuer)
	local := err == nil && u.Scheme == "http" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1")
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && !local {
		return nil, invalid("Invalid Open ID Connect Provider URL")
	}
	if err := checkThumbprints(in.ThumbprintList); err != nil {
		return nil, err
	}
	if len(in.ClientIDList) > maxClientIDs {
		return nil, overQuota("ClientIdsPerOpenIdConnectProvider", maxClientIDs)
	}
	out := &iam.CreateOpenIDConnectProviderOutput{}
	return done(out, s.update(ctx, func(tx *store.Tx, account string) error {
		p := identity.OIDCProvider{Account: account, URL: issuer, ClientIDs: in.ClientIDList, Thumbprints: in.ThumbprintList, Created: s.now()}
		if err := addTags(&p.Tags, in.Tags); err != nil {
			return err
		}
		out.OpenIDConnectProviderArn, out.Tags = aws.String(p.ARN()), tagList(p.Tags)
		return taken(s.d.OIDCProviders.Insert(tx, identity.NameKey(account, p.Host()), p), exists("Provider with url %s already exists.", issuer))
	}))
}

// GetOpenIDConnectProvider describes a provider. Its URL comes without the scheme.
func (s *Service) GetOpenIDConnectProvider(ctx context.Context, in *iam.GetOpenIDConnectProviderInput) (*iam.GetOpenIDConnectProviderOutput, error) {
	out := &iam.GetOpenIDConnectProviderOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		p, err := s.provider(tx, account, aws.ToString(in.OpenIDConnectProviderArn))
		out.Url, out.ClientIDList, out.ThumbprintList = aws.String(p.Host()), p.ClientIDs, p.Thumbprints
		out.CreateDate, out.Tags = aws.Time(p.Created), tagList(p.Tags)
		return err
	}))
}

// ListOpenIDConnectProviders lists the ARNs of all providers.
func (s *Service) ListOpenIDConnectProviders(ctx context.Context, _ *iam.ListOpenIDConnectProvidersInput) (*iam.ListOpenIDConnectProvidersOutput, error) {
	out := &iam.ListOpenIDConnectProvidersOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		list, err := s.d.OIDCProviders.List(tx, store.Range{Account: account})
		out.OpenIDConnectProviderList = each(list, func(r store.Row[identity.OIDCProvider]) types.OpenIDConnectProviderListEntry {
			return types.OpenIDConnectProviderListEntry{Arn: aws.String(r.Value.ARN())}
		})
		return err
	}))
}

// DeleteOpenIDConnectProvider forgets a provider. Roles that trust it stay and cannot be assumed through it.
func (s *Service) DeleteOpenIDConnectProvider(ctx context.Context, in *iam.DeleteOpenIDConnectProviderInput) (*iam.DeleteOpenIDConnectProviderOutput, error) {
	return done(&iam.DeleteOpenIDConnectProviderOutput{}, s.update(ctx, func(tx *store.Tx, account string) error {
		p, err := s.provider(tx, account, aws.ToString(in.OpenIDConnectProviderArn))
		if err != nil {
			return err
		}
		return s.d.OIDCProviders.Delete(tx, identity.NameKey(account, p.Host()))
	}))
}

// AddClientIDToOpenIDConnectProvider adds an audience. It does nothing when it is there already.
func (s *Service) AddClientIDToOpenIDConnectProvider(ctx context.Context, in *iam.AddClientIDToOpenIDConnectProviderInput) (*iam.AddClientIDToOpenIDConnectProviderOutput, error) {
	return done(&iam.AddClientIDToOpenIDConnectProviderOutput{}, s.changeProvider(ctx, in.OpenIDConnectProviderArn, func(_ *store.Tx, p *identity.OIDCProvider) error {
		if slices.Contains(p.ClientIDs, aws.ToString(in.ClientID)) {
			return nil
		}
		if len(p.ClientIDs) >= maxClientIDs {
			return overQuota("ClientIdsPerOpenIdConnectProvider", maxClientIDs)
		}
		p.ClientIDs = append(p.ClientIDs, aws.ToString(in.ClientID))
		return nil
	}))
}

// RemoveClientIDFromOpenIDConnectProvider takes an audience away. It does nothing when it is not there.
func (s *Service) RemoveClientIDFromOpenIDConnectProvider(ctx context.Context, in *iam.RemoveClientIDFromOpenIDConnectProviderInput) (*iam.RemoveClientIDFromOpenIDConnectProviderOutput, error) {
	return done(&iam.RemoveClientIDFromOpenIDConnectProviderOutput{}, s.changeProvider(ctx, in.OpenIDConnectProviderArn, func(_ *store.Tx, p *identity.OIDCProvider) error {
		p.ClientIDs = slices.DeleteFunc(p.ClientIDs, func(id string) bool { return id == aws.ToString(in.ClientID) })
		return nil
	}))
}

// UpdateOpenIDConnectProviderThumbprint replaces the thumbprints.
func (s *Service) UpdateOpenIDConnectProviderThumbprint(ctx context.Context, in *iam.UpdateOpenIDConnectProviderThumbprintInput) (*iam.UpdateOpenIDConnectProviderThumbprintOutput, error) {
	if err := checkThumbprints(in.ThumbprintList); err != nil {
		return nil, err
	}
	return done(&iam.UpdateOpenIDConnectProviderThumbprintOutput{}, s.changeProvider(ctx, in.OpenIDConnectProviderArn, func(_ *store.Tx, p *identity.OIDCProvider) error {
		p.Thumbprints = in.ThumbprintList
		return nil
	}))
}
