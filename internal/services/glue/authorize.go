package glue

import (
	"context"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// on names what IAM has to allow for resources: each, what it lies in, and where a link leads.
// Source: https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
func (s *Service) on(ctx context.Context, list ...governance.Resource) ([]wire.Target, error) {
	return s.onPlaces(ctx, true, list...)
}

// onNamed is on for calls that are about the link itself, when a link is named.
func (s *Service) onNamed(ctx context.Context, list ...governance.Resource) ([]wire.Target, error) {
	return s.onPlaces(ctx, false, list...)
}

func (s *Service) onPlaces(ctx context.Context, last bool, list ...governance.Resource) ([]wire.Target, error) {
	var out []wire.Target
	asked := map[string]bool{}
	for _, r := range list {
		p, err := s.follow(ctx, r, last)
		if err != nil {
			return nil, err
		}
		for _, r := range append(p.links, p.Resource) {
			targets, err := s.targets(ctx, r)
			if err != nil {
				return nil, err
			}
			for _, t := range targets {
				if !asked[t.Resource] {
					asked[t.Resource] = true
					out = append(out, t)
				}
			}
		}
	}
	return out, nil
}

// targets are a resource and what it lies in.
func (s *Service) targets(ctx context.Context, r governance.Resource) ([]wire.Target, error) {
	policy, err := s.resourcePolicy(ctx, r)
	if err != nil {
		return nil, err
	}
	list := above(r)
	out := make([]wire.Target, len(list))
	for i, of := range list {
		name := of.ARN(wire.CallOf(ctx).Region)
		keys, err := s.tagsOf(ctx, name)
		if err != nil {
			return nil, err
		}
		out[i] = wire.Target{Resource: name, Account: of.Account(), Policy: policy, Context: keys}
	}
	return out, nil
}

// resourcePolicy is what the owner of a resource says of it to the caller: its catalog's policy and, to other accounts, what
// was shared with them.
func (s *Service) resourcePolicy(ctx context.Context, r governance.Resource) (*authz.Policy, error) {
	call := wire.CallOf(ctx)
	own, err := s.catalogPolicy(ctx, r.Account(), call.Region)
	if err != nil || r.Account() == call.Account() {
		return own, err
	}
	shared, err := s.shared(ctx, r)
	if err != nil || !shared {
		return own, err
	}
	list := above(r)
	names := make([]string, len(list))
	for i, r := range list {
		names[i] = r.ARN(call.Region)
	}
	policy, err := s.policies.sharing(call.Account(), names)
	if err != nil {
		return nil, fmt.Errorf("cannot share %s: %w", r.ARN(call.Region), err)
	}
	return authz.Join(own, policy), nil
}

// shared tells whether Lake Formation lets the caller, or its account, at a resource of another account or something
// within it.
func (s *Service) shared(ctx context.Context, r governance.Resource) (bool, error) {
	call := wire.CallOf(ctx)
	a, err := s.Ledger.Access(ctx, call.Principal, call.Region, r)
	if err != nil || a.Any() {
		return a.Any(), err
	}
	if a, err = s.Ledger.AccountAccess(ctx, call.Account(), call.Region, r); err != nil || a.Any() {
		return a.Any(), err
	}
	if r.Kind == governance.Table {
		return false, nil
	}
	within, err := s.Ledger.FromOutside(ctx, call.Account(), call.Region)
	for _, w := range within {
		if w.Catalog == r.Catalog && (r.Kind == governance.Catalog || w.Database == r.Database) {
			return true, err
		}
	}
	return false, err
}

// access is what Lake Formation lets the caller do with a resource.
func (s *Service) access(ctx context.Context, r governance.Resource) (governance.Access, error) {
	call := wire.CallOf(ctx)
	a, err := s.Ledger.Access(ctx, call.Principal, call.Region, r)
	if err == nil && !a.Any() && r.Account() != call.Account() {
		a.ByIAM, err = s.byPolicy(ctx, r)
	}
	return a, err
}

// byPolicy tells whether the policy of another account's catalog lets the caller at a resource that is left to IAM.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/hybrid-cross-account.html
func (s *Service) byPolicy(ctx context.Context, r governance.Resource) (bool, error) {
	region := wire.CallOf(ctx).Region
	policy, err := s.catalogPolicy(ctx, r.Account(), region)
	if err != nil || policy == nil {
		return false, err
	}
	if left, err := s.Ledger.LeftToIAM(ctx, region, r); err != nil || !left {
		return false, err
	}
	return wire.May(ctx, wire.Target{Resource: r.ARN(region), Account: r.Account(), Policy: policy})
}

// require is access for callers who may do p.
func (s *Service) require(ctx context.Context, r governance.Resource, p governance.Permissions) (governance.Access, error) {
	a, err := s.access(ctx, r)
	if err == nil && !a.May(p) {
		err = insufficient(p, r)
	}
	return a, err
}

// requireLocation asks for the right to use the data's location, when it is registered. Whoever may make tables in a
// database may do so below the database's own location.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/access-control-underlying-data.html
func (s *Service) requireLocation(ctx context.Context, account string, location *string, within string) error {
	path, ok := governance.PathOf(aws.ToString(location))
	if !ok || within != "" && governance.Within(path, within) {
		return nil
	}
	registered, ok, err := s.Ledger.LocationOf(ctx, account, wire.CallOf(ctx).Region, path)
	if err != nil || !ok || registered.Hybrid {
		return err
	}
	_, err = s.require(ctx, governance.Resource{Kind: governance.Location, Catalog: account, Path: path}, governance.DataLocationAccess)
	return err
}

// insufficient is Lake Formation's refusal.
func insufficient(p governance.Permissions, r governance.Resource) error {
	on := r.Table
	switch r.Kind {
	case governance.Catalog:
		on = "Catalog"
	case governance.Database:
		on = r.Database
	case governance.Location:
		on = "arn:aws:s3:::" + r.Path
	}
	var words []string
	for _, name := range p.Names() {
		word := ""
		for _, part := range strings.Split(name, "_") {
			word += strings.ToUpper(part[:1]) + strings.ToLower(part[1:]) + " "
		}
		words = append(words, strings.TrimSuffix(word, " "))
	}
	return &types.AccessDeniedException{
		Message: aws.String("Insufficient Lake Formation permission(s): Required " + strings.Join(words, ", ") + " on " + on)}
}
