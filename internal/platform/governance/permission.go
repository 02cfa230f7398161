package governance

import "fmt"

// Permissions is a set of permissions.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html
type Permissions uint32

// The permissions. All stands for every permission of the resource that it is granted on; it is called Super in the console.
const (
	All Permissions = 1 << iota
	Select
	Alter
	Drop
	Delete
	Insert
	Describe
	CreateDatabase
	CreateTable
	DataLocationAccess
	CreateTag
	Associate
	GrantWithTagExpression
	CreateTagExpression
	CreateCatalog
	SuperUser
)

// names are in the order in which answers list them.
var names = []struct {
	bit  Permissions
	name string
}{
	{All, "ALL"}, {Select, "SELECT"}, {Alter, "ALTER"}, {Drop, "DROP"}, {Delete, "DELETE"}, {Insert, "INSERT"}, {Describe, "DESCRIBE"},
	{CreateDatabase, "CREATE_DATABASE"}, {CreateTable, "CREATE_TABLE"}, {DataLocationAccess, "DATA_LOCATION_ACCESS"},
	{CreateTag, "CREATE_LF_TAG"}, {Associate, "ASSOCIATE"}, {GrantWithTagExpression, "GRANT_WITH_LF_TAG_EXPRESSION"},
	{CreateTagExpression, "CREATE_LF_TAG_EXPRESSION"}, {CreateCatalog, "CREATE_CATALOG"}, {SuperUser, "SUPER_USER"},
}

// meaning is what All stands for.
var meaning = map[Kind]Permissions{
	Catalog:       CreateDatabase | CreateTag | CreateTagExpression | CreateCatalog | Alter | Drop | Describe,
	Database:      Alter | Drop | Describe | CreateTable,
	Table:         Select | Alter | Drop | Delete | Insert | Describe,
	Location:      DataLocationAccess | CreateTable,
	Tag:           Alter | Drop | Describe | Associate | GrantWithTagExpression,
	TagExpression: Alter | Drop | Describe | GrantWithTagExpression,
}

// Grantable tells which permissions exist for a kind of resource.
func (k Kind) Grantable() Permissions { return meaning[k] | All | SuperUser }

// ParsePermissions reads AWS's names.
func ParsePermissions[S ~string](list []S) (Permissions, error) {
	var p Permissions
next:
	for _, s := range list {
		for _, n := range names {
			if n.name == string(s) {
				p |= n.bit
				continue next
			}
		}
		return 0, fmt.Errorf("permission %q is not known", s)
	}
	return p, nil
}

// Names lists the permissions under AWS's names.
func (p Permissions) Names() []string {
	out := []string{}
	for _, n := range names {
		if p&n.bit != 0 {
			out = append(out, n.name)
		}
	}
	return out
}

// Of is what the set means for a kind of resource, with All taken apart.
func (p Permissions) Of(k Kind) Permissions {
	if p&(All|SuperUser) != 0 {
		p |= meaning[k]
	}
	return p &^ (All | SuperUser)
}

// expand adds what All stands for, and that whoever may do something may see what it is done to.
func (p Permissions) expand(k Kind) Permissions {
	if p&(All|SuperUser) != 0 {
		p |= meaning[k]
	}
	if p&meaning[k]&^CreateDatabase&^CreateTag&^CreateTagExpression&^CreateCatalog != 0 && k != Location {
		p |= Describe
	}
	return p
}
