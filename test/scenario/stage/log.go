package stage

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// Logged gives the lines of a log group.
func (s *Stage) Logged(group string) string {
	s.Helper()
	var b strings.Builder
	for pages := cloudwatchlogs.NewFilterLogEventsPaginator(cloudwatchlogs.NewFromConfig(s.Who.Config()), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group}); pages.HasMorePages(); {
		page, err := pages.NextPage(s.Context())
		if err != nil { // the group comes with its first line
			return ""
		}
		for _, e := range page.Events {
			b.WriteString(*e.Message + "\n")
		}
	}
	return b.String()
}
