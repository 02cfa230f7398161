package iam_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func document(effect, action, more string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":"` + action + `","Resource":"*"` + more + `}]}`
}

func sources(list []types.Statement) []string {
	out := []string{}
	for _, s := range list {
		out = append(out, *s.SourcePolicyId)
	}
	slices.Sort(out)
	return out
}

func TestSimulatePrincipal(t *testing.T) {
	f := open(t)
	must(f, f.CreateUser, &iam.CreateUserInput{UserName: ptr("ann"), Path: ptr("/x/"), Tags: []types.Tag{{Key: ptr("team"), Value: ptr("blue")}}})
	must(f, f.CreateGroup, &iam.CreateGroupInput{GroupName: ptr("devs")})
	must(f, f.AddUserToGroup, &iam.AddUserToGroupInput{UserName: ptr("ann"), GroupName: ptr("devs")})
	must(f, f.PutUserPolicy, &iam.PutUserPolicyInput{UserName: ptr("ann"), PolicyName: ptr("own"), PolicyDocument: ptr(document("Allow", "s3:Get*", ""))})
	must(f, f.PutGroupPolicy, &iam.PutGroupPolicyInput{GroupName: ptr("devs"), PolicyName: ptr("shared"),
		PolicyDocument: ptr(document("Allow", "sqs:*", `,"Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue","aws:SourceVpc":"vpc-1"}}`))})
	managed := must(f, f.CreatePolicy, &iam.CreatePolicyInput{PolicyName: ptr("managed"), PolicyDocument: ptr("{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\"Sid\": \"A\", \"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"},\n    {\"Effect\": \"Deny\", \"Action\": \"s3:Delete*\", \"Resource\": \"*\"}\n  ]\n}")}).Policy.Arn
	must(f, f.AttachUserPolicy, &iam.AttachUserPolicyInput{UserName: ptr("ann"), PolicyArn: managed})
	must(f, f.CreatePolicy, &iam.CreatePolicyInput{PolicyName: ptr("bound"), PolicyDocument: ptr(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","sqs:Send*"],"Resource":"*"}]}`)})
	must(f, f.PutUserPermissionsBoundary, &iam.PutUserPermissionsBoundaryInput{UserName: ptr("ann"), PermissionsBoundary: ptr(f.arn("policy/bound"))})

	ask := func(change func(*iam.SimulatePrincipalPolicyInput), actions ...string) []types.EvaluationResult {
		t.Helper()
		in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: ptr(f.arn("user/x/ann")), ActionNames: actions}
		if change != nil {
			change(in)
		}
		return must(f, f.SimulatePrincipalPolicy, in).EvaluationResults
	}
	r := ask(nil, "s3:GetObject", "s3:DeleteObject", "sqs:SendMessage", "sqs:DeleteQueue")
	for i, want := range []struct {
		decision types.PolicyEvaluationDecisionType
		sources  string
		boundary bool
		missing  string
	}{
		{"allowed", "[managed user_ann_own]", true, "[]"},
		{"explicitDeny", "[managed]", true, "[]"},
		{"implicitDeny", "[]", true, "[aws:SourceVpc]"},
		{"implicitDeny", "[]", false, "[aws:SourceVpc]"},
	} {
		got := r[i]
		if got.EvalDecision != want.decision || fmt.Sprint(sources(got.MatchedStatements)) != want.sources || fmt.Sprint(got.MissingContextValues) != want.missing ||
			got.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary != want.boundary || got.OrganizationsDecisionDetail != nil || got.EvalDecisionDetails != nil {
			t.Errorf("%s: %+v", *got.EvalActionName, got)
		}
	}
	deny := r[1].MatchedStatements[0]
	if *deny.StartPosition != (types.Position{Line: 5, Column: 5}) || *deny.EndPosition != (types.Position{Line: 5, Column: 64}) || deny.SourcePolicyType != "IAM Policy" {
		t.Errorf("the deny stands at %+v to %+v (%s)", deny.StartPosition, deny.EndPosition, deny.SourcePolicyType)
	}

	vpc := func(in *iam.SimulatePrincipalPolicyInput) {
		in.ContextEntries = []types.ContextEntry{{ContextKeyName: ptr("AWS:sourcevpc"), ContextKeyType: "string", ContextKeyValues: []string{"vpc-1"}},
			{ContextKeyName: ptr("aws:PrincipalTag/team"), ContextKeyType: "string", ContextKeyValues: []string{"red"}}}
	}
	if got := ask(vpc, "sqs:SendMessage")[0]; got.EvalDecision != "allowed" || *got.MatchedStatements[0].SourcePolicyId != "group_devs_shared" {
		t.Errorf("with the context: %+v", got)
	}
	open := func(in *iam.SimulatePrincipalPolicyInput) {
		vpc(in)
		in.PermissionsBoundaryPolicyInputList = []string{document("Allow", "*", "")}
	}
	if got := ask(open, "sqs:DeleteQueue")[0]; got.EvalDecision != "allowed" {
		t.Errorf("within another boundary: %+v", got)
	}
	more := func(in *iam.SimulatePrincipalPolicyInput) {
		in.PolicyInputList = []string{document("Deny", "s3:*", "")}
	}
	if got := ask(more, "s3:GetObject")[0]; got.EvalDecision != "explicitDeny" || fmt.Sprint(sources(got.MatchedStatements)) != "[PolicyInputList.1]" {
		t.Errorf("with one more policy: %+v", got)
	}
	for name, x := range map[string]struct {
		left types.PolicyIdentifier
		want string
	}{
		"by ARN":       {&types.PolicyIdentifierMemberPolicyArn{Value: *managed}, "allowed implicitDeny implicitDeny"},
		"inline":       {&types.PolicyIdentifierMemberPolicyType{Value: types.PolicyIdentifierPolicyTypeInline}, "allowed explicitDeny implicitDeny"},
		"user managed": {&types.PolicyIdentifierMemberPolicyType{Value: types.PolicyIdentifierPolicyTypeUserManaged}, "allowed implicitDeny implicitDeny"},
		"one inline":   {&types.PolicyIdentifierMemberInlinePolicyIdentifier{Value: types.InlinePolicyIdentifierType{AttachmentName: ptr("devs"), AttachmentType: "group", PolicyName: ptr("shared")}}, "allowed explicitDeny implicitDeny"},
		"boundary":     {&types.PolicyIdentifierMemberPolicyType{Value: types.PolicyIdentifierPolicyTypePermissionBoundary}, "allowed explicitDeny allowed"},
	} {
		got := []string{}
		for _, r := range ask(func(in *iam.SimulatePrincipalPolicyInput) {
			vpc(in)
			in.PolicyExclusionList = []types.PolicyIdentifier{x.left}
		}, "s3:GetObject", "s3:DeleteObject", "sqs:DeleteQueue") {
			got = append(got, string(r.EvalDecision))
		}
		if strings.Join(got, " ") != x.want {
			t.Errorf("without %s: %v, want %s", name, got, x.want)
		}
	}
	group := must(f, f.SimulatePrincipalPolicy, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: ptr(f.arn("group/devs")), ActionNames: []string{"sqs:SendMessage", "s3:GetObject"},
		ContextEntries: []types.ContextEntry{{ContextKeyName: ptr("aws:SourceVpc"), ContextKeyValues: []string{"vpc-1"}}, {ContextKeyName: ptr("aws:PrincipalTag/team"), ContextKeyValues: []string{"blue"}}}}).EvaluationResults
	if group[0].EvalDecision != "allowed" || group[1].EvalDecision != "implicitDeny" {
		t.Errorf("the group: %+v", group)
	}

	keys := must(f, f.GetContextKeysForPrincipalPolicy, &iam.GetContextKeysForPrincipalPolicyInput{PolicySourceArn: ptr(f.arn("user/x/ann")),
		PolicyInputList: []string{document("Allow", "s3:*", `,"Condition":{"Bool":{"AWS:sourcevpc":"true","aws:SecureTransport":"true"}}`)}}).ContextKeyNames
	slices.Sort(keys)
	if fmt.Sprint(keys) != "[aws:PrincipalTag/team aws:SecureTransport aws:SourceVpc]" {
		t.Errorf("keys %v", keys)
	}
	if keys := must(f, f.GetContextKeysForCustomPolicy, &iam.GetContextKeysForCustomPolicyInput{PolicyInputList: []string{strings.Replace(document("Allow", "s3:*", ""), `"*"}`, `"arn:aws:s3:::${aws:username}"}`, 1)}}).ContextKeyNames; fmt.Sprint(keys) != "[aws:username]" {
		t.Errorf("keys %v", keys)
	}

	for source, code := range map[string]string{f.arn("user/ann"): "NoSuchEntity", f.arn("role/none"): "NoSuchEntity", f.arn("policy/managed"): "InvalidInput",
		"arn:aws:sts::" + f.account + ":assumed-role/r/s": "InvalidInput", "arn:aws:iam::999999999999:user/x/ann": "NoSuchEntity", "nonsense": "InvalidInput"} {
		fails(f, f.SimulatePrincipalPolicy, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: ptr(source), ActionNames: []string{"s3:GetObject"}}, code, "")
	}
}

func TestSimulateCustom(t *testing.T) {
	f := open(t)
	base := func() *iam.SimulateCustomPolicyInput {
		return &iam.SimulateCustomPolicyInput{PolicyInputList: []string{document("Allow", "s3:*", "")}, ActionNames: []string{"s3:GetObject"}}
	}
	for name, c := range map[string]struct {
		change func(*iam.SimulateCustomPolicyInput)
		code   string
	}{
		"action without service": {func(in *iam.SimulateCustomPolicyInput) { in.ActionNames = []string{"GetObject"} }, "InvalidInput"},
		"action with wildcard":   {func(in *iam.SimulateCustomPolicyInput) { in.ActionNames = []string{"s3:*"} }, "InvalidInput"},
		"resource":               {func(in *iam.SimulateCustomPolicyInput) { in.ResourceArns = []string{"bucket"} }, "InvalidInput"},
		"policy":                 {func(in *iam.SimulateCustomPolicyInput) { in.PolicyInputList = []string{"{"} }, "InvalidInput"},
		"service control policy": {func(in *iam.SimulateCustomPolicyInput) {
			in.OrderedOrganizationPolicyInputList = []types.OrderedOrganizationPolicyType{{ServiceControlPolicyInputList: []string{"{"}}}
		}, "InvalidInput"},
		"two boundaries": {func(in *iam.SimulateCustomPolicyInput) {
			in.PermissionsBoundaryPolicyInputList = []string{allowS3, allowS3}
		}, "InvalidInput"},
		"resource policy without caller": {func(in *iam.SimulateCustomPolicyInput) { in.ResourcePolicy = ptr(allowS3) }, "InvalidInput"},
		"caller is a role":               {func(in *iam.SimulateCustomPolicyInput) { in.CallerArn = ptr(f.arn("role/r")) }, "InvalidInput"},
		"owner":                          {func(in *iam.SimulateCustomPolicyInput) { in.ResourceOwner = ptr("me") }, "InvalidInput"},
		"a key twice": {func(in *iam.SimulateCustomPolicyInput) {
			in.ContextEntries = []types.ContextEntry{{ContextKeyName: ptr("a:b")}, {ContextKeyName: ptr("A:B")}}
		}, "InvalidInput"},
		"two values of one": {func(in *iam.SimulateCustomPolicyInput) {
			in.ContextEntries = []types.ContextEntry{{ContextKeyName: ptr("a:b"), ContextKeyType: "string", ContextKeyValues: []string{"1", "2"}}}
		}, "InvalidInput"},
		"marker": {func(in *iam.SimulateCustomPolicyInput) { in.Marker = ptr("x") }, "ValidationError"},
	} {
		in := base()
		c.change(in)
		if _, err := f.SimulateCustomPolicy(f.root, in); err == nil {
			t.Errorf("%s is taken", name)
		} else {
			f.is(err, c.code, "")
		}
	}

	in := base()
	in.ActionNames, in.ResourceArns, in.MaxItems = []string{"s3:GetObject", "sqs:SendMessage"}, []string{"arn:aws:s3:::a", "arn:aws:s3:::b", "arn:aws:s3:::c"}, ptr(int32(4))
	first := must(f, f.SimulateCustomPolicy, in)
	in.Marker = first.Marker
	second := must(f, f.SimulateCustomPolicy, in)
	if len(first.EvaluationResults) != 4 || !first.IsTruncated || len(second.EvaluationResults) != 2 || second.IsTruncated {
		t.Fatalf("pages of %d and %d", len(first.EvaluationResults), len(second.EvaluationResults))
	}
	if last := second.EvaluationResults[1]; *last.EvalActionName != "sqs:SendMessage" || *last.EvalResourceName != "arn:aws:s3:::c" || last.EvalDecision != "implicitDeny" ||
		len(last.ResourceSpecificResults) != 1 || last.ResourceSpecificResults[0].EvalResourceDecision != "implicitDeny" || last.EvalDecisionDetails == nil {
		t.Errorf("the last: %+v", last)
	}

	in = base()
	in.OrderedOrganizationPolicyInputList = []types.OrderedOrganizationPolicyType{{ServiceControlPolicyInputList: []string{document("Allow", "*", "")}}, {ServiceControlPolicyInputList: []string{document("Deny", "s3:*", "")}}}
	if got := must(f, f.SimulateCustomPolicy, in).EvaluationResults[0]; got.EvalDecision != "explicitDeny" || got.OrganizationsDecisionDetail.AllowedByOrganizations {
		t.Errorf("under a service control policy: %+v", got)
	}

	// Another account's resource: both sides have to allow.
	in = base()
	in.CallerArn, in.ResourceArns, in.ResourceOwner = ptr(f.arn("user/ann")), []string{"arn:aws:s3:::b/k"}, ptr("arn:aws:iam::999999999999:root")
	if got := must(f, f.SimulateCustomPolicy, in).EvaluationResults[0]; got.EvalDecision != "implicitDeny" || got.EvalDecisionDetails["IAM Policy"] != "allowed" || got.EvalDecisionDetails["Resource Policy"] != "implicitDeny" {
		t.Errorf("without a resource policy: %+v", got)
	}
	in.ResourcePolicy = ptr(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + f.arn("user/ann") + `"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}`)
	if got := must(f, f.SimulateCustomPolicy, in).EvaluationResults[0]; got.EvalDecision != "allowed" || got.EvalDecisionDetails["Resource Policy"] != "allowed" || fmt.Sprint(sources(got.MatchedStatements)) != "[PolicyInputList.1 ResourcePolicy]" {
		t.Errorf("with a resource policy: %+v", got)
	}
	in.PolicyInputList = []string{document("Allow", "sqs:*", "")}
	if got := must(f, f.SimulateCustomPolicy, in).EvaluationResults[0]; got.EvalDecision != "implicitDeny" || got.EvalDecisionDetails["IAM Policy"] != "implicitDeny" || got.EvalDecisionDetails["Resource Policy"] != "allowed" {
		t.Errorf("with the resource's side alone: %+v", got)
	}
}

// TestSimulateInOrganization asks for a user of a member account, whose service control policies enforcement knows.
func TestSimulateInOrganization(t *testing.T) {
	f := open(t)
	a, err := f.d.CreateAccount(t.Context(), identity.NewAccount{Name: "m", Email: "m@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	root := as(identity.RootPrincipal(a.ID))
	if _, err := f.CreateUser(root, &iam.CreateUserInput{UserName: ptr("u")}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.AttachUserPolicy(root, &iam.AttachUserPolicyInput{UserName: ptr("u"), PolicyArn: ptr(adminARN)}); err != nil {
		t.Fatal(err)
	}
	f.update(func(tx *store.Tx) error {
		if err := f.d.SCPs.Put(tx, identity.IDKey("p-deny"), identity.SCP{ID: "p-deny", Name: "deny", Content: denyS3}); err != nil {
			return err
		}
		a.SCPs = append(a.SCPs, "p-deny")
		return f.d.Accounts.Put(tx, identity.IDKey(a.ID), a)
	})
	out, err := f.SimulatePrincipalPolicy(root, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: ptr("arn:aws:iam::" + a.ID + ":user/u"), ActionNames: []string{"s3:GetObject", "sqs:SendMessage"}})
	if err != nil {
		t.Fatal(err)
	}
	s3, sqs := out.EvaluationResults[0], out.EvaluationResults[1]
	if s3.EvalDecision != "explicitDeny" || s3.OrganizationsDecisionDetail.AllowedByOrganizations || sqs.EvalDecision != "allowed" || !sqs.OrganizationsDecisionDetail.AllowedByOrganizations {
		t.Errorf("s3 %+v, sqs %+v", s3, sqs)
	}
	_, err = f.SimulatePrincipalPolicy(f.root, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: ptr("arn:aws:iam::" + a.ID + ":user/u"), ActionNames: []string{"s3:GetObject"}})
	f.is(err, "NoSuchEntity", "")
}
