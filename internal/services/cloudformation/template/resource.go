package template

import "slices"

// Resource is one of a template's resources whose condition holds.
type Resource struct {
	ID, Type  string
	Condition string // its name; empty without one
	DependsOn []string
	// DeletionPolicy is Delete, Retain, RetainExceptOnCreate or Snapshot; UpdateReplacePolicy Delete, Retain or Snapshot. Empty
	// when the template does not say.
	DeletionPolicy, UpdateReplacePolicy string
	// CreationPolicy and UpdatePolicy have the functions of parameters and conditions resolved; Metadata is as written. Nil without any.
	CreationPolicy, UpdatePolicy, Metadata map[string]any

	properties map[string]any
}

var attributes = []string{"Type", "Properties", "DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy", "CreationPolicy", "UpdatePolicy",
	"Metadata", "Description", "Version", "Fn::Transform"}

// checkResource looks at the form of a resource.
func (m *model) checkResource(id string, v any) error {
	if !alphanumeric.MatchString(id) {
		return errorf("Template format error: Resource name %s is non alphanumeric.", id)
	}
	r, ok := v.(map[string]any)
	if !ok {
		return errorf("Template format error: Any Resources member must be an object.")
	}
	for _, k := range sorted(r) {
		if !slices.Contains(attributes, k) {
			return errorf("Invalid template resource property '%s'", k)
		}
	}
	switch t, has := r["Type"]; t.(type) {
	case string:
		if t == "" {
			return errorf("Template format error: [/Resources/%s] Every Type member must be a string.", id)
		}
	default:
		if has {
			return errorf("Template format error: [/Resources/%s] Every Type member must be a string.", id)
		}
		return errorf("Template format error: [/Resources/%s] Every Resources object must contain a Type member.", id)
	}
	if _, twice := m.parameters[id]; twice {
		return errorf("Template format error: Duplicate name %s in the Parameters and Resources blocks of the template", id)
	}
	if c, has := r["Condition"]; has {
		name, ok := c.(string)
		if !ok {
			return errorf("Template format error: Every Condition member must be a string.")
		}
		if _, ok := m.conditions[name]; !ok {
			return errorf("Template format error: Unresolved condition dependencies [%s] in the Resources block of the template", name)
		}
	}
	for _, k := range []string{"Properties", "Metadata", "CreationPolicy", "UpdatePolicy"} {
		if v, has := r[k]; has {
			if _, ok := v.(map[string]any); !ok {
				return errorf("Template format error: [/Resources/%s/%s] must be an object.", id, k)
			}
		}
	}
	_, err := dependsOn(r)
	return err
}

func dependsOn(r map[string]any) ([]string, error) {
	switch d := r["DependsOn"].(type) {
	case nil:
		return nil, nil
	case string:
		return []string{d}, nil
	case []any:
		var out []string
		for _, v := range d {
			s, ok := v.(string)
			if !ok {
				return nil, errDependsOn
			}
			out = append(out, s)
		}
		slices.Sort(out)
		return slices.Compact(out), nil
	}
	return nil, errDependsOn
}

var errDependsOn = &Error{"Template format error: DependsOn must be a string or list of strings."}

// fill sets what a resource of the template says of itself.
func (e *evaluator) fill(r *Resource, m map[string]any) (err error) {
	r.Type, _ = m["Type"].(string)
	r.Condition, _ = m["Condition"].(string)
	r.properties, _ = m["Properties"].(map[string]any)
	r.Metadata, _ = m["Metadata"].(map[string]any)
	if r.DependsOn, err = dependsOn(m); err != nil {
		return err
	}
	if r.DeletionPolicy, err = e.policy(r.ID, "DeletionPolicy", m); err != nil {
		return err
	}
	if r.UpdateReplacePolicy, err = e.policy(r.ID, "UpdateReplacePolicy", m); err != nil {
		return err
	}
	for key, into := range map[string]*map[string]any{"CreationPolicy": &r.CreationPolicy, "UpdatePolicy": &r.UpdatePolicy} {
		v, err := e.value(m[key])
		if err != nil {
			return err
		}
		*into, _ = v.(map[string]any)
	}
	return nil
}

// policy reads DeletionPolicy or UpdateReplacePolicy.
func (e *evaluator) policy(id, key string, r map[string]any) (string, error) {
	v, has := r[key]
	if !has {
		return "", nil
	}
	if _, literal := v.(string); !literal && !e.m.extended {
		return "", errorf("Template format error: Every %s member must be a string.", key)
	}
	v, err := e.value(v)
	if err != nil || v == (Unknown{}) || v == (noValue{}) {
		return "", err
	}
	s, _ := v.(string)
	switch s {
	case "Delete", "Retain", "Snapshot":
		return s, nil
	case "RetainExceptOnCreate":
		if key == "DeletionPolicy" {
			return s, nil
		}
	}
	return "", errorf("Template error: Unrecognized %s %v for resource %s", key, v, id)
}
