package sqs

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SQS.html
func (s *Service) Stack() []resource.Type {
	return resource.Types(
		resource.Type{Name: "AWS::SQS::Queue", NameProperty: "QueueName", NameMax: 80, Create: createQueue, Find: findQueue, Update: updateQueue,
			Delete: deleteQueue, Read: readQueue},
		resource.Type{Name: "AWS::SQS::QueueInlinePolicy", Create: putInlinePolicy, Update: putInlinePolicy, Delete: deleteInlinePolicy, Read: readInlinePolicy},
		resource.Type{Name: "AWS::SQS::QueuePolicy", Create: putPolicies, Update: putPolicies, Delete: deletePolicies, Read: readPolicies},
	)
}

func client(r resource.Request) *sqs.Client { return sqs.NewFromConfig(r.Config) }

func queueNameOf(r resource.Request) string {
	name := r.Named("QueueName")
	if r.Text("FifoQueue") == "true" && r.Text("QueueName") == "" {
		name = name[:min(len(name), 75)] + ".fifo"
	}
	return name
}

// attributes are the properties of a queue that are attributes.
func attributes(properties map[string]any) map[string]string {
	out := map[string]string{}
	for name, v := range properties {
		if text := resource.Text(v); name != "QueueName" && name != "Tags" && (name != "FifoQueue" || text == "true") {
			out[name] = text
		}
	}
	return out
}

func queueState(r resource.Request, url string) resource.State {
	name := url[strings.LastIndexByte(url, '/')+1:]
	return resource.State{ID: url, Attributes: map[string]any{"QueueName": name, "QueueUrl": url,
		"Arn": "arn:" + r.Partition + ":sqs:" + r.Region + ":" + r.Account + ":" + name}}
}

func createQueue(ctx context.Context, r resource.Request) (resource.State, error) {
	name := queueNameOf(r)
	out, err := client(r).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes(r.Properties), Tags: resource.Pairs(r.Properties["Tags"])})
	if err != nil {
		return resource.State{}, err
	}
	return queueState(r, *out.QueueUrl), nil
}

func findQueue(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	name := queueNameOf(r)
	out, err := client(r).GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	var none *types.QueueDoesNotExist
	if errors.As(err, &none) {
		return resource.State{}, false, nil
	}
	if err != nil {
		return resource.State{}, false, err
	}
	return queueState(r, *out.QueueUrl), true, nil
}

func updateQueue(ctx context.Context, r resource.Request) (resource.State, error) {
	c, now := client(r), attributes(r.Properties)
	for name := range attributes(r.Old) {
		if _, ok := now[name]; ok {
			continue
		}
		now[name] = ""
		if n, ok := numbers[name]; ok {
			now[name] = strconv.Itoa(n.standard)
		}
	}
	delete(now, "FifoQueue")
	if len(now) > 0 {
		if _, err := c.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &r.ID, Attributes: now}); err != nil {
			return resource.State{}, err
		}
	}
	return queueState(r, r.ID), r.Retag("Tags", func(tags map[string]string) error {
		_, err := c.TagQueue(ctx, &sqs.TagQueueInput{QueueUrl: &r.ID, Tags: tags})
		return err
	}, func(keys []string) error {
		_, err := c.UntagQueue(ctx, &sqs.UntagQueueInput{QueueUrl: &r.ID, TagKeys: keys})
		return err
	})
}

func deleteQueue(ctx context.Context, r resource.Request) error {
	_, err := client(r).DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &r.ID})
	return err
}

func readQueue(ctx context.Context, r resource.Request) (resource.State, error) {
	has, err := client(r).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &r.ID, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		return resource.State{}, err
	}
	tags, err := client(r).ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: &r.ID})
	if err != nil {
		return resource.State{}, err
	}
	out := queueState(r, r.ID)
	out.Properties = resource.Tell(tags, map[string]any{"Tags": r.Properties["Tags"]})
	for name, wanted := range r.Properties {
		if v, ok := has.Attributes[name]; ok {
			out.Properties[name] = resource.Told(v, wanted)
		}
	}
	out.Properties["QueueName"] = out.Attributes["QueueName"]
	return out, nil
}

func setPolicy(ctx context.Context, r resource.Request, url, policy string) error {
	_, err := client(r).SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &url, Attributes: map[string]string{"Policy": policy}})
	return err
}

// policyOf is the policy that a queue has.
func policyOf(ctx context.Context, r resource.Request, url string) (any, error) {
	out, err := client(r).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{"Policy"}})
	if err != nil {
		return nil, err
	}
	policy := out.Attributes["Policy"]
	if policy == "" {
		return nil, resource.ErrGone
	}
	var v any
	return v, json.Unmarshal([]byte(policy), &v)
}

func putInlinePolicy(ctx context.Context, r resource.Request) (resource.State, error) {
	url := r.Text("Queue")
	return resource.State{ID: url}, setPolicy(ctx, r, url, r.Text("PolicyDocument"))
}

func deleteInlinePolicy(ctx context.Context, r resource.Request) error {
	return setPolicy(ctx, r, r.ID, "")
}

func readInlinePolicy(ctx context.Context, r resource.Request) (resource.State, error) {
	policy, err := policyOf(ctx, r, r.ID)
	return resource.State{ID: r.ID, Properties: map[string]any{"Queue": r.ID, "PolicyDocument": policy}}, err
}

// putPolicies gives queues a policy. Those that an update took from the list lose it.
func putPolicies(ctx context.Context, r resource.Request) (resource.State, error) {
	out := resource.State{ID: r.ID}
	if out.ID == "" {
		out.ID = r.Name
	}
	out.Attributes = map[string]any{"Id": out.ID}
	_, gone := resource.Differ(r.Old["Queues"], r.Properties["Queues"])
	for _, url := range gone {
		if err := setPolicy(ctx, r, url, ""); err != nil && !resource.Gone(err) {
			return out, err
		}
	}
	for _, url := range resource.Texts(r.Properties["Queues"]) {
		if err := setPolicy(ctx, r, url, r.Text("PolicyDocument")); err != nil {
			return out, err
		}
	}
	return out, nil
}

func deletePolicies(ctx context.Context, r resource.Request) error {
	for _, url := range resource.Texts(r.Properties["Queues"]) {
		if err := setPolicy(ctx, r, url, ""); err != nil && !resource.Gone(err) {
			return err
		}
	}
	return nil
}

func readPolicies(ctx context.Context, r resource.Request) (resource.State, error) {
	out := resource.State{ID: r.ID, Attributes: map[string]any{"Id": r.ID}, Properties: map[string]any{"Queues": r.Properties["Queues"]}}
	for _, url := range resource.Texts(r.Properties["Queues"]) {
		policy, err := policyOf(ctx, r, url)
		if err != nil {
			return out, err
		}
		out.Properties["PolicyDocument"] = policy
	}
	return out, nil
}
