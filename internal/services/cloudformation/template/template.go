package template

import "slices"

// Limits on what a template may be.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const (
	MaxBody     = 51200   // bytes of TemplateBody
	MaxFromS3   = 1 << 20 // bytes of what TemplateURL names
	MaxResource = 500
	maxParams   = 200
	maxOutputs  = 200
	maxMappings = 200
	maxDescribe = 1024 // bytes of Description
)

// Template is a template as it was written, checked as far as it can be without parameters.
type Template struct {
	// Description is the template's.
	Description string
	// Metadata is the template's section of that name, as written.
	Metadata map[string]any
	// Parameters are declared by the template, by name.
	Parameters []Parameter
	// Transforms are the macros that the template declares, in their order, those of Fn::Transform within it too.
	Transforms []string

	root  map[string]any
	model *model
}

// Parse reads a template of at most MaxFromS3 bytes, JSON or YAML, and checks it: sections, references, functions and their arguments,
// cycles. What AWS::LanguageExtensions writes anew is checked by Bind. Errors are *Error.
func Parse(body []byte) (*Template, error) {
	root, err := decode(body)
	if err != nil {
		return nil, err
	}
	t := &Template{root: root}
	if v, has := root["AWSTemplateFormatVersion"]; has && v != "2010-09-09" {
		return nil, errorf("Template format error: Unsupported template format version: %v", v)
	}
	if d, has := root["Description"]; has {
		text, ok := d.(string)
		if !ok {
			return nil, errorf("Template format error: Description must be a string.")
		}
		if len(text) > maxDescribe {
			return nil, errorf("Template format error: 'Description' length is greater than %d.", maxDescribe)
		}
		t.Description = text
	}
	t.Metadata, _ = root["Metadata"].(map[string]any)
	if t.Transforms, err = transformsOf(root); err != nil {
		return nil, err
	}
	if t.Parameters, err = parametersOf(root["Parameters"]); err != nil {
		return nil, err
	}
	if t.model, err = modelOf(root, t.Transforms); err != nil {
		return nil, err
	}
	if len(t.Transforms) > 0 { // the transforms write it anew
		return t, nil
	}
	return t, t.model.check()
}

// transformsOf are the macros that a template declares, and those within it.
func transformsOf(root map[string]any) (out []string, err error) {
	add := func(v any) error {
		name, ok := v.(string)
		if !ok {
			return errorf("Template format error: Transform must be a string or a list of strings.")
		}
		if name != extensions && name != includes {
			return errorf("Transform %s is not implemented by Atelier. There are [%s, %s].", name, extensions, includes)
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
		return nil
	}
	switch v := root["Transform"].(type) {
	case nil:
	case []any:
		for _, x := range v {
			if m, ok := x.(map[string]any); ok {
				x = m["Name"]
			}
			if err := add(x); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		if err := add(v["Name"]); err != nil {
			return nil, err
		}
	default:
		if err := add(v); err != nil {
			return nil, err
		}
	}
	var look func(v any) error
	look = func(v any) error {
		switch v := v.(type) {
		case map[string]any:
			if t, ok := v["Fn::Transform"].(map[string]any); ok {
				if err := add(t["Name"]); err != nil {
					return err
				}
			}
			for _, x := range v {
				if err := look(x); err != nil {
					return err
				}
			}
		case []any:
			for _, x := range v {
				if err := look(x); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return out, look(root)
}
