package delivery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// Log writes an event to a stream of a log group, which is made when it is not there. The group's resource policy has to let the
// service do both, or the role's policies.
func (c *Clients) Log(ctx context.Context, as As, group, stream string, at time.Time, message string) error {
	a, err := arn.Parse(group)
	name, ok := strings.CutPrefix(a.Resource, "log-group:")
	name = strings.TrimSuffix(name, ":*")
	if err != nil || a.Service != "logs" || !ok {
		return Permanent(fmt.Errorf("%s is no log group", group))
	}
	if a.Account != as.Account {
		return Permanent(fmt.Errorf("log group %s is another account's", group))
	}
	config, err := c.Config(ctx, as, a.Region)
	if err != nil {
		return err
	}
	client := cloudwatchlogs.NewFromConfig(config)
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: &name, LogStreamName: &stream,
		LogEvents: []types.InputLogEvent{{Timestamp: aws.Int64(at.UnixMilli()), Message: &message}}}
	out, err := client.PutLogEvents(ctx, in)
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		_, err = client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &name, LogStreamName: &stream})
		var exists *types.ResourceAlreadyExistsException
		if err == nil || errors.As(err, &exists) {
			out, err = client.PutLogEvents(ctx, in)
		}
	}
	if err != nil {
		return Judged(err)
	}
	if out.RejectedLogEventsInfo != nil {
		return Permanent(errors.New("the event is too old or too new for the log group"))
	}
	return nil
}
