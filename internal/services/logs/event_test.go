package logs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// TestPutRefused holds batches to order and limits, and events to their time.
func TestPutRefused(t *testing.T) {
	f := open(t)
	f.group("g", "s")
	put := func(events ...types.InputLogEvent) (*cloudwatchlogs.PutLogEventsOutput, error) {
		return f.PutLogEvents(f.ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: str("g"), LogStreamName: str("s"), LogEvents: events})
	}
	_, err := put(f.event(0, "a"), f.event(1, "b"))
	f.fails(err, "InvalidParameterException")
	_, err = put(f.event(25*3600*1000, "a"), f.event(0, "b"))
	f.fails(err, "InvalidParameterException")
	_, err = put(f.event(0, strings.Repeat("x", 1<<20)))
	f.fails(err, "InvalidParameterException")
	if _, err = put(f.event(0, strings.Repeat("x", 1<<20-26))); err != nil {
		t.Error(err)
	}
	_, err = put(slices.Repeat([]types.InputLogEvent{f.event(0, "x")}, 10_001)...)
	f.fails(err, "InvalidParameterException")
	_, err = put(f.event(0, ""))
	f.fails(err, "InvalidParameterException")
	_, err = f.PutLogEvents(f.ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: str("none"), LogStreamName: str("s"), LogEvents: []types.InputLogEvent{f.event(0, "a")}})
	f.fails(err, "ResourceNotFoundException")
	_, err = f.PutLogEvents(f.ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: str("g"), LogStreamName: str("none"), LogEvents: []types.InputLogEvent{f.event(0, "a")}})
	f.fails(err, "ResourceNotFoundException")
	const day = 24 * 3600 * 1000
	out, err := put(f.event(14*day+2000, "old"), f.event(14*day+1, "old"), f.event(14*day-1000, "kept"))
	f.ok(err)
	if r := out.RejectedLogEventsInfo; r == nil || *r.TooOldLogEventEndIndex != 2 || r.TooNewLogEventStartIndex != nil {
		t.Errorf("got %+v", r)
	}
	out, err = put(f.event(-3600*1000, "soon"), f.event(-3*3600*1000, "far"))
	f.ok(err)
	if r := out.RejectedLogEventsInfo; r == nil || *r.TooNewLogEventStartIndex != 1 || r.TooOldLogEventEndIndex != nil {
		t.Errorf("got %+v", r)
	}
	_, err = f.PutRetentionPolicy(f.ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: str("g"), RetentionInDays: aws.Int32(1)})
	f.ok(err)
	out, err = put(f.event(day+1000, "expired"), f.event(day-1000, "young"))
	f.ok(err)
	if r := out.RejectedLogEventsInfo; r == nil || *r.ExpiredLogEventEndIndex != 1 {
		t.Errorf("got %+v", r)
	}
	got := f.find(&cloudwatchlogs.FilterLogEventsInput{LogGroupName: str("g"), FilterPattern: str("-xx")}, 100)
	f.same(got, "s:young s:soon") // what has expired is not shown any more
}

// TestGet reads a stream in both directions by tokens.
func TestGet(t *testing.T) {
	f := open(t)
	f.group("g", "s", "other")
	get := func(in *cloudwatchlogs.GetLogEventsInput) (string, *cloudwatchlogs.GetLogEventsOutput) {
		t.Helper()
		in.LogGroupName, in.LogStreamName = str("g"), str("s")
		out, err := f.GetLogEvents(f.ctx, in)
		f.ok(err)
		var list []string
		for _, e := range out.Events {
			list = append(list, *e.Message)
		}
		return strings.Join(list, " "), out
	}
	got, empty := get(&cloudwatchlogs.GetLogEventsInput{})
	f.same(got, "")
	f.put("g", "s", "a", "b", "c", "d", "e")
	f.put("g", "other", "x")
	got, _ = get(&cloudwatchlogs.GetLogEventsInput{NextToken: empty.NextForwardToken})
	f.same(got, "a b c d e")
	got, out := get(&cloudwatchlogs.GetLogEventsInput{Limit: aws.Int32(2)})
	f.same(got, "d e")
	got, back := get(&cloudwatchlogs.GetLogEventsInput{Limit: aws.Int32(2), NextToken: out.NextBackwardToken})
	f.same(got, "b c")
	got, back = get(&cloudwatchlogs.GetLogEventsInput{Limit: aws.Int32(2), NextToken: back.NextBackwardToken})
	f.same(got, "a")
	got, last := get(&cloudwatchlogs.GetLogEventsInput{Limit: aws.Int32(2), NextToken: back.NextBackwardToken})
	f.same(got, "")
	if *last.NextBackwardToken != *back.NextBackwardToken {
		t.Error("the token at the beginning changes")
	}
	got, _ = get(&cloudwatchlogs.GetLogEventsInput{NextToken: last.NextForwardToken})
	f.same(got, "b c d e") // behind where it stood
	got, at := get(&cloudwatchlogs.GetLogEventsInput{NextToken: out.NextForwardToken})
	f.same(got, "")
	if *at.NextForwardToken != *out.NextForwardToken {
		t.Error("the token at the end changes")
	}
	f.clock.Advance(time.Second)
	f.put("g", "s", "f")
	got, _ = get(&cloudwatchlogs.GetLogEventsInput{NextToken: at.NextForwardToken})
	f.same(got, "f")
	got, _ = get(&cloudwatchlogs.GetLogEventsInput{StartFromHead: aws.Bool(true), Limit: aws.Int32(2)})
	f.same(got, "a b")
	now := f.clock.Now().UnixMilli()
	got, _ = get(&cloudwatchlogs.GetLogEventsInput{StartTime: aws.Int64(now - 3000), EndTime: aws.Int64(now)})
	f.same(got, "c d e")
	for _, token := range []string{"x", "f/1/s", "f/" + strings.Repeat("9", 56) + "/s", strings.Repeat("f", 60)} {
		_, err := f.GetLogEvents(f.ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: str("g"), LogStreamName: str("s"), NextToken: &token})
		f.fails(err, "InvalidParameterException")
	}
	var all []string
	pages := cloudwatchlogs.NewGetLogEventsPaginator(f, &cloudwatchlogs.GetLogEventsInput{LogGroupName: str("g"), LogStreamName: str("s"),
		StartFromHead: aws.Bool(true), Limit: aws.Int32(4)}, func(o *cloudwatchlogs.GetLogEventsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		p, err := pages.NextPage(f.ctx)
		f.ok(err)
		for _, e := range p.Events {
			all = append(all, *e.Message)
		}
	}
	f.same(strings.Join(all, " "), "a b c d e f")
}

