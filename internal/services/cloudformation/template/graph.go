package template

import (
	"context"
	"slices"
)

// recorder notes what is asked of the states, and knows nothing.
type recorder struct{ ids, imports map[string]bool }

func (r *recorder) Ref(_ context.Context, id string) (any, error) {
	note(&r.ids, id)
	return Unknown{}, nil
}

func (r *recorder) GetAtt(_ context.Context, id, _ string) (any, error) {
	note(&r.ids, id)
	return Unknown{}, nil
}

func (r *recorder) Import(_ context.Context, name string) (any, error) {
	note(&r.imports, name)
	return Unknown{}, nil
}

func (r *recorder) Dynamic(context.Context, Dynamic) (string, error) { return "", nil }

func (r *recorder) needs() []string { return sorted(r.ids) }

func note(m *map[string]bool, name string) {
	if *m == nil {
		*m = map[string]bool{}
	}
	(*m)[name] = true
}

// needs evaluates a resource to see what it refers to.
func (e *evaluator) needs(id string, r map[string]any) (*recorder, error) {
	saw := &recorder{}
	e.within, e.states = "Resources", saw
	on, err := dependsOn(r)
	if err != nil {
		return nil, err
	}
	for _, o := range on {
		if _, declared := e.m.resources[o]; !declared {
			e.miss[o] = true
		} else if e.there(o) {
			note(&saw.ids, o)
		}
	}
	for _, k := range []string{"Properties", "CreationPolicy", "UpdatePolicy"} {
		if _, err := e.value(r[k]); err != nil {
			return nil, err
		}
	}
	if e.static {
		return saw, e.fill(&Resource{ID: id}, r)
	}
	return saw, nil
}

// acyclic refuses resources that need each other.
func acyclic(needs map[string][]string) error {
	left := map[string][]string{}
	for id, on := range needs {
		left[id] = on
	}
	// What nothing needs, and what needs nothing, is on no cycle: taken away until only cycles and what lies between them are left.
	for shrunk := true; shrunk; {
		shrunk = false
		needed := map[string]bool{}
		for _, on := range left {
			for _, id := range on {
				needed[id] = true
			}
		}
		for id, on := range left {
			waits := slices.ContainsFunc(on, func(o string) bool { _, is := left[o]; return is })
			if !waits || !needed[id] {
				delete(left, id)
				shrunk = true
			}
		}
	}
	if len(left) == 0 {
		return nil
	}
	return errorf("Circular dependency between resources: %s", bracketed(sorted(left)))
}
