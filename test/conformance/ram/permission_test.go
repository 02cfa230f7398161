package ram_test

import (
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"
)

const (
	reading = `{"Effect":"Allow","Action":["glue:GetTable"]}`
	first   = "arn:aws:ram::aws:permission/AWSRAMDefaultPermissionGlueTable"
)

func TestManagedPermissions(t *testing.T) {
	f := open(t)
	list := func(in ram.ListPermissionsInput, want int) {
		t.Helper()
		out, err := f.p.ListPermissions(f.ctx, &in)
		if got := must(f, out, err).Permissions; len(got) != want {
			t.Errorf("%+v: %d permissions, want %d", in, len(got), want)
		}
	}
	list(ram.ListPermissionsInput{}, 21)
	list(ram.ListPermissionsInput{ResourceType: aws.String("glue:Catalog")}, 6)
	list(ram.ListPermissionsInput{PermissionType: types.PermissionTypeFilterCustomerManaged}, 0)
	_, err := f.p.ListPermissions(f.ctx, &ram.ListPermissionsInput{ResourceType: aws.String("glue:Job")})
	f.fails("no such type", err, "InvalidParameterException")
	got, err := f.p.GetPermission(f.ctx, &ram.GetPermissionInput{PermissionArn: aws.String(first)})
	if p := must(f, got, err).Permission; !*p.IsResourceTypeDefault || !strings.Contains(*p.Permission, "glue:GetTable") || p.PermissionType != types.PermissionTypeAwsManaged {
		t.Errorf("permission: %+v", p)
	}
	_, err = f.p.GetPermission(f.ctx, &ram.GetPermissionInput{PermissionArn: aws.String(first), PermissionVersion: aws.Int32(9)})
	f.fails("no such version", err, "UnknownResourceException")
	_, err = f.p.GetPermission(f.ctx, &ram.GetPermissionInput{PermissionArn: aws.String(first + "x")})
	f.fails("no such permission", err, "UnknownResourceException")
	_, err = f.p.GetPermission(f.ctx, &ram.GetPermissionInput{PermissionArn: aws.String("x")})
	f.fails("no ARN", err, "MalformedArnException")

	share := f.share("managed", []string{f.table}, nil)
	of, err := f.p.ListResourceSharePermissions(f.ctx, &ram.ListResourceSharePermissionsInput{ResourceShareArn: &share})
	if p := must(f, of, err).Permissions; len(p) != 1 || *p[0].Arn != first {
		t.Errorf("permissions of the share: %+v", p)
	}
	write := "arn:aws:ram::aws:permission/AWSRAMPermissionGlueTableReadWrite"
	_, err = f.p.AssociateResourceSharePermission(f.ctx, &ram.AssociateResourceSharePermissionInput{ResourceShareArn: &share, PermissionArn: &write})
	f.fails("a second of the type", err, "InvalidParameterException")
	_, err = f.p.AssociateResourceSharePermission(f.ctx, &ram.AssociateResourceSharePermissionInput{ResourceShareArn: &share, PermissionArn: &write, Replace: aws.Bool(true), PermissionVersion: aws.Int32(1)})
	f.fails("an old version", err, "InvalidParameterException")
	_, err = f.p.AssociateResourceSharePermission(f.ctx, &ram.AssociateResourceSharePermissionInput{ResourceShareArn: &share, PermissionArn: &write, Replace: aws.Bool(true)})
	must(f, 0, err)
	_, err = f.p.DisassociateResourceSharePermission(f.ctx, &ram.DisassociateResourceSharePermissionInput{ResourceShareArn: &share, PermissionArn: &write})
	f.fails("while there are tables", err, "InvalidStateTransitionException")
	_, err = f.p.DisassociateResourceShare(f.ctx, &ram.DisassociateResourceShareInput{ResourceShareArn: &share, ResourceArns: []string{f.table}})
	must(f, 0, err)
	_, err = f.p.DisassociateResourceSharePermission(f.ctx, &ram.DisassociateResourceSharePermissionInput{ResourceShareArn: &share, PermissionArn: &write})
	must(f, 0, err)
	_, err = f.p.DisassociateResourceSharePermission(f.ctx, &ram.DisassociateResourceSharePermissionInput{ResourceShareArn: &share, PermissionArn: &write})
	f.fails("twice", err, "UnknownResourceException")
	_, err = f.p.CreateResourceShare(f.ctx, &ram.CreateResourceShareInput{Name: aws.String("x"), PermissionArns: []string{first, write}})
	f.fails("two of a type", err, "InvalidParameterException")
	_, err = f.p.DeletePermission(f.ctx, &ram.DeletePermissionInput{PermissionArn: aws.String(first)})
	f.fails("deleting AWS's", err, "OperationNotPermittedException")
}

