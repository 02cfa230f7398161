package sqs_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// BenchmarkRoundTrip sends, receives and deletes one message at a time, through the whole chain.
func BenchmarkRoundTrip(b *testing.B) {
	for _, workers := range []int{1, 16} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			f := open(b)
			q := f.queue("q", nil)
			b.ReportAllocs()
			b.ResetTimer()
			var all sync.WaitGroup
			for w := range workers {
				all.Go(func() {
					for i := w; i < b.N; i += workers {
						if _, err := f.SendMessage(f.ctx, &sqs.SendMessageInput{QueueUrl: q, MessageBody: str("a message")}); err != nil {
							b.Error(err)
							return
						}
						out, err := f.ReceiveMessage(f.ctx, &sqs.ReceiveMessageInput{QueueUrl: q, WaitTimeSeconds: 5})
						if err != nil || len(out.Messages) != 1 {
							b.Error(out, err)
							return
						}
						if _, err := f.DeleteMessage(f.ctx, &sqs.DeleteMessageInput{QueueUrl: q, ReceiptHandle: out.Messages[0].ReceiptHandle}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
		})
	}
}
