package template

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

	root     map[string]any
	mappings map[string]any
}

// Parse reads a template of at most MaxFromS3 bytes, JSON or YAML, and checks it: sections, references, functions and their arguments,
// cycles. What AWS::LanguageExtensions writes anew is checked by Bind. Errors are *Error.
func Parse(body []byte) (*Template, error) {
	panic("not yet")
}