func TestCustomerPermissions(t *testing.T) {
	f := open(t)
	create := func(name, of, policy string) (string, error) {
		out, err := f.p.CreatePermission(f.ctx, &ram.CreatePermissionInput{Name: &name, ResourceType: &of, PolicyTemplate: &policy,
			Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}})
		if err != nil {
			return "", err
		}
		return *out.Permission.Arn, nil
	}
	arn, err := create("reader", "glue:Table", reading)
	must(f, 0, err)
	if want := "arn:aws:ram:" + harness.Region + ":" + f.producer.Account + ":permission/reader"; arn != want {
		t.Errorf("%s, want %s", arn, want)
	}
	_, err = create("reader", "glue:Table", reading)
	f.fails("the same name", err, "PermissionAlreadyExistsException")
	_, err = create("other", "glue:Job", reading)
	f.fails("no such type", err, "InvalidParameterException")
	for _, bad := range []string{"x", "[]", `{"Effect":"Deny","Action":["glue:GetTable"]}`, `{"Effect":"Allow"}`, `{"Effect":"Allow","Action":["s3:GetObject"]}`,
		`{"Effect":"Allow","Action":["glue:*"]}`, `{"Effect":"Allow","Action":["glue:GetTable"],"Principal":"*"}`, `{"Effect":"Allow","Action":["glue:GetTable"],"Resource":"*"}`,
		`{"Effect":"Allow","Action":["glue:GetTable"],"Condition":{"Nonsense":{"a":"b"}}}`} {
		_, err = create("bad", "glue:Table", bad)
		f.fails(bad, err, "MalformedPolicyTemplateException")
	}
	share, err := f.p.CreateResourceShare(f.ctx, &ram.CreateResourceShareInput{Name: aws.String("custom"), PermissionArns: []string{arn}, ResourceArns: []string{f.table}})
	shareARN := must(f, share, err).ResourceShare.ResourceShareArn
	_, err = f.p.DeletePermission(f.ctx, &ram.DeletePermissionInput{PermissionArn: &arn})
	f.fails("in use", err, "OperationNotPermittedException")

	v, err := f.p.CreatePermissionVersion(f.ctx, &ram.CreatePermissionVersionInput{PermissionArn: &arn, PolicyTemplate: aws.String(`{"Effect":"Allow","Action":"glue:GetPartitions"}`)})
	if p := must(f, v, err).Permission; *p.Version != "2" || !*p.DefaultVersion {
		t.Errorf("second version: %+v", p)
	}
	versions, err := f.p.ListPermissionVersions(f.ctx, &ram.ListPermissionVersionsInput{PermissionArn: &arn, MaxResults: aws.Int32(1)})
	if must(f, versions, err); len(versions.Permissions) != 1 || versions.NextToken == nil {
		t.Errorf("versions: %+v", versions)
	}
	associations := func(in ram.ListPermissionAssociationsInput, want int) {
		t.Helper()
		out, err := f.p.ListPermissionAssociations(f.ctx, &in)
		if got := must(f, out, err).Permissions; len(got) != want {
			t.Errorf("%+v: %+v, want %d", in, got, want)
		}
	}
	associations(ram.ListPermissionAssociationsInput{PermissionArn: &arn}, 1)
	associations(ram.ListPermissionAssociationsInput{PermissionArn: &arn, DefaultVersion: aws.Bool(true)}, 0)
	_, err = f.p.DeletePermissionVersion(f.ctx, &ram.DeletePermissionVersionInput{PermissionArn: &arn, PermissionVersion: aws.Int32(1)})
	f.fails("version in use", err, "OperationNotPermittedException")
	_, err = f.p.DeletePermissionVersion(f.ctx, &ram.DeletePermissionVersionInput{PermissionArn: &arn, PermissionVersion: aws.Int32(2)})
	f.fails("default version", err, "OperationNotPermittedException")
	work, err := f.p.ReplacePermissionAssociations(f.ctx, &ram.ReplacePermissionAssociationsInput{FromPermissionArn: &arn, ToPermissionArn: &arn})
	if w := must(f, work, err).ReplacePermissionAssociationsWork; w.Status != types.ReplacePermissionAssociationsWorkStatusCompleted {
		t.Errorf("replacement: %+v", w)
	}
	done, err := f.p.ListReplacePermissionAssociationsWork(f.ctx, &ram.ListReplacePermissionAssociationsWorkInput{WorkIds: []string{*work.ReplacePermissionAssociationsWork.Id}})
	if got := must(f, done, err).ReplacePermissionAssociationsWorks; len(got) != 1 {
		t.Errorf("replacements: %+v", got)
	}
	associations(ram.ListPermissionAssociationsInput{ResourceShareArn: shareARN, DefaultVersion: aws.Bool(true)}, 1)
	gone, err := f.p.DeletePermissionVersion(f.ctx, &ram.DeletePermissionVersionInput{PermissionArn: &arn, PermissionVersion: aws.Int32(1)})
	must(f, gone, err)
	_, err = f.p.SetDefaultPermissionVersion(f.ctx, &ram.SetDefaultPermissionVersionInput{PermissionArn: &arn, PermissionVersion: aws.Int32(1)})
	f.fails("deleted version", err, "UnknownResourceException")
	_, err = f.p.SetDefaultPermissionVersion(f.ctx, &ram.SetDefaultPermissionVersionInput{PermissionArn: &arn, PermissionVersion: aws.Int32(2)})
	must(f, 0, err)
	for range 4 {
		_, err = f.p.CreatePermissionVersion(f.ctx, &ram.CreatePermissionVersionInput{PermissionArn: &arn, PolicyTemplate: aws.String(reading)})
		must(f, 0, err)
	}
	_, err = f.p.CreatePermissionVersion(f.ctx, &ram.CreatePermissionVersionInput{PermissionArn: &arn, PolicyTemplate: aws.String(reading)})
	f.fails("a sixth version", err, "PermissionVersionsLimitExceededException")

	old, err := f.p.UpdatePermission(f.ctx, &ram.UpdatePermissionInput{PermissionArn: &arn, Status: types.UpdatePermissionStatusDeprecated})
	if must(f, old, err).PermissionStatus != types.UpdatePermissionStatusDeprecated {
		t.Errorf("deprecated: %+v", old)
	}
	_, err = f.p.CreateResourceShare(f.ctx, &ram.CreateResourceShareInput{Name: aws.String("late"), PermissionArns: []string{arn}})
	f.fails("a deprecated one", err, "InvalidParameterException")
	_, err = f.c.GetPermission(f.ctx, &ram.GetPermissionInput{PermissionArn: &arn})
	f.fails("another's", err, "UnknownResourceException")
	_, err = f.p.TagResource(f.ctx, &ram.TagResourceInput{ResourceArn: &arn, Tags: []types.Tag{{Key: aws.String("x"), Value: aws.String("y")}}})
	must(f, 0, err)
	_, err = f.p.UntagResource(f.ctx, &ram.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"team"}})
	must(f, 0, err)
	got, err := f.p.GetPermission(f.ctx, &ram.GetPermissionInput{PermissionArn: &arn})
	if tags := must(f, got, err).Permission.Tags; len(tags) != 1 || *tags[0].Key != "x" {
		t.Errorf("tags: %+v", tags)
	}
	_, err = f.p.DeleteResourceShare(f.ctx, &ram.DeleteResourceShareInput{ResourceShareArn: shareARN})
	must(f, 0, err)
	_, err = f.p.DeletePermission(f.ctx, &ram.DeletePermissionInput{PermissionArn: &arn})
	must(f, 0, err)
	_, err = f.p.GetPermission(f.ctx, &ram.GetPermissionInput{PermissionArn: &arn})
	f.fails("deleted", err, "UnknownResourceException")
}

