package schema_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/services/cloudformation/schema"
	"github.com/atelier-studio/atelier/internal/services/cloudformation/template"
)

func of(t *testing.T, typ string) *schema.Schema {
	t.Helper()
	s, ok := schema.Of(typ)
	if !ok {
		t.Fatalf("%s has no schema", typ)
	}
	return s
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEverySchema(t *testing.T) {
	types := schema.Types()
	if len(types) < 100 {
		t.Fatalf("there are %d types only", len(types))
	}
	for _, typ := range types {
		s := of(t, typ)
		_ = s.Check("R", map[string]any{}) // it is decoded, and no reference in it leads nowhere
		_ = s.MergeTags(nil, map[string]string{"a": "b"})
	}
	if _, ok := schema.Of("AWS::Nothing::AtAll"); ok {
		t.Error("a type that nobody knows has a schema")
	}
}

func TestCheck(t *testing.T) {
	f := func(typ, properties string, want ...string) {
		t.Helper()
		err := of(t, typ).Check("R", object(t, properties))
		if len(want) == 0 {
			if err != nil {
				t.Errorf("%s %s: %v", typ, properties, err)
			}
			return
		}
		whole := "Properties validation failed for resource R with message:\n" + strings.Join(want, "\n")
		if err == nil || err.Error() != whole {
			t.Errorf("%s %s gives\n%v\nnot\n%s", typ, properties, err, whole)
		}
	}
	f("AWS::SQS::Queue", `{}`)
	f("AWS::SQS::Queue", `{"DelaySeconds": "5", "FifoQueue": "true", "Tags": [{"Key": "a", "Value": "b"}]}`)
	f("AWS::SQS::Queue", `{"RedrivePolicy": {"maxReceiveCount": 3}}`)
	f("AWS::SQS::Queue", `{"DelaySeconds": 901}`, "#/DelaySeconds: failed validation constraint for keyword [maximum]")
	f("AWS::SQS::Queue", `{"DelaySeconds": "soon"}`, "#/DelaySeconds: expected type: Integer, found: String")
	f("AWS::SQS::Queue", `{"DelaySeconds": 1.5}`, "#/DelaySeconds: expected type: Integer, found: Number")
	f("AWS::SQS::Queue", `{"QueueName": ["a"]}`, "#/QueueName: expected type: String, found: JSONArray")
	f("AWS::SQS::Queue", `{"Colour": "red"}`, "#: extraneous key [Colour] is not permitted")
	f("AWS::SQS::Queue", `{"Arn": "x"}`, "#: extraneous key [Arn] is not permitted")
	f("AWS::SQS::Queue", `{"Tags": [{"Key": "a"}]}`, "#/Tags/0: required key [Value] not found")
	f("AWS::SQS::Queue", `{"Tags": {"a": "b"}}`, "#/Tags: expected type: JSONArray, found: JSONObject")
	f("AWS::IAM::Role", `{"AssumeRolePolicyDocument": {"Statement": []}}`)
	f("AWS::IAM::Role", `{"AssumeRolePolicyDocument": "{}"}`)
	f("AWS::IAM::Role", `{}`, "#: required key [AssumeRolePolicyDocument] not found")
	f("AWS::S3::Bucket", `{"VersioningConfiguration": {"Status": "On"}}`, "#/VersioningConfiguration/Status: failed validation constraint for keyword [enum]")
	f("AWS::S3::Bucket", `{"VersioningConfiguration": "Enabled"}`, "#/VersioningConfiguration: expected type: JSONObject, found: String")
	f("AWS::Lambda::Function", `{"Code": {"ZipFile": "x"}, "Role": "arn:aws:iam::000000000000:role/r", "Timeout": 0}`,
		"#/Timeout: failed validation constraint for keyword [minimum]")
	f("AWS::Lambda::Function", `{"Role": "r"}`, "#: required key [Code] not found", "#/Role: failed validation constraint for keyword [pattern]")
	f("AWS::Events::Rule", `{"Name": "r"}`, "#: one of the keys [EventPattern, ScheduleExpression] is required")
	f("AWS::IAM::Policy", `{"PolicyName": "p", "PolicyDocument": {}}`, "#: #: no subschema matched out of the total 3 subschemas")
	f("Custom::Thing", `{"ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:f", "Whatever": {"a": [1]}}`)
	f("Custom::Thing", `{"Whatever": 1}`, "#: required key [ServiceToken] not found")
}

func TestCheckLeavesWhatIsNotKnown(t *testing.T) {
	if err := of(t, "AWS::IAM::Role").Check("R", map[string]any{"AssumeRolePolicyDocument": template.Unknown{}, "RoleName": "{{resolve:ssm:/name}}"}); err != nil {
		t.Error(err)
	}
}

func TestReplaces(t *testing.T) {
	f := func(typ, old, now string, want ...string) {
		t.Helper()
		if got := of(t, typ).Replaces(object(t, old), object(t, now)); !slices.Equal(got, want) {
			t.Errorf("%s from %s to %s: %q, not %q", typ, old, now, got, want)
		}
	}
	f("AWS::SQS::Queue", `{"QueueName": "a"}`, `{"QueueName": "b", "DelaySeconds": 1}`, "QueueName")
	f("AWS::SQS::Queue", `{"QueueName": "5"}`, `{"QueueName": 5}`)
	f("AWS::SQS::Queue", `{}`, `{"FifoQueue": true}`, "FifoQueue")
	f("AWS::Glue::Table", `{"TableInput": {"Name": "a", "Owner": "x"}}`, `{"TableInput": {"Name": "b", "Owner": "y"}}`, "TableInput/Name")
	f("AWS::Glue::Table", `{"TableInput": {"Name": "a", "Owner": "x"}}`, `{"TableInput": {"Name": "a", "Owner": "y"}}`)
	s := of(t, "AWS::SQS::Queue")
	if got := s.Replaces(map[string]any{"QueueName": "a"}, map[string]any{"QueueName": template.Unknown{}}); !slices.Equal(got, []string{"QueueName"}) {
		t.Errorf("a name that is not known yet: %q", got)
	}
	if got := s.Changed(map[string]any{"A": "1", "B": "1"}, map[string]any{"B": json.Number("1"), "C": "1"}); !slices.Equal(got, []string{"A", "C"}) {
		t.Errorf("changed are %q", got)
	}
}

func TestAttributes(t *testing.T) {
	f := func(typ, name string, want bool) {
		t.Helper()
		if got := of(t, typ).HasAttribute(name); got != want {
			t.Errorf("%s has %s: %v", typ, name, got)
		}
	}
	f("AWS::SQS::Queue", "Arn", true)
	f("AWS::SQS::Queue", "QueueName", true)
	f("AWS::SQS::Queue", "Colour", false)
	f("AWS::SageMaker::Model", "ModelName", true)
	f("AWS::IAM::Role", "RoleName", false)
	f("AWS::CloudFormation::Stack", "Outputs.X", true)
	f("Custom::Thing", "Anything", true)
}

func TestMergeTags(t *testing.T) {
	f := func(typ, properties, want string) {
		t.Helper()
		got := of(t, typ).MergeTags(object(t, properties), map[string]string{"team": "a", "cost": "b"})
		if !reflect.DeepEqual(got, object(t, want)) {
			t.Errorf("%s %s gives %v", typ, properties, got)
		}
	}
	f("AWS::SQS::Queue", `{"DelaySeconds": 1}`, `{"DelaySeconds": 1, "Tags": [{"Key": "cost", "Value": "b"}, {"Key": "team", "Value": "a"}]}`)
	f("AWS::SQS::Queue", `{"Tags": [{"Key": "team", "Value": "own"}]}`, `{"Tags": [{"Key": "team", "Value": "own"}, {"Key": "cost", "Value": "b"}]}`)
	f("AWS::SSM::Parameter", `{"Tags": {"team": "own"}}`, `{"Tags": {"team": "own", "cost": "b"}}`)
	f("AWS::IAM::Policy", `{"PolicyName": "p"}`, `{"PolicyName": "p"}`)
}
