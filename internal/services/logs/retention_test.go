package logs_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// TestRetention shows expired events no more, and gives back their files.
func TestRetention(t *testing.T) {
	f := open(t)
	f.group("g", "s", "t")
	for i := range 20 { // more than a journal
		_, err := f.PutLogEvents(f.ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: str("g"), LogStreamName: str("s"), LogEvents: []types.InputLogEvent{
			f.event(3*24*3600*1000-5*60*1000, "old "+strings.Repeat(string(rune('a'+i)), 1<<20-100))}})
		f.ok(err)
	}
	_, err := f.PutRetentionPolicy(f.ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: str("g"), RetentionInDays: aws.Int32(3)})
	f.ok(err)
	stored := func() int64 {
		out, err := f.DescribeLogGroups(f.ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
		f.ok(err)
		return *out.LogGroups[0].StoredBytes
	}
	f.soon("sealed journal", func() bool { return len(f.glob("journal/*")) == 1 && len(f.glob("groups/*/*")) == 1 })
	if n := stored(); n < 20*(1<<20-100) || n > 20<<20 {
		t.Errorf("got %d bytes", n)
	}
	f.put("g", "t", "young")
	f.ok(f.service.Expire(f.ctx))
	if len(f.glob("groups/*/*")) != 1 {
		t.Error("the file is gone too early")
	}
	f.clock.Advance(10 * time.Minute)
	f.same(f.find(&cloudwatchlogs.FilterLogEventsInput{LogGroupName: str("g")}, 100), "t:young")
	f.ok(f.service.Expire(f.ctx))
	if len(f.glob("groups/*/*")) != 0 {
		t.Error("the file is still there")
	}
	if n := stored(); n > 5<<20 {
		t.Errorf("got %d bytes", n)
	}
	f.same(f.find(&cloudwatchlogs.FilterLogEventsInput{LogGroupName: str("g")}, 100), "t:young")
}
