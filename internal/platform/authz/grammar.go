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
	sids := map[string]bool{}
	for i, item := range items {
		s := &p.statements[i]
		if err := s.read(item, f, p.variables); err != nil {
			return nil, err
		}
		if s.sid != "" && sids[s.sid] {
			return nil, malformed(msgSidUnique)
		}
		sids[s.sid] = true
	}
	return p, nil
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

func (s *statement) read(n node, f form, variables bool) error {
	effect, ok := n.member("Effect")
	if !ok || effect.kind != nodeString || effect.text != "Allow" && effect.text != "Deny" {
		return errSyntax
	}
	s.allow = effect.text == "Allow"
	if sid, ok := n.member("Sid"); ok {
		if sid.kind != nodeString {
			return errSyntax
		}
		s.sid = sid.text
		if (f == formIdentity || f == formTrust || f == formSCP) && !alphanumeric(s.sid) {
			return malformed(msgSidForm)
		}
	}
	if err := s.readPrincipal(n, f); err != nil {
		return err
	}
	if err := s.readActions(n, f); err != nil {
		return err
	}
	if err := s.readResources(n, f, variables); err != nil {
		return err
	}
	if c, ok := n.member("Condition"); ok {
		return s.readConditions(c, variables)
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

func (s *statement) readActions(n node, f form) error {
	v, found, negated, err := either(n, "Action")
	if err != nil {
		return err
	}
	list, ok := v.strings(false)
	if found && !ok {
		return errSyntax
	}
	if len(list) == 0 {
		return malformed(msgActions)
	}
	s.notAction = negated
	for _, a := range list {
		if err := checkAction(a, f); err != nil {
			return err
		}
		s.actions = append(s.actions, compile(strings.ToLower(a), true, false))
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

func (s *statement) readResources(n node, f form, variables bool) error {
	v, found, negated, err := either(n, "Resource")
	if err != nil {
		return err
	}
	if f == formTrust {
		if found {
			return malformed(msgNoResource)
		}
		return nil
	}
	list, ok := v.strings(false)
	if found && !ok {
		return errSyntax
	}
	if len(list) == 0 {
		// Some resource policies (ECR repositories, for one) have no Resource: it is the resource itself.
		if !found && (f == formResource || f == formAny && s.hasPrincipal) {
			return nil
		}
		return malformed(msgResources)
	}
	s.notResource = negated
	for _, r := range list {
		if err := checkResource(r); err != nil {
			return err
		}
		s.resources = append(s.resources, compileResource(r, variables))
	}
	return nil
}

var partitions = []string{"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"}

func checkResource(r string) error {
	if r == "*" {
		return nil
	}
	rest, ok := strings.CutPrefix(r, "arn:")
	if !ok {
		return malformed(`Resource ` + r + ` must be in ARN format or "*".`)
	}
	seg := strings.SplitN(rest, ":", 5)
	if !strings.ContainsAny(seg[0], "*?") && !slices.Contains(partitions, seg[0]) {
		return malformed(`Partition "` + seg[0] + `" is not valid for resource "` + r + `".`)
	}
	if len(seg) < 2 {
		return nil
	}
	switch seg[1] {
	case "s3":
		// Regions and accounts are in neither a bucket's nor an object's name; access points have both.
		if len(seg) == 5 && !strings.HasPrefix(seg[4], "accesspoint") && strings.Trim(seg[2], "*") != "" && seg[3] == "" {
			return malformed("Resource " + r + " can not contain region information.")
		}
	case "iam":
		if len(seg) > 2 && seg[2] != "" && seg[2] != "*" {
			return malformed("IAM resource " + r + " cannot contain region information.")
		}
	}
	return nil
}
