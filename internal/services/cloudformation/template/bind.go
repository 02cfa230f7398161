package template

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Env is where a stack is.
type Env struct {
	Account, Region, Partition string // Partition: "aws" when empty
	StackID, StackName         string
	NotificationARNs           []string
	// Zones are the availability zones of a Region, for Fn::GetAZs. Nil: <region>a, b and c.
	Zones func(region string) []string
	// SSM reads a parameter of Systems Manager for types AWS::SSM::Parameter::Value<...>; name may have a version, "name:3". Lists come
	// joined by commas. Nil refuses them.
	SSM func(ctx context.Context, name string) (string, error)
	// Resolved are values of such parameters that were read before, by the template's name for them: these are not read again.
	// Set them from Bound.Values when an operation goes on, so that all its steps see the same.
	Resolved map[string]string
	// Include reads what the AWS::Include transform names, "s3://bucket/key". Nil refuses it.
	Include func(ctx context.Context, location string) ([]byte, error)
}

// Bound is a template with its parameters, and all that they decide. It is not changed after Bind, and safe to use from many goroutines.
type Bound struct {
	Template *Template
	env      Env
	model    *model
	root     map[string]any // with its transforms done
	values   []Value
	named    map[string]any
	decided  map[string]bool
	list     []*Resource
	byID     map[string]*Resource
	graph    map[string][]string
	imports  []string
}

// Bind gives the template's parameters their values, applies its transforms, asserts its rules and decides its conditions. Given are the
// parameters by name; whoever asks to use a previous value gives that value. Errors are *Error, or Env's own.
func (t *Template) Bind(ctx context.Context, given map[string]string, env Env) (*Bound, error) {
	b := &Bound{Template: t, env: env, model: t.model, root: t.root, decided: map[string]bool{}, byID: map[string]*Resource{}, graph: map[string][]string{}}
	var err error
	if b.values, b.named, err = give(ctx, t.Parameters, given, &b.env); err != nil {
		return nil, err
	}
	if len(t.Transforms) > 0 {
		if err := b.transform(ctx); err != nil {
			return nil, err
		}
		if err := b.model.check(); err != nil {
			return nil, err
		}
	}
	if err := b.decide(ctx); err != nil {
		return nil, err
	}
	if err := b.resources(ctx); err != nil {
		return nil, err
	}
	return b, b.connect(ctx)
}

func (b *Bound) evaluator(ctx context.Context, states States) *evaluator {
	return &evaluator{ctx: ctx, m: b.model, env: &b.env, states: states, values: b.named, miss: map[string]bool{},
		decide: func(name string) (bool, error) { return b.decided[name], nil },
		active: func(id string) bool { return b.byID[id] != nil }}
}

// decide decides the conditions, and then the rules.
func (b *Bound) decide(ctx context.Context) error {
	e := b.evaluator(ctx, nobody{})
	under := map[string]bool{}
	e.within = "Conditions"
	e.decide = func(name string) (bool, error) {
		if v, ok := b.decided[name]; ok {
			return v, nil
		}
		if under[name] {
			return false, errorf("Template format error: Circular dependency between conditions: [%s]", name)
		}
		under[name] = true
		v, err := e.condition(b.model.conditions[name])
		if err == nil {
			b.decided[name] = v
		}
		return v, err
	}
	for _, name := range slices.Sorted(maps.Keys(b.model.conditions)) {
		if _, err := e.decide(name); err != nil {
			return err
		}
	}
	e.rules, e.within = true, "Rules"
	return e.assert()
}

// resources sorts out the resources whose conditions hold.
func (b *Bound) resources(ctx context.Context) error {
	e := b.evaluator(ctx, nobody{})
	e.pure = errorf("Template error: resources cannot be referred to here")
	for _, id := range slices.Sorted(maps.Keys(b.model.resources)) {
		m := b.model.resources[id].(map[string]any)
		r := &Resource{ID: id}
		r.Type, _ = m["Type"].(string)
		if r.Condition, _ = m["Condition"].(string); r.Condition != "" && !b.decided[r.Condition] {
			continue
		}
		r.properties, _ = m["Properties"].(map[string]any)
		for key, into := range map[string]*string{"DeletionPolicy": &r.DeletionPolicy, "UpdateReplacePolicy": &r.UpdateReplacePolicy} {
			if m[key] == nil {
				continue
			}
			v, err := e.value(m[key])
			if err != nil {
				return err
			}
			text, _ := v.(string)
			if text != "Delete" && text != "Retain" && text != "Snapshot" && (text != "RetainExceptOnCreate" || key == "UpdateReplacePolicy") {
				return errorf("Template error: %s must be one of [Delete, Retain, Snapshot] at %s", key, id)
			}
			*into = text
		}
		for key, into := range map[string]*map[string]any{"CreationPolicy": &r.CreationPolicy, "UpdatePolicy": &r.UpdatePolicy, "Metadata": &r.Metadata} {
			if key == "Metadata" {
				*into, _ = m[key].(map[string]any)
				continue
			}
			if m[key] != nil {
				v, err := e.value(m[key])
				if err != nil {
					return err
				}
				*into, _ = v.(map[string]any)
			}
		}
		var err error
		if r.DependsOn, err = dependsOn(id, m); err != nil {
			return err
		}
		b.list, b.byID[id] = append(b.list, r), r
	}
	return nil
}

