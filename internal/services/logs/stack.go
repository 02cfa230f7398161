package logs

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Logs.html
func (s *Service) Stack() []resource.Type {
	named := func(property string) func(resource.Request) string {
		return func(r resource.Request) string { return r.Named(property) }
	}
	return resource.Types(
		resource.Type{Name: "AWS::Logs::LogGroup", NameProperty: "LogGroupName", NameMax: 512, Identify: named("LogGroupName"), Create: createGroup, Ready: retainGroup,
			Update: updateGroup, Delete: deleteGroup, Read: readGroup},
		resource.Type{Name: "AWS::Logs::LogStream", NameProperty: "LogStreamName", NameMax: 512, Identify: named("LogStreamName"), Create: createStream,
			Delete: deleteStream, Read: readStream},
		resource.Type{Name: "AWS::Logs::MetricFilter", NameProperty: "FilterName", NameMax: 512, Identify: named("FilterName"), Create: putMetricFilter, Update: putMetricFilter,
			Delete: deleteMetricFilter, Read: readMetricFilter},
		resource.Type{Name: "AWS::Logs::QueryDefinition", Create: putDefinition, Update: putDefinition, Delete: deleteDefinition, Read: readDefinition},
		resource.Type{Name: "AWS::Logs::ResourcePolicy", NameProperty: "PolicyName", Identify: named("PolicyName"), Create: putPolicy, Update: putPolicy,
			Delete: deletePolicy, Read: readPolicy},
		resource.Type{Name: "AWS::Logs::SubscriptionFilter", NameProperty: "FilterName", NameMax: 512, Identify: named("FilterName"), Create: putSubscriptionFilter,
			Update: putSubscriptionFilter, Delete: deleteSubscriptionFilter, Read: readSubscriptionFilter},
	)
}

func client(r resource.Request) *cloudwatchlogs.Client {
	return cloudwatchlogs.NewFromConfig(r.Config)
}

func groupResource(r resource.Request, name string) resource.State {
	return resource.State{ID: name, Attributes: map[string]any{"Arn": "arn:" + r.Partition + ":logs:" + r.Region + ":" + r.Account + ":log-group:" + name + ":*"}}
}

// checkGroup refuses a number of days that is none before a group is made for it.
func checkGroup(r resource.Request) error {
	return resource.Fill(&cloudwatchlogs.PutRetentionPolicyInput{}, map[string]any{"RetentionInDays": r.Properties["RetentionInDays"]})
}

func createGroup(ctx context.Context, r resource.Request) (resource.State, error) {
	if err := checkGroup(r); err != nil {
		return resource.State{}, err
	}
	name := r.Named("LogGroupName")
	if _, err := resource.Call(ctx, client(r).CreateLogGroup, r.Properties, func(in *cloudwatchlogs.CreateLogGroupInput) { in.LogGroupName = &name }, "RetentionInDays"); err != nil {
		return resource.State{}, err
	}
	return groupResource(r, name), nil
}

func retainGroup(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	if !r.Changed("RetentionInDays") {
		return resource.State{}, true, nil
	}
	var err error
	if r.Properties["RetentionInDays"] == nil {
		_, err = client(r).DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: &r.ID})
	} else {
		_, err = resource.Call(ctx, client(r).PutRetentionPolicy, map[string]any{"RetentionInDays": r.Properties["RetentionInDays"]},
			func(in *cloudwatchlogs.PutRetentionPolicyInput) { in.LogGroupName = &r.ID })
	}
	return resource.State{}, true, err
}

