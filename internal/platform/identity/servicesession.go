package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// ErrNotTrusted is returned for a role that is not there or that the service may not assume.
var ErrNotTrusted = errors.New("role cannot be assumed by the service")

// ServiceSession is the principal that a service ("glue.amazonaws.com") becomes when it assumes a role: the role that a
// crawler or a registered location was given, say. The role's trust policy has to allow it, or the error is ErrNotTrusted.
// Give the principal to Issue for credentials.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-service.html
func (d *Directory) ServiceSession(ctx context.Context, service, roleARN, session string) (authz.Principal, error) {
	parts := strings.SplitN(roleARN, ":", 6)
	if len(parts) != 6 || parts[2] != "iam" || !strings.HasPrefix(parts[5], "role/") {
		return authz.Principal{}, ErrNotTrusted
	}
	var r Role
	err := d.store.View(ctx, func(tx *store.Tx) (err error) {
		r, err = d.Roles.Get(tx, NameKey(parts[4], nameOf(roleARN)))
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && r.ARN() != roleARN {
		return authz.Principal{}, ErrNotTrusted
	}
	if err != nil {
		return authz.Principal{}, fmt.Errorf("cannot read role %s: %w", roleARN, err)
	}
	trust, err := d.parse(roleARN, r.Trust, authz.ParseTrust)
	if err != nil {
		return authz.Principal{}, fmt.Errorf("cannot read role %s: %w", roleARN, err)
	}
	as := authz.Principal{Kind: authz.Service, Name: service}
	request := authz.Request{Principal: as, Action: "sts:AssumeRole", Resource: roleARN, ResourceAccount: r.Account,
		Context: authz.Context{"aws:SourceAccount": {r.Account}, "sts:RoleSessionName": {session}}}
	request.Context.SetTime(d.clock.Now())
	if authz.Evaluate(request, authz.Policies{Resource: trust}).Outcome != authz.Allowed {
		return authz.Principal{}, ErrNotTrusted
	}
	return RolePrincipal(r, session), nil
}
