package cloudformation

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// courier is the kind of parcels that tell topics of events.
const courier = "cloudformation-notification"

// notice is an event on its way to a topic.
type notice struct {
	Topic, Text string
	Stack       store.Key
}

// notify sends an event to the topics of its stack.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-add-tags.html
func (s *Service) notify(tx *store.Tx, k store.Key, st *stack, e event) error {
	if len(st.Notify) == 0 {
		return nil
	}
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "%s='%s'\n", name, value) }
	token := e.Token
	if token == "" {
		token = "null"
	}
	line("StackId", st.arn(k))
	line("Timestamp", e.Time.UTC().Format("2006-01-02T15:04:05.000Z"))
	line("EventId", e.ID)
	line("LogicalResourceId", e.Logical)
	line("Namespace", k.Account)
	line("PhysicalResourceId", e.Physical)
	line("PrincipalId", st.Owner.UserID)
	line("ResourceProperties", e.Properties)
	line("ResourceStatus", string(e.Status))
	line("ResourceStatusReason", e.Reason)
	line("ResourceType", e.Type)
	line("StackName", st.Name)
	line("ClientRequestToken", token)
	for _, topic := range st.Notify {
		data, err := json.Marshal(notice{topic, b.String(), k})
		if err != nil {
			return err
		}
		if err := s.Desk.Accept(tx, delivery.Parcel{Kind: courier, Account: k.Account, Region: k.Region, Line: topic + " " + k.ID, Data: data,
			MaxAttempts: 5}); err != nil {
			return err
		}
	}
	return nil
}

// deliver publishes an event, in the name that the stack's resources are made in.
func (s *Service) deliver(ctx context.Context, p delivery.Parcel) error {
	var n notice
	if err := json.Unmarshal(p.Data, &n); err != nil {
		return delivery.Permanent(err)
	}
	var st stack
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		st, err = s.stacks.Get(tx, n.Stack)
		return err
	}); err != nil {
		return delivery.Permanent(err)
	}
	to, err := arn.Parse(n.Topic)
	if err != nil {
		return delivery.Permanent(err)
	}
	config, err := s.config(ctx, n.Stack, &st)
	if err != nil {
		return delivery.Judged(err)
	}
	config.Region = to.Region
	_, err = sns.NewFromConfig(config).Publish(ctx, &sns.PublishInput{TopicArn: &n.Topic, Message: &n.Text, Subject: aws.String("AWS CloudFormation Notification")})
	return delivery.Judged(err)
}

// bury lets a notification go.
func (*Service) bury(context.Context, delivery.Parcel) error { return nil }
