package iam

import (
	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// simulation is a principal with all policies that have a say.
type simulation struct {
	principal authz.Principal
	policies  authz.Policies
	sources   map[string]source // by authz.Policy.ID
	context   authz.Context
	owner     string // account that owns resources whose ARN names none
	places    map[string][]statementPlace
}

// source is where a policy came from, as the answer names it.
type source struct{ name, document string }

func (m *simulation) parse(id, document string, read func([]byte) (*authz.Policy, error)) (*authz.Policy, error) {
	p, err := read([]byte(document))
	if err != nil {
		return nil, invalidInput("%s: %s", id, err)
	}
	p.ID = id
	m.sources[id] = source{id, document}
	return p, nil
}

// ownerOf is the account that a resource belongs to.
func (m *simulation) ownerOf(resource string) string {
	if a, err := arn.Parse(resource); err == nil && len(a.Account) == 12 {
		return a.Account
	}
	if m.owner != "" {
		return m.owner
	}
	return m.principal.Account
}

func (m *simulation) evaluate(action, resource, owner string, p authz.Policies) authz.Decision {
	return authz.Evaluate(authz.Request{Principal: m.principal, Action: action, Resource: resource, ResourceAccount: owner,
		Context: m.context}, p)
}

const allowAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`

// result is the answer for one action on one resource.
func (m *simulation) result(action, resource string) types.EvaluationResult {
	owner := m.ownerOf(resource)
	d := m.evaluate(action, resource, owner, m.policies)
	missing := d.Missing
	if missing == nil {
		missing = []string{}
	}
	out := types.EvaluationResult{EvalActionName: aws.String(action), EvalResourceName: aws.String(resource),
		EvalDecision: types.PolicyEvaluationDecisionType(d.Outcome), MatchedStatements: m.matched(d), MissingContextValues: missing}

	// What each kind of policy says for itself is asked with all else allowed.
	all, err := authz.ParseIdentity([]byte(allowAll))
	if err != nil {
		return out
	}
	anything := []*authz.Policy{all}
	allows := func(p authz.Policies) bool {
		return m.evaluate(action, resource, m.principal.Account, p).Outcome == authz.Allowed
	}
	if m.policies.Boundary != nil {
		out.PermissionsBoundaryDecisionDetail = &types.PermissionsBoundaryDecisionDetail{
			AllowedByPermissionsBoundary: allows(authz.Policies{Identity: anything, Boundary: m.policies.Boundary})}
	}
	organization := true
	if m.policies.SCPs != nil {
		organization = allows(authz.Policies{Identity: anything, SCPs: m.policies.SCPs})
		out.OrganizationsDecisionDetail = &types.OrganizationsDecisionDetail{AllowedByOrganizations: organization}
	}
	if resource == "*" {
		return out
	}
	if organization {
		out.EvalDecisionDetails = map[string]types.PolicyEvaluationDecisionType{}
	}
	if organization && owner != m.principal.Account {
		own := m.policies
		own.Resource = nil
		out.EvalDecisionDetails["IAM Policy"] = types.PolicyEvaluationDecisionType(m.evaluate(action, resource, m.principal.Account, own).Outcome)
		out.EvalDecisionDetails["Resource Policy"] = types.PolicyEvaluationDecisionType(
			m.evaluate(action, resource, owner, authz.Policies{Identity: anything, Resource: m.policies.Resource}).Outcome)
	}
	out.ResourceSpecificResults = []types.ResourceSpecificResult{{EvalResourceName: out.EvalResourceName, EvalResourceDecision: out.EvalDecision,
		EvalDecisionDetails: out.EvalDecisionDetails, MatchedStatements: out.MatchedStatements, MissingContextValues: missing,
		PermissionsBoundaryDecisionDetail: out.PermissionsBoundaryDecisionDetail}}
	return out
}

// matched describes the statements that led to the decision: those that deny when one does, else those that allow by
// themselves. What only limits (boundary, service control policies) is told by its own detail.
func (m *simulation) matched(d authz.Decision) []types.Statement {
	out := []types.Statement{}
	for _, hit := range d.Matched {
		src, ok := m.sources[hit.PolicyID]
		if !ok {
			src.name = lastPart(hit.PolicyID)
		}
		var at *statementPlace
		if places := m.placesOf(hit.PolicyID); hit.Statement < len(places) {
			at = &places[hit.Statement]
		}
		grants := hit.Kind == authz.ByIdentity || hit.Kind == authz.ByResource
		switch {
		case d.Outcome == authz.Allowed && !grants, d.Outcome == authz.ImplicitDeny:
			continue
		case d.Outcome == authz.ExplicitDeny && (at == nil && hit.Kind != d.By || at != nil && at.allow):
			continue
		}
		kind := "IAM Policy"
		if hit.Kind == authz.ByResource {
			kind = "Resource Policy"
		}
		s := types.Statement{SourcePolicyId: aws.String(src.name), SourcePolicyType: types.PolicySourceType(kind)}
		if at != nil {
			s.StartPosition, s.EndPosition = &types.Position{Line: at.start.Line, Column: at.start.Column}, &types.Position{Line: at.end.Line, Column: at.end.Column}
		}
		out = append(out, s)
	}
	return out
}