func updateGroup(ctx context.Context, r resource.Request) (resource.State, error) {
	c, state := client(r), groupResource(r, r.ID)
	if err := resource.Fill(&cloudwatchlogs.CreateLogGroupInput{}, r.Properties, "RetentionInDays"); err != nil { // names what is not supported
		return state, err
	}
	if r.Changed("KmsKeyId") {
		var err error
		if key := r.Text("KmsKeyId"); key != "" {
			_, err = c.AssociateKmsKey(ctx, &cloudwatchlogs.AssociateKmsKeyInput{LogGroupName: &r.ID, KmsKeyId: &key})
		} else {
			_, err = c.DisassociateKmsKey(ctx, &cloudwatchlogs.DisassociateKmsKeyInput{LogGroupName: &r.ID})
		}
		if err != nil {
			return state, err
		}
	}
	if r.Changed("DeletionProtectionEnabled") {
		if _, err := c.PutLogGroupDeletionProtection(ctx, &cloudwatchlogs.PutLogGroupDeletionProtectionInput{LogGroupIdentifier: &r.ID,
			DeletionProtectionEnabled: aws.Bool(r.Text("DeletionProtectionEnabled") == "true")}); err != nil {
			return state, err
		}
	}
	arn := strings.TrimSuffix(resource.Text(state.Attributes["Arn"]), ":*")
	return state, r.Retag("Tags", func(tags map[string]string) error {
		_, err := c.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: &arn, Tags: tags})
		return err
	}, func(keys []string) error {
		_, err := c.UntagResource(ctx, &cloudwatchlogs.UntagResourceInput{ResourceArn: &arn, TagKeys: keys})
		return err
	})
}

func deleteGroup(ctx context.Context, r resource.Request) error {
	_, err := client(r).DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &r.ID})
	return err
}

func readGroup(ctx context.Context, r resource.Request) (resource.State, error) {
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(client(r), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &r.ID})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return resource.State{}, err
		}
		for _, g := range page.LogGroups {
			if aws.ToString(g.LogGroupName) != r.ID {
				continue
			}
			state := groupResource(r, r.ID)
			state.Properties = resource.Tell(g, r.Properties)
			tags, err := client(r).ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: g.LogGroupArn})
			if err != nil {
				return state, err
			}
			for name, v := range resource.Tell(tags, map[string]any{"Tags": r.Properties["Tags"]}) {
				state.Properties[name] = v
			}
			return state, nil
		}
	}
	return resource.State{}, resource.ErrGone
}

func createStream(ctx context.Context, r resource.Request) (resource.State, error) {
	name := r.Named("LogStreamName")
	_, err := resource.Call(ctx, client(r).CreateLogStream, r.Properties, func(in *cloudwatchlogs.CreateLogStreamInput) { in.LogStreamName = &name })
	if err != nil {
		return resource.State{}, err
	}
	return resource.State{ID: name}, nil
}

func deleteStream(ctx context.Context, r resource.Request) error {
	_, err := client(r).DeleteLogStream(ctx, &cloudwatchlogs.DeleteLogStreamInput{LogGroupName: aws.String(r.Text("LogGroupName")), LogStreamName: &r.ID})
	return err
}

func readStream(ctx context.Context, r resource.Request) (resource.State, error) {
	group := r.Text("LogGroupName")
	out, err := client(r).DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: &group, LogStreamNamePrefix: &r.ID})
	if err != nil {
		return resource.State{}, err
	}
	for _, s := range out.LogStreams {
		if aws.ToString(s.LogStreamName) == r.ID {
			return resource.State{ID: r.ID, Properties: map[string]any{"LogGroupName": group, "LogStreamName": r.ID}}, nil
		}
	}
	return resource.State{}, resource.ErrGone
}

func putDefinition(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := resource.Call(ctx, client(r).PutQueryDefinition, r.Properties, func(in *cloudwatchlogs.PutQueryDefinitionInput) {
		if r.ID != "" {
			in.QueryDefinitionId = &r.ID
		} else {
			in.ClientToken = &r.Token
		}
	})
	if err != nil {
		return resource.State{}, err
	}
	return resource.State{ID: *out.QueryDefinitionId, Attributes: map[string]any{"QueryDefinitionId": *out.QueryDefinitionId}}, nil
}

func deleteDefinition(ctx context.Context, r resource.Request) error {
	_, err := client(r).DeleteQueryDefinition(ctx, &cloudwatchlogs.DeleteQueryDefinitionInput{QueryDefinitionId: &r.ID})
	return err
}

