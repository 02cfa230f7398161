package eventbridge

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

const sampleEvent = `{"source":"shop","detail":{"n":1,"s":"a\"b","o":{"x":[1,"y"]},"list":["p","q"]}}`

func TestTransform(t *testing.T) {
	f := func(template, want string) {
		t.Helper()
		x := &types.InputTransformer{InputPathsMap: map[string]string{"n": "$.detail.n", "s": "$.detail.s", "o": "$.detail.o", "none": "$.nothing",
			"second": "$.detail.list[1]", "named": "$['detail']['o']"}, InputTemplate: &template}
		if err := checkTransformer(x); err != nil {
			t.Fatalf("%s: %v", template, err)
		}
		got := input(types.Target{InputTransformer: x}, []byte(sampleEvent), reserved{"arn:r", "r", "2026"})
		if got != want {
			t.Errorf("%s: got %s, want %s", template, got, want)
		}
	}
	f(`"n is <n>"`, `"n is 1"`)
	f(`{"s":<s>,"o":<o>}`, `{"s":"a\"b","o":{"x":[1,"y"]}}`)
	f(`{"s":"it is <s>","o":"<o>"}`, `{"s":"it is a\"b","o":"{\"x\":[1,\"y\"]}"}`)
	f(`{"a":<none>,"b":"<none>"}`, `{"a":"","b":""}`)
	f(`<second> <named>`, `"q" {"x":[1,"y"]}`)
	f(`<aws.events.rule-name> "<aws.events.rule-arn>"`, `"r" "arn:r"`)
	f(`{"e":<aws.events.event>}`, `{"e":`+sampleEvent+`}`)
	f(`1 \< 2`, `1 < 2`)
	if err := checkTransformer(&types.InputTransformer{InputTemplate: aws.String("<who>")}); err == nil {
		t.Error("a variable that nobody knows was taken")
	}
}

func FuzzTransform(f *testing.F) {
	for _, s := range []string{`"<a>"`, `<a`, `{"x":"\<a>"}`, `<>`, `"<b>`} {
		f.Add(s, "$.detail.o.x[0]")
	}
	f.Fuzz(func(t *testing.T, template, path string) {
		x := &types.InputTransformer{InputPathsMap: map[string]string{"a": path, "b": "$.detail.s"}, InputTemplate: &template}
		if checkTransformer(x) != nil {
			return
		}
		input(types.Target{InputTransformer: x}, []byte(sampleEvent), reserved{})
		if v, ok := at([]byte(sampleEvent), path); ok && !json.Valid(v) {
			t.Errorf("%s gives %s", path, v)
		}
	})
}
