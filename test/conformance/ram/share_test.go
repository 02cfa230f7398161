package ram_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"
)

func TestInvitations(t *testing.T) {
	f := open(t)
	share := f.share("invited", []string{f.table}, []string{f.consumer.Account})
	if n := f.seen(share); n != -1 {
		t.Errorf("%d resources before it is accepted", n)
	}
	i := f.invitation(share)
	if i.Status != types.ResourceShareInvitationStatusPending || *i.SenderAccountId != f.producer.Account || *i.ReceiverAccountId != f.consumer.Account ||
		*i.ResourceShareName != "invited" {
		t.Errorf("invitation %+v", i)
	}
	pending, err := f.c.ListPendingInvitationResources(f.ctx, &ram.ListPendingInvitationResourcesInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn})
	if list := must(f, pending, err).Resources; len(list) != 1 || *list[0].Arn != f.table || *list[0].Type != "glue:Table" {
		t.Errorf("it would bring %+v", list)
	}
	_, err = f.p.AcceptResourceShareInvitation(f.ctx, &ram.AcceptResourceShareInvitationInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn})
	f.fails("accepted by its sender", err, "ResourceShareInvitationArnNotFoundException")
	token := aws.String("token-1")
	for range 2 {
		out, err := f.c.AcceptResourceShareInvitation(f.ctx, &ram.AcceptResourceShareInvitationInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn, ClientToken: token})
		if must(f, out, err).ResourceShareInvitation.Status != types.ResourceShareInvitationStatusAccepted || *out.ClientToken != *token {
			t.Errorf("accepted: %+v", out)
		}
	}
	_, err = f.c.AcceptResourceShareInvitation(f.ctx, &ram.AcceptResourceShareInvitationInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn})
	f.fails("accepted again", err, "ResourceShareInvitationAlreadyAcceptedException")
	_, err = f.c.RejectResourceShareInvitation(f.ctx, &ram.RejectResourceShareInvitationInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn})
	f.fails("rejected after all", err, "ResourceShareInvitationAlreadyAcceptedException")
	if n := f.seen(share); n != 1 {
		t.Errorf("%d resources after it was accepted", n)
	}
	who, err := f.c.ListPrincipals(f.ctx, &ram.ListPrincipalsInput{ResourceOwner: types.ResourceOwnerOtherAccounts})
	if list := must(f, who, err).Principals; len(list) != 1 || *list[0].Id != f.producer.Account {
		t.Errorf("who shares with the consumer: %+v", list)
	}

	second := f.share("rejected", []string{f.table}, []string{f.consumer.Account})
	i = f.invitation(second)
	out, err := f.c.RejectResourceShareInvitation(f.ctx, &ram.RejectResourceShareInvitationInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn})
	if must(f, out, err).ResourceShareInvitation.Status != types.ResourceShareInvitationStatusRejected {
		t.Errorf("rejected: %+v", out)
	}
	_, err = f.c.AcceptResourceShareInvitation(f.ctx, &ram.AcceptResourceShareInvitationInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn})
	f.fails("accepted after all", err, "ResourceShareInvitationAlreadyRejectedException")
	_, err = f.c.ListPendingInvitationResources(f.ctx, &ram.ListPendingInvitationResourcesInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn})
	f.fails("what a rejected one would bring", err, "ResourceShareInvitationAlreadyRejectedException")
	list, err := f.p.GetResourceShareAssociations(f.ctx, &ram.GetResourceShareAssociationsInput{AssociationType: types.ResourceShareAssociationTypePrincipal,
		ResourceShareArns: []string{second}})
	if a := must(f, list, err).ResourceShareAssociations; len(a) != 1 || a[0].Status != types.ResourceShareAssociationStatusFailed {
		t.Errorf("principals of a rejected share: %+v", a)
	}
	for name, code := range map[string]string{"x": "MalformedArnException", share: "MalformedArnException",
		"arn:aws:ram:us-east-1:" + f.producer.Account + ":resource-share-invitation/00000000-0000-0000-0000-000000000000": "ResourceShareInvitationArnNotFoundException"} {
		_, err = f.c.AcceptResourceShareInvitation(f.ctx, &ram.AcceptResourceShareInvitationInput{ResourceShareInvitationArn: &name})
		f.fails("accept "+name, err, code)
	}

	// The consumer leaves what it accepted.
	_, err = f.c.DisassociateResourceShare(f.ctx, &ram.DisassociateResourceShareInput{ResourceShareArn: &share, ResourceArns: []string{f.table}})
	f.fails("resource taken out by the consumer", err, "OperationNotPermittedException")
	_, err = f.c.DeleteResourceShare(f.ctx, &ram.DeleteResourceShareInput{ResourceShareArn: &share})
	f.fails("deleted by the consumer", err, "OperationNotPermittedException")
	_, err = f.c.DisassociateResourceShare(f.ctx, &ram.DisassociateResourceShareInput{ResourceShareArn: &share, Principals: []string{f.consumer.Account}})
	must(f, 0, err)
	if n := f.seen(share); n != -1 {
		t.Errorf("%d resources after it left", n)
	}
}

