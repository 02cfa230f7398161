package lakeformation

import (
	"context"
	"strings"

	stack "github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_LakeFormation.html
func (s *Service) Stack() []stack.Type {
	filter := func(p map[string]any) map[string]any { return map[string]any{"TableData": p} }
	return stack.Types(
		stack.Plain{Name: "AWS::LakeFormation::DataCellsFilter", Identify: func(r stack.Request) string {
			return r.Text("TableCatalogId") + "|" + r.Text("DatabaseName") + "|" + r.Text("TableName") + "|" + r.Text("Name")
		}, Key: func(r stack.Request) map[string]any {
			return map[string]any{"TableCatalogId": r.Properties["TableCatalogId"], "DatabaseName": r.Properties["DatabaseName"], "TableName": r.Properties["TableName"],
				"Name": r.Properties["Name"]}
		}, Within: ",DataCellsFilter", Create: shaped(do((*lakeformation.Client).CreateDataCellsFilter), filter), Get: do((*lakeformation.Client).GetDataCellsFilter),
			Update: shaped(do((*lakeformation.Client).UpdateDataCellsFilter), filter), Delete: do((*lakeformation.Client).DeleteDataCellsFilter)}.Type(),
		stack.Type{Name: "AWS::LakeFormation::DataLakeSettings", Create: putSettings, Update: putSettings, Delete: deleteSettings, Read: readSettings},
		stack.Type{Name: "AWS::LakeFormation::Permissions", Create: grantTo, Update: regrant, Delete: revokeFrom, Read: readGrant},
		stack.Type{Name: "AWS::LakeFormation::PrincipalPermissions", Create: grantTo, Update: regrant, Delete: revokeFrom, Read: readGrant},
		stack.Plain{Name: "AWS::LakeFormation::Resource", Identify: func(r stack.Request) string { return r.Text("ResourceArn") },
			Key: func(r stack.Request) map[string]any { return map[string]any{"ResourceArn": r.ID} }, Within: ",ResourceInfo",
			Attributes: map[string]string{"Id": ""}, Untold: []string{"UseServiceLinkedRole"},
			Create: do((*lakeformation.Client).RegisterResource), Get: do((*lakeformation.Client).DescribeResource), Update: updateLocation,
			Delete: do((*lakeformation.Client).DeregisterResource)}.Type(),
		stack.Plain{Name: "AWS::LakeFormation::Tag", Identify: func(r stack.Request) string { return r.Text("TagKey") },
			Key: func(r stack.Request) map[string]any {
				return map[string]any{"TagKey": r.ID, "CatalogId": r.Properties["CatalogId"]}
			}, Create: do((*lakeformation.Client).CreateLFTag), Get: do((*lakeformation.Client).GetLFTag), Update: updateTag, Delete: do((*lakeformation.Client).DeleteLFTag)}.Type(),
		stack.Type{Name: "AWS::LakeFormation::TagAssociation", Create: tagStacked, Delete: untagStacked, Read: readTagged},
	)
}

func client(r stack.Request) *lakeformation.Client { return lakeformation.NewFromConfig(r.Config) }

func do[I, O any](method func(*lakeformation.Client, context.Context, *I, ...func(*lakeformation.Options)) (*O, error)) stack.Verb {
	return stack.Do(client, method)
}

// shaped has a verb take the template's properties in another form.
func shaped(verb stack.Verb, form func(map[string]any) map[string]any) stack.Verb {
	return func(ctx context.Context, r stack.Request, _ map[string]any, _ bool) (any, error) {
		return verb(ctx, r, form(r.Properties), true)
	}
}

func updateLocation(ctx context.Context, r stack.Request, _ map[string]any, _ bool) (any, error) {
	return stack.Call(ctx, client(r).UpdateResource, r.Properties, func(in *lakeformation.UpdateResourceInput) { in.ResourceArn = &r.ID }, "UseServiceLinkedRole")
}

// updateTag adds and removes the values that differ from those that are there.
func updateTag(ctx context.Context, r stack.Request, properties map[string]any, _ bool) (any, error) {
	catalog := map[string]any{"CatalogId": r.Properties["CatalogId"], "TagKey": r.ID}
	out, err := do((*lakeformation.Client).GetLFTag)(ctx, r, catalog, true)
	if err != nil {
		return nil, err
	}
	has := []any{}
	for _, v := range out.(*lakeformation.GetLFTagOutput).TagValues {
		has = append(has, v)
	}
	added, gone := stack.Differ(has, r.Properties["TagValues"])
	if len(added)+len(gone) == 0 {
		return out, nil
	}
	in := &lakeformation.UpdateLFTagInput{TagKey: &r.ID, TagValuesToAdd: added, TagValuesToDelete: gone}
	if catalog := r.Text("CatalogId"); catalog != "" {
		in.CatalogId = &catalog
	}
	return client(r).UpdateLFTag(ctx, in)
}

// tagState tells a resource and its tags.
func tagState(r stack.Request) stack.State {
	on, tags := stack.Text(r.Properties["Resource"]), stack.Text(r.Properties["LFTags"])
	return stack.State{ID: on + "|" + tags, Attributes: map[string]any{"ResourceIdentifier": on, "TagsIdentifier": tags}}
}

func tagStacked(ctx context.Context, r stack.Request) (stack.State, error) {
	out, err := stack.Call(ctx, client(r).AddLFTagsToResource, r.Properties, nil)
	if err == nil {
		for _, f := range out.Failures {
			err = invalid("%s", aws.ToString(f.Error.ErrorMessage))
		}
	}
	return tagState(r), err
}

func untagStacked(ctx context.Context, r stack.Request) error {
	_, err := stack.Call(ctx, client(r).RemoveLFTagsFromResource, r.Properties, nil)
	return err
}

func readTagged(ctx context.Context, r stack.Request) (stack.State, error) {
	out, err := stack.Call(ctx, client(r).GetResourceLFTags, map[string]any{"Resource": r.Properties["Resource"]}, func(in *lakeformation.GetResourceLFTagsInput) {
		in.ShowAssignedLFTags = aws.Bool(true)
	})
	if err != nil {
		return stack.State{}, err
	}
	has := map[string]bool{}
	for _, list := range [][]lfTag{out.LFTagOnDatabase, out.LFTagsOnTable} {
		for _, t := range list {
			has[aws.ToString(t.TagKey)+"="+strings.Join(t.TagValues, ",")] = true
		}
	}
	for _, c := range out.LFTagsOnColumns {
		for _, t := range c.LFTags {
			has[aws.ToString(t.TagKey)+"="+strings.Join(t.TagValues, ",")] = true
		}
	}
	for _, t := range stack.Objects(r.Properties["LFTags"]) {
		if !has[stack.Text(t["TagKey"])+"="+strings.Join(stack.Texts(t["TagValues"]), ",")] {
			return stack.State{}, stack.ErrGone
		}
	}
	state := tagState(r)
	state.Properties = map[string]any{"Resource": r.Properties["Resource"], "LFTags": r.Properties["LFTags"]}
	return state, nil
}
