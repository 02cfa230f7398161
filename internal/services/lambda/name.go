package lambda

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

const latest = "$LATEST"

// ref is a function as a call names it.
type ref struct {
	store.Key        // id: the function's name
	Qualifier string // "", "$LATEST", a version or an alias
}

func functionARN(k store.Key) string { return arn.New("lambda", k.Region, k.Account, "function:"+k.ID) }

func (r ref) arn() string {
	if r.Qualifier == "" {
		return functionARN(r.Key)
	}
	return functionARN(r.Key) + ":" + r.Qualifier
}

// at is the reference with another qualifier.
func (r ref) at(qualifier string) ref { return ref{r.Key, qualifier} }

// errRegion is a function of another region, which is not reached from here.
func (r ref) here(region string) error {
	if r.Region != region {
		return missing("Functions from '%s' are not reachable in this region ('%s')", r.Region, region)
	}
	return nil
}

// parseRef reads a name, a partial ARN (account:function:name) or a whole one, each of which may end in a qualifier.
func parseRef(account, region, name string) (r ref, ok bool) {
	r = ref{Key: store.Key{Account: account, Region: region}}
	switch {
	case strings.HasPrefix(name, "arn:"):
		a, err := arn.Parse(name)
		if err != nil || a.Service != "lambda" {
			return r, false
		}
		if name, ok = strings.CutPrefix(a.Resource, "function:"); !ok {
			return r, false
		}
		r.Account, r.Region = a.Account, a.Region
	case strings.Contains(name, "function:"):
		parts := strings.Split(name, ":") // [region:]account:function:name
		at := 0
		for parts[at] != "function" {
			if at++; at == len(parts) {
				return r, false
			}
		}
		if at > 0 {
			r.Account = parts[at-1]
		}
		if at > 1 {
			r.Region = parts[at-2]
		}
		name = strings.Join(parts[at+1:], ":")
	}
	r.ID, r.Qualifier, _ = strings.Cut(name, ":")
	return r, r.ID != "" && r.Account != "" && !strings.Contains(r.Qualifier, ":")
}

// named reads the function that a call is about.
func named(ctx context.Context, name, qualifier *string) (ref, error) {
	call := wire.CallOf(ctx)
	r, ok := parseRef(call.Account(), call.Region, aws.ToString(name))
	if !ok {
		return r, invalid("%s is not a function's name or ARN.", aws.ToString(name))
	}
	if q := aws.ToString(qualifier); q != "" {
		if r.Qualifier != "" && r.Qualifier != q {
			return r, invalid("The derived qualifier from the function name does not match the specified qualifier.")
		}
		r.Qualifier = q
	}
	return r, r.here(call.Region)
}

// on names a function for authorization, with the policy of its qualifier.
func (s *Service) on(ctx context.Context, name, qualifier *string) ([]wire.Target, error) {
	r, err := named(ctx, name, qualifier)
	if err != nil {
		return nil, err
	}
	t, err := s.target(ctx, r)
	return []wire.Target{t}, err
}

func (s *Service) target(ctx context.Context, r ref) (wire.Target, error) {
	if r.Qualifier == latest { // which nobody has to name
		r.Qualifier = ""
	}
	t := wire.Target{Resource: r.arn(), Account: r.Account}
	f, ok, err := s.find(ctx, r.Key)
	if err != nil || !ok {
		return t, err // that it is not there only those are told who may ask
	}
	t.Context = tagContext(f.Tags)
	t.Policy, err = s.policy(r, f)
	return t, err
}

// isVersion tells whether a qualifier is the number of a published version.
func isVersion(q string) bool {
	for _, c := range q {
		if c < '0' || c > '9' {
			return false
		}
	}
	return q != ""
}
