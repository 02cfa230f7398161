// Package authztest is a table of authorization decisions, for every test that has to come to the same ones.
package authztest

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/atelier-studio/atelier/internal/platform/authz"
)

//go:embed decisions.json
var decisions []byte

// Case is one request with all that has a say in it, and the decision.
type Case struct {
	Name            string
	Group           string // what the case is about: "explicit deny", "condition", "boundary", …
	Principal       authz.Principal
	Identity        []json.RawMessage   // policy documents
	Boundary        json.RawMessage     // none: empty
	Session         []json.RawMessage   // session policies; Principal.HasSession tells none from empty
	SCPs            [][]json.RawMessage // by level
	ResourcePolicy  json.RawMessage     // none: empty
	Trust           bool                // ResourcePolicy is a role's trust policy
	Action          string
	Resource        string
	ResourceAccount string
	Context         authz.Context
	Want            authz.Outcome
	By              string // Decision.By
}

// Cases reads the table.
func Cases() ([]Case, error) {
	var out []Case
	if err := json.Unmarshal(decisions, &out); err != nil {
		return nil, fmt.Errorf("cannot read the table of decisions: %w", err)
	}
	return out, nil
}

// Question parses the policies and gives what Evaluate takes.
func (c Case) Question() (authz.Request, authz.Policies, error) {
	r := authz.Request{Principal: c.Principal, Action: c.Action, Resource: c.Resource, ResourceAccount: c.ResourceAccount,
		Context: c.Context}
	var p authz.Policies
	var err error
	if p.Identity, err = parseAll(c.Identity, authz.Parse); err != nil {
		return r, p, err
	}
	if r.Principal.Session, err = parseAll(c.Session, authz.ParseIdentity); err != nil {
		return r, p, err
	}
	for _, level := range c.SCPs {
		list, err := parseAll(level, authz.ParseSCP)
		if err != nil {
			return r, p, err
		}
		p.SCPs = append(p.SCPs, list)
	}
	if len(c.Boundary) > 0 {
		if p.Boundary, err = authz.ParseIdentity(c.Boundary); err != nil {
			return r, p, fmt.Errorf("cannot read boundary: %w", err)
		}
	}
	if len(c.ResourcePolicy) > 0 {
		parse := authz.ParseResource
		if c.Trust {
			parse = authz.ParseTrust
		}
		if p.Resource, err = parse(c.ResourcePolicy); err != nil {
			return r, p, fmt.Errorf("cannot read resource policy: %w", err)
		}
	}
	return r, p, nil
}

func parseAll(documents []json.RawMessage, parse func([]byte) (*authz.Policy, error)) ([]*authz.Policy, error) {
	var out []*authz.Policy
	for _, d := range documents {
		p, err := parse(d)
		if err != nil {
			return nil, fmt.Errorf("cannot read policy %s: %w", d, err)
		}
		out = append(out, p)
	}
	return out, nil
}