// TestFilter finds events of several streams.
func TestFilter(t *testing.T) {
	f := open(t)
	f.group("g", "web-1", "web-2", "db")
	f.put("g", "web-1", "ERROR one", "fine", "ERROR two")
	f.put("g", "web-2", `{"n":1}`, "ERROR three")
	f.put("g", "db", "fine", "slow")
	in := func() *cloudwatchlogs.FilterLogEventsInput {
		return &cloudwatchlogs.FilterLogEventsInput{LogGroupName: str("g")}
	}
	for _, size := range []int32{1, 2, 100} {
		x := in()
		x.FilterPattern = str("ERROR")
		f.same(f.find(x, size), "web-1:ERROR one web-1:ERROR two web-2:ERROR three")
		x = in()
		f.same(f.find(x, size), "web-1:ERROR one web-1:fine web-2:{\"n\":1} db:fine web-1:ERROR two web-2:ERROR three db:slow")
		x = in()
		x.LogStreamNamePrefix, x.FilterPattern = str("web-"), str("-ERROR")
		f.same(f.find(x, size), "web-1:fine web-2:{\"n\":1}")
		x = in()
		x.LogStreamNames = []string{"db", "web-2"}
		f.same(f.find(x, size), "web-2:{\"n\":1} db:fine web-2:ERROR three db:slow")
		x = in()
		x.FilterPattern = str("{ $.n = 1 }")
		f.same(f.find(x, size), "web-2:{\"n\":1}")
		x = in()
		x.StartTime, x.EndTime = aws.Int64(f.clock.Now().UnixMilli()-1000), aws.Int64(f.clock.Now().UnixMilli())
		f.same(f.find(x, size), "web-1:fine web-2:{\"n\":1} db:fine")
		x = in()
		x.StartFromHead, x.LogStreamNames = aws.Bool(false), []string{"db"}
		f.same(f.find(x, size), "db:slow db:fine")
		x = in()
		x.LogGroupName, x.LogGroupIdentifier = nil, str("arn:aws:logs:us-east-1:"+f.root.Account+":log-group:g")
		x.LogStreamNames = []string{"db"}
		f.same(f.find(x, size), "db:fine db:slow")
	}
	for _, x := range []*cloudwatchlogs.FilterLogEventsInput{{LogGroupName: str("g"), FilterPattern: str("{")}, {LogGroupName: str("g"), NextToken: str("x")}, {},
		{LogGroupName: str("g"), LogStreamNames: []string{"db"}, LogStreamNamePrefix: str("d")}, {LogGroupIdentifier: str("arn:aws:s3:::x")}} {
		_, err := f.FilterLogEvents(f.ctx, x)
		f.fails(err, "InvalidParameterException")
	}
	x := in()
	x.LogStreamNames = []string{"none"}
	_, err := f.FilterLogEvents(f.ctx, x)
	f.fails(err, "ResourceNotFoundException")
}

// TestPageSize ends an answer at a megabyte.
func TestPageSize(t *testing.T) {
	f := open(t)
	f.group("g", "s")
	for i := range 4 {
		f.put("g", "s", fmt.Sprint(i)+strings.Repeat("x", 400_000))
		f.clock.Advance(time.Second)
	}
	out, err := f.GetLogEvents(f.ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: str("g"), LogStreamName: str("s"), StartFromHead: aws.Bool(true)})
	f.ok(err)
	if len(out.Events) != 2 {
		t.Errorf("got %d events", len(out.Events))
	}
	if n := strings.Count(f.find(&cloudwatchlogs.FilterLogEventsInput{LogGroupName: str("g")}, 10_000), "s:"); n != 4 {
		t.Errorf("got %d events", n)
	}
}
