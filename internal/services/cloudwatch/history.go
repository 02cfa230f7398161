package cloudwatch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	// kept is how long history is, and forgotten how many items that are older go when one comes.
	kept      = 30 * 24 * time.Hour
	forgotten = 3
)

// historyItem is something that happened to an alarm. Its id begins with its time.
type historyItem struct {
	Alarm     string
	Composite bool `json:",omitempty"`
	Type      types.HistoryItemType
	Summary   string
	Data      string
	Time      time.Time
}

func historyID(at time.Time) string { return fmt.Sprintf("%020d/", at.UnixNano()) }

// note adds to the history of an alarm, and forgets what is old.
func (s *Service) note(tx *store.Tx, k store.Key, a *alarm, kind types.HistoryItemType, summary, data string) error {
	now := s.Clock.Now()
	old, err := s.history.List(tx, store.Range{Account: k.Account, Region: k.Region, Limit: forgotten})
	if err != nil {
		return err
	}
	for _, row := range old {
		if now.Sub(row.Value.Time) > kept {
			if err := s.history.Delete(tx, row.Key); err != nil {
				return err
			}
		}
	}
	k.ID = historyID(now) + uuid.NewString()
	return s.history.Put(tx, k, historyItem{Alarm: a.Name, Composite: a.Composite != nil, Type: kind, Summary: summary, Data: data, Time: now})
}

// DescribeAlarmHistory lists what happened to one alarm or all, the latest first.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
func (s *Service) DescribeAlarmHistory(ctx context.Context, in *cloudwatch.DescribeAlarmHistoryInput) (*cloudwatch.DescribeAlarmHistoryOutput, error) {
	if in.AlarmContributorId != nil {
		return nil, unsupported("Alarm contributors")
	}
	after, err := wire.PagePosition(ctx, in.NextToken)
	if err != nil {
		return nil, badToken(err)
	}
	size := 100
	if in.MaxRecords != nil {
		size = int(*in.MaxRecords)
	}
	of := here(ctx, "")
	r := store.Range{Account: of.Account, Region: of.Region, After: after, Limit: 500, Reverse: in.ScanBy != types.ScanByTimestampAscending}
	out := &cloudwatch.DescribeAlarmHistoryOutput{AlarmHistoryItems: []types.AlarmHistoryItem{}}
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		for {
			var rows []store.Row[historyItem]
			var err error
			if in.AlarmName != nil {
				rows, err = s.history.Find(tx, "alarm", *in.AlarmName, r)
			} else {
				rows, err = s.history.List(tx, r)
			}
			if err != nil {
				return err
			}
			for _, row := range rows {
				if !historyWanted(in, row.Value) {
					continue
				}
				if len(out.AlarmHistoryItems) == size {
					out.NextToken = wire.PageToken(ctx, after)
					return nil
				}
				after = row.Key.ID
				out.AlarmHistoryItems = append(out.AlarmHistoryItems, row.Value.shown())
			}
			if len(rows) < r.Limit {
				return nil
			}
			r.After = rows[len(rows)-1].Key.ID
		}
	})
}

func historyWanted(in *cloudwatch.DescribeAlarmHistoryInput, h historyItem) bool {
	kinds := in.AlarmTypes
	if len(kinds) == 0 {
		kinds = []types.AlarmType{types.AlarmTypeMetricAlarm}
	}
	return slices.Contains(kinds, h.kind()) && (in.HistoryItemType == "" || in.HistoryItemType == h.Type) &&
		(in.StartDate == nil || !h.Time.Before(*in.StartDate)) && (in.EndDate == nil || !h.Time.After(*in.EndDate))
}

func (h historyItem) kind() types.AlarmType {
	if h.Composite {
		return types.AlarmTypeCompositeAlarm
	}
	return types.AlarmTypeMetricAlarm
}

func (h historyItem) shown() types.AlarmHistoryItem {
	return types.AlarmHistoryItem{AlarmName: &h.Alarm, AlarmType: h.kind(), HistoryItemType: h.Type, HistorySummary: &h.Summary, HistoryData: &h.Data, Timestamp: &h.Time}
}

func (s *Service) historyTargets(ctx context.Context, in *cloudwatch.DescribeAlarmHistoryInput) ([]wire.Target, error) {
	name := aws.ToString(in.AlarmName)
	if name == "" {
		name = "*"
	}
	return onAlarm(ctx, name), nil
}
