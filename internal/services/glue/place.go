package glue

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// catalogOf is the catalog that a request means: the caller's account when it names none. A catalog within an account is
// "<account>:<name>"; without an account it is one of the caller's.
func catalogOf(ctx context.Context, id *string) governance.Resource {
	account, c := wire.CallOf(ctx).Account(), aws.ToString(id)
	switch {
	case c == "":
		c = account
	case !twelveDigits(c[:min(12, len(c))]):
		c = account + ":" + strings.ToLower(c)
	}
	return governance.Resource{Kind: governance.Catalog, Catalog: c}
}

func twelveDigits(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

func databaseOf(ctx context.Context, catalogID, name *string) governance.Resource {
	r := catalogOf(ctx, catalogID)
	r.Kind, r.Database = governance.Database, fold(name)
	return r
}

func tableOf(ctx context.Context, catalogID, database, name *string) governance.Resource {
	r := databaseOf(ctx, catalogID, database)
	r.Kind, r.Table = governance.Table, fold(name)
	return r
}

// fold gives a name as it is kept: Hive knows no capitals.
func fold(name *string) string { return strings.ToLower(aws.ToString(name)) }

// above are the resources that a resource lies in, from the catalog down, and itself.
func above(r governance.Resource) []governance.Resource {
	out := []governance.Resource{{Kind: governance.Catalog, Catalog: r.Catalog}}
	if r.Kind == governance.Table {
		out = append(out, governance.Resource{Kind: governance.Database, Catalog: r.Catalog, Database: r.Database})
	}
	if r.Kind != governance.Catalog {
		out = append(out, r)
	}
	return out
}
