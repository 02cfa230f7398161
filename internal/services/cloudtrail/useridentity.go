package cloudtrail

import (
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/authz"
)

// userIdentity says who called.
// Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
type userIdentity struct {
	Type        string          `json:"type"`
	PrincipalID string          `json:"principalId,omitempty"`
	ARN         string          `json:"arn,omitempty"`
	Account     string          `json:"accountId,omitempty"`
	AccessKeyID string          `json:"accessKeyId,omitempty"`
	Name        string          `json:"userName,omitempty"`
	Session     *sessionContext `json:"sessionContext,omitempty"`
	InvokedBy   string          `json:"invokedBy,omitempty"`
	Provider    string          `json:"identityProvider,omitempty"`
}

type sessionContext struct {
	Issuer         *sessionIssuer    `json:"sessionIssuer,omitempty"`
	Attributes     map[string]string `json:"attributes"`
	SourceIdentity string            `json:"sourceIdentity,omitempty"`
}

type sessionIssuer struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
	ARN         string `json:"arn"`
	Account     string `json:"accountId"`
	Name        string `json:"userName"`
}

// identify describes p to an account. Another account learns only which account and unique id called.
func identify(p authz.Principal, to string) userIdentity {
	switch {
	case p.Kind == authz.Service:
		return userIdentity{Type: "AWSService", InvokedBy: p.Name}
	case p.Kind == authz.Anonymous:
		u := userIdentity{Type: "AWSAccount", PrincipalID: "", Account: "anonymous"}
		if v := p.Context["aws:FederatedProvider"]; len(v) > 0 {
			u = userIdentity{Type: "WebIdentityUser", Provider: v[0]}
		}
		return u
	case p.Account != to:
		return userIdentity{Type: "AWSAccount", PrincipalID: p.UserID, Account: p.Account}
	}
	u := userIdentity{Type: string(p.Kind), PrincipalID: p.UserID, ARN: p.ARN, Account: p.Account, AccessKeyID: p.AccessKeyID}
	if p.Kind == authz.User {
		u.Name = p.Name
	}
	issued := p.Context["aws:TokenIssueTime"]
	if len(issued) == 0 {
		return u
	}
	mfa := "false"
	if v := p.Context["aws:MultiFactorAuthPresent"]; len(v) > 0 {
		mfa = v[0]
	}
	u.Session = &sessionContext{Attributes: map[string]string{"creationDate": issued[0], "mfaAuthenticated": mfa}}
	if v := p.Context["aws:SourceIdentity"]; len(v) > 0 {
		u.Session.SourceIdentity = v[0]
	}
	if p.Kind == authz.AssumedRole {
		unique, _, _ := strings.Cut(p.UserID, ":")
		u.Session.Issuer = &sessionIssuer{Type: "Role", PrincipalID: unique, ARN: p.RoleARN, Account: p.Account,
			Name: p.RoleARN[strings.LastIndexByte(p.RoleARN, '/')+1:]}
	}
	return u
}
