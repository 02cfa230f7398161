package lakeformation

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// catalogOf is the catalog that a request means: the caller's account when it names none.
func catalogOf(ctx context.Context, ids ...*string) string {
	for _, id := range ids {
		if c := aws.ToString(id); c != "" {
			account, nested, _ := strings.Cut(c, ":")
			switch {
			case len(account) != 12 || strings.Trim(account, "0123456789") != "":
				return wire.CallOf(ctx).Account() + ":" + strings.ToLower(c)
			case nested == "":
				return account
			}
			return account + ":" + strings.ToLower(nested)
		}
	}
	return wire.CallOf(ctx).Account()
}

// fold gives a name as the catalog keeps it.
func fold(name *string) string { return strings.ToLower(aws.ToString(name)) }

func databaseOf(catalog string, name *string) governance.Resource {
	return governance.Resource{Kind: governance.Database, Catalog: catalog, Database: fold(name)}
}

func tableOf(catalog string, database, name *string) governance.Resource {
	return governance.Resource{Kind: governance.Table, Catalog: catalog, Database: fold(database), Table: fold(name)}
}

func catalogResource(catalog string) governance.Resource {
	return governance.Resource{Kind: governance.Catalog, Catalog: catalog}
}

func tagResource(catalog, key string, values ...string) governance.Resource {
	return governance.Resource{Kind: governance.Tag, Catalog: catalog, TagKey: key, TagValues: values}
}

// title names a resource in messages.
func title(r governance.Resource) string {
	switch r.Kind {
	case governance.Database:
		return r.Database
	case governance.Table:
		return r.Table
	case governance.Location:
		return "arn:aws:s3:::" + r.Path
	case governance.Tag:
		return r.TagKey
	case governance.TagExpression:
		return r.Name
	}
	return "Catalog"
}

// spoken writes CREATE_TABLE as Create Table.
func spoken(permission string) string {
	parts := strings.Split(permission, "_")
	for i, p := range parts {
		parts[i] = p[:1] + strings.ToLower(p[1:])
	}
	return strings.Join(parts, " ")
}

// tableARN reads the ARN of a table: …:table/[catalog/]database/table.
func tableARN(ctx context.Context, arn string) (governance.Resource, error) {
	p := strings.SplitN(arn, ":", 6)
	bad := invalid("The table ARN %s is not valid.", arn)
	if len(p) != 6 || p[0] != "arn" || p[2] != "glue" || len(p[4]) != 12 {
		return governance.Resource{}, bad
	}
	if p[3] != wire.CallOf(ctx).Region {
		return governance.Resource{}, invalid("The table %s is in another region.", arn)
	}
	rest, ok := strings.CutPrefix(p[5], "table/")
	names := strings.Split(strings.ToLower(rest), "/")
	if !ok || len(names) < 2 || names[len(names)-1] == "" || names[len(names)-2] == "" || names[len(names)-1] == governance.EveryTable {
		return governance.Resource{}, bad
	}
	catalog := p[4]
	if nested := strings.Join(names[:len(names)-2], "/"); nested != "" {
		catalog += ":" + nested
	}
	return governance.Resource{Kind: governance.Table, Catalog: catalog, Database: names[len(names)-2], Table: names[len(names)-1]}, nil
}
