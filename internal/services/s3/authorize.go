package s3

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/valyala/fasthttp"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/s3err"
)

// Request values of our own.
const (
	valueAllowed   = "atelier-allowed"   // authorization has passed
	valuePrincipal = "atelier-principal" // authz.Principal
	valueOwner     = "atelier-owner"     // account of the bucket
)

// anonymous tells a request that carries no signature of any kind.
func anonymous(rc *fasthttp.RequestCtx) bool {
	a := rc.QueryArgs()
	return len(rc.Request.Header.Peek("Authorization")) == 0 && rc.UserValue("authenticated") == nil &&
		!a.Has("X-Amz-Algorithm") && !a.Has("X-Amz-Credential") && !a.Has("X-Amz-Signature") && !a.Has("Signature") &&
		!a.Has("AWSAccessKeyId")
}

// authorize decides a request whose signature has been verified.
func (g *guard) authorize(rc *fasthttp.RequestCtx) error {
	if rc.UserValue(valueAllowed) != nil || string(rc.Method()) == "OPTIONS" {
		return nil
	}
	bucket, key := target(rc)
	for _, q := range questions(rc, bucket, key) {
		if err := g.ask(rc, q); err != nil {
			return err
		}
	}
	rc.SetUserValue(valueAllowed, true)
	return nil
}

// ask decides one question. Two spellings of a key that are one file ("a//b" and "a/b") both have to be allowed, so
// that no spelling goes around a policy.
func (g *guard) ask(rc *fasthttp.RequestCtx, q question) error {
	who, err := g.caller(rc)
	if err != nil {
		return err
	}
	r := authz.Request{Principal: who, Action: "s3:" + q.action, Resource: q.resource(), Context: g.conditions(rc)}
	var policy *authz.Policy
	if q.bucket != "" && q.action != "CreateBucket" {
		b, err := g.bucket(rc, q.bucket)
		if err != nil {
			return err
		}
		r.ResourceAccount, policy = b.owner, b.policy
		if rc.UserValue(valueOwner) == nil {
			rc.SetUserValue(valueOwner, b.owner)
		}
	}
	if err := g.decide(rc, r, policy); err != nil {
		return err
	}
	if q.key == "" {
		return nil
	}
	if strings.IndexByte(q.key, 0) >= 0 {
		return s3err.GetAPIError(s3err.ErrInvalidRequest)
	}
	plain := g.Backend.NormalizeObjectKey(q.bucket, q.key)
	if plain == "" || plain == q.key {
		return nil
	}
	r.Resource = question{q.action, q.bucket, plain}.resource()
	return g.decide(rc, r, policy)
}

func (g *guard) decide(ctx context.Context, r authz.Request, policy *authz.Policy) error {
	d, err := g.cfg.Directory.Authorize(ctx, r, policy)
	switch {
	case err != nil:
		return err
	case d.Outcome == authz.Allowed:
		return nil
	case r.Principal.Kind == authz.Anonymous:
		return denied()
	case d.Outcome == authz.ExplicitDeny:
		by := "an identity-based policy"
		switch d.By {
		case authz.ByResource:
			by = "a resource-based policy"
		case authz.BySCP:
			by = "a service control policy"
		case authz.ByBoundary:
			by = "a permissions boundary"
		case authz.BySession:
			by = "a session policy"
		}
		return s3err.GetExplicitDenyAccessErr(r.Principal.ARN, r.Action, r.Resource, by)
	}
	return s3err.GetImplicitDenyAccessErr(r.Principal.ARN, r.Action, r.Resource)
}

func (g *guard) caller(rc *fasthttp.RequestCtx) (authz.Principal, error) {
	if p, ok := rc.UserValue(valuePrincipal).(authz.Principal); ok {
		return p, nil
	}
	who, _ := rc.UserValue("account").(auth.Account)
	p, err := g.accounts.principal(rc, who)
	if err == nil && p.Kind != authz.Anonymous {
		rc.SetUserValue(valuePrincipal, p)
	}
	return p, err
}

// conditions are the keys that a request carries.
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html#amazons3-policy-keys
func (g *guard) conditions(rc *fasthttp.RequestCtx) authz.Context {
	c := authz.Context{"aws:SourceIp": {sourceIP(rc)}, "aws:SecureTransport": {"false"}, "s3:signatureversion": {"AWS4-HMAC-SHA256"}}
	c.SetTime(g.cfg.Clock.Now())
	a, h := rc.QueryArgs(), &rc.Request.Header
	if a.Has("X-Amz-Signature") {
		c["s3:authType"] = []string{"REST-QUERY-STRING"}
	} else {
		c["s3:authType"] = []string{"REST-HEADER"}
	}
	for key, param := range map[string]string{"s3:prefix": "prefix", "s3:delimiter": "delimiter", "s3:max-keys": "max-keys",
		"s3:VersionId": "versionId"} {
		if a.Has(param) {
			c[key] = []string{string(a.Peek(param))}
		}
	}
	for key, name := range map[string]string{"aws:UserAgent": "User-Agent", "aws:Referer": "Referer", "s3:x-amz-acl": "X-Amz-Acl",
		"s3:x-amz-copy-source": "X-Amz-Copy-Source", "s3:x-amz-metadata-directive": "X-Amz-Metadata-Directive",
		"s3:x-amz-server-side-encryption":                "X-Amz-Server-Side-Encryption",
		"s3:x-amz-server-side-encryption-aws-kms-key-id": "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id",
		"s3:x-amz-storage-class":                         "X-Amz-Storage-Class",
		"s3:x-amz-content-sha256":                        "X-Amz-Content-Sha256",
		"s3:if-none-match":                               "If-None-Match", "s3:if-match": "If-Match",
		"s3:object-lock-mode": "X-Amz-Object-Lock-Mode"} {
		if v := h.Peek(name); len(v) > 0 {
			c[key] = []string{string(v)}
		}
	}
	return c
}

// sourceIP is the client's address. The shared port tells it in a header, which is believed on the socket only.
func sourceIP(rc *fasthttp.RequestCtx) string {
	if rc.LocalAddr().Network() == "unix" {
		return string(rc.Request.Header.Peek(sourceHeader))
	}
	return rc.RemoteIP().String()
}
