package lambda_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// TestLanguages has the same function do the same in three languages.
func TestLanguages(t *testing.T) {
	f := open(t)
	for _, l := range []language{inGo(), inPython(), inNode()} {
		name := "in-" + l.name
		made := f.create(name, l, func(in *lambda.CreateFunctionInput) {
			in.Environment = &types.Environment{Variables: map[string]string{"COLOUR": "blue"}}
		})
		if made.State != types.StatePending || *made.Version != "$LATEST" {
			t.Errorf("%s: made as %s %s", name, made.State, *made.Version)
		}
		answers := func(do, text, want string) {
			t.Helper()
			out := f.call(name, do, text)
			if string(out.Payload) != want || out.StatusCode != 200 || out.FunctionError != nil || *out.ExecutedVersion != "$LATEST" {
				t.Errorf("%s: %s %s: %s %v, want %s", name, do, text, out.Payload, aws.ToString(out.FunctionError), want)
			}
			log, err := base64.StdEncoding.DecodeString(*out.LogResult)
			if err != nil || !strings.Contains(string(log), "doing "+do) || !strings.Contains(string(log), "REPORT RequestId: ") {
				t.Errorf("%s: logged %q %v", name, log, err)
			}
		}
		answers("env", "COLOUR", `"blue"`)
		answers("env", "AWS_LAMBDA_FUNCTION_NAME", `"`+name+`"`)
		out := f.call(name, "echo", "ä\n")
		var echo struct{ Text string }
		if err := json.Unmarshal(out.Payload, &echo); err != nil || echo.Text != "ä\n" {
			t.Errorf("%s: echo %s", name, out.Payload)
		}
		var where struct{ ARN, Version, Name string }
		if err := json.Unmarshal(f.call(*made.FunctionArn+":$LATEST", "context", "").Payload, &where); err != nil ||
			where.ARN != *made.FunctionArn+":$LATEST" || where.Version != "$LATEST" || where.Name != name {
			t.Errorf("%s: context %+v %v", name, where, err)
		}
		var failed struct{ ErrorMessage, ErrorType string }
		out = f.call(name, "fail", "on purpose")
		if err := json.Unmarshal(out.Payload, &failed); err != nil || aws.ToString(out.FunctionError) != "Unhandled" || failed.ErrorMessage != "on purpose" {
			t.Errorf("%s: failure %s", name, out.Payload)
		}
		out = f.call(name, "exit", "")
		if err := json.Unmarshal(out.Payload, &failed); err != nil || aws.ToString(out.FunctionError) != "Unhandled" || !strings.Contains(string(out.Payload), "exit") {
			t.Errorf("%s: exit %s", name, out.Payload)
		}
		answers("env", "COLOUR", `"blue"`)
		if l.name == "mjs" {
			continue
		}
		if out := f.call(name, "who", ""); !strings.HasSuffix(string(out.Payload), ":assumed-role/function/"+name+`"`) {
			t.Errorf("%s: calls as %s", name, out.Payload)
		}
	}
}
