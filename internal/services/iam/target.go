package iam

import (
	"context"
	"errors"
	"reflect"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// targets tells what a request touches. The resources and condition keys are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
type targets func(ctx context.Context, in any) ([]wire.Target, error)

// op lists a handler with its targets; nil means that the action has no resource.
func op[I, O any](f func(context.Context, *I) (*O, error), t targets) wire.Operation {
	if t == nil {
		return wire.Op(f)
	}
	return wire.Op(f, wire.On(func(ctx context.Context, in *I) ([]wire.Target, error) { return t(ctx, in) }))
}

// member reads a string member of an input; ok is false when the input has no such member. Operations on one kind of
// resource name it alike, so that one function finds it for all of them.
func member(in any, name string) (value string, ok bool) {
	v := reflect.ValueOf(in).Elem().FieldByName(name)
	if !v.IsValid() {
		return "", false
	}
	if p, _ := v.Interface().(*string); p != nil {
		return *p, true
	}
	return "", true
}

func path(in any) string {
	if p, _ := member(in, "Path"); p != "" {
		return p
	}
	return "/"
}

func tagContext(tags map[string]string) authz.Context {
	c := authz.Context{}
	for k, v := range tags {
		c["aws:ResourceTag/"+k], c["iam:ResourceTag/"+k] = []string{v}, []string{v}
	}
	return c
}

func (s *Service) creating(k kind) targets {
	return func(ctx context.Context, in any) ([]wire.Target, error) {
		name, _ := member(in, k.member())
		c := authz.Context{}
		if b, _ := member(in, "PermissionsBoundary"); b != "" {
			c["iam:PermissionsBoundary"] = []string{b}
		}
		return []wire.Target{{Resource: arn.New("iam", "", wire.CallOf(ctx).Account(), string(k)+path(in)+name), Context: c}}, nil
	}
}

func (s *Service) on(k kind) targets {
	return func(ctx context.Context, in any) ([]wire.Target, error) { return s.onEntity(ctx, k, in, false) }
}

// onBounded is on for the operations that look at the permissions boundary.
func (s *Service) onBounded(k kind) targets {
	return func(ctx context.Context, in any) ([]wire.Target, error) { return s.onEntity(ctx, k, in, true) }
}

func (s *Service) onEntity(ctx context.Context, k kind, in any, bounded bool) ([]wire.Target, error) {
	call := wire.CallOf(ctx)
	name, _ := member(in, k.member())
	if name == "" {
		own, err := caller(ctx)
		if err != nil {
			return nil, err
		}
		if own == "" {
			return []wire.Target{{Resource: arn.New("iam", "", call.Account(), "root")}}, nil
		}
		name = own
	}
	e := entity{path: "/", name: name, account: call.Account(), kind: k}
	err := s.view(ctx, func(tx *store.Tx, account string) error {
		found, err := s.entity(tx, k, account, name)
		if err == nil {
			e = found
		}
		var none notFound
		if errors.As(err, &none) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	c := tagContext(e.tags)
	if policy, ok := member(in, "PolicyArn"); ok {
		c["iam:PolicyARN"] = []string{policy}
	}
	if b, ok := member(in, "PermissionsBoundary"); bounded && ok {
		c["iam:PermissionsBoundary"] = []string{b}
	} else if bounded && e.boundary != "" {
		c["iam:PermissionsBoundary"] = []string{e.boundary}
	}
	list := []wire.Target{{Resource: e.arn(), Context: c}}
	// A new name or path needs permission on both the old and the new ARN.
	newName, _ := member(in, "New"+k.member())
	newPath, _ := member(in, "NewPath")
	if newName != "" || newPath != "" {
		if newName != "" {
			e.name = newName
		}
		if newPath != "" {
			e.path = newPath
		}
		list = append(list, wire.Target{Resource: e.arn(), Context: c})
	}
	return list, nil
}

// listing is the target of a list: the path under which is looked, of no single resource.
func (s *Service) listing(kind string) targets {
	return func(ctx context.Context, in any) ([]wire.Target, error) {
		prefix, _ := member(in, "PathPrefix")
		if prefix == "" {
			prefix = "/"
		}
		return []wire.Target{{Resource: arn.New("iam", "", wire.CallOf(ctx).Account(), kind+prefix)}}, nil
	}
}

// onKey finds the user of an access key.
func (s *Service) onKey(ctx context.Context, in any) ([]wire.Target, error) {
	id, _ := member(in, "AccessKeyId")
	resource := "*"
	err := s.view(ctx, func(tx *store.Tx, account string) error {
		k, err := s.d.AccessKeys.Get(tx, identity.IDKey(id))
		if err != nil || k.Account != account {
			return absent(err, nil)
		}
		if u, err := s.d.Users.Get(tx, identity.NameKey(account, k.User)); k.User != "" && err == nil {
			resource = u.ARN()
		}
		return nil
	})
	return []wire.Target{{Resource: resource}}, err
}

func (s *Service) onSource(_ context.Context, in any) ([]wire.Target, error) {
	source, _ := member(in, "PolicySourceArn")
	return []wire.Target{{Resource: source}}, nil
}

// caller is the name of the user who calls, "" for the root user. Others have to say whom they mean.
func caller(ctx context.Context) (string, error) {
	switch p := wire.CallOf(ctx).Principal; p.Kind {
	case authz.User:
		return p.Name, nil
	case authz.Root:
		return "", nil
	}
	return "", invalid("Must specify userName when calling with non-User credentials")
}

// lastPart is the name at the end of an ARN or path.
func lastPart(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }
