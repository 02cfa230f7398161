package organizations_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	service "github.com/atelier-studio/atelier/internal/services/organizations"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

type fixture struct {
	*service.Service
	t          *testing.T
	d          *identity.Directory
	management context.Context
	root       string
}

func open(t *testing.T) *fixture {
	t.Helper()
	c := clock.At(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	st, err := store.Open(t.Context(), store.Config{Dir: t.TempDir(), Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	d, err := identity.New(st, c)
	if err != nil {
		t.Fatal(err)
	}
	_, root, err := d.Bootstrap(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{Service: service.New(service.Config{Directory: d, Clock: c}), t: t, d: d, management: in(root.Principal)}
}

func in(p authz.Principal) context.Context {
	return wire.WithCall(context.Background(), &wire.Call{Service: "organizations", Principal: p})
}

// begin makes the organization and one account.
func (f *fixture) begin() string {
	f.t.Helper()
	if _, err := f.CreateOrganization(f.management, &organizations.CreateOrganizationInput{}); err != nil {
		f.t.Fatal(err)
	}
	roots, err := f.ListRoots(f.management, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	f.root = *roots.Roots[0].Id
	out, err := f.CreateAccount(f.management, &organizations.CreateAccountInput{AccountName: aws.String("a"), Email: aws.String("a@example.com")})
	if err != nil || out.CreateAccountStatus.State != types.CreateAccountStateSucceeded {
		f.t.Fatal(out, err)
	}
	return *out.CreateAccountStatus.AccountId
}

// fails holds err to be of want's type and to say text.
func (f *fixture) fails(what string, err error, want error, text string) {
	f.t.Helper()
	if reflect.TypeOf(err) != reflect.TypeOf(want) || !strings.Contains(err.Error(), text) {
		f.t.Errorf("%s: %v, want %T with %q", what, err, want, text)
	}
}

func TestAccounts(t *testing.T) {
	f := open(t)
	_, err := f.DescribeOrganization(f.management, nil)
	f.fails("before there is one", err, &types.AWSOrganizationsNotInUseException{}, "")
	id := f.begin()
	_, err = f.CreateOrganization(f.management, &organizations.CreateOrganizationInput{})
	f.fails("again", err, &types.AlreadyInOrganizationException{}, "")
	out, err := f.CreateAccount(f.management, &organizations.CreateAccountInput{AccountName: aws.String("b"), Email: aws.String("A@example.com")})
	if err != nil || out.CreateAccountStatus.FailureReason != types.CreateAccountFailureReasonEmailAlreadyExists {
		t.Errorf("address taken: %+v, %v", out, err)
	}
	st, err := f.DescribeCreateAccountStatus(f.management, &organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: out.CreateAccountStatus.Id})
	if err != nil || st.CreateAccountStatus.State != types.CreateAccountStateFailed || st.CreateAccountStatus.AccountId != nil {
		t.Errorf("status %+v, %v", st, err)
	}
	failed, err := f.ListCreateAccountStatus(f.management, &organizations.ListCreateAccountStatusInput{States: []types.CreateAccountState{"FAILED"}})
	if err != nil || len(failed.CreateAccountStatuses) != 1 {
		t.Errorf("failed ones: %+v, %v", failed, err)
	}

	member := in(identity.RootPrincipal(id))
	if o, err := f.DescribeOrganization(member, nil); err != nil || *o.Organization.MasterAccountId != wire.CallOf(f.management).Account() {
		t.Errorf("a member sees %+v, %v", o, err)
	}
	_, err = f.ListAccounts(member, &organizations.ListAccountsInput{})
	f.fails("a member lists accounts", err, &types.AccessDeniedException{}, "")

	var ids []string
	for token := (*string)(nil); ; {
		out, err := f.ListAccounts(f.management, &organizations.ListAccountsInput{MaxResults: aws.Int32(1), NextToken: token})
		if err != nil || len(out.Accounts) != 1 {
			t.Fatal(out, err)
		}
		ids = append(ids, *out.Accounts[0].Id)
		if token = out.NextToken; token == nil {
			break
		}
	}
	if len(ids) != 2 || ids[0] == ids[1] {
		t.Errorf("pages: %v", ids)
	}
	_, err = f.ListAccounts(f.management, &organizations.ListAccountsInput{NextToken: aws.String("?")})
	f.fails("token of nobody", err, &types.InvalidInputException{}, "")

	if _, err := f.CloseAccount(f.management, &organizations.CloseAccountInput{AccountId: &id}); err != nil {
		t.Fatal(err)
	}
	a, err := f.DescribeAccount(f.management, &organizations.DescribeAccountInput{AccountId: &id})
	if err != nil || a.Account.Status != types.AccountStatusSuspended {
		t.Errorf("closed: %+v, %v", a, err)
	}
	_, err = f.CloseAccount(f.management, &organizations.CloseAccountInput{AccountId: &id})
	f.fails("closed again", err, &types.AccountAlreadyClosedException{}, "")
	_, err = f.CloseAccount(f.management, &organizations.CloseAccountInput{AccountId: aws.String(wire.CallOf(f.management).Account())})
	f.fails("management closed", err, &types.ConstraintViolationException{}, "management")
}

func TestUnits(t *testing.T) {
	f := open(t)
	id := f.begin()
	make := func(parent, name string) (string, error) {
		out, err := f.CreateOrganizationalUnit(f.management, &organizations.CreateOrganizationalUnitInput{ParentId: &parent, Name: &name})
		if err != nil {
			return "", err
		}
		return *out.OrganizationalUnit.Id, nil
	}
	first, err := make(f.root, "one")
	if err != nil {
		t.Fatal(err)
	}
	_, err = make(f.root, "ONE")
	f.fails("same name", err, &types.DuplicateOrganizationalUnitException{}, "")
	deep := first
	for range 4 {
		if deep, err = make(deep, "in"); err != nil {
			t.Fatal(err)
		}
	}
	_, err = make(deep, "in")
	f.fails("sixth level", err, &types.ConstraintViolationException{}, "depth")

	if _, err := f.MoveAccount(f.management, &organizations.MoveAccountInput{AccountId: &id, SourceParentId: &f.root, DestinationParentId: &first}); err != nil {
		t.Fatal(err)
	}
	_, err = f.MoveAccount(f.management, &organizations.MoveAccountInput{AccountId: &id, SourceParentId: &f.root, DestinationParentId: &first})
	f.fails("moved from where it is not", err, &types.SourceParentNotFoundException{}, "")
	parents, err := f.ListParents(f.management, &organizations.ListParentsInput{ChildId: &id})
	if err != nil || *parents.Parents[0].Id != first || parents.Parents[0].Type != types.ParentTypeOrganizationalUnit {
		t.Errorf("ListParents = %+v, %v", parents, err)
	}
	_, err = f.ListParents(f.management, &organizations.ListParentsInput{ChildId: &f.root})
	f.fails("parent of the root", err, &types.ChildNotFoundException{}, "")
	for kind, want := range map[types.ChildType]int{types.ChildTypeAccount: 1, types.ChildTypeOrganizationalUnit: 1} {
		c, err := f.ListChildren(f.management, &organizations.ListChildrenInput{ParentId: &first, ChildType: kind})
		if err != nil || len(c.Children) != want {
			t.Errorf("ListChildren(%s) = %+v, %v", kind, c, err)
		}
	}
	in, err := f.ListAccountsForParent(f.management, &organizations.ListAccountsForParentInput{ParentId: &first})
	if err != nil || len(in.Accounts) != 1 || *in.Accounts[0].Id != id {
		t.Errorf("ListAccountsForParent = %+v, %v", in, err)
	}
	_, err = f.DeleteOrganizationalUnit(f.management, &organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: &first})
	f.fails("delete a full unit", err, &types.OrganizationalUnitNotEmptyException{}, "")
	if _, err := f.DeleteOrganizationalUnit(f.management, &organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: &deep}); err != nil {
		t.Error(err)
	}
	_, err = f.DescribeOrganizationalUnit(f.management, &organizations.DescribeOrganizationalUnitInput{OrganizationalUnitId: &deep})
	f.fails("deleted unit", err, &types.OrganizationalUnitNotFoundException{}, "")
	up, err := f.UpdateOrganizationalUnit(f.management, &organizations.UpdateOrganizationalUnitInput{OrganizationalUnitId: &first, Name: aws.String("two")})
	if err != nil || *up.OrganizationalUnit.Name != "two" {
		t.Errorf("renamed: %+v, %v", up, err)
	}
}

func TestPoliciesAreEnforced(t *testing.T) {
	f := open(t)
	id := f.begin()
	who := identity.RootPrincipal(id)
	outcome := func() authz.Outcome {
		d, err := f.d.Authorize(context.Background(), authz.Request{Principal: who, Action: "s3:GetObject", Resource: "*"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return d.Outcome
	}
	create := func(name, content string) (*string, error) {
		out, err := f.CreatePolicy(f.management, &organizations.CreatePolicyInput{Name: &name, Description: aws.String(""), Content: &content, Type: types.PolicyTypeServiceControlPolicy})
		if err != nil {
			return nil, err
		}
		return out.Policy.PolicySummary.Id, nil
	}
	const deny = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}`
	p, err := create("no-s3", deny)
	if err != nil {
		t.Fatal(err)
	}
	_, err = create("no-s3", deny)
	f.fails("same name", err, &types.DuplicatePolicyException{}, "")
	_, err = create("bad", `{"Version":"2012-10-17"}`)
	f.fails("malformed", err, &types.MalformedPolicyDocumentException{}, "")
	_, err = create("long", deny+strings.Repeat(" ", 5120))
	f.fails("long", err, &types.ConstraintViolationException{}, "size")

	if got := outcome(); got != authz.Allowed {
		t.Fatalf("before: %s", got)
	}
	ou, err := f.CreateOrganizationalUnit(f.management, &organizations.CreateOrganizationalUnitInput{ParentId: &f.root, Name: aws.String("ou")})
	if err != nil {
		t.Fatal(err)
	}
	unit := ou.OrganizationalUnit.Id
	attach := func(target *string) error {
		_, err := f.AttachPolicy(f.management, &organizations.AttachPolicyInput{PolicyId: p, TargetId: target})
		return err
	}
	if err := attach(unit); err != nil {
		t.Fatal(err)
	}
	f.fails("twice", attach(unit), &types.DuplicatePolicyAttachmentException{}, "")
	f.fails("to nothing", attach(aws.String("ou-none")), &types.TargetNotFoundException{}, "")
	if got := outcome(); got != authz.Allowed {
		t.Errorf("attached elsewhere: %s", got)
	}
	if _, err := f.MoveAccount(f.management, &organizations.MoveAccountInput{AccountId: &id, SourceParentId: &f.root, DestinationParentId: unit}); err != nil {
		t.Fatal(err)
	}
	if got := outcome(); got != authz.ExplicitDeny {
		t.Errorf("moved below it: %s", got)
	}
	targets, err := f.ListTargetsForPolicy(f.management, &organizations.ListTargetsForPolicyInput{PolicyId: p})
	if err != nil || len(targets.Targets) != 1 || *targets.Targets[0].TargetId != *unit {
		t.Errorf("ListTargetsForPolicy = %+v, %v", targets, err)
	}
	list, err := f.ListPoliciesForTarget(f.management, &organizations.ListPoliciesForTargetInput{TargetId: unit, Filter: types.PolicyTypeServiceControlPolicy})
	if err != nil || len(list.Policies) != 2 {
		t.Errorf("ListPoliciesForTarget = %+v, %v", list, err)
	}
	_, err = f.DeletePolicy(f.management, &organizations.DeletePolicyInput{PolicyId: p})
	f.fails("delete in use", err, &types.PolicyInUseException{}, "")
	_, err = f.UpdatePolicy(f.management, &organizations.UpdatePolicyInput{PolicyId: aws.String(identity.FullAWSAccess), Name: aws.String("x")})
	f.fails("update AWS's", err, &types.InvalidInputException{}, "")
	if _, err := f.UpdatePolicy(f.management, &organizations.UpdatePolicyInput{PolicyId: p, Content: aws.String(strings.Replace(deny, "s3:*", "sqs:*", 1))}); err != nil {
		t.Fatal(err)
	}
	if got := outcome(); got != authz.Allowed {
		t.Errorf("updated: %s", got)
	}
	detach := func(policy *string) error {
		_, err := f.DetachPolicy(f.management, &organizations.DetachPolicyInput{PolicyId: policy, TargetId: unit})
		return err
	}
	full := aws.String(identity.FullAWSAccess)
	if err := detach(full); err != nil {
		t.Fatal(err)
	}
	if got := outcome(); got != authz.ImplicitDeny {
		t.Errorf("a level without an allow: %s", got)
	}
	f.fails("the last", detach(p), &types.ConstraintViolationException{}, "last")
	f.fails("not attached", detach(full), &types.PolicyNotAttachedException{}, "")

	if _, err := f.DisablePolicyType(f.management, &organizations.DisablePolicyTypeInput{RootId: &f.root, PolicyType: types.PolicyTypeServiceControlPolicy}); err != nil {
		t.Fatal(err)
	}
	if got := outcome(); got != authz.Allowed {
		t.Errorf("disabled: %s", got)
	}
	f.fails("attach while disabled", attach(unit), &types.PolicyTypeNotEnabledException{}, "")
	if _, err := f.DeletePolicy(f.management, &organizations.DeletePolicyInput{PolicyId: p}); err != nil {
		t.Error(err)
	}
	if _, err := f.EnablePolicyType(f.management, &organizations.EnablePolicyTypeInput{RootId: &f.root, PolicyType: types.PolicyTypeServiceControlPolicy}); err != nil {
		t.Fatal(err)
	}
	if got := outcome(); got != authz.Allowed {
		t.Errorf("enabled again: %s", got)
	}
}

func TestTags(t *testing.T) {
	f := open(t)
	id := f.begin()
	if _, err := f.TagResource(f.management, &organizations.TagResourceInput{ResourceId: &id, Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}, {Key: aws.String("a"), Value: aws.String("1")}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.UntagResource(f.management, &organizations.UntagResourceInput{ResourceId: &id, TagKeys: []string{"b"}}); err != nil {
		t.Fatal(err)
	}
	out, err := f.ListTagsForResource(f.management, &organizations.ListTagsForResourceInput{ResourceId: &id})
	if err != nil || len(out.Tags) != 1 || *out.Tags[0].Key != "a" || *out.Tags[0].Value != "1" {
		t.Errorf("tags %+v, %v", out, err)
	}
	_, err = f.ListTagsForResource(f.management, &organizations.ListTagsForResourceInput{ResourceId: aws.String("p-none")})
	var gone *types.TargetNotFoundException
	if !errors.As(err, &gone) {
		t.Errorf("tags of nothing: %v", err)
	}
}
