package logs

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/logs/eventfile"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// most is how many streams a page has.
const most = 50

// DescribeLogStreams lists the streams of a group by name or by their last event.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html
func (s *Service) DescribeLogStreams(ctx context.Context, in *cloudwatchlogs.DescribeLogStreamsInput) (*cloudwatchlogs.DescribeLogStreamsOutput, error) {
	k, err := either(ctx, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	if in.OrderBy == types.OrderByLastEventTime && in.LogStreamNamePrefix != nil {
		return nil, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	g, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	heads, err := s.files.Heads(ctx, g.place(k, ""))
	if err != nil {
		return nil, err
	}
	var list []streamEntry
	var next *string
	if in.OrderBy == types.OrderByLastEventTime {
		list, next, err = s.byTime(ctx, k, g, heads, in)
	} else {
		list, next, err = s.byName(ctx, k, g, heads, in)
	}
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.DescribeLogStreamsOutput{LogStreams: []types.LogStream{}, NextToken: next}
	for _, e := range list {
		st := types.LogStream{LogStreamName: &e.name, Arn: aws.String(streamARN(k, e.name)), CreationTime: &e.Created, StoredBytes: aws.Int64(0),
			UploadSequenceToken: aws.String(sequenceToken)}
		if e.Events > 0 {
			st.FirstEventTimestamp, st.LastEventTimestamp, st.LastIngestionTime = &e.First, &e.Last, &e.Ingested
		}
		out.LogStreams = append(out.LogStreams, st)
	}
	return out, nil
}

func (s *Service) describeLogStreamsTargets(ctx context.Context, in *cloudwatchlogs.DescribeLogStreamsInput) ([]wire.Target, error) {
	return s.onEither(ctx, in.LogGroupName, in.LogGroupIdentifier, "")
}

type streamEntry struct {
	name string
	stream
}

func entryOf(r store.Row[stream], heads map[string]eventfile.Summary) streamEntry {
	e := streamEntry{eventfile.Name(r.Value.ID), r.Value}
	e.Summary.Add(heads[e.ID])
	return e
}

func (s *Service) byName(ctx context.Context, k store.Key, g group, heads map[string]eventfile.Summary, in *cloudwatchlogs.DescribeLogStreamsInput) (out []streamEntry, next *string, err error) {
	size := most
	if in.Limit != nil {
		size = int(*in.Limit)
	}
	after, err := wire.PagePosition(ctx, in.NextToken)
	if err != nil {
		return nil, nil, errToken
	}
	r := store.Range{Account: k.Account, Region: k.Region, Prefix: g.ID + ":" + aws.ToString(in.LogStreamNamePrefix), Limit: size + 1, Reverse: aws.ToBool(in.Descending)}
	if after != "" {
		r.After = g.ID + ":" + after
	}
	var rows []store.Row[stream]
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = s.streams.List(tx, r)
		return err
	}); err != nil {
		return nil, nil, err
	}
	if len(rows) > size {
		rows = rows[:size]
		next = wire.PageToken(ctx, eventfile.Name(rows[size-1].Value.ID))
	}
	for _, r := range rows {
		out = append(out, entryOf(r, heads))
	}
	return out, next, nil
}

// byTime sorts all streams: which had the last event, only memory and files together tell.
func (s *Service) byTime(ctx context.Context, k store.Key, g group, heads map[string]eventfile.Summary, in *cloudwatchlogs.DescribeLogStreamsInput) ([]streamEntry, *string, error) {
	var all []streamEntry
	if err := s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := s.streams.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: g.ID + ":"})
		for _, r := range rows {
			all = append(all, entryOf(r, heads))
		}
		return err
	}); err != nil {
		return nil, nil, err
	}
	key := func(e streamEntry) string {
		last := e.Last
		if aws.ToBool(in.Descending) {
			last = math.MaxInt64 - last
		}
		return fmt.Sprintf("%020d", last) + e.name
	}
	slices.SortFunc(all, func(a, b streamEntry) int { return strings.Compare(key(a), key(b)) })
	return page(ctx, all, key, in.Limit, most, in.NextToken)
}
