package apigatewayv2

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// deliveryPolicy is the resource policy that lets access logs into their groups.
const deliveryPolicy = "AWSLogDeliveryWrite20150319"

type policyDocument struct {
	Version   string
	Statement []policyStatement
}

type policyStatement struct {
	Sid       string
	Effect    string
	Principal map[string]string
	Action    []string
	Resource  []string
	Condition map[string]map[string]string
}

// permitLogs lets API Gateway write into the log group of a stage's settings, by a policy that is made in the caller's name: with no
// more right than the caller has.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
func (s *Service) permitLogs(ctx context.Context, settings *types.AccessLogSettings) error {
	call := wire.CallOf(ctx)
	if settings == nil {
		return nil
	}
	a, err := arn.Parse(aws.ToString(settings.DestinationArn))
	if err != nil || a.Service != "logs" {
		return nil // it will be refused, in better words
	}
	if a.Account != call.Account() || a.Region != call.Region {
		return invalid("The log group of access logs must be of the API's account and region")
	}
	client := cloudwatchlogs.NewFromConfig(s.Clients.Configure(call.Principal, call.Region))
	list, err := client.DescribeResourcePolicies(ctx, &cloudwatchlogs.DescribeResourcePoliciesInput{})
	if err != nil {
		return invalid("Insufficient permissions to enable logging: %v", err)
	}
	group := strings.TrimSuffix(a.String(), ":*") + ":log-stream:*"
	d := policyDocument{Version: "2012-10-17"}
	for _, p := range list.ResourcePolicies {
		if aws.ToString(p.PolicyName) != deliveryPolicy {
			continue
		}
		if err := json.Unmarshal([]byte(aws.ToString(p.PolicyDocument)), &d); err != nil || len(d.Statement) != 1 {
			return invalid("The resource policy %s of CloudWatch Logs is not as it was made; delete it", deliveryPolicy)
		}
	}
	if len(d.Statement) == 0 {
		d.Statement = []policyStatement{{Sid: "AWSLogDeliveryWrite", Effect: "Allow", Principal: map[string]string{"Service": "delivery.logs.amazonaws.com"},
			Action:    []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			Condition: map[string]map[string]string{"StringEquals": {"aws:SourceAccount": a.Account}}}}
	}
	if slices.Contains(d.Statement[0].Resource, group) {
		return nil
	}
	d.Statement[0].Resource = append(d.Statement[0].Resource, group)
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if _, err := client.PutResourcePolicy(ctx, &cloudwatchlogs.PutResourcePolicyInput{PolicyName: aws.String(deliveryPolicy), PolicyDocument: aws.String(string(b))}); err != nil {
		return invalid("Insufficient permissions to enable logging: %v", err)
	}
	return nil
}
