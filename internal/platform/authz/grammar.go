package authz

import (
	"slices"
	"strings"
)

// IAM's texts for what is wrong.
const (
	msgVersion    = "Policy document must be version 2012-10-17 or greater."
	msgActions    = "Policy statement must contain actions."
	msgResources  = "Policy statement must contain resources."
	msgVendor     = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
	msgOneColon   = "Actions/Condition can contain only one colon."
	msgSidUnique  = "Statement IDs (SID) in a single policy must be unique."
	msgSidForm    = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
	msgPrincipal  = "Policy document should not specify a principal."
	msgNoPrincip  = "Missing required field Principal"
	msgNoResource = "Has prohibited field Resource"
	msgLegacy     = "The policy failed legacy parsing"
	msgTrustSTS   = "AssumeRole policy may only specify STS AssumeRole actions."
)

var (
	policyMembers    = []string{"Version", "Id", "Statement"}
	statementMembers = []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
		"NotResource", "Condition"}
)

func parse(document []byte, f form) (*Policy, error) {
	root, err := readDocument(document)
	if err != nil {
		return nil, err
	}
	if root.kind != nodeObject || !known(root, policyMembers) {
		return nil, errSyntax
	}
	p := &Policy{trust: f == formTrust}
	if err := p.readHead(root, f); err != nil {
		return nil, err
	}
	list, ok := root.member("Statement")
	if !ok {
		return nil, errSyntax
	}
	items := list.items
	if list.kind == nodeObject {
		items = []node{list}
	} else if list.kind != nodeArray {
		return nil, errSyntax
	}
	// Whole-document syntax comes before any statement's own faults: IAM reports it first.
	for _, item := range items {
		if item.kind != nodeObject || !known(item, statementMembers) {
			return nil, errSyntax
		}
	}
	if len(items) == 0 {
		return nil, errSyntax
	}
	p.statements = make([]statement, len(items))
	if err := p.readStatements(items, f); err != nil {
		return nil, err
	}
	return p, nil
}

// readStatements goes through the statements once per kind of fault, because IAM reports a fault of an earlier kind in a
// later statement first.
func (p *Policy) readStatements(items []node, f form) error {
	phases := []func(s *statement, n node) error{
		func(s *statement, n node) error { return s.readHead(n, f) },
		func(s *statement, n node) error { return s.readConditions(n, p.variables) },
		func(s *statement, n node) error { return s.readPrincipal(n, f) },
		func(s *statement, n node) error { return s.readActions(n) },
		func(s *statement, n node) error { return s.readResources(n, f, p.variables) },
		func(s *statement, n node) error { return s.checkResources(n) },
		func(s *statement, n node) error { return s.checkActions(n, f) },
	}
	for phase, read := range phases {
		for i := range items {
			if err := read(&p.statements[i], items[i]); err != nil {
				return err
			}
		}
		if phase == 0 && !p.uniqueSids() {
			return malformed(msgSidUnique)
		}
	}
	return nil
}

func (p *Policy) uniqueSids() bool {
	seen := map[string]bool{}
	for i := range p.statements {
		sid := p.statements[i].sid
		if sid != "" && seen[sid] {
			return false
		}
		seen[sid] = true
	}
	return true
}

func known(n node, members []string) bool {
	for _, name := range n.names {
		if !slices.Contains(members, name) {
			return false
		}
	}
	return true
}

// readHead reads Version and Id.
func (p *Policy) readHead(root node, f form) error {
	if id, ok := root.member("Id"); ok {
		if id.kind != nodeString {
			return errSyntax
		}
		p.documentID = id.text
	}
	v, ok := root.member("Version")
	if ok && v.kind != nodeString {
		return errSyntax
	}
	p.variables = v.text == "2012-10-17"
	switch {
	case p.variables:
		return nil
	case ok && v.text != "2008-10-17":
		if f == formIdentity || f == formSCP || v.text < "2012-10-17" {
			return malformed(msgVersion)
		}
		return errSyntax
	case f == formIdentity || f == formSCP:
		return malformed(msgVersion)
	}
	return nil
}

// readHead reads Effect and Sid, and holds Action and Resource to strings.
func (s *statement) readHead(n node, f form) error {
	effect, ok := n.member("Effect")
	switch {
	case !ok || effect.kind != nodeString:
		return errSyntax
	case effect.text == "Allow" || effect.text == "Deny":
		s.allow = effect.text == "Allow"
	case strings.EqualFold(effect.text, "Allow") || strings.EqualFold(effect.text, "Deny"):
		return malformed(msgLegacy)
	default:
		return errSyntax
	}
	for _, name := range []string{"Action", "Resource"} {
		v, found, _, err := either(n, name)
		if err != nil {
			return err
		}
		if _, ok := v.strings(false); found && !ok {
			return errSyntax
		}
	}
	sid, ok := n.member("Sid")
	if !ok {
		return nil
	}
	if sid.kind != nodeString {
		return errSyntax
	}
	s.sid = sid.text
	if (f == formIdentity || f == formTrust || f == formSCP) && !alphanumeric(s.sid) {
		return malformed(msgSidForm)
	}
	return nil
}

func alphanumeric(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// either reads one of two members that exclude each other, as Action and NotAction do.
func either(n node, name string) (value node, found, negated bool, err error) {
	a, okA := n.member(name)
	b, okB := n.member("Not" + name)
	switch {
	case okA && okB:
		return node{}, false, false, errSyntax
	case okA:
		return a, true, false, nil
	case okB:
		return b, true, true, nil
	}
	return node{}, false, false, nil
}

func (s *statement) readActions(n node) error {
	v, _, negated, _ := either(n, "Action")
	list, _ := v.strings(false)
	if len(list) == 0 {
		return malformed(msgActions)
	}
	s.notAction = negated
	for _, a := range list {
		s.actions = append(s.actions, compile(strings.ToLower(a), true, false))
	}
	return nil
}

func (s *statement) checkActions(n node, f form) error {
	v, _, _, _ := either(n, "Action")
	list, _ := v.strings(false)
	for _, a := range list {
		if err := checkAction(a, f); err != nil {
			return err
		}
	}
	return nil
}

// checkAction holds an action to vendor:name. A wildcard alone, or *:*, stands for everything.
func checkAction(a string, f form) error {
	if a == "*" || a == "*:*" {
		if f == formTrust {
			return malformed(msgTrustSTS)
		}
		return nil
	}
	vendor, name, ok := strings.Cut(a, ":")
	switch {
	case !ok:
		return malformed(msgVendor)
	case strings.Contains(name, ":"):
		return malformed(msgOneColon)
	case vendor == "" || !vendorName(vendor):
		return malformed("Vendor " + vendor + " is not valid")
	case f == formTrust && !strings.EqualFold(vendor, "sts"):
		return malformed(msgTrustSTS)
	}
	return nil
}

func vendorName(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}