func TestOrganization(t *testing.T) {
	f := open(t)
	root := ram.NewFromConfig(f.server.Root().Config())
	_, err := f.p.EnableSharingWithAwsOrganization(f.ctx, &ram.EnableSharingWithAwsOrganizationInput{})
	f.fails("enabled by a member", err, "OperationNotPermittedException")
	o, err := f.server.Root().Organizations().DescribeOrganization(f.ctx, nil)
	organization := *must(f, o, err).Organization.Arn
	create := func(external bool, with string) (string, error) {
		out, err := f.p.CreateResourceShare(f.ctx, &ram.CreateResourceShareInput{Name: aws.String("within"), AllowExternalPrincipals: &external,
			ResourceArns: []string{f.database, f.all}, Principals: []string{with}})
		if err != nil {
			return "", err
		}
		return *out.ResourceShare.ResourceShareArn, nil
	}
	_, err = create(true, organization)
	f.fails("before it is enabled", err, "OperationNotPermittedException")
	on, err := root.EnableSharingWithAwsOrganization(f.ctx, &ram.EnableSharingWithAwsOrganizationInput{})
	if !*must(f, on, err).ReturnValue {
		t.Error("not enabled")
	}
	for _, with := range []string{organization, f.consumer.Account, "arn:aws:iam::" + f.consumer.Account + ":role/reader"} {
		share, err := create(false, with)
		must(f, 0, err)
		if n := f.seen(share); n != 2 {
			t.Errorf("%s: %d resources", with, n)
		}
	}
	invitations, err := f.c.GetResourceShareInvitations(f.ctx, &ram.GetResourceShareInvitationsInput{})
	if list := must(f, invitations, err).ResourceShareInvitations; len(list) != 0 {
		t.Errorf("invitations within the organization: %+v", list)
	}
	_, err = create(false, "999999999999")
	f.fails("a stranger", err, "OperationNotPermittedException")
	_, err = create(true, "arn:aws:organizations::"+f.producer.Account+":organization/o-abcdefghij")
	f.fails("another organization", err, "UnknownResourceException")
	_, err = create(true, "arn:aws:organizations::"+f.producer.Account+":ou/o-abcdefghij/ou-abcd-abcdefgh")
	f.fails("another unit", err, "UnknownResourceException")
	_, err = create(true, "nobody")
	f.fails("a word", err, "InvalidParameterException")
	outside, err := create(true, "999999999999")
	must(f, 0, err)
	_, err = f.p.UpdateResourceShare(f.ctx, &ram.UpdateResourceShareInput{ResourceShareArn: &outside, AllowExternalPrincipals: aws.Bool(false)})
	f.fails("closed to who is in it", err, "OperationNotPermittedException")
	a, err := f.p.GetResourceShareAssociations(f.ctx, &ram.GetResourceShareAssociationsInput{AssociationType: types.ResourceShareAssociationTypePrincipal,
		ResourceShareArns: []string{outside}})
	if list := must(f, a, err).ResourceShareAssociations; len(list) != 1 || !*list[0].External || list[0].Status != types.ResourceShareAssociationStatusAssociating {
		t.Errorf("a stranger is %+v", list)
	}
}

