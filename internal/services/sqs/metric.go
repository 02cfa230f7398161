package sqs

import (
	"context"
	"maps"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// gaugeEvery is how often the numbers of messages in queues are measured.
const gaugeEvery = time.Minute

// idle is how long a queue is measured after it was empty and nobody asked for anything. AWS waits as long.
const idle = 6 * time.Hour

// Run measures the queues that are used until ctx ends.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
func (s *Service) Run(ctx context.Context) {
	t := time.NewTicker(gaugeEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			s.gauge(ctx)
		}
	}
}

// gauge measures how many messages lie in each queue that is used, and how old they are.
func (s *Service) gauge(ctx context.Context) {
	all := map[store.Key]queue{}
	if err := s.image.Read(ctx, func() { maps.Copy(all, s.queues.Rows()) }); err != nil {
		return
	}
	for k, q := range all {
		h, err := s.shelf(ctx, k, q) // also those that nobody looked into since the server began: messages may wait there
		if err != nil || h.gone() {
			continue
		}
		now, life := s.now(), q.duration("MessageRetentionPeriod").Milliseconds()
		n := h.counts(now, life)
		if n == [3]int{} && now-h.busy() > idle.Milliseconds() {
			continue
		}
		dims := []metrics.Dimension{{Name: "QueueName", Value: h.key.ID}}
		s.Metrics.Record(h.key.Account, h.key.Region, "AWS/SQS",
			metrics.Datum{Name: "ApproximateNumberOfMessagesVisible", Unit: "Count", Value: float64(n[0]), Dimensions: dims},
			metrics.Datum{Name: "ApproximateNumberOfMessagesNotVisible", Unit: "Count", Value: float64(n[1]), Dimensions: dims},
			metrics.Datum{Name: "ApproximateNumberOfMessagesDelayed", Unit: "Count", Value: float64(n[2]), Dimensions: dims},
			metrics.Datum{Name: "ApproximateAgeOfOldestMessage", Unit: "Seconds", Value: h.oldest(now).Seconds(), Dimensions: dims})
	}
}

// count records how many messages something happened to.
func (s *Service) count(k store.Key, name string, n int) {
	s.Metrics.Record(k.Account, k.Region, "AWS/SQS", metrics.Datum{Name: name, Unit: "Count", Value: float64(n),
		Dimensions: []metrics.Dimension{{Name: "QueueName", Value: k.ID}}})
}

// countSent records messages that were sent, with their sizes.
func (s *Service) countSent(k store.Key, list []*message) {
	dims := []metrics.Dimension{{Name: "QueueName", Value: k.ID}}
	for _, m := range list {
		s.Metrics.Record(k.Account, k.Region, "AWS/SQS", metrics.Datum{Name: "NumberOfMessagesSent", Unit: "Count", Value: 1, Dimensions: dims},
			metrics.Datum{Name: "SentMessageSize", Unit: "Bytes", Value: float64(len(m.Body)), Dimensions: dims})
	}
}
