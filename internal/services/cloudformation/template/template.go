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

	root map[string]any
}

// Parse reads a template of at most MaxFromS3 bytes, JSON or YAML, and checks it: sections, references, functions and their arguments,
// cycles. What a transform writes anew is checked by Bind. Errors are *Error.
func Parse(body []byte) (*Template, error) {
	root, err := decode(body)
	if err != nil {
		return nil, err
	}
	t := &Template{root: root}
	if t.Transforms, err = transforms(root); err != nil {
		return nil, err
	}
	if err := t.head(); err != nil {
		return nil, err
	}
	parameters, err := readParameters(root)
	if err != nil {
		return nil, err
	}
	for _, name := range sorted(parameters) {
		t.Parameters = append(t.Parameters, *parameters[name])
	}
	if len(t.Transforms) > 0 {
		if resources, err := members(root, "Resources", 0); err != nil || len(resources) == 0 {
			return nil, orElse(err, errNoResources)
		}
		return t, nil
	}
	m, err := newModel(root)
	if err != nil {
		return nil, err
	}
	return t, m.look()
}

func orElse(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

var sections = []string{"AWSTemplateFormatVersion", "Conditions", "Description", "Hooks", "Mappings", "Metadata", "Outputs", "Parameters", "Resources",
	"Rules", "Transform"}

// head reads what is not of any section that has members.
func (t *Template) head() error {
	var strange []string
	for _, k := range sorted(t.root) {
		if !slices.Contains(sections, k) && !(k == "Globals" && len(t.Transforms) > 0) && !(k == "Fn::Transform") {
			strange = append(strange, k)
		}
	}
	if strange != nil {
		return errorf("Invalid template property or properties %s", bracketed(strange))
	}
	if v, has := t.root["AWSTemplateFormatVersion"]; has && v != "2010-09-09" {
		return errorf("Template format error: unsupported value for AWSTemplateFormatVersion.")
	}
	var ok bool
	if v, has := t.root["Description"]; has {
		if t.Description, ok = v.(string); !ok {
			return errorf("Template format error: Every Description member must be a string.")
		}
		if len(t.Description) > maxDescribe {
			return errorf("Template format error: 'Description' length is greater than %d.", maxDescribe)
		}
	}
	if v, has := t.root["Metadata"]; has {
		if t.Metadata, ok = v.(map[string]any); !ok {
			return errorf("Template format error: Metadata must be an object.")
		}
	}
	return nil
}
