package cloudwatch_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// functions stands where Lambda is: it tells what it was invoked with, and by whom.
type functions struct{ invoked chan invocation }

type invocation struct {
	by, source string
	event      map[string]any
}

func (functions) Name() string { return "lambda" }

func (f functions) Ops() wire.Ops {
	return wire.Ops{wire.Op(f.Invoke, wire.On(func(_ context.Context, in *lambda.InvokeInput) ([]wire.Target, error) {
		may, err := authz.ParseResource([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.alarms.cloudwatch.amazonaws.com"},
			"Action":"lambda:InvokeFunction","Resource":"*"}]}`))
		return []wire.Target{{Action: "lambda:InvokeFunction", Resource: *in.FunctionName, Policy: may}}, err
	}))}
}

func (f functions) Invoke(ctx context.Context, in *lambda.InvokeInput) (*lambda.InvokeOutput, error) {
	p := wire.CallOf(ctx).Principal
	i := invocation{by: p.Name, source: strings.Join(p.Context["aws:SourceArn"], " ")}
	if err := json.Unmarshal(in.Payload, &i.event); err != nil {
		return nil, err
	}
	f.invoked <- i
	return &lambda.InvokeOutput{StatusCode: 202}, nil
}

// TestFunction invokes a function in CloudWatch's name.
func TestFunction(t *testing.T) {
	f := open(t)
	function := "arn:aws:lambda:us-east-1:" + f.account + ":function:f"
	_, err := f.PutMetricAlarm(f.ctx, above("a", function))
	f.ok(err)
	_, err = f.SetAlarmState(f.ctx, &cloudwatch.SetAlarmStateInput{AlarmName: str("a"), StateValue: "ALARM", StateReason: str("set"), StateReasonData: str(`{"x":1}`)})
	f.ok(err)
	i := <-f.functions.invoked
	alarm := "arn:aws:cloudwatch:us-east-1:" + f.account + ":alarm:a"
	data, _ := i.event["alarmData"].(map[string]any)
	state, _ := data["state"].(map[string]any)
	if i.by != "lambda.alarms.cloudwatch.amazonaws.com" || i.source != alarm || i.event["source"] != "aws.cloudwatch" || i.event["alarmArn"] != alarm ||
		data["alarmName"] != "a" || state["value"] != "ALARM" || state["reasonData"] != `{"x":1}` {
		t.Errorf("invoked %+v", i)
	}
}
