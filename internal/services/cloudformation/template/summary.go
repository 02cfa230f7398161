package template

// Summary is what a template says of itself, for GetTemplateSummary and ValidateTemplate.
type Summary struct {
	Description string
	Version     string // AWSTemplateFormatVersion; empty when it is not said
	Metadata    string // JSON; empty without any
	Parameters  []Parameter
	// Capabilities that a caller must acknowledge: CAPABILITY_IAM or CAPABILITY_NAMED_IAM, and CAPABILITY_AUTO_EXPAND.
	Capabilities []string
	// Reason says why, as CapabilitiesReason does.
	Reason string
	// Types are the resources' types, sorted, each once.
	Types []string
	// Transforms are those declared.
	Transforms []string
	// Identifiers are the logical IDs by type, sorted.
	Identifiers map[string][]string
}

// Summary tells what the template says of itself.
func (t *Template) Summary() Summary { panic("not yet") }
