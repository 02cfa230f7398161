package scheduler

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Scheduler.html
func (s *Service) Stack() []resource.Type {
	return resource.Types(
		resource.Plain{Name: "AWS::Scheduler::Schedule", NameProperty: "Name", Token: "ClientToken", Attributes: map[string]string{"Arn": "Arn"},
			Key: func(r resource.Request) map[string]any {
				return map[string]any{"Name": r.ID, "GroupName": r.Properties["GroupName"]}
			},
			Create: do((*scheduler.Client).CreateSchedule), Get: do((*scheduler.Client).GetSchedule), Update: do((*scheduler.Client).UpdateSchedule),
			Delete: do((*scheduler.Client).DeleteSchedule)}.Type(),
		resource.Plain{Name: "AWS::Scheduler::ScheduleGroup", NameProperty: "Name", Token: "ClientToken",
			Attributes: map[string]string{"Arn": "Arn", "CreationDate": "CreationDate", "LastModificationDate": "LastModificationDate", "State": "State"},
			Create:     do((*scheduler.Client).CreateScheduleGroup), Get: do((*scheduler.Client).GetScheduleGroup), Update: do((*scheduler.Client).GetScheduleGroup),
			Delete: do((*scheduler.Client).DeleteScheduleGroup), Retag: retagGroup}.Type(),
	)
}

func client(r resource.Request) *scheduler.Client { return scheduler.NewFromConfig(r.Config) }

func do[I, O any](method func(*scheduler.Client, context.Context, *I, ...func(*scheduler.Options)) (*O, error)) resource.Verb {
	return resource.Do(client, method)
}

func retagGroup(ctx context.Context, r resource.Request, set map[string]string, remove []string) (err error) {
	arn := "arn:" + r.Partition + ":scheduler:" + r.Region + ":" + r.Account + ":schedule-group/" + r.ID
	if len(remove) > 0 {
		_, err = client(r).UntagResource(ctx, &scheduler.UntagResourceInput{ResourceArn: &arn, TagKeys: remove})
	} else {
		_, err = client(r).TagResource(ctx, &scheduler.TagResourceInput{ResourceArn: &arn,
			Tags: wire.TagList(set, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })})
	}
	return err
}