// connect finds which resources each one needs, what is imported, and circles.
func (b *Bound) connect(ctx context.Context) error {
	w := &watcher{imports: map[string]bool{}}
	for _, r := range b.list {
		w.seen = map[string]bool{}
		e := b.evaluator(ctx, w)
		e.within = "Resources"
		if _, err := e.value(r.properties); err != nil {
			return err
		}
		if err := e.missing("resource dependencies", "Resources"); err != nil {
			return err
		}
		for _, d := range r.DependsOn {
			if b.byID[d] != nil {
				w.seen[d] = true
			}
		}
		b.graph[r.ID] = slices.Sorted(maps.Keys(w.seen))
	}
	if circle := circleOf(b.graph); len(circle) > 0 {
		return errorf("Circular dependency between resources: [%s]", strings.Join(circle, ", "))
	}
	if _, err := b.Outputs(ctx, w); err != nil {
		return err
	}
	b.imports = slices.Sorted(maps.Keys(w.imports))
	return nil
}

// circleOf are the resources that wait for each other.
func circleOf(graph map[string][]string) []string {
	left := map[string]int{}
	behind := map[string][]string{}
	for id, needs := range graph {
		left[id] = len(needs)
		for _, n := range needs {
			behind[n] = append(behind[n], id)
		}
	}
	for again := true; again; {
		again = false
		for id, n := range left {
			if n == 0 {
				delete(left, id)
				again = true
				for _, other := range behind[id] {
					if _, ok := left[other]; ok {
						left[other]--
					}
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(left))
}

// nobody has no states: everything is known only later.
type nobody struct{}

// Ref is not known.
func (nobody) Ref(context.Context, string) (any, error) { return Unknown{}, nil }

// GetAtt is not known.
func (nobody) GetAtt(context.Context, string, string) (any, error) { return Unknown{}, nil }

// Import is not known.
func (nobody) Import(context.Context, string) (any, error) { return Unknown{}, nil }

// Dynamic is left as it stands.
func (nobody) Dynamic(_ context.Context, d Dynamic) (string, error) { return d.String(), nil }

// watcher notes what is asked for.
type watcher struct {
	nobody
	seen    map[string]bool
	imports map[string]bool
}

// Ref notes a resource.
func (w *watcher) Ref(_ context.Context, id string) (any, error) {
	w.seen[id] = true
	return Unknown{}, nil
}

// GetAtt notes a resource.
func (w *watcher) GetAtt(_ context.Context, id, _ string) (any, error) {
	w.seen[id] = true
	return Unknown{}, nil
}

// Import notes a name.
func (w *watcher) Import(_ context.Context, name string) (any, error) {
	w.imports[name] = true
	return Unknown{}, nil
}

// Values are the parameters in the template's order.
func (b *Bound) Values() []Value { return b.values }

// Conditions are the template's, decided.
func (b *Bound) Conditions() map[string]bool { return b.decided }

// Resources are those whose condition holds, sorted by ID.
func (b *Bound) Resources() []*Resource { return b.list }

// Resource is the one of that ID; nil when there is none or its condition does not hold.
func (b *Bound) Resource(id string) *Resource { return b.byID[id] }

// Graph tells which resources each one needs before it is made: DependsOn and what its properties refer to in the branches that
// the conditions chose. Every ID of Resources is a key; lists are sorted. It has no cycles.
func (b *Bound) Graph() map[string][]string { return b.graph }

// Imports are the names that Fn::ImportValue asks for in resources and outputs, sorted, each once.
func (b *Bound) Imports() []string { return b.imports }

// Processed is the template after its transforms as indented JSON (as written but for its form, when it has none), for GetTemplate.
func (b *Bound) Processed() []byte {
	out, err := json.MarshalIndent(b.root, "", "  ")
	if err != nil {
		return nil
	}
	return out
}
