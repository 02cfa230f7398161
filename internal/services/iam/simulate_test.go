package iam_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/authz/authztest"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func texts(list []json.RawMessage) []string {
	var out []string
	for _, d := range list {
		out = append(out, string(d))
	}
	return out
}

func entries(c authz.Context) []types.ContextEntry {
	var out []types.ContextEntry
	for k, v := range c {
		out = append(out, types.ContextEntry{ContextKeyName: ptr(k), ContextKeyValues: v, ContextKeyType: types.ContextKeyTypeEnumStringList})
	}
	return out
}

// asked is a case as both simulators can be asked it. ok is false where their requests have no word for it: sessions,
// principals that are neither users nor roles, a resource's owner that its ARN contradicts.
func asked(c authztest.Case) (q iam.SimulateCustomPolicyInput, ok bool) {
	q = iam.SimulateCustomPolicyInput{ActionNames: []string{c.Action}, ResourceArns: []string{c.Resource}, ContextEntries: entries(c.Context)}
	if c.ResourceAccount != "" {
		q.ResourceOwner = ptr("arn:aws:iam::" + c.ResourceAccount + ":root")
	}
	if len(c.Boundary) > 0 {
		q.PermissionsBoundaryPolicyInputList = []string{string(c.Boundary)}
	}
	if len(c.ResourcePolicy) > 0 {
		q.ResourcePolicy = ptr(string(c.ResourcePolicy))
	}
	owner := c.ResourceAccount
	if owner == "" {
		owner = c.Principal.Account
	}
	if parts := strings.SplitN(c.Resource, ":", 6); len(parts) == 6 && parts[4] != "" && parts[4] != owner || c.Resource != "*" && len(parts) != 6 {
		return q, false
	}
	if c.Trust && !strings.Contains(c.Resource, ":role/") {
		return q, false
	}
	return q, !c.Principal.HasSession && len(c.Principal.Context) == 0 && (c.Principal.Kind == authz.User || c.Principal.Kind == authz.AssumedRole)
}

// world puts the principal of a case with its policies into the directory, so that enforcement would find them.
func (f *fixture) world(c authztest.Case) (sourceARN string) {
	f.t.Helper()
	account := c.Principal.Account
	inline := map[string]string{}
	for i, d := range c.Identity {
		inline[fmt.Sprintf("p%03d", i)] = string(d)
	}
	levels := c.SCPs
	full := json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	for len(levels) > 0 && len(levels) < 2 {
		levels = append([][]json.RawMessage{{full}}, levels...)
	}
	f.update(func(tx *store.Tx) error {
		bound := ""
		if len(c.Boundary) > 0 {
			p := identity.Policy{Account: account, Name: "bound", Path: "/", Default: "v1", Versions: []identity.PolicyVersion{{ID: "v1", Document: string(c.Boundary)}}}
			bound = p.ARN()
			if err := f.d.ManagedPolicies.Put(tx, identity.NameKey(account, "bound"), p); err != nil {
				return err
			}
		}
		a := identity.Account{ID: account, Status: identity.AccountActive}
		o := identity.Organization{ID: "o-test", Management: f.account, Root: "r-0", Enabled: []string{identity.SCPType}}
		err := f.d.Organizations.Put(tx, identity.OrganizationKey, o)
		for i, level := range levels {
			var ids []string
			for j, d := range level {
				id := fmt.Sprintf("p-%d-%d", i, j)
				ids = append(ids, id)
				err = errors.Join(err, f.d.SCPs.Put(tx, identity.IDKey(id), identity.SCP{ID: id, Name: id, Content: string(d)}))
			}
			if i == len(levels)-1 {
				a.SCPs, a.Parent = ids, fmt.Sprintf("r-%d", i-1)
				break
			}
			u := identity.Unit{ID: fmt.Sprintf("r-%d", i), SCPs: ids}
			if i > 0 {
				u.Parent = fmt.Sprintf("r-%d", i-1)
			}
			err = errors.Join(err, f.d.Units.Put(tx, identity.IDKey(u.ID), u))
		}
		err = errors.Join(err, f.d.Accounts.Put(tx, identity.IDKey(account), a))
		if c.Principal.Kind == authz.User {
			_, path, _ := strings.Cut(c.Principal.ARN, ":user")
			u := identity.User{Account: account, Name: c.Principal.Name, Path: strings.TrimSuffix(path, c.Principal.Name), ID: c.Principal.UserID,
				Tags: c.Principal.Tags, Inline: inline, Boundary: bound}
			sourceARN = u.ARN()
			return errors.Join(err, f.d.Users.Put(tx, identity.NameKey(account, u.Name), u))
		}
		_, path, _ := strings.Cut(c.Principal.RoleARN, ":role")
		slash := strings.LastIndexByte(path, '/')
		id, _, _ := strings.Cut(c.Principal.UserID, ":")
		r := identity.Role{Account: account, Name: path[slash+1:], Path: path[:slash+1], ID: id, Tags: c.Principal.Tags, Inline: inline, Boundary: bound}
		sourceARN = r.ARN()
		return errors.Join(err, f.d.Roles.Put(tx, identity.NameKey(account, r.Name), r))
	})
	return sourceARN
}

