package cloudformation

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/services/cloudformation/schema"
	"github.com/atelier-studio/atelier/internal/services/cloudformation/template"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// preview looks at what a plan would change, without changing anything.
type preview struct {
	s       *Service
	ctx     context.Context
	run     *run // whose rows are looked at
	plan    *plan
	before  raw // the properties as the templates write them
	after   raw
	values  map[string]string // parameters before
	changes map[string]*types.ResourceChange
	causes  []string // what was not known while properties were resolved
}

// raw are the properties of a template's resources before anything is resolved.
type raw map[string]map[string]json.RawMessage

func rawOf(p *plan) raw {
	out := raw{}
	if p == nil {
		return out
	}
	var t struct {
		Resources map[string]struct{ Properties map[string]json.RawMessage }
	}
	if json.Unmarshal(p.Processed(), &t) == nil {
		for name, r := range t.Resources {
			out[name] = r.Properties
		}
	}
	return out
}

// compare tells what a plan changes of a stack, in order of the resources' names. before is the stack's plan, nil without one.
func (s *Service) compare(ctx context.Context, r *run, before, after *plan) ([]*types.ResourceChange, error) {
	p := &preview{s: s, ctx: ctx, run: r, plan: after, before: rawOf(before), after: rawOf(after), values: map[string]string{}, changes: map[string]*types.ResourceChange{}}
	if before != nil {
		for _, v := range before.Values() {
			p.values[v.Parameter.Name] = v.Value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after.graph)) {
		if err := p.visit(name); err != nil {
			return nil, err
		}
	}
	for _, name := range r.names() {
		w, _ := r.row(name)
		if after.Resource(name) == nil && w.Now != nil {
			c := &types.ResourceChange{Action: types.ChangeActionRemove, LogicalResourceId: some(name), PhysicalResourceId: filled(w.Now.ID), ResourceType: some(w.Type)}
			c.PolicyAction = types.PolicyActionDelete
			if w.Now.Delete == retain || w.Now.Delete == retainAfterward {
				c.PolicyAction = types.PolicyActionRetain
			}
			p.changes[name] = c
		}
	}
	var out []*types.ResourceChange
	for _, name := range slices.Sorted(maps.Keys(p.changes)) {
		if c := p.changes[name]; c != nil {
			out = append(out, c)
		}
	}
	return out, nil
}

// visit looks at a resource, after those it needs.
func (p *preview) visit(name string) error {
	if _, seen := p.changes[name]; seen {
		return nil
	}
	p.changes[name] = nil
	for _, other := range p.plan.graph[name] {
		if err := p.visit(other); err != nil {
			return err
		}
	}
	to, w := p.plan.thing(name), row{}
	w, _ = p.run.row(name)
	p.causes = nil
	properties, err := p.plan.properties(p.ctx, name, p)
	if err != nil {
		return err
	}
	to.Properties = properties
	if w.Now == nil {
		p.changes[name] = &types.ResourceChange{Action: types.ChangeActionAdd, LogicalResourceId: some(name), ResourceType: some(to.Type)}
		return nil
	}
	p.changes[name] = p.modified(name, &w, to)
	return nil
}

