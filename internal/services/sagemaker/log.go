package sagemaker

import (
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/loglines"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// log brings a line of a container to CloudWatch Logs, in the name of the model's role.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
func (s *Service) log(k store.Key, role, group, variant, instance, container, line string) {
	stream := variant + "/" + instance
	if container != "" {
		stream += "/" + container
	}
	s.Lines.Line(streamOf(k, role, group, stream), s.Clock.Now(), line)
}

func streamOf(k store.Key, role, group, stream string) loglines.Stream {
	return loglines.Stream{As: delivery.As{Service: principal, Account: k.Account, RoleARN: role}, Region: k.Region, Group: group, Stream: stream}
}
