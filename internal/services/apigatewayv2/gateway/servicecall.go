package gateway

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/expression"
)

// serviceCall is an integration with an AWS service.
type serviceCall struct {
	*subtype
	values map[string]expression.Template
}

// subtype is what may be called, with the names of its parameters.
type subtype struct {
	service, target, action string
	required, optional      []string
}

// subtypes are those of HTTP APIs.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services-reference.html
var subtypes = map[string]*subtype{
	"EventBridge-PutEvents": {"events", "AWSEvents", "PutEvents", []string{"Detail", "DetailType", "Source"}, []string{"Time", "EventBusName", "Resources", "TraceHeader"}},
	"SQS-SendMessage": {"sqs", "AmazonSQS", "SendMessage", []string{"QueueUrl", "MessageBody"},
		[]string{"DelaySeconds", "MessageAttributes", "MessageDeduplicationId", "MessageGroupId", "MessageSystemAttributes"}},
	"SQS-ReceiveMessage": {"sqs", "AmazonSQS", "ReceiveMessage", []string{"QueueUrl"},
		[]string{"AttributeNames", "MaxNumberOfMessages", "MessageAttributeNames", "ReceiveRequestAttemptId", "VisibilityTimeout", "WaitTimeSeconds"}},
	"SQS-DeleteMessage": {"sqs", "AmazonSQS", "DeleteMessage", []string{"QueueUrl", "ReceiptHandle"}, nil},
	"SQS-PurgeQueue":    {"sqs", "AmazonSQS", "PurgeQueue", []string{"QueueUrl"}, nil},
}

// notYet are subtypes whose services Atelier has not.
var notYet = []string{"AppConfig-GetConfiguration", "Kinesis-PutRecord", "StepFunctions-StartExecution", "StepFunctions-StartSyncExecution", "StepFunctions-StopExecution"}

func compileCall(name string, parameters map[string]string) (*serviceCall, error) {
	t := subtypes[name]
	if t == nil {
		if slices.Contains(notYet, name) {
			return nil, fmt.Errorf("integrations of subtype %s are not implemented by Atelier", name)
		}
		return nil, fmt.Errorf("invalid integration subtype %s", name)
	}
	c := &serviceCall{t, map[string]expression.Template{}}
	for _, p := range t.required {
		if parameters[p] == "" {
			return nil, fmt.Errorf("parameter %s is required for the integration subtype %s", p, name)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(parameters)) {
		if p != "Region" && !slices.Contains(t.required, p) && !slices.Contains(t.optional, p) {
			return nil, fmt.Errorf("parameter %s does not fit the integration subtype %s", p, name)
		}
		v, err := expression.Parse(parameters[p], "request", "context", "stageVariables")
		if err != nil {
			return nil, fmt.Errorf("%w: %s", errParameter, parameters[p])
		}
		c.values[p] = v
	}
	if strings.Contains(parameters["Region"], "$") {
		return nil, errors.New("the region of an integration is constant")
	}
	return c, nil
}
