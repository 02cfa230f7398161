package sns

import (
	"context"
	"maps"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SNS.html
func (s *Service) Stack() []resource.Type {
	return resource.Types(
		resource.Type{Name: "AWS::SNS::Subscription", Create: createSubscription, Update: updateSubscription, Delete: deleteSubscription, Read: readSubscription},
		resource.Type{Name: "AWS::SNS::Topic", NameProperty: "TopicName", NameMax: 256, Identify: topicID, Create: createTopic, Ready: subscribeTopic,
			Update: updateTopic, Delete: deleteTopic, Read: readTopic},
		resource.Type{Name: "AWS::SNS::TopicInlinePolicy", Create: putInlinePolicy, Update: putInlinePolicy, Delete: deleteInlinePolicy, Read: readInlinePolicy},
		resource.Type{Name: "AWS::SNS::TopicPolicy", Create: putPolicies, Update: putPolicies, Delete: deletePolicies, Read: readPolicies},
	)
}

func client(r resource.Request) *sns.Client { return sns.NewFromConfig(r.Config) }

func topicNameOf(r resource.Request) string {
	name := r.Named("TopicName")
	if r.Text("FifoTopic") == "true" && r.Text("TopicName") == "" {
		name += ".fifo"
	}
	return name
}

func topicID(r resource.Request) string { return arn.New("sns", r.Region, r.Account, topicNameOf(r)) }

// topicAttributes are the properties of a topic that are attributes.
func topicAttributes(properties map[string]any) map[string]string {
	out := map[string]string{}
	for name, v := range properties {
		text := resource.Text(v)
		switch name {
		case "TopicName", "Tags", "Subscription", "DataProtectionPolicy":
			continue
		case "DeliveryStatusLogging": // by protocol
			for _, m := range resource.Objects(v) {
				protocol := map[string]string{"http/s": "HTTP", "sqs": "SQS", "lambda": "Lambda", "firehose": "Firehose", "application": "Application"}[resource.Text(m["Protocol"])]
				for _, field := range []string{"SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn"} {
					if m[field] != nil {
						out[protocol+field] = resource.Text(m[field])
					}
				}
			}
			continue
		case "FifoTopic":
			if text != "true" {
				continue
			}
		}
		out[name] = text
	}
	return out
}

func topicState(id string) resource.State {
	a, _ := arn.Parse(id) // of our own making
	return resource.State{ID: id, Attributes: map[string]any{"TopicArn": id, "TopicName": a.Resource}}
}

func createTopic(ctx context.Context, r resource.Request) (resource.State, error) {
	in := &sns.CreateTopicInput{Name: aws.String(topicNameOf(r)), Attributes: topicAttributes(r.Properties)}
	if p := r.Text("DataProtectionPolicy"); p != "" {
		in.DataProtectionPolicy = &p
	}
	if err := resource.Fill(in, map[string]any{"Tags": r.Properties["Tags"]}); err != nil {
		return resource.State{}, err
	}
	out, err := client(r).CreateTopic(ctx, in)
	if err != nil {
		return resource.State{}, err
	}
	return topicState(*out.TopicArn), nil
}

// subscribeTopic makes the subscriptions within a topic's properties: each again is the same one.
func subscribeTopic(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	for _, m := range resource.Objects(r.Properties["Subscription"]) {
		if _, err := client(r).Subscribe(ctx, &sns.SubscribeInput{TopicArn: &r.ID, Protocol: aws.String(resource.Text(m["Protocol"])),
			Endpoint: aws.String(resource.Text(m["Endpoint"]))}); err != nil {
			return resource.State{}, false, err
		}
	}
	return resource.State{}, true, nil
}

func updateTopic(ctx context.Context, r resource.Request) (resource.State, error) {
	c, old, now := client(r), topicAttributes(r.Old), topicAttributes(r.Properties)
	reset := map[string]string{"SignatureVersion": "1", "TracingConfig": "PassThrough", "ContentBasedDeduplication": "false", "FifoThroughputScope": "Topic"}
	for name := range old {
		if _, ok := now[name]; !ok {
			now[name] = reset[name]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if v := now[name]; v != old[name] {
			if _, err := c.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: &r.ID, AttributeName: &name, AttributeValue: &v}); err != nil {
				return topicState(r.ID), err
			}
		}
	}
	if err := unsubscribeTopic(ctx, r); err != nil {
		return topicState(r.ID), err
	}
	return topicState(r.ID), r.Retag("Tags", func(tags map[string]string) error {
		_, err := c.TagResource(ctx, &sns.TagResourceInput{ResourceArn: &r.ID, Tags: wire.TagList(tags, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })})
		return err
	}, func(keys []string) error {
		_, err := c.UntagResource(ctx, &sns.UntagResourceInput{ResourceArn: &r.ID, TagKeys: keys})
		return err
	})
}

// unsubscribeTopic removes the subscriptions that are no longer within a topic's properties.
func unsubscribeTopic(ctx context.Context, r resource.Request) error {
	_, gone := resource.Differ(r.Old["Subscription"], r.Properties["Subscription"])
	if len(gone) == 0 {
		return nil
	}
	pages := sns.NewListSubscriptionsByTopicPaginator(client(r), &sns.ListSubscriptionsByTopicInput{TopicArn: &r.ID})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, b := range page.Subscriptions {
			as := resource.Text(map[string]any{"Endpoint": aws.ToString(b.Endpoint), "Protocol": aws.ToString(b.Protocol)})
			if slices.Contains(gone, as) && aws.ToString(b.SubscriptionArn) != pendingARN {
				if _, err := client(r).Unsubscribe(ctx, &sns.UnsubscribeInput{SubscriptionArn: b.SubscriptionArn}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func deleteTopic(ctx context.Context, r resource.Request) error {
	_, err := client(r).DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: &r.ID})
	return err
}

func readTopic(ctx context.Context, r resource.Request) (resource.State, error) {
	has, err := client(r).GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &r.ID})
	if err != nil {
		return resource.State{}, err
	}
	tags, err := client(r).ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: &r.ID})
	if err != nil {
		return resource.State{}, err
	}
	out := topicState(r.ID)
	out.Properties = resource.Tell(tags, map[string]any{"Tags": r.Properties["Tags"]})
	for name, wanted := range r.Properties {
		if v, ok := has.Attributes[name]; ok {
			out.Properties[name] = resource.Told(v, wanted)
		}
	}
	out.Properties["TopicName"] = out.Attributes["TopicName"]
	return out, nil
}
