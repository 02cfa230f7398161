package governance

import (
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
)

// Kind is what a resource is.
type Kind string

// The kinds.
const (
	Catalog       Kind = "catalog"
	Database      Kind = "database"
	Table         Kind = "table"
	Location      Kind = "location"
	Tag           Kind = "tag"
	TagPolicy     Kind = "tagpolicy"
	TagExpression Kind = "tagexpression"
)

// EveryTable as a table's name stands for all tables of a database.
const EveryTable = "*"

// TagValues is a tag key with some of its values.
type TagValues struct {
	Key    string
	Values []string
}

// Resource names what is granted. Catalog is always set; which of the others are is told by Kind.
type Resource struct {
	Kind       Kind
	Catalog    string      // 12-digit account, with ":name" behind it for a catalog within the account's
	Database   string      `json:",omitempty"`
	Table      string      `json:",omitempty"` // EveryTable: all
	Path       string      `json:",omitempty"` // Location: "bucket/prefix"
	TagKey     string      `json:",omitempty"` // Tag
	TagValues  []string    `json:",omitempty"` // Tag: the values that are granted
	Expression []TagValues `json:",omitempty"` // TagPolicy: all have to match
	Name       string      `json:",omitempty"` // TagExpression; of a TagPolicy the saved expression it uses
	Of         Kind        `json:",omitempty"` // TagPolicy: Database or Table
}

// Account owns the resource.
func (r Resource) Account() string {
	account, _, _ := strings.Cut(r.Catalog, ":")
	return account
}

// Separator parts keys. No name of the catalog has it in it.
const Separator = "\x1f"

// separatorOfValues parts the values of a tag, separatorOfTags the tags of an expression. Values may hold commas and signs.
const (
	separatorOfValues = "\x1e"
	separatorOfTags   = "\x1d"
)

// governs is the kind of what is granted: of a tag expression the kind of what it stands for.
func (r Resource) governs() Kind {
	if r.Kind == TagPolicy {
		return r.Of
	}
	return r.Kind
}

// Grantable tells which permissions exist for the resource.
func (r Resource) Grantable() Permissions { return r.governs().Grantable() }

// Key is equal for equal resources.
func (r Resource) Key() string {
	parts := []string{string(r.Kind), r.Catalog}
	switch r.Kind {
	case Database:
		parts = append(parts, r.Database)
	case Table:
		parts = append(parts, r.Database, r.Table)
	case Location:
		parts = append(parts, r.Path)
	case Tag:
		parts = append(parts, r.TagKey)
	case TagExpression:
		parts = append(parts, r.Name)
	case TagPolicy:
		parts = append(parts, string(r.Of), r.Name)
		for _, t := range r.Expression {
			parts = append(parts, t.Key+separatorOfTags+strings.Join(slices.Sorted(slices.Values(t.Values)), separatorOfValues))
		}
		slices.Sort(parts[4:])
	}
	return strings.Join(parts, Separator)
}

// ARN names the resource as Glue does. Tags are granted through the catalog.
// Source: https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
func (r Resource) ARN(region string) string {
	_, nested, ok := strings.Cut(r.Catalog, ":")
	prefix := ""
	if ok {
		prefix = nested + "/"
	}
	switch r.Kind {
	case Database:
		return arn.New("glue", region, r.Account(), "database/"+prefix+r.Database)
	case Table:
		return arn.New("glue", region, r.Account(), "table/"+prefix+r.Database+"/"+r.Table)
	case Location:
		return "arn:aws:s3:::" + r.Path
	}
	return arn.New("glue", region, r.Account(), strings.TrimSuffix("catalog/"+prefix, "/"))
}

// PathOf reads the bucket and prefix out of an S3 URL or ARN, without a slash at its end; ok is false for anything else.
func PathOf(location string) (path string, ok bool) {
	for _, scheme := range []string{"s3://", "s3a://", "s3n://", "arn:aws:s3:::"} {
		if rest, found := strings.CutPrefix(location, scheme); found {
			rest = strings.TrimRight(rest, "/")
			return rest, rest != "" && !strings.HasPrefix(rest, "/")
		}
	}
	return "", false
}

// Within tells whether path is at or under prefix, both as PathOf gives them.
func Within(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix) && strings.HasPrefix(path[len(prefix):], "/")
}
