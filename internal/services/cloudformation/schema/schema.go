package schema

// Schema is what is known of one type of resources.
type Schema struct {
	// Type is the type's name, "AWS::SQS::Queue".
	Type string
}

// Of is the schema of a type; false when there is none. Custom::Anything has that of AWS::CloudFormation::CustomResource.
func Of(typ string) (*Schema, bool) { panic("not yet") }

// Types are those that have a schema, sorted.
func Types() []string { panic("not yet") }

// Check holds the properties of resource id against the schema. Errors are *template.Error in CloudFormation's words, of all that is wrong.
// Values that are template.Unknown are taken to be right.
func (s *Schema) Check(id string, properties map[string]any) error { panic("not yet") }

// Replaces are the properties that differ between old and new and that cannot change without making the resource anew, sorted. Names are those at the
// top; a nested one ("Schema/Type" with slashes) stands where only a part of a property is so. What is Unknown on either side differs.
func (s *Schema) Replaces(old, now map[string]any) []string { panic("not yet") }

// Conditional are those among the changed properties that may replace the resource, or not, as the schema says.
func (s *Schema) Conditional(old, now map[string]any) []string { panic("not yet") }

// Changed are the properties at the top that differ (5 is "5"), sorted.
func (s *Schema) Changed(old, now map[string]any) []string { panic("not yet") }

// Attributes are what Fn::GetAtt gives, sorted, "Endpoint.Address" with dots.
func (s *Schema) Attributes() []string { panic("not yet") }

// HasAttribute says whether Fn::GetAtt gives the attribute; of custom resources and nested stacks (Outputs.X) any.
func (s *Schema) HasAttribute(name string) bool { panic("not yet") }

// MergeTags gives the properties with tags added to the property for tags, in its form (a map, or a list of Key and Value); a
// tag of the template's own goes before the stack's. Properties are not changed. A type without tags gives them back as they are.
func (s *Schema) MergeTags(properties map[string]any, tags map[string]string) map[string]any {
	panic("not yet")
}
