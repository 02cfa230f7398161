package template

import (
	"reflect"
	"testing"
)

func TestSummary(t *testing.T) {
	f := func(body string, want Summary) {
		t.Helper()
		parsed, err := Parse([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := parsed.Summary(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s says %+v, not %+v", body, got, want)
		}
	}
	f("AWSTemplateFormatVersion: 2010-09-09\nDescription: d\nMetadata: {a: [1]}\nParameters: {P: {Type: String}}\n"+small,
		Summary{Description: "d", Version: "2010-09-09", Metadata: `{"a":[1]}`, Parameters: []Parameter{{Name: "P", Type: "String"}},
			Types: []string{"A::B::C"}, Identifiers: map[string][]string{"A::B::C": {"R"}}})
	f("Resources: {R: {Type: AWS::IAM::Role}, S: {Type: AWS::IAM::Role}}\n",
		Summary{Capabilities: []string{"CAPABILITY_IAM"}, Reason: "The following resource(s) require capabilities: [AWS::IAM::Role]",
			Types: []string{"AWS::IAM::Role"}, Identifiers: map[string][]string{"AWS::IAM::Role": {"R", "S"}}})
	f("Resources: {R: {Type: AWS::IAM::Role, Properties: {RoleName: r}}, P: {Type: AWS::IAM::Policy}}\n",
		Summary{Capabilities: []string{"CAPABILITY_NAMED_IAM"}, Reason: "The following resource(s) require capabilities: [AWS::IAM::Policy, AWS::IAM::Role]",
			Types: []string{"AWS::IAM::Policy", "AWS::IAM::Role"}, Identifiers: map[string][]string{"AWS::IAM::Role": {"R"}, "AWS::IAM::Policy": {"P"}}})
	f(language+small, Summary{Capabilities: []string{"CAPABILITY_AUTO_EXPAND"}, Reason: "The following resource(s) require capabilities: [AWS::LanguageExtensions]",
		Transforms: []string{"AWS::LanguageExtensions"}, Types: []string{"A::B::C"}, Identifiers: map[string][]string{"A::B::C": {"R"}}})
	f(language+"Resources: {\"Fn::ForEach::L\": [X, [a, b], {\"R${X}\": {Type: AWS::IAM::User, Properties: {UserName: !Ref X}}}]}\n",
		Summary{Capabilities: []string{"CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"},
			Reason:     "The following resource(s) require capabilities: [AWS::IAM::User, AWS::LanguageExtensions]",
			Transforms: []string{"AWS::LanguageExtensions"}, Types: []string{"AWS::IAM::User"}, Identifiers: map[string][]string{"AWS::IAM::User": {"R${X}"}}})
}

func TestProcessed(t *testing.T) {
	b, err := bind(t, "Resources: {R: {Type: A::B::C, Properties: {p: !Sub \"${AWS::Region}\", n: 1.50}}}\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, b.Processed(), `{"Resources": {"R": {"Type": "A::B::C", "Properties": {"p": {"Fn::Sub": "${AWS::Region}"}, "n": 1.5}}}}`)
}
