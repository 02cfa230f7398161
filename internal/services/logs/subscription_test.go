package logs_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// functions is as much of Lambda as subscriptions need: it takes calls of one function, as its policy says.
type functions struct {
	mu     sync.Mutex
	policy string
	got    []string
}

func (*functions) Name() string { return "lambda" }

func (l *functions) Ops() wire.Ops {
	return wire.Ops{wire.Op(l.invoke, wire.On(func(_ context.Context, in *lambda.InvokeInput) ([]wire.Target, error) {
		p, err := authz.ParseResource([]byte(l.policy))
		return []wire.Target{{Action: "lambda:InvokeFunction", Resource: *in.FunctionName, Policy: p}}, err
	}))}
}

func (l *functions) invoke(_ context.Context, in *lambda.InvokeInput) (*lambda.InvokeOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if in.InvocationType == lambdatypes.InvocationTypeEvent {
		l.got = append(l.got, string(in.Payload))
	}
	return &lambda.InvokeOutput{StatusCode: 202}, nil
}

// TestSubscription sends what matches to a function that lets CloudWatch Logs call it.
func TestSubscription(t *testing.T) {
	l := &functions{}
	f := open(t, l)
	f.group("g", "s")
	function := "arn:aws:lambda:us-east-1:" + f.root.Account + ":function:f"
	allow := func(service string) {
		l.policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"lambda:InvokeFunction","Resource":"` + function +
			`","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:logs:us-east-1:` + f.root.Account + `:log-group:g:*"},"StringEquals":{"aws:SourceAccount":"` + f.root.Account + `"}}}]}`
	}
	subscribe := func(name, destination string) error {
		_, err := f.PutSubscriptionFilter(f.ctx, &cloudwatchlogs.PutSubscriptionFilterInput{LogGroupName: str("g"), FilterName: &name, FilterPattern: str("ERROR"), DestinationArn: &destination})
		return err
	}
	allow("s3.amazonaws.com")
	f.fails(subscribe("errors", function), "InvalidParameterException")
	allow("logs.amazonaws.com")
	f.ok(subscribe("errors", function))
	allow("logs.us-east-1.amazonaws.com")
	f.ok(subscribe("errors", function))
	f.fails(subscribe("stream", "arn:aws:kinesis:us-east-1:"+f.root.Account+":stream/s"), "InvalidParameterException")
	f.put("g", "s", "ERROR one", "fine", "ERROR two")
	f.soon("call", func() bool { l.mu.Lock(); defer l.mu.Unlock(); return len(l.got) == 1 })
	var outer struct{ Awslogs struct{ Data string } }
	f.ok(json.Unmarshal([]byte(l.got[0]), &outer))
	b, err := base64.StdEncoding.DecodeString(outer.Awslogs.Data)
	f.ok(err)
	z, err := gzip.NewReader(bytes.NewReader(b))
	f.ok(err)
	b, err = io.ReadAll(z)
	f.ok(err)
	var inner struct {
		MessageType, Owner, LogGroup, LogStream string
		SubscriptionFilters                     []string
		LogEvents                               []struct {
			ID, Message string
			Timestamp   int64
		}
	}
	f.ok(json.Unmarshal(b, &inner))
	f.same(strings.Join([]string{inner.MessageType, inner.Owner, inner.LogGroup, inner.LogStream, inner.SubscriptionFilters[0], inner.LogEvents[0].Message, inner.LogEvents[1].Message}, " "),
		"DATA_MESSAGE "+f.root.Account+" g s errors ERROR one ERROR two")
	if len(inner.LogEvents) != 2 || len(inner.LogEvents[0].ID) != 56 {
		t.Errorf("got %+v", inner.LogEvents)
	}
	list, err := f.DescribeSubscriptionFilters(f.ctx, &cloudwatchlogs.DescribeSubscriptionFiltersInput{LogGroupName: str("g")})
	f.ok(err)
	if len(list.SubscriptionFilters) != 1 || *list.SubscriptionFilters[0].DestinationArn != function {
		t.Errorf("got %+v", list.SubscriptionFilters)
	}
	_, err = f.DeleteSubscriptionFilter(f.ctx, &cloudwatchlogs.DeleteSubscriptionFilterInput{LogGroupName: str("g"), FilterName: str("errors")})
	f.ok(err)
	f.put("g", "s", "ERROR three")
	_, err = f.DeleteSubscriptionFilter(f.ctx, &cloudwatchlogs.DeleteSubscriptionFilterInput{LogGroupName: str("g"), FilterName: str("errors")})
	f.fails(err, "ResourceNotFoundException")
	if len(l.got) != 1 {
		t.Errorf("got %d calls", len(l.got))
	}
}
