package sns

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// subscriptionAttributes are the properties of a subscription that are attributes.
func subscriptionAttributes(properties map[string]any) map[string]string {
	out := map[string]string{}
	for name, v := range properties {
		switch name {
		case "TopicArn", "Protocol", "Endpoint", "Region":
		default:
			out[name] = resource.Text(v)
		}
	}
	return out
}

// regional is a client of the Region that the subscription's topic is in.
func regional(r resource.Request) *sns.Client {
	if a, err := arn.Parse(r.Text("TopicArn")); err == nil && a.Region != "" {
		r.Config.Region = a.Region
	}
	return client(r)
}

func subscriptionState(id string) resource.State {
	return resource.State{ID: id, Attributes: map[string]any{"Arn": id}}
}

func createSubscription(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := regional(r).Subscribe(ctx, &sns.SubscribeInput{TopicArn: aws.String(r.Text("TopicArn")), Protocol: aws.String(r.Text("Protocol")),
		Endpoint: aws.String(r.Text("Endpoint")), Attributes: subscriptionAttributes(r.Properties), ReturnSubscriptionArn: true})
	if err != nil {
		return resource.State{}, err
	}
	return subscriptionState(*out.SubscriptionArn), nil
}

func updateSubscription(ctx context.Context, r resource.Request) (resource.State, error) {
	old, now := subscriptionAttributes(r.Old), subscriptionAttributes(r.Properties)
	reset := map[string]string{"RawMessageDelivery": "false", "FilterPolicyScope": "MessageAttributes"}
	for name := range old {
		if _, ok := now[name]; !ok {
			now[name] = reset[name]
		}
	}
	set := func(name string) error {
		v, ok := now[name]
		if !ok || v == old[name] {
			return nil
		}
		_, err := regional(r).SetSubscriptionAttributes(ctx, &sns.SetSubscriptionAttributesInput{SubscriptionArn: &r.ID, AttributeName: &name, AttributeValue: &v})
		return err
	}
	if now["FilterPolicyScope"] != old["FilterPolicyScope"] { // the old policy may not fit the new scope
		policy := now["FilterPolicy"]
		now["FilterPolicy"] = ""
		if err := set("FilterPolicy"); err != nil {
			return subscriptionState(r.ID), err
		}
		now["FilterPolicy"], old["FilterPolicy"] = policy, ""
	}
	for _, name := range []string{"FilterPolicyScope", "FilterPolicy", "RawMessageDelivery", "RedrivePolicy", "DeliveryPolicy", "ReplayPolicy", "SubscriptionRoleArn"} {
		if err := set(name); err != nil {
			return subscriptionState(r.ID), err
		}
	}
	return subscriptionState(r.ID), nil
}

func deleteSubscription(ctx context.Context, r resource.Request) error {
	_, err := regional(r).Unsubscribe(ctx, &sns.UnsubscribeInput{SubscriptionArn: &r.ID})
	return err
}

func readSubscription(ctx context.Context, r resource.Request) (resource.State, error) {
	has, err := regional(r).GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: &r.ID})
	out := subscriptionState(r.ID)
	if err != nil {
		return out, err
	}
	out.Properties = map[string]any{}
	for name, wanted := range r.Properties {
		if v, ok := has.Attributes[name]; ok {
			out.Properties[name] = resource.Told(v, wanted)
		}
	}
	return out, nil
}

func setPolicy(ctx context.Context, r resource.Request, topic, policy string) error {
	_, err := client(r).SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: &topic, AttributeName: aws.String("Policy"), AttributeValue: &policy})
	return err
}

// policyOf is the policy that a topic has, in the form of wanted.
func policyOf(ctx context.Context, r resource.Request, topic string) (any, error) {
	out, err := client(r).GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &topic})
	if err != nil {
		return nil, err
	}
	return resource.Told(out.Attributes["Policy"], r.Properties["PolicyDocument"]), nil
}

func putInlinePolicy(ctx context.Context, r resource.Request) (resource.State, error) {
	topic := r.Text("TopicArn")
	return resource.State{ID: topic}, setPolicy(ctx, r, topic, r.Text("PolicyDocument"))
}

func deleteInlinePolicy(ctx context.Context, r resource.Request) error {
	return setPolicy(ctx, r, r.ID, "")
}

func readInlinePolicy(ctx context.Context, r resource.Request) (resource.State, error) {
	policy, err := policyOf(ctx, r, r.ID)
	return resource.State{ID: r.ID, Properties: map[string]any{"TopicArn": r.ID, "PolicyDocument": policy}}, err
}

// putPolicies gives topics a policy. Those that an update took from the list get back the one they began with.
func putPolicies(ctx context.Context, r resource.Request) (resource.State, error) {
	out := resource.State{ID: r.ID}
	if out.ID == "" {
		out.ID = r.Name
	}
	out.Attributes = map[string]any{"Id": out.ID}
	_, gone := resource.Differ(r.Old["Topics"], r.Properties["Topics"])
	for _, topic := range gone {
		if err := setPolicy(ctx, r, topic, ""); err != nil && !resource.Gone(err) {
			return out, err
		}
	}
	for _, topic := range resource.Texts(r.Properties["Topics"]) {
		if err := setPolicy(ctx, r, topic, r.Text("PolicyDocument")); err != nil {
			return out, err
		}
	}
	return out, nil
}

func deletePolicies(ctx context.Context, r resource.Request) error {
	for _, topic := range resource.Texts(r.Properties["Topics"]) {
		if err := setPolicy(ctx, r, topic, ""); err != nil && !resource.Gone(err) {
			return err
		}
	}
	return nil
}

func readPolicies(ctx context.Context, r resource.Request) (resource.State, error) {
	out := resource.State{ID: r.ID, Attributes: map[string]any{"Id": r.ID}, Properties: map[string]any{"Topics": r.Properties["Topics"]}}
	for _, topic := range resource.Texts(r.Properties["Topics"]) {
		policy, err := policyOf(ctx, r, topic)
		if err != nil {
			return out, err
		}
		out.Properties["PolicyDocument"] = policy
	}
	return out, nil
}
