package authz

import (
	"slices"
	"strings"
)

// Policy is a parsed policy document. It is immutable but for ID and safe for use by many at once.
type Policy struct {
	ID string // where it came from: an ARN, or "<user>/<inline name>"; filled in by the caller

	documentID string
	variables  bool // version 2012-10-17: ${…} is a variable
	trust      bool
	statements []statement
}

// statement is one parsed Statement.
type statement struct {
	sid          string
	allow        bool
	principals   []principalRef
	hasPrincipal bool
	notPrincipal bool
	actions      []pattern
	notAction    bool
	resources    []resourcePattern
	notResource  bool
	conditions   []condition
}

// Error is a fault in a policy document. Message is IAM's own text; services send it as MalformedPolicyDocument (IAM),
// MalformedPolicy (S3), MalformedPolicyDocumentException (Organizations, KMS) and so on.
type Error struct{ Message string }

// Error gives the message alone.
func (e *Error) Error() string { return e.Message }

func malformed(message string) error { return &Error{Message: message} }

var errSyntax = malformed("Syntax errors in policy.")

// form is the kind of document that the grammar is held to.
type form uint8

const (
	formAny form = iota
	formIdentity
	formResource
	formTrust
	formSCP
)

// Parse reads a policy document of any kind and checks its grammar. Errors are *Error and say what is wrong in IAM's
// words.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
func Parse(document []byte) (*Policy, error) { return parse(document, formAny) }

// ParseIdentity reads a policy for a user, group or role: version 2012-10-17, resources, no principal. Permission
// boundaries and session policies have the same grammar.
func ParseIdentity(document []byte) (*Policy, error) { return parse(document, formIdentity) }

// ParseResource reads a policy of a resource, such as a bucket: each statement names a principal.
func ParseResource(document []byte) (*Policy, error) { return parse(document, formResource) }

// ParseTrust reads a role's trust policy: principals, STS actions, no resources.
func ParseTrust(document []byte) (*Policy, error) { return parse(document, formTrust) }

// ParseSCP reads a service control policy.
func ParseSCP(document []byte) (*Policy, error) { return parse(document, formSCP) }

// PrincipalRef is a principal that a policy names: Type is "AWS", "Service", "Federated" or "CanonicalUser".
type PrincipalRef struct{ Type, Value string }

// Principals lists what the Principal and NotPrincipal elements name, in order, for callers that check that it exists.
func (p *Policy) Principals() []PrincipalRef {
	var out []PrincipalRef
	for _, s := range p.statements {
		for _, r := range s.principals {
			if ref := (PrincipalRef{r.kind, r.value}); !slices.Contains(out, ref) {
				out = append(out, ref)
			}
		}
	}
	return out
}

// ContextKeys lists the condition keys and variables that the policy asks for, each once in its first spelling, as
// GetContextKeysForCustomPolicy does.
func (p *Policy) ContextKeys() []string {
	var out []string
	add := func(key string) {
		if !slices.ContainsFunc(out, func(s string) bool { return strings.EqualFold(s, key) }) {
			out = append(out, key)
		}
	}
	fromPattern := func(q pattern) {
		for _, e := range q.elems {
			if e.op == opVariable {
				add(e.text)
			}
		}
	}
	for _, s := range p.statements {
		for _, r := range s.resources {
			fromPattern(r.last)
		}
		for _, c := range s.conditions {
			add(c.key)
			for _, v := range c.values {
				fromPattern(v.text)
				for _, q := range v.arn {
					fromPattern(q)
				}
			}
		}
	}
	return out
}

// Statements counts the statements.
func (p *Policy) Statements() int { return len(p.statements) }

// Join is a policy with the statements of both: what each says holds. Either may be nil. Variables are read as in a.
func Join(a, b *Policy) *Policy {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	out := *a
	out.statements = slices.Concat(a.statements, b.statements)
	return &out
}
