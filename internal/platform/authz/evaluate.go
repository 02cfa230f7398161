package authz

import (
	"slices"
	"strings"
)

// evaluation is the state of one Evaluate.
type evaluation struct {
	r        *Request
	action   string // lower case
	resource parts
	bounded  bool // the principal has a permissions boundary
	decision Decision
}

// verdict is what the policies of one kind say together.
type verdict struct{ allow, deny bool }

// Evaluate decides r by p. It does no I/O and never fails; a request that no policy speaks of is denied.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
func Evaluate(r Request, p Policies) Decision {
	e := evaluation{r: &r, action: strings.ToLower(r.Action), resource: split(r.Resource)}
	e.decide(p)
	slices.Sort(e.decision.Missing)
	return e.decision
}

func (e *evaluation) decide(p Policies) {
	who := &e.r.Principal
	hasIdentity := who.Kind != Service && who.Kind != Anonymous
	limited := hasIdentity && who.Kind != Root // root has no policies of its own, so neither boundary nor session
	levels := p.SCPs
	if !hasIdentity || serviceLinked(who) {
		levels = nil
	}

	// Everything is looked at before anything is decided: one deny anywhere settles it, and the matched statements are
	// part of the answer.
	scp := verdict{allow: true}
	for _, level := range levels {
		v := e.all(level, BySCP)
		scp.deny = scp.deny || v.deny
		scp.allow = scp.allow && v.allow
	}
	e.bounded = limited && p.Boundary != nil
	granted, resourceDeny := e.grant(p.Resource)
	identity, boundary, session := verdict{allow: who.Kind == Root}, verdict{allow: true}, verdict{allow: true}
	if limited {
		identity = e.all(p.Identity, ByIdentity)
		if p.Boundary != nil {
			boundary = verdict{}
			e.one(p.Boundary, ByBoundary, &boundary)
		}
		// A federated user without session policies has no permissions of its own.
		if who.HasSession || who.Kind == FederatedUser {
			session = e.all(who.Session, BySession)
		}
	}

	switch {
	case scp.deny:
		e.set(ExplicitDeny, BySCP)
	case resourceDeny:
		e.set(ExplicitDeny, ByResource)
	case identity.deny:
		e.set(ExplicitDeny, ByIdentity)
	case boundary.deny:
		e.set(ExplicitDeny, ByBoundary)
	case session.deny:
		e.set(ExplicitDeny, BySession)
	case !hasIdentity && granted == notNamed:
		e.set(ImplicitDeny, ByResource)
	case !hasIdentity:
		e.set(Allowed, ByResource)
	case !scp.allow:
		e.set(ImplicitDeny, BySCP)
	default:
		e.weigh(p, granted, identity.allow, boundary.allow, session.allow)
	}
}

// weigh decides for a principal with an account when nothing denies.
func (e *evaluation) weigh(p Policies, granted grade, identity, boundary, session bool) {
	same := e.r.ResourceAccount == "" || e.r.ResourceAccount == e.r.Principal.Account
	required := !same || p.ResourceRequired || p.Resource != nil && p.Resource.trust
	switch {
	case same && granted == direct:
		// Named itself by the resource's own account: its own policies need not allow, and cannot limit but by a deny.
		e.set(Allowed, ByResource)
	case !identity && !(same && granted == byRole):
		e.set(ImplicitDeny, ByIdentity)
	case required && granted == notNamed:
		e.set(ImplicitDeny, ByResource)
	case !boundary:
		e.set(ImplicitDeny, ByBoundary)
	case !session:
		e.set(ImplicitDeny, BySession)
	case e.r.Principal.Kind == Root && same:
		e.set(Allowed, "")
	case !identity:
		e.set(Allowed, ByResource)
	default:
		e.set(Allowed, ByIdentity)
	}
}

func (e *evaluation) set(o Outcome, by string) { e.decision.Outcome, e.decision.By = o, by }

// serviceLinked tells the roles that service control policies leave alone.
func serviceLinked(p *Principal) bool {
	return p.Kind == AssumedRole && strings.Contains(p.RoleARN, ":role/aws-service-role/")
}

func (e *evaluation) all(list []*Policy, kind string) (v verdict) {
	for _, p := range list {
		if p != nil {
			e.one(p, kind, &v)
		}
	}
	return v
}

// one adds a policy that has no principals of its own to the verdict of its kind.
func (e *evaluation) one(p *Policy, kind string, v *verdict) {
	for i := range p.statements {
		s := &p.statements[i]
		if s.hasPrincipal || !s.applies(e) {
			continue
		}
		e.matched(p, kind, i)
		if s.allow {
			v.allow = true
		} else {
			v.deny = true
		}
	}
}

// grant asks the resource's policy.
func (e *evaluation) grant(p *Policy) (best grade, deny bool) {
	if p == nil {
		return notNamed, false
	}
	for i := range p.statements {
		s := &p.statements[i]
		g := s.names(e)
		if g == notNamed || !s.applies(e) {
			continue
		}
		e.matched(p, ByResource, i)
		if s.allow {
			best = max(best, g)
		} else {
			deny = true
		}
	}
	return best, deny
}

func (e *evaluation) matched(p *Policy, kind string, i int) {
	e.decision.Matched = append(e.decision.Matched, Match{PolicyID: p.ID, Kind: kind, Statement: i, Sid: p.statements[i].sid})
}

// miss notes a condition key that was asked for in vain.
func (e *evaluation) miss(key string) {
	for _, k := range e.decision.Missing {
		if strings.EqualFold(k, key) {
			return
		}
	}
	e.decision.Missing = append(e.decision.Missing, key)
}

// applies tells whether action, resource and all conditions fit.
func (s *statement) applies(e *evaluation) bool {
	if s.actionFits(e) == s.notAction {
		return false
	}
	if len(s.resources) > 0 && s.resourceFits(e) == s.notResource {
		return false
	}
	ok := true
	// All are asked even after the first that fails, so that Missing is whole.
	for i := range s.conditions {
		if !s.conditions[i].holds(e) {
			ok = false
		}
	}
	return ok
}

func (s *statement) actionFits(e *evaluation) bool {
	for i := range s.actions {
		if s.actions[i].match(e.action, e) {
			return true
		}
	}
	return false
}

func (s *statement) resourceFits(e *evaluation) bool {
	for i := range s.resources {
		if s.resources[i].match(e) {
			return true
		}
	}
	return false
}
