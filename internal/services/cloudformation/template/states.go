package template

import (
	"context"
	"regexp"
	"strings"
)

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

var dynamic = regexp.MustCompile(`\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}`)

// references puts what dynamic references name in their place, within all of v.
func (e *evaluator) references(v any) (any, error) {
	switch v := v.(type) {
	case string:
		if !strings.Contains(v, "{{resolve:") {
			return v, nil
		}
		return e.referencesIn(v)
	case []any:
		for i := range v {
			r, err := e.references(v[i])
			if err != nil {
				return nil, err
			}
			v[i] = r
		}
	case map[string]any:
		for _, k := range sorted(v) {
			r, err := e.references(v[k])
			if err != nil {
				return nil, err
			}
			v[k] = r
		}
	}
	return v, nil
}

func (e *evaluator) referencesIn(s string) (any, error) {
	var b strings.Builder
	last := 0
	for _, at := range dynamic.FindAllStringSubmatchIndex(s, -1) {
		d := Dynamic{s[at[2]:at[3]], strings.TrimSpace(s[at[4]:at[5]])}
		r, err := e.states.Dynamic(e.ctx, d)
		if err != nil {
			return nil, err
		}
		if err := e.spend(len(r)); err != nil {
			return nil, err
		}
		b.WriteString(s[last:at[0]])
		b.WriteString(r)
		last = at[1]
	}
	b.WriteString(s[last:])
	return b.String(), nil
}
