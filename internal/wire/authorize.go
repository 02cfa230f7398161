package wire

import (
	"context"
	"slices"
	"strings"
	"sync"

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
		q, d, err := x.decide(ctx, o.Name, t, common)
		if err != nil {
			return err
		}
		if t.Resource != "*" {
			x.touched = append(x.touched, audit.Resource{ARN: t.Resource, Account: q.ResourceAccount})
		}
		x.concerns = append(x.concerns, t.Concerns...)
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

// decide asks for one target.
func (x *exchange) decide(ctx context.Context, operation string, t Target, common authz.Context) (authz.Request, authz.Decision, error) {
	if t.Action == "" {
		t.Action = x.endpoint.actionPrefix() + ":" + operation
	}
	if t.Account == "" {
		t.Account = accountOf(t.Resource)
	}
	if t.Account == "" {
		t.Account = x.call.Principal.Account
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
	return q, d, err
}

type askKey struct{}

// asking lets targets and handler ask for more than the operation's targets.
func (x *exchange) asking(ctx context.Context, o *Operation, in any) context.Context {
	common := sync.OnceValue(func() authz.Context { return x.conditions(in) })
	return context.WithValue(ctx, askKey{}, func(t Target) (bool, error) {
		_, d, err := x.decide(ctx, o.Name, t, common())
		return d.Outcome == authz.Allowed, err
	})
}

// May tells whether IAM lets the call at hand at t, for what an operation shows only to who may see it. Outside the chain
// nothing is allowed.
func May(ctx context.Context, t Target) (bool, error) {
	ask, ok := ctx.Value(askKey{}).(func(Target) (bool, error))
	if !ok {
		return false, nil
	}
	return ask(t)
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
