package template

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestParameters(t *testing.T) {
	f := func(parameter, value, want string) {
		t.Helper()
		_, err := bind(t, "Parameters: {P: "+parameter+"}\n"+small, map[string]string{"P": value})
		if want == "" {
			if err != nil {
				t.Errorf("%s = %q: %v", parameter, value, err)
			}
			return
		}
		refuses(t, parameter+" = "+value, err, want)
	}
	f(`{Type: String}`, "", "")
	f(`{Type: String}`, strings.Repeat("x", 4097), "Parameter 'P' must contain at most 4096 characters")
	f(`{Type: Number}`, "-1.5", "")
	f(`{Type: Number}`, "abc", "Parameter 'P' must be a number.")
	f(`{Type: Number, MinValue: 5}`, "4", "Parameter 'P' must be a number not less than 5")
	f(`{Type: Number, MaxValue: 5}`, "6", "Parameter 'P' must be a number not greater than 5")
	f(`{Type: List<Number>, MaxValue: 5}`, "1, 5", "")
	f(`{Type: List<Number>, MaxValue: 5}`, "1,6", "Parameter 'P' must be a number not greater than 5")
	f(`{Type: List<Number>}`, "1,x", "Parameter 'P' must be a number.")
	f(`{Type: String, AllowedValues: [a, 1, true]}`, "1", "")
	f(`{Type: String, AllowedValues: [a, b]}`, "c", "Parameter 'P' must be one of AllowedValues")
	f(`{Type: CommaDelimitedList, AllowedValues: [a, b]}`, "a,b", "")
	f(`{Type: CommaDelimitedList, AllowedValues: [a, b]}`, "a,c", "Parameter 'P' must be one of AllowedValues")
	f(`{Type: String, AllowedPattern: "[a-z]+"}`, "abc", "")
	f(`{Type: String, AllowedPattern: "[a-z]+"}`, "abc1", "Parameter 'P' must match pattern [a-z]+")
	f(`{Type: CommaDelimitedList, AllowedPattern: "[a-z]+"}`, "a,1", "Parameter 'P' must match pattern [a-z]+")
	f(`{Type: String, AllowedPattern: "^(?!x).*$"}`, "y", "")
	f(`{Type: String, AllowedPattern: "[a-z]+", ConstraintDescription: letters only.}`, "1", "Parameter P failed to satisfy constraint: letters only.")
	f(`{Type: String, MinLength: 3}`, "äö", "Parameter 'P' must contain at least 3 characters")
	f(`{Type: String, MinLength: "3"}`, "äöü", "")
	f(`{Type: String, MaxLength: 3}`, "abcd", "Parameter 'P' must contain at most 3 characters")
	f(`{Type: "AWS::EC2::VPC::Id"}`, "vpc-1", "")
	f(`{Type: "AWS::SSM::Parameter::Value<String>"}`, "/none", "Unable to fetch parameters [/none] from parameter store for this account.")
	f(`{Type: "AWS::SSM::Parameter::Name"}`, "/none", "")
}

