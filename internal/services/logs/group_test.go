package logs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

func (f *fixture) groups(in *cloudwatchlogs.DescribeLogGroupsInput) string {
	f.t.Helper()
	var out []string
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(f, in)
	for pages.HasMorePages() {
		p, err := pages.NextPage(f.ctx)
		f.ok(err)
		for _, g := range p.LogGroups {
			out = append(out, *g.LogGroupName)
		}
	}
	return strings.Join(out, " ")
}

// TestGroups makes, lists and deletes groups.
func TestGroups(t *testing.T) {
	f := open(t)
	for _, name := range []string{"/aws/lambda/b", "/aws/lambda/a", "app"} {
		f.group(name)
	}
	_, err := f.CreateLogGroup(f.ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: str("app")})
	f.fails(err, "ResourceAlreadyExistsException")
	_, err = f.CreateLogGroup(f.ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: str("a b")})
	f.fails(err, "InvalidParameterException")
	f.same(f.groups(&cloudwatchlogs.DescribeLogGroupsInput{Limit: aws.Int32(1)}), "/aws/lambda/a /aws/lambda/b app")
	f.same(f.groups(&cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: str("/aws/")}), "/aws/lambda/a /aws/lambda/b")
	f.same(f.groups(&cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePattern: str("APP")}), "app")
	f.same(f.groups(&cloudwatchlogs.DescribeLogGroupsInput{LogGroupIdentifiers: []string{"app"}}), "app")
	f.same(f.groups(&cloudwatchlogs.DescribeLogGroupsInput{LogGroupClass: types.LogGroupClassInfrequentAccess}), "")
	_, err = f.PutRetentionPolicy(f.ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: str("app"), RetentionInDays: aws.Int32(2)})
	f.fails(err, "InvalidParameterException")
	_, err = f.PutRetentionPolicy(f.ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: str("app"), RetentionInDays: aws.Int32(7)})
	f.ok(err)
	_, err = f.AssociateKmsKey(f.ctx, &cloudwatchlogs.AssociateKmsKeyInput{LogGroupName: str("app"), KmsKeyId: str("arn:aws:kms:us-east-1:111122223333:key/x")})
	f.ok(err)
	out, err := f.DescribeLogGroups(f.ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: str("app")})
	f.ok(err)
	g := out.LogGroups[0]
	arn := "arn:aws:logs:us-east-1:" + f.root.Account + ":log-group:app"
	if *g.Arn != arn+":*" || *g.LogGroupArn != arn || *g.RetentionInDays != 7 || *g.KmsKeyId == "" || g.LogGroupClass != types.LogGroupClassStandard {
		t.Errorf("got %+v", g)
	}
	_, err = f.PutLogGroupDeletionProtection(f.ctx, &cloudwatchlogs.PutLogGroupDeletionProtectionInput{LogGroupIdentifier: &arn, DeletionProtectionEnabled: aws.Bool(true)})
	f.ok(err)
	_, err = f.DeleteLogGroup(f.ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: str("app")})
	f.fails(err, "ValidationException")
	_, err = f.PutLogGroupDeletionProtection(f.ctx, &cloudwatchlogs.PutLogGroupDeletionProtectionInput{LogGroupIdentifier: &arn, DeletionProtectionEnabled: aws.Bool(false)})
	f.ok(err)
	_, err = f.TagResource(f.ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: &arn, Tags: map[string]string{"team": "a", "x": "y"}})
	f.ok(err)
	_, err = f.UntagResource(f.ctx, &cloudwatchlogs.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"x"}})
	f.ok(err)
	tags, err := f.ListTagsForResource(f.ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: &arn})
	f.ok(err)
	f.same(fmt.Sprint(tags.Tags), "map[team:a]")
	_, err = f.DeleteLogGroup(f.ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: str("app")})
	f.ok(err)
	_, err = f.DeleteLogGroup(f.ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: str("app")})
	f.fails(err, "ResourceNotFoundException")
}

