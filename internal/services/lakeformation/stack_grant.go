package lakeformation

import (
	"context"
	"slices"
	"strings"

	stack "github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

type lfTag = types.LFTagPair

// granted gives the properties of both types of grants in the SDK's form.
func granted(properties map[string]any) map[string]any {
	out := stack.Renamed(properties, "DataLakePrincipal", "Principal", "Catalog", "CatalogId")
	if on, ok := out["Resource"].(map[string]any); ok {
		on = stack.Renamed(on, "DatabaseResource", "Database", "TableResource", "Table", "TableWithColumnsResource", "TableWithColumns", "DataLocationResource", "DataLocation")
		if at, ok := on["DataLocation"].(map[string]any); ok {
			on["DataLocation"] = stack.Renamed(at, "S3Resource", "ResourceArn")
		}
		out["Resource"] = on
	}
	return out
}

func grantState(r stack.Request) stack.State {
	form := granted(r.Properties)
	if form["Principal"] != nil && r.Properties["DataLakePrincipal"] != nil { // the older type
		id := r.ID
		if id == "" {
			id = r.Name
		}
		return stack.State{ID: id, Attributes: map[string]any{"Id": id}}
	}
	who, on := stack.Text(form["Principal"]), stack.Text(form["Resource"])
	return stack.State{ID: who + "|" + on, Attributes: map[string]any{"PrincipalIdentifier": who, "ResourceIdentifier": on}}
}

func grantTo(ctx context.Context, r stack.Request) (stack.State, error) {
	_, err := stack.Call(ctx, client(r).GrantPermissions, granted(r.Properties), nil)
	return grantState(r), err
}

// regrant grants what is new, and revokes what an update no longer has.
func regrant(ctx context.Context, r stack.Request) (stack.State, error) {
	if _, err := grantTo(ctx, r); err != nil {
		return grantState(r), err
	}
	_, gone := stack.Differ(r.Old["Permissions"], r.Properties["Permissions"])
	_, unpassed := stack.Differ(r.Old["PermissionsWithGrantOption"], r.Properties["PermissionsWithGrantOption"])
	if len(gone)+len(unpassed) == 0 {
		return grantState(r), nil
	}
	old := r
	old.Properties = stack.Renamed(r.Old)
	old.Properties["Permissions"], old.Properties["PermissionsWithGrantOption"] = anyOf(gone), anyOf(unpassed)
	return grantState(r), revokeFrom(ctx, old)
}

func anyOf(words []string) []any {
	out := make([]any, len(words))
	for i, w := range words {
		out[i] = w
	}
	return out
}

// revokeFrom takes a grant away. What it names and nobody has any more is no failure.
func revokeFrom(ctx context.Context, r stack.Request) error {
	form := granted(r.Properties)
	if len(stack.Texts(form["Permissions"])) == 0 { // those to pass on count among those that are had
		form["Permissions"] = form["PermissionsWithGrantOption"]
	}
	_, err := stack.Call(ctx, client(r).RevokePermissions, form, nil)
	if err != nil && strings.Contains(err.Error(), "No permissions revoked") {
		return nil
	}
	return err
}

func readGrant(ctx context.Context, r stack.Request) (stack.State, error) {
	form := granted(r.Properties)
	in := &lakeformation.ListPermissionsInput{}
	if err := stack.Fill(in, map[string]any{"Principal": form["Principal"], "Resource": form["Resource"], "CatalogId": form["CatalogId"]}); err != nil {
		return stack.State{}, err
	}
	var has []string
	for {
		out, err := client(r).ListPermissions(ctx, in)
		if err != nil {
			return stack.State{}, err
		}
		for _, p := range out.PrincipalResourcePermissions {
			for _, word := range p.Permissions {
				has = append(has, string(word))
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	state := grantState(r)
	wanted := stack.Texts(r.Properties["Permissions"])
	if !slices.ContainsFunc(wanted, func(w string) bool { return slices.Contains(has, w) }) {
		return stack.State{}, stack.ErrGone
	}
	kept := slices.DeleteFunc(wanted, func(w string) bool { return !slices.Contains(has, w) })
	state.Properties = map[string]any{"Permissions": anyOf(kept), "Resource": r.Properties["Resource"]}
	return state, nil
}

// putSettings makes administrators and sets defaults; with the mutation type APPEND it leaves the administrators that are there.
func putSettings(ctx context.Context, r stack.Request) (stack.State, error) {
	c, id := client(r), r.ID
	if id == "" {
		id = r.Name
	}
	has, err := c.GetDataLakeSettings(ctx, &lakeformation.GetDataLakeSettingsInput{})
	if err != nil {
		return stack.State{}, err
	}
	settings := has.DataLakeSettings
	was := settings.DataLakeAdmins
	form := stack.Renamed(r.Properties, "Admins", "DataLakeAdmins", "MutationType", "")
	if err := stack.Fill(settings, form); err != nil {
		return stack.State{}, err
	}
	if r.Text("MutationType") == "APPEND" {
		gone := admins(r.Old["Admins"])
		for _, a := range was {
			if name := aws.ToString(a.DataLakePrincipalIdentifier); !slices.Contains(admins(r.Properties["Admins"]), name) && !slices.Contains(gone, name) {
				settings.DataLakeAdmins = append(settings.DataLakeAdmins, a)
			}
		}
	}
	_, err = c.PutDataLakeSettings(ctx, &lakeformation.PutDataLakeSettingsInput{DataLakeSettings: settings})
	return stack.State{ID: id, Attributes: map[string]any{"Id": id}}, err
}

func admins(v any) []string {
	var out []string
	for _, a := range stack.Objects(v) {
		out = append(out, stack.Text(a["DataLakePrincipalIdentifier"]))
	}
	return out
}

// deleteSettings removes the administrators that it made.
func deleteSettings(ctx context.Context, r stack.Request) error {
	c := client(r)
	has, err := c.GetDataLakeSettings(ctx, &lakeformation.GetDataLakeSettingsInput{})
	if err != nil {
		return err
	}
	gone := admins(r.Properties["Admins"])
	has.DataLakeSettings.DataLakeAdmins = slices.DeleteFunc(has.DataLakeSettings.DataLakeAdmins, func(a types.DataLakePrincipal) bool {
		return slices.Contains(gone, aws.ToString(a.DataLakePrincipalIdentifier))
	})
	_, err = c.PutDataLakeSettings(ctx, &lakeformation.PutDataLakeSettingsInput{DataLakeSettings: has.DataLakeSettings})
	return err
}

func readSettings(ctx context.Context, r stack.Request) (stack.State, error) {
	has, err := client(r).GetDataLakeSettings(ctx, &lakeformation.GetDataLakeSettingsInput{})
	if err != nil {
		return stack.State{}, err
	}
	var names []string
	for _, a := range has.DataLakeSettings.DataLakeAdmins {
		names = append(names, aws.ToString(a.DataLakePrincipalIdentifier))
	}
	kept := []any{}
	for _, a := range stack.Objects(r.Properties["Admins"]) {
		if slices.Contains(names, stack.Text(a["DataLakePrincipalIdentifier"])) {
			kept = append(kept, a)
		}
	}
	return stack.State{ID: r.ID, Attributes: map[string]any{"Id": r.ID}, Properties: map[string]any{"Admins": kept}}, nil
}