// modified tells how a resource that is there changes; nil when it does not.
func (p *preview) modified(name string, w *row, to thing) *types.ResourceChange {
	c := &types.ResourceChange{Action: types.ChangeActionModify, LogicalResourceId: some(name), PhysicalResourceId: filled(w.Now.ID), ResourceType: some(to.Type),
		Replacement: types.ReplacementFalse}
	scope := func(a types.ResourceAttribute) {
		if !slices.Contains(c.Scope, a) {
			c.Scope = append(c.Scope, a)
		}
	}
	surrounding := func(a types.ResourceAttribute, differs bool) {
		if differs {
			scope(a)
			c.Details = append(c.Details, types.ResourceChangeDetail{ChangeSource: types.ChangeSourceDirectModification, Evaluation: types.EvaluationTypeStatic,
				Target: &types.ResourceTargetDefinition{Attribute: a, RequiresRecreation: types.RequiresRecreationNever}})
		}
	}
	sch, known := schema.Of(to.Type)
	var all, never, maybe []string
	if known {
		all, never, maybe = sch.Changed(w.Now.Properties, to.Properties), sch.Replaces(w.Now.Properties, to.Properties), sch.Conditional(w.Now.Properties, to.Properties)
	} else {
		all = differing(w.Now.Properties, to.Properties)
	}
	t := p.s.must(to.Type)
	for _, name := range all {
		a := types.ResourceAttributeProperties
		if name == "Tags" {
			a = types.ResourceAttributeTags
		}
		scope(a)
		anew := types.RequiresRecreationNever
		within := func(s string) bool { return s == name || strings.HasPrefix(s, name+"/") }
		switch {
		case t.Update == nil || slices.ContainsFunc(never, within):
			anew = types.RequiresRecreationAlways
		case slices.ContainsFunc(maybe, within):
			anew = types.RequiresRecreationConditionally
		}
		d := p.detail(*c.LogicalResourceId, name, to.Properties[name], anew)
		d.Target.Attribute = a
		if a == types.ResourceAttributeTags {
			d.Target.Name = nil
		}
		c.Details = append(c.Details, d)
		switch {
		case anew == types.RequiresRecreationAlways && d.Evaluation == types.EvaluationTypeStatic:
			c.Replacement = types.ReplacementTrue
		case anew != types.RequiresRecreationNever && c.Replacement == types.ReplacementFalse:
			c.Replacement = types.ReplacementConditional
		}
	}
	surrounding(types.ResourceAttributeMetadata, w.Now.Metadata != to.Metadata)
	surrounding(types.ResourceAttributeDeletionPolicy, w.Now.Delete != to.Delete)
	surrounding(types.ResourceAttributeUpdateReplacePolicy, w.Now.Replace != to.Replace)
	if len(c.Scope) == 0 {
		if w.Lost == nil {
			return nil
		}
		scope(types.ResourceAttributeProperties)
	}
	if c.Replacement == types.ReplacementTrue {
		c.PolicyAction = types.PolicyActionReplaceAndDelete
		if to.Replace == retain {
			c.PolicyAction = types.PolicyActionReplaceAndRetain
		}
	}
	return c
}

// detail tells what a property's change comes from.
func (p *preview) detail(resource, property string, value any, anew types.RequiresRecreation) types.ResourceChangeDetail {
	d := types.ResourceChangeDetail{ChangeSource: types.ChangeSourceDirectModification, Evaluation: types.EvaluationTypeStatic,
		Target: &types.ResourceTargetDefinition{Name: some(property), RequiresRecreation: anew}}
	was, is := p.before[resource][property], p.after[resource][property]
	if template.Uncertain(value) && len(p.causes) > 0 {
		d.Evaluation, d.ChangeSource, d.CausingEntity = types.EvaluationTypeDynamic, types.ChangeSourceResourceReference, some(p.causes[0])
		if strings.Contains(p.causes[0], ".") {
			d.ChangeSource = types.ChangeSourceResourceAttribute
		}
		return d
	}
	if was != nil && string(was) == string(is) { // the template says the same: a parameter has changed
		for _, v := range p.plan.Values() {
			if old, ok := p.values[v.Parameter.Name]; ok && old != v.Value && refers(is, v.Parameter.Name) {
				d.ChangeSource, d.CausingEntity = types.ChangeSourceParameterReference, some(v.Parameter.Name)
			}
		}
	}
	return d
}

func refers(raw json.RawMessage, parameter string) bool {
	s := string(raw)
	return strings.Contains(s, `"`+parameter+`"`) || strings.Contains(s, "${"+parameter+"}")
}

func differing(a, b values) (out []string) {
	for name := range a {
		if _, has := b[name]; !has || !resource.Same(a[name], b[name]) {
			out = append(out, name)
		}
	}
	for name := range b {
		if _, has := a[name]; !has {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// fresh tells whether a resource is made anew, perhaps.
func (p *preview) fresh(id string) bool {
	c := p.changes[id]
	return c != nil && (c.Action == types.ChangeActionAdd || c.Replacement != types.ReplacementFalse)
}

// Ref is what a resource is known by now.
func (p *preview) Ref(ctx context.Context, id string) (any, error) {
	if p.fresh(id) {
		p.causes = append(p.causes, id)
		return template.Unknown{}, nil
	}
	return p.run.Ref(ctx, id)
}

// GetAtt is what a resource has now.
func (p *preview) GetAtt(ctx context.Context, id, attribute string) (any, error) {
	if p.fresh(id) {
		p.causes = append(p.causes, id+"."+attribute)
		return template.Unknown{}, nil
	}
	v, err := p.run.GetAtt(ctx, id, attribute)
	if err != nil && p.changes[id] != nil {
		p.causes = append(p.causes, id+"."+attribute)
		return template.Unknown{}, nil
	}
	return v, err
}

// Import is the value of an export.
func (p *preview) Import(ctx context.Context, name string) (any, error) {
	v, err := p.run.Import(ctx, name)
	if err != nil {
		return template.Unknown{}, nil // which may come until then
	}
	return v, nil
}

// Dynamic reads what a dynamic reference names.
func (p *preview) Dynamic(ctx context.Context, d template.Dynamic) (string, error) {
	return p.run.Dynamic(ctx, d)
}
