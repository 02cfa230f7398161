package cloudformation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/cloudformation/schema"
	"github.com/atelier-studio/atelier/internal/services/cloudformation/template"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// plan is a template with its parameters.
type plan struct {
	*template.Bound
	graph map[string][]string
	tags  map[string]string
}

// bind makes a plan of a revision. What SSM's parameters held is taken from it, where it was read before.
func (s *Service) bind(ctx context.Context, k store.Key, st *stack, v revision, config aws.Config) (*plan, error) {
	t, err := template.Parse([]byte(v.Body))
	if err != nil {
		return nil, templateFault(err)
	}
	given, resolved := map[string]string{}, map[string]string{}
	for _, p := range v.Parameters {
		given[p.Key] = p.Value
		if p.Resolved != nil {
			resolved[p.Key] = *p.Resolved
		}
	}
	b, err := t.Bind(ctx, given, template.Env{Account: k.Account, Region: k.Region, Partition: "aws", StackID: st.arn(k), StackName: st.Name,
		NotificationARNs: st.Notify, Resolved: resolved,
		SSM:     func(ctx context.Context, name string) (string, error) { return readParameter(ctx, config, name, false) },
		Include: func(ctx context.Context, location string) ([]byte, error) { return s.include(ctx, config, location) }})
	if err != nil {
		return nil, templateFault(err)
	}
	p := &plan{Bound: b, graph: b.Graph(), tags: map[string]string{}}
	for _, t := range v.Tags {
		p.tags[t.Key] = t.Value
	}
	return p, nil
}

// templateFault answers what is wrong with a template.
func templateFault(err error) error {
	var e *template.Error
	if errors.As(err, &e) {
		return invalid("%s", e.Message)
	}
	return err
}

// given are the parameters' values as a revision keeps them.
func (p *plan) given() []parameter {
	var out []parameter
	for _, v := range p.Values() {
		q := parameter{Key: v.Parameter.Name, Value: v.Value, Secret: v.Parameter.NoEcho}
		if v.Resolved != "" {
			q.Resolved = &v.Resolved
		}
		out = append(out, q)
	}
	return out
}

// thing is a resource of the template, without its properties.
func (p *plan) thing(name string) thing {
	r := p.Resource(name)
	return thing{Type: r.Type, Requires: p.graph[name], Delete: r.DeletionPolicy, Replace: r.UpdateReplacePolicy, Metadata: object(r.Metadata)}
}

func (p *plan) properties(ctx context.Context, name string, states template.States) (values, error) {
	properties, err := p.Properties(ctx, name, states)
	if err != nil {
		return nil, err
	}
	r := p.Resource(name)
	if s, ok := schema.Of(r.Type); ok {
		if err := s.Check(name, properties); err != nil {
			return nil, err
		}
		properties = s.MergeTags(properties, p.tags)
	}
	return properties, nil
}

// replaces tells whether a change makes the resource anew.
func replaces(t resource.Type, now, to thing) bool {
	if now.Type != to.Type || t.Update == nil {
		return true
	}
	s, ok := schema.Of(to.Type)
	return ok && len(s.Replaces(now.Properties, to.Properties)) > 0
}

// The states that properties are resolved with.

// Ref is what a resource is known by.
func (r *run) Ref(_ context.Context, id string) (any, error) {
	if w, ok := r.row(id); ok && w.Now != nil {
		return w.Now.ID, nil
	}
	return nil, fmt.Errorf("unresolved resource dependency [%s] in the Resources block of the template", id)
}

// GetAtt is what a resource has.
func (r *run) GetAtt(_ context.Context, id, attribute string) (any, error) {
	w, ok := r.row(id)
	if !ok || w.Now == nil {
		return nil, fmt.Errorf("unresolved resource dependency [%s] in the Resources block of the template", id)
	}
	v, ok := w.Now.Attributes[attribute]
	if !ok {
		return nil, said("Requested attribute %s does not exist in schema for %s", attribute, w.Now.Type)
	}
	return v, nil
}

// Import is the value of an export.
func (r *run) Import(ctx context.Context, name string) (any, error) {
	return r.s.importValue(ctx, r.k, name)
}

// Dynamic reads what a dynamic reference names.
func (r *run) Dynamic(ctx context.Context, d template.Dynamic) (string, error) {
	config, err := r.config()
	if err != nil {
		return "", err
	}
	return dynamic(ctx, config, d)
}

// changed tells whether properties differ; 5 is "5".
func changed(a, b values) bool {
	names := map[string]bool{}
	for n := range a {
		names[n] = true
	}
	for n := range b {
		names[n] = true
	}
	list := make([]string, 0, len(names))
	for n := range names {
		list = append(list, n)
	}
	return resource.Request{Old: a, Properties: b}.Changed(list...)
}

// sameSurroundings tells whether nothing beside the properties differs.
func sameSurroundings(a, b thing) bool {
	return a.Delete == b.Delete && a.Replace == b.Replace && a.Metadata == b.Metadata && slices.Equal(a.Requires, b.Requires)
}

// object is a map as JSON; "" when it is empty.
func object(m map[string]any) string {
	if len(m) == 0 {
		return ""
	}
	return compact(m)
}

func compact(m map[string]any) string {
	if m == nil || reflect.ValueOf(m).IsNil() {
		return "{}"
	}
	b, err := json.Marshal(m)
	if err != nil {
		return "{}"
	}
	return string(b)
}
