package logs

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// here is the key of something of the caller's. A service that acts for an account says which by aws:SourceAccount.
func here(ctx context.Context, id string) store.Key {
	call := wire.CallOf(ctx)
	account := call.Account()
	if call.Principal.Kind == authz.Service {
		if source := call.Principal.Context["aws:SourceAccount"]; len(source) == 1 {
			account = source[0]
		}
	}
	return store.Key{Account: account, Region: call.Region, ID: id}
}

func groupARN(k store.Key) string { return arn.New("logs", k.Region, k.Account, "log-group:"+k.ID) }

// identified is the key of a group by its name or ARN, which may end in ":*".
func identified(ctx context.Context, identifier string) (store.Key, error) {
	if !strings.HasPrefix(identifier, "arn:") {
		return here(ctx, identifier), nil
	}
	a, err := arn.Parse(identifier)
	name, ok := strings.CutPrefix(a.Resource, "log-group:")
	if name = strings.TrimSuffix(name, ":*"); err != nil || a.Service != "logs" || !ok || name == "" || strings.ContainsAny(name, ":*") {
		return store.Key{}, invalid("The specified log group identifier is not valid.")
	}
	if a.Region != wire.CallOf(ctx).Region {
		return store.Key{}, invalid("The specified log group is not in this Region.")
	}
	return store.Key{Account: a.Account, Region: a.Region, ID: name}, nil
}

// either is the key of a group that is given by its name or by an identifier.
func either(ctx context.Context, name, identifier *string) (store.Key, error) {
	switch {
	case name != nil && identifier != nil:
		return store.Key{}, invalid("LogGroupName and LogGroupIdentifier are mutually exclusive.")
	case name != nil:
		return here(ctx, *name), nil
	case identifier != nil:
		return identified(ctx, *identifier)
	}
	return store.Key{}, invalid("Either LogGroupName or LogGroupIdentifier must be specified.")
}

// target names a group, and a stream of it, for authorization. What a policy says of a group ends in ":*"; that the resource of a call
// ends in ":log-stream:" and perhaps a name is what AWS tells in its refusals.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
func (s *Service) target(ctx context.Context, k store.Key, stream string) ([]wire.Target, error) {
	t := wire.Target{Resource: groupARN(k) + ":log-stream:" + stream, Account: k.Account}
	return s.dressed(ctx, k, t)
}

// itself names a group alone, as the operations on tags do.
func (s *Service) itself(ctx context.Context, k store.Key) ([]wire.Target, error) {
	return s.dressed(ctx, k, wire.Target{Resource: groupARN(k), Account: k.Account})
}

// dressed adds the policy and the tags.
func (s *Service) dressed(ctx context.Context, k store.Key, t wire.Target) (_ []wire.Target, err error) {
	if t.Policy, err = s.policyOf(ctx, k); err != nil {
		return nil, err
	}
	err = s.image.Read(ctx, func() {
		for name, value := range s.groups.Rows()[k].Tags {
			if t.Context == nil {
				t.Context = authz.Context{}
			}
			t.Context["aws:ResourceTag/"+name] = []string{value}
		}
	})
	return []wire.Target{t}, err
}

// on names the caller's group.
func (s *Service) on(ctx context.Context, name *string) ([]wire.Target, error) {
	return s.target(ctx, here(ctx, aws.ToString(name)), "")
}

// onEither names a group by its name or identifier.
func (s *Service) onEither(ctx context.Context, name, identifier *string, stream string) ([]wire.Target, error) {
	k, err := either(ctx, name, identifier)
	if err != nil {
		return nil, err
	}
	return s.target(ctx, k, stream)
}
