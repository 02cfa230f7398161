package logs

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// subscription sends the events that match to a function.
type subscription struct {
	Name, Pattern, Destination string
	Role                       string `json:",omitempty"`
	Distribution               types.Distribution
	Created                    int64
}

// maxSubscriptions is how many a group has.
const maxSubscriptions = 2

// PutSubscriptionFilter makes or changes a subscription filter. The function has to let CloudWatch Logs call it.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html
func (s *Service) PutSubscriptionFilter(ctx context.Context, in *cloudwatchlogs.PutSubscriptionFilterInput) (*cloudwatchlogs.PutSubscriptionFilterOutput, error) {
	if _, err := s.patterns.parse(aws.ToString(in.FilterPattern)); err != nil {
		return nil, err
	}
	to, err := arn.Parse(*in.DestinationArn)
	if err != nil {
		return nil, invalid("destinationArn is not a valid ARN.")
	}
	if to.Service != "lambda" {
		return nil, invalid("Destinations of %s are not implemented by Atelier: a subscription filter sends to a Lambda function.", to.Service)
	}
	k := here(ctx, *in.LogGroupName)
	f := subscription{Name: *in.FilterName, Pattern: *in.FilterPattern, Destination: *in.DestinationArn, Role: aws.ToString(in.RoleArn),
		Distribution: in.Distribution, Created: s.now()}
	if f.Distribution == "" {
		f.Distribution = types.DistributionByLogStream
	}
	if _, err := s.find(ctx, k); err != nil {
		return nil, err
	}
	if err := s.try(ctx, k, f); err != nil {
		return nil, err
	}
	err = s.change(ctx, k, func(g *group) error {
		if err := g.only("PutSubscriptionFilter"); err != nil {
			return err
		}
		g.Subscriptions = append(slices.DeleteFunc(slices.Clone(g.Subscriptions), func(has subscription) bool { return has.Name == f.Name }), f)
		if len(g.Subscriptions) > maxSubscriptions {
			return exceeded("Resource limit exceeded.")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.PutSubscriptionFilterOutput{}, nil
}

func (s *Service) putSubscriptionFilterTargets(ctx context.Context, in *cloudwatchlogs.PutSubscriptionFilterInput) ([]wire.Target, error) {
	list, err := s.on(ctx, in.LogGroupName)
	if err == nil && in.RoleArn != nil {
		list = append(list, wire.Target{Action: "iam:PassRole", Resource: *in.RoleArn, Context: map[string][]string{"iam:PassedToService": {principal}}})
	}
	return list, err
}

// DeleteSubscriptionFilter removes a subscription filter.
func (s *Service) DeleteSubscriptionFilter(ctx context.Context, in *cloudwatchlogs.DeleteSubscriptionFilterInput) (*cloudwatchlogs.DeleteSubscriptionFilterOutput, error) {
	err := s.change(ctx, here(ctx, *in.LogGroupName), func(g *group) error {
		n := len(g.Subscriptions)
		g.Subscriptions = slices.DeleteFunc(slices.Clone(g.Subscriptions), func(has subscription) bool { return has.Name == *in.FilterName })
		if len(g.Subscriptions) == n {
			return missing("The specified subscription filter does not exist.")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.DeleteSubscriptionFilterOutput{}, nil
}

func (s *Service) deleteSubscriptionFilterTargets(ctx context.Context, in *cloudwatchlogs.DeleteSubscriptionFilterInput) ([]wire.Target, error) {
	return s.on(ctx, in.LogGroupName)
}

// DescribeSubscriptionFilters lists the subscription filters of a group.
func (s *Service) DescribeSubscriptionFilters(ctx context.Context, in *cloudwatchlogs.DescribeSubscriptionFiltersInput) (*cloudwatchlogs.DescribeSubscriptionFiltersOutput, error) {
	k := here(ctx, *in.LogGroupName)
	g, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	var all []types.SubscriptionFilter
	for _, f := range g.Subscriptions {
		if !strings.HasPrefix(f.Name, aws.ToString(in.FilterNamePrefix)) {
			continue
		}
		x := types.SubscriptionFilter{FilterName: &f.Name, FilterPattern: &f.Pattern, DestinationArn: &f.Destination, Distribution: f.Distribution,
			CreationTime: &f.Created, LogGroupName: &k.ID}
		if f.Role != "" {
			x.RoleArn = &f.Role
		}
		all = append(all, x)
	}
	key := func(f types.SubscriptionFilter) string { return *f.FilterName }
	slices.SortFunc(all, func(a, b types.SubscriptionFilter) int { return strings.Compare(key(a), key(b)) })
	out := &cloudwatchlogs.DescribeSubscriptionFiltersOutput{}
	out.SubscriptionFilters, out.NextToken, err = page(ctx, all, key, in.Limit, 50, in.NextToken)
	return out, err
}

func (s *Service) describeSubscriptionFiltersTargets(ctx context.Context, in *cloudwatchlogs.DescribeSubscriptionFiltersInput) ([]wire.Target, error) {
	return s.on(ctx, in.LogGroupName)
}

// distribute takes in the parcels of events for who subscribed. The store's writer has them with one sync.
func (s *Service) distribute(ctx context.Context, k store.Key, g group, stream string, events []event) error {
	var parcels []sent
	for _, f := range g.Subscriptions {
		p, err := s.patterns.parse(f.Pattern)
		if err != nil {
			continue // it was checked when it was put
		}
		var list []event
		for _, e := range events {
			if p.Match(e.Message) {
				list = append(list, e)
			}
		}
		for _, some := range portions(list) {
			if parcels, err = pack(parcels, k, stream, f, some); err != nil {
				return err
			}
		}
	}
	if len(parcels) == 0 {
		return nil
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		for _, x := range parcels {
			if err := s.accept(tx, k, x); err != nil {
				return err
			}
		}
		return nil
	})
}
