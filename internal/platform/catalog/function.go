package catalog

import (
	"encoding/json"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Function is a user-defined function of a database.
type Function struct{ types.UserDefinedFunction }

// MarshalJSON leaves out what is not set.
func (f Function) MarshalJSON() ([]byte, error) { return Compact(json.Marshal(f.UserDefinedFunction)) }

// FunctionKey is where a database's function is kept.
func FunctionKey(region string, database governance.Resource, name string) store.Key {
	database.Kind = governance.Database
	k := Key(region, database)
	k.ID += governance.Separator + name
	return k
}

// FunctionsOf selects the functions of a database or, of a catalog, those of all its databases.
func FunctionsOf(region string, r governance.Resource) store.Range {
	k := FunctionKey(region, r, "")
	if r.Kind == governance.Catalog {
		k.ID = Key(region, r).ID
	}
	return store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID}
}
