package template

// Parameter is what a template asks for.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
type Parameter struct {
	Name, Type, Description string
	Default                 *string
	NoEcho                  bool
	AllowedValues           []string
	AllowedPattern          string
	ConstraintDescription   string
	MinLength, MaxLength    *string
	MinValue, MaxValue      *string
}

// Value is a parameter's value in a Bound.
type Value struct {
	Parameter Parameter
	// Value is as given, or the default; of an AWS::SSM::Parameter::Value type the name of the parameter in SSM.
	Value string
	// Resolved is what SSM's parameter held; empty for other types.
	Resolved string
}
