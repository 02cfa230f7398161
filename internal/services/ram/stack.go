package ram

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ram-resourceshare.html
func (s *Service) Stack() []resource.Type {
	t := resource.Plain{Name: "AWS::RAM::ResourceShare", NameProperty: "Name", ID: "ResourceShareArn", Key: func(r resource.Request) map[string]any {
		return map[string]any{"ResourceShareArn": r.ID, "ResourceShareArns": []any{r.ID}, "ResourceOwner": "SELF"}
	}, Within: "ResourceShare,ResourceShares", Token: "ClientToken", Attributes: map[string]string{"Arn": "ResourceShareArn", "Status": "Status", "OwningAccountId": "OwningAccountId",
		"FeatureSet": "FeatureSet", "CreationTime": "CreationTime", "LastUpdatedTime": "LastUpdatedTime"},
		Create: resource.Do(client, (*ram.Client).CreateResourceShare), Get: getShare, Update: updateShare, Delete: resource.Do(client, (*ram.Client).DeleteResourceShare),
		Retag: func(ctx context.Context, r resource.Request, set map[string]string, remove []string) (err error) {
			if len(remove) > 0 {
				_, err = client(r).UntagResource(ctx, &ram.UntagResourceInput{ResourceShareArn: &r.ID, TagKeys: remove})
			} else {
				_, err = client(r).TagResource(ctx, &ram.TagResourceInput{ResourceShareArn: &r.ID,
					Tags: wire.TagList(set, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })})
			}
			return err
		}}.Type()
	return resource.Types(t)
}

func client(r resource.Request) *ram.Client { return ram.NewFromConfig(r.Config) }

// getShare reads a share; one that was deleted is still told of for a time.
func getShare(ctx context.Context, r resource.Request, properties map[string]any, _ bool) (any, error) {
	out, err := resource.Do(client, (*ram.Client).GetResourceShares)(ctx, r, properties, false)
	if err != nil {
		return nil, err
	}
	for _, s := range out.(*ram.GetResourceSharesOutput).ResourceShares {
		if s.Status == types.ResourceShareStatusDeleted || s.Status == types.ResourceShareStatusDeleting {
			return nil, resource.ErrGone
		}
	}
	return out, nil
}

// updateShare changes a share, and what is shared with whom.
func updateShare(ctx context.Context, r resource.Request, _ map[string]any, _ bool) (any, error) {
	c := client(r)
	if r.Changed("Name", "AllowExternalPrincipals") {
		if _, err := c.UpdateResourceShare(ctx, &ram.UpdateResourceShareInput{ResourceShareArn: &r.ID, Name: aws.String(r.Named("Name")),
			AllowExternalPrincipals: aws.Bool(r.Text("AllowExternalPrincipals") != "false")}); err != nil {
			return nil, err
		}
	}
	resources, noResources := resource.Differ(r.Old["ResourceArns"], r.Properties["ResourceArns"])
	principals, noPrincipals := resource.Differ(r.Old["Principals"], r.Properties["Principals"])
	if len(resources)+len(principals) > 0 {
		if _, err := c.AssociateResourceShare(ctx, &ram.AssociateResourceShareInput{ResourceShareArn: &r.ID, ResourceArns: resources, Principals: principals}); err != nil {
			return nil, err
		}
	}
	if len(noResources)+len(noPrincipals) > 0 {
		if _, err := c.DisassociateResourceShare(ctx, &ram.DisassociateResourceShareInput{ResourceShareArn: &r.ID, ResourceArns: noResources, Principals: noPrincipals}); err != nil && !resource.Gone(err) {
			return nil, err
		}
	}
	added, gone := resource.Differ(r.Old["PermissionArns"], r.Properties["PermissionArns"])
	for _, p := range added {
		if _, err := c.AssociateResourceSharePermission(ctx, &ram.AssociateResourceSharePermissionInput{ResourceShareArn: &r.ID, PermissionArn: &p, Replace: aws.Bool(true)}); err != nil {
			return nil, err
		}
	}
	for _, p := range gone {
		if len(added) > 0 { // it was replaced
			break
		}
		if _, err := c.DisassociateResourceSharePermission(ctx, &ram.DisassociateResourceSharePermissionInput{ResourceShareArn: &r.ID, PermissionArn: &p}); err != nil && !resource.Gone(err) {
			return nil, err
		}
	}
	return nil, nil
}
