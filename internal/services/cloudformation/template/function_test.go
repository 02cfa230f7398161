package template

import (
	"context"
	"errors"
	"testing"
)

func TestFunctions(t *testing.T) {
	f := func(yaml, want string) {
		t.Helper()
		v, err := property(t, "", yaml, nil)
		if err != nil {
			t.Errorf("%s: %v", yaml, err)
		} else if got := asJSON(t, v); got != want {
			t.Errorf("%s gives %s, not %s", yaml, got, want)
		}
	}
	// Values as they are written.
	f(`text`, `"text"`)
	f(`5`, `5`)
	f(`1.50`, `1.50`)
	f(`012345678901`, `"012345678901"`)
	f(`0x1F`, `"0x1F"`)
	f(`true`, `true`)
	f(`yes`, `"yes"`)
	f(`2012-10-17`, `"2012-10-17"`)
	f(`[a, {b: c}]`, `["a",{"b":"c"}]`)
	f(`{Condition: Prod}`, `{"Condition":"Prod"}`)
	f(`{Ref: Name, More: x}`, `{"More":"x","Ref":"Name"}`)
	// Ref
	f(`!Ref Name`, `"web"`)
	f(`{Ref: Name}`, `"web"`)
	f(`!Ref Count`, `"3"`)
	f(`!Ref Zones`, `["a","b","c"]`)
	f(`!Ref Ports`, `["80","443"]`)
	f(`!Ref Held`, `"held-/one"`)
	f(`!Ref HeldList`, `["p","q"]`)
	f(`!Ref Other`, `"id-Other"`)
	f(`!Ref AWS::AccountId`, `"111122223333"`)
	f(`!Ref AWS::Region`, `"eu-west-1"`)
	f(`!Ref AWS::Partition`, `"aws"`)
	f(`!Ref AWS::URLSuffix`, `"amazonaws.com"`)
	f(`!Ref AWS::StackName`, `"s"`)
	f(`!Ref AWS::StackId`, `"arn:aws:cloudformation:eu-west-1:111122223333:stack/s/1"`)
	f(`!Ref AWS::NotificationARNs`, `["arn:a","arn:b"]`)
	f(`[a, !Ref AWS::NoValue, b]`, `["a","b"]`)
	f(`{a: !Ref AWS::NoValue, b: c}`, `{"b":"c"}`)
	// Fn::GetAtt
	f(`!GetAtt Other.TopicName`, `"Other/TopicName"`)
	f(`!GetAtt Other.Endpoint.Port`, `"Other/Endpoint.Port"`)
	f(`!GetAtt [Other, Arn]`, `"Other/Arn"`)
	f(`{"Fn::GetAtt": [Other, Arn]}`, `"Other/Arn"`)
	f(`{"Fn::GetAtt": Other.Arn}`, `"Other/Arn"`)
	f(`!GetAtt [Other, !Ref Name]`, `"Other/web"`)
	// Fn::Sub
	f(`!Sub "${Name}-${AWS::Region}-${Other}-${Other.Arn}"`, `"web-eu-west-1-id-Other-Other/Arn"`)
	f(`!Sub "${!Name} $Name ${Count} $"`, `"${Name} $Name 3 $"`)
	f(`!Sub ["${a}/${Name}", {a: !Ref Stage}]`, `"prod/web"`)
	f(`!Sub ["${Name}", {Name: own}]`, `"own"`)
	f(`!Sub ["${a.b}", {a.b: own}]`, `"own"`)
	f(`{"Fn::Sub": "${Other.Later}!"}`, `unknown`)
	// Fn::Join and Fn::Split
	f(`!Join ["-", [a, 1, true, !Ref Name]]`, `"a-1-true-web"`)
	f(`!Join [",", !Ref Zones]`, `"a,b,c"`)
	f(`!Join ["", []]`, `""`)
	f(`!Join [",", [a, !Ref AWS::NoValue]]`, `"a"`)
	f(`!Join [",", [a, !GetAtt Other.Later]]`, `unknown`)
	f(`!Join [",", !GetAtt Other.List]`, `"x,y"`)
	f(`!Split [",", "a,b,,c"]`, `["a","b","","c"]`)
	f(`!Join ["+", !Split ["-", !Sub "${Name}-x"]]`, `"web+x"`)
	// Fn::Select
	f(`!Select [1, [a, b]]`, `"b"`)
	f(`!Select ["2", !Ref Zones]`, `"c"`)
	f(`!Select [0, !GetAZs ""]`, `"eu-west-1a"`)
	f(`!Select [0, [a, !GetAtt Other.Later]]`, `"a"`)
	// Fn::If
	f(`!If [Prod, a, b]`, `"a"`)
	f(`!If [Dev, a, b]`, `"b"`)
	f(`!If [Dev, !Ref Gone, b]`, `"b"`)
	f(`!If [Both, !If [Either, x, y], z]`, `"x"`)
	f(`[!If [Never, a, !Ref AWS::NoValue]]`, `[]`)
	// Fn::FindInMap
	f(`!FindInMap [Sizes, prod, Size]`, `"large"`)
	f(`!FindInMap [Sizes, !Ref Stage, Many]`, `["m","n"]`)
	f(`!FindInMap [Sizes, !FindInMap [Names, !Ref AWS::Region, Stage], Size]`, `"large"`)
	f(`!FindInMap [Sizes, other, Size, {DefaultValue: !Ref Name}]`, `"web"`)
	f(`!FindInMap [None, other, Size, {DefaultValue: d}]`, `"d"`)
	// Others
	f(`!Base64 hello`, `"aGVsbG8="`)
	f("\n        Fn::Base64: !Sub \"${Name}\"", `"d2Vi"`)
	f(`!GetAZs us-east-1`, `["us-east-1a","us-east-1b","us-east-1c"]`)
	f("\n        Fn::GetAZs: !Ref AWS::Region", `["eu-west-1a","eu-west-1b","eu-west-1c"]`)
	f(`!Cidr [10.0.0.0/16, 3, 8]`, `["10.0.0.0/24","10.0.1.0/24","10.0.2.0/24"]`)
	f(`!Cidr [192.168.0.0/24, "2", 5]`, `["192.168.0.0/27","192.168.0.32/27"]`)
	f(`!Cidr ["2001:db8::/56", 2, 64]`, `["2001:db8::/64","2001:db8:0:1::/64"]`)
	f(`!ImportValue net`, `"import-net"`)
	f("\n        Fn::ImportValue: !Sub \"${AWS::StackName}-net\"", `"import-s-net"`)
	// Dynamic references
	f(`"{{resolve:ssm:/a/b:3}}"`, `"<ssm|/a/b:3>"`)
	f(`"x{{resolve:ssm-secure:p}}y{{resolve:secretsmanager:s:SecretString:k}}"`, `"x<ssm-secure|p>y<secretsmanager|s:SecretString:k>"`)
	f(`!Sub "{{resolve:ssm:/${Name}/x}}"`, `"<ssm|/web/x>"`)
	f(`["{{resolve:other:x}}", "{{resolve:ssm}}"]`, `["{{resolve:other:x}}","{{resolve:ssm}}"]`)
}