func readDefinition(ctx context.Context, r resource.Request) (resource.State, error) {
	in := &cloudwatchlogs.DescribeQueryDefinitionsInput{}
	for {
		out, err := client(r).DescribeQueryDefinitions(ctx, in)
		if err != nil {
			return resource.State{}, err
		}
		for _, d := range out.QueryDefinitions {
			if aws.ToString(d.QueryDefinitionId) == r.ID {
				return resource.State{ID: r.ID, Attributes: map[string]any{"QueryDefinitionId": r.ID}, Properties: resource.Tell(d, r.Properties)}, nil
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return resource.State{}, resource.ErrGone
		}
	}
}

func putPolicy(ctx context.Context, r resource.Request) (resource.State, error) {
	name := r.Named("PolicyName")
	_, err := resource.Call(ctx, client(r).PutResourcePolicy, r.Properties, func(in *cloudwatchlogs.PutResourcePolicyInput) { in.PolicyName = &name })
	return resource.State{ID: name}, err
}

func deletePolicy(ctx context.Context, r resource.Request) error {
	_, err := client(r).DeleteResourcePolicy(ctx, &cloudwatchlogs.DeleteResourcePolicyInput{PolicyName: &r.ID})
	return err
}

func readPolicy(ctx context.Context, r resource.Request) (resource.State, error) {
	in := &cloudwatchlogs.DescribeResourcePoliciesInput{}
	for {
		out, err := client(r).DescribeResourcePolicies(ctx, in)
		if err != nil {
			return resource.State{}, err
		}
		for _, p := range out.ResourcePolicies {
			if aws.ToString(p.PolicyName) == r.ID {
				return resource.State{ID: r.ID, Properties: resource.Tell(p, r.Properties)}, nil
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return resource.State{}, resource.ErrGone
		}
	}
}

func putMetricFilter(ctx context.Context, r resource.Request) (resource.State, error) {
	name := r.Named("FilterName")
	if r.ID != "" {
		name = r.ID
	}
	_, err := resource.Call(ctx, client(r).PutMetricFilter, r.Properties, func(in *cloudwatchlogs.PutMetricFilterInput) { in.FilterName = &name })
	return resource.State{ID: name}, err
}

func deleteMetricFilter(ctx context.Context, r resource.Request) error {
	_, err := client(r).DeleteMetricFilter(ctx, &cloudwatchlogs.DeleteMetricFilterInput{LogGroupName: aws.String(r.Text("LogGroupName")), FilterName: &r.ID})
	return err
}

func readMetricFilter(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := client(r).DescribeMetricFilters(ctx, &cloudwatchlogs.DescribeMetricFiltersInput{LogGroupName: aws.String(r.Text("LogGroupName")), FilterNamePrefix: &r.ID})
	if err != nil {
		return resource.State{}, err
	}
	for _, f := range out.MetricFilters {
		if aws.ToString(f.FilterName) == r.ID {
			return resource.State{ID: r.ID, Properties: resource.Tell(f, r.Properties)}, nil
		}
	}
	return resource.State{}, resource.ErrGone
}

func putSubscriptionFilter(ctx context.Context, r resource.Request) (resource.State, error) {
	name := r.Named("FilterName")
	if r.ID != "" {
		name = r.ID
	}
	_, err := resource.Call(ctx, client(r).PutSubscriptionFilter, r.Properties, func(in *cloudwatchlogs.PutSubscriptionFilterInput) { in.FilterName = &name })
	return resource.State{ID: name}, err
}

func deleteSubscriptionFilter(ctx context.Context, r resource.Request) error {
	_, err := client(r).DeleteSubscriptionFilter(ctx, &cloudwatchlogs.DeleteSubscriptionFilterInput{LogGroupName: aws.String(r.Text("LogGroupName")), FilterName: &r.ID})
	return err
}

func readSubscriptionFilter(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := client(r).DescribeSubscriptionFilters(ctx, &cloudwatchlogs.DescribeSubscriptionFiltersInput{LogGroupName: aws.String(r.Text("LogGroupName")), FilterNamePrefix: &r.ID})
	if err != nil {
		return resource.State{}, err
	}
	for _, f := range out.SubscriptionFilters {
		if aws.ToString(f.FilterName) == r.ID {
			return resource.State{ID: r.ID, Properties: resource.Tell(f, r.Properties)}, nil
		}
	}
	return resource.State{}, resource.ErrGone
}
