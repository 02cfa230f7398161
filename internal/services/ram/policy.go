package ram

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/sharing"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"
)

// maxTemplate bounds policy templates, in bytes.
const maxTemplate = 10_240

// template is what a permission says of a statement: RAM fills in the rest.
type template struct {
	Effect    string
	Action    any
	Condition json.RawMessage `json:",omitempty"`
}

// statement is a template with the rest.
type statement struct {
	template
	Principal map[string][]string
	Resource  string
}

type document struct {
	Version   string
	Statement []statement
}

// readTemplate checks a policy template for a type of resource, and gives it in its plain form.
func readTemplate(text string, t sharing.Type) (string, error) {
	malformed := func(why string) (string, error) {
		return "", &types.MalformedPolicyTemplateException{Message: aws.String("The policy template is malformed: " + why + ".")}
	}
	if len(text) > maxTemplate {
		return malformed("it is too long")
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		return malformed("it is no JSON object")
	}
	var x template
	for name, value := range members {
		var err error
		switch name {
		case "Effect":
			err = json.Unmarshal(value, &x.Effect)
		case "Action":
			err = json.Unmarshal(value, &x.Action)
		case "Condition":
			x.Condition = value
		default:
			return malformed("it has the element " + strings.ToValidUTF8(name, "?"))
		}
		if err != nil {
			return malformed(name + " has a wrong form")
		}
	}
	actions, ok := actionsOf(x.Action)
	if !ok || len(actions) == 0 || !strings.EqualFold(x.Effect, "Allow") {
		return malformed("it has to allow actions")
	}
	for _, a := range actions {
		if service, verb, _ := strings.Cut(a, ":"); !strings.EqualFold(service, t.Service) || verb == "" || strings.ContainsAny(verb, "*?") {
			return malformed("the action " + a + " is not one of " + t.Name)
		}
	}
	x.Effect = "Allow"
	whole, err := json.Marshal(document{"2012-10-17", []statement{{x, map[string][]string{"AWS": {"123456789012"}}, "*"}}})
	if err != nil {
		return malformed("it is no JSON object")
	}
	if _, err := authz.ParseResource(whole); err != nil {
		return malformed(err.Error())
	}
	out, err := json.Marshal(x)
	return string(out), err
}

func actionsOf(v any) ([]string, bool) {
	switch v := v.(type) {
	case string:
		return []string{v}, true
	case []any:
		var out []string
		for _, x := range v {
			a, ok := x.(string)
			if !ok {
				return nil, false
			}
			out = append(out, a)
		}
		return out, true
	}
	return nil, false
}

// GetResourcePolicies gives what shares allow on resources of the caller: a policy for each that is in one.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_GetResourcePolicies.html
func (s *Service) GetResourcePolicies(ctx context.Context, in *ram.GetResourcePoliciesInput) (*ram.GetResourcePoliciesOutput, error) {
	out := &ram.GetResourcePoliciesOutput{Policies: []string{}}
	c := wire.CallOf(ctx)
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		for _, name := range in.ResourceArns {
			a, err := arn.Parse(name)
			if err != nil {
				return malformedARN("resource", name)
			}
			if _, ok := sharing.TypeOf(name); !ok || a.Account != c.Account() || a.Region != c.Region {
				return &types.ResourceArnNotFoundException{Message: aws.String("The resource " + name + " could not be found.")}
			}
		}
		list, err := s.within(ctx, tx, types.ResourceOwnerSelf, nil, sharing.Resource)
		if err != nil {
			return err
		}
		var named []policyOf
		for _, name := range slices.Compact(slices.Sorted(slices.Values(in.ResourceArns))) {
			d, err := s.policy(ctx, tx, name, list, in.Principal)
			if err != nil {
				return err
			}
			if d != "" {
				named = append(named, policyOf{name, d})
			}
		}
		named, out.NextToken, err = page(ctx, named, func(p policyOf) string { return p.resource }, in.MaxResults, in.NextToken)
		for _, p := range named {
			out.Policies = append(out.Policies, p.document)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

type policyOf struct{ resource, document string }

// policy is what the shares among list allow on a resource; "" when it is in none.
func (s *Service) policy(ctx context.Context, tx *store.Tx, resource string, list []entry, principal *string) (string, error) {
	d := document{Version: "2012-10-17"}
	for _, e := range list {
		if e.Entity != resource || e.Status != sharing.Associated {
			continue
		}
		with, err := s.Sharing.In(tx, e.Share, sharing.Principal)
		if err != nil {
			return "", err
		}
		var names []string
		for _, a := range with {
			if a.Status == sharing.Associated && (principal == nil || *principal == a.Entity) {
				names = append(names, a.Entity)
			}
		}
		t, _ := sharing.TypeOf(resource)
		for _, at := range e.share.Permissions {
			if at.Type != t.Name || len(names) == 0 {
				continue
			}
			st := statement{Principal: map[string][]string{"AWS": names}, Resource: resource}
			p, err := s.permission(ctx, tx, at.ARN)
			if err != nil {
				return "", err
			}
			v, ok := p.version(at.Version)
			if !ok {
				v, _ = p.version(p.Default)
			}
			if err := json.Unmarshal([]byte(v.Policy), &st.template); err != nil {
				return "", err
			}
			d.Statement = append(d.Statement, st)
		}
	}
	if len(d.Statement) == 0 {
		return "", nil
	}
	text, err := json.Marshal(d)
	return string(text), err
}
