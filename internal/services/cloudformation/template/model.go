package template

import (
	"maps"
	"slices"
	"strings"
)

// model is a template's sections.
type model struct {
	parameters map[string]Parameter
	conditions map[string]any
	mappings   map[string]any
	resources  map[string]any
	outputs    map[string]any
	rules      map[string]any
	extended   bool // AWS::LanguageExtensions is declared
}

const (
	extensions       = "AWS::LanguageExtensions"
	includes         = "AWS::Include"
	extensionsFailed = "Transform AWS::LanguageExtensions failed with: "
)

var sections = []string{"AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Mappings", "Conditions", "Rules", "Transform", "Resources", "Outputs", "Hooks"}

// modelOf sorts a template's sections and checks their form.
func modelOf(root map[string]any, transforms []string) (*model, error) {
	m := &model{parameters: map[string]Parameter{}, extended: slices.Contains(transforms, extensions)}
	var bad []string
	for _, k := range slices.Sorted(maps.Keys(root)) {
		if !slices.Contains(sections, k) && !strings.HasPrefix(k, "Fn::Transform") {
			bad = append(bad, k)
		}
	}
	if len(bad) > 0 {
		return nil, errorf("Invalid template property or properties [%s]", strings.Join(bad, ", "))
	}
	for name, into := range map[string]*map[string]any{"Mappings": &m.mappings, "Conditions": &m.conditions, "Resources": &m.resources, "Outputs": &m.outputs, "Rules": &m.rules} {
		v, has := root[name]
		if !has {
			continue
		}
		section, ok := v.(map[string]any)
		if !ok {
			return nil, errorf("Template format error: %s must be an object.", name)
		}
		*into = section
	}
	if len(m.resources) == 0 {
		return nil, errorf("Template format error: At least one Resources member must be defined.")
	}
	if len(m.resources) > MaxResource && !m.extended {
		return nil, errorf("Template format error: Number of resources, %d, is greater than maximum allowed, %d", len(m.resources), MaxResource)
	}
	if len(m.outputs) > maxOutputs {
		return nil, errorf("Template format error: Number of outputs, %d, is greater than maximum allowed, %d", len(m.outputs), maxOutputs)
	}
	if len(m.mappings) > maxMappings {
		return nil, errorf("Template format error: Number of mappings, %d, is greater than maximum allowed, %d", len(m.mappings), maxMappings)
	}
	list, err := parametersOf(root["Parameters"])
	for _, p := range list {
		m.parameters[p.Name] = p
	}
	return m, err
}

var resourceKeys = []string{"Type", "Properties", "DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy", "Metadata", "CreationPolicy", "UpdatePolicy", "Description", "Version"}

// check holds resources and outputs against the form that they have in any case, and all functions against theirs.
func (m *model) check() error {
	e := &evaluator{m: m, env: &Env{}, states: nobody{}, static: true, miss: map[string]bool{}}
	for _, name := range slices.Sorted(maps.Keys(m.conditions)) {
		if _, err := e.condition(m.conditions[name]); err != nil {
			return err
		}
	}
	e.within = "Resources"
	for _, id := range slices.Sorted(maps.Keys(m.resources)) {
		if !alphanumeric(id) {
			return errorf("Template format error: Resource name %s is non alphanumeric.", id)
		}
		r, ok := m.resources[id].(map[string]any)
		if !ok {
			return errorf("Template format error: Any Resources member must be an object.")
		}
		if _, ok := r["Type"].(string); !ok {
			return errorf("Template format error: [/Resources/%s] Every Resources object must contain a Type member.", id)
		}
		for k := range r {
			if !slices.Contains(resourceKeys, k) {
				return errorf("Invalid template resource property '%s'", k)
			}
		}
		if p, has := r["Properties"]; has {
			if _, ok := p.(map[string]any); !ok {
				return errorf("Template format error: [/Resources/%s/Properties] Properties must be an object.", id)
			}
		}
		if c, has := r["Condition"]; has {
			name, _ := c.(string)
			if _, ok := m.conditions[name]; !ok {
				return errorf("Template format error: Unresolved condition dependency %s in the Resources block of the template", name)
			}
		}
		needs, err := dependsOn(id, r)
		if err != nil {
			return err
		}
		for _, other := range needs {
			if _, ok := m.resources[other]; !ok {
				e.miss[other] = true
			}
		}
		if _, err := e.value(r["Properties"]); err != nil {
			return err
		}
	}
	if err := e.missing("resource dependencies", "Resources"); err != nil {
		return err
	}
	e.within = "Outputs"
	for _, name := range slices.Sorted(maps.Keys(m.outputs)) {
		o, ok := m.outputs[name].(map[string]any)
		if !ok || !alphanumeric(name) {
			return errorf("Template format error: Output %s is malformed.", name)
		}
		if _, ok := o["Value"]; !ok {
			return errorf("Template format error: Every Outputs member must contain a Value object")
		}
		for _, part := range []string{"Value", "Export"} {
			if _, err := e.value(o[part]); err != nil {
				return err
			}
		}
	}
	return e.missing("resource dependencies", "Outputs")
}

// missing tells which names nothing has.
func (e *evaluator) missing(what, block string) error {
	if len(e.miss) == 0 {
		return nil
	}
	return errorf("Template format error: Unresolved %s [%s] in the %s block of the template", what, strings.Join(slices.Sorted(maps.Keys(e.miss)), ", "), block)
}

func alphanumeric(s string) bool {
	return s != "" && strings.IndexFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	}) < 0
}

// dependsOn is what a resource says it needs.
func dependsOn(id string, r map[string]any) (out []string, err error) {
	switch d := r["DependsOn"].(type) {
	case nil:
	case string:
		out = []string{d}
	case []any:
		for _, v := range d {
			s, ok := v.(string)
			if !ok {
				return nil, errorf("Template format error: Every DependsOn value must be a string.")
			}
			out = append(out, s)
		}
	default:
		return nil, errorf("Template format error: Every DependsOn value must be a string.")
	}
	if slices.Contains(out, id) {
		return nil, errorf("Circular dependency between resources: [%s]", id)
	}
	return out, nil
}
