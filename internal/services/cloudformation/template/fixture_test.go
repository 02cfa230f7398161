package template

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// known are states as a stack has them: an ID and an attribute are made of the names.
type known struct{ fail error }

func (k known) Ref(_ context.Context, id string) (any, error) { return "id-" + id, k.fail }

func (k known) GetAtt(_ context.Context, id, attribute string) (any, error) {
	switch attribute {
	case "List":
		return []any{"x", "y"}, nil
	case "Later":
		return Unknown{}, nil
	}
	return id + "/" + attribute, k.fail
}

func (k known) Import(_ context.Context, name string) (any, error) { return "import-" + name, k.fail }

func (k known) Dynamic(_ context.Context, d Dynamic) (string, error) {
	return "<" + d.Service + "|" + d.Reference + ">", k.fail
}

func env() Env {
	return Env{Account: "111122223333", Region: "eu-west-1", StackID: "arn:aws:cloudformation:eu-west-1:111122223333:stack/s/1", StackName: "s",
		NotificationARNs: []string{"arn:a", "arn:b"},
		SSM: func(_ context.Context, name string) (string, error) {
			switch name {
			case "/list":
				return "p, q", nil
			case "/none":
				return "", ErrNoParameter
			}
			return "held-" + name, nil
		},
		Include: func(_ context.Context, location string) ([]byte, error) {
			if location == "s3://b/properties.yaml" {
				return []byte("QueueName: included\nDelaySeconds: 3\n"), nil
			}
			return nil, errors.New("S3 bucket [b] does not exist.")
		}}
}

// frame has what most cases refer to.
const frame = `
Parameters:
  Name: {Type: String, Default: web}
  Count: {Type: Number, Default: 3}
  Zones: {Type: CommaDelimitedList, Default: "a, b ,c"}
  Ports: {Type: List<Number>, Default: "80,443"}
  Stage: {Type: String, Default: prod, AllowedValues: [prod, dev]}
  Held: {Type: "AWS::SSM::Parameter::Value<String>", Default: /one}
  HeldList: {Type: "AWS::SSM::Parameter::Value<List<String>>", Default: /list}
Mappings:
  Sizes:
    prod: {Size: large, Many: [m, n]}
    dev: {Size: small, Many: [o]}
  Names: {eu-west-1: {Stage: prod}}
Conditions:
  Prod: !Equals [!Ref Stage, prod]
  Dev: !Not [!Condition Prod]
  Both: !And [!Condition Prod, !Equals [!Ref Count, 3]]
  Either: !Or [!Condition Dev, !Equals [!Ref "AWS::Region", eu-west-1]]
  Never: !And [!Condition Prod, !Condition Dev]
`

const others = `
  Other: {Type: "AWS::SNS::Topic"}
  Gone: {Type: "AWS::SNS::Topic", Condition: Never}
`

func bind(t *testing.T, body string, given map[string]string) (*Bound, error) {
	t.Helper()
	parsed, err := Parse([]byte(body))
	if err != nil {
		return nil, err
	}
	return parsed.Bind(context.Background(), given, env())
}

// property binds a template whose resource R has the property P, and resolves it.
func property(t *testing.T, head, yaml string, given map[string]string) (any, error) {
	t.Helper()
	b, err := bind(t, head+frame+"Resources:\n  R:\n    Type: AWS::SQS::Queue\n    Properties:\n      P: "+yaml+others, given)
	if err != nil {
		return nil, err
	}
	p, err := b.Properties(context.Background(), "R", known{})
	return p["P"], err
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	if v == (Unknown{}) {
		return "unknown"
	}
	b, err := jsonText(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// refuses wants an *Error with just these words.
func refuses(t *testing.T, what string, err error, want string) {
	t.Helper()
	var said *Error
	if !errors.As(err, &said) || said.Message != want {
		t.Errorf("%s\ngives %v\nnot   %s", strings.TrimSpace(what), err, want)
	}
}

func sameJSON(t *testing.T, got []byte, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("got %s, not %s", got, want)
	}
}
