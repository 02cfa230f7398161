package glue

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// on names what IAM has to allow for resources: each, and what it lies in.
// Source: https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
func (s *Service) on(ctx context.Context, list ...governance.Resource) ([]wire.Target, error) {
	region := wire.CallOf(ctx).Region
	var out []wire.Target
	asked := map[string]bool{}
	for _, r := range list {
		policy, err := s.resourcePolicy(ctx, r)
		if err != nil {
			return nil, err
		}
		for _, r := range above(r) {
			name := r.ARN(region)
			if !asked[name] {
				asked[name] = true
				out = append(out, wire.Target{Resource: name, Account: r.Account(), Policy: policy})
			}
		}
	}
	return out, nil
}

// resourcePolicy is what the owner of a resource says of it to the caller: its catalog's policy and, to other accounts, what
// was shared with them.
func (s *Service) resourcePolicy(ctx context.Context, r governance.Resource) (*authz.Policy, error) {
	call := wire.CallOf(ctx)
	if r.Account() == call.Account() {
		return nil, nil
	}
	shared, err := s.shared(ctx, r)
	if err != nil || !shared {
		return nil, err
	}
	list := above(r)
	names := make([]string, len(list))
	for i, r := range list {
		names[i] = r.ARN(call.Region)
	}
	document, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow",
		"Principal": map[string]string{"AWS": arn.New("iam", "", call.Account(), "root")}, "Action": "glue:*", "Resource": names}}})
	if err != nil {
		return nil, err
	}
	policy, err := authz.ParseResource(document)
	if err != nil {
		return nil, fmt.Errorf("cannot share %s: %w", r.ARN(call.Region), err)
	}
	return policy, nil
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
	return s.Ledger.Access(ctx, call.Principal, call.Region, r)
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
