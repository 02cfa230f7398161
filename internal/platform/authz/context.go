package authz

import (
	"strings"
	"time"
)

const tagPrefix = "aws:PrincipalTag/"

// lookup finds a condition key: a single value in one, with many nil, or the list in many. What the principal is comes
// first, so that no request can say otherwise; then what holds for its session; then the request.
func (e *evaluation) lookup(key string) (one string, many []string, ok bool) {
	if hasPrefixFold(key, "aws:") {
		if one, ok = e.own(key); ok {
			return one, nil, true
		}
	}
	if many, ok = e.r.Principal.Context.get(key); ok {
		return "", many, true
	}
	many, ok = e.r.Context.get(key)
	return "", many, ok
}

// own answers the keys that follow from who asks and for whose resource.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (e *evaluation) own(key string) (string, bool) {
	p := &e.r.Principal
	given := func(s string) (string, bool) { return s, s != "" }
	switch {
	case strings.EqualFold(key, "aws:username"):
		if p.Kind != User {
			return "", false
		}
		return given(p.Name)
	case strings.EqualFold(key, "aws:userid"):
		return given(p.UserID)
	case strings.EqualFold(key, "aws:PrincipalArn"):
		if p.Kind == AssumedRole && p.RoleARN != "" {
			return p.RoleARN, true
		}
		return given(p.ARN)
	case strings.EqualFold(key, "aws:PrincipalAccount"):
		return given(p.Account)
	case strings.EqualFold(key, "aws:PrincipalType"):
		return principalType(p.Kind)
	case strings.EqualFold(key, "aws:PrincipalIsAWSService"):
		if p.Kind == "" {
			return "", false
		}
		if p.Kind == Service {
			return "true", true
		}
		return "false", true
	case strings.EqualFold(key, "aws:PrincipalServiceName"):
		if p.Kind != Service {
			return "", false
		}
		return given(p.Name)
	case strings.EqualFold(key, "aws:ResourceAccount"):
		return given(e.r.ResourceAccount)
	case hasPrefixFold(key, tagPrefix):
		name := key[len(tagPrefix):]
		if v, ok := p.Tags[name]; ok {
			return v, true
		}
		for k, v := range p.Tags {
			if strings.EqualFold(k, name) {
				return v, true
			}
		}
	}
	return "", false
}

func principalType(k Kind) (string, bool) {
	switch k {
	case Root:
		return "Account", true
	case User:
		return "User", true
	case AssumedRole:
		return "AssumedRole", true
	case FederatedUser:
		return "FederatedUser", true
	case Anonymous:
		return "Anonymous", true
	}
	return "", false
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// get finds key whatever its case. A key with an empty list is as good as absent.
func (c Context) get(key string) ([]string, bool) {
	if v, ok := c[key]; ok {
		return v, len(v) > 0
	}
	for k, v := range c {
		if len(k) == len(key) && strings.EqualFold(k, key) {
			return v, len(v) > 0
		}
	}
	return nil, false
}

// SetTime fills in aws:CurrentTime and aws:EpochTime.
func (c Context) SetTime(now time.Time) {
	c["aws:CurrentTime"] = []string{now.UTC().Format("2006-01-02T15:04:05Z")}
	c["aws:EpochTime"] = []string{itoa(now.Unix())}
}
