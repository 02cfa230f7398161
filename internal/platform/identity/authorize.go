package identity

import (
	"context"
	"maps"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/authz"
)

// CalledVia is the key that tells, in the session that a service acts for somebody in, which service that is.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
const CalledVia = "aws:CalledVia"

// Via is p as a service acts for it later: a session that says so. Sessions of GetSessionToken may no more than they could by themselves.
func Via(p authz.Principal, service string) authz.Principal {
	own := ownSession(p)
	p.Session, p.AccessKeyID = nil, ""
	if own {
		return p
	}
	context := maps.Clone(p.Context)
	if context == nil {
		context = authz.Context{}
	}
	context[CalledVia] = []string{service}
	p.Context = context
	return p
}

// ownSession says whether p is somebody in a session of GetSessionToken.
func ownSession(p authz.Principal) bool {
	return (p.Kind == authz.User || p.Kind == authz.Root) && strings.HasPrefix(p.AccessKeyID, PrefixTemporaryKey) && len(p.Context[CalledVia]) == 0
}

// Authorize decides r for its principal, with the resource's own policy when it has one.
func (d *Directory) Authorize(ctx context.Context, r authz.Request, resource *authz.Policy) (authz.Decision, error) {
	if beyondToken(r.Principal, r.Action) {
		return authz.Decision{Outcome: authz.ImplicitDeny, By: authz.BySession}, nil
	}
	p, err := d.Policies(ctx, r.Principal)
	if err != nil {
		return authz.Decision{}, err
	}
	p.Resource = resource
	return authz.Evaluate(r, p), nil
}

// beyondToken tells the calls that no policy can allow to credentials of GetFederationToken and GetSessionToken: IAM at
// all, and STS but for GetCallerIdentity (and, of GetSessionToken, AssumeRole). What a service calls in the name of a user is no such
// session: it says aws:CalledVia, which nobody else can put into a session.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
func beyondToken(p authz.Principal, action string) bool {
	if p.Kind != authz.FederatedUser && !ownSession(p) || len(action) < 4 {
		return false
	}
	switch strings.ToLower(action[:4]) {
	case "iam:":
		return !strings.EqualFold(action[4:], "PassRole") // it is no call of IAM's, but asked for by others
	case "sts:":
		name := action[4:]
		if strings.EqualFold(name, "GetCallerIdentity") {
			return false
		}
		return p.Kind == authz.FederatedUser ||
			!strings.EqualFold(name, "AssumeRole") && !strings.EqualFold(name, "TagSession") && !strings.EqualFold(name, "SetSourceIdentity")
	}
	return false
}
