package template

import (
	"context"
	"maps"
	"regexp"
	"slices"
)

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
	r := b.byID[id]
	e := b.evaluator(ctx, states)
	e.within = "Resources"
	v, err := e.value(r.properties)
	if err != nil {
		return nil, err
	}
	if v, err = e.dynamic(v); err != nil {
		return nil, err
	}
	m, _ := v.(map[string]any)
	if m == nil {
		m = map[string]any{}
	}
	return m, nil
}

var reference = regexp.MustCompile(`\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}`)

// dynamic puts what they name in the place of dynamic references.
func (e *evaluator) dynamic(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			r, err := e.dynamic(x)
			if err != nil {
				return nil, err
			}
			v[k] = r
		}
	case []any:
		for i, x := range v {
			r, err := e.dynamic(x)
			if err != nil {
				return nil, err
			}
			v[i] = r
		}
	case string:
		var failed error
		out := reference.ReplaceAllStringFunc(v, func(s string) string {
			m := reference.FindStringSubmatch(s)
			r, err := e.states.Dynamic(e.ctx, Dynamic{m[1], m[2]})
			if err != nil && failed == nil {
				failed = err
			}
			return r
		})
		return out, failed
	}
	return v, nil
}

// Output is one of a template's outputs.
type Output struct {
	Name, Description string
	Value             any    // a string, but Unknown where states give it
	Export            string // empty when it is not exported
}

// Outputs are those whose condition holds, sorted by name.
func (b *Bound) Outputs(ctx context.Context, states States) ([]Output, error) {
	var out []Output
	e := b.evaluator(ctx, states)
	e.within = "Outputs"
	for _, name := range slices.Sorted(maps.Keys(b.model.outputs)) {
		m := b.model.outputs[name].(map[string]any)
		if c, _ := m["Condition"].(string); c != "" {
			holds, known := b.decided[c]
			if !known {
				return nil, errorf("Template format error: Unresolved condition dependency %s in the Outputs block of the template", c)
			}
			if !holds {
				continue
			}
		}
		o := Output{Name: name}
		o.Description, _ = m["Description"].(string)
		v, err := e.value(m["Value"])
		if err != nil {
			return nil, err
		}
		o.Value = v
		if text, ok := plain(v); ok {
			o.Value = text
		} else if v != (Unknown{}) {
			return nil, errorf("Template format error: The Value field of every Outputs member must evaluate to a String.")
		}
		if x, ok := m["Export"].(map[string]any); ok {
			n, err := e.value(x["Name"])
			if err != nil {
				return nil, err
			}
			o.Export, _ = plain(n)
			if o.Export == "" && n != (Unknown{}) {
				return nil, errorf("Template format error: The Name field of every Export member must be specified and evaluate to a non-empty String.")
			}
		}
		out = append(out, o)
	}
	return out, e.missing("resource dependencies", "Outputs")
}