func TestFunctionsRefuse(t *testing.T) {
	f := func(yaml, want string) {
		t.Helper()
		_, err := property(t, "", yaml, nil)
		refuses(t, yaml, err, want)
	}
	unresolved := "Template format error: Unresolved resource dependencies [Nobody] in the Resources block of the template"
	f(`!Ref Nobody`, unresolved)
	f(`!Sub "${Nobody}"`, unresolved)
	f(`[!Ref Nobody, !Ref Anybody]`, "Template format error: Unresolved resource dependencies [Anybody, Nobody] in the Resources block of the template")
	f(`!Ref AWS::Nobody`, "Template format error: Unresolved resource dependencies [AWS::Nobody] in the Resources block of the template")
	f(`!Ref Gone`, "Template format error: Unresolved resource dependencies [Gone] in the Resources block of the template")
	f(`{Ref: [a]}`, errRef.Message)
	f(`!Ref [a]`, errRef.Message)
	f(`!GetAtt Nobody.Arn`, "Template error: instance of Fn::GetAtt references undefined resource Nobody")
	f(`!GetAtt Gone.Arn`, "Template error: instance of Fn::GetAtt references undefined resource Gone")
	f(`!GetAtt Name.Arn`, "Template error: instance of Fn::GetAtt references undefined resource Name")
	f(`!GetAtt Other`, errGetAtt.Message)
	f(`!GetAtt [Other]`, errGetAtt.Message)
	f(`!GetAtt [Other, ""]`, errGetAtt.Message)
	f(`!GetAtt [!Ref Name, Arn]`, errGetAtt.Message)
	f(`!Sub "${Nobody.Arn}"`, "Template error: instance of Fn::Sub references invalid resource attribute Nobody.Arn")
	f(`!Sub "${a b}"`, errSubName.Message)
	f(`!Sub "${}"`, errSubName.Message)
	f(`!Sub [a]`, errSub.Message)
	f(`!Sub [!Ref Name, {}]`, errSub.Message)
	f(`!Sub [a, b]`, errSub.Message)
	f(`!Sub "${Zones}"`, errSub.Message)
	f(`!Join [a, b]`, errJoin.Message)
	f(`!Join [",", [[a]]]`, errJoin.Message)
	f(`!Join [",", [!Ref Zones]]`, errJoin.Message)
	f(`!Join [",", a, b]`, errJoin.Message)
	f(`!Join [!Ref Name, [a]]`, errJoin.Message)
	f(`!Join [",", !Ref Name]`, errJoin.Message)
	f(`!Split [","]`, errSplit.Message)
	f(`!Split ["", a]`, errSplit.Message)
	f(`!Split [",", [a]]`, errSplit.Message)
	f(`!Select [0]`, errSelect.Message)
	f(`!Select [x, [a]]`, errSelect.Message)
	f(`!Select [0, a]`, errSelect.Message)
	f(`!Select [2, [a, b]]`, "Template error: Fn::Select  cannot select nonexistent value at index 2")
	f(`!Select [-1, [a, b]]`, "Template error: Fn::Select  cannot select nonexistent value at index -1")
	f(`!Select [3, !Ref Zones]`, "Template error: Fn::Select  cannot select nonexistent value at index 3")
	f(`!If [Prod, a]`, errIf.Message)
	f(`!If [Nobody, a, b]`, "Template error: unresolved condition dependency Nobody in Fn::If")
	f(`!If [!Condition Prod, a, b]`, "Template error: Fn::If requires a list argument with the first element being a condition")
	f(`!If [Prod, !Ref Nobody, b]`, unresolved)
	f(`!If [Dev, !Ref Nobody, b]`, unresolved)
	f(`!If [Prod, !Ref Gone, b]`, "Template format error: Unresolved resource dependencies [Gone] in the Resources block of the template")
	f(`!FindInMap [Sizes, prod]`, errFindInMap.Message)
	f(`!FindInMap [Sizes, prod, Size, {Other: x}]`, errFindInMap.Message)
	f(`!FindInMap [Sizes, [a], Size]`, errFindInMap.Message)
	f(`!FindInMap [None, prod, Size]`, "Template error: Mapping named 'None' is not present in the 'Mappings' section of template.")
	f(`!FindInMap [Sizes, test, Size]`, "Template error: Unable to get mapping for Sizes::test::Size")
	f(`!FindInMap [Sizes, !Ref Stage, Colour]`, "Template error: Unable to get mapping for Sizes::prod::Colour")
	f(`!Base64 [a]`, errBase64.Message)
	f(`!Cidr [10.0.0.0/16, 3]`, errCidr.Message)
	f(`!Cidr [10.0.0.0/16, 300, 8]`, errCidr.Message)
	f(`!Cidr [nothing, 3, 8]`, errCidr.Message)
	f(`!Cidr [10.0.0.0/24, 5, 7]`, "Template error: Fn::Cidr cannot cut 5 blocks of 7 bits from 10.0.0.0/24")
	f("\n        Fn::ImportValue: !Ref Other", errImport.Message)
	f("\n        Fn::ImportValue: !Sub \"${Nobody}-x\"", errImport.Message)
	f("\n        Fn::ImportValue: !Select [0, !GetAZs \"\"]", errImport.Message)
	f("\n        Fn::ImportValue: {\"Fn::ImportValue\": a}", errImport.Message)
	f(`!Equals [a, b]`, "Template error: Fn::Equals cannot be partially collapsed")
	f(`{"Fn::Nothing": a}`, "Template error: Encountered unsupported function: Fn::Nothing Supported functions are: "+supported)
	f(`!Length [a]`, "Template error: Encountered unsupported function: Fn::Length Supported functions are: "+supported)
	f(`!ToJsonString {a: b}`, "Template error: Encountered unsupported function: Fn::ToJsonString Supported functions are: "+supported)
	f(`!Contains [[a], b]`, "Template error: Encountered unsupported function: Fn::Contains Supported functions are: "+supported)
}

func TestStatesFail(t *testing.T) {
	b, err := bind(t, frame+"Resources:\n  R: {Type: A::B::C, Properties: {P: !Ref Other}}"+others, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := errors.New("not there")
	if _, err := b.Properties(context.Background(), "R", known{want}); !errors.Is(err, want) {
		t.Errorf("the states' error comes out as %v", err)
	}
	_, err = b.Properties(context.Background(), "Gone", known{})
	refuses(t, "Gone", err, "Resource Gone does not exist in the template")
}
