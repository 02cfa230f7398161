package template

import (
	"strings"
	"testing"
)

const small = "Resources: {R: {Type: A::B::C}}\n"

func TestParseRefuses(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		_, err := Parse([]byte(body))
		refuses(t, body, err, want)
	}
	many := func(section, member string, n int) string {
		var b strings.Builder
		b.WriteString(section + ":\n")
		for i := range n {
			b.WriteString("  N" + strings.Repeat("x", i) + ": " + member + "\n")
		}
		return b.String()
	}
	// Form
	f("", errShape.Message)
	f("# nothing\n", errShape.Message)
	f("text", errShape.Message)
	f("[a]", errShape.Message)
	f("{", "Template format error: JSON not well-formed. (line 1, column 2)")
	f("{\"a\": 1,\n \"a\": 2}", "Template format error: JSON not well-formed. (line 2, column 5)")
	f(`{"Resources": {}} x`, "Template format error: JSON not well-formed. (line 1, column 19)")
	f("a: [", "Template format error: YAML not well-formed. (line 1)")
	f("a: b\na: c\n", "Template format error: YAML not well-formed. (line 2, column 1)")
	f("a: b\n---\nc: d\n", "Template format error: YAML not well-formed.")
	f("a: !Unknown b\n", "Template format error: YAML not well-formed. (line 1, column 4)")
	f("a: !!binary aGk=\n", "Template format error: YAML not well-formed. (line 1, column 4)")
	f("a: &x b\nc: *x\n", "Template error: YAML aliases are not allowed in CloudFormation templates")
	f("a: {<<: {b: c}}\n", "Template format error: YAML not well-formed. (line 1, column 5)")
	f(strings.Repeat("[", 200)+strings.Repeat("]", 200), errShape.Message)
	f(`{"a": `+strings.Repeat("[", 200)+strings.Repeat("]", 200)+"}", errShape.Message)
	f("Outputs: {O: {Value: }}\n"+small, "[/Outputs/O/Value] 'null' values are not allowed in templates")
	f(`{"Resources": null}`, "[/Resources] 'null' values are not allowed in templates")
	f(small+"#"+strings.Repeat("x", MaxFromS3), "Template may not exceed 1048576 bytes in size.")
	// The top
	f("Description: x\n", errNoResources.Message)
	f("Resources: {}\n", errNoResources.Message)
	f("Resources: [a]\n", "Template format error: Resources must be an object.")
	f(small+"Other: x\nResource: y\n", "Invalid template property or properties [Other, Resource]")
	f(small+"AWSTemplateFormatVersion: 2011-01-01\n", "Template format error: unsupported value for AWSTemplateFormatVersion.")
	f(small+"Description: [a]\n", "Template format error: Every Description member must be a string.")
	f(small+"Description: "+strings.Repeat("x", 1025), "Template format error: 'Description' length is greater than 1024.")
	f(small+"Metadata: x\n", "Template format error: Metadata must be an object.")
	f(small+"Transform: AWS::Serverless-2016-10-31\n", "No transform named AWS::Serverless-2016-10-31 found.")
	f(small+"Transform: {Name: [x]}\n", "Key Name of transform definition must be a string.")
	f("Resources: {R: {Type: A::B::C, Properties: {\"Fn::Transform\": {Name: Mine}}}}\n", "No transform named Mine found.")
	f(many("Resources", "{Type: A::B::C}", 501), "Template format error: Number of resources, 501, is greater than maximum allowed, 500")
	f(small+many("Parameters", "{Type: String}", 201), "Template format error: Number of parameters, 201, is greater than maximum allowed, 200")
	f(small+many("Outputs", "{Value: x}", 201), "Template format error: Number of outputs, 201, is greater than maximum allowed, 200")
	f(small+many("Mappings", "{a: {b: c}}", 201), "Template format error: Number of mappings, 201, is greater than maximum allowed, 200")
	// Resources
	f("Resources: {a-b: {Type: A::B::C}}\n", "Template format error: Resource name a-b is non alphanumeric.")
	f("Resources: {\"AWS::NoValue\": {Type: A::B::C}}\n", "Template format error: Resource name AWS::NoValue is non alphanumeric.")
	f("Resources: {\"Fn::ForEach::X\": [a, [b], {}]}\n", "Template format error: Resource name Fn::ForEach::X is non alphanumeric.")
	f("Resources: {R: x}\n", "Template format error: Any Resources member must be an object.")
	f("Resources: {R: {}}\n", "Template format error: [/Resources/R] Every Resources object must contain a Type member.")
	f("Resources: {R: {Type: !Ref X}}\n", "Template format error: [/Resources/R] Every Type member must be a string.")
	f("Resources: {R: {Type: A::B::C, Invalid: x}}\n", "Invalid template resource property 'Invalid'")
	f("Resources: {R: {Type: A::B::C, Properties: x}}\n", "Template format error: [/Resources/R/Properties] must be an object.")
	f("Resources: {R: {Type: A::B::C, Condition: [x]}}\n", "Template format error: Every Condition member must be a string.")
	f("Resources: {R: {Type: A::B::C, Condition: X}}\n", "Template format error: Unresolved condition dependencies [X] in the Resources block of the template")
	f("Resources: {R: {Type: A::B::C, DependsOn: X}}\n", "Template format error: Unresolved resource dependencies [X] in the Resources block of the template")
	f("Resources: {R: {Type: A::B::C, DependsOn: {a: b}}}\n", errDependsOn.Message)
	f("Resources: {R: {Type: A::B::C, DependsOn: [[a]]}}\n", errDependsOn.Message)
	f("Resources: {R: {Type: A::B::C, DeletionPolicy: Keep}}\n", "Template error: Unrecognized DeletionPolicy Keep for resource R")
	f("Resources: {R: {Type: A::B::C, UpdateReplacePolicy: RetainExceptOnCreate}}\n", "Template error: Unrecognized UpdateReplacePolicy RetainExceptOnCreate for resource R")
	f("Parameters: {P: {Type: String}}\nResources: {R: {Type: A::B::C, DeletionPolicy: !Ref P}}\n", "Template format error: Every DeletionPolicy member must be a string.")
	f("Parameters: {R: {Type: String}}\n"+small, "Template format error: Duplicate name R in the Parameters and Resources blocks of the template")
	// Circles
	f("Resources: {A: {Type: A::B::C, DependsOn: A}}\n", "Circular dependency between resources: [A]")
	f("Resources: {A: {Type: A::B::C, DependsOn: B}, B: {Type: A::B::C, DependsOn: A}, C: {Type: A::B::C, DependsOn: A}, D: {Type: A::B::C}}\n",
		"Circular dependency between resources: [A, B]")
	f("Resources: {A: {Type: A::B::C, Properties: {p: !Sub \"${B.Arn}\"}}, B: {Type: A::B::C, Properties: {p: [!GetAtt C.Arn]}}, C: {Type: A::B::C, Properties: {p: !Ref A}}}\n",
		"Circular dependency between resources: [A, B, C]")
	// Mappings
	f(small+"Mappings: {A: x}\n", "Template format error: Every Mappings member A must be a map")
	f(small+"Mappings: {A: {b: x}}\n", "Template format error: Every Mappings member b must be a map")
	f(small+"Mappings: {A: {b: {c: {d: e}}}}\n", "Template format error: Every Mappings attribute must be a String or a List.")
	f(small+"Mappings: {A: {b: {c: !Ref X}}}\n", "Template format error: Every Mappings attribute must be a String or a List.")
	// Conditions
	bad := "Template format error: Every Conditions member must be a condition function: Fn::And, Fn::Equals, Fn::Not, Fn::Or or Condition."
	f(small+"Conditions: {C: x}\n", bad)
	f(small+"Conditions: {C: !If [a, b, c]}\n", bad)
	f(small+"Conditions: {C: !Equals [a]}\n", errEquals.Message)
	f(small+"Conditions: {C: !Equals [a, {b: c}]}\n", errEquals.Message)
	f(small+"Conditions: {C: !Not [!Equals [a, b], !Equals [a, b]]}\n", "Template error: every Fn::Not object requires one boolean parameter.")
	f(small+"Conditions: {C: !And [!Equals [a, b]]}\n", "Template error: every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.")
	f(small+"Conditions: {C: !Or [!Equals [a, b]]}\n", "Template error: every Fn::Or object requires a list of at least 2 and at most 10 boolean parameters.")
	f(small+"Conditions: {C: !Condition D}\n", "Template format error: Unresolved condition dependency D in the Conditions block of the template")
	f(small+"Conditions: {C: !Equals [!Ref R, b]}\n", "Template format error: Unresolved dependencies [R]. Cannot reference resources in the Conditions block of the template")
	f(small+"Conditions: {C: !Equals [!GetAtt R.Arn, b]}\n", "Template format error: Unresolved dependencies [R]. Cannot reference resources in the Conditions block of the template")
	f(small+"Conditions: {C: !Equals [{\"Fn::ImportValue\": a}, b]}\n", "Template error: Cannot use Fn::ImportValue in Conditions.")
	f(small+"Conditions: {C: !Condition C}\n", "Template error: Found circular condition dependency between C and C")
	f(small+"Conditions: {C: !Not [!Condition D], D: !Or [!Condition C, !Equals [a, a]]}\n", "Template error: Found circular condition dependency between C and D")
	// Outputs
	f(small+"Outputs: {a.b: {Value: x}}\n", "Template format error: Output name a.b is non alphanumeric.")
	f(small+"Outputs: {O: x}\n", "Template format error: Any Outputs member must be an object.")
	f(small+"Outputs: {O: {Description: x}}\n", "Template format error: Every Outputs member must contain a Value object")
	f(small+"Outputs: {O: {Value: x, Extra: y}}\n", "Invalid template output property 'Extra'")
	f(small+"Outputs: {O: {Value: [x]}}\n", "Template format error: The Value field of every Outputs member must evaluate to a String and not a List.")
	f(small+"Outputs: {O: {Value: {a: b}}}\n", "Template format error: The Value field of every Outputs member must evaluate to a String and not a Map.")
	f(small+"Outputs: {O: {Value: !Ref X}}\n", "Unresolved resource dependencies [X] in the Outputs block of the template")
	f(small+"Outputs: {O: {Value: x, Condition: C}}\n", "Template format error: Unresolved condition dependencies [C] in the Outputs block of the template")
	f(small+"Outputs: {O: {Value: x, Export: y}}\n", "Template format error: Output O is malformed. The Export field of every Outputs member must be a Map.")
	f(small+"Outputs: {O: {Value: x, Export: {Name: a_b}}}\n", "Template format error: Output O is malformed. "+errExportName)
	f(small+"Outputs: {O: {Value: x, Export: {}}}\n", "Template format error: Output O is malformed. "+errExportName)
	f(small+"Outputs: {O: {Value: x, Export: {Name: !Sub \"${R}-x\"}}}\n",
		"Template format error: Output O is malformed.  The Name field of Export must not depend on any resources, imported values, or Fn::GetAZs.")
	// Rules
	f(small+"Rules: {A: x}\n", "Template format error: Every Rules member A must be a map")
	f(small+"Rules: {A: {Assertions: []}}\n", "Template format error: Every Rules member must contain Assertions. (A)")
	f(small+"Rules: {A: {Assertions: [{AssertDescription: x}]}}\n", "Template format error: Every Assertions member of A must contain Assert.")
	f(small+"Rules: {A: {Assertions: [{Assert: !Contains [[a]]}]}}\n", "Template error: every Fn::Contains object requires two parameters.")
	f(small+"Rules: {A: {Assertions: [{Assert: !Equals [!Ref R, x]}]}}\n", "Template format error: Unresolved dependencies [R]. Cannot reference resources in the Rules block of the template")
	// Parameters
	f(small+"Parameters: {a-b: {Type: String}}\n", "Template format error: Parameter name a-b is non alphanumeric.")
	f(small+"Parameters: {P: x}\n", "Template format error: Any Parameters member must be an object.")
	f(small+"Parameters: {P: {Default: x}}\n", "Template format error: Every Parameters object must contain a Type member.")
	f(small+"Parameters: {P: {Type: Text}}\n", "Template format error: Unrecognized parameter type: Text")
	f(small+"Parameters: {P: {Type: \"AWS::EC2::Nothing::Id\"}}\n", "Template format error: Unrecognized parameter type: AWS::EC2::Nothing::Id")
	f(small+"Parameters: {P: {Type: String, DefaultValue: x}}\n", "Invalid template parameter property 'DefaultValue'")
	f(small+"Parameters: {P: {Type: String, Default: [x]}}\n", "Template format error: Every Default member must be a string.")
	f(small+"Parameters: {P: {Type: String, Default: !Ref X}}\n", "Template format error: Every Default member must be a string.")
	f(small+"Parameters: {P: {Type: String, AllowedValues: x}}\n", "Template format error: Every AllowedValues member must be a list.")
	f(small+"Parameters: {P: {Type: String, MinLength: x}}\n", "Template format error: MinLength of parameter P must be a number.")
}

func TestParse(t *testing.T) {
	f := func(body string) {
		t.Helper()
		if _, err := Parse([]byte(body)); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
	f(small)
	f("\xef\xbb\xbf" + small)
	f(`  {"Resources": {"R": {"Type": "A::B::C", "Properties": {"a": 1, "b": [true, "x"]}}}}` + "\n")
	f("%YAML 1.1\n---\n" + small)
	f("AWSTemplateFormatVersion: 2010-09-09\nHooks: {}\n" + small)
	// What only conditions put in a circle may not be in one.
	f("Parameters: {P: {Type: String}}\nConditions: {C: !Equals [!Ref P, a]}\nResources:\n  A: {Type: A::B::C, Properties: {p: !If [C, !Ref B, x]}}\n" +
		"  B: {Type: A::B::C, Properties: {p: !If [C, x, !Ref A]}}\n")
	f(frame + "Resources:\n  R: {Type: A::B::C}\n" + others)
	for _, typ := range append(awsTypes, "AWS::SSM::Parameter::Name", "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "List<AWS::EC2::Subnet::Id>") {
		f(small + "Parameters: {P: {Type: \"" + typ + "\"}}\n")
	}
}
