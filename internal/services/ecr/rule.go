package ecr

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// rule is one of a lifecycle policy.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
type rule struct {
	RulePriority int32
	Description  string
	Selection    struct {
		TagStatus      string
		TagPrefixList  []string
		TagPatternList []string
		CountType      string
		CountUnit      string
		CountNumber    int
	}
	Action struct{ Type string }
}

// The words of rules.
const (
	anyTag        = "any"
	tagged        = "tagged"
	untagged      = "untagged"
	moreThan      = "imageCountMoreThan"
	sincePushed   = "sinceImagePushed"
	sincePulled   = "sinceImagePulled"
	expireAction  = "expire"
	days          = "days"
	maxRules      = 50
	maxPerPattern = 4 // stars
)

// readRules reads a policy, in order of priority.
func readRules(text string) ([]rule, error) {
	var p struct{ Rules []rule }
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("it is no lifecycle policy: %w", err)
	}
	if len(p.Rules) == 0 || len(p.Rules) > maxRules {
		return nil, fmt.Errorf("it has to have 1 to %d rules", maxRules)
	}
	slices.SortFunc(p.Rules, func(a, b rule) int { return cmp.Compare(a.RulePriority, b.RulePriority) })
	for i, r := range p.Rules {
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("rule %d: %w", r.RulePriority, err)
		}
		if i > 0 && p.Rules[i-1].RulePriority == r.RulePriority {
			return nil, fmt.Errorf("two rules have priority %d", r.RulePriority)
		}
		if r.Selection.TagStatus == anyTag && i < len(p.Rules)-1 {
			return nil, fmt.Errorf("rule %d: any must be of the rule with the highest priority number", r.RulePriority)
		}
	}
	return p.Rules, nil
}

func (r rule) check() error {
	x := r.Selection
	named := len(x.TagPrefixList) + len(x.TagPatternList)
	switch {
	case r.RulePriority < 1:
		return fmt.Errorf("its priority has to be positive")
	case x.TagStatus != anyTag && x.TagStatus != tagged && x.TagStatus != untagged:
		return fmt.Errorf("tagStatus is tagged, untagged or any")
	case x.TagStatus == tagged && named == 0:
		return fmt.Errorf("tagged wants a tagPrefixList or a tagPatternList")
	case x.TagStatus != tagged && named > 0, len(x.TagPrefixList) > 0 && len(x.TagPatternList) > 0:
		return fmt.Errorf("one of tagPrefixList and tagPatternList goes with tagged")
	case x.CountType != moreThan && x.CountType != sincePushed && x.CountType != sincePulled:
		return fmt.Errorf("countType %q is not known", x.CountType)
	case (x.CountType == moreThan) != (x.CountUnit == ""), x.CountUnit != "" && x.CountUnit != days:
		return fmt.Errorf("countUnit is days, and goes with times alone")
	case x.CountNumber < 1:
		return fmt.Errorf("countNumber has to be positive")
	case r.Action.Type != expireAction:
		return fmt.Errorf("the action %q is not implemented by Atelier: it is expire", r.Action.Type)
	}
	for _, p := range x.TagPatternList {
		if strings.Count(p, "*") > maxPerPattern {
			return fmt.Errorf("a pattern has %d stars at most", maxPerPattern)
		}
	}
	return nil
}

// selects tells whether an image's tags are those that a rule means: with several prefixes or patterns, all have to be there.
func (r rule) selects(p picture) bool {
	switch r.Selection.TagStatus {
	case anyTag:
		return true
	case untagged:
		return len(p.Tags) == 0
	}
	for _, prefix := range r.Selection.TagPrefixList {
		if !slices.ContainsFunc(p.Tags, func(t string) bool { return strings.HasPrefix(t, prefix) }) {
			return false
		}
	}
	for _, pattern := range r.Selection.TagPatternList {
		if !slices.ContainsFunc(p.Tags, func(t string) bool { return starred(pattern, t) }) {
			return false
		}
	}
	return len(p.Tags) > 0
}

// starred matches a pattern in which * stands for any characters.
func starred(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return s == pattern
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(s) < len(first)+len(last) || !strings.HasPrefix(s, first) || !strings.HasSuffix(s, last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return true
}

// doomed is an image that a policy does not keep.
type doomed struct {
	Digest string
	Tags   []string
	Pushed time.Time
	Rule   int32
}

// apply gives the images that rules do not keep. An image that a rule means is none of a later rule's; one that an index names stays.
func apply(rules []rule, list []picture, now time.Time) (out []doomed) {
	taken, needed := map[string]bool{}, referenced(list)
	for _, r := range rules {
		var mine []picture
		for _, p := range list {
			if !taken[p.Digest] && r.selects(p) {
				taken[p.Digest] = true
				mine = append(mine, p)
			}
		}
		slices.SortFunc(mine, func(a, b picture) int { return cmp.Or(b.Pushed.Compare(a.Pushed), cmp.Compare(a.Digest, b.Digest)) })
		for i, p := range mine {
			if !needed[p.Digest] && r.over(i, p, now) {
				out = append(out, doomed{p.Digest, p.Tags, p.Pushed, r.RulePriority})
			}
		}
	}
	slices.SortFunc(out, func(a, b doomed) int { return cmp.Compare(a.Digest, b.Digest) })
	return out
}

// over tells whether an image, the nth of those that the rule means, is too old or too many.
func (r rule) over(n int, p picture, now time.Time) bool {
	if r.Selection.CountType == moreThan {
		return n >= r.Selection.CountNumber
	}
	last := p.Pushed
	if r.Selection.CountType == sincePulled && p.Pulled.After(last) {
		last = p.Pulled
	}
	return now.Sub(last) > time.Duration(r.Selection.CountNumber)*24*time.Hour
}
