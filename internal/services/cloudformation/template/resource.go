package template

import "context"

// Resource is one of a template's resources whose condition holds.
type Resource struct {
	ID, Type  string
	Condition string // its name; empty without one
	DependsOn []string
	// DeletionPolicy is Delete, Retain, RetainExceptOnCreate or Snapshot; UpdateReplacePolicy Delete, Retain or Snapshot. Empty
	// when the template does not say.
	DeletionPolicy, UpdateReplacePolicy string
	// CreationPolicy, UpdatePolicy and Metadata are as written, with functions of parameters and conditions resolved; nil without any.
	CreationPolicy, UpdatePolicy, Metadata map[string]any

	properties map[string]any
}

// States tells what a stack's resources came to, and what is outside the stack. Its errors are passed on as they are.
type States interface {
	// Ref is a resource's physical ID.
	Ref(ctx context.Context, id string) (any, error)
	// GetAtt is an attribute of a resource, "Arn" or "Endpoint.Address".
	GetAtt(ctx context.Context, id, attribute string) (any, error)
	// Import is the value of an export.
	Import(ctx context.Context, name string) (any, error)
	// Dynamic is what a dynamic reference names: service "ssm", "ssm-secure" or "secretsmanager", and what follows it. To leave the
	// reference as it stands, give back d.String().
	Dynamic(ctx context.Context, d Dynamic) (string, error)
}

// Dynamic is a dynamic reference, {{resolve:service:reference}}.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
type Dynamic struct{ Service, Reference string }

func (d Dynamic) String() string { return "{{resolve:" + d.Service + ":" + d.Reference + "}}" }

// Unknown is a value that is known only after deployment. States may give it for anything, to look at a template before: whatever is made of
// one is one too. Change sets show it as {{changeSet:KNOWN_AFTER_APPLY}}.
type Unknown struct{}

// Properties are a resource's, resolved: strings, bools, json.Numbers, []any and map[string]any (and Unknown, when states give it). What
// is AWS::NoValue is left out.
func (b *Bound) Properties(ctx context.Context, id string, states States) (map[string]any, error) {
	panic("not yet")
}

// Output is one of a template's outputs.
type Output struct {
	Name, Description string
	Value             any    // a string, but Unknown where states give it
	Export            string // empty when it is not exported
}

// Outputs are those whose condition holds, sorted by name.
func (b *Bound) Outputs(ctx context.Context, states States) ([]Output, error) { panic("not yet") }