// Who may is asked of policies by share, tag and what is asked for.
func TestAuthorization(t *testing.T) {
	f := open(t)
	mine := f.share("mine", nil, nil)
	_, err := f.p.TagResource(f.ctx, &ram.TagResourceInput{ResourceShareArn: &mine, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}})
	must(f, 0, err)
	other := f.share("other", nil, nil)
	u := harness.Must(f.server.User(f.ctx, f.producer, "ursula", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"ram:AssociateResourceShare","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"a"},
			"ForAllValues:StringEquals":{"ram:Principal":"`+f.consumer.Account+`"}}},
		{"Effect":"Allow","Action":"ram:UntagResource","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"team"}}},
		{"Effect":"Allow","Action":"ram:CreateResourceShare","Resource":"*","Condition":{"Bool":{"ram:RequestedAllowsExternalPrincipals":"false"}}}]}`))(t)
	c := ram.NewFromConfig(u.Config())
	add := func(share, with string) error {
		_, err := c.AssociateResourceShare(f.ctx, &ram.AssociateResourceShareInput{ResourceShareArn: &share, Principals: []string{with}})
		return err
	}
	must(f, 0, add(mine, f.consumer.Account))
	f.fails("a share without the tag", add(other, f.consumer.Account), "AccessDeniedException")
	f.fails("another principal", add(mine, "999999999999"), "AccessDeniedException")
	_, err = c.UntagResource(f.ctx, &ram.UntagResourceInput{ResourceShareArn: &mine, TagKeys: []string{"team", "cost"}})
	f.fails("another tag", err, "AccessDeniedException")
	_, err = c.UntagResource(f.ctx, &ram.UntagResourceInput{ResourceShareArn: &mine, TagKeys: []string{"team"}})
	must(f, 0, err)
	_, err = c.CreateResourceShare(f.ctx, &ram.CreateResourceShareInput{Name: aws.String("open")})
	f.fails("open to all", err, "AccessDeniedException")
	_, err = c.CreateResourceShare(f.ctx, &ram.CreateResourceShareInput{Name: aws.String("closed"), AllowExternalPrincipals: aws.Bool(false)})
	must(f, 0, err)
}
