package sharing

import (
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
)

// Type is a type of resource that can be shared.
// Source: https://docs.aws.amazon.com/ram/latest/userguide/shareable.html
type Type struct {
	Name    string // "glue:Table"
	Service string
	Global  bool
	parts   int    // of the resource's name, which "/" parts; 0: any
	prefix  string // of the ARN's resource
}

// Types are the types that can be shared, in order of name.
var Types = []Type{
	{Name: "glue:Catalog", Service: "glue", prefix: "catalog"},
	{Name: "glue:Database", Service: "glue", prefix: "database/", parts: 1},
	{Name: "glue:Table", Service: "glue", prefix: "table/", parts: 2},
}

// Default is the ARN of the permission that shares of the type begin with.
func (t Type) Default() string {
	service, noun, _ := strings.Cut(t.Name, ":")
	return ManagedARN("AWSRAMDefaultPermission" + strings.ToUpper(service[:1]) + service[1:] + noun)
}

// ManagedARN is the ARN of a permission that AWS manages.
func ManagedARN(name string) string { return arn.New("ram", "", "aws", "permission/"+name) }

// TypeOf finds the type of a resource.
func TypeOf(resource string) (Type, bool) {
	a, err := arn.Parse(resource)
	if err != nil {
		return Type{}, false
	}
	for _, t := range Types {
		if rest, ok := strings.CutPrefix(a.Resource, t.prefix); ok && a.Service == t.Service && (t.parts == 0 && (rest == "" || rest[0] == '/') ||
			t.parts > 0 && strings.Count(rest, "/") >= t.parts-1 && rest != "") {
			return t, true
		}
	}
	return Type{}, false
}