func TestShares(t *testing.T) {
	f := open(t)
	in := &ram.CreateResourceShareInput{Name: aws.String("first"), ClientToken: aws.String("t-1"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}}
	one, err := f.p.CreateResourceShare(f.ctx, in)
	two, err2 := f.p.CreateResourceShare(f.ctx, in)
	first := *must(f, one, err).ResourceShare.ResourceShareArn
	if *must(f, two, err2).ResourceShare.ResourceShareArn != first {
		t.Error("a repeated call made another share")
	}
	in.Name = aws.String("other")
	_, err = f.p.CreateResourceShare(f.ctx, in)
	f.fails("same token, other input", err, "IdempotentParameterMismatchException")
	in.ClientToken = aws.String(strings.Repeat("x", 200))
	_, err = f.p.CreateResourceShare(f.ctx, in)
	f.fails("long token", err, "InvalidClientTokenException")
	for i := range 4 {
		f.share(fmt.Sprint("more ", i), nil, nil)
	}

	pages, n := ram.NewGetResourceSharesPaginator(f.p, &ram.GetResourceSharesInput{ResourceOwner: types.ResourceOwnerSelf, MaxResults: aws.Int32(2)}), 0
	for pages.HasMorePages() {
		out, err := pages.NextPage(f.ctx)
		n += len(must(f, out, err).ResourceShares)
	}
	if n != 5 {
		t.Errorf("%d shares on pages", n)
	}
	_, err = f.p.GetResourceShares(f.ctx, &ram.GetResourceSharesInput{ResourceOwner: types.ResourceOwnerSelf, NextToken: aws.String("x")})
	f.fails("bad page token", err, "InvalidNextTokenException")
	get := func(in ram.GetResourceSharesInput, want int) {
		t.Helper()
		in.ResourceOwner = types.ResourceOwnerSelf
		out, err := f.p.GetResourceShares(f.ctx, &in)
		if list := must(f, out, err).ResourceShares; len(list) != want {
			t.Errorf("%+v: %d shares, want %d", in, len(list), want)
		}
	}
	get(ram.GetResourceSharesInput{Name: aws.String("first")}, 1)
	get(ram.GetResourceSharesInput{ResourceShareArns: []string{first}}, 1)
	get(ram.GetResourceSharesInput{TagFilters: []types.TagFilter{{TagKey: aws.String("team"), TagValues: []string{"a", "b"}}}}, 1)
	get(ram.GetResourceSharesInput{TagFilters: []types.TagFilter{{TagKey: aws.String("team"), TagValues: []string{"b"}}}}, 0)
	_, err = f.p.GetResourceShares(f.ctx, &ram.GetResourceSharesInput{ResourceOwner: types.ResourceOwnerSelf, ResourceShareArns: []string{first[:len(first)-4] + "0000"}})
	f.fails("no such share", err, "UnknownResourceException")
	_, err = f.c.GetResourceShares(f.ctx, &ram.GetResourceSharesInput{ResourceOwner: types.ResourceOwnerOtherAccounts, ResourceShareArns: []string{first}})
	f.fails("a share that isn't with the consumer", err, "UnknownResourceException")

	_, err = f.p.TagResource(f.ctx, &ram.TagResourceInput{ResourceShareArn: &first, Tags: []types.Tag{{Key: aws.String("x"), Value: aws.String("y")}}})
	must(f, 0, err)
	_, err = f.p.UntagResource(f.ctx, &ram.UntagResourceInput{ResourceShareArn: &first, TagKeys: []string{"team"}})
	must(f, 0, err)
	_, err = f.p.TagResource(f.ctx, &ram.TagResourceInput{Tags: []types.Tag{{Key: aws.String("x"), Value: aws.String("y")}}})
	f.fails("tags on nothing", err, "InvalidParameterException")
	_, err = f.p.TagResource(f.ctx, &ram.TagResourceInput{ResourceShareArn: &first, Tags: []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("y")}}})
	f.fails("reserved tag", err, "InvalidParameterException")
	many := []types.Tag{}
	for i := range 50 {
		many = append(many, types.Tag{Key: aws.String(fmt.Sprint("k", i)), Value: aws.String("v")})
	}
	_, err = f.p.TagResource(f.ctx, &ram.TagResourceInput{ResourceShareArn: &first, Tags: many})
	f.fails("too many tags", err, "TagLimitExceededException")
	_, err = f.c.TagResource(f.ctx, &ram.TagResourceInput{ResourceShareArn: &first, Tags: many[:1]})
	f.fails("tagged by another", err, "UnknownResourceException")
	get(ram.GetResourceSharesInput{TagFilters: []types.TagFilter{{TagKey: aws.String("x")}}}, 1)

	up, err := f.p.UpdateResourceShare(f.ctx, &ram.UpdateResourceShareInput{ResourceShareArn: &first, Name: aws.String("renamed")})
	if *must(f, up, err).ResourceShare.Name != "renamed" {
		t.Errorf("renamed: %+v", up.ResourceShare)
	}
	_, err = f.p.UpdateResourceShare(f.ctx, &ram.UpdateResourceShareInput{ResourceShareArn: &first})
	f.fails("nothing to change", err, "MissingRequiredParameterException")
	gone, err := f.p.DeleteResourceShare(f.ctx, &ram.DeleteResourceShareInput{ResourceShareArn: &first})
	if !*must(f, gone, err).ReturnValue {
		t.Error("not deleted")
	}
	_, err = f.p.DeleteResourceShare(f.ctx, &ram.DeleteResourceShareInput{ResourceShareArn: &first})
	f.fails("deleted twice", err, "UnknownResourceException")
	get(ram.GetResourceSharesInput{ResourceShareStatus: types.ResourceShareStatusDeleted}, 1)
	get(ram.GetResourceSharesInput{ResourceShareStatus: types.ResourceShareStatusActive}, 4)
}

