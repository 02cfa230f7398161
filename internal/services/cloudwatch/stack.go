package cloudwatch

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CloudWatch.html
func (s *Service) Stack() []resource.Type {
	describe, remove := do((*cloudwatch.Client).DescribeAlarms), do((*cloudwatch.Client).DeleteAlarms)
	alarm := func(r resource.Request) map[string]any {
		return map[string]any{"AlarmName": r.ID, "AlarmNames": []any{r.ID}, "AlarmTypes": []any{"MetricAlarm", "CompositeAlarm"}}
	}
	arn := map[string]string{"Arn": "AlarmArn"}
	put, composite := do((*cloudwatch.Client).PutMetricAlarm), do((*cloudwatch.Client).PutCompositeAlarm)
	board := do((*cloudwatch.Client).PutDashboard)
	return resource.Types(
		resource.Plain{Name: "AWS::CloudWatch::Alarm", NameProperty: "AlarmName", NameMax: 255, Key: alarm, Within: "MetricAlarms", Attributes: arn,
			Create: put, Get: describe, Update: put, Delete: remove, Retag: retag}.Type(),
		resource.Plain{Name: "AWS::CloudWatch::CompositeAlarm", NameProperty: "AlarmName", NameMax: 255, Key: alarm, Within: "CompositeAlarms", Attributes: arn,
			Create: composite, Get: describe, Update: composite, Delete: remove, Retag: retag}.Type(),
		resource.Plain{Name: "AWS::CloudWatch::Dashboard", NameProperty: "DashboardName", NameMax: 255, Create: board, Get: do((*cloudwatch.Client).GetDashboard), Update: board,
			Delete: do((*cloudwatch.Client).DeleteDashboards), Key: func(r resource.Request) map[string]any {
				return map[string]any{"DashboardName": r.ID, "DashboardNames": []any{r.ID}}
			}}.Type(),
	)
}

func client(r resource.Request) *cloudwatch.Client { return cloudwatch.NewFromConfig(r.Config) }

func do[I, O any](method func(*cloudwatch.Client, context.Context, *I, ...func(*cloudwatch.Options)) (*O, error)) resource.Verb {
	return resource.Do(client, method)
}

func retag(ctx context.Context, r resource.Request, set map[string]string, remove []string) (err error) {
	arn := "arn:" + r.Partition + ":cloudwatch:" + r.Region + ":" + r.Account + ":alarm:" + r.ID
	if len(remove) > 0 {
		_, err = client(r).UntagResource(ctx, &cloudwatch.UntagResourceInput{ResourceARN: &arn, TagKeys: remove})
	} else {
		_, err = client(r).TagResource(ctx, &cloudwatch.TagResourceInput{ResourceARN: &arn,
			Tags: wire.TagList(set, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })})
	}
	return err
}
