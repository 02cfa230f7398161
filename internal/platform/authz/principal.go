package authz

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// principalRef is one value of a Principal element.
type principalRef struct {
	kind    string // "AWS", "Service", "Federated", "CanonicalUser"
	value   string
	account string // when it names a whole account
}

// grade tells how a statement names the principal. The order is that of strength.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
type grade uint8

const (
	notNamed  grade = iota
	byAccount       // the account: it may hand the permission on by identity policies
	byRole          // the role of a session: boundary and session policies still limit
	direct          // the user, session, service, or everyone
)

// readPrincipal reads Principal or NotPrincipal and holds it to the form of the document.
func (s *statement) readPrincipal(n node, f form) error {
	v, found, negated, err := either(n, "Principal")
	if err != nil {
		return err
	}
	if f == formIdentity || f == formSCP {
		if found {
			return malformed(msgPrincipal)
		}
		return nil
	}
	if !found {
		if f == formResource || f == formTrust {
			return malformed(msgNoPrincip)
		}
		return nil
	}
	s.hasPrincipal, s.notPrincipal = true, negated
	if v.kind == nodeString {
		if v.text != "*" {
			return malformed("Invalid principal in policy: " + strconv.Quote(v.text))
		}
		s.principals = []principalRef{{kind: "AWS", value: "*"}}
		return nil
	}
	if v.kind != nodeObject || len(v.names) == 0 {
		return errSyntax
	}
	for i, kind := range v.names {
		list, ok := v.items[i].strings(false)
		if !ok {
			return errSyntax
		}
		for _, value := range list {
			ref, ok := readPrincipalRef(kind, value)
			if !ok {
				return malformed(`Invalid principal in policy: "` + kind + `":"` + value + `"`)
			}
			s.principals = append(s.principals, ref)
		}
	}
	if len(s.principals) == 0 {
		return malformed(msgNoPrincip)
	}
	return nil
}

func readPrincipalRef(kind, value string) (principalRef, bool) {
	ref := principalRef{kind: kind, value: value}
	switch kind {
	case "Service":
		return ref, value != "" && strings.Contains(value, ".") && !strings.ContainsAny(value, "*?: /")
	case "Federated":
		return ref, value != ""
	case "CanonicalUser":
		return ref, value != ""
	case "AWS":
	default:
		return ref, false
	}
	if value == "*" {
		return ref, true
	}
	if isAccount(value) {
		ref.account = value
		return ref, true
	}
	// A wildcard can only stand alone: part of an ARN would name who does not exist yet.
	if strings.ContainsAny(value, "*?") {
		return ref, false
	}
	a := split(value)
	if !a.ok {
		// The unique id of a user or role: what is left in a policy when its owner was deleted.
		return ref, len(value) >= 16 && alphanumeric(value) && strings.HasPrefix(value, "A")
	}
	if a.part[2] != "iam" && a.part[2] != "sts" || a.part[3] != "" || !isAccount(a.part[4]) || a.part[5] == "" {
		return ref, false
	}
	if a.part[5] == "root" {
		ref.account = a.part[4]
	}
	return ref, true
}

func isAccount(s string) bool {
	if len(s) != 12 {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// names grades how the statement names p. NotPrincipal grants as directly as "*" does.
func (s *statement) names(e *evaluation) grade {
	if !s.hasPrincipal {
		return notNamed
	}
	// As documented for permissions boundaries: whoever has one is always within a Deny with NotPrincipal.
	if s.notPrincipal && !s.allow && e.bounded {
		return direct
	}
	best := notNamed
	for i := range s.principals {
		g := s.principals[i].names(e)
		// NotPrincipal leaves out exactly who it lists: an account in the list means its root user, not its users.
		if s.notPrincipal && g == byAccount {
			g = notNamed
		}
		best = max(best, g)
	}
	if !s.notPrincipal {
		return best
	}
	if best == notNamed {
		return direct
	}
	return notNamed
}

func (r *principalRef) names(e *evaluation) grade {
	p := &e.r.Principal
	is := func(b bool, g grade) grade {
		if b {
			return g
		}
		return notNamed
	}
	switch r.kind {
	case "Service":
		return is(p.Kind == Service && p.Name == r.value, direct)
	case "Federated":
		if p.Kind == Service || p.Kind == User || p.Kind == Root {
			return notNamed
		}
		_, many, ok := e.lookup("aws:FederatedProvider")
		return is(ok && len(many) == 1 && many[0] == r.value, direct)
	case "CanonicalUser":
		if p.Account == "" || r.value != CanonicalUserID(p.Account) {
			return notNamed
		}
		return is(p.Kind == Root, direct) | is(p.Kind != Root, byAccount)
	}
	if r.value == "*" {
		return direct
	}
	if p.Kind == Service || p.Kind == Anonymous {
		return notNamed
	}
	if r.account != "" {
		if p.Account != r.account {
			return notNamed
		}
		return is(p.Kind == Root, direct) | is(p.Kind != Root, byAccount)
	}
	switch {
	case r.value == p.ARN:
		return direct
	case p.Kind == AssumedRole && r.value == p.RoleARN:
		return byRole
	case r.value == p.UserID:
		return direct
	case p.Kind == AssumedRole && len(p.UserID) > len(r.value) && p.UserID[len(r.value)] == ':' && strings.HasPrefix(p.UserID, r.value):
		return byRole
	}
	return notNamed
}

// CanonicalUserID is the 64-digit id by which S3 knows an account. It follows from the account id alone, so nothing has
// to be stored for it.
func CanonicalUserID(account string) string {
	h := sha256.Sum256([]byte("canonical user " + account))
	return hex.EncodeToString(h[:])
}
