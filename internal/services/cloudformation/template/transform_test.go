package template

import (
	"context"
	"strings"
	"testing"
)

const language = "Transform: AWS::LanguageExtensions\n"

func TestLanguageExtensions(t *testing.T) {
	f := func(yaml, want string) {
		t.Helper()
		v, err := property(t, language, yaml, nil)
		if err != nil {
			t.Errorf("%s: %v", yaml, err)
		} else if got := asJSON(t, v); got != want {
			t.Errorf("%s gives %s, not %s", yaml, got, want)
		}
	}
	f(`!Length [a, b]`, `2`)
	f("\n        Fn::Length: !Ref Zones", `3`)
	f("\n        Fn::Length: !Split [\"-\", a-b]", `2`)
	f(`!ToJsonString {b: [1, true, !Ref Name], a: !Ref AWS::NoValue}`, `"{\"b\":[1,true,\"web\"]}"`)
	f(`!ToJsonString [!GetAtt Other.Arn, "<&>"]`, `"[\"Other/Arn\",\"<&>\"]"`)
	f(`!ToJsonString [!GetAtt Other.Later]`, `unknown`)
	f("\n        Ref: !FindInMap [None, a, b, {DefaultValue: Other}]", `"id-Other"`)
	f(`!GetAtt [!Join ["", [Ot, her]], Arn]`, `"Other/Arn"`)
	f(`{"Fn::ForEach::L": [X, [a, b], {"K${X}": !Ref X, "L${X}": !Sub "${X}-${Name}"}], Z: z}`, `{"Ka":"a","Kb":"b","La":"a-web","Lb":"b-web","Z":"z"}`)
	f(`{"Fn::ForEach::L": [X, !Ref Zones, {"K${X}": "${X}"}]}`, `{"Ka":"a","Kb":"b","Kc":"c"}`)
	f(`{"Fn::ForEach::L": [X, [a.b, c/d], {"K&{X}": "${X}"}]}`, `{"Kab":"a.b","Kcd":"c/d"}`)
	f(`{"Fn::ForEach::L": [X, [p, q], {"Fn::ForEach::M": [Y, ["1", "2"], {"${X}${Y}": v}]}]}`, `{"p1":"v","p2":"v","q1":"v","q2":"v"}`)
	f(`{"Fn::ForEach::L": [X, !If [Prod, [a], [b]], {"${X}": v}]}`, `{"a":"v"}`)
}

