package identity

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Policies collects the identity, boundary and service control policies that apply to p. Cached as Credential is. A
// principal that is not there any more has none.
func (d *Directory) Policies(ctx context.Context, p authz.Principal) (authz.Policies, error) {
	if p.Kind == authz.Service || p.Kind == authz.Anonymous {
		return authz.Policies{}, nil
	}
	id, _, _ := strings.Cut(p.UserID, ":")
	key := policiesKey{p.Kind, p.Account, id, p.Name}
	drawer := d.cache.Load()
	if out, ok := drawer.policy(key); ok {
		return out, nil
	}
	var out authz.Policies
	err := d.store.View(ctx, func(tx *store.Tx) (err error) {
		out, err = d.policies(tx, p, id)
		return err
	})
	if err != nil {
		return authz.Policies{}, fmt.Errorf("cannot collect policies of %s: %w", p.ARN, err)
	}
	drawer.keepPolicies(key, out)
	return out, nil
}

func (d *Directory) policies(tx *store.Tx, p authz.Principal, id string) (out authz.Policies, err error) {
	if out.SCPs, err = d.SCPsOf(tx, p.Account); err != nil {
		return out, err
	}
	switch p.Kind {
	case authz.User:
		u, err := d.Users.Get(tx, NameKey(p.Account, p.Name))
		if err != nil || u.ID != id {
			return out, found(err)
		}
		return out, d.ofUser(tx, u, &out)
	case authz.FederatedUser:
		if p.Name == "" {
			out.Identity, err = d.add(nil, allowAllID, allowAll)
			return out, err
		}
		u, err := d.Users.Get(tx, NameKey(p.Account, p.Name))
		if err != nil || u.ID != p.SessionName {
			return out, found(err)
		}
		return out, d.ofUser(tx, u, &out)
	case authz.AssumedRole:
		r, err := d.Roles.Get(tx, NameKey(p.Account, nameOf(p.RoleARN)))
		if err != nil || r.ID != id {
			return out, found(err)
		}
		if out.Identity, err = d.collect(tx, r.Name, r.Inline, r.Attached); err != nil {
			return out, err
		}
		out.Boundary, err = d.boundary(tx, r.Boundary)
		return out, err
	}
	return out, nil
}

// What the root user of an account may, for the users that it federates.
const (
	allowAllID = "root"
	allowAll   = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
)

func found(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func (d *Directory) ofUser(tx *store.Tx, u User, out *authz.Policies) (err error) {
	if out.Identity, err = d.collect(tx, u.Name, u.Inline, u.Attached); err != nil {
		return err
	}
	for _, name := range u.Groups {
		g, err := d.Groups.Get(tx, NameKey(u.Account, name))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		list, err := d.collect(tx, g.Name, g.Inline, g.Attached)
		if err != nil {
			return err
		}
		out.Identity = append(out.Identity, list...)
	}
	out.Boundary, err = d.boundary(tx, u.Boundary)
	return err
}

// collect parses inline policies in order of name, then attached ones.
func (d *Directory) collect(tx *store.Tx, owner string, inline map[string]string, attached []string) (list []*authz.Policy, err error) {
	for _, name := range slices.Sorted(maps.Keys(inline)) {
		if list, err = d.add(list, owner+"/"+name, inline[name]); err != nil {
			return nil, err
		}
	}
	for _, arn := range attached {
		p, err := d.ManagedPolicy(tx, arn)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if list, err = d.add(list, arn, p.Document()); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (d *Directory) add(list []*authz.Policy, id, document string) ([]*authz.Policy, error) {
	p, err := d.parse(id, document, authz.Parse)
	if err != nil {
		// Nobody could have stored it. To leave it out could leave a deny out.
		return nil, fmt.Errorf("cannot read policy %s: %w", id, err)
	}
	return append(list, p), nil
}

// boundary reads a permissions boundary. One that is set but cannot be found allows nothing.
func (d *Directory) boundary(tx *store.Tx, arn string) (*authz.Policy, error) {
	if arn == "" {
		return nil, nil
	}
	p, err := d.ManagedPolicy(tx, arn)
	if errors.Is(err, store.ErrNotFound) {
		return d.parse(arn, denyAll, authz.Parse)
	}
	if err != nil {
		return nil, err
	}
	list, err := d.add(nil, arn, p.Document())
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

const denyAll = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`

// ManagedPolicy finds a managed policy, of AWS or of a customer, by its ARN, or returns store.ErrNotFound.
func (d *Directory) ManagedPolicy(tx *store.Tx, arn string) (Policy, error) {
	if p, ok := d.aws[arn]; ok {
		return p, nil
	}
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || !strings.HasPrefix(parts[5], "policy/") {
		return Policy{}, store.ErrNotFound
	}
	p, err := d.ManagedPolicies.Get(tx, NameKey(parts[4], nameOf(parts[5])))
	if err == nil && p.ARN() != arn {
		return Policy{}, store.ErrNotFound
	}
	return p, err
}
