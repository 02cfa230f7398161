package template

import (
	"context"
	"regexp"
)

// Output is one of a template's outputs.
type Output struct {
	Name, Description string
	Value             any    // a string, but Unknown where states give it
	Export            string // empty when it is not exported
}

var exportName = regexp.MustCompile(`^[A-Za-z0-9:-]{1,255}$`)

func malformed(name, format string) error {
	return errorf("Template format error: Output %s is malformed. %s", name, format)
}

// checkOutput looks at the form of an output.
func checkOutput(name string, v any) error {
	if !alphanumeric.MatchString(name) {
		return errorf("Template format error: Output name %s is non alphanumeric.", name)
	}
	o, ok := v.(map[string]any)
	if !ok {
		return errorf("Template format error: Any Outputs member must be an object.")
	}
	for _, k := range sorted(o) {
		switch k {
		case "Value", "Description", "Condition", "Export", "Fn::Transform":
		default:
			return errorf("Invalid template output property '%s'", k)
		}
	}
	value, has := o["Value"]
	if !has {
		return errorf("Template format error: Every Outputs member must contain a Value object")
	}
	switch value.(type) {
	case []any:
		return errorf("Template format error: The Value field of every Outputs member must evaluate to a String and not a List.")
	case map[string]any:
		if _, _, calls := call(value); !calls {
			return errorf("Template format error: The Value field of every Outputs member must evaluate to a String and not a Map.")
		}
	}
	if export, has := o["Export"]; has {
		m, ok := export.(map[string]any)
		if !ok {
			return malformed(name, "The Export field of every Outputs member must be a Map.")
		}
		if s, literal := m["Name"].(string); m["Name"] == nil || len(m) != 1 || literal && !exportName.MatchString(s) {
			return malformed(name, errExportName)
		}
	}
	return nil
}

const errExportName = "The Name field of every Export member must be specified and consist only of alphanumeric characters, colons, or hyphens."

// output resolves one output; nil when its condition does not hold.
func (e *evaluator) output(name string, o map[string]any) (*Output, error) {
	e.within = "Outputs"
	if c, has := o["Condition"]; has {
		condition, ok := c.(string)
		if !ok {
			return nil, errorf("Template format error: Every Condition member must be a string.")
		}
		if _, ok := e.m.conditions[condition]; !ok {
			return nil, errorf("Template format error: Unresolved condition dependencies [%s] in the Outputs block of the template", condition)
		}
		if !e.static {
			if holds, err := e.decide(condition); err != nil || !holds {
				return nil, err
			}
		}
	}
	out := &Output{Name: name}
	var err error
	if out.Value, err = e.value(o["Value"]); err != nil {
		return nil, err
	}
	switch v := out.Value.(type) {
	case Unknown:
	case []any:
		return nil, errorf("Template format error: The Value field of every Outputs member must evaluate to a String and not a List.")
	default:
		s, ok := plain(v)
		if !ok {
			return nil, errorf("Template format error: The Value field of every Outputs member must evaluate to a String.")
		}
		out.Value = s
	}
	if d, has := o["Description"]; has {
		v, err := e.value(d)
		if err != nil {
			return nil, err
		}
		out.Description, _ = plain(v)
	}
	return out, e.export(out, o)
}

func (e *evaluator) export(out *Output, o map[string]any) error {
	export, _ := o["Export"].(map[string]any)
	if export == nil {
		return nil
	}
	e.pure = malformed(out.Name, " The Name field of Export must not depend on any resources, imported values, or Fn::GetAZs.")
	name, known, err := e.word(export["Name"], true, malformed(out.Name, errExportName))
	e.pure = nil
	if err != nil || !known {
		return err
	}
	if !exportName.MatchString(name) {
		return malformed(out.Name, errExportName)
	}
	out.Export = name
	return nil
}

// Outputs are those whose condition holds, sorted by name.
func (b *Bound) Outputs(ctx context.Context, states States) ([]Output, error) {
	e := b.evaluator(ctx, states)
	var out []Output
	for _, name := range sorted(b.m.outputs) {
		o, err := e.output(name, b.m.outputs[name].(map[string]any))
		if err != nil {
			return nil, err
		}
		if o != nil {
			out = append(out, *o)
		}
	}
	return out, e.missing()
}
