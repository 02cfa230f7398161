package ram_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/sharing"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"
)

// longAgo offers a table of the management account to a new member, eight days ago.
func longAgo(t *testing.T, dir string) (member string) {
	t.Helper()
	c := clock.At(time.Now().Add(-8 * 24 * time.Hour))
	st, err := store.Open(t.Context(), store.Config{Dir: dir, Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	d, err := identity.New(st, c, identity.KeyFile(filepath.Join(dir, "identity.key")))
	if err != nil {
		t.Fatal(err)
	}
	_, root, err := d.Bootstrap(t.Context(), harness.RootKey, harness.RootSecret)
	if err != nil {
		t.Fatal(err)
	}
	a, err := d.CreateAccount(t.Context(), identity.NewAccount{Name: "member", Email: "member@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	s := sharing.New(sharing.Config{Store: st, Directory: d, Clock: c})
	if err := st.Update(t.Context(), func(tx *store.Tx) error {
		return s.Offer(tx, sharing.Offer{Owner: root.Principal.Account, Region: harness.Region, Principal: a.ID,
			ResourceARN: "arn:aws:glue:" + harness.Region + ":" + root.Principal.Account + ":table/sales/orders"})
	}); err != nil {
		t.Fatal(err)
	}
	return a.ID
}

func TestExpired(t *testing.T) {
	dir := t.TempDir()
	member := longAgo(t, dir)
	s := harness.StartWith(t, harness.Options{DataDir: dir})
	f := &fixture{t: t, ctx: t.Context(), server: s}
	admin := harness.Must(s.Admin(f.ctx))(t)
	session := harness.Must(s.Assume(f.ctx, admin, "arn:aws:iam::"+member+":role/OrganizationAccountAccessRole", "late", ""))(t)
	f.c, f.p = ram.NewFromConfig(session.Config()), ram.NewFromConfig(admin.Config())
	out, err := f.p.GetResourceShares(f.ctx, &ram.GetResourceSharesInput{ResourceOwner: types.ResourceOwnerSelf})
	shares := must(f, out, err).ResourceShares
	if len(shares) != 1 || (*shares[0].Name)[:17] != "LakeFormation-V4-" || shares[0].FeatureSet != types.ResourceShareFeatureSetStandard {
		t.Fatalf("shares: %+v", shares)
	}
	share := *shares[0].ResourceShareArn
	i := f.invitation(share)
	if i.Status != types.ResourceShareInvitationStatusExpired {
		t.Errorf("invitation: %+v", i)
	}
	_, err = f.c.AcceptResourceShareInvitation(f.ctx, &ram.AcceptResourceShareInvitationInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn})
	f.fails("accepted too late", err, "ResourceShareInvitationExpiredException")
	_, err = f.c.RejectResourceShareInvitation(f.ctx, &ram.RejectResourceShareInvitationInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn})
	f.fails("rejected too late", err, "ResourceShareInvitationExpiredException")
	_, err = f.c.ListPendingInvitationResources(f.ctx, &ram.ListPendingInvitationResourcesInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn})
	f.fails("what it would have brought", err, "ResourceShareInvitationExpiredException")
	for what, change := range map[string]func() error{
		"deleted": func() error {
			_, err := f.p.DeleteResourceShare(f.ctx, &ram.DeleteResourceShareInput{ResourceShareArn: &share})
			return err
		},
		"renamed": func() error {
			_, err := f.p.UpdateResourceShare(f.ctx, &ram.UpdateResourceShareInput{ResourceShareArn: &share, Name: &member})
			return err
		},
		"extended": func() error {
			_, err := f.p.AssociateResourceShare(f.ctx, &ram.AssociateResourceShareInput{ResourceShareArn: &share, Principals: []string{"999999999999"}})
			return err
		},
		"cut": func() error {
			_, err := f.p.DisassociateResourceShare(f.ctx, &ram.DisassociateResourceShareInput{ResourceShareArn: &share, Principals: []string{member}})
			return err
		},
	} {
		f.fails("Lake Formation's share, "+what+" by a user", change(), "OperationNotPermittedException")
	}
}
