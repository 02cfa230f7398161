package template

import (
	"context"
	"encoding/json"
)

// Env is where a stack is.
type Env struct {
	Account, Region, Partition string // Partition: "aws" when empty
	StackID, StackName         string
	NotificationARNs           []string
	// Zones are the availability zones of a Region, for Fn::GetAZs. Nil: <region>a, b and c.
	Zones func(region string) []string
	// SSM reads a parameter of Systems Manager for types AWS::SSM::Parameter::Value<...>; name may have a version, "name:3". Lists come
	// joined by commas. ErrNoParameter says that there is none. Nil refuses such types.
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
	m        *model
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
	b := &Bound{Template: t, env: env, root: t.root, named: map[string]any{}, byID: map[string]*Resource{}, graph: map[string][]string{}}
	b.m = &model{parameters: map[string]*Parameter{}}
	for i := range t.Parameters {
		b.m.parameters[t.Parameters[i].Name] = &t.Parameters[i]
	}
	var err error
	if b.values, err = b.m.values(ctx, given, env); err != nil {
		return nil, err
	}
	for i := range b.values {
		b.named[b.values[i].Parameter.Name] = b.values[i].typed()
	}
	if err := b.transform(ctx); err != nil {
		return nil, err
	}
	if b.m, err = newModel(b.root); err != nil {
		return nil, err
	}
	if b.m.extended = t.declares(extensions); b.m.extended || len(t.Transforms) > 0 { // Parse could not look at it
		if err := b.m.look(); err != nil {
			return nil, err
		}
	}
	return b, b.choose(ctx)
}

// choose decides the conditions, holds the rules, and sorts out which resources there are and what each needs.
func (b *Bound) choose(ctx context.Context) error {
	e := b.evaluator(ctx, &recorder{})
	c := &conditions{decided: map[string]bool{}, e: e}
	e.decide, e.within = c.decide, "Conditions"
	var err error
	if b.decided, err = c.all(); err != nil {
		return err
	}
	e.within, e.rules = "Rules", true
	if err := e.assert(); err != nil {
		return err
	}
	for _, id := range sorted(b.m.resources) {
		r := &Resource{ID: id}
		if name, _ := b.m.resources[id].(map[string]any)["Condition"].(string); name == "" || b.decided[name] {
			b.list, b.byID[id] = append(b.list, r), r
		}
	}
	return b.connect(ctx)
}

// connect evaluates all that is there without states, which tells what each resource needs, what is imported, and most that is wrong.
func (b *Bound) connect(ctx context.Context) error {
	imports := map[string]bool{}
	e := b.evaluator(ctx, nil)
	for _, r := range b.list {
		e.spent = 0
		m := b.m.resources[r.ID].(map[string]any)
		saw, err := e.needs(r.ID, m)
		if err != nil {
			return err
		}
		if err := e.fill(r, m); err != nil {
			return err
		}
		b.graph[r.ID] = saw.needs()
		for name := range saw.imports {
			imports[name] = true
		}
	}
	if err := e.missing(); err != nil {
		return err
	}
	if err := acyclic(b.graph); err != nil {
		return err
	}
	saw := &recorder{}
	outputs, err := b.Outputs(ctx, saw)
	if err != nil {
		return err
	}
	for name := range saw.imports {
		imports[name] = true
	}
	exports := map[string]bool{}
	for _, o := range outputs {
		if o.Export != "" && exports[o.Export] {
			return errorf("Template format error: Duplicate Export names: [%s]", o.Export)
		}
		exports[o.Export] = true
	}
	b.imports = sorted(imports)
	return nil
}

func (b *Bound) evaluator(ctx context.Context, states States) *evaluator {
	return &evaluator{ctx: ctx, m: b.m, env: &b.env, states: states, values: b.named, miss: map[string]bool{},
		decide: func(name string) (bool, error) { return b.decided[name], nil },
		active: func(id string) bool { return b.byID[id] != nil }}
}

// Values are the parameters in order of their names.
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
		return nil // what was decoded can be encoded
	}
	return out
}

// Properties are a resource's, resolved: strings, bools, json.Numbers, []any and map[string]any (and Unknown, when states give it). What
// is AWS::NoValue is left out.
func (b *Bound) Properties(ctx context.Context, id string, states States) (map[string]any, error) {
	r := b.byID[id]
	if r == nil {
		return nil, errorf("Resource %s does not exist in the template", id)
	}
	e := b.evaluator(ctx, states)
	e.within = "Resources"
	v, err := e.value(r.properties)
	if err != nil {
		return nil, err
	}
	if v, err = e.references(v); err != nil {
		return nil, err
	}
	m, _ := v.(map[string]any)
	if m == nil { // a condition may leave nothing of them
		m = map[string]any{}
	}
	return m, nil
}
