package scheduler

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// log writes a schedule's input to a log group. A schedule has one stream a day.
func (s *Service) log(ctx context.Context, account string, to arn.ARN, x parcel) error {
	now := s.Clock.Now()
	stream := uuid.NewSHA1(uuid.NameSpaceURL, []byte(x.Schedule+now.UTC().Format("2006-01-02"))).String()
	return s.Clients.Log(ctx, x.as(account), to.String(), stream, now, x.Input)
}

// putLogEvents is the universal target of that name: the input is the call's own.
const putLogEvents = "aws-sdk:cloudwatchlogs:putLogEvents"

func (s *Service) putLogEvents(ctx context.Context, p delivery.Parcel, x parcel) error {
	var in cloudwatchlogs.PutLogEventsInput
	if err := json.Unmarshal([]byte(x.Input), &in); err != nil {
		return delivery.Permanent(fmt.Errorf("cannot read the input: %w", err))
	}
	config, err := s.Clients.Config(ctx, x.as(p.Account), p.Region)
	if err != nil {
		return err
	}
	_, err = cloudwatchlogs.NewFromConfig(config).PutLogEvents(ctx, &in)
	return delivery.Judged(err)
}
