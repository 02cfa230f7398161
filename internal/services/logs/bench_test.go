package logs_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// lines are what a web server logs.
func lines(f *fixture, n int) []types.InputLogEvent {
	out := make([]types.InputLogEvent, n)
	for i := range out {
		level := "INFO"
		if i%100 == 0 {
			level = "ERROR"
		}
		out[i] = types.InputLogEvent{Timestamp: aws.Int64(f.clock.Now().UnixMilli()), Message: aws.String(fmt.Sprintf(
			`10.0.%d.%d %s GET /orders/%d took %d ms, user u%d, trace %08x`, i%256, i%251, level, i*7919%100000, i%977, i%5003, i*2654435761))}
	}
	return out
}

// BenchmarkPutLogEvents puts 1,000 events a call through the whole chain, from 1 and from 16 callers with a stream each.
func BenchmarkPutLogEvents(b *testing.B) {
	for _, callers := range []int{1, 16} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			f := open(b)
			var streams []string
			for i := range callers {
				streams = append(streams, fmt.Sprint("s", i))
			}
			f.group("g", streams...)
			events := lines(f, 1000)
			b.ReportAllocs()
			b.ResetTimer()
			var all sync.WaitGroup
			for w := range callers {
				all.Go(func() {
					for i := w; i < b.N; i += callers {
						if _, err := f.PutLogEvents(f.ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: str("g"), LogStreamName: &streams[w], LogEvents: events}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkMillion filters and asks 1,000,000 events in 8 streams.
func BenchmarkMillion(b *testing.B) {
	f := open(b)
	var streams []string
	for i := range 8 {
		streams = append(streams, fmt.Sprint("s", i))
	}
	f.group("g", streams...)
	events := lines(f, 5000)
	for i := range 200 {
		if _, err := f.PutLogEvents(f.ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: str("g"), LogStreamName: &streams[i%8], LogEvents: events}); err != nil {
			b.Fatal(err)
		}
	}
	for name, pattern := range map[string]string{"term none": "FATAL", "term 1 percent": "ERROR", "regex": "%took 97[0-9] ms%", "fields": "[ip, level=ERROR, ..., trace]"} {
		b.Run(name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				n = 0
				pages := cloudwatchlogs.NewFilterLogEventsPaginator(f, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: str("g"), FilterPattern: &pattern})
				for pages.HasMorePages() {
					p, err := pages.NextPage(f.ctx)
					if err != nil {
						b.Fatal(err)
					}
					n += len(p.Events)
				}
			}
			b.ReportMetric(float64(n), "events")
		})
	}
	b.Run("query", func(b *testing.B) {
		for b.Loop() {
			f.query(`parse @message "took * ms" as ms | stats count(*), avg(ms), pct(ms, 99) by bin(1m)`, "g")
		}
	})
}
