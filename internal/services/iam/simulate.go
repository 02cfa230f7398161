package iam

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// question is what both simulators are asked alike.
type question struct {
	actions, resources, boundaries []string
	context                        []types.ContextEntry
	resourcePolicy, owner          *string
	marker                         *string
	limit                          *int32
}

// SimulatePrincipalPolicy answers what a user, group or role may do by the policies that it has: those that enforcement
// would look at, with those of the request added.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
func (s *Service) SimulatePrincipalPolicy(ctx context.Context, in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
	m, k, err := s.principalSimulation(ctx, aws.ToString(in.PolicySourceArn))
	if err != nil {
		return nil, err
	}
	if err := m.exclude(in.PolicyExclusionList); err != nil {
		return nil, err
	}
	if err := m.addIdentity(in.PolicyInputList); err != nil {
		return nil, err
	}
	if in.CallerArn != nil {
		if m.principal, err = s.callerOf(ctx, *in.CallerArn); err != nil {
			return nil, err
		}
	} else if in.ResourcePolicy != nil && k == group {
		return nil, invalidInput("CallerArn must be specified when a resource policy is and the policy source is not a user.")
	}
	q := question{in.ActionNames, in.ResourceArns, in.PermissionsBoundaryPolicyInputList, in.ContextEntries, in.ResourcePolicy, in.ResourceOwner, in.Marker, in.MaxItems}
	results, end, err := m.ask(ctx, q)
	return done(&iam.SimulatePrincipalPolicyOutput{EvaluationResults: results, Marker: end.marker, IsTruncated: end.truncated}, err)
}

// SimulateCustomPolicy answers what the policies of the request would allow.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
func (s *Service) SimulateCustomPolicy(ctx context.Context, in *iam.SimulateCustomPolicyInput) (*iam.SimulateCustomPolicyOutput, error) {
	m := &simulation{principal: authz.Principal{Kind: authz.User, Account: wire.CallOf(ctx).Account()}, sources: map[string]source{}}
	if err := m.addIdentity(in.PolicyInputList); err != nil {
		return nil, err
	}
	for i, level := range in.OrderedOrganizationPolicyInputList {
		list := []*authz.Policy{}
		for j, document := range level.ServiceControlPolicyInputList {
			id := fmt.Sprintf("OrderedOrganizationPolicyInputList.%d.ServiceControlPolicyInputList.%d", i+1, j+1)
			p, err := m.parse(id, document, authz.ParseSCP)
			if err != nil {
				return nil, err
			}
			list = append(list, p)
		}
		m.policies.SCPs = append(m.policies.SCPs, list)
	}
	if in.CallerArn != nil {
		p, err := s.callerOf(ctx, *in.CallerArn)
		if err != nil {
			return nil, err
		}
		m.principal = p
	} else if in.ResourcePolicy != nil {
		return nil, invalidInput("CallerArn must be specified when a resource policy is.")
	}
	q := question{in.ActionNames, in.ResourceArns, in.PermissionsBoundaryPolicyInputList, in.ContextEntries, in.ResourcePolicy, in.ResourceOwner, in.Marker, in.MaxItems}
	results, end, err := m.ask(ctx, q)
	return done(&iam.SimulateCustomPolicyOutput{EvaluationResults: results, Marker: end.marker, IsTruncated: end.truncated}, err)
}

func (m *simulation) addIdentity(documents []string) error {
	for i, document := range documents {
		p, err := m.parse("PolicyInputList."+strconv.Itoa(i+1), document, authz.Parse)
		if err != nil {
			return err
		}
		m.policies.Identity = append(m.policies.Identity, p)
	}
	return nil
}

// ask answers for each action on each resource, one page of answers.
func (m *simulation) ask(ctx context.Context, q question) ([]types.EvaluationResult, cut, error) {
	if err := m.prepare(q); err != nil {
		return nil, cut{}, err
	}
	resources := q.resources
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	for _, action := range q.actions {
		if service, name, ok := strings.Cut(action, ":"); !ok || service == "" || name == "" || strings.ContainsAny(action, "*?") {
			return nil, cut{}, invalidInput("Invalid Action Names: %s", action)
		}
	}
	for _, resource := range resources {
		if _, err := arn.Parse(resource); err != nil && resource != "*" {
			return nil, cut{}, invalidInput("Invalid Resource ARN: %s", resource)
		}
	}
	at, err := readMarker(ctx, q.marker)
	if err != nil {
		return nil, cut{}, err
	}
	first := 0
	if at != "" {
		if first, err = strconv.Atoi(at); err != nil || first < 0 {
			return nil, cut{}, invalid("Invalid Marker.")
		}
	}
	total, out := len(q.actions)*len(resources), []types.EvaluationResult{}
	for i := first; i < total; i++ {
		if len(out) == size(q.limit) {
			return out, cutAt(ctx, strconv.Itoa(i)), nil
		}
		out = append(out, m.result(q.actions[i/len(resources)], resources[i%len(resources)]))
	}
	return out, cut{}, nil
}

// prepare reads what the request brings beside identity policies.
func (m *simulation) prepare(q question) error {
	if len(q.boundaries) > 1 {
		return invalidInput("Only one permissions boundary can be given.")
	}
	for _, document := range q.boundaries {
		p, err := m.parse("PermissionsBoundaryPolicyInputList.1", document, authz.ParseIdentity)
		if err != nil {
			return err
		}
		m.policies.Boundary = p
	}
	if q.resourcePolicy != nil {
		// The trust policy of a role is its resource policy, with a grammar of its own.
		read := authz.ParseResource
		if len(q.resources) > 0 && strings.HasPrefix(q.resources[0], "arn:aws:iam:") && strings.Contains(q.resources[0], ":role/") {
			read = authz.ParseTrust
		}
		p, err := m.parse("ResourcePolicy", *q.resourcePolicy, read)
		if err != nil {
			return err
		}
		m.policies.Resource = p
	}
	m.context = authz.Context{}
	for _, e := range q.context {
		name := aws.ToString(e.ContextKeyName)
		for k := range m.context {
			if strings.EqualFold(k, name) {
				return invalidInput("Context key %s is given twice.", name)
			}
		}
		if len(e.ContextKeyValues) > 1 && !strings.HasSuffix(string(e.ContextKeyType), "List") && e.ContextKeyType != "" {
			return invalidInput("Context key %s of type %s has more than one value.", name, e.ContextKeyType)
		}
		m.context[name] = e.ContextKeyValues
	}
	if q.owner != nil {
		a, err := arn.Parse(*q.owner)
		if err != nil || len(a.Account) != 12 {
			return invalidInput("Invalid Resource Owner: %s", *q.owner)
		}
		m.owner = a.Account
	}
	return nil
}