func TestParametersGiven(t *testing.T) {
	f := func(parameters string, given map[string]string, want string) {
		t.Helper()
		_, err := bind(t, "Parameters: "+parameters+"\n"+small, given)
		refuses(t, parameters, err, want)
	}
	f(`{P: {Type: String}, Q: {Type: Number}, S: {Type: String, Default: x}}`, nil, "Parameters: [P, Q] must have values")
	f(`{P: {Type: String, Default: x}}`, map[string]string{"A": "1", "B": "2"}, "Parameters: [A, B] do not exist in the template")
	f(`{P: {Type: Number, Default: x}}`, nil, "Parameter 'P' must be a number.")
	f(`{P: {Type: "AWS::SSM::Parameter::Value<String>", Default: /none}, Q: {Type: "AWS::SSM::Parameter::Value<String>", Default: /none}}`, nil,
		"Unable to fetch parameters [/none,/none] from parameter store for this account.")

	b, err := bind(t, frame+small, map[string]string{"Name": "given"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][2]string{}
	for _, v := range b.Values() {
		got[v.Parameter.Name] = [2]string{v.Value, v.Resolved}
	}
	want := map[string][2]string{"Name": {"given", ""}, "Count": {"3", ""}, "Zones": {"a, b ,c", ""}, "Ports": {"80,443", ""}, "Stage": {"prod", ""},
		"Held": {"/one", "held-/one"}, "HeldList": {"/list", "p, q"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("values are %v, not %v", got, want)
	}
}

func TestResolvedStays(t *testing.T) {
	parsed, err := Parse([]byte("Parameters: {P: {Type: \"AWS::SSM::Parameter::Value<String>\", Default: /x}}\nResources: {R: {Type: A::B::C, Properties: {p: !Ref P}}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	e := env()
	e.Resolved = map[string]string{"P": "before"}
	e.SSM = func(context.Context, string) (string, error) { return "", errors.New("it is not read again") }
	b, err := parsed.Bind(context.Background(), nil, e)
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Properties(context.Background(), "R", known{})
	if err != nil || p["p"] != "before" {
		t.Errorf("properties are %v, %v", p, err)
	}
}

func TestConditions(t *testing.T) {
	f := func(stage string, want map[string]bool) {
		t.Helper()
		b, err := bind(t, frame+small, map[string]string{"Stage": stage})
		if err != nil {
			t.Fatal(err)
		}
		if got := b.Conditions(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s decides %v, not %v", stage, got, want)
		}
	}
	f("prod", map[string]bool{"Prod": true, "Dev": false, "Both": true, "Either": true, "Never": false})
	f("dev", map[string]bool{"Prod": false, "Dev": true, "Both": false, "Either": true, "Never": false})

	g := func(condition string, want bool) {
		t.Helper()
		b, err := bind(t, "Parameters: {L: {Type: CommaDelimitedList, Default: \"a,b\"}}\nMappings: {M: {a: {b: \"true\"}}}\nConditions: {C: "+condition+"}\n"+small, nil)
		if err != nil {
			t.Errorf("%s: %v", condition, err)
		} else if b.Conditions()["C"] != want {
			t.Errorf("%s is not %v", condition, want)
		}
	}
	g(`!Equals [a, a]`, true)
	g(`!Equals [a, A]`, false)
	g(`!Equals [1, "1"]`, true)
	g(`!Equals [true, "true"]`, true)
	g(`!Equals [!FindInMap [M, a, b], true]`, true)
	g(`!Equals [!Select [1, !Ref L], b]`, true)
	g(`!Equals [!Join ["", !Ref L], ab]`, true)
	g(`!Equals [!Sub "${AWS::Region}", eu-west-1]`, true)
	g(`!Equals [!Ref L, [a, b]]`, true)
	g(`{"Fn::Not": [{"Fn::Equals": ["", ""]}]}`, false)
}

func TestRules(t *testing.T) {
	f := func(rule, want string) {
		t.Helper()
		_, err := bind(t, frame+"Rules: {A: "+rule+"}\n"+small, nil)
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", rule, err)
			}
			return
		}
		refuses(t, rule, err, want)
	}
	f(`{Assertions: [{Assert: !Contains [[web, app], !Ref Name]}]}`, "")
	f(`{Assertions: [{Assert: !Contains [[app], !Ref Name], AssertDescription: The name must be app.}]}`, "The name must be app.")
	f(`{Assertions: [{Assert: !Contains [[app], !Ref Name]}]}`, "Template error: an assertion of rule A is not met")
	f(`{RuleCondition: !Equals [!Ref Stage, dev], Assertions: [{Assert: !Equals [a, b]}]}`, "")
	f(`{RuleCondition: !Equals [!Ref Stage, prod], Assertions: [{Assert: !Equals [a, b], AssertDescription: no}]}`, "no")
	f(`{Assertions: [{Assert: !EachMemberEquals [[x, x], x]}, {Assert: !EachMemberIn [!Ref Zones, [a, b, c, d]]}]}`, "")
	f(`{Assertions: [{Assert: !EachMemberEquals [!Ref Zones, a], AssertDescription: no}]}`, "no")
	f(`{Assertions: [{Assert: !EachMemberIn [!Ref Zones, [a]], AssertDescription: no}]}`, "no")
	f(`{Assertions: [{Assert: !Not [!Contains [["1", "2"], !Ref Held]]}]}`, "") // as CDK's
	f(`{Assertions: [{Assert: !Contains [a, b]}]}`, "Template error: the first parameter of every Fn::Contains object must be a list of strings.")
	f(`{Assertions: [{Assert: !And [!Condition Prod, !Condition Prod]}]}`, "Template format error: Every condition of a rule must be a function of rules that is true or false.")
}

func TestGraph(t *testing.T) {
	b, err := bind(t, frame+`
Resources:
  A: {Type: A::B::C}
  B: {Type: A::B::C, Properties: {p: !Ref A}}
  C: {Type: A::B::C, Properties: {p: !Sub "${B.Arn}/${AWS::Region}"}, DependsOn: [A, Gone, A]}
  D: {Type: A::B::C, Properties: {p: !If [Prod, !GetAtt C.Arn, !Ref A], q: {"Fn::ImportValue": net}}, Condition: Prod}
  E: {Type: A::B::C, Properties: {p: !Join ["", [!Select [0, [x, !Ref D]]]]}, DeletionPolicy: RetainExceptOnCreate, UpdateReplacePolicy: Retain,
    CreationPolicy: {ResourceSignal: {Count: !Ref Count}}, Metadata: {k: !Ref A}}
  Gone: {Type: A::B::C, Condition: Never, Properties: {p: !Ref E}}
Outputs:
  O: {Value: !GetAtt E.Arn, Description: what, Export: {Name: !Sub "${AWS::StackName}-o"}}
  P: {Value: !Ref Count, Condition: Prod}
  Q: {Value: !Ref Gone, Condition: Never}
  R: {Value: {"Fn::ImportValue": !Sub "${Name}-x"}}
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"A": nil, "B": {"A"}, "C": {"A", "B"}, "D": {"C"}, "E": {"D"}}
	if !reflect.DeepEqual(b.Graph(), want) {
		t.Errorf("the graph is %v, not %v", b.Graph(), want)
	}
	if got := b.Imports(); !reflect.DeepEqual(got, []string{"net", "web-x"}) {
		t.Errorf("imports are %v", got)
	}
	e := b.Resource("E")
	if len(b.Resources()) != 5 || b.Resource("Gone") != nil || e.DeletionPolicy != "RetainExceptOnCreate" || e.UpdateReplacePolicy != "Retain" {
		t.Errorf("resources are %v, E %+v", b.Resources(), e)
	}
	if got := asJSON(t, e.CreationPolicy); got != `{"ResourceSignal":{"Count":"3"}}` {
		t.Errorf("E's CreationPolicy is %s", got)
	}
	outputs, err := b.Outputs(context.Background(), known{})
	if err != nil {
		t.Fatal(err)
	}
	wantOut := []Output{{"O", "what", "E/Arn", "s-o"}, {"P", "", "3", ""}, {"R", "", "import-web-x", ""}}
	if !reflect.DeepEqual(outputs, wantOut) {
		t.Errorf("outputs are %v, not %v", outputs, wantOut)
	}
}

func TestBindRefuses(t *testing.T) {
	f := func(rest, want string) {
		t.Helper()
		_, err := bind(t, frame+rest, nil)
		refuses(t, rest, err, want)
	}
	f("Resources:\n  A: {Type: A::B::C, Properties: {p: !If [Prod, !Ref B, x]}}\n  B: {Type: A::B::C, Condition: Prod, DependsOn: A}\n",
		"Circular dependency between resources: [A, B]")
	f("Resources:\n  R: {Type: A::B::C}\n"+others+"Outputs: {O: {Value: !Ref Gone}}\n", "Unresolved resource dependencies [Gone] in the Outputs block of the template")
	f("Resources:\n  R: {Type: A::B::C}\nOutputs: {O: {Value: !Ref Zones}}\n",
		"Template format error: The Value field of every Outputs member must evaluate to a String and not a List.")
	f("Resources:\n  R: {Type: A::B::C}\nOutputs: {O: {Value: x, Export: {Name: same}}, P: {Value: y, Export: {Name: same}}}\n",
		"Template format error: Duplicate Export names: [same]")
	f("Resources:\n  R: {Type: A::B::C}\nOutputs: {O: {Value: x, Export: {Name: !Sub \"${AWS::StackId}/x\"}}}\n",
		"Template format error: Output O is malformed. "+errExportName)
}
