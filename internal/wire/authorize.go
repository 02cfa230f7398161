package wire

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/audit"
	"github.com/atelier-studio/atelier/internal/platform/authz"
)

// authorize asks for each thing that the operation would touch.
func (x *exchange) authorize(ctx context.Context, o *Operation, in any) error {
	targets := []Target{{Resource: "*"}}
	if o.target != nil {
		var err error
		if targets, err = o.target(ctx, in); err != nil {
			return err
		}
	}
	if len(targets) == 0 {
		return nil
	}
	common := x.conditions(in)
	for _, t := range targets {
		if t.Action == "" {
			t.Action = x.endpoint.actionPrefix() + ":" + o.Name
		}
		if t.Account == "" {
			t.Account = accountOf(t.Resource)
		}
		if t.Account == "" {
			t.Account = x.call.Principal.Account
		}
		if t.Resource != "*" {
			x.touched = append(x.touched, audit.Resource{ARN: t.Resource, Account: t.Account})
		}
		keys := common
		if len(t.Context) > 0 {
			keys = make(authz.Context, len(common)+len(t.Context))
			for k, v := range common {
				keys[k] = v
			}
			for k, v := range t.Context {
				keys[k] = v
			}
		}
		q := authz.Request{Principal: x.call.Principal, Action: t.Action, Resource: t.Resource, ResourceAccount: t.Account, Context: keys}
		d, err := x.cfg.Directory.Authorize(ctx, q, t.Policy)
		if err != nil {
			return err
		}
		if d.Outcome != authz.Allowed {
			f := accessDenied
			if x.endpoint.Name == "sns" {
				f.query = "AuthorizationError" // SNS has a word of its own
			}
			return x.faulty(f, authz.AccessDenied(q, d))
		}
	}
	return nil
}

// conditions collects the condition keys that every request has.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (x *exchange) conditions(in any) authz.Context {
	secure := "false"
	if x.r.TLS != nil {
		secure = "true"
	}
	c := authz.Context{
		"aws:SourceIp":        {x.call.SourceIP},
		"aws:SecureTransport": {secure},
		"aws:RequestedRegion": {x.call.Region},
		"aws:ViaAWSService":   {"false"},
	}
	c.SetTime(x.call.Time)
	if x.call.UserAgent != "" {
		c["aws:UserAgent"] = []string{x.call.UserAgent}
	}
	if ref := x.r.Referer(); ref != "" {
		c["aws:Referer"] = []string{ref}
	}
	members := x.op.Members(in)
	if tags, ok := members.Tags(); ok && len(tags) > 0 {
		keys := make([]string, 0, len(tags))
		for k, v := range tags {
			c["aws:RequestTag/"+k] = []string{v}
			keys = append(keys, k)
		}
		slices.Sort(keys)
		c["aws:TagKeys"] = keys
	} else if keys := members.TagKeys(); len(keys) > 0 {
		c["aws:TagKeys"] = keys
	}
	return c
}

// accountOf reads the account out of an ARN, "" when there is none in it.
func accountOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) == 6 && len(parts[4]) == 12 {
		return parts[4]
	}
	return ""
}
