package cloudformation

import (
	"context"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// here is the key of something of the caller's.
func here(ctx context.Context, id string) store.Key {
	call := wire.CallOf(ctx)
	return store.Key{Account: call.Account(), Region: call.Region, ID: id}
}

// stackOfARN takes a stack's ARN apart.
func stackOfARN(text string) (k store.Key, name string, ok bool) {
	a, err := arn.Parse(text)
	if err != nil || a.Service != "cloudformation" {
		return k, "", false
	}
	p := strings.Split(a.Resource, "/")
	if len(p) != 3 || p[0] != "stack" {
		return k, "", false
	}
	return store.Key{Account: a.Account, Region: a.Region, ID: p[2]}, p[1], true
}

// missing is an answer that a stack is not there.
type missing struct{ error }

func (m missing) Unwrap() error { return m.error }

func isMissing(err error) bool {
	var m missing
	return errors.As(err, &m)
}

// named reads a stack of the caller's by its name, which only one that is not deleted has, or by its ARN.
func (s *Service) named(ctx context.Context, tx *store.Tx, name string) (k store.Key, st stack, err error) {
	if strings.HasPrefix(name, "arn:") {
		var ok bool
		k, _, ok = stackOfARN(name)
		if at := here(ctx, k.ID); !ok || k != at {
			return k, st, missing{noStack(name)}
		}
	} else {
		id, err := s.names.Get(tx, here(ctx, name))
		if absent(err) {
			return k, st, missing{noStack(name)}
		}
		if err != nil {
			return k, st, err
		}
		k = here(ctx, id)
	}
	st, err = s.stacks.Get(tx, k)
	if absent(err) {
		err = missing{noStack(name)}
	}
	return k, st, err
}

// alive reads a stack that is not deleted.
func (s *Service) alive(ctx context.Context, tx *store.Tx, name string) (k store.Key, st stack, err error) {
	k, st, err = s.named(ctx, tx, name)
	if err == nil && st.Deleted != nil {
		err = missing{noStack(name)}
	}
	return k, st, err
}

// on names a stack for authorization. That it is not there only those are told who may ask.
func (s *Service) on(ctx context.Context, name *string) ([]wire.Target, error) {
	if text(name) == "" {
		return []wire.Target{{Resource: "*"}}, nil
	}
	t := wire.Target{Resource: *name}
	if !strings.HasPrefix(*name, "arn:") {
		t.Resource = stackARN(here(ctx, "*"), *name)
	}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		k, st, err := s.named(ctx, tx, *name)
		if err != nil {
			if isMissing(err) {
				return nil
			}
			return err
		}
		t.Resource = st.arn(k)
		for _, tag := range st.Tags {
			if t.Context == nil {
				t.Context = authz.Context{}
			}
			t.Context["aws:ResourceTag/"+tag.Key] = []string{tag.Value}
		}
		return nil
	})
	return []wire.Target{t}, err
}

// asked adds what IAM knows of a request on a stack: the role it passes, its template's address and the types it would make.
func (s *Service) asked(ctx context.Context, name, role, url *string, types []string) ([]wire.Target, error) {
	list, err := s.on(ctx, name)
	if err != nil {
		return nil, err
	}
	if list[0].Context == nil {
		list[0].Context = authz.Context{}
	}
	if text(url) != "" {
		list[0].Context["cloudformation:TemplateUrl"] = []string{*url}
	}
	if len(types) > 0 {
		list[0].Context["cloudformation:ResourceTypes"] = types
	}
	if text(role) != "" {
		list[0].Context["cloudformation:RoleArn"] = []string{*role}
		list = append(list, wire.Target{Action: "iam:PassRole", Resource: *role, Context: authz.Context{"iam:PassedToService": {principal}}})
	}
	return list, nil
}