// TestDecisions asks enforcement and both simulators the same table.
func TestDecisions(t *testing.T) {
	cases, err := authztest.Cases()
	if err != nil {
		t.Fatal(err)
	}
	f := open(t)
	custom, principal := 0, 0
	for _, c := range cases {
		q, ok := asked(c)
		if !ok {
			continue
		}
		name := c.Group + "/" + c.Name
		ctx := as(identity.RootPrincipal(c.Principal.Account))
		source := f.world(c)
		p := iam.SimulatePrincipalPolicyInput{PolicySourceArn: &source, ActionNames: q.ActionNames, ResourceArns: q.ResourceArns,
			ContextEntries: q.ContextEntries, ResourcePolicy: q.ResourcePolicy, ResourceOwner: q.ResourceOwner}
		// Policies that name the session are about that session alone, which no simulation can be told.
		policies := strings.Join(append(texts(c.Identity), string(c.ResourcePolicy)), "")
		if c.Principal.Kind == authz.User || !strings.Contains(policies, ":assumed-role/") && !strings.Contains(policies, "aws:userid") {
			principal++
			if out, err := f.SimulatePrincipalPolicy(ctx, &p); err != nil {
				t.Errorf("%s: SimulatePrincipalPolicy: %v", name, err)
			} else if got := out.EvaluationResults[0].EvalDecision; string(got) != string(c.Want) {
				t.Errorf("%s: SimulatePrincipalPolicy %s, want %s", name, got, c.Want)
			}
		}
		r, parsed, err := c.Question()
		if err != nil {
			t.Fatal(err)
		}
		if d, err := f.d.Authorize(t.Context(), r, parsed.Resource); err != nil || d.Outcome != c.Want || d.By != c.By {
			t.Errorf("%s: enforcement %s by %s, want %s by %s (%v)", name, d.Outcome, d.By, c.Want, c.By, err)
		}
		if c.Principal.Kind != authz.User {
			continue
		}
		custom++
		q.CallerArn, q.PolicyInputList = &c.Principal.ARN, texts(c.Identity)
		for _, level := range c.SCPs {
			q.OrderedOrganizationPolicyInputList = append(q.OrderedOrganizationPolicyInputList, types.OrderedOrganizationPolicyType{ServiceControlPolicyInputList: texts(level)})
		}
		if out, err := f.SimulateCustomPolicy(ctx, &q); err != nil {
			t.Errorf("%s: SimulateCustomPolicy: %v", name, err)
		} else if got := out.EvaluationResults[0].EvalDecision; string(got) != string(c.Want) {
			t.Errorf("%s: SimulateCustomPolicy %s, want %s", name, got, c.Want)
		}
	}
	t.Logf("%d cases: %d by principal, %d custom", len(cases), principal, custom)
	if principal < 200 || custom < 200 {
		t.Errorf("only %d and %d of %d cases were asked", principal, custom, len(cases))
	}
}