// TestStreams lists streams by name and time, and forgets what is deleted.
func TestStreams(t *testing.T) {
	f := open(t)
	f.group("g", "a", "b", "c")
	f.put("g", "b", "1")
	f.clock.Advance(time.Second)
	f.put("g", "a", "2")
	list := func(in *cloudwatchlogs.DescribeLogStreamsInput) string {
		t.Helper()
		in.LogGroupName = str("g")
		var out []string
		pages := cloudwatchlogs.NewDescribeLogStreamsPaginator(f, in)
		for pages.HasMorePages() {
			p, err := pages.NextPage(f.ctx)
			f.ok(err)
			for _, s := range p.LogStreams {
				out = append(out, *s.LogStreamName)
			}
		}
		return strings.Join(out, " ")
	}
	for _, n := range []*int32{nil, aws.Int32(1), aws.Int32(2)} {
		f.same(list(&cloudwatchlogs.DescribeLogStreamsInput{Limit: n}), "a b c")
		f.same(list(&cloudwatchlogs.DescribeLogStreamsInput{Limit: n, Descending: aws.Bool(true)}), "c b a")
		f.same(list(&cloudwatchlogs.DescribeLogStreamsInput{Limit: n, OrderBy: types.OrderByLastEventTime, Descending: aws.Bool(true)}), "a b c")
		f.same(list(&cloudwatchlogs.DescribeLogStreamsInput{Limit: n, OrderBy: types.OrderByLastEventTime}), "c b a")
	}
	f.same(list(&cloudwatchlogs.DescribeLogStreamsInput{LogStreamNamePrefix: str("b")}), "b")
	_, err := f.DescribeLogStreams(f.ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: str("g"), LogStreamNamePrefix: str("b"), OrderBy: types.OrderByLastEventTime})
	f.fails(err, "InvalidParameterException")
	_, err = f.CreateLogStream(f.ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: str("g"), LogStreamName: str("a")})
	f.fails(err, "ResourceAlreadyExistsException")
	_, err = f.CreateLogStream(f.ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: str("g"), LogStreamName: str("a:b")})
	f.fails(err, "InvalidParameterException")
	_, err = f.DeleteLogStream(f.ctx, &cloudwatchlogs.DeleteLogStreamInput{LogGroupName: str("g"), LogStreamName: str("a")})
	f.ok(err)
	f.same(f.find(&cloudwatchlogs.FilterLogEventsInput{LogGroupName: str("g")}, 10), "b:1")
	_, err = f.CreateLogStream(f.ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: str("g"), LogStreamName: str("a")})
	f.ok(err)
	f.same(f.find(&cloudwatchlogs.FilterLogEventsInput{LogGroupName: str("g")}, 10), "b:1")
	f.put("g", "a", "3")
	f.same(f.find(&cloudwatchlogs.FilterLogEventsInput{LogGroupName: str("g")}, 10), "b:1 a:3")
	_, err = f.DeleteLogGroup(f.ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: str("g")})
	f.ok(err)
	f.group("g", "a")
	f.same(f.find(&cloudwatchlogs.FilterLogEventsInput{LogGroupName: str("g")}, 10), "")
}

// TestPolicies lets a service write where a resource policy says so.
func TestPolicies(t *testing.T) {
	f := open(t)
	f.group("/aws/events/x", "s")
	f.group("private", "s")
	service := authz.Principal{Kind: authz.Service, Name: "events.amazonaws.com", Context: authz.Context{"aws:SourceAccount": {f.root.Account},
		"aws:SourceArn": {"arn:aws:events:us-east-1:" + f.root.Account + ":rule/r"}}}
	put := func(group string) error {
		_, err := f.as(service).PutLogEvents(f.ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: str("s"), LogEvents: []types.InputLogEvent{f.event(0, "x")}})
		return err
	}
	f.fails(put("/aws/events/x"), "AccessDeniedException")
	document := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["events.amazonaws.com"]},
		"Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:us-east-1:` + f.root.Account + `:log-group:/aws/events/*:*"}]}`
	_, err := f.PutResourcePolicy(f.ctx, &cloudwatchlogs.PutResourcePolicyInput{PolicyName: str("p"), PolicyDocument: &document})
	f.ok(err)
	f.ok(put("/aws/events/x"))
	f.fails(put("private"), "AccessDeniedException")
	list, err := f.DescribeResourcePolicies(f.ctx, &cloudwatchlogs.DescribeResourcePoliciesInput{})
	f.ok(err)
	if len(list.ResourcePolicies) != 1 || *list.ResourcePolicies[0].PolicyName != "p" {
		t.Errorf("got %+v", list.ResourcePolicies)
	}
	_, err = f.PutResourcePolicy(f.ctx, &cloudwatchlogs.PutResourcePolicyInput{PolicyName: str("q"), PolicyDocument: str("{}")})
	f.fails(err, "InvalidParameterException")
	_, err = f.DeleteResourcePolicy(f.ctx, &cloudwatchlogs.DeleteResourcePolicyInput{PolicyName: str("p")})
	f.ok(err)
	f.fails(put("/aws/events/x"), "AccessDeniedException")
	_, err = f.DeleteResourcePolicy(f.ctx, &cloudwatchlogs.DeleteResourcePolicyInput{PolicyName: str("p")})
	f.fails(err, "ResourceNotFoundException")
}
