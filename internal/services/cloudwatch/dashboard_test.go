package cloudwatch_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func TestDashboards(t *testing.T) {
	f := open(t)
	body := `{"widgets":[{"type":"metric","x":0,"y":0,"width":12,"height":6,"properties":{"metrics":[["N","m"]],"region":"us-east-1"}}]}`
	out, err := f.PutDashboard(f.ctx, &cloudwatch.PutDashboardInput{DashboardName: str("d1"), DashboardBody: &body, Tags: []types.Tag{{Key: str("k"), Value: str("v")}}})
	f.ok(err)
	if len(out.DashboardValidationMessages) != 0 {
		t.Errorf("said %v", out.DashboardValidationMessages)
	}
	got, err := f.GetDashboard(f.ctx, &cloudwatch.GetDashboardInput{DashboardName: str("d1")})
	f.ok(err)
	if *got.DashboardBody != body || *got.DashboardArn != "arn:aws:cloudwatch::"+f.account+":dashboard/d1" {
		t.Errorf("got %v", *got.DashboardBody)
	}
	warned, err := f.PutDashboard(f.ctx, &cloudwatch.PutDashboardInput{DashboardName: str("d2"), DashboardBody: str(`{"widgets":[{"type":"text","properties":{}}]}`)})
	f.ok(err)
	if len(warned.DashboardValidationMessages) != 1 || *warned.DashboardValidationMessages[0].DataPath != "/widgets/0/properties" {
		t.Errorf("warned %v", warned.DashboardValidationMessages)
	}
	for _, bad := range []string{"", "[]", "{", `{"a":1}`, `{"widgets":[{"type":"nope","properties":{}}]}`, `{"widgets":[{"type":"text"}]}`, `{"widgets":[1]}`} {
		_, err := f.PutDashboard(f.ctx, &cloudwatch.PutDashboardInput{DashboardName: str("bad"), DashboardBody: &bad})
		var e *types.DashboardInvalidInputError
		if !errors.As(err, &e) || len(e.DashboardValidationMessages) == 0 {
			t.Errorf("%s: %v", bad, err)
		}
	}
	list, err := f.ListDashboards(f.ctx, &cloudwatch.ListDashboardsInput{DashboardNamePrefix: str("d")})
	f.ok(err)
	if len(list.DashboardEntries) != 2 || *list.DashboardEntries[0].Size != int64(len(body)) {
		t.Errorf("listed %v", list.DashboardEntries)
	}
	tags, err := f.ListTagsForResource(f.ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: got.DashboardArn})
	f.ok(err)
	if len(tags.Tags) != 1 || *tags.Tags[0].Value != "v" {
		t.Errorf("tags %v", tags.Tags)
	}
	_, err = f.DeleteDashboards(f.ctx, &cloudwatch.DeleteDashboardsInput{DashboardNames: []string{"d1", "none"}})
	f.fails(err, "ResourceNotFound")
	_, err = f.DeleteDashboards(f.ctx, &cloudwatch.DeleteDashboardsInput{DashboardNames: []string{"d1", "d2"}})
	f.ok(err)
	_, err = f.GetDashboard(f.ctx, &cloudwatch.GetDashboardInput{DashboardName: str("d1")})
	f.fails(err, "ResourceNotFound")
}

func TestAlarmTags(t *testing.T) {
	f := open(t)
	in := above("a")
	in.Tags = []types.Tag{{Key: str("one"), Value: str("1")}}
	_, err := f.PutMetricAlarm(f.ctx, in)
	f.ok(err)
	arn := str("arn:aws:cloudwatch:us-east-1:" + f.account + ":alarm:a")
	_, err = f.TagResource(f.ctx, &cloudwatch.TagResourceInput{ResourceARN: arn, Tags: []types.Tag{{Key: str("two"), Value: str("2")}}})
	f.ok(err)
	_, err = f.UntagResource(f.ctx, &cloudwatch.UntagResourceInput{ResourceARN: arn, TagKeys: []string{"one"}})
	f.ok(err)
	out, err := f.ListTagsForResource(f.ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: arn})
	f.ok(err)
	if len(out.Tags) != 1 || *out.Tags[0].Key != "two" {
		t.Errorf("tags %v", out.Tags)
	}
	_, err = f.ListTagsForResource(f.ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: str(*arn + "none")})
	f.fails(err, "ResourceNotFoundException")
}
