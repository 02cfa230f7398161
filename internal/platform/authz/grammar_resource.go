package authz

import (
	"slices"
	"strings"
)

func (s *statement) readResources(n node, f form, variables bool) error {
	v, found, negated, _ := either(n, "Resource")
	if f == formTrust {
		if found {
			return malformed(msgNoResource)
		}
		return nil
	}
	list, _ := v.strings(false)
	if len(list) == 0 {
		// Some resource policies (ECR repositories, for one) have no Resource: it is the resource itself.
		if !found && (f == formResource || f == formAny && s.hasPrincipal) {
			return nil
		}
		return malformed(msgResources)
	}
	s.notResource = negated
	for _, r := range list {
		s.resources = append(s.resources, compileResource(r, variables))
	}
	return nil
}

func (s *statement) checkResources(n node) error {
	v, _, _, _ := either(n, "Resource")
	list, _ := v.strings(false)
	for _, r := range list {
		if err := checkResource(r); err != nil {
			return err
		}
	}
	return nil
}

var (
	partitions = []string{"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"}
	iamPaths   = []string{"user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/",
		"server-certificate/", "policy/", "sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/"}
)

func checkResource(r string) error {
	if r == "*" {
		return nil
	}
	rest, ok := strings.CutPrefix(r, "arn:")
	if !ok {
		return malformed(`Resource ` + r + ` must be in ARN format or "*".`)
	}
	if rest == "*" {
		return nil
	}
	seg := strings.SplitN(rest, ":", 5)
	if !strings.ContainsAny(seg[0], "*?") && !slices.Contains(partitions, seg[0]) {
		return malformed(`Partition "` + seg[0] + `" is not valid for resource "` + r + `".`)
	}
	if len(seg) < 2 || strings.ContainsAny(seg[1], "*?") && seg[1] != "*" {
		return malformed("Resource vendor must be fully qualified and cannot contain regexes.")
	}
	if len(seg) < 5 {
		return nil
	}
	switch seg[1] {
	case "s3":
		// Regions and accounts are in neither a bucket's nor an object's name; access points have both.
		if seg[3] == "" && strings.Trim(seg[2], "*") != "" {
			return malformed("Resource " + r + " can not contain region information.")
		}
	case "iam":
		if seg[2] != "" && seg[2] != "*" {
			return malformed("IAM resource " + r + " cannot contain region information.")
		}
		if !iamPath(seg[4]) {
			return malformed(`IAM resource path must either be "*" or start with ` + strings.Join(iamPaths, ", ") + ".")
		}
	}
	return nil
}

func iamPath(path string) bool {
	if head, _, _ := strings.Cut(path, "/"); strings.ContainsAny(head, "*?$") || path == "root" {
		return true
	}
	return slices.ContainsFunc(iamPaths, func(p string) bool { return strings.HasPrefix(path, p) })
}