func TestLoops(t *testing.T) {
	b, err := bind(t, language+`
Parameters: {Names: {Type: CommaDelimitedList, Default: "Red,Blue"}, Policy: {Type: String, Default: Retain}}
Conditions:
  Fn::ForEach::C: [N, !Ref Names, {"Is${N}": !Equals [!Ref N, Red]}]
Resources:
  Fn::ForEach::Topics:
    - N
    - !Ref Names
    - Topic${N}:
        Type: AWS::SNS::Topic
        Condition: Is${N}
        DeletionPolicy: !Ref Policy
        Properties: {TopicName: !Sub "${N}.fifo"}
  Sub:
    Type: AWS::SNS::Subscription
    DependsOn: TopicRed
    Properties: {TopicArn: !GetAtt TopicRed.TopicArn}
Outputs:
  Fn::ForEach::O: [N, [Red], {"Out${N}": {Value: !Ref "Topic${N}"}}]
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Resources()) != 2 || b.Resource("TopicRed").DeletionPolicy != "Retain" {
		t.Errorf("resources are %v", b.Resources())
	}
	p, err := b.Properties(context.Background(), "TopicRed", known{})
	if err != nil || p["TopicName"] != "Red.fifo" {
		t.Errorf("properties are %v, %v", p, err)
	}
	out, err := b.Outputs(context.Background(), known{})
	if err != nil || len(out) != 1 || out[0].Name != "OutRed" || out[0].Value != "id-TopicRed" {
		t.Errorf("outputs are %v, %v", out, err)
	}
	if s := string(b.Processed()); strings.Contains(s, "ForEach") || !strings.Contains(s, "TopicBlue") {
		t.Errorf("processed is %s", s)
	}
}

func TestTransformsRefuse(t *testing.T) {
	f := func(yaml, want string) {
		t.Helper()
		_, err := property(t, language, yaml, nil)
		refuses(t, yaml, err, want)
	}
	f(`{"Fn::ForEach::L": [X, [a]]}`, errLoop.Message)
	f(`{"Fn::ForEach::L": [X, a, {}]}`, errLoop.Message)
	f(`{"Fn::ForEach::L": [X, !Ref Name, {}]}`, errLoop.Message)
	f(`{"Fn::ForEach::L": [[X], [a], {}]}`, errLoop.Message)
	f(`{"Fn::ForEach::L": [X, [[[a]]], {}]}`, errLoop.Message)
	f(`{"Fn::ForEach::L": [X, !Ref Other, {}]}`, extensionsFailed+"Fn::ForEach could not resolve its collection: it must not depend on any resources")
	f(`{"Fn::ForEach::L": [X, [a, b], {K: v}]}`, extensionsFailed+"Fn::ForEach writes the key K again")
	f(`{"Fn::ForEach::L": [X, [a, b], {"${X}": !Ref Nobody}]}`, "Template format error: Unresolved resource dependencies [Nobody] in the Resources block of the template")
	f(`!Length a`, extensionsFailed+"Fn::Length layout is incorrect")
	f("\n        Fn::Length: !Ref Name", extensionsFailed+"Fn::Length layout is incorrect")
	f(`!ToJsonString a`, extensionsFailed+"Fn::ToJsonString layout is incorrect")
	deep := `{"K": v}`
	for _, x := range "abcdef" {
		deep = `{"Fn::ForEach::L": [X` + string(x) + `, [a], ` + deep + `]}`
	}
	f(deep, extensionsFailed+"Fn::ForEach may be nested at most 5 times")
	// Bombs
	ten := "[" + strings.Repeat("\"${A}${B}${C}${D}${E}${F}\",", 9) + "x]"
	bomb := `{"K${A}${B}${C}${D}${E}": ` + ten + `}`
	var names []string
	for i := range 60 {
		names = append(names, "n"+strings.Repeat("x", i))
	}
	for _, x := range "ABCDE" {
		bomb = `{"Fn::ForEach::L` + string(x) + `": [` + string(x) + `, [` + strings.Join(names, ",") + `], ` + bomb + `]}`
	}
	f(bomb, extensionsFailed+"Template may not exceed 1048576 bytes in size.")

	laugh := `!Sub "` + strings.Repeat("${Name}", 9) + `"`
	for range 20 {
		laugh = `{"Fn::Sub": ["` + strings.Repeat("${a}", 9) + `", {a: ` + strings.Replace(laugh, "!Sub ", "", 1) + `}]}`
	}
	f(laugh, "Template error: the template's values are too large")
}

func TestInclude(t *testing.T) {
	b, err := bind(t, "Parameters: {B: {Type: String, Default: b}}\nResources:\n  R:\n    Type: AWS::SQS::Queue\n    Properties:\n      FifoQueue: true\n"+
		"      Fn::Transform: {Name: AWS::Include, Parameters: {Location: !Sub \"s3://${B}/properties.yaml\"}}\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Properties(context.Background(), "R", known{})
	if got := asJSON(t, p); err != nil || got != `{"DelaySeconds":3,"FifoQueue":true,"QueueName":"included"}` {
		t.Errorf("properties are %s, %v", got, err)
	}
	_, err = bind(t, "Resources: {R: {Type: A::B::C, Properties: {\"Fn::Transform\": {Name: AWS::Include, Parameters: {Location: \"s3://b/x\"}}}}}", nil)
	if err == nil || err.Error() != "S3 bucket [b] does not exist." {
		t.Errorf("a missing part gives %v", err)
	}
	_, err = bind(t, "Resources: {R: {Type: A::B::C, Properties: {\"Fn::Transform\": {Name: AWS::Include, Parameters: {Location: [x]}}}}}", nil)
	refuses(t, "a list", err, includeFailed+"The location parameter is not a valid S3 uri.")
}
