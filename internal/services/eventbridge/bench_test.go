package eventbridge_test

import (
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// BenchmarkToQueue puts events, one a call from 16 clients, and waits until all lie in a queue.
func BenchmarkToQueue(b *testing.B) {
	f := open(b)
	_, arn := f.queue("q", false)
	f.rule("default", "r", `{"source":["shop"]}`, types.Target{Id: str("1"), Arn: &arn})
	b.ReportAllocs()
	b.ResetTimer()
	var all sync.WaitGroup
	for w := range 16 {
		all.Go(func() {
			for i := w; i < b.N; i += 16 {
				if _, err := f.PutEvents(f.ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry("default", "shop", `{"n":1}`)}}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	f.soon("the end of deliveries", func() bool { n, err := f.desk.Waiting(f.ctx); return err == nil && n == 0 })
}
