package eventbridge

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Events.html
func (s *Service) Stack() []resource.Type {
	archive := resource.Plain{Name: "AWS::Events::Archive", NameProperty: "ArchiveName", NameMax: 48, Attributes: map[string]string{"Arn": "ArchiveArn"},
		Form: func(p map[string]any) map[string]any {
			return resource.Renamed(p, "SourceArn", "EventSourceArn")
		},
		Reset:  map[string]any{"Description": "", "EventPattern": "", "RetentionDays": 0},
		Create: do((*eventbridge.Client).CreateArchive), Get: do((*eventbridge.Client).DescribeArchive), Update: do((*eventbridge.Client).UpdateArchive),
		Delete: do((*eventbridge.Client).DeleteArchive)}
	connection := resource.Plain{Name: "AWS::Events::Connection", NameProperty: "Name", Attributes: map[string]string{"Arn": "ConnectionArn", "ArnForPolicy": "ConnectionArn",
		"SecretArn": "SecretArn"}, Reset: map[string]any{"Description": ""}, Untold: []string{"AuthParameters"},
		Create: do((*eventbridge.Client).CreateConnection), Get: do((*eventbridge.Client).DescribeConnection), Update: do((*eventbridge.Client).UpdateConnection),
		Delete: do((*eventbridge.Client).DeleteConnection)}
	destination := resource.Plain{Name: "AWS::Events::ApiDestination", NameProperty: "Name", Attributes: map[string]string{"Arn": "ApiDestinationArn", "ArnForPolicy": "ApiDestinationArn"},
		Reset:  map[string]any{"Description": "", "InvocationRateLimitPerSecond": 300},
		Create: do((*eventbridge.Client).CreateApiDestination), Get: do((*eventbridge.Client).DescribeApiDestination), Update: do((*eventbridge.Client).UpdateApiDestination),
		Delete: do((*eventbridge.Client).DeleteApiDestination)}
	bus := resource.Plain{Name: "AWS::Events::EventBus", NameProperty: "Name", NameMax: 256, Attributes: map[string]string{"Arn": "Arn", "Name": "Name", "Policy": "Policy"},
		Apart: []string{"Policy"}, Reset: map[string]any{"Description": "", "DeadLetterConfig": map[string]any{}},
		Create: do((*eventbridge.Client).CreateEventBus), Get: do((*eventbridge.Client).DescribeEventBus), Update: do((*eventbridge.Client).UpdateEventBus),
		Delete: do((*eventbridge.Client).DeleteEventBus), Retag: func(ctx context.Context, r resource.Request, set map[string]string, remove []string) error {
			return retagged(ctx, r, "event-bus/"+r.ID, set, remove)
		}}.Type()
	bus.Ready = busReady
	return resource.Types(destination.Type(), archive.Type(), connection.Type(), bus,
		resource.Type{Name: "AWS::Events::EventBusPolicy", Identify: busPolicyID, Create: putBusPolicy, Update: putBusPolicy, Delete: deleteBusPolicy, Read: readBusPolicy},
		resource.Type{Name: "AWS::Events::Rule", NameProperty: "Name", NameMax: 64, Identify: ruleID, Create: putRule, Ready: putTargets, Update: putRule, Delete: deleteRule,
			Read: readRule},
	)
}

func client(r resource.Request) *eventbridge.Client { return eventbridge.NewFromConfig(r.Config) }

func do[I, O any](method func(*eventbridge.Client, context.Context, *I, ...func(*eventbridge.Options)) (*O, error)) resource.Verb {
	return resource.Do(client, method)
}

func retagged(ctx context.Context, r resource.Request, what string, set map[string]string, remove []string) (err error) {
	arn := "arn:" + r.Partition + ":events:" + r.Region + ":" + r.Account + ":" + what
	if len(remove) > 0 {
		_, err = client(r).UntagResource(ctx, &eventbridge.UntagResourceInput{ResourceARN: &arn, TagKeys: remove})
	} else {
		_, err = client(r).TagResource(ctx, &eventbridge.TagResourceInput{ResourceARN: &arn,
			Tags: wire.TagList(set, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })})
	}
	return err
}
