package sqs_test

import (
	"testing"

	service "github.com/atelier-studio/atelier/internal/services/sqs"
)

func FuzzReceipt(f *testing.F) {
	for _, s := range []string{"", "cSAxIDE=", "cSAtMSAx", "cSAxIDk5OTk5OTk5OTk5", "====", "cSAgMQ=="} {
		f.Add(s, "q")
	}
	f.Fuzz(func(t *testing.T, handle, queue string) {
		seq, n, err := service.ReadReceipt(&handle, queue)
		if err != nil && (seq != 0 || n != 0) {
			t.Errorf("%q: %d %d %v", handle, seq, n, err)
		}
	})
}
