package cloudformation

import (
	"context"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

const maxPolicy = 16384

// stackPolicy says which resources an update may touch.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
type stackPolicy struct{ Statement []policyStatement }

type policyStatement struct {
	Effect                                   string
	Action, NotAction, Resource, NotResource oneOrMore
	Principal                                any
	Condition                                map[string]map[string]oneOrMore
}

// oneOrMore is a string or a list of them.
type oneOrMore []string

// UnmarshalJSON reads either form.
func (o *oneOrMore) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(o))
}

// parsePolicy reads a stack policy and checks it.
func parsePolicy(body string) (p stackPolicy, err error) {
	if len(body) > maxPolicy {
		return p, invalid("Error validating stack policy: Policy exceeds the limit of %d bytes", maxPolicy)
	}
	if err := json.Unmarshal([]byte(body), &p); err != nil || len(p.Statement) == 0 {
		return p, invalid("Error validating stack policy: Invalid stack policy")
	}
	for _, s := range p.Statement {
		switch {
		case s.Effect != "Allow" && s.Effect != "Deny":
			return p, invalid("Error validating stack policy: Invalid effect: %s", s.Effect)
		case s.Principal != "*":
			return p, invalid("Error validating stack policy: Principal must be '*'")
		case (len(s.Action) > 0) == (len(s.NotAction) > 0), (len(s.Resource) > 0) == (len(s.NotResource) > 0):
			return p, invalid("Error validating stack policy: Invalid stack policy")
		}
		for _, a := range append(s.Action[:len(s.Action):len(s.Action)], s.NotAction...) {
			if !slices.Contains([]string{"*", "Update:*", "Update:Modify", "Update:Replace", "Update:Delete"}, a) {
				return p, invalid("Error validating stack policy: Unknown action [%s]", a)
			}
		}
		for op, c := range s.Condition {
			for key := range c {
				if op != "StringEquals" && op != "StringLike" || key != "ResourceType" {
					return p, invalid("Error validating stack policy: Unknown condition [%s %s]", op, key)
				}
			}
		}
	}
	return p, nil
}

// wild matches with * and ?; what else path.Match knows stands for itself.
func wild(pattern, s string) bool {
	pattern = strings.NewReplacer(`\`, `\\`, "[", `\[`, "/", "\x00").Replace(pattern)
	ok, _ := path.Match(pattern, strings.ReplaceAll(s, "/", "\x00"))
	return ok
}

func (o oneOrMore) match(s string) bool {
	return slices.ContainsFunc(o, func(p string) bool { return wild(p, s) })
}

// allows tells whether an update may do action, "Update:Modify", to a resource; its error says why not.
func (p stackPolicy) allows(action, logical, typ string) error {
	allowed, resource := false, "LogicalResourceId/"+logical
	for i, s := range p.Statement {
		hit := len(s.Action) > 0 && s.Action.match(action) || len(s.NotAction) > 0 && !s.NotAction.match(action)
		hit = hit && (len(s.Resource) > 0 && s.Resource.match(resource) || len(s.NotResource) > 0 && !s.NotResource.match(resource))
		for op, c := range s.Condition {
			hit = hit && (op == "StringLike" && c["ResourceType"].match(typ) || slices.Contains(c["ResourceType"], typ))
		}
		switch {
		case hit && s.Effect == "Deny":
			return said("Action denied by stack policy: Statement [#%d] does not allow [%s] for resource [%s]", i+1, action, resource)
		case hit:
			allowed = true
		}
	}
	if !allowed {
		return said("Action not allowed by stack policy: no statement allows [%s] for resource [%s]", action, resource)
	}
	return nil
}

// permits asks the stack's policy, or the one that holds during this update.
func (r *run) permits(action, logical, typ string) error {
	body := r.st.Update
	if body == "" {
		body = r.st.Policy
	}
	if body == "" || r.st.Now == 0 {
		return nil
	}
	p, err := parsePolicy(body)
	if err != nil {
		return err
	}
	return p.allows(action, logical, typ)
}

// policyText reads a policy of a request and checks it.
func (s *Service) policyText(ctx context.Context, body, url *string) (string, error) {
	out := text(body)
	if text(url) != "" {
		if out != "" {
			return "", invalid("You cannot specify both StackPolicyURL and StackPolicyBody")
		}
		call := wire.CallOf(ctx)
		var err error
		if out, err = s.templateURL(ctx, s.As(call.Principal, call.Region), *url); err != nil {
			return "", err
		}
	}
	if out == "" {
		return "", nil
	}
	_, err := parsePolicy(out)
	return out, err
}

// SetStackPolicy says which resources updates may touch.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SetStackPolicy.html
func (s *Service) SetStackPolicy(ctx context.Context, in *cloudformation.SetStackPolicyInput) (*cloudformation.SetStackPolicyOutput, error) {
	policy, err := s.policyText(ctx, in.StackPolicyBody, in.StackPolicyURL)
	if err != nil {
		return nil, err
	}
	if policy == "" {
		return nil, invalid("You must specify either StackPolicyBody or StackPolicyURL")
	}
	return &cloudformation.SetStackPolicyOutput{}, s.change(ctx, in.StackName, func(st *stack) { st.Policy = policy })
}

// change writes a stack that is not deleted anew.
func (s *Service) change(ctx context.Context, name *string, f func(st *stack)) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		k, st, err := s.alive(ctx, tx, text(name))
		if err != nil {
			return err
		}
		f(&st)
		return s.stacks.Put(tx, k, st)
	})
}

// GetStackPolicy tells which resources updates may touch.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetStackPolicy.html
func (s *Service) GetStackPolicy(ctx context.Context, in *cloudformation.GetStackPolicyInput) (*cloudformation.GetStackPolicyOutput, error) {
	out := &cloudformation.GetStackPolicyOutput{}
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		_, st, err := s.alive(ctx, tx, text(in.StackName))
		out.StackPolicyBody = filled(st.Policy)
		return err
	})
}

// UpdateTerminationProtection lets a stack be deleted, or not.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateTerminationProtection.html
func (s *Service) UpdateTerminationProtection(ctx context.Context, in *cloudformation.UpdateTerminationProtectionInput) (*cloudformation.UpdateTerminationProtectionOutput, error) {
	out := &cloudformation.UpdateTerminationProtectionOutput{}
	return out, s.Store.Update(ctx, func(tx *store.Tx) error {
		k, st, err := s.alive(ctx, tx, text(in.StackName))
		if err != nil {
			return err
		}
		if st.Parent != "" {
			return invalid("Operation not supported on nested stacks. Please try on the root stack.")
		}
		st.Protected, out.StackId = set(in.EnableTerminationProtection), some(st.arn(k))
		return s.stacks.Put(tx, k, st)
	})
}
