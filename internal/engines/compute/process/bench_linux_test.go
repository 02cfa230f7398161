package process

import (
	"slices"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// BenchmarkStart is a program that ends at once, in a sandbox that was ready and in one that wasn't.
func BenchmarkStart(b *testing.B) {
	for name, prepared := range map[string]int{"ready": 2, "fresh": -1} {
		b.Run(name, func(b *testing.B) {
			d, err := New(Config{Dir: b.TempDir(), Prepared: prepared})
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			spec := compute.Spec{Args: []string{"/bin/true"}, Limits: compute.Limits{MemoryMB: 128}}
			var took []time.Duration
			for b.Loop() {
				if prepared > 0 {
					time.Sleep(2 * settle)
				}
				begin := time.Now()
				p, err := d.Start(b.Context(), spec)
				if err != nil {
					b.Fatal(err)
				}
				<-p.Done()
				took = append(took, time.Since(begin))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[0].Microseconds())/1000, "best-ms")
		})
	}
}
