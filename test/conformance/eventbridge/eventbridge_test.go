// Package eventbridge_test drives EventBridge with the Go SDK and boto3.
package eventbridge_test

import (
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func TestPython(t *testing.T) {
	s := harness.Start(t)
	harness.Tell(t, harness.Must(s.Admin(t.Context()))(t), "events.py")
}

// TestAcrossAccounts sends an event from one account's bus to another's, first without and then with permission.
func TestAcrossAccounts(t *testing.T) {
	ctx := t.Context()
	s := harness.Start(t)
	from, to := harness.Must(s.Account(ctx, "producer"))(t), harness.Must(s.Account(ctx, "consumer"))(t)
	sender, taker := eventbridge.NewFromConfig(from.Config()), eventbridge.NewFromConfig(to.Config())
	queues := sqs.NewFromConfig(to.Config())
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	arn := "arn:aws:sqs:" + harness.Region + ":" + to.Account + ":q"
	q, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("q"), Attributes: map[string]string{"Policy": `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + arn + `"}]}`}})
	must(err)
	_, err = taker.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("in"), EventPattern: aws.String(`{"account":["` + from.Account + `"]}`)})
	must(err)
	_, err = taker.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("in"), Targets: []types.Target{{Id: aws.String("q"), Arn: &arn}}})
	must(err)
	bus := "arn:aws:events:" + harness.Region + ":" + to.Account + ":event-bus/default"
	put := func(name string) error {
		_, err := sender.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{EventBusName: &name, Source: aws.String("shop"),
			DetailType: aws.String("t"), Detail: aws.String(`{}`)}}})
		return err
	}
	if err := put(bus); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("without permission: %v", err)
	}
	_, err = taker.PutPermission(ctx, &eventbridge.PutPermissionInput{Action: aws.String("events:PutEvents"), Principal: &from.Account, StatementId: aws.String("s")})
	must(err)
	must(put(bus))
	_, err = sender.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("out"), EventPattern: aws.String(`{"source":["shop"]}`)})
	must(err)
	_, err = sender.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("out"), Targets: []types.Target{{Id: aws.String("b"), Arn: &bus}}})
	must(err)
	must(put("default"))
	for range 2 {
		out, err := queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: q.QueueUrl, WaitTimeSeconds: 15})
		must(err)
		if len(out.Messages) != 1 || !strings.Contains(*out.Messages[0].Body, `"account":"`+from.Account+`"`) {
			t.Fatalf("got %+v", out.Messages)
		}
	}
}
