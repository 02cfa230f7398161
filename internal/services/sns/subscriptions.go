package sns

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// listed gives a page of subscriptions.
func (s *Service) listed(ctx context.Context, token *string, match func(b subscription) bool) (out []types.Subscription, next *string, err error) {
	var list []subscription
	if err := s.image.Read(ctx, func() {
		for _, b := range s.subscriptions.Rows() {
			if match(b) {
				list = append(list, b)
			}
		}
	}); err != nil {
		return nil, nil, err
	}
	slices.SortFunc(list, func(a, b subscription) int { return strings.Compare(a.arn(), b.arn()) })
	list, next, err = wire.Page(ctx, list, func(b subscription) string { return b.arn() }, pageSize, token)
	if err != nil {
		return nil, nil, invalid("NextToken")
	}
	out = []types.Subscription{}
	for _, b := range list {
		out = append(out, types.Subscription{SubscriptionArn: aws.String(b.shownARN()), TopicArn: aws.String(topicARN(b.Topic)), Protocol: &b.Protocol,
			Endpoint: &b.Endpoint, Owner: &b.Owner})
	}
	return out, next, nil
}

// ListSubscriptions lists the account's subscriptions.
func (s *Service) ListSubscriptions(ctx context.Context, in *sns.ListSubscriptionsInput) (*sns.ListSubscriptionsOutput, error) {
	call := wire.CallOf(ctx)
	list, next, err := s.listed(ctx, in.NextToken, func(b subscription) bool { return b.Owner == call.Account() && b.Topic.Region == call.Region })
	return &sns.ListSubscriptionsOutput{Subscriptions: list, NextToken: next}, err
}

// ListSubscriptionsByTopic lists the subscriptions of a topic.
func (s *Service) ListSubscriptionsByTopic(ctx context.Context, in *sns.ListSubscriptionsByTopicInput) (*sns.ListSubscriptionsByTopicOutput, error) {
	k, err := topicKey(in.TopicArn)
	if err != nil {
		return nil, err
	}
	if _, err := s.find(ctx, k); err != nil {
		return nil, err
	}
	list, next, err := s.listed(ctx, in.NextToken, func(b subscription) bool { return b.Topic == k })
	return &sns.ListSubscriptionsByTopicOutput{Subscriptions: list, NextToken: next}, err
}

func (s *Service) listByTopicTargets(ctx context.Context, in *sns.ListSubscriptionsByTopicInput) ([]wire.Target, error) {
	return s.on(ctx, in.TopicArn)
}

// route is a confirmed subscription with its filter, as publishing needs it.
type route struct {
	subscription
	filter *filter
}

// subscriptionChanged keeps the routes. The image is locked.
func (s *Service) subscriptionChanged(k store.Key, old, now *subscription) {
	if now == nil {
		delete(s.routes[old.Topic], k)
		return
	}
	list, ok := s.routes[now.Topic]
	if !ok {
		list = map[store.Key]*route{}
		s.routes[now.Topic] = list
	}
	r := &route{subscription: *now}
	if p := now.Attributes["FilterPolicy"]; p != "" {
		f, err := readFilter(p, now.Attributes["FilterPolicyScope"])
		if err != nil {
			delete(list, k) // it was checked when it was set
			return
		}
		r.filter = f
	}
	list[k] = r
}
