package logs

import (
	"cmp"
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/logs/eventfile"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

const (
	// maxFields is how many fields of an event are told.
	maxFields = 200
	// sample is how many events GetLogGroupFields looks at, of the window before now, or of nearby around a time.
	sample = 1000
	window = 15 * 60 * 1000
	nearby = 8 * 60 * 1000
)

// pointed reads where a pointer leads.
func pointed(ctx context.Context, text *string) (k store.Key, p eventfile.Position, err error) {
	b, err := base64.RawURLEncoding.DecodeString(aws.ToString(text))
	parts := strings.Split(string(b), ":")
	if err != nil || len(parts) != 3 {
		return k, p, invalid("The specified logRecordPointer is not valid.")
	}
	k = here(ctx, parts[1])
	k.Account = parts[0]
	var ok bool
	if p, ok = readEventID(parts[2]); !ok || p.Seq == 0 {
		return k, p, invalid("The specified logRecordPointer is not valid.")
	}
	return k, p, nil
}

// GetLogRecord gives all fields of an event that a query found.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogRecord.html
func (s *Service) GetLogRecord(ctx context.Context, in *cloudwatchlogs.GetLogRecordInput) (*cloudwatchlogs.GetLogRecordOutput, error) {
	k, p, err := pointed(ctx, in.LogRecordPointer)
	if err != nil {
		return nil, err
	}
	g, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	q := eventfile.Query{Group: g.place(k, ""), After: &eventfile.Position{Time: p.Time, Seq: p.Seq - 1}, Before: &eventfile.Position{Time: p.Time, Seq: p.Seq + 1}}
	q.From, _ = g.window(s.now(), nil, nil)
	var failed error
	for r := range s.records(ctx, source{k, q}, &failed) {
		fields := r.Fields(maxFields)
		fields["@ptr"] = r.Pointer()
		return &cloudwatchlogs.GetLogRecordOutput{LogRecord: fields}, nil
	}
	if failed != nil {
		return nil, failed
	}
	return nil, missing("The specified log record does not exist.")
}

func (s *Service) getLogRecordTargets(ctx context.Context, in *cloudwatchlogs.GetLogRecordInput) ([]wire.Target, error) {
	k, _, err := pointed(ctx, in.LogRecordPointer)
	if err != nil {
		return nil, err
	}
	return s.target(ctx, k, "")
}

// GetLogGroupFields tells which fields recent events have, and how many of them.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogGroupFields.html
func (s *Service) GetLogGroupFields(ctx context.Context, in *cloudwatchlogs.GetLogGroupFieldsInput) (*cloudwatchlogs.GetLogGroupFieldsOutput, error) {
	k, err := either(ctx, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	g, err := s.find(ctx, k)
	if err != nil {
		return nil, err
	}
	from, to := s.now()-window, s.now()+1
	if in.Time != nil {
		from, to = seconds(*in.Time)-nearby, seconds(*in.Time)+nearby
	}
	q := eventfile.Query{Group: g.place(k, ""), Reverse: true}
	q.From, q.To = g.window(s.now(), &from, &to)
	counts, n := map[string]int{}, 0
	var failed error
	for r := range s.records(ctx, source{k, q}, &failed) {
		for _, name := range r.Names(maxFields) {
			counts[name]++
		}
		if n++; n == sample {
			break
		}
	}
	if failed != nil {
		return nil, failed
	}
	out := &cloudwatchlogs.GetLogGroupFieldsOutput{LogGroupFields: []types.LogGroupField{}}
	for name, c := range counts {
		out.LogGroupFields = append(out.LogGroupFields, types.LogGroupField{Name: &name, Percent: int32(c * 100 / n)})
	}
	slices.SortFunc(out.LogGroupFields, func(a, b types.LogGroupField) int {
		return cmp.Or(cmp.Compare(b.Percent, a.Percent), cmp.Compare(*a.Name, *b.Name))
	})
	return out, nil
}

func (s *Service) getLogGroupFieldsTargets(ctx context.Context, in *cloudwatchlogs.GetLogGroupFieldsInput) ([]wire.Target, error) {
	return s.onEither(ctx, in.LogGroupName, in.LogGroupIdentifier, "")
}