func TestResources(t *testing.T) {
	f := open(t)
	share := f.share("resources", []string{f.database}, []string{f.consumer.Account})
	add := func(resource string) error {
		_, err := f.p.AssociateResourceShare(f.ctx, &ram.AssociateResourceShareInput{ResourceShareArn: &share, ResourceArns: []string{resource}})
		return err
	}
	must(f, 0, add(f.table))
	must(f, 0, add(f.table))
	must(f, 0, add("arn:aws:glue:"+harness.Region+":"+f.producer.Account+":catalog"))
	f.fails("no ARN", add("orders"), "MalformedArnException")
	f.fails("another type", add("arn:aws:s3:::bucket"), "MalformedArnException")
	f.fails("no such table", add(f.table+"x"), "UnknownResourceException")
	f.fails("another region", add(strings.Replace(f.table, harness.Region, "eu-west-1", 1)), "UnknownResourceException")
	f.fails("another's table", add(strings.Replace(f.table, f.producer.Account, f.consumer.Account, 1)), "OperationNotPermittedException")
	list := func(in ram.ListResourcesInput, want int) {
		t.Helper()
		in.ResourceOwner = types.ResourceOwnerSelf
		out, err := f.p.ListResources(f.ctx, &in)
		if got := must(f, out, err).Resources; len(got) != want {
			t.Errorf("%+v: %+v, want %d", in, got, want)
		}
	}
	list(ram.ListResourcesInput{}, 3)
	list(ram.ListResourcesInput{ResourceType: aws.String("glue:Table")}, 1)
	list(ram.ListResourcesInput{ResourceArns: []string{f.database}}, 1)
	list(ram.ListResourcesInput{Principal: &f.consumer.Account}, 3)
	list(ram.ListResourcesInput{Principal: aws.String("999999999999")}, 0)
	list(ram.ListResourcesInput{ResourceRegionScope: types.ResourceRegionScopeFilterGlobal}, 0)
	_, err := f.p.ListResources(f.ctx, &ram.ListResourcesInput{ResourceOwner: types.ResourceOwnerSelf, ResourceType: aws.String("glue:Job")})
	f.fails("no such type", err, "InvalidResourceTypeException")
	principals, err := f.p.ListPrincipals(f.ctx, &ram.ListPrincipalsInput{ResourceOwner: types.ResourceOwnerSelf, ResourceArn: &f.table})
	if got := must(f, principals, err).Principals; len(got) != 1 || *got[0].Id != f.consumer.Account {
		t.Errorf("principals: %+v", got)
	}
	_, err = f.p.GetResourceShareAssociations(f.ctx, &ram.GetResourceShareAssociationsInput{AssociationType: types.ResourceShareAssociationTypeResource, Principal: aws.String("1")})
	f.fails("a principal among resources", err, "InvalidParameterException")

	policies, err := f.p.GetResourcePolicies(f.ctx, &ram.GetResourcePoliciesInput{ResourceArns: []string{f.table}})
	if got := must(f, policies, err).Policies; len(got) != 0 {
		t.Errorf("policies before it is accepted: %v", got)
	}
	i := f.invitation(share)
	_, err = f.c.AcceptResourceShareInvitation(f.ctx, &ram.AcceptResourceShareInvitationInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn})
	must(f, 0, err)
	policies, err = f.p.GetResourcePolicies(f.ctx, &ram.GetResourcePoliciesInput{ResourceArns: []string{f.table}})
	if got := must(f, policies, err).Policies; len(got) != 1 || !strings.Contains(got[0], f.consumer.Account) || !strings.Contains(got[0], "glue:GetTable") {
		t.Errorf("policies: %v", got)
	}
	_, err = f.p.GetResourcePolicies(f.ctx, &ram.GetResourcePoliciesInput{ResourceArns: []string{"arn:aws:s3:::x"}})
	f.fails("policies of what isn't shared", err, "ResourceArnNotFoundException")

	out, err := f.p.DisassociateResourceShare(f.ctx, &ram.DisassociateResourceShareInput{ResourceShareArn: &share, ResourceArns: []string{f.table}})
	if got := must(f, out, err).ResourceShareAssociations; len(got) != 1 || got[0].Status != types.ResourceShareAssociationStatusDisassociated {
		t.Errorf("taken out: %+v", got)
	}
	_, err = f.p.DisassociateResourceShare(f.ctx, &ram.DisassociateResourceShareInput{ResourceShareArn: &share, ResourceArns: []string{f.table}})
	f.fails("taken out twice", err, "UnknownResourceException")
	if n := f.seen(share); n != 2 {
		t.Errorf("%d resources are left", n)
	}
	kinds, err := f.p.ListResourceTypes(f.ctx, &ram.ListResourceTypesInput{})
	if got := must(f, kinds, err).ResourceTypes; len(got) != 3 {
		t.Errorf("types: %+v", got)
	}
	sources, err := f.p.ListSourceAssociations(f.ctx, &ram.ListSourceAssociationsInput{})
	if got := must(f, sources, err).SourceAssociations; len(got) != 0 {
		t.Errorf("sources: %+v", got)
	}
}

// TestPython lets boto3 share.
func TestPython(t *testing.T) {
	f := open(t)
	c := exec.CommandContext(f.ctx, harness.Must(harness.Python())(t), "-B", "ram.py")
	c.Dir = filepath.Join(harness.Root(), "test", "conformance", "python")
	c.Env = append(append(os.Environ(), f.producer.Environ()...), "CONSUMER_ACCESS_KEY_ID="+f.consumer.Key, "CONSUMER_SECRET_ACCESS_KEY="+f.consumer.Secret,
		"CONSUMER="+f.consumer.Account, "TABLE="+f.table)
	out, err := c.CombinedOutput()
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "the story is told") {
		t.Errorf("%v\n%s", err, out)
	}
}
