package template

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
)

// model is a template whose transforms are applied.
type model struct {
	parameters map[string]*Parameter
	mappings   map[string]any
	conditions map[string]any
	rules      map[string]any
	resources  map[string]any
	outputs    map[string]any
	extended   bool // AWS::LanguageExtensions is declared
}

var errNoResources = &Error{"Template format error: At least one Resources member must be defined."}

func newModel(root map[string]any) (*model, error) {
	m := &model{}
	var err error
	if m.parameters, err = readParameters(root); err != nil {
		return nil, err
	}
	for _, s := range []struct {
		name string
		max  int
		to   *map[string]any
	}{{"Mappings", maxMappings, &m.mappings}, {"Conditions", 0, &m.conditions}, {"Rules", 0, &m.rules},
		{"Resources", MaxResource, &m.resources}, {"Outputs", maxOutputs, &m.outputs}} {
		if *s.to, err = members(root, s.name, s.max); err != nil {
			return nil, err
		}
	}
	if len(m.resources) == 0 {
		return nil, errNoResources
	}
	if err := checkMappings(m.mappings); err != nil {
		return nil, err
	}
	for _, name := range sorted(m.outputs) {
		if err := checkOutput(name, m.outputs[name]); err != nil {
			return nil, err
		}
	}
	for _, name := range sorted(m.resources) {
		if err := m.checkResource(name, m.resources[name]); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// members reads a section of named things.
func members(root map[string]any, section string, most int) (map[string]any, error) {
	v, has := root[section]
	if !has {
		return map[string]any{}, nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, errorf("Template format error: %s must be an object.", section)
	}
	if most > 0 && len(m) > most {
		return nil, errorf("Template format error: Number of %s, %d, is greater than maximum allowed, %d", strings.ToLower(section), len(m), most)
	}
	return m, nil
}

func checkMappings(mappings map[string]any) error {
	for _, name := range sorted(mappings) {
		rows, ok := mappings[name].(map[string]any)
		if !ok {
			return errorf("Template format error: Every Mappings member %s must be a map", name)
		}
		for _, row := range sorted(rows) {
			cells, ok := rows[row].(map[string]any)
			if !ok {
				return errorf("Template format error: Every Mappings member %s must be a map", row)
			}
			for _, k := range sorted(cells) {
				if _, scalar := plain(cells[k]); scalar {
					continue
				}
				list, ok := cells[k].([]any)
				if !ok || slices.ContainsFunc(list, func(v any) bool { _, is := plain(v); return !is }) {
					return errorf("Template format error: Every Mappings attribute must be a String or a List.")
				}
			}
		}
	}
	return nil
}

// look evaluates all of the template without values, and so finds what is wrong with it in any case.
func (m *model) look() error {
	e := &evaluator{ctx: context.Background(), m: m, env: &Env{}, static: true, miss: map[string]bool{}, states: &recorder{}}
	decided := &conditions{decided: map[string]bool{}, e: e}
	e.decide = decided.decide
	e.within = "Conditions"
	if _, err := decided.all(); err != nil {
		return err
	}
	e.within, e.rules = "Rules", true
	if err := e.assert(); err != nil {
		return err
	}
	e.rules = false
	needs := map[string][]string{}
	for _, id := range sorted(m.resources) {
		r := m.resources[id].(map[string]any)
		e.spent = 0
		saw, err := e.needs(id, r)
		if err != nil {
			return err
		}
		if _, conditional := r["Condition"]; !conditional && !branches(r) {
			needs[id] = saw.needs()
		}
	}
	if err := e.missing(); err != nil {
		return err
	}
	if err := acyclic(needs); err != nil {
		return err
	}
	for _, name := range sorted(m.outputs) {
		if _, err := e.output(name, m.outputs[name].(map[string]any)); err != nil {
			return err
		}
	}
	return e.missing()
}

// missing tells of the names in the section that nothing has.
func (e *evaluator) missing() error {
	if len(e.miss) == 0 {
		return nil
	}
	names := sorted(e.miss)
	e.miss = map[string]bool{}
	if e.within == "Outputs" {
		return errorf("Unresolved resource dependencies %s in the Outputs block of the template", bracketed(names))
	}
	return errorf("Template format error: Unresolved resource dependencies %s in the %s block of the template", bracketed(names), e.within)
}

// branches says whether conditions choose parts of v.
func branches(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if k == "Fn::If" || branches(x) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, branches)
	}
	return false
}

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func bracketed(names []string) string { return "[" + strings.Join(names, ", ") + "]" }
